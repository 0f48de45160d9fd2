import pytest

from tests.support.job_clusters import job_cluster, job_group
from vpp.flexibility.job_cluster import JobClusterState, catching_up_gpus, cluster_state
from vpp.flexibility.job_group import GroupState
from vpp.foundation.errors import InvalidInput


def test_gpus_that_no_group_holds_are_free() -> None:
    params = job_cluster(job_group("a"), job_group("b"))
    assert cluster_state(params, (GroupState(300.0), GroupState(100.0))).free_gpus == 600.0
    with pytest.raises(InvalidInput, match="expected at most gpu_count"):
        cluster_state(params, (GroupState(900.0), GroupState(101.0)))
    with pytest.raises(InvalidInput, match="expected 2"):
        cluster_state(params, (GroupState(900.0),))


def test_recovery_is_bound_by_free_gpus_and_by_the_hungriest_group() -> None:
    params = job_cluster(job_group("a"), job_group("b", kw_per_gpu=2.0), overhead_slope_ratio=0.25)
    assert params.largest_kw_per_gpu == pytest.approx(2.5)
    assert catching_up_gpus(params, JobClusterState((GroupState(1.0),) * 2, 900.0)) == pytest.approx(40.0)
    assert catching_up_gpus(params, JobClusterState((GroupState(1.0),) * 2, 3.0)) == 3.0
    none = job_cluster(job_group("a"), max_recovery_kw=0.0)
    assert catching_up_gpus(none, JobClusterState((GroupState(1.0),), 900.0)) == 0.0


def test_groups_are_there_once_and_at_least_one() -> None:
    with pytest.raises(InvalidInput, match="each once"):
        job_cluster(job_group("a"), job_group("a"))
    with pytest.raises(InvalidInput, match="at least one"):
        job_cluster()
    with pytest.raises(InvalidInput, match="group_id"):
        job_cluster(job_group("Somebody's Job"))
