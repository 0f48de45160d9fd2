"""The fallback respects every limit it does not leave out."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from vpp.auction.bid import Bid, BlockOffer, PriceStep, Rebound, StepOffer
from vpp.auction.book import Book
from vpp.auction.dispatch import Dispatch
from vpp.auction.market_view import MarketView
from vpp.auction.merit_order import merit_order

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def simple(bid_id: str, price: int, reduction_kw: float = 100.0) -> Bid:
    offer = StepOffer(((PriceStep(reduction_kw, Decimal(price)),),) * 2)
    return Bid(bid_id, "north", bid_id, "Z1", NOON, 1.0, offer)


def block(bid_id: str, price: int, ratio: float = 1.0, fixed: int = 0) -> Bid:
    offer = BlockOffer((100.0, 50.0), Decimal(price), Decimal(fixed), ratio)
    return Bid(bid_id, "north", bid_id, "Z1", NOON, 1.0, offer)


def dispatch(*bids: Bid, target_kw: tuple[float, float] = (150.0, 50.0)) -> Dispatch:
    book = Book("greedy", NOON, timedelta(hours=1), target_kw, 1, Decimal(3000), None, bids)
    return merit_order(MarketView(replace(book, resource_limit_kw={("north", "shared"): 30.0})))


def test_the_cheapest_are_taken_first_and_the_rest_is_short() -> None:
    found = dispatch(simple("dear", 50), simple("cheap", 10), target_kw=(250.0, 120.0))
    assert found.reduction_kw == {"dear": (100.0, 20.0), "cheap": (100.0, 100.0)}
    assert found.shortfall_kw == (50.0, 0.0)


def test_price_counts_per_reliable_mwh() -> None:
    unsure = replace(simple("a", 30), delivery_ratio=0.5)  # 60 per reliable MWh
    assert dispatch(unsure, simple("b", 50)).reduction_kw == {"a": (100.0, 0.0), "b": (100.0, 50.0)}


def test_a_tie_goes_to_the_earlier() -> None:
    early = replace(simple("b", 10), submitted_at=NOON - timedelta(hours=1))
    assert dispatch(simple("a", 10), early).reduction_kw == {"a": (50.0, 0.0), "b": (100.0, 50.0)}


def test_a_block_is_taken_as_far_as_it_fits_or_not_at_all() -> None:
    assert dispatch(block("a", 10)).ratio == {"a": 1.0}
    assert dispatch(block("a", 10), target_kw=(60.0, 50.0)).ratio == {"a": 0.0}
    assert dispatch(block("a", 10, ratio=0.5), target_kw=(60.0, 50.0)).ratio == {"a": 0.6}


def test_a_fixed_cost_counts_in_the_order() -> None:
    # 10 + 6 / 0.15 MWh = 50 per MWh, after the 20 of the steps
    found = dispatch(block("a", 10, fixed=6), simple("b", 20), target_kw=(100.0, 50.0))
    assert found.ratio == {"a": 0.0}


def test_energy_and_resource_limits_hold() -> None:
    limited = replace(simple("a", 10), energy_limit_kwh=120.0)
    shared = replace(simple("b", 20), resource_id="shared")
    found = dispatch(limited, shared, target_kw=(150.0, 50.0))
    assert sum(found.reduction_kw["a"]) == 120.0
    assert found.reduction_kw["b"] == (30.0, 30.0)


def test_a_group_is_served_by_one_bid() -> None:
    bids = [replace(simple(name, price), exclusive_group="one") for name, price in (("a", 20), ("b", 10))]
    found = dispatch(*bids)
    assert found.takes("b")
    assert not found.takes("a")


def test_what_needs_looking_ahead_is_left_out() -> None:
    returning = replace(simple("a", 10), rebound=Rebound(1.0, 1, 100.0))
    child = replace(block("c", 10), parent_bid_id="p")
    returning_block = replace(block("r", 10), offer=BlockOffer((50.0, 0.0, -50.0), Decimal(10)))
    found = dispatch(returning, child, returning_block, block("p", 20))
    assert [bid_id for bid_id in found.reduction_kw if found.takes(bid_id)] == ["p"]


def test_what_asks_more_than_the_cap_is_not_taken() -> None:
    unsure = replace(simple("a", 2000), delivery_ratio=0.5)
    assert dispatch(unsure).shortfall_kw == (150.0, 50.0)
