"""How far the forecast load lets sites move: in invitations, in books, in what is awarded."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from support.market import EVENING, GATE, NOON, OPERATOR, QUARTER, RULES, Market, agent_of, step_bid

from vpp.auction.bid import Bid, BlockOffer, Rebound, StoreOffer
from vpp.auction.book import Book
from vpp.auction.buyer import BuyerTerms, FeederLimit
from vpp.dispatch.event import EventState
from vpp.dispatch.instruction import InstructionState
from vpp.dispatch.purpose import EventPurpose
from vpp.foundation.direction import Direction
from vpp.foundation.errors import InvalidInput
from vpp.foundation.interval import Interval
from vpp.hub.inline_pool import InlinePool
from vpp.portfolio.resource import FlexibilityEnvelope, Resource, ResourceKind
from vpp.workflows.auctions import close_gate, run_auction
from vpp.workflows.bidding import create_bid
from vpp.workflows.booking import auction_book, standing_book
from vpp.workflows.delivery_contents import InvitationContent
from vpp.workflows.emergencies import create_emergency_event
from vpp.workflows.enrolling import create_resource, update_site
from vpp.workflows.forecast_records import ForecastRecord
from vpp.workflows.import_limits import within_import_limits
from vpp.workflows.load_limits import largest_kw, within_forecast_load
from vpp.workflows.movable import movable_of
from vpp.workflows.ordering import OrderedCall, create_ordered_event
from vpp.workflows.recording import product_of
from vpp.workflows.responding import open_deliveries

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
        down, up = Direction.LOAD_DOWN, Direction.LOAD_UP
        assert movable_of(uow, site.value, down, late, QUARTER, 4) == (400.0, 400.0, 3000.0, 3000.0)
        assert movable_of(uow, site.value, down, late, HOUR, 1) == (400.0,)
        assert movable_of(uow, site.value, up, late, QUARTER, 4) == (2500.0, 2500.0, 3000.0, 3000.0)
        assert movable_of(uow, site.value, up, late, HOUR, 1) == (2500.0,)
        for direction in Direction:
            assert movable_of(uow, site.value, direction, DAY + 30 * HOUR, QUARTER, 4) is None


@pytest.mark.parametrize(
    ("usual_kw", "limit_kw"),
    [
        (2700.0, None),  # 200 kW below the limit of 3,000 kW where the load is exceeded in one case of ten
        (2750.0, 150.0),
        (3200.0, 0.0),
        (None, None),  # nothing is forecast: the connection alone
    ],
)
def test_a_buyer_of_more_consumption_has_what_the_connection_leaves(
    market: Market, usual_kw: float | None, limit_kw: float | None
) -> None:
    if usual_kw is not None:
        forecast(market, "north-1", {}, usual_kw=usual_kw)
    market.open_auction()
    market.bid("north-1", 200.0, "50")
    book = replace(book_of(market), direction=Direction.LOAD_UP, terms=BuyerTerms())
    upward = replace(book.bids[0], direction=Direction.LOAD_UP, delivery_ratio=0.8)
    with market.units(write=False) as uow:
        limits = within_forecast_load(uow, replace(book, bids=(upward,))).terms.feeders
        # A bid against the buyer's direction is none of what it buys.
        assert within_forecast_load(uow, book).terms.feeders == ()
    # A connection bears every kW: the limit of what counts, at the bid's ratio, is that of all of it.
    expected = () if limit_kw is None else (pytest.approx((0.8 * limit_kw,) * book.horizon_interval_count),)
    assert tuple(limit.max_reduction_kw for limit in limits) == expected


def test_a_site_without_a_forecast_can_take_no_more_than_its_connection(market: Market) -> None:
    market.open_auction()
    market.bid("north-1", 200.0, "50")
    book = replace(book_of(market), direction=Direction.LOAD_UP, terms=BuyerTerms())
    huge = StoreOffer(3100.0, 0.0, 9000.0, 0.0, 9000.0, 0.0, Decimal(1))
    upward = replace(book.bids[0], direction=Direction.LOAD_UP, offer=huge)
    with market.units(write=False) as uow:
        (limit,) = within_forecast_load(uow, replace(book, bids=(upward,))).terms.feeders
    assert set(limit.max_reduction_kw or ()) == {3000.0}


@pytest.mark.parametrize(
    ("changes", "expected_kw"),
    [
        ({}, 200.0),
        ({"direction": Direction.LOAD_UP}, 200.0),
        ({"offer": BlockOffer((30.0, 80.0, -50.0), Decimal(1))}, 80.0),
        ({"offer": StoreOffer(60.0, 90.0, 100.0, 0.0, 50.0, 50.0, Decimal(1))}, 60.0),
    ],
)
def test_the_most_that_a_bid_offers(changes: dict[str, object], expected_kw: float) -> None:
    bid: Bid = replace(step_bid("north-1", 200.0, "50"), **changes)  # type: ignore[arg-type]  # its own fields
    assert largest_kw(bid) == expected_kw


@pytest.mark.parametrize("minimum_kw", [3000.0, float("nan"), float("inf")])
def test_a_minimum_load_that_is_none_is_refused(market: Market, minimum_kw: float) -> None:
    with pytest.raises(InvalidInput, match="minimum_load_kw is"):
        keep(market, "north-1", minimum_kw)


def test_no_more_increase_is_awarded_than_the_connection_bears(market: Market) -> None:
    market.enrol_in("example-surplus", "north-1", "north-2")
    forecast(market, "north-1", {17: 2840.0, 18: 2960.0}, usual_kw=500.0)  # exceeded at 100 kW more
    market.open_auction(150.0, product_id="example-surplus")
    for site_id, price in (("north-1", "50"), ("north-2", "60")):
        bid = step_bid(site_id, 200.0, price, direction=Direction.LOAD_UP)
        market.bid(site_id, 200.0, price, bid=replace(bid, delivery_ratio=0.8))
    assert invited_kw(market, "north-1") == pytest.approx((60.0,) * 4 + (0.0,) * 4)
    market.advance(GATE + timedelta(minutes=1))
    with market.units(write=False) as uow:
        awards = {stored.value.site_id: stored.value.reduction_kw for stored in uow.awards.page()}
    # 60 kW are left in the first hour, of which each kW counts 0.8; none in the second.
    assert awards["north-1"] == pytest.approx((60.0,) * 4 + (0.0,) * 4)
    assert awards["north-2"] == pytest.approx((102.0 / 0.8,) * 4 + (150.0 / 0.8,) * 4)


def test_what_comes_back_of_an_increase_is_bounded_by_the_load_there_is(market: Market) -> None:
    keep(market, "north-1", 400.0)
    forecast(market, "north-1", {}, usual_kw=450.0)
    market.open_auction()
    market.bid("north-1", 200.0, "50")
    book = replace(book_of(market), direction=Direction.LOAD_UP, terms=BuyerTerms())
    upward = replace(book.bids[0], direction=Direction.LOAD_UP, rebound=Rebound(1.0, 2, 80.0))
    with market.units(write=False) as uow:
        (limit,) = within_import_limits(uow, replace(book, bids=(upward,))).terms.sites
        down = within_import_limits(uow, replace(book, bids=(upward,), direction=Direction.LOAD_DOWN))
    assert down.terms.sites == ()  # as an increase the connection bears it by far
    assert limit.max_rebound_kw == (50.0,) * book.horizon_interval_count


def add_ups(market: Market, site_id: str = "north-1") -> None:
    envelope = FlexibilityEnvelope(
        0.0, 0.0, QUARTER, timedelta(0), 4 * HOUR, 0.0, 1.0, 2 * HOUR, max_increase_kw=200.0
    )
    ups = Resource(site_id, "ups", ResourceKind.BATTERY, envelope)
    create_resource(market.units, agent_of(site_id), ups, request_id="")


def sell_twice(market: Market) -> None:
    """Bid 100 kW of one site in each of two auctions of more consumption, from two of its resources."""
    market.enrol_in("example-surplus", "north-1")
    add_ups(market)
    forecast(market, "north-1", {}, usual_kw=2750.0)  # its connection bears 150 kW more
    for auction_id, resource_id in (("evening", "battery"), ("other", "ups")):
        market.open_auction(100.0, auction_id=auction_id, product_id="example-surplus")
        bid = step_bid("north-1", 100.0, "60", direction=Direction.LOAD_UP)
        bid = replace(bid, bid_id=auction_id, resource_id=resource_id)
        market.bid("north-1", 100.0, "60", bid=bid, auction_id=auction_id)


def awarded_kw(market: Market) -> dict[str, float]:
    with market.units(write=False) as uow:
        return {stored.value.event_id: stored.value.reduction_kw[0] for stored in uow.awards.page()}


class RacingPool(InlinePool):
    """Lets something else happen while the solver runs, once."""

    def __init__(self, meanwhile: Callable[[], object]) -> None:
        super().__init__()
        self.meanwhile: Callable[[], object] | None = meanwhile

    def run(self, function: Callable[..., Any], *args: object, **kwargs: object) -> Any:  # noqa: ANN401  as given
        meanwhile, self.meanwhile = self.meanwhile, None
        if meanwhile is not None:
            meanwhile()
        return super().run(function, *args, **kwargs)


def test_two_events_that_clear_at_once_share_one_connection(market: Market) -> None:
    sell_twice(market)
    market.clock.advance_to(GATE)
    for auction_id in ("evening", "other"):
        close_gate(market.units, auction_id)
    pool = RacingPool(lambda: run_auction(market.units, market.pool, RULES, "other"))
    run_auction(market.units, pool, RULES, "evening")
    assert pool.meanwhile is None
    assert awarded_kw(market) == pytest.approx({"other": 100.0, "evening": 50.0})


def test_what_a_site_is_ordered_to_raise_is_not_sold_too(market: Market) -> None:
    sell_twice(market)
    call = OrderedCall(
        EventPurpose.MANDATORY, "example-surplus", "north", EVENING, (120.0,) * 8, ("north-1",)
    )
    create_ordered_event(market.units, OPERATOR, RULES, call, event_id="order", request_id="")
    assert book_of(market).terms.feeders[-1].max_reduction_kw == pytest.approx(
        (30.0,) * book_of(market).horizon_interval_count
    )
    market.advance(GATE + timedelta(minutes=1))
    assert sum(awarded_kw(market).values()) == pytest.approx(30.0)
    for instruction in market.instructions("order"):  # one that is refused takes nothing
        market.report(instruction, InstructionState.REFUSED)
    market.open_auction(
        100.0, auction_id="third", product_id="example-surplus", gate_closes_at=GATE + QUARTER
    )
    bid = step_bid("north-1", 100.0, "60", direction=Direction.LOAD_UP)
    add = replace(bid, bid_id="third", resource_id="third")
    with market.units() as uow:
        stored = uow.resources.get("north-1/ups")
        assert stored is not None
        uow.resources.add("north-1/third", replace(stored.value, resource_id="third"))
        uow.commit()
    market.bid("north-1", 100.0, "60", bid=add, auction_id="third")
    market.advance(GATE + 2 * QUARTER)
    assert sum(awarded_kw(market).values()) == pytest.approx(
        130.0
    )  # 20 kW of the connection's 150 kW are left


def test_what_comes_back_of_one_bid_makes_no_room_by_its_higher_ratio(market: Market) -> None:
    forecast(market, "north-1", {}, usual_kw=2850.0)  # 50 kW are left
    market.open_auction()
    market.bid("north-1", 200.0, "50")
    book = replace(book_of(market), direction=Direction.LOAD_UP, terms=BuyerTerms())
    surer = BlockOffer((40.0, -80.0), Decimal(1))
    bids = (
        replace(book.bids[0], direction=Direction.LOAD_UP, delivery_ratio=0.5),
        replace(book.bids[0], bid_id="surer", direction=Direction.LOAD_UP, delivery_ratio=0.9, offer=surer),
    )
    with market.units(write=False) as uow:
        (limit,) = within_forecast_load(uow, replace(book, bids=bids)).terms.feeders
        alike = tuple(replace(bid, delivery_ratio=0.9) for bid in bids)
        (same,) = within_forecast_load(uow, replace(book, bids=alike)).terms.feeders
    # Limited at 0.5 x 50 kW, 80 kW that come back at 0.9 would let 194 kW in, of which 114 kW remain.
    count = book.horizon_interval_count
    assert limit.max_reduction_kw == (0.0,) * count
    assert same.max_reduction_kw == pytest.approx((45.0,) * count)
