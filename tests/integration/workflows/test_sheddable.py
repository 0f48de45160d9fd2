"""What the forecast load leaves to be reduced: in invitations, in books, in what is awarded."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from support.market import EVENING, GATE, NOON, OPERATOR, QUARTER, RULES, Market, agent_of, step_bid

from vpp.auction.bid import Bid, BlockOffer, Direction, StoreOffer
from vpp.auction.book import Book
from vpp.auction.buyer import BuyerTerms, FeederLimit
from vpp.dispatch.event import EventState
from vpp.foundation.errors import InvalidInput
from vpp.foundation.interval import Interval
from vpp.portfolio.resource import FlexibilityEnvelope, Resource, ResourceKind
from vpp.workflows.bidding import create_bid
from vpp.workflows.booking import auction_book, standing_book
from vpp.workflows.delivery_contents import InvitationContent
from vpp.workflows.emergencies import create_emergency_event
from vpp.workflows.enrolling import create_resource, update_site
from vpp.workflows.forecast_records import ForecastRecord
from vpp.workflows.recording import product_of
from vpp.workflows.responding import open_deliveries
from vpp.workflows.sheddable import largest_counted_kw, sheddable_of, within_forecast_load

HOUR = timedelta(hours=1)
DAY = EVENING.start.replace(hour=0)
LIMIT = "forecast-load-of-north-1"


def forecast(market: Market, site_id: str, low_kw: dict[int, float], usual_kw: float = 1000.0) -> None:
    """Keep a forecast of the delivery day whose q10 is usual but for some hours."""
    p10_kw = tuple(low_kw.get(n // 4, usual_kw) for n in range(96))
    p90_kw = tuple(kw + 100.0 for kw in p10_kw)
    record = ForecastRecord(
        site_id, NOON, Interval(DAY, DAY + 24 * HOUR), 900, "test", p10_kw, p90_kw, p90_kw
    )
    with market.units() as uow:
        uow.forecasts.add(record)
        uow.commit()


def keep(market: Market, site_id: str, minimum_load_kw: float) -> None:
    update_site(
        market.units,
        agent_of(site_id),
        site_id,
        display_name=None,
        import_limit_kw=None,
        minimum_load_kw=minimum_load_kw,
        etag="",
        request_id="",
    )


def book_of(market: Market) -> Book:
    with market.units(write=False) as uow:
        stored = uow.auctions.get("evening")
        assert stored is not None
        product = product_of(uow, stored.value.product_id, stored.value.product_version)
        return auction_book(uow, stored.value, product).book


def invited_kw(market: Market, site_id: str) -> tuple[float, ...]:
    contents = [delivery.content for delivery in open_deliveries(market.units, site_id)]
    (invitation,) = [content for content in contents if isinstance(content, InvitationContent)]
    return invitation.sheddable_load_kw


def test_an_invitation_says_what_can_be_shed(market: Market) -> None:
    market.open_auction()
    assert invited_kw(market, "north-1") == ()
    forecast(market, "north-1", {18: 850.0})
    keep(market, "north-1", 800.0)
    assert invited_kw(market, "north-1") == (200.0,) * 4 + (50.0,) * 4


def test_a_book_limits_a_site_whose_load_may_not_bear_its_bids(market: Market) -> None:
    market.open_auction(terms=BuyerTerms(feeders=(FeederLimit("east", ("north-2",), (500.0,)),)))
    market.bid("north-1", 200.0, "50")
    market.bid("north-2", 200.0, "60")
    assert len(book_of(market).terms.feeders) == 1  # nothing is forecast
    forecast(market, "north-1", {18: 120.0})
    forecast(market, "north-2", {18: 200.0})  # just enough
    book = book_of(market)
    buyers, own = book.terms.feeders
    assert buyers.feeder_id == "east"
    assert (own.feeder_id, own.site_ids, own.max_rebound_kw) == (LIMIT, ("north-1",), None)
    assert own.max_reduction_kw == (
        *(1000.0,) * 4,
        *(120.0,) * 4,
        *(120.0,) * book.recovery_interval_count,
    )


def test_no_more_is_awarded_than_the_load_bears_nine_times_in_ten(market: Market) -> None:
    keep(market, "north-1", 900.0)
    forecast(market, "north-1", {17: 970.0})
    market.open_auction(150.0)
    market.bid("north-1", 200.0, "50")
    market.bid("north-2", 200.0, "60")
    market.advance(GATE + timedelta(minutes=1))
    with market.units(write=False) as uow:
        awards = {stored.value.site_id: stored.value.reduction_kw for stored in uow.awards.page()}
    assert awards["north-1"] == pytest.approx((70.0,) * 4 + (100.0,) * 4)
    assert awards["north-2"] == pytest.approx((80.0,) * 4 + (50.0,) * 4)


def test_load_that_another_event_has_bought_is_not_sold_again(market: Market) -> None:
    hour = timedelta(hours=1)
    envelope = FlexibilityEnvelope(200.0, 0.0, QUARTER, timedelta(0), 4 * hour, 800.0, 1.0, 2 * hour)
    ups = Resource("north-1", "ups", ResourceKind.BATTERY, envelope)
    create_resource(market.units, agent_of("north-1"), ups, request_id="")
    forecast(market, "north-1", {}, usual_kw=150.0)
    market.open_auction(100.0)
    market.bid("north-1", 100.0, "50")
    # An hour of the evening, in another auction and from another resource of the site.
    late = Interval(EVENING.start + hour, EVENING.end)
    market.open_auction(
        100.0,
        auction_id="late",
        delivery=late,
        target_reduction_kw=(100.0,) * 4,
        gate_closes_at=GATE + QUARTER,
    )
    bid = replace(step_bid("north-1", 100.0, "50", intervals=4), bid_id="late", resource_id="ups")
    market.bid("north-1", 100.0, "50", bid=bid, auction_id="late")
    market.advance(GATE + 2 * QUARTER)
    with market.units(write=False) as uow:
        awards = {stored.value.event_id: stored.value.reduction_kw for stored in uow.awards.page()}
    assert awards["evening"] == pytest.approx((100.0,) * 8)
    assert awards["late"] == pytest.approx((50.0,) * 4)


def test_what_counts_is_a_bids_share_that_is_delivered(market: Market) -> None:
    # 200 kW of which nine tenths count: 180 kW, which the load bears.
    forecast(market, "north-1", {18: 180.0})
    market.open_auction()
    market.bid("north-1", 200.0, "50", bid=replace(step_bid("north-1", 200.0, "50"), delivery_ratio=0.9))
    assert book_of(market).terms.feeders == ()
    market.bid("north-1", 0.2, "50", bid=replace(step_bid("north-1", 10.0, "50"), bid_id="more"))
    assert [limit.feeder_id for limit in book_of(market).terms.feeders] == [LIMIT]


def test_an_emergency_calls_no_more_than_the_load_bears(market: Market) -> None:
    standing = replace(step_bid("north-1", 150.0, "100", intervals=1), bid_id="ready")
    create_bid(
        market.units,
        agent_of("north-1"),
        bid=standing,
        auction_id=None,
        product_id="example-emergency",
        currency="GBP",
        expires_at=None,
        request_id="",
    )
    forecast_today = ForecastRecord(
        "north-1",
        NOON,
        Interval(NOON, NOON + 24 * HOUR),
        900,
        "test",
        (90.0,) * 96,
        (95.0,) * 96,
        (99.0,) * 96,
    )
    with market.units() as uow:
        uow.forecasts.add(forecast_today)
        uow.commit()
    start = NOON + HOUR
    stored = create_emergency_event(
        market.units,
        OPERATOR,
        market.pool,
        RULES,
        event_id="storm",
        product_id="example-emergency",
        zone="north",
        delivery=Interval(start, start + HOUR),
        target_reduction_kw=(120.0,) * 4,
        price_cap_per_mwh=Decimal(2000),
        currency="GBP",
        request_id="",
    )
    assert stored.value.state is EventState.OFFERED
    with market.units(write=False) as uow:
        (award,) = [each.value for each in uow.awards.page(where={"event_id": "storm"})]
        product = product_of(uow, stored.value.product_id, stored.value.product_version)
        assert standing_book(uow, stored.value, product).book.bids == ()  # the award claims the battery
    assert award.reduction_kw == pytest.approx((90.0,) * 4)


def test_an_interval_without_a_forecast_is_bounded_by_the_connection(market: Market) -> None:
    forecast(market, "north-1", {23: 400.0})
    with market.units(write=False) as uow:
        site = uow.sites.get("north-1")
        assert site is not None
        late = DAY + 23 * HOUR + 2 * QUARTER
        assert sheddable_of(uow, site.value, late, QUARTER, 4) == (400.0, 400.0, 3000.0, 3000.0)
        assert sheddable_of(uow, site.value, late, HOUR, 1) == (400.0,)
        assert sheddable_of(uow, site.value, DAY + 30 * HOUR, QUARTER, 4) is None


def test_a_buyer_of_more_consumption_is_not_limited(market: Market) -> None:
    forecast(market, "north-1", {}, usual_kw=0.0)
    market.open_auction()
    market.bid("north-1", 200.0, "50")
    book = book_of(market)
    assert book.terms.feeders
    upward = replace(book, direction=Direction.LOAD_UP, terms=BuyerTerms())
    with market.units(write=False) as uow:
        assert within_forecast_load(uow, upward) is upward


@pytest.mark.parametrize(
    ("changes", "expected_kw"),
    [
        ({}, 200.0),
        ({"delivery_ratio": 0.5}, 100.0),
        ({"direction": Direction.LOAD_UP}, 0.0),
        ({"offer": BlockOffer((30.0, 80.0, -50.0), Decimal(1))}, 80.0),
        ({"offer": StoreOffer(60.0, 90.0, 100.0, 0.0, 50.0, 50.0, Decimal(1))}, 60.0),
    ],
)
def test_the_most_that_a_bid_counts_for(changes: dict[str, object], expected_kw: float) -> None:
    bid: Bid = replace(step_bid("north-1", 200.0, "50"), **changes)  # type: ignore[arg-type]  # its own fields
    assert largest_counted_kw(bid) == expected_kw


@pytest.mark.parametrize("minimum_kw", [3000.0, float("nan"), float("inf")])
def test_a_minimum_load_that_is_none_is_refused(market: Market, minimum_kw: float) -> None:
    with pytest.raises(InvalidInput, match="minimum_load_kw is"):
        keep(market, "north-1", minimum_kw)
