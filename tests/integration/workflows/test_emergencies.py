"""Emergencies: taken up after a crash, refused when too late, and in a fixed number of statements."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import NoReturn

import pytest
from sqlalchemy import Engine, event
from support.market import NOON, OPERATOR, RULES, Market, make_market
from support.standing_fleet import EMERGENCY_PRODUCT, StandingFleet

from vpp.dispatch.event import Event, EventState
from vpp.foundation.interval import Interval
from vpp.workflows.due_work import run_due
from vpp.workflows.emergencies import create_emergency_event, taken_up_after
from vpp.workflows.missed_deadlines import MISSED_DEADLINE
from vpp.workflows.outbox_ports import MessageKind
from vpp.workflows.ports import WorkerPool
from vpp.workflows.records import BidState

NOTICE = timedelta(minutes=15)
FORECAST = Interval(NOON.replace(hour=0), NOON.replace(hour=0) + timedelta(days=6))


class Killed(BaseException):
    """Stands for the end of the process."""


class LethalPool:
    """The hub dies while the solver runs."""

    def run(self, *_args: object, **_kwargs: object) -> NoReturn:
        raise Killed

    def run_all(self, *_args: object) -> NoReturn:
        raise Killed


def fleet(folder: Path, count: int) -> Market:
    folder.mkdir(exist_ok=True)
    market = make_market(folder)
    StandingFleet(count).enrol(market.units, FORECAST)
    return market


def call(
    market: Market, target_kw: float, *, start: datetime | None = None, pool: WorkerPool | None = None
) -> Event:
    start = start or NOON + timedelta(minutes=30)
    return create_emergency_event(
        market.units,
        OPERATOR,
        pool or market.pool,
        RULES,
        event_id="",
        product_id=EMERGENCY_PRODUCT,
        zone="north",
        delivery=Interval(start, start + timedelta(hours=1)),
        target_reduction_kw=(target_kw,) * 4,
        price_cap_per_mwh=Decimal(2000),
        currency="GBP",
        request_id="",
    ).value


def test_every_site_that_is_called_is_owed_its_instruction(tmp_path: Path) -> None:
    market = fleet(tmp_path, 20)
    emergency = call(market, 1000.0)
    assert emergency.state is EventState.OFFERED
    instructions = market.instructions(emergency.event_id)
    assert sum(each.target_reduction_kw[0] for each in instructions) == pytest.approx(1000.0)
    with market.units(write=False) as uow:
        for instruction in instructions:
            owed = [(message.kind, message.subject_id) for message in uow.outbox.open(instruction.site_id)]
            assert owed == [
                (MessageKind.AWARD_NOTICE, emergency.event_id),
                (MessageKind.INSTRUCTION, instruction.instruction_id),
            ]
        standing = uow.bids.page(where={"product_id": EMERGENCY_PRODUCT}, limit=100)
    assert {stored.value.state for stored in standing} == {BidState.SUBMITTED}
    assert "" not in {stored.value.reason for stored in standing}


def test_an_id_is_chosen_that_no_event_has(tmp_path: Path) -> None:
    market = fleet(tmp_path, 3)
    names = [call(market, 50.0).event_id for _ in range(3)]
    assert names == [f"{EMERGENCY_PRODUCT}-20260304-1230-7ab06b8311-{count}" for count in (1, 2, 3)]


def test_a_draft_whose_hub_died_is_taken_up_soon(tmp_path: Path) -> None:
    market = fleet(tmp_path, 3)
    with pytest.raises(Killed):
        call(market, 100.0, pool=LethalPool())
    (draft,) = _events(market)
    assert draft.state is EventState.DRAFT
    assert run_due(market.units, market.pool, RULES) == []  # whoever made it may still be at it
    market.advance(NOON + taken_up_after(RULES))
    assert market.event(draft.event_id).state is EventState.OFFERED


def test_a_draft_that_is_taken_up_too_late_is_refused_with_a_record(tmp_path: Path) -> None:
    market = fleet(tmp_path, 3)
    start = NOON + timedelta(minutes=30)
    with pytest.raises(Killed):
        call(market, 100.0, start=start, pool=LethalPool())
    market.clock.advance_to(start - NOTICE + RULES.clearing_allowance + timedelta(seconds=1))
    run_due(market.units, market.pool, RULES)
    (refused,) = _events(market)
    assert (refused.state, refused.failure_reason) == (EventState.FAILED, MISSED_DEADLINE)
    with market.units(write=False) as uow:
        actions = [record.action for record in uow.audit.page() if refused.event_id in record.subject]
        standing = uow.bids.page(where={"product_id": EMERGENCY_PRODUCT}, limit=100)
        assert uow.due.open() == []
        assert uow.outbox.open_all() == []
    assert "missed_deadline" in actions
    assert "due_late" in actions
    assert {stored.value.state for stored in standing} == {BidState.SUBMITTED}


def _events(market: Market) -> list[Event]:
    with market.units(write=False) as uow:
        return [stored.value for stored in uow.events.page()]


@contextmanager
def counted_statements(market: Market) -> Iterator[list[str]]:
    """Collect the statements that reach the database, without those of one row each in a batch."""
    seen: list[str] = []

    def note(*details: object) -> None:
        seen.append(str(details[2]))

    event.listen(Engine, "before_cursor_execute", note)
    yield seen
    event.remove(Engine, "before_cursor_execute", note)
    assert market.units is not None


def test_many_sites_take_as_many_statements_as_few(tmp_path: Path) -> None:
    counts = {}
    for sites in (5, 60):
        market = fleet(tmp_path / str(sites), sites)
        with counted_statements(market) as seen:
            call(market, 40.0 * sites)
        counts[sites] = len(seen)
    assert counts[5] == counts[60] < 75  # what they did enters the audit record in a few of its own


def test_a_long_history_is_not_read(tmp_path: Path) -> None:
    market = fleet(tmp_path, 5)
    with counted_statements(market) as seen:
        call(market, 100.0)
    first = len(seen)
    for days in range(1, 4):
        market.clock.advance_to(NOON + timedelta(days=days))
        start = market.clock.now() + timedelta(minutes=30)
        with counted_statements(market) as seen:
            call(market, 100.0, start=start)
        assert len(seen) <= first + 1  # the product of what came before, once
