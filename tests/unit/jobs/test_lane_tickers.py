"""Several lanes as one: every lane ticks, and what one makes due in another is followed."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

from vpp.foundation.clock import ManualClock
from vpp.jobs.lane_tickers import LaneTickers
from vpp.jobs.ticker import Ticker
from vpp.workflows.due_work import DueOutcome, DueResult
from vpp.workflows.ports import Due, DueKind

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def ticker_of(run_due: Callable[[], list[DueOutcome]], threads: ThreadPoolExecutor) -> Ticker:
    return Ticker(
        clock=ManualClock(NOON),
        run_due=run_due,
        next_due_at=lambda: None,
        after_run=lambda: None,
        threads=threads,
        longest_wait=MINUTE,
        retry_wait=MINUTE,
    )


async def test_a_tick_of_all_follows_what_one_lane_makes_due_in_an_earlier_one() -> None:
    waiting = {"starts": 0, "clearings": 1}

    def run(lane: str, kind: DueKind) -> list[DueOutcome]:
        count, waiting[lane] = waiting[lane], 0
        if lane == "clearings" and count:
            waiting["starts"] += 1  # what was cleared begins
        return [DueOutcome(Due(kind, lane, NOON), DueResult.DONE)] * count

    with ThreadPoolExecutor(1) as threads:
        tickers = LaneTickers(
            [
                ticker_of(lambda: run("starts", DueKind.EVENT_START), threads),
                ticker_of(lambda: run("clearings", DueKind.CLEARING), threads),
            ]
        )
        outcomes = await tickers.tick()
        assert [outcome.due.kind for outcome in outcomes] == [DueKind.CLEARING, DueKind.EVENT_START]
        tickers.poke()  # before the start it does nothing
        await tickers.stop(1.0)
