"""Offers of every kind, and a buyer's terms, from their entry to the awards and instructions."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from support.market import EVENING, GATE, NOON, OPERATOR, RULES, Market, agent_of, step_bid

from vpp.auction.bid import (
    Bid,
    BlockOffer,
    Migration,
    Offer,
    PriceStep,
    Rebound,
    ReboundProfile,
    RunLimits,
    StepOffer,
    StoreOffer,
)
from vpp.auction.buyer import BuyerTerms, FeederLimit, SiteLimit, ZoneLimit
from vpp.auction.clearing_json import clearing_from_document
from vpp.auction.result import Clearing
from vpp.auction.rules import TieRule, UniformPrice
from vpp.dispatch.event import EventState
from vpp.foundation.direction import Direction
from vpp.foundation.errors import InvalidInput, WrongState
from vpp.foundation.interval import Interval
from vpp.workflows.bidding import create_bid, withdraw_bid
from vpp.workflows.booking import auction_book, clearing_rules
from vpp.workflows.delivery_contents import AwardNoticeContent
from vpp.workflows.emergencies import create_emergency_event
from vpp.workflows.forecast_records import ForecastRecord
from vpp.workflows.recording import product_of
from vpp.workflows.records import BidState
from vpp.workflows.responding import open_deliveries
from vpp.workflows.sealing import sealed

CHEAP = StepOffer(steps=((PriceStep(50.0, Decimal(40)),),) * 8)
BLOCK = BlockOffer((60.0,) * 8, Decimal(45))
SMALL_BLOCK = BlockOffer((20.0,) * 8, Decimal(44))
BATTERY = StoreOffer(80.0, 40.0, 200.0, 20.0, 160.0, 20.0, Decimal(50), 0.95, 0.95)
TERMS = BuyerTerms(
    margin_ratio=0.1,
    zones=(ZoneLimit("north", max_reduction_kw=(400.0,), max_rebound_kw=(300.0,)),),
    feeders=(FeederLimit("east", ("north-1", "north-3"), max_reduction_kw=(250.0,)),),
)
SITES = ("north-1", "north-2", "north-3", "north-4", "north-5")


@pytest.fixture
def wide(market: Market) -> Market:
    """Five enrolled sites."""
    for site_id in SITES[2:]:
        market.enrol(site_id)
    return market


def offer(market: Market, site_id: str, bid_id: str, offered: Offer, **changes: object) -> Bid:
    bid = replace(step_bid(site_id, 1.0, "1"), bid_id=bid_id, offer=offered, **changes)  # type: ignore[arg-type]
    return market.bid(site_id, 1.0, "1", bid=bid).value.bid


def clearing_of(market: Market, event_id: str = "evening") -> Clearing:
    with market.units(write=False) as uow:
        stored = uow.clearings.get(event_id)
        assert stored is not None
        return clearing_from_document(stored.value.document)


def state_of(market: Market, bid_id: str) -> tuple[BidState, str, str]:
    with market.units(write=False) as uow:
        stored = uow.bids.get(bid_id)
        assert stored is not None
        return stored.value.state, stored.value.reason, stored.value.reason_detail


def book_of(market: Market) -> tuple[tuple[Bid, ...], dict[str, str]]:
    with market.units(write=False) as uow:
        stored = uow.auctions.get("evening")
        assert stored is not None
        product = product_of(uow, stored.value.product_id, stored.value.product_version)
        collected = auction_book(uow, stored.value, product)
        return collected.book.bids, dict(collected.left_out)


def test_offers_of_every_kind_are_cleared_under_the_buyers_terms(wide: Market) -> None:
    wide.open_auction(300.0, terms=TERMS, uniform_price=UniformPrice.CONVEX_HULL, tie_rule=TieRule.PRO_RATA)
    offer(wide, "north-1", "store", BATTERY)
    offer(
        wide,
        "north-2",
        "committed",
        CHEAP,
        rebound=Rebound(1.0, 4, 50.0),
        run_limits=RunLimits(20.0, 2, 4, 1, 2, Decimal(3)),
    )
    offer(wide, "north-3", "parent", BLOCK)
    offer(wide, "north-3", "child", SMALL_BLOCK, parent_bid_id="parent")
    offer(wide, "north-4", "early", BLOCK, exclusive_group="either")
    offer(
        wide, "north-4", "late", BlockOffer((0.0, 0.0, *(70.0,) * 6), Decimal(43)), exclusive_group="either"
    )
    offer(wide, "north-5", "cooling", CHEAP, rebound=ReboundProfile((0.25, 0.25)))
    wide.advance(GATE + timedelta(minutes=1))
    clearing = clearing_of(wide)
    assert wide.event().state is EventState.OFFERED
    assert {award.bid_id for award in clearing.awards} == {
        *("store", "committed", "parent", "child", "early", "late", "cooling"),
    }
    awards = {award.bid_id: award for award in clearing.awards}
    assert not (any(awards["early"].reduction_kw) and any(awards["late"].reduction_kw))
    assert any(awards["parent"].reduction_kw) or not any(awards["child"].reduction_kw)
    assert clearing.uniform_price is UniformPrice.CONVEX_HULL
    assert clearing.tie_rule is TieRule.PRO_RATA
    assert clearing.currency == "GBP"
    assert clearing.margin_kw == pytest.approx((30.0,) * 8)
    assert clearing.margin_cost is not None
    instructed = [instruction.site_id for instruction in wide.instructions()]
    assert instructed == sorted({award.site_id for award in clearing.awards if any(award.reduction_kw)})
    for bid_id, award in awards.items():
        state, reason, detail = state_of(wide, bid_id)
        assert state is (BidState.AWARDED if any(award.reduction_kw) else BidState.REJECTED)
        assert (reason, detail) == (award.reason.name, award.detail)


def test_the_buyers_choices_reach_the_rules(wide: Market) -> None:
    wide.open_auction(100.0, terms=TERMS, uniform_price=UniformPrice.CONVEX_HULL, tie_rule=TieRule.PRO_RATA)
    with wide.units(write=False) as uow:
        stored = uow.auctions.get("evening")
        assert stored is not None
        tender = stored.value
        product = product_of(uow, tender.product_id, tender.product_version)
        book = auction_book(uow, tender, product).book
    rules = clearing_rules(product, RULES, tender)
    assert (rules.uniform_price, rules.tie_rule) == (UniformPrice.CONVEX_HULL, TieRule.PRO_RATA)
    assert (clearing_rules(product, RULES).uniform_price, clearing_rules(product, RULES).tie_rule) == (
        UniformPrice.FIXED_BINARIES,
        TieRule.PRICE_TIME,
    )
    assert book.currency == "GBP"
    assert book.terms.margin_ratio == 0.1
    assert book.terms.zones[0].max_rebound_kw == (300.0,) * book.horizon_interval_count
    assert book.terms.feeders[0].max_reduction_kw == (250.0,) * book.horizon_interval_count


@pytest.mark.parametrize(
    ("terms", "message"),
    [
        (BuyerTerms(margin_ratio=-0.1), "margin_ratio"),
        (BuyerTerms(activation_ratio=0.5), "the hub calls every award in full"),
        (BuyerTerms(zones=(ZoneLimit("north", max_reduction_kw=(1.0, 2.0)),)), "2 intervals"),
        (BuyerTerms(zones=(ZoneLimit("south", local_target_kw=(1.0,)),)), "the auction is in zone north"),
        (BuyerTerms(sites=(SiteLimit("nowhere"),)), "names sites/nowhere, expected a known site"),
        (BuyerTerms(feeders=(FeederLimit("east", ("north-1", "nowhere")),)), "names sites/nowhere"),
        (BuyerTerms(feeders=(FeederLimit("east", ()),)), "one site at least"),
    ],
)
def test_terms_that_cannot_be_kept_open_no_auction(market: Market, terms: BuyerTerms, message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        market.open_auction(100.0, terms=terms)
    with market.units(write=False) as uow:
        assert uow.auctions.get("evening") is None


@pytest.mark.parametrize(
    ("offered", "changes", "message"),
    [
        (CHEAP, {"direction": Direction.LOAD_UP}, "direction is LOAD_UP, expected LOAD_DOWN"),
        (CHEAP, {"availability_price_per_kw_h": Decimal(1)}, "availability is paid by the product"),
        (CHEAP, {"migration": Migration("south", 1.0)}, "receiving_zone is 'south', expected one of north"),
        (BLOCK, {"run_limits": RunLimits(rest_intervals=1)}, "run_limits"),
        (BATTERY, {"rebound": Rebound(1.0, 2, 5.0)}, "rebound"),
        (BlockOffer((60.0,) * 8, Decimal(2001)), {}, "price_per_mwh"),
        (BlockOffer((60.0, *(-1.0,) * 100), Decimal(45)), {}, "profile_kw"),
        (replace(BATTERY, end_kwh=170.0), {}, "end_kwh"),
        (replace(BATTERY, discharge_kw=201.0), {}, "enrolled"),
    ],
)
def test_a_bid_that_could_not_be_honoured_is_refused_by_name(
    market: Market, offered: Offer, changes: dict[str, object], message: str
) -> None:
    market.open_auction(100.0)
    with pytest.raises(InvalidInput, match=message):
        offer(market, "north-1", "odd", offered, **changes)


def test_load_may_move_where_the_buyers_terms_name_the_zone(market: Market) -> None:
    market.open_auction(100.0, terms=BuyerTerms(zones=(ZoneLimit("south", max_rebound_kw=(100.0,)),)))
    moving = offer(market, "north-1", "moving", CHEAP, migration=Migration("south", 1.1))
    assert book_of(market) == ((moving,), {})


def test_a_connection_that_is_nearly_full_limits_what_may_come_back(market: Market) -> None:
    # The connection bears 3000 kW; the forecast leaves 100 kW in the first hour, then more than enough.
    market.open_auction(
        100.0, terms=BuyerTerms(sites=(SiteLimit("north-1", "", (250.0,)), SiteLimit("north-2")))
    )
    offer(market, "north-1", "store", replace(BATTERY, charge_kw=150.0))
    offer(market, "north-2", "idle", CHEAP)
    first = EVENING.start.replace(hour=0)
    busy_kw = tuple(2900.0 if 17 <= n // 4 < 18 else 1000.0 for n in range(96))
    forecast = ForecastRecord(
        "north-1",
        NOON,
        Interval(first, first + timedelta(days=1)),
        900,
        "test",
        (0.0,) * 96,
        busy_kw,
        busy_kw,
    )
    with market.units() as uow:
        uow.forecasts.add(forecast)
        uow.commit()
    with market.units(write=False) as uow:
        stored = uow.auctions.get("evening")
        assert stored is not None
        product = product_of(uow, stored.value.product_id, stored.value.product_version)
        book = auction_book(uow, stored.value, product).book
    limits = {limit.site_id: limit.max_rebound_kw for limit in book.terms.sites}
    assert limits == {
        "north-1": (*(100.0,) * 4, *(250.0,) * (book.horizon_interval_count - 4)),
        "north-2": None,
    }


def test_one_bid_that_cannot_stand_never_holds_up_the_others(market: Market) -> None:
    market.open_auction(100.0)
    offer(market, "north-1", "parent", BLOCK)
    offer(market, "north-1", "child", SMALL_BLOCK, parent_bid_id="parent")
    offer(market, "north-1", "grandchild", SMALL_BLOCK, parent_bid_id="child")
    lonely = offer(market, "north-2", "lonely", BLOCK, exclusive_group="alone")
    withdraw_bid(market.units, agent_of("north-1"), "parent", request_id="")
    assert book_of(market) == (
        (replace(lonely, exclusive_group=None),),
        {
            "child": "its parent bids/parent is not in the book",
            "grandchild": "its parent bids/child is not in the book",
        },
    )
    market.advance(GATE + timedelta(minutes=1))
    assert state_of(market, "child") == (
        BidState.REJECTED,
        "REJECTED_NOT_ELIGIBLE",
        "its parent bids/parent is not in the book",
    )
    assert state_of(market, "lonely")[0] is BidState.AWARDED


def test_a_bid_that_older_rules_let_in_is_left_out_and_told_why(market: Market) -> None:
    market.open_auction(100.0)
    sound = offer(market, "north-1", "sound", CHEAP)
    offer(market, "north-2", "odd", BLOCK)
    with market.units() as uow:
        stored = uow.bids.get("odd")
        assert stored is not None
        broken = replace(stored.value.bid, offer=BlockOffer((60.0,) * 8, Decimal(5000)))
        older = sealed(replace(stored.value, bid=broken), "GBP", uow.random_source)
        uow.bids.update("odd", older, revision=stored.revision)
        uow.commit()
    bids, left_out = book_of(market)
    assert bids == (sound,)
    assert left_out == {"odd": "price_per_mwh of bid odd is 5000, expected at most 2000.000000"}
    market.advance(GATE + timedelta(minutes=1))
    assert state_of(market, "odd") == (BidState.REJECTED, "REJECTED_NOT_ELIGIBLE", left_out["odd"])
    (notice,) = [
        each.content
        for each in open_deliveries(market.units, "north-2")
        if isinstance(each.content, AwardNoticeContent)
    ]
    assert [stored.value.bid.bid_id for stored in notice.rejected] == ["odd"]


def standing(market: Market, site_id: str, bid_id: str, offered: Offer, **changes: object) -> Bid:
    bid = replace(step_bid(site_id, 1.0, "1"), bid_id=bid_id, offer=offered, **changes)  # type: ignore[arg-type]
    return create_bid(
        market.units,
        agent_of(site_id),
        bid=bid,
        auction_id=None,
        product_id="example-emergency",
        currency="GBP",
        expires_at=None,
        request_id="",
    ).value.bid


def test_an_emergency_calls_stores_and_steps_below_its_cap(market: Market) -> None:
    standing(market, "north-1", "store", replace(BATTERY, price_per_mwh=Decimal(100)))
    steps = (PriceStep(50.0, Decimal(80)), PriceStep(60.0, Decimal(900)))
    standing(market, "north-2", "steps", StepOffer((steps,)), run_limits=RunLimits(min_run_intervals=2))
    start = NOON + timedelta(hours=1)
    event = create_emergency_event(
        market.units,
        OPERATOR,
        market.pool,
        RULES,
        event_id="now",
        product_id="example-emergency",
        zone="north",
        delivery=Interval(start, start + timedelta(hours=1)),
        target_reduction_kw=(90.0,) * 4,
        price_cap_per_mwh=Decimal(500),
        currency="GBP",
        request_id="",
    ).value
    assert event.state is EventState.OFFERED
    awards = {award.bid_id: award for award in clearing_of(market, "now").awards}
    assert max(awards["steps"].reduction_kw) <= 50.0
    assert any(awards["store"].reduction_kw)


def test_a_standing_bid_whose_run_is_longer_than_the_call_is_told_so(market: Market) -> None:
    standing(
        market, "north-1", "long", StepOffer(((PriceStep(50.0, Decimal(80)),),)),
        run_limits=RunLimits(min_run_intervals=6),
    )  # fmt: skip
    standing(market, "north-2", "steps", StepOffer(((PriceStep(50.0, Decimal(80)),),)))
    start = NOON + timedelta(hours=1)
    create_emergency_event(
        market.units,
        OPERATOR,
        market.pool,
        RULES,
        event_id="now",
        product_id="example-emergency",
        zone="north",
        delivery=Interval(start, start + timedelta(hours=1)),
        target_reduction_kw=(40.0,) * 4,
        price_cap_per_mwh=Decimal(500),
        currency="GBP",
        request_id="",
    )
    state, reason, detail = state_of(market, "long")
    assert (state, reason) == (BidState.SUBMITTED, "REJECTED_NOT_ELIGIBLE")
    assert "min_run_intervals" in detail


@pytest.mark.parametrize(
    ("offered", "changes", "message"),
    [
        (BLOCK, {}, "a block needs an auction's intervals"),
        (CHEAP, {}, "has 8 entries, expected 1"),
        (replace(BATTERY, end_kwh=170.0), {}, "end_kwh"),
        (StepOffer(((PriceStep(50.0, Decimal(80)),),)), {"migration": Migration("south", 1.0)}, "south"),
        (
            StepOffer(((PriceStep(50.0, Decimal(80)),),)),
            {"run_limits": RunLimits(0.0, 99)},
            "min_run_intervals",
        ),
    ],
)
def test_a_standing_bid_that_no_emergency_could_call_is_refused(
    market: Market, offered: Offer, changes: dict[str, object], message: str
) -> None:
    with pytest.raises(InvalidInput, match=message):
        standing(market, "north-1", "odd", offered, **changes)


def test_a_site_may_enter_only_so_many_bids(market: Market, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vpp.workflows.admission.MOST_BIDS", 2)
    market.open_auction(100.0)
    offer(market, "north-1", "one", CHEAP)
    offer(market, "north-1", "two", CHEAP)
    with pytest.raises(WrongState, match="has 2 bids in auctions/evening, expected at most 2"):
        offer(market, "north-1", "three", CHEAP)
