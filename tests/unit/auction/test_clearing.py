"""The edges of a clearing and the reasons it gives; the usual cases are in tests/golden."""

import pickle
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from vpp.auction.bid import Bid, BlockOffer, PriceStep, Rebound, StepOffer
from vpp.auction.book import Book
from vpp.auction.clearing import clear
from vpp.auction.result import Award, BidReason, Clearing, ClearingStatus, PriceBranch
from vpp.auction.rules import ClearingRules
from vpp.foundation.errors import InvalidInput
from vpp.portfolio.money_rules import PayRule
from vpp.solver.report import SolverName

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
UNIFORM = ClearingRules(PayRule.AS_CLEAR, relative_gap=1e-9)


def simple(bid_id: str, *offers: tuple[float, int]) -> Bid:
    steps = tuple((PriceStep(kw, Decimal(price)),) if kw else () for kw, price in offers)
    return Bid(bid_id, f"site-{bid_id}", "load", "Z1", NOON, 1.0, StepOffer(steps))


def block(bid_id: str, profile_kw: tuple[float, ...], price: int, ratio: float = 1.0) -> Bid:
    offer = BlockOffer(profile_kw, Decimal(price), min_acceptance_ratio=ratio)
    return Bid(bid_id, f"site-{bid_id}", "ups", "Z1", NOON, 1.0, offer)


def book(
    target_kw: tuple[float, ...], *bids: Bid, recovery: int = 0, headroom_kw: float | None = None
) -> Book:
    return Book("edge", NOON, timedelta(hours=1), target_kw, recovery, Decimal(3000), headroom_kw, bids)


def awards_of(clearing: Clearing) -> dict[str, Award]:
    return {award.bid_id: award for award in clearing.awards}


@pytest.mark.parametrize("rule", [PayRule.AS_BID, PayRule.AS_CLEAR])
def test_an_empty_book_is_short_of_everything(rule: PayRule) -> None:
    clearing = clear(book((500.0, 0.0)), ClearingRules(rule))
    assert clearing.awards == ()
    assert clearing.shortfall_kw == (500.0, 0.0)
    assert clearing.price_per_mwh == (Decimal(3000), Decimal(0))
    assert clearing.price_rule == (PriceBranch.SHORTAGE, PriceBranch.NO_TARGET)
    assert clearing.objective == 1500
    assert (clearing.status, clearing.gap_ratio) == (ClearingStatus.OPTIMAL, 0.0)


def test_a_target_of_zero_buys_nothing() -> None:
    clearing = clear(book((0.0, 0.0), simple("a", (100.0, 0), (100.0, 10))), UNIFORM)
    assert clearing.objective == 0
    assert clearing.shortfall_kw == (0.0, 0.0)
    award = awards_of(clearing)["a"]
    assert award.reduction_kw == (0.0, 0.0)
    assert award.reason is BidReason.REJECTED_NOT_NEEDED


def test_a_single_bid_sets_the_price() -> None:
    clearing = clear(book((60.0,), simple("a", (100.0, 40))), UNIFORM)
    assert awards_of(clearing)["a"].reduction_kw == (60.0,)
    assert clearing.price_per_mwh == (Decimal(40),)
    assert clearing.objective == Decimal("2.4")


def test_a_free_offer_is_not_accepted_beyond_the_target() -> None:
    clearing = clear(book((60.0,), simple("a", (100.0, 0)), simple("b", (100.0, 0))), UNIFORM)
    assert [award.reduction_kw for award in clearing.awards] == [(60.0,), (0.0,)]
    assert str(clearing.price_per_mwh[0]) == "0.000000"


def test_a_bid_at_the_cap_is_preferred_to_a_shortage() -> None:
    for solver in SolverName:
        clearing = clear(book((60.0,), simple("a", (100.0, 3000))), replace(UNIFORM, solver=solver))
        assert clearing.shortfall_kw == (0.0,)


def test_steps_of_one_bid_are_taken_from_the_cheapest() -> None:
    offer = StepOffer(
        ((PriceStep(50.0, Decimal(10)), PriceStep(50.0, Decimal(20)), PriceStep(50.0, Decimal(30))),)
    )
    bid = replace(simple("a", (1.0, 1)), offer=offer)
    paid_as_bid = clear(book((75.0,), bid), ClearingRules(PayRule.AS_BID)).awards[0]
    assert paid_as_bid.reduction_kw == (75.0,)
    assert paid_as_bid.price_per_mwh == (Decimal("13.333334"),)  # (50*10 + 25*20) / 75, rounded up


def test_equal_blocks_are_taken_in_order_of_submission() -> None:
    late = block("a", (100.0,), 50)
    early = replace(block("b", (100.0,), 50), submitted_at=NOON - timedelta(minutes=1))
    for solver in SolverName:
        clearing = clear(book((100.0,), late, early), replace(UNIFORM, solver=solver))
        assert awards_of(clearing)["b"].reason is BidReason.ACCEPTED_IN_FULL
        assert awards_of(clearing)["a"].reason is BidReason.REJECTED_TIE_LOST


def test_a_shared_tie_serves_earlier_bids_in_full_first() -> None:
    bids = [
        replace(simple(name, (100.0, 50)), submitted_at=NOON - timedelta(minutes=minutes))
        for name, minutes in (("a", 1), ("b", 3), ("c", 2))
    ]
    clearing = clear(book((150.0,), *bids), UNIFORM)
    assert [award.reduction_kw for award in clearing.awards] == [(0.0,), (100.0,), (50.0,)]
    assert awards_of(clearing)["a"].detail.startswith("b asks the same")


def test_an_energy_limit_is_spent_where_it_is_worth_most() -> None:
    limited = replace(simple("a", (100.0, 10), (100.0, 10)), energy_limit_kwh=100.0)
    clearing = clear(book((100.0, 150.0), limited, simple("s", (200.0, 50), (200.0, 90))), UNIFORM)
    assert awards_of(clearing)["a"].reduction_kw == (0.0, 100.0)
    assert clearing.price_per_mwh == (Decimal(50), Decimal(90))


def test_a_block_beyond_its_own_energy_limit_is_rejected_for_it() -> None:
    limited = replace(block("a", (100.0, 100.0), 10), energy_limit_kwh=150.0)
    clearing = clear(book((100.0, 100.0), limited, simple("s", (200.0, 50), (200.0, 50))), UNIFORM)
    assert awards_of(clearing)["a"].reason is BidReason.REJECTED_ENERGY_LIMIT


def test_a_resource_is_not_sold_twice() -> None:
    one, two = simple("a", (100.0, 10)), replace(simple("b", (100.0, 20)), site_id="site-a")
    shared = replace(
        book((150.0,), one, two, simple("s", (200.0, 90))), resource_limit_kw={("site-a", "load"): 100.0}
    )
    clearing = clear(shared, UNIFORM)
    assert [award.reduction_kw for award in clearing.awards] == [(100.0,), (0.0,), (50.0,)]
    assert awards_of(clearing)["b"].reason is BidReason.REJECTED_RESOURCE_LIMIT


def test_a_group_may_hold_steps_as_well_as_blocks() -> None:
    group = {"site_id": "north", "exclusive_group": "one"}
    bids = (
        replace(simple("a", (100.0, 30)), **group),
        replace(simple("b", (60.0, 10)), **group),
        replace(block("c", (80.0,), 20), **group),
    )  # b then s: 0.6 + 3.6; c then s: 1.6 + 1.8; a alone: 3.0
    clearing = clear(book((100.0,), *bids, simple("s", (200.0, 90))), UNIFORM)
    assert awards_of(clearing)["a"].reason is BidReason.ACCEPTED_IN_FULL
    assert awards_of(clearing)["b"].reason is BidReason.REJECTED_GROUP_ALTERNATIVE
    assert awards_of(clearing)["c"].reason is BidReason.REJECTED_GROUP_ALTERNATIVE


def test_one_group_name_at_two_sites_is_two_groups() -> None:
    bids = [
        replace(block(f"{site}-{price}", (50.0,), price), exclusive_group="one", site_id=site)
        for site in ("north", "south")
        for price in (20, 30)
    ]
    awards = awards_of(clear(book((100.0,), *bids), UNIFORM))
    assert {name for name, award in awards.items() if award.reason.is_accepted} == {"north-20", "south-20"}


def test_a_child_falls_with_its_parent() -> None:
    parent = replace(block("p", (100.0,), 500), site_id="north")
    child = replace(block("c", (0.0, 10.0), 10), site_id="north", parent_bid_id="p")
    clearing = clear(book((100.0, 100.0), parent, child, simple("s", (200.0, 50), (200.0, 50))), UNIFORM)
    assert awards_of(clearing)["p"].reason is BidReason.REJECTED_PRICE_ABOVE_CLEARING
    assert awards_of(clearing)["c"].reason is BidReason.REJECTED_PARENT


def test_rebound_that_finds_no_room_is_the_reason() -> None:
    returning = replace(simple("a", (100.0, 10)), rebound=Rebound(1.0, 1, 100.0))
    clearing = clear(
        book((100.0,), returning, simple("s", (200.0, 50)), recovery=1, headroom_kw=0.0), UNIFORM
    )
    award = awards_of(clearing)["a"]
    assert award.reason is BidReason.REJECTED_REBOUND_HEADROOM
    assert "headroom of 0.0 kW" in award.detail


def test_rebound_comes_back_as_early_as_its_power_allows() -> None:
    returning = replace(simple("a", (100.0, 10)), rebound=Rebound(1.2, 3, 50.0))
    award = clear(book((100.0,), returning, recovery=5), UNIFORM).awards[0]
    assert award.reduction_kw == (100.0,)
    assert award.rebound_kw == (0.0, 50.0, 50.0, 20.0, 0.0, 0.0)  # 120 kWh


def test_rebound_that_cannot_return_in_time_limits_the_reduction() -> None:
    returning = replace(simple("a", (100.0, 10)), rebound=Rebound(1.2, 1, 30.0))
    clearing = clear(book((100.0,), returning, recovery=5), UNIFORM)
    award = clearing.awards[0]
    # 30 kWh return in the interval itself and 30 in the next: 60 / 1.2 = 50 kW deferred, net 20;
    # or nothing in the interval itself: 25 kW deferred, net 25.
    assert award.reduction_kw == (25.0,)
    assert award.rebound_kw == (0.0, 30.0, 0.0, 0.0, 0.0, 0.0)
    assert clearing.shortfall_kw == (75.0,)


def test_a_fixed_price_drops_the_child_of_a_parent_that_asks_more() -> None:
    parent = replace(block("p", (100.0,), 80), site_id="north")
    child = replace(block("c", (100.0,), 10), site_id="north", parent_bid_id="p")
    clearing = clear(
        book((100.0,), parent, child, simple("s", (50.0, 60))), ClearingRules(PayRule.FIXED, Decimal(70))
    )
    reasons = {award.bid_id: award.reason for award in clearing.awards}
    assert reasons == {
        "p": BidReason.REJECTED_PRICE_ABOVE_CLEARING,
        "c": BidReason.REJECTED_PARENT,
        "s": BidReason.ACCEPTED_IN_FULL,
    }


def test_a_fixed_price_is_paid_per_mwh_reduced() -> None:
    bid = replace(simple("a", (100.0, 60)), delivery_ratio=0.5)
    award = clear(book((40.0,), bid), ClearingRules(PayRule.FIXED, Decimal(70))).awards[0]
    assert (award.reduction_kw, award.price_per_mwh) == ((80.0,), (Decimal(70),))


def test_a_fixed_price_makes_a_block_at_its_minimum_whole() -> None:
    offer = BlockOffer((100.0,), Decimal(60), fixed_cost=Decimal(1), min_acceptance_ratio=0.5)
    bid = replace(block("a", (1.0,), 1), offer=offer)
    award = clear(book((50.0,), bid), ClearingRules(PayRule.FIXED, Decimal(70))).awards[0]
    assert award.reduction_kw == (50.0,)
    assert award.make_whole == Decimal("0.5")  # 0.05 MWh * 60 + 1 - 0.05 MWh * 70
    assert award.reason is BidReason.ACCEPTED_WITH_MAKE_WHOLE


def test_a_block_at_its_minimum_says_so_when_its_price_covers_it() -> None:
    clearing = clear(
        book((60.0,), block("a", (100.0,), 10, ratio=0.6), simple("s", (100.0, 50))),
        ClearingRules(PayRule.AS_BID),
    )
    assert awards_of(clearing)["a"].reason is BidReason.ACCEPTED_AT_MINIMUM_RATIO


def test_a_fixed_price_goes_with_its_rule_only() -> None:
    with pytest.raises(InvalidInput, match="fixed_price_per_mwh"):
        ClearingRules(PayRule.FIXED)
    with pytest.raises(InvalidInput, match="fixed_price_per_mwh"):
        ClearingRules(PayRule.AS_CLEAR, Decimal(10))


def test_book_rules_and_clearing_travel_between_processes() -> None:
    sealed = replace(book((60.0,), simple("a", (100.0, 40))), resource_limit_kw={("site-a", "load"): 80.0})
    function, arguments = pickle.loads(pickle.dumps((clear, (sealed, UNIFORM))))  # noqa: S301  just written
    clearing = function(*arguments)
    assert pickle.loads(pickle.dumps(clearing)) == clearing  # noqa: S301  just written


def test_a_book_that_breaks_a_rule_is_refused() -> None:
    with pytest.raises(InvalidInput, match="steps of bid a"):
        clear(book((60.0, 60.0), simple("a", (100.0, 40))), UNIFORM)
