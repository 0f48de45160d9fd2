"""Reading what an agent keeps at its site, beside the agent and without its help.

Nothing is opened for writing, so that it may be done while the agent runs: the journal is read as it is at
one instant, and a line that is just being written is left for the next time.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from vpp.agent.journal import Entry, Journal
from vpp.agent.memory import AgentMemory
from vpp.agent.process_lock import is_running
from vpp.agent.settings import AgentSettings
from vpp.foundation.device_terms import Outcome
from vpp.foundation.errors import InvalidInput


@dataclass(frozen=True, slots=True)
class Answer:
    """What was last said of an instruction.

    Attributes:
        state: Name of the wire's state.
        reason: Name of the wire's reason.
    """

    state: str
    reason: str


@dataclass(frozen=True, slots=True)
class MeteredSpan:
    """Readings that were written down for the hub.

    Attributes:
        start: Start of the first interval, UTC.
        step: Metering interval.
        net_kw: Mean net power per interval, kW. Shape (N,).
    """

    start: datetime
    step: timedelta
    net_kw: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class LocalFiles:
    """What an agent keeps.

    Attributes:
        memory: What the journal comes to.
        answers: What was last said of each instruction, by its name.
        metered: Readings in the journal, oldest first.
        failed_commands: Commands that a device did not carry out, by resource id.
        oldest_at: From when on the journal tells of all deliveries, UTC; None if it tells of none.
        status: The newest status; None if there is none.
        is_running: Whether the agent runs.
    """

    memory: AgentMemory
    answers: dict[str, Answer]
    metered: tuple[MeteredSpan, ...]
    failed_commands: dict[str, int]
    oldest_at: datetime | None
    status: dict[str, Any] | None
    is_running: bool


def read_local_files(settings: AgentSettings, status: dict[str, Any] | None, now: datetime) -> LocalFiles:
    """Read an agent's journal.

    Args:
        settings: The site's configuration.
        status: The newest status that the agent has written; None if there is none.
        now: Present instant, UTC.

    Raises:
        InvalidInput: The journal is damaged, or cannot be read.
    """
    path = settings.journal_path
    content = _whole_lines(path)
    with TemporaryDirectory() as folder:
        copy = Path(folder) / "journal"
        copy.write_bytes(content)
        with Journal(copy) as journal:
            entries = list(_flat(journal.entries()))
            memory = AgentMemory(journal)
            memory.recover(now)
    return LocalFiles(
        memory=memory,
        answers={
            each["instruction"]: Answer(each["state"], each["reason"])
            for each in entries
            if each["kind"] == "status"
        },
        metered=tuple(
            MeteredSpan(
                datetime.fromisoformat(each["start"]),
                timedelta(seconds=each["step_s"]),
                tuple(each["net_kw"]),
            )
            for each in entries
            if each["kind"] == "batch"
        ),
        failed_commands=_failed(entries),
        oldest_at=min((at for each in entries if (at := _at(each)) is not None), default=None),
        status=status,
        is_running=is_running(path),
    )


def _whole_lines(path: Path) -> bytes:
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return b""
    except OSError as error:
        raise InvalidInput(f"journal {path} cannot be read: {error}", journal=str(path)) from error
    return content[: content.rfind(b"\n") + 1]


def _flat(entries: list[Entry]) -> Iterator[Entry]:
    for entry in entries:
        yield from _flat(entry["entries"]) if entry["kind"] == "together" else (entry,)


def _at(entry: Entry) -> datetime | None:
    if entry["kind"] not in {"delivery", "status", "batch"}:
        return None  # what has been learned is kept for longer than what it was learned from
    written = entry.get("at") or entry.get("start")
    return None if written is None else datetime.fromisoformat(written)


def _failed(entries: list[Entry]) -> dict[str, int]:
    """Count the commands that a device did not carry out; one may be told of more than once."""
    failed: dict[str, set[str]] = {}
    for entry in entries:
        if entry["kind"] == "action" and entry["outcome"] == Outcome.FAILED.value:
            failed.setdefault(entry["resource_id"], set()).add(entry["at"])
    return {resource_id: len(instants) for resource_id, instants in failed.items()}
