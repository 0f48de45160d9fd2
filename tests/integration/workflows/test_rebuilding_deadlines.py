"""Deadlines made again from the facts alone are those that were kept, in every state of an event."""

import sqlite3
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import NoReturn

import pytest
from support.market import EVENING, GATE, NOON, OPERATOR, RULES, Market, make_market

from vpp.auction.tender import TenderState
from vpp.dispatch.event import EventState
from vpp.dispatch.instruction import InstructionState
from vpp.foundation.interval import Interval
from vpp.workflows.auctions import close_gate
from vpp.workflows.due_work import run_due
from vpp.workflows.emergencies import create_emergency_event
from vpp.workflows.modifying import cancel_event
from vpp.workflows.ports import Due, DueKind
from vpp.workflows.rebuilding_deadlines import WAITS_FOR, forget_claims, rebuild_deadlines

PERHAPS = frozenset({DueKind.BASELINE_FREEZE, DueKind.SCORING})
"""What may have been done although no fact shows it: a lost table owes it once more, to no effect."""
END_OF_DAY = EVENING.end + timedelta(hours=5)


class Killed(BaseException):
    """Stands for the end of the process."""


class LethalPool:
    """The hub dies while the solver runs."""

    def run(self, *_args: object, **_kwargs: object) -> NoReturn:
        raise Killed

    def run_all(self, *_args: object) -> NoReturn:
        raise Killed


@pytest.fixture
def market(tmp_path: Path) -> Market:
    """A site that has no history."""
    market = make_market(tmp_path)
    market.enrol("north-1", days=0)
    return market


def kept(market: Market) -> set[Due]:
    with market.units(write=False) as uow:
        return set(uow.due.open())


def check(market: Market, tmp_path: Path, state: EventState, event_id: str = "evening") -> None:
    """Lose the whole table, make it again, and compare; then nothing more is to be made."""
    assert market.event(event_id).state is state
    before = kept(market)
    assert rebuild_deadlines(market.units, RULES) == []
    connection = sqlite3.connect(tmp_path / "hub.sqlite")
    connection.execute("DELETE FROM deadlines")
    connection.commit()
    connection.close()
    restored = rebuild_deadlines(market.units, RULES)
    assert set(restored) == kept(market)
    assert before <= set(restored)
    assert {due.kind for due in set(restored) - before} <= PERHAPS
    assert rebuild_deadlines(market.units, RULES) == []


def test_an_auctions_event_in_every_state(market: Market, tmp_path: Path) -> None:
    seen = []

    def reached(state: EventState, to: datetime) -> None:
        market.advance(to)
        check(market, tmp_path, state)
        seen.append(state)

    market.open_auction()
    market.bid("north-1", 100.0, "80")
    reached(EventState.OPEN, GATE - timedelta(minutes=1))
    market.clock.advance_to(GATE)
    close_gate(market.units, "evening")
    with market.units() as uow:
        uow.due.done(Due(DueKind.GATE_CLOSURE, "evening", GATE))
        uow.commit()
    check(market, tmp_path, EventState.GATE_CLOSED)
    reached(EventState.OFFERED, GATE + timedelta(minutes=1))
    for instruction in market.instructions():
        market.report(instruction, InstructionState.ACCEPTED)
    reached(EventState.SCHEDULED, EVENING.start - timedelta(minutes=30))
    reached(EventState.ACTIVE, EVENING.start)
    reached(EventState.ENDED, EVENING.end)
    reached(EventState.MEASURED, EVENING.end + RULES.measurement_allowance + timedelta(minutes=5))
    reached(EventState.SETTLED, END_OF_DAY)
    assert kept(market) == set()


def test_an_emergency_whose_hub_died_is_owed_its_clearing(market: Market, tmp_path: Path) -> None:
    start = NOON + timedelta(minutes=30)
    with pytest.raises(Killed):
        create_emergency_event(
            market.units,
            OPERATOR,
            LethalPool(),
            RULES,
            event_id="now",
            product_id="example-emergency",
            zone="north",
            delivery=Interval(start, start + timedelta(hours=1)),
            target_reduction_kw=(50.0,) * 4,
            price_cap_per_mwh=Decimal(2000),
            currency="GBP",
            request_id="",
        )
    check(market, tmp_path, EventState.DRAFT, "now")
    assert {due.kind for due in kept(market)} == {DueKind.EMERGENCY}


def test_what_is_called_off_owes_no_more_than_what_was_delivered(market: Market, tmp_path: Path) -> None:
    market.open_auction()
    market.bid("north-1", 100.0, "80")
    market.open_auction(auction_id="empty")
    market.advance(GATE + timedelta(minutes=1))
    check(market, tmp_path, EventState.FAILED, "empty")
    for instruction in market.instructions():
        market.report(instruction, InstructionState.ACCEPTED)
    market.advance(EVENING.start + timedelta(hours=1))
    cancel_event(market.units, OPERATOR, "evening", etag="", request_id="")
    check(market, tmp_path, EventState.CANCELLED)
    assert {due.kind for due in kept(market)} - PERHAPS == {DueKind.SETTLEMENT}
    market.advance(END_OF_DAY)
    assert rebuild_deadlines(market.units, RULES) == []  # it has been settled


def test_a_deadline_that_was_closed_wrongly_is_opened_again_with_a_record(market: Market) -> None:
    market.open_auction()
    due = Due(DueKind.GATE_CLOSURE, "evening", GATE)
    with market.units() as uow:
        uow.due.done(due)
        uow.commit()
    assert kept(market) == set()
    assert rebuild_deadlines(market.units, RULES) == [due]
    with market.units(write=False) as uow:
        (record,) = [item for item in uow.audit.page() if item.action == "restore_deadline"]
    assert (record.subject, record.detail) == ("gate_closure/evening", {"due": GATE.isoformat()})
    market.clock.advance_to(GATE)
    run_due(market.units, market.pool, RULES)
    with market.units(write=False) as uow:
        tender = uow.auctions.get("evening")
        assert tender is not None
        assert tender.value.state is TenderState.CLEARED


def test_every_state_that_waits_names_its_deadline() -> None:
    waiting = {state for states in WAITS_FOR.values() for state in states}
    assert waiting == set(EventState) - {
        EventState.CLEARED,  # within one transaction
        EventState.MEASURED,  # a period's settlement sees to it
        EventState.SETTLED,
        EventState.CANCELLED,
        EventState.FAILED,
    }


def test_a_hub_that_is_alone_runs_at_once_what_its_predecessor_had_claimed(market: Market) -> None:
    market.open_auction()
    market.clock.advance_to(GATE)
    with market.units() as uow:
        assert len(uow.due.claim(uow.now, RULES.claim_lease, 10)) == 1
        uow.commit()  # and dies
    assert run_due(market.units, market.pool, RULES) == []
    forget_claims(market.units)
    ran = [outcome.due.kind for outcome in run_due(market.units, market.pool, RULES)]
    assert ran == [DueKind.GATE_CLOSURE, DueKind.CLEARING]
