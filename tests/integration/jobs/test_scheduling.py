"""The ticker with its scheduler and the machine's clock: early deadlines are met, failures repeated."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

from vpp.foundation.clock import SystemClock, stopwatch_s
from vpp.jobs.ticker import Ticker
from vpp.workflows.due_work import DueOutcome, DueResult
from vpp.workflows.ports import Due, DueKind

CLOCK = SystemClock()
QUICK = timedelta(milliseconds=20)
LONG = timedelta(minutes=10)


class Deadlines:
    """Deadlines in memory; each is run once."""

    def __init__(self) -> None:
        self.open: list[datetime] = []
        self.late_s: list[float] = []
        self.failures = 0
        self.lock = threading.Lock()
        self.done = asyncio.Event()
        self.loop = asyncio.get_running_loop()

    def next_due_at(self) -> datetime | None:
        with self.lock:
            return min(self.open, default=None)

    def run_due(self) -> list[DueOutcome]:
        if self.failures:
            self.failures -= 1
            raise OSError("the database is away")
        now = CLOCK.now()
        with self.lock:
            due = [at for at in self.open if at <= now]
            self.open = [at for at in self.open if at > now]
            is_last = bool(due) and not self.open
        self.late_s += [(now - at).total_seconds() for at in due]
        if is_last:
            self.loop.call_soon_threadsafe(self.done.set)
        return [DueOutcome(Due(DueKind.GATE_CLOSURE, "x", at), DueResult.DONE) for at in due]


@asynccontextmanager
async def ticking(
    deadlines: Deadlines, *, longest_wait: timedelta = LONG, after_run: Callable[[], None] = lambda: None
) -> AsyncIterator[Ticker]:
    with ThreadPoolExecutor(1) as threads:
        ticker = Ticker(
            clock=CLOCK,
            run_due=deadlines.run_due,
            next_due_at=deadlines.next_due_at,
            after_run=after_run,
            threads=threads,
            longest_wait=longest_wait,
            retry_wait=QUICK,
        )
        ticker.start()
        try:
            yield ticker
        finally:
            await ticker.stop(5.0)


async def test_every_deadline_is_run_once_and_not_early() -> None:
    deadlines = Deadlines()
    now = CLOCK.now()
    deadlines.open = [now + n * QUICK for n in range(-2, 8)]  # two of them passed while the hub was down
    async with ticking(deadlines), asyncio.timeout(20):
        await deadlines.done.wait()
    assert len(deadlines.late_s) == 10
    assert min(deadlines.late_s) >= 0


async def test_a_poke_moves_the_tick_to_an_earlier_deadline() -> None:
    deadlines = Deadlines()
    deadlines.open = []
    async with ticking(deadlines) as ticker, asyncio.timeout(20):
        await ticker.tick()
        with deadlines.lock:
            deadlines.open.append(CLOCK.now() + QUICK)
        ticker.poke()  # without it the next tick would come in ten minutes
        await deadlines.done.wait()
    assert len(deadlines.late_s) == 1


async def test_without_a_poke_the_longest_wait_bounds_the_lateness() -> None:
    deadlines = Deadlines()
    async with ticking(deadlines, longest_wait=QUICK), asyncio.timeout(20):
        with deadlines.lock:
            deadlines.open.append(CLOCK.now())
        await deadlines.done.wait()
    assert len(deadlines.late_s) == 1


async def test_a_tick_that_fails_is_repeated() -> None:
    deadlines = Deadlines()
    deadlines.failures = 3
    deadlines.open = [CLOCK.now()]
    async with ticking(deadlines), asyncio.timeout(20):
        await deadlines.done.wait()
    assert deadlines.failures == 0


async def test_pokes_from_what_ran_are_not_lost() -> None:
    deadlines = Deadlines()
    pokes: list[Ticker] = []

    def poke() -> None:
        # What ran made more due, as a gate closure owes a clearing.
        if len(deadlines.late_s) < 5:
            deadlines.open.append(CLOCK.now() + QUICK)
            deadlines.done.clear()
        pokes[0].poke()

    deadlines.open = [CLOCK.now() + QUICK]
    async with ticking(deadlines, after_run=poke) as ticker, asyncio.timeout(20):
        pokes.append(ticker)
        while len(deadlines.late_s) < 5:
            deadlines.done.clear()
            await deadlines.done.wait()
    assert len(deadlines.late_s) == 5


async def test_a_stop_does_not_wait_longer_than_its_grace() -> None:
    deadlines = Deadlines()
    held, entered = threading.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()

    def hang() -> list[DueOutcome]:
        loop.call_soon_threadsafe(entered.set)
        held.wait(20)
        return []

    with ThreadPoolExecutor(1) as threads:
        ticker = Ticker(
            clock=CLOCK,
            run_due=hang,
            next_due_at=deadlines.next_due_at,
            after_run=lambda: None,
            threads=threads,
            longest_wait=LONG,
            retry_wait=QUICK,
        )
        ticker.start()
        async with asyncio.timeout(20):
            await entered.wait()
        begun_s = stopwatch_s()
        await ticker.stop(0.05)
        assert stopwatch_s() - begun_s < 5
        held.set()


class SetBackClock:
    """The machine's clock, as it was before somebody set it back by an hour."""

    def __init__(self) -> None:
        self.is_set_back = False

    def now(self) -> datetime:
        return CLOCK.now() + (timedelta(0) if self.is_set_back else timedelta(hours=1))

    def machine_time(self, instant: datetime) -> datetime:
        return instant

    async def sleep_until(self, instant: datetime) -> None:
        raise NotImplementedError(instant)


async def test_a_clock_that_is_set_back_does_not_put_off_the_next_look() -> None:
    deadlines, clock = Deadlines(), SetBackClock()
    with ThreadPoolExecutor(1) as threads:
        ticker = Ticker(
            clock=clock,
            run_due=deadlines.run_due,
            next_due_at=deadlines.next_due_at,
            after_run=lambda: None,
            threads=threads,
            longest_wait=timedelta(milliseconds=200),
            retry_wait=QUICK,
        )
        ticker.start()  # the next look is at an instant that lies an hour ahead once the clock is set back
        clock.is_set_back = True
        with deadlines.lock:
            deadlines.open.append(CLOCK.now())
        try:
            async with asyncio.timeout(20):
                await deadlines.done.wait()
        finally:
            await ticker.stop(5.0)
    assert len(deadlines.late_s) == 1
