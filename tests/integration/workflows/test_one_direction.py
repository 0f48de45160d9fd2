"""No site is moved both ways at once: not by bids, not by awards, not by orders of one rank."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from support.followed_evening import begin, clear_evening
from support.market import EVENING, FIVE, GATE, NOON, OPERATOR, RULES, Market, agent_of, make_market, step_bid

from vpp.auction.bid import Bid
from vpp.dispatch.event import EventState
from vpp.dispatch.instruction import InstructionState
from vpp.dispatch.purpose import EventPurpose
from vpp.foundation.direction import Direction
from vpp.foundation.errors import InvalidInput, WrongState
from vpp.foundation.interval import Interval
from vpp.workflows.bidding import create_bid, withdraw_bid
from vpp.workflows.delivering import delivered_totals_kwh, site_deliveries
from vpp.workflows.enrolling import create_resource
from vpp.workflows.modifying import update_event
from vpp.workflows.ordering import OrderedCall, create_ordered_event
from vpp.workflows.records import BidState
from vpp.workflows.tracking_records import ActionKind

HOUR = timedelta(hours=1)
DOWN, UP = "example-peak-shaving", "example-surplus"
UPWARD = step_bid("north-1", 100.0, "60", direction=Direction.LOAD_UP)


@pytest.fixture
def market(market: Market) -> Market:
    """The same market, whose sites sell both ways."""
    market.enrol_in(UP, "north-1", "north-2")
    return market


def sell_more(market: Market) -> None:
    """Clear an evening of more consumption, 100 kW of one site."""
    market.open_auction(100.0, product_id=UP)
    market.bid("north-1", 100.0, "60", bid=UPWARD)
    market.advance(GATE + timedelta(minutes=1))
    for instruction in market.instructions():
        market.report(instruction, InstructionState.ACCEPTED)


def open_reduction(market: Market, start_after: timedelta = timedelta(0)) -> None:
    start = EVENING.start + start_after
    gate = market.clock.now() + timedelta(minutes=30)
    market.open_auction(
        100.0, auction_id="peak", delivery=Interval(start, start + 2 * HOUR), gate_closes_at=gate
    )


def add_ups(market: Market) -> Bid:
    """Give a site a second resource, and return a bid of it."""
    with market.units(write=False) as uow:
        battery = uow.resources.get("north-1/battery")
    assert battery is not None
    create_resource(
        market.units, agent_of("north-1"), replace(battery.value, resource_id="ups"), request_id=""
    )
    return replace(step_bid("north-1", 50.0, "60"), resource_id="ups")


def order(
    market: Market, purpose: EventPurpose, *, sites: tuple[str, ...] = (), to: str = DOWN
) -> dict[str, tuple[float, ...]]:
    call = OrderedCall(purpose, to, "north", EVENING, (40.0,) * 8, sites)
    create_ordered_event(market.units, OPERATOR, RULES, call, event_id="order", request_id="")
    return {each.site_id: each.target_reduction_kw for each in market.instructions("order")}


def test_a_bid_must_go_the_way_its_product_asks(market: Market) -> None:
    market.open_auction(product_id=UP)
    with pytest.raises(InvalidInput, match=r"is LOAD_DOWN, expected LOAD_UP, which products/example-surplus"):
        market.bid("north-1", 100.0, "60")
    market.bid("north-1", 100.0, "60", bid=UPWARD)
    with pytest.raises(InvalidInput, match="is LOAD_DOWN, expected LOAD_UP"):
        create_bid(
            market.units,
            agent_of("north-1"),
            bid=step_bid("north-1", 100.0, "60", intervals=1),
            auction_id=None,
            product_id=UP,
            currency="GBP",
            expires_at=None,
            request_id="",
        )


def test_no_more_is_bid_than_the_resource_is_enrolled_to_raise(market: Market) -> None:
    with market.units() as uow:
        stored = uow.resources.get("north-1/battery")
        assert stored is not None
        envelope = replace(stored.value.envelope, max_increase_kw=80.0)
        uow.resources.update(
            "north-1/battery", replace(stored.value, envelope=envelope), revision=stored.revision
        )
        uow.commit()
    market.open_auction(product_id=UP)
    with pytest.raises(InvalidInput, match=r"expected at most the enrolled 80\.0 kW"):
        market.bid("north-1", 100.0, "60", bid=UPWARD)


@pytest.mark.parametrize(
    ("start_after", "is_refused"),
    [
        (timedelta(0), True),
        (3 * HOUR, True),  # two hours of recovery: what goes down then may be the rise that comes back
        (4 * HOUR, False),
        (-4 * HOUR, False),
        (-3 * HOUR, True),
    ],
)
def test_who_sold_more_cannot_sell_less_until_it_has_recovered(
    market: Market, start_after: timedelta, *, is_refused: bool
) -> None:
    downward = add_ups(market)
    sell_more(market)
    open_reduction(market, start_after)
    if is_refused:
        with pytest.raises(WrongState, match=r"events/evening moves sites/north-1 the other way"):
            market.bid("north-1", 50.0, "60", auction_id="peak", bid=downward)
    else:
        market.bid("north-1", 50.0, "60", auction_id="peak", bid=downward)
    market.bid("north-2", 50.0, "60", auction_id="peak")  # who sold nothing may


@pytest.mark.parametrize("is_refused", [False, True])
def test_who_refused_or_is_asked_for_nothing_any_more_may_be_moved_the_other_way(
    market: Market, *, is_refused: bool
) -> None:
    downward = add_ups(market)
    sell_more(market)
    if is_refused:
        with market.units() as uow:
            (stored,) = uow.instructions.page()
            refused = replace(stored.value, state=InstructionState.REFUSED)
            uow.instructions.update(stored.value.instruction_id, refused, revision=stored.revision)
            uow.commit()
    else:
        update_event(
            market.units,
            OPERATOR,
            "evening",
            target_reduction_kw=(0.0,) * 8,
            delivery=None,
            etag="",
            request_id="",
        )
    open_reduction(market)
    market.bid("north-1", 50.0, "60", auction_id="peak", bid=downward)


def test_another_resource_is_no_way_round(market: Market) -> None:
    downward = add_ups(market)
    market.open_auction(product_id=UP)
    stored = market.bid("north-1", 100.0, "60", bid=UPWARD)
    open_reduction(market)
    with pytest.raises(WrongState, match="for an overlapping time, the other way; withdraw that bid first"):
        market.bid("north-1", 50.0, "60", auction_id="peak", bid=downward)
    withdraw_bid(market.units, agent_of("north-1"), stored.value.bid.bid_id, request_id="")
    market.bid("north-1", 50.0, "60", auction_id="peak", bid=downward)


def test_what_comes_between_bid_and_clearing_keeps_the_site_out(market: Market) -> None:
    market.open_auction(100.0, product_id=UP)
    stored = market.bid("north-1", 100.0, "60", bid=UPWARD)
    market.bid("north-2", 100.0, "90", bid=replace(UPWARD, site_id="north-2"))
    assert order(market, EventPurpose.TEST, sites=("north-1",)).keys() == {"north-1"}
    market.advance(GATE + timedelta(minutes=1))
    assert [each.site_id for each in market.instructions()] == ["north-2"]
    with market.units(write=False) as uow:
        record = uow.bids.get(stored.value.bid.bid_id)
    assert record is not None
    assert (record.value.state, record.value.reason) == (BidState.REJECTED, "REJECTED_NOT_ELIGIBLE")


def test_a_test_the_other_way_is_refused_or_goes_to_others(market: Market) -> None:
    sell_more(market)
    with pytest.raises(WrongState, match="another event moves sites/north-1 the other way then"):
        order(market, EventPurpose.TEST, sites=("north-1",))
    assert order(market, EventPurpose.TEST).keys() == {"north-2"}


def test_a_dry_run_moves_nothing_and_meets_nothing(market: Market) -> None:
    sell_more(market)
    assert order(market, EventPurpose.DRY_RUN, sites=("north-1",)).keys() == {"north-1"}


def test_two_orders_of_one_rank_do_not_meet(market: Market) -> None:
    assert order(market, EventPurpose.MANDATORY, sites=("north-1",), to=UP).keys() == {"north-1"}
    call = OrderedCall(EventPurpose.MANDATORY, DOWN, "north", EVENING, (40.0,) * 8, ())
    create_ordered_event(market.units, OPERATOR, RULES, call, event_id="later", request_id="")
    assert [each.site_id for each in market.instructions("later")] == ["north-2"]


def test_a_mandatory_order_goes_beyond_a_sale_and_each_counts_what_lies_its_way(market: Market) -> None:
    sell_more(market)
    assert order(market, EventPurpose.MANDATORY, sites=("north-1",))["north-1"] == pytest.approx((40.0,) * 8)
    for instruction in market.instructions("order"):
        market.report(instruction, InstructionState.ACCEPTED)
    market.advance(EVENING.end)
    load = np.full(int((EVENING.end - NOON) / FIVE), 1000.0)
    load[int((EVENING.start - NOON) / FIVE) :] -= 40.0  # the site obeys
    market.meter("north-1", 1000, NOON, load)
    market.advance(EVENING.end + 5 * HOUR)
    assert market.event("order").state is EventState.SETTLED
    with market.units(write=False) as uow:
        sold = site_deliveries(uow, market.event(), RULES)
        ordered = site_deliveries(uow, market.event("order"), RULES)
    assert delivered_totals_kwh(ordered) == (Decimal(80), Decimal(80))
    # The sale is short of all of its 200 kWh, and not of the order's 80 kWh too.
    assert delivered_totals_kwh(sold) == (Decimal(200), Decimal(0))
    (delivery,) = sold
    assert delivery.baseline_note.endswith("baseline less what counts for order")
    for interval in delivery.intervals:
        assert (interval.baseline_kwh, interval.metered_kwh) == (Decimal(240), Decimal(240))


@pytest.mark.parametrize("is_ordered", [False, True])
def test_the_reserve_of_an_event_holds_nobody_who_is_moved_the_other_way(
    tmp_path: Path, *, is_ordered: bool
) -> None:
    course = clear_evening(make_market(tmp_path), Direction.LOAD_UP)
    if is_ordered:
        call = OrderedCall(EventPurpose.TEST, DOWN, "north", EVENING, (40.0,) * 8, ("north-3",))
        create_ordered_event(course.market.units, OPERATOR, RULES, call, event_id="order", request_id="")
        course.answer(event_id="order")  # one that it refused would move it no more
    begin(course, refusing=frozenset({"north-2"}))
    assert (ActionKind.TOP_UP in course.actions()) is not is_ordered
    assert ("north-3" in course.newest()) is not is_ordered
