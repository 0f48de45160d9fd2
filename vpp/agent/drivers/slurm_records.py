"""What Slurm says of its jobs and nodes, in JSON: the same from `squeue --json` and from its REST API.

Source: answers of Slurm's data parsers from v0.0.39 on (Slurm 23.02). Numbers may stand bare or as
`{"set": ..., "infinite": ..., "number": ...}`, states as one word or as a list of a state and its flags.
"""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from vpp.foundation.device_terms import DeviceError

OVER = frozenset(
    {
        "BOOT_FAIL",
        "CANCELLED",
        "COMPLETED",
        "DEADLINE",
        "FAILED",
        "NODE_FAIL",
        "OUT_OF_MEMORY",
        "PREEMPTED",
        "TIMEOUT",
    }
)
"""States of jobs that have ended."""
BUSY = frozenset({"ALLOCATED", "ALLOC", "MIXED", "COMPLETING"})
"""States of nodes on which something runs."""
USELESS = frozenset({"DOWN", "FAIL", "FAILING", "POWERED_DOWN", "POWERING_DOWN", "NOT_RESPONDING", "UNKNOWN"})
"""States of nodes that are left alone."""
NODE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
"""One node and never a list of nodes."""


@dataclass(frozen=True, slots=True)
class SlurmJob:
    """A job.

    Attributes:
        job_id: Its number; every running task of an array has its own.
        target: How commands name it; by its own number an array's task may stand for the whole array.
        partition: Its partition, or those it waits for.
        qos: Its quality of service.
        states: Its state and the flags of it.
        is_held: Whether it is held in the queue.
        is_batch: Whether it is a batch job, which can be started again.
        can_requeue: Whether its owner lets it be put back into the queue.
        is_heterogeneous: Whether it is a part of a job of several parts.
        gpus: GPUs that it holds.
        nodes: Nodes that it holds.
        priority: Its priority.
        started_s: When it began, seconds of the epoch.
        owner: Number of its user; empty if not shown.
        submitted_s: When it was handed in, or put back into the queue, seconds of the epoch; 0 if not shown.
    """

    job_id: str
    target: str
    partition: str
    qos: str
    states: frozenset[str]
    is_held: bool
    is_batch: bool
    can_requeue: bool
    is_heterogeneous: bool
    gpus: float
    nodes: float
    priority: float
    started_s: float
    owner: str = ""
    submitted_s: float = 0.0

    @property
    def is_over(self) -> bool:
        """Whether it has ended for good."""
        return bool(self.states & OVER) and "PENDING" not in self.states


@dataclass(frozen=True, slots=True)
class SlurmNode:
    """A node.

    Attributes:
        name: Its name.
        partitions: Partitions that it belongs to.
        states: Its state and the flags of it.
        reason: Why it is drained, as whoever did it wrote.
        used_gpus: GPUs in use.
    """

    name: str
    partitions: frozenset[str]
    states: frozenset[str]
    reason: str
    used_gpus: float

    @property
    def is_drained(self) -> bool:
        """Whether no job may start on it."""
        return "DRAIN" in self.states

    @property
    def is_busy(self) -> bool:
        """Whether jobs run on it."""
        return bool(self.states & BUSY)


def jobs_of(content: Mapping[str, Any]) -> list[SlurmJob]:
    """Read an answer's jobs.

    Raises:
        DeviceError: It says that something went wrong, or makes no sense.
    """
    try:
        return [_job(each) for each in _listed(content, "jobs")]
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise DeviceError(f"a job's record makes no sense: {type(error).__name__}") from error


def nodes_of(content: Mapping[str, Any]) -> list[SlurmNode]:
    """Read an answer's nodes.

    Raises:
        DeviceError: It says that something went wrong, or makes no sense.
    """
    try:
        return [_node(each) for each in _listed(content, "nodes")]
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise DeviceError(f"a node's record makes no sense: {type(error).__name__}") from error


def check_errors(content: Mapping[str, Any]) -> None:
    """Refuse an answer that reports errors.

    Raises:
        DeviceError: It does; which, is said by number only, since the words may name jobs.
    """
    errors = content.get("errors")
    if errors:
        numbers = [each.get("error_number", "?") for each in errors if isinstance(each, Mapping)]
        raise DeviceError(f"reports error {', '.join(map(str, numbers)) or '?'}")


def _listed(content: Mapping[str, Any], name: str) -> Sequence[Mapping[str, Any]]:
    check_errors(content)
    listed = content.get(name)
    if not isinstance(listed, list):
        raise DeviceError(f"the answer has no list of {name}")
    return listed


def _job(record: Mapping[str, Any]) -> SlurmJob:
    priority = _number(record.get("priority"))
    job_id = str(int(record["job_id"]))
    array_id = int(_number(record.get("array_job_id")))
    return SlurmJob(
        job_id=job_id,
        target=f"{array_id}_{int(_number(record.get('array_task_id')))}" if array_id else job_id,
        partition=str(record.get("partition", "")),
        qos=str(record.get("qos", "")),
        states=_states(record["job_state"]),
        is_held=bool(record.get("hold")) or priority == 0.0,
        is_batch=bool(record.get("batch_flag", True)),
        can_requeue=bool(record.get("requeue", False)),
        is_heterogeneous=_number(record.get("het_job_id")) > 0.0,
        gpus=gpus_of(str(record.get("tres_alloc_str") or "")),
        nodes=_amount(record.get("node_count")),
        priority=priority,
        started_s=_number(record.get("start_time")),
        owner=str(record.get("user_id", "")),
        submitted_s=_number(record.get("submit_time")),
    )


def _node(record: Mapping[str, Any]) -> SlurmNode:
    name = str(record["name"])
    if not NODE_NAME.fullmatch(name):
        raise ValueError(name)
    partitions = record.get("partitions", ())
    return SlurmNode(
        name=name,
        partitions=frozenset(map(str, partitions)),
        states=_states(record["state"]),
        reason=str(record.get("reason") or ""),
        used_gpus=_used_gpus(str(record.get("gres_used") or "")),
    )


def _states(value: object) -> frozenset[str]:
    words = [value] if isinstance(value, str) else value
    if not isinstance(words, list) or not words:
        raise ValueError(value)
    return frozenset(str(word).upper() for word in words)


def _number(value: object) -> float:
    """Return a number, bare or wrapped; 0 where none is set."""
    if isinstance(value, Mapping):
        value = value.get("number") if value.get("set", True) and not value.get("infinite") else None
    if value is None:
        return 0.0
    if not isinstance(value, int | float | str):
        raise TypeError(value)
    number = float(value)
    if not math.isfinite(number):
        raise ValueError(value)
    return number


def gpus_of(resources: str) -> float:
    """Return the GPUs in a job's resources.

    Example:
        >>> gpus_of("cpu=16,mem=128G,node=1,billing=16,gres/gpu=8,gres/gpu:l40s=8")
        8.0
        >>> gpus_of("cpu=4,gres/gpu:a100=2,gres/gpu:h100=1")
        3.0
    """
    amounts = dict(part.rsplit("=", 1) for part in resources.split(",") if "=" in part)
    if "gres/gpu" in amounts:
        return _amount(amounts["gres/gpu"])
    return math.fsum(_amount(amount) for name, amount in amounts.items() if name.startswith("gres/gpu:"))


def _amount(text: object) -> float:
    """Return a number of boards, which is never below 0."""
    amount = _number(text)
    if amount < 0.0:
        raise ValueError(text)
    return amount


def _used_gpus(used: str) -> float:
    """Return the GPUs in use on a node, as in `gpu:l40s:3(IDX:0-2),gpu:a100:1`."""
    found = re.findall(r"(?:^|,)gpu(?::[^:,()]+)?:([0-9]+)", used)
    return math.fsum(float(count) for count in found)
