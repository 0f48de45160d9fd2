"""What each caller reads back, page by page."""

from datetime import timedelta

import numpy as np
import pytest
from support.market import EVENING, FIVE, GATE, NOON, OPERATOR, Market, agent_of, step_bid

from vpp.foundation.errors import InvalidInput, NotFound
from vpp.foundation.interval import Interval
from vpp.workflows import viewing, viewing_forecasts, viewing_results
from vpp.workflows.identity import Principal, Role
from vpp.workflows.visibility import PageRequest

AGENT = agent_of("north-1")
OUTSIDER = Principal("outsider", "grid", None, frozenset({Role.SITE_OWNER}))
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


def open_three(market: Market) -> list[str]:
    """Open auctions on three days; returns their ids, latest delivery first."""
    for days in (1, 2, 0):
        delivery = Interval(EVENING.start + days * DAY, EVENING.end + days * DAY)
        market.open_auction(auction_id=f"evening-{days}", delivery=delivery)
    return ["evening-2", "evening-1", "evening-0"]


@pytest.mark.parametrize("principal", [OPERATOR, AGENT], ids=["operator", "agent"])
def test_auctions_and_events_come_latest_delivery_first(market: Market, principal: Principal) -> None:
    expected = open_three(market)
    page = viewing.list_auctions(market.units, principal, PageRequest())
    assert [stored.value.auction_id for stored in page.items] == expected
    seen, token = [], ""
    while True:
        events = viewing.list_events(market.units, principal, PageRequest(1, token))
        seen += [stored.value.event_id for stored in events.items]
        token = events.next_page_token
        if not token:
            break
    assert seen == expected


def test_who_is_not_enrolled_sees_no_market(market: Market) -> None:
    open_three(market)
    assert viewing.list_auctions(market.units, OUTSIDER, PageRequest()).items == ()
    assert viewing.list_events(market.units, OUTSIDER, PageRequest()).items == ()
    for get, name in ((viewing.get_auction, "auctions"), (viewing.get_event, "events")):
        with pytest.raises(NotFound) as refusal:
            get(market.units, OUTSIDER, "evening-0")  # type: ignore[operator]  # one of two functions
        assert str(refusal.value) == f"{name}/evening-0 does not exist"


def test_a_zone_that_is_not_ones_own_is_not_there(market: Market) -> None:
    market.open_auction(zone="south")
    with pytest.raises(NotFound):
        viewing.get_auction(market.units, AGENT, "evening")
    assert viewing.get_auction(market.units, OPERATOR, "evening").value.zone == "south"


def test_standing_bids_stay_sealed_while_they_stand(market: Market) -> None:
    stored = market.bid(
        "north-1",
        0,
        "0",
        bid=step_bid("north-1", 50.0, "100", intervals=1),
        auction_id=None,
        product_id="example-emergency",
    )
    bid_id = stored.value.bid.bid_id
    assert viewing.get_bid(market.units, AGENT, bid_id) == stored
    with pytest.raises(NotFound):
        viewing.get_bid(market.units, OPERATOR, bid_id)


@pytest.mark.parametrize(("asked", "given"), [(0, 50), (7, 7), (1000, 1000), (5000, 1000)])
def test_pages_have_a_size(asked: int, given: int) -> None:
    assert PageRequest(asked).limit == given


def test_pages_hold_each_value_once_whatever_their_size(market: Market) -> None:
    whole = viewing.list_enrolments(market.units, OPERATOR, PageRequest(1000))
    assert len(whole.items) == 4
    for size in (1, 2, 3, 4):
        seen, token = [], ""
        while True:
            page = viewing.list_enrolments(market.units, OPERATOR, PageRequest(size, token))
            seen += page.items
            assert len(page.items) <= size
            token = page.next_page_token
            if not token:
                break
        assert tuple(seen) == whole.items


def test_lists_can_be_narrowed(market: Market) -> None:
    narrowed = viewing.list_enrolments(market.units, OPERATOR, PageRequest(), site_id="north-2")
    assert {stored.value.site_id for stored in narrowed.items} == {"north-2"}
    assert viewing.list_enrolments(market.units, AGENT, PageRequest(), site_id="north-2").items == ()


@pytest.mark.parametrize("step", [None, FIVE, 3 * FIVE, HOUR, 2 * HOUR, 12 * HOUR], ids=str)
def test_readings_are_averaged_to_any_whole_multiple(market: Market, step: timedelta | None) -> None:
    span = Interval(NOON - DAY, NOON)
    load = viewing_results.query_readings(market.units, AGENT, "north-1", span, step)
    assert load.step == (step or FIVE)
    assert len(load.load_kw) == DAY / load.step
    assert np.allclose(load.load_kw, 1000.0)


@pytest.mark.parametrize(
    ("span", "step", "message"),
    [
        (Interval(NOON - 101 * DAY, NOON), None, "interval lasts"),
        (Interval(NOON - HOUR, NOON), timedelta(minutes=7), "sample_interval is 0:07:00"),
        (Interval(NOON - HOUR, NOON), timedelta(minutes=1), "sample_interval is 0:01:00"),
        (Interval(NOON - 7 * HOUR, NOON), 7 * HOUR, "sample_interval is 7:00:00"),
        (Interval(NOON - HOUR + FIVE, NOON), HOUR, "interval is"),
        (Interval(NOON - HOUR, NOON + timedelta(seconds=1)), FIVE, "interval is"),
    ],
    ids=[
        "too long",
        "no multiple",
        "finer than the meter",
        "no part of a day",
        "off the grid",
        "no whole number",
    ],
)
def test_a_query_that_cannot_be_answered_is_refused(
    market: Market, span: Interval, step: timedelta | None, message: str
) -> None:
    with pytest.raises(InvalidInput) as refusal:
        viewing_results.query_readings(market.units, AGENT, "north-1", span, step)
    assert str(refusal.value).startswith(message)


def test_what_has_not_happened_yet_is_not_there(market: Market) -> None:
    market.open_auction()
    with pytest.raises(NotFound, match="events/evening/clearing does not exist"):
        viewing_results.get_clearing(market.units, AGENT, "evening")
    with pytest.raises(NotFound, match="has no forecast that covers"):
        viewing_forecasts.get_forecast(market.units, AGENT, "north-1", None)
    with pytest.raises(NotFound, match="the baseline of sites/north-1 in events/evening"):
        viewing_results.get_baseline(market.units, AGENT, "evening", "north-1")


def test_a_clearing_says_whose_part_may_be_seen(market: Market) -> None:
    market.open_auction()
    market.bid("north-1", 150.0, "50")
    market.advance(GATE)
    assert viewing_results.get_clearing(market.units, OPERATOR, "evening")[1] is None
    assert viewing_results.get_clearing(market.units, AGENT, "evening")[1] == {"north-1"}
    assert viewing.currency_of_event(market.units, "evening") == "GBP"
