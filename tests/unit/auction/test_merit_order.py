"""The fallback respects every limit it does not leave out."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from vpp.auction.bid import Bid, BlockOffer, Migration, PriceStep, Rebound, RunLimits, StepOffer
from vpp.auction.book import Book
from vpp.auction.buyer import ANY_TERMS, BuyerTerms, FeederLimit, SiteLimit, ZoneLimit
from vpp.auction.dispatch import Dispatch
from vpp.auction.market.canonical import CanonicalBook
from vpp.auction.merit_order import merit_order
from vpp.foundation.direction import Direction

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
Target = tuple[float, float]


def simple(bid_id: str, price: int, reduction_kw: float = 100.0) -> Bid:
    offer = StepOffer(((PriceStep(reduction_kw, Decimal(price)),),) * 2)
    return Bid(bid_id, "north", bid_id, "Z1", NOON, 1.0, offer)


def block(bid_id: str, price: int, ratio: float = 1.0, fixed: int = 0) -> Bid:
    offer = BlockOffer((100.0, 50.0), Decimal(price), Decimal(fixed), ratio)
    return Bid(bid_id, "north", bid_id, "Z1", NOON, 1.0, offer)


def dispatch(*bids: Bid, target_kw: Target = (150.0, 50.0), terms: BuyerTerms = ANY_TERMS) -> Dispatch:
    book = Book("greedy", NOON, timedelta(hours=1), target_kw, 1, Decimal(3000), None, bids, terms=terms)
    return merit_order(CanonicalBook(replace(book, resource_limit_kw={("north", "shared"): 30.0})))


def reductions(found: Dispatch) -> dict[str, list[float]]:
    ids = (bid.bid_id for bid in found.canonical.bids)
    return dict(zip(ids, found.reduction_kw.tolist(), strict=True))


def taken(found: Dispatch) -> list[str]:
    return [bid.bid_id for bid, is_taken in zip(found.canonical.bids, found.taken, strict=True) if is_taken]


def test_the_cheapest_are_taken_first_and_the_rest_is_short() -> None:
    found = dispatch(simple("dear", 50), simple("cheap", 10), target_kw=(250.0, 120.0))
    assert reductions(found) == {"dear": [100.0, 20.0], "cheap": [100.0, 100.0]}
    assert found.shortfall_kw.tolist() == [50.0, 0.0]


def test_price_counts_per_reliable_mwh() -> None:
    unsure = replace(simple("a", 30), delivery_ratio=0.5)  # 60 per reliable MWh
    assert reductions(dispatch(unsure, simple("b", 50))) == {"a": [100.0, 0.0], "b": [100.0, 50.0]}


def test_a_tie_goes_to_the_earlier() -> None:
    early = replace(simple("b", 10), submitted_at=NOON - timedelta(hours=1))
    assert reductions(dispatch(simple("a", 10), early)) == {"a": [50.0, 0.0], "b": [100.0, 50.0]}


@pytest.mark.parametrize(
    ("ratio", "target_kw", "accepted"),
    [(1.0, (150.0, 50.0), 1.0), (1.0, (60.0, 50.0), 0.0), (0.5, (60.0, 50.0), 0.6)],
    ids=["fits", "too large", "in part"],
)
def test_a_block_is_taken_as_far_as_it_fits_or_not_at_all(
    ratio: float, target_kw: Target, accepted: float
) -> None:
    assert dispatch(block("a", 10, ratio=ratio), target_kw=target_kw).ratio.tolist() == [accepted]


def test_a_fixed_cost_counts_in_the_order() -> None:
    # 10 + 6 / 0.15 MWh = 50 per MWh, after the 20 of the steps
    found = dispatch(block("a", 10, fixed=6), simple("b", 20), target_kw=(100.0, 50.0))
    assert found.ratio.tolist() == [0.0]


def test_energy_and_resource_limits_hold() -> None:
    limited = replace(simple("a", 10), energy_limit_kwh=120.0)
    shared = replace(simple("b", 20), resource_id="shared")
    found = reductions(dispatch(limited, shared, target_kw=(150.0, 50.0)))
    assert sum(found["a"]) == 120.0
    assert found["b"] == [30.0, 30.0]


def test_a_group_is_served_by_one_bid() -> None:
    bids = [replace(simple(name, price), exclusive_group="one") for name, price in (("a", 20), ("b", 10))]
    assert taken(dispatch(*bids)) == ["b"]


@pytest.mark.parametrize(
    "terms",
    [
        BuyerTerms(zones=(ZoneLimit("Z1", max_reduction_kw=(80.0, 80.0, 80.0)),)),
        BuyerTerms(feeders=(FeederLimit("f", ("north",), max_reduction_kw=(80.0, 80.0, 80.0)),)),
    ],
    ids=["zone", "feeder"],
)
def test_limits_of_the_grid_hold(terms: BuyerTerms) -> None:
    assert reductions(dispatch(simple("a", 10), terms=terms)) == {"a": [80.0, 50.0]}


def test_no_site_serves_more_than_its_share() -> None:
    elsewhere = replace(simple("b", 20), site_id="south")
    found = dispatch(simple("a", 10), elsewhere, terms=BuyerTerms(min_site_count=2))
    assert reductions(found) == {"a": [75.0, 25.0], "b": [75.0, 25.0]}


def test_a_limit_of_rebound_holds_no_reduction_down() -> None:
    terms = BuyerTerms(sites=(SiteLimit("north", max_rebound_kw=(0.0, 0.0, 0.0)),))
    assert reductions(dispatch(simple("a", 10), terms=terms)) == {"a": [100.0, 50.0]}


@pytest.mark.parametrize(
    "terms",
    [
        BuyerTerms(has_loss_reserve=True),
        BuyerTerms(max_start_ramp_kw=500.0),
        BuyerTerms(max_release_ramp_kw=500.0),
    ],
    ids=["loss reserve", "start ramp", "release ramp"],
)
def test_it_is_empty_where_no_offer_can_tell_by_itself_whether_it_is_allowed(terms: BuyerTerms) -> None:
    assert taken(dispatch(simple("a", 10), terms=terms)) == []


def test_what_needs_looking_ahead_is_left_out() -> None:
    returning = replace(simple("a", 10), rebound=Rebound(1.0, 1, 100.0))
    running = replace(simple("d", 10), run_limits=RunLimits(min_level_kw=10.0))
    moving = replace(simple("m", 10), migration=Migration("Z2", 1.0))
    opposite = replace(simple("o", 10), direction=Direction.LOAD_UP)
    child = replace(block("c", 10), parent_bid_id="p")
    returning_block = replace(block("r", 10), offer=BlockOffer((50.0, 0.0, -50.0), Decimal(10)))
    found = dispatch(returning, running, moving, opposite, child, returning_block, block("p", 20))
    assert taken(found) == ["p"]


def test_a_rebound_of_nothing_is_none() -> None:
    assert taken(dispatch(replace(simple("a", 10), rebound=Rebound(0.0, 1, 100.0)))) == ["a"]


def test_what_asks_more_than_the_cap_is_not_taken() -> None:
    unsure = replace(simple("a", 2000), delivery_ratio=0.5)
    assert dispatch(unsure).shortfall_kw.tolist() == [150.0, 50.0]
