"""Readiness that sites act on by themselves: bought, booked and told of, and asked for nothing."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from support.market import (
    EVENING,
    FIVE,
    GATE,
    NOON,
    OPERATOR,
    RULES,
    Market,
    content_of,
    make_enrolled_market,
    market_copied,
    step_bid,
)

from vpp.auction.tender import TenderState
from vpp.dispatch.event import EventState
from vpp.dispatch.instruction import InstructionState, RefusalReason
from vpp.dispatch.purpose import EventPurpose
from vpp.dispatch.tracking.rules import TrackingRules
from vpp.foundation.errors import WrongState
from vpp.foundation.interval import Interval
from vpp.workflows.delivering import site_deliveries
from vpp.workflows.due_work import DueResult
from vpp.workflows.looks import looks_owed
from vpp.workflows.ordering import OrderedCall, create_ordered_event
from vpp.workflows.ports import DueKind
from vpp.workflows.watching import event_status

READY = "example-nordic-ffr"
CLEARED = GATE + timedelta(minutes=1)
FOLLOWED = replace(RULES, tracking=TrackingRules())
HOURS = 2


@cache
def _cleared() -> bytes:
    with TemporaryDirectory() as folder:
        market = make_enrolled_market(Path(folder))
        market.rules = FOLLOWED
        market.enrol_in(READY, "north-1", "north-2")
        market.open_auction(
            product_id=READY,
            target_reduction_kw=(150.0,) * HOURS,
            currency="EUR",
            price_cap_per_mwh=Decimal(500),
        )
        for site_id, price in (("north-1", "20"), ("north-2", "30")):
            bid = step_bid(site_id, 100.0, price, intervals=HOURS)
            market.bid(site_id, 100.0, price, bid=bid, currency="EUR")
        market.advance(CLEARED)
        market.units.close()
        return content_of(Path(folder))


@pytest.fixture
def ready(tmp_path: Path) -> Market:
    """Two sites that sold 100 and 50 kW of readiness for two hours; the hub follows its events."""
    return replace(market_copied(tmp_path, _cleared(), CLEARED), rules=FOLLOWED)


def test_sites_are_told_of_what_they_sold_and_asked_for_nothing(ready: Market) -> None:
    event = ready.event()
    assert event.state is EventState.OFFERED
    assert event.awarded_reduction_kw == pytest.approx((150.0, 150.0))
    instructions = ready.instructions()
    assert [each.site_id for each in instructions] == ["north-1", "north-2"]
    assert {each.target_reduction_kw for each in instructions} == {(0.0, 0.0)}
    assert {part.reduction_kw for each in instructions for part in each.resource_targets} == {(0.0, 0.0)}
    with ready.units(write=False) as uow:
        awards = {award.site_id: award.reduction_kw for award in uow.claims.awards_of(["evening"])}
    assert awards == {"north-1": (100.0, 100.0), "north-2": pytest.approx((50.0, 50.0))}


def test_the_readiness_that_is_sold_is_not_sold_again(ready: Market) -> None:
    gate = GATE + timedelta(hours=1)
    ready.open_auction(auction_id="other", gate_closes_at=gate)
    with pytest.raises(WrongState, match="the same kilowatt cannot be sold twice"):
        ready.bid("north-1", 50.0, "60", auction_id="other")


def test_a_site_that_says_that_it_is_not_ready_is_not_paid(ready: Market) -> None:
    first, second = ready.instructions()
    ready.report(first, InstructionState.ACCEPTED)
    ready.report(second, InstructionState.REFUSED, reason=RefusalReason.DEVICE_FAULT)
    ready.clock.advance_to(EVENING.end)
    with ready.units(write=False) as uow:
        stands, declined = site_deliveries(uow, ready.event(), ready.rules)
    assert [each.award_kw for each in stands.intervals] == [Decimal(100)] * HOURS
    assert [each.award_kw for each in declined.intervals] == [Decimal(0)] * HOURS
    assert declined.meter_note.startswith("the site refused (device_fault) and did not stand ready")


def test_nothing_is_missing_in_its_course(ready: Market) -> None:
    for instruction in ready.instructions():
        ready.report(instruction, InstructionState.ACCEPTED)
    assert ready.event().state is EventState.SCHEDULED
    load = np.full((EVENING.end - NOON) // FIVE, 1000.0)
    outcomes = ready.advance(EVENING.start)
    for instruction in ready.instructions():
        ready.report(instruction, InstructionState.STARTED)
    outcomes += ready.advance(EVENING.end)
    for site_id in ("north-1", "north-2"):
        ready.meter(site_id, 1000, NOON, load)
    for instruction in ready.instructions():
        ready.report(instruction, InstructionState.COMPLETED)
    outcomes += ready.advance(EVENING.end + timedelta(hours=1))
    assert {outcome.result for outcome in outcomes} == {DueResult.DONE}
    assert DueKind.TRACKING not in {outcome.due.kind for outcome in outcomes}
    event = ready.event()
    assert event.modification_number == 0
    assert event.state in {EventState.MEASURED, EventState.SETTLED}
    status = event_status(ready.units, OPERATOR, "evening")
    assert (status.target_energy_kwh, status.delivered_energy_kwh) == (0.0, 0.0)
    with ready.units(write=False) as uow:
        stored = uow.events.get("evening")
        assert stored is not None
        assert looks_owed(uow, stored, ready.rules) == []
        first, second = site_deliveries(uow, event, ready.rules)
        assert uow.scores.scored_sites("evening") == frozenset()
        tender = uow.auctions.get("evening")
    assert tender is not None
    assert tender.value.state is TenderState.CLEARED
    assert {each.target_kw for each in first.intervals} == {Decimal(0)}
    assert [each.award_kw for each in second.intervals] == [Decimal(50)] * HOURS


def test_a_test_of_it_is_instructed_and_followed_like_any_other(ready: Market) -> None:
    day = timedelta(days=1)
    later = Interval(EVENING.start + day, EVENING.end + day)
    call = OrderedCall(EventPurpose.TEST, READY, "north", later, (60.0,) * HOURS, ("north-1",))
    create_ordered_event(ready.units, OPERATOR, ready.rules, call, event_id="test", request_id="")
    assert [each.target_reduction_kw for each in ready.instructions("test")] == [(60.0, 60.0)]
    with ready.units(write=False) as uow:
        due = [each for each in uow.due.open() if each.kind is DueKind.TRACKING]
    assert [each.subject_id.partition("/")[0] for each in due] == ["test"]
