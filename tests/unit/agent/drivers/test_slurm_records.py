"""What is read from Slurm's JSON."""

from typing import Any

import pytest
from support.slurm_cluster import job_record, node_record, number

from vpp.agent.drivers.slurm_records import gpus_of, jobs_of, nodes_of
from vpp.foundation.device_terms import DeviceError


def answer(**lists: list[Any]) -> dict[str, Any]:
    return {**lists, "errors": [], "warnings": [], "meta": {}}


def test_a_job_with_wrapped_numbers_and_one_with_bare_ones() -> None:
    wrapped, bare = jobs_of(
        answer(
            jobs=[
                job_record(7, "train", 16),
                job_record(
                    8, "train", 4, job_state="PENDING", priority=0, node_count=1, start_time=12, hold=None
                ),
            ]
        )
    )
    assert (wrapped.job_id, wrapped.gpus, wrapped.nodes, wrapped.priority) == ("7", 16.0, 2.0, 1007.0)
    assert (wrapped.is_held, wrapped.is_over, wrapped.is_heterogeneous) == (False, False, False)
    assert (bare.states, bare.is_held, bare.started_s) == (frozenset({"PENDING"}), True, 12.0)


def test_a_requeued_job_is_not_over() -> None:
    over, requeued = jobs_of(
        answer(
            jobs=[
                job_record(1, "train", 8, job_state=["CANCELLED", "COMPLETING"]),
                job_record(2, "train", 8, job_state=["PENDING", "PREEMPTED"]),
            ]
        )
    )
    assert (over.is_over, requeued.is_over) == (True, False)


@pytest.mark.parametrize(
    ("resources", "gpus"),
    [
        ("", 0.0),
        ("cpu=4,mem=9000M,node=1,billing=1", 0.0),
        ("cpu=4,gres/gpu=2", 2.0),
        ("gres/gpu:a100=2,gres/gpu:h100=1", 3.0),
        ("gres/gpu=3,gres/gpu:a100=2,gres/gpu:h100=1", 3.0),
        ("cpu=2,gres/tmpsize=10737418240", 0.0),
    ],
)
def test_gpus_of_a_job(resources: str, gpus: float) -> None:
    assert gpus_of(resources) == gpus


def test_nodes_and_their_gpus() -> None:
    used, idle = nodes_of(
        answer(
            nodes=[
                node_record("gpu01", ["train"], 0, "MIXED", "DRAIN")
                | {"gres_used": "gpu:h100:3(IDX:0-2),gpu:a100:1(IDX:5),shard:h100:2"},
                node_record("gpu02", ["train"], 0),
            ]
        )
    )
    assert (used.is_drained, used.is_busy, used.used_gpus) == (True, True, 4.0)
    assert (idle.is_drained, idle.is_busy, idle.used_gpus) == (False, False, 0.0)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({"errors": [{"error_number": 2018, "description": "job-secret"}]}, "reports error 2018"),
        ({"errors": []}, "no list of jobs"),
        (answer(jobs=[{"job_id": 1}]), "makes no sense"),
        (answer(jobs=[job_record(1, "train", 8, job_state=[])]), "makes no sense"),
        (answer(jobs=[job_record(1, "train", 8, priority=number(float("nan")))]), "makes no sense"),
        (answer(jobs=["garbage"]), "makes no sense"),
    ],
)
def test_nonsense_is_no_listing(content: dict[str, Any], said: str) -> None:
    with pytest.raises(DeviceError, match=said) as caught:
        jobs_of(content)
    assert "secret" not in str(caught.value)


def test_a_list_of_nodes_is_no_node() -> None:
    with pytest.raises(DeviceError, match="makes no sense"):
        nodes_of(answer(nodes=[node_record("gpu[01-99]", ["train"], 0)]))
