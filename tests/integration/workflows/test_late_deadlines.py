"""Deadlines that are late, or early by a clock that went back, or fail: run, or refused with a record."""

import sqlite3
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import ParamSpec, TypeVar

import pytest
from support.market import EVENING, GATE, OPERATOR, RULES, Market, make_market

from vpp.auction.tender import TenderState
from vpp.dispatch.event import EventState
from vpp.dispatch.instruction import InstructionState
from vpp.foundation.clock import ManualClock
from vpp.foundation.errors import Overloaded
from vpp.foundation.interval import Interval
from vpp.storage.engine import make_engine
from vpp.storage.unit_of_work import SqlUnitOfWorkFactory
from vpp.workflows.auctions import create_auction
from vpp.workflows.due_work import DueOutcome, DueResult, next_due_at, run_due
from vpp.workflows.forecasting import owe_forecast
from vpp.workflows.missed_deadlines import MISSED_DEADLINE, REJECTED
from vpp.workflows.outbox_ports import MessageKind
from vpp.workflows.ports import Due, DueKind, WorkerPool
from vpp.workflows.records import AuditRecord, BidState

P = ParamSpec("P")
T = TypeVar("T")
HOUR = timedelta(hours=1)
NOTICE = timedelta(hours=2)
CAP = Decimal(2000)
LATEST = EVENING.start - NOTICE + RULES.clearing_allowance


class FailingPool:
    """Fails as often as it is told to, then hands on."""

    def __init__(self, pool: WorkerPool, error: Exception, times: int) -> None:
        self.pool, self.error, self.times = pool, error, times

    def run(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        self._fail()
        return self.pool.run(function, *args, **kwargs)

    def run_all(self, calls: Sequence[Callable[[], T]]) -> list[T]:
        self._fail()
        return self.pool.run_all(calls)

    def _fail(self) -> None:
        if self.times:
            self.times -= 1
            raise self.error


class SteppingClock:
    """A clock that can be set back."""

    def __init__(self, instants: list[datetime]) -> None:
        self.instants = instants

    def now(self) -> datetime:
        return self.instants.pop(0) if len(self.instants) > 1 else self.instants[0]

    def machine_time(self, instant: datetime) -> datetime:
        return instant

    async def sleep_until(self, instant: datetime) -> None:
        raise NotImplementedError(instant)


def catch_up(market: Market, pool: WorkerPool | None = None) -> list[DueOutcome]:
    """Run what is due now, as a hub does when it starts."""
    outcomes: list[DueOutcome] = []
    while ran := run_due(market.units, pool or market.pool, RULES):
        outcomes += ran
    return outcomes


def records(market: Market, action: str) -> list[AuditRecord]:
    with market.units(write=False) as uow:
        return [record for record in uow.audit.page(limit=100_000) if record.action == action]


def answer(market: Market) -> None:
    for instruction in market.instructions():
        market.report(instruction, InstructionState.ACCEPTED)


UNTRACKED = frozenset(DueKind) - {DueKind.TRACKING}
DOWN_AT = {
    "before the gate closes": GATE - HOUR,
    "before delivery": EVENING.start - timedelta(minutes=30),
    "during delivery": EVENING.start + HOUR,
    "before the measurement": EVENING.end + timedelta(minutes=10),
}
DOWN_FOR = [timedelta(seconds=1), 2 * HOUR, timedelta(days=1, hours=3), timedelta(days=7)]


@pytest.fixture
def quick(tmp_path: Path) -> Market:
    """Two enrolled sites that have no history."""
    market = make_market(tmp_path)
    market.enrol("north-1", days=0)
    market.enrol("north-2", days=0)
    return market


def copied(market: Market, folder: Path, name: str) -> Market:
    """Return a market that goes on by itself from where this one is."""
    with (
        closing(sqlite3.connect(folder / "hub.sqlite")) as source,
        closing(sqlite3.connect(folder / name)) as target,
    ):
        source.backup(target)
    clock = ManualClock(market.clock.now())
    units = SqlUnitOfWorkFactory(make_engine(f"sqlite:///{folder / name}"), clock)
    return Market(units, clock, market.pool)


@pytest.mark.parametrize("down_at", DOWN_AT.values(), ids=DOWN_AT.keys())
def test_after_a_downtime_nothing_hangs_and_nothing_is_silent(
    quick: Market, tmp_path: Path, down_at: datetime
) -> None:
    quick.open_auction()
    quick.bid("north-1", 100.0, "80")
    quick.bid("north-2", 100.0, "90")
    quick.advance(min(down_at, EVENING.start - HOUR))
    if down_at > GATE:
        answer(quick)
    quick.advance(down_at)
    for down_for in DOWN_FOR:
        _comes_back(copied(quick, tmp_path, f"{down_for}.sqlite"), down_at, down_at + down_for)


def _comes_back(market: Market, down_at: datetime, up_at: datetime) -> None:
    market.clock.advance_to(up_at)  # nobody looked at deadlines meanwhile
    outcomes = catch_up(market)
    assert {outcome.result for outcome in outcomes} <= {DueResult.DONE}
    event = market.event()
    if down_at < GATE and up_at > LATEST:
        assert (event.state, event.failure_reason) == (EventState.FAILED, MISSED_DEADLINE)
    elif up_at < EVENING.start:
        assert event.state in {EventState.OPEN, EventState.OFFERED, EventState.SCHEDULED}
    elif up_at < EVENING.end:
        assert event.state is EventState.ACTIVE
    elif up_at < EVENING.end + RULES.measurement_allowance:
        assert event.state is EventState.ENDED
    else:
        assert event.state in {EventState.MEASURED, EventState.SETTLED}
    due_at = next_due_at(market.units)
    assert due_at is None or due_at > up_at
    late = [outcome for outcome in outcomes if outcome.late_by > timedelta(minutes=1)]
    noted = {(record.subject, record.detail["late_by"]) for record in records(market, "due_late")}
    assert noted == {
        (f"{outcome.due.kind.value}/{outcome.due.subject_id}", str(outcome.late_by)) for outcome in late
    }
    steps = Counter(
        (record.subject, record.before["state"], record.after["state"])
        for record in records(market, "move_event")
    )
    assert set(steps.values()) <= {1}  # each step once
    assert [outcome.due.due_at for outcome in outcomes if outcome.due.kind is not DueKind.CLEARING] == sorted(
        outcome.due.due_at for outcome in outcomes if outcome.due.kind is not DueKind.CLEARING
    )


def test_a_missed_clearing_tells_the_bidders_and_buys_nothing(quick: Market) -> None:
    quick.open_auction()
    bid_id = quick.bid("north-1", 100.0, "80").value.bid.bid_id
    quick.advance(GATE - HOUR)
    quick.clock.advance_to(LATEST + timedelta(seconds=1))
    catch_up(quick)
    with quick.units(write=False) as uow:
        bid = uow.bids.get(bid_id)
        tender = uow.auctions.get("evening")
        assert bid is not None
        assert tender is not None
        assert (bid.value.state, bid.value.reason) == (BidState.REJECTED, REJECTED)
        assert "was not cleared by 2026-03-05T15:00:00+00:00" in bid.value.reason_detail
        assert tender.value.state is TenderState.CANCELLED
        assert uow.awards.page(where={"event_id": "evening"}) == []
        kinds = [message.kind for message in uow.outbox.open("north-1")]
        assert kinds == [MessageKind.INVITATION, MessageKind.AWARD_NOTICE]
        assert uow.due.open() == []
    (record,) = records(quick, "missed_deadline")
    assert record.detail == {
        "was": "GATE_CLOSED",
        "latest": "2026-03-05T15:00:00+00:00",
        "late_by": "0:05:01",
    }


def test_a_solver_that_takes_too_long_awards_nothing(quick: Market) -> None:
    quick.open_auction()
    quick.bid("north-1", 100.0, "80")
    quick.advance(GATE - timedelta(seconds=1))
    quick.clock.advance_to(LATEST)

    class SlowPool(FailingPool):
        def _fail(self) -> None:
            quick.clock.advance_to(LATEST + timedelta(seconds=1))

    catch_up(quick, SlowPool(quick.pool, Overloaded("never raised"), 0))
    event = quick.event()
    assert (event.state, event.failure_reason) == (EventState.FAILED, MISSED_DEADLINE)
    assert quick.instructions() == []
    with quick.units(write=False) as uow:
        tender = uow.auctions.get("evening")
        assert tender is not None
        assert tender.value.state is TenderState.CANCELLED  # not CLEARED: there is no clearing to show
        assert uow.clearings.get("evening") is None


def test_a_deadline_is_not_closed_when_the_clock_goes_back_before_its_work(
    quick: Market, tmp_path: Path
) -> None:
    quick.open_auction()
    quick.bid("north-1", 100.0, "80")
    quick.advance(GATE + HOUR)
    answer(quick)
    quick.advance(EVENING.start - timedelta(seconds=1))
    early = EVENING.start - HOUR
    engine = make_engine(f"sqlite:///{tmp_path / 'hub.sqlite'}")
    clock = SteppingClock([EVENING.start, early])  # claimed on time; then the clock is set back
    units = SqlUnitOfWorkFactory(engine, clock)
    starts = frozenset({DueKind.EVENT_START})
    (outcome,) = run_due(units, quick.pool, RULES, kinds=starts)
    assert outcome.result is DueResult.POSTPONED
    assert quick.event().state is EventState.SCHEDULED
    clock.instants = [EVENING.start - timedelta(seconds=1)]
    assert run_due(units, quick.pool, RULES, kinds=starts) == []
    clock.instants = [EVENING.start]
    (outcome,) = run_due(units, quick.pool, RULES, kinds=starts)
    assert outcome.result is DueResult.DONE
    assert quick.event().state is EventState.ACTIVE
    engine.dispose()


@pytest.mark.parametrize("error", [Overloaded("no worker is free"), ZeroDivisionError("a defect")], ids=repr)
def test_what_fails_is_tried_again_later_each_time_and_holds_up_nothing(
    quick: Market, error: Exception
) -> None:
    quick.open_auction()
    quick.open_auction(auction_id="later", gate_closes_at=GATE + timedelta(seconds=1))
    quick.bid("north-1", 100.0, "80")
    pool = FailingPool(quick.pool, error, 5)
    quick.advance(GATE - timedelta(seconds=1))
    tried_at = []
    while pool.times or quick.event().state is EventState.GATE_CLOSED:
        due_at = next_due_at(quick.units)
        assert due_at is not None
        quick.clock.advance_to(max(due_at, quick.clock.now()))
        for outcome in run_due(quick.units, pool, RULES):
            if outcome.due.kind is DueKind.CLEARING and outcome.due.subject_id == "evening":
                tried_at.append((quick.clock.now() - GATE).total_seconds())
                assert outcome.error is (None if isinstance(error, Overloaded) else error) or not pool.times
    assert quick.event().state is EventState.OFFERED
    assert quick.event("later").state is EventState.FAILED  # no bids, but in its turn
    waits = [after - before for before, after in pairwise(tried_at)]
    assert waits[:3] == [5.0, 5.0, 10.0]
    assert len(records(quick, "due_failed")) == 5
    reasons = {record.detail["reason"] for record in records(quick, "due_failed")}
    assert reasons == {"OVERLOADED" if isinstance(error, Overloaded) else "ZeroDivisionError"}


def test_a_measurement_waits_for_baselines_that_are_still_to_be_frozen(quick: Market) -> None:
    quick.open_auction()
    quick.bid("north-1", 100.0, "80")
    quick.advance(GATE + HOUR)
    answer(quick)
    with quick.units() as uow:
        uow.due.add(Due(DueKind.BASELINE_FREEZE, "evening", EVENING.end))  # it has failed until now
        uow.commit()
    quick.advance(EVENING.end - timedelta(minutes=1))
    broken = FailingPool(quick.pool, Overloaded("no worker is free"), 1_000_000)
    to = EVENING.end + RULES.measurement_allowance + timedelta(minutes=1)
    while (due_at := next_due_at(quick.units, UNTRACKED)) is not None and due_at <= to:
        quick.clock.advance_to(max(due_at, quick.clock.now()))
        run_due(quick.units, broken, RULES, kinds=UNTRACKED)
    assert quick.event().state is EventState.ENDED
    assert records(quick, "wait_with_measurement")
    quick.advance(quick.clock.now() + timedelta(minutes=15))  # the workers are back
    assert quick.event().state in {EventState.MEASURED, EventState.SETTLED}
    order = [record.action for record in _of(quick, {"no_baseline", "measure"})]
    assert order == ["no_baseline", "measure"]  # without history there is none, and a record says so


def _of(market: Market, actions: set[str]) -> list[AuditRecord]:
    with market.units(write=False) as uow:
        return [record for record in uow.audit.page(limit=100_000) if record.action in actions]


@pytest.mark.parametrize(
    "changes_on", [datetime(2026, 3, 29, tzinfo=UTC), datetime(2026, 10, 25, tzinfo=UTC)]
)
def test_days_of_23_and_25_hours_have_each_round_once_and_each_event_on_time(
    tmp_path: Path, changes_on: datetime
) -> None:
    market = make_market(tmp_path)
    market.clock.advance_to(changes_on - timedelta(days=2))
    owe_forecast(market.units, RULES)
    deliveries = [
        Interval(changes_on + hours * HOUR, changes_on + (hours + 1) * HOUR) for hours in (-1, 0, 1, 2, 24)
    ]
    for n, delivery in enumerate(deliveries):
        create_auction(
            market.units,
            OPERATOR,
            auction_id=f"night-{n}",
            product_id="example-peak-shaving",
            zone="north",
            delivery=delivery,
            target_reduction_kw=(10.0,) * 4,
            price_cap_per_mwh=CAP,
            currency="GBP",
            gate_closes_at=delivery.start - 3 * HOUR,
            rebound_headroom_kw=None,
            request_id="",
        )
    outcomes = market.advance(changes_on + timedelta(days=2))
    rounds = [outcome.due.due_at for outcome in outcomes if outcome.due.kind is DueKind.FORECAST]
    assert [at.hour for at in rounds] == [RULES.forecast_hour_utc] * 4
    assert [(later - earlier) for earlier, later in pairwise(rounds)] == [timedelta(days=1)] * 3
    gates = [outcome.due for outcome in outcomes if outcome.due.kind is DueKind.GATE_CLOSURE]
    assert [due.due_at for due in gates] == [delivery.start - 3 * HOUR for delivery in deliveries]
    assert {outcome.late_by for outcome in outcomes} == {timedelta(0)}
