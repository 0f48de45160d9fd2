import pytest

from vpp.baseline.fleet_pool import FleetPool, run_fleet
from vpp.foundation.errors import InvalidInput


def test_results_keep_the_order_of_the_chunks() -> None:
    assert run_fleet(lambda n: n * n, [3, 1, 2], pool=FleetPool("inline")) == [9, 1, 4]


def test_no_chunks_have_no_results() -> None:
    assert run_fleet(len, [], pool=FleetPool("inline")) == []


def test_every_finished_chunk_is_told() -> None:
    told: list[tuple[int, int]] = []
    run_fleet(
        abs, [1, 2, 3], pool=FleetPool("inline"), on_done=lambda done, count: told.append((done, count))
    )
    assert told == [(1, 3), (2, 3), (3, 3)]


def test_an_error_of_a_chunk_is_raised() -> None:
    def fail(n: int) -> int:
        raise InvalidInput(f"site {n} is wrong")

    with pytest.raises(InvalidInput, match="site 1 is wrong"):
        run_fleet(fail, [1, 2], pool=FleetPool("inline"))


@pytest.mark.parametrize("workers", [0, -1])
def test_a_local_pool_has_workers(workers: int) -> None:
    with pytest.raises(InvalidInput, match=f"workers is {workers}"):
        FleetPool("local", workers)


def test_only_a_local_pool_has_workers() -> None:
    with pytest.raises(InvalidInput, match="expected at least 1, and local"):
        FleetPool("inline", 2)


def test_a_cluster_has_an_address_and_nothing_else_has() -> None:
    with pytest.raises(InvalidInput, match="scheduler_address is None"):
        FleetPool("dask")
    with pytest.raises(InvalidInput, match="expected an address for dask and none otherwise"):
        FleetPool("local", scheduler_address="tcp://10.0.0.5:8786")
