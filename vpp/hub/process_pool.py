"""Worker processes for solvers and models, which would hold up the hub's one interpreter."""

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from multiprocessing.connection import wait
from typing import ParamSpec, Protocol, TypeVar

from vpp.foundation.errors import BrokenPromise

P = ParamSpec("P")
T = TypeVar("T")
BACKGROUND_NICENESS = 10
_ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


class WarmPool(Protocol):
    """A pool whose workers can be started before the first call."""

    def warm_up(self) -> None:
        """Start every worker."""
        ...


class ProcessPool:
    """A pool of spawned processes; implements `workflows.ports.WorkerPool`.

    Functions and arguments must be picklable. A worker that dies, say for lack of memory, takes the
    pool with it: the pool is then built anew and the call tried once more.
    """

    def __init__(self, process_count: int, *, is_background: bool = False, only_clears: bool = False) -> None:
        """Prepare a pool of that many processes; they start with the first call.

        Args:
            process_count: How many.
            is_background: Whether others on the machine go first.
            only_clears: Whether it is warm with the clearing alone, which takes less time and memory.
        """
        self._warming = _import_clearing if only_clears else _import_models
        self._is_background = is_background
        self._process_count = process_count
        self._lock = threading.Lock()
        self._executor = self._build()

    def run(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run one call and return its result, or raise what it raised.

        Raises:
            BrokenPromise: The worker died twice.
        """
        return self._retried(lambda executor: executor.submit(partial(function, *args, **kwargs)).result())

    def run_all(self, calls: Sequence[Callable[[], T]]) -> list[T]:
        """Run many calls, such as partials of top-level functions, side by side; results in their order.

        Raises:
            BrokenPromise: A worker died twice.
        """

        def gather(executor: ProcessPoolExecutor) -> list[T]:
            futures = [executor.submit(call) for call in calls]
            return [future.result() for future in futures]

        return self._retried(gather)

    def warm_up(self) -> None:
        """Start every process and have it import what clearing and forecasting need."""
        self.run_all([self._warming] * self._process_count)

    def close(self) -> None:
        """Take no more calls; processes end with what they are at."""
        with self._lock:
            self._executor.shutdown(wait=False, cancel_futures=True)

    def _build(self) -> ProcessPoolExecutor:
        context = multiprocessing.get_context("spawn")  # a fork would copy gRPC's threads half-way
        set_up = partial(_set_up_worker, is_background=self._is_background)
        return ProcessPoolExecutor(self._process_count, mp_context=context, initializer=set_up)

    def _retried(self, call: Callable[[ProcessPoolExecutor], T]) -> T:
        executor = self._executor
        try:
            return call(executor)
        except BrokenProcessPool:
            executor = self._rebuilt(executor)
        try:
            return call(executor)
        except BrokenProcessPool as error:
            self._rebuilt(executor)
            raise BrokenPromise("a worker process died twice in the same call") from error

    def _rebuilt(self, broken: ProcessPoolExecutor) -> ProcessPoolExecutor:
        with self._lock:
            if self._executor is broken:  # nobody else has replaced it yet
                broken.shutdown(wait=False, cancel_futures=True)
                self._executor = self._build()
            return self._executor


def warm_up_all(pools: Sequence[WarmPool]) -> None:
    """Start the workers of several pools side by side; one that is named twice is warmed once."""
    distinct = list(dict.fromkeys(pools))
    with ThreadPoolExecutor(len(distinct)) as threads:
        list(threads.map(lambda pool: pool.warm_up(), distinct))


def _set_up_worker(*, is_background: bool) -> None:
    if is_background:
        os.nice(BACKGROUND_NICENESS)
    for name in _ONE_THREAD:  # before numpy is imported: many processes with many threads each are slower
        os.environ[name] = "1"
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the hub, which closes the pool in order
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """End the worker when the hub is gone without a word; it would wait for calls for ever."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)


def _import_clearing() -> None:
    import vpp.auction.clearing  # noqa: F401, PLC0415  imports Pyomo, which takes a second


def _import_models() -> None:
    import vpp.auction.clearing  # noqa: PLC0415  imports Pyomo, which takes a second
    import vpp.baseline.forecast  # noqa: PLC0415  imports statsmodels
    import vpp.workflows.choosing_rules  # noqa: PLC0415  imports the scoring of rules
    import vpp.workflows.verifying_baselines  # noqa: F401, PLC0415  imports the baseline engine
