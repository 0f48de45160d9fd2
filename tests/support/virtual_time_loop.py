"""A seeded asyncio event loop on virtual time: nothing waits, and a run follows from its seed.

When no task is ready the clock jumps to the next timer, so a day of sleeps takes as long as its work.
The seed shuffles tasks that are ready at the same instant: another seed is another legal order of the
day. What would run in a thread runs in the loop, at one instant, some virtual time after it was asked for.
"""

import asyncio
import collections
import random
import selectors
from collections.abc import Callable
from typing import Any


class Deadlock(RuntimeError):
    """Every task waits and no timer is set: in virtual time nothing could ever happen again."""


class _ShuffledReady(collections.deque[Any]):
    """The loop's queue of ready callbacks; hands out one of the first `WINDOW`, chosen by the seed."""

    WINDOW = 8

    def __init__(self, rng: random.Random | None) -> None:
        super().__init__()
        self._rng = rng

    def popleft(self) -> Any:  # noqa: ANN401  the loop's handles
        if self._rng is None or len(self) <= 1:
            return super().popleft()
        skipped = int(self._rng.random() * min(len(self), self.WINDOW))
        self.rotate(-skipped)
        chosen = super().popleft()
        self.rotate(skipped)
        return chosen


class _TimeJump(selectors.SelectSelector):
    """A selector that never waits for input: it moves the loop's clock instead."""

    loop: "VirtualTimeLoop"

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise Deadlock("every task waits and no timer is set")
        self.loop.advance(max(timeout, 0.0))
        return []


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """Runs coroutines on a simulated clock; `seed=None` keeps asyncio's own order of ready tasks."""

    def __init__(self, seed: int | None = None, start: float = 0.0) -> None:
        self._virtual_now = start
        selector = _TimeJump()
        super().__init__(selector)
        selector.loop = self
        # Two private attributes of asyncio: the price of the loop. Its tests fail first if they change.
        self._ready = _ShuffledReady(None if seed is None else random.Random(seed))
        self._clock_resolution = 1e-9
        self._work_rng = random.Random(f"work/{seed}")
        self.admit: Callable[[], Callable[[], bool]] = lambda: lambda: True
        """Called when work is asked for; returns what says, later, whether its process still lives."""
        self.work_delay_s: Callable[[random.Random], tuple[float, float]] = _thread_delay_s
        """How long before work runs, and how long after it until its result is known."""

    def time(self) -> float:
        """Virtual seconds; every `sleep`, time-out and `call_later` is measured on this clock."""
        return self._virtual_now

    def advance(self, seconds: float) -> None:
        """Move the clock forward; the selector's business, not a test's."""
        self._virtual_now += seconds

    def run_in_executor(self, executor: Any, func: Callable[..., Any], *args: Any) -> asyncio.Future[Any]:  # type: ignore[override]  # noqa: ANN401
        """Run what would run in a thread, in the loop: its timing must follow from the seed.

        It runs at one instant, so two calls never interleave; the database lets one writer in at a
        time anyway. Between its effect and its result time passes, in which a process may die. A call
        that was given up before its turn is made in half of the cases, as a thread may have begun.
        """
        del executor
        future: asyncio.Future[Any] = self.create_future()
        is_alive = self.admit()
        before_s, after_s = self.work_delay_s(self._work_rng)

        def settle(result: Any, error: BaseException | None) -> None:  # noqa: ANN401
            if future.done() or not is_alive():
                return
            if error is None:
                future.set_result(result)
            else:
                future.set_exception(error)

        def run() -> None:
            if not is_alive() or (future.cancelled() and self._work_rng.random() < 0.5):
                return
            result, failure = None, None
            try:
                result = func(*args)
            except BaseException as error:  # noqa: BLE001  it is the caller's, as from a thread
                failure = error
            self.call_later(after_s, settle, result, failure)

        self.call_later(before_s, run)
        return future


def _thread_delay_s(rng: random.Random) -> tuple[float, float]:
    """A thread is quick, seldom not."""
    slow = 0.2 if rng.random() < 0.01 else 0.0
    return rng.uniform(0.0002, 0.004) + slow, rng.uniform(0.0001, 0.002)
