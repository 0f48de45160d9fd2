"""Worker processes: results, errors, death of a worker, death of the hub."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import partial

import numpy as np
import pytest

from vpp.foundation.clock import stopwatch_s
from vpp.foundation.errors import BrokenPromise, InvalidInput
from vpp.foundation.money import minor_unit
from vpp.hub.process_pool import ProcessPool

DEADLINE_S = 40.0
pytestmark = pytest.mark.timeout(180)
pause = time.sleep  # noqa: TID251  other processes are waited for, in the machine's time

HUB = """
import os, sys, time
from vpp.hub.process_pool import ProcessPool
if __name__ == "__main__":
    pool = ProcessPool(2)
    workers = set()
    while len(workers) < 2:
        workers |= set(pool.run_all([os.getpid] * 8))
    print(*workers, flush=True)
    time.sleep(60)
"""


@pytest.fixture(scope="module")
def pool() -> Iterator[ProcessPool]:
    pool = ProcessPool(1)
    yield pool
    pool.close()


def test_a_call_runs_elsewhere(pool: ProcessPool) -> None:
    assert pool.run(os.getpid) != os.getpid()
    assert pool.run(divmod, 7, 2) == (3, 1)
    assert pool.run(int, "11", base=2) == 3


def test_results_come_in_order(pool: ProcessPool) -> None:
    assert pool.run_all([partial(pow, n, 2) for n in range(20)]) == [n * n for n in range(20)]
    assert pool.run_all([]) == []


def test_what_a_call_raises_is_raised_here(pool: ProcessPool) -> None:
    with pytest.raises(ZeroDivisionError):
        pool.run(divmod, 1, 0)
    with pytest.raises(InvalidInput, match="expected one of") as refusal:
        pool.run(minor_unit, "XXX")
    assert refusal.value.metadata == {"currency": "XXX"}


def test_workers_have_one_thread_for_linear_algebra(pool: ProcessPool) -> None:
    assert pool.run(os.getenv, "OMP_NUM_THREADS") == "1"
    assert pool.run(np.ones, 2).tolist() == [1.0, 1.0]


def test_a_dead_worker_is_replaced(pool: ProcessPool) -> None:
    first = pool.run(os.getpid)
    os.kill(first, signal.SIGKILL)
    assert pool.run(os.getpid) not in {first, os.getpid()}


def test_a_call_that_kills_every_worker_is_given_up(pool: ProcessPool) -> None:
    with pytest.raises(BrokenPromise, match="died twice"):
        pool.run(os._exit, 1)
    assert pool.run(abs, -1) == 1


def test_workers_end_with_a_hub_that_was_killed() -> None:
    with subprocess.Popen([sys.executable, "-c", HUB], stdout=subprocess.PIPE, text=True) as hub:
        assert hub.stdout is not None
        workers = [int(pid) for pid in hub.stdout.readline().split()]
        assert len(workers) == 2
        hub.kill()
        hub.wait()
    begun_s = stopwatch_s()
    while any(is_alive(pid) for pid in workers):
        assert stopwatch_s() - begun_s < DEADLINE_S
        pause(0.05)


def is_alive(pid: int) -> bool:
    """Tell whether a process runs; one that only waits to be collected does not."""
    try:
        with open(f"/proc/{pid}/stat") as status:  # noqa: PTH123  a file of the kernel's
            return status.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_a_pool_in_the_background_lets_others_go_first(pool: ProcessPool) -> None:
    background = ProcessPool(1, is_background=True)
    try:
        assert background.run(os.nice, 0) > pool.run(os.nice, 0)
    finally:
        background.close()
