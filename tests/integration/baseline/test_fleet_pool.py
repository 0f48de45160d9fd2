"""The same work in real processes and on a real cluster."""

import os
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pytest
from distributed import LocalCluster
from threadpoolctl import threadpool_info

from vpp.baseline.fleet_pool import FleetPool, run_fleet
from vpp.foundation.errors import InvalidInput


def solved(seed: int) -> npt.NDArray[np.float64]:
    """Something that needs linear algebra."""
    rng = np.random.default_rng(seed)
    return np.linalg.solve(rng.normal(size=(40, 40)), rng.normal(size=40)).astype(np.float64)


def threads(_: int) -> tuple[int, int]:
    """The process, and the most threads of its linear algebra."""
    np.linalg.inv(np.eye(3))
    return os.getpid(), max(library["num_threads"] for library in threadpool_info())


def refuse(site: int) -> int:
    raise InvalidInput(f"site {site} is wrong", site=str(site))


@pytest.fixture(scope="module")
def dask() -> Iterator[FleetPool]:
    with LocalCluster(
        n_workers=2,
        threads_per_worker=1,
        processes=True,
        dashboard_address="127.0.0.1:0",  # without an address it wants port 8787, which may be taken
    ) as cluster:
        yield FleetPool("dask", scheduler_address=cluster.scheduler_address)


@pytest.fixture(params=["local", "dask"])
def pool(request: pytest.FixtureRequest) -> FleetPool:
    if request.param == "local":
        return FleetPool("local", workers=2)
    cluster: FleetPool = request.getfixturevalue("dask")
    return cluster


def test_every_pool_gives_what_this_process_gives(pool: FleetPool) -> None:
    seeds = list(range(12))
    for one, other in zip(
        run_fleet(solved, seeds, pool=pool), run_fleet(solved, seeds, pool=FleetPool("inline")), strict=True
    ):
        np.testing.assert_array_equal(one, other)


def test_linear_algebra_runs_on_one_thread_of_another_process(pool: FleetPool) -> None:
    found = run_fleet(threads, list(range(6)), pool=pool)
    assert {count for _, count in found} == {1}
    assert os.getpid() not in {process for process, _ in found}


def test_progress_is_told_here(pool: FleetPool) -> None:
    told: list[tuple[int, int]] = []
    run_fleet(solved, [1, 2, 3], pool=pool, on_done=lambda done, count: told.append((done, count)))
    assert told == [(1, 3), (2, 3), (3, 3)]


def test_an_error_of_a_worker_is_raised_here(pool: FleetPool) -> None:
    with pytest.raises(InvalidInput, match="site 7 is wrong") as raised:
        run_fleet(refuse, [7], pool=pool)
    assert raised.value.metadata == {"site": "7"}


def test_a_cluster_that_is_not_there_is_said_to_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vpp.baseline.fleet_pool._CONNECT_S", 0.5)
    pool = FleetPool("dask", scheduler_address="tcp://127.0.0.1:1")
    with pytest.raises(InvalidInput, match="expected that of a running scheduler"):
        run_fleet(solved, [1], pool=pool)
