"""The ticker on a manual clock: what it runs, when it would run next. The scheduler never starts."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from vpp.foundation.clock import AcceleratedClock, Clock, ManualClock, Speed, SystemClock
from vpp.jobs.ticker import Ticker
from vpp.workflows.due_work import DueOutcome, DueResult
from vpp.workflows.ports import Due, DueKind

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


class Work:
    """Stands for the database: what is due, and when."""

    def __init__(self) -> None:
        self.outcomes: list[DueOutcome] = []
        self.next_at: datetime | None = None
        self.rings = 0

    def run_due(self) -> list[DueOutcome]:
        return self.outcomes

    def next_due_at(self) -> datetime | None:
        return self.next_at

    def ring(self) -> None:
        self.rings += 1


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1) as executor:
        yield executor


def ticker_of(work: Work, clock: Clock, threads: ThreadPoolExecutor) -> Ticker:
    return Ticker(
        clock=clock,
        run_due=work.run_due,
        next_due_at=work.next_due_at,
        after_run=work.ring,
        threads=threads,
        longest_wait=MINUTE,
        retry_wait=timedelta(seconds=5),
    )


async def test_a_tick_says_what_was_run_and_rings(threads: ThreadPoolExecutor) -> None:
    work = Work()
    ticker = ticker_of(work, ManualClock(NOON), threads)
    assert await ticker.tick() == []
    assert work.rings == 0
    work.outcomes = [DueOutcome(Due(DueKind.GATE_CLOSURE, "evening", NOON), DueResult.DONE)]
    assert await ticker.tick() == work.outcomes
    assert work.rings == 1


async def test_a_failure_is_logged_with_its_reason(
    threads: ThreadPoolExecutor, caplog: pytest.LogCaptureFixture
) -> None:
    work = Work()
    due = Due(DueKind.CLEARING, "evening", NOON)
    work.outcomes = [DueOutcome(due, DueResult.FAILED, "OVERLOADED: the database is locked")]
    await ticker_of(work, ManualClock(NOON), threads).tick()
    assert "clearing of evening failed: OVERLOADED: the database is locked" in caplog.text


@pytest.mark.parametrize(
    ("next_at", "expected"),
    [
        (None, NOON + MINUTE),
        (NOON + timedelta(seconds=3), NOON + timedelta(seconds=3)),
        (NOON + timedelta(hours=3), NOON + MINUTE),
        (NOON - timedelta(hours=3), NOON),
    ],
    ids=["nothing due", "soon", "late", "overdue"],
)
async def test_the_next_tick_is_at_the_deadline_and_within_a_minute(
    threads: ThreadPoolExecutor, next_at: datetime | None, expected: datetime
) -> None:
    work = Work()
    work.next_at = next_at
    assert await ticker_of(work, ManualClock(NOON), threads).next_tick_at() == expected


async def test_an_accelerated_clock_is_waited_for_in_the_machines_time(threads: ThreadPoolExecutor) -> None:
    machine_start = datetime(2099, 1, 1, tzinfo=UTC)  # not begun yet, so the clock stands at noon
    clock = AcceleratedClock(machine_start, [Speed(NOON, 3600.0)])
    work = Work()
    work.next_at = NOON + timedelta(hours=10)
    assert await ticker_of(work, clock, threads).next_tick_at() == machine_start + timedelta(seconds=10)


async def test_a_poke_before_the_start_does_nothing(threads: ThreadPoolExecutor) -> None:
    ticker = ticker_of(Work(), ManualClock(NOON), threads)
    ticker.poke()
    await ticker.stop(1.0)


@pytest.mark.parametrize(("hours", "word"), [(1, "forward"), (-1, "back")])
async def test_a_clock_that_is_set_is_news(
    threads: ThreadPoolExecutor, caplog: pytest.LogCaptureFixture, hours: int, word: str
) -> None:
    class SteppedClock(ManualClock):
        step = timedelta(0)

        def now(self) -> datetime:
            return SystemClock().now() + self.step

    clock = SteppedClock(NOON)
    ticker = ticker_of(Work(), clock, threads)
    await ticker.tick()
    await ticker.tick()
    assert "the clock was set" not in caplog.text
    clock.step = timedelta(hours=hours)
    await ticker.tick()
    assert f"the clock was set {word} by" in caplog.text
    caplog.clear()
    await ticker.tick()
    assert "the clock was set" not in caplog.text
