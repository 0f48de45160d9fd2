"""The worked examples of `vpp/auction/README.md`, in its order; the numbers are the same.

Quantities are MW, prices per MWh, intervals an hour: 1 MW at 50 costs 50. Every bid is in zone Z1
and has delivery ratio 1 unless stated. Both solvers must find each result.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from vpp.auction.bid import (
    Bid,
    BlockOffer,
    Migration,
    PriceStep,
    Rebound,
    ReboundProfile,
    RunLimits,
    StepOffer,
    StoreOffer,
)
from vpp.auction.book import Book
from vpp.auction.buyer import BuyerTerms, ZoneLimit
from vpp.auction.clearing import clear
from vpp.auction.result import Award, BidReason, Clearing, PriceBranch
from vpp.auction.rules import ClearingRules, TieRule, UniformPrice
from vpp.foundation.direction import Direction
from vpp.portfolio.money_rules import PayRule
from vpp.solver.report import SolverName
from vpp.workflows.booking import over_every_interval

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
EARLIER = NOON - timedelta(hours=2)
MW = 1000.0
CLEAR = ClearingRules(PayRule.AS_CLEAR)
HULL = replace(CLEAR, uniform_price=UniformPrice.CONVEX_HULL)

each_solver = pytest.mark.parametrize("solver", list(SolverName))


def steps(bid_id: str, *intervals: str) -> Bid:
    """One text per interval, its steps as quantity@price separated by blanks; empty for no offer."""
    offered = []
    for text in intervals:
        pairs = [step.split("@") for step in text.split()]
        offered.append(tuple(PriceStep(MW * float(quantity), Decimal(price)) for quantity, price in pairs))
    return Bid(bid_id, f"site-{bid_id}", "load", "Z1", NOON, 1.0, StepOffer(tuple(offered)))


def block(bid_id: str, profile: Sequence[float], price: int, ratio: float = 1.0, fixed: int = 0) -> Bid:
    offer = BlockOffer(tuple(MW * size for size in profile), Decimal(price), Decimal(fixed), ratio)
    return Bid(bid_id, "north", "load", "Z1", NOON, 1.0, offer)


def store(bid_id: str, **energies: float) -> Bid:
    price = Decimal(int(energies.pop("price")))
    scaled = {
        name: value * MW if name.endswith(("_kw", "_kwh")) else value for name, value in energies.items()
    }
    return Bid(bid_id, "north", "battery", "Z1", NOON, 1.0, StoreOffer(price_per_mwh=price, **scaled))


def book(target: Sequence[float], *bids: Bid, recovery: int = 0, headroom: float | None = None) -> Book:
    return Book(
        "example", NOON, timedelta(hours=1), tuple(MW * mw for mw in target), recovery, Decimal(3000),
        None if headroom is None else MW * headroom, bids,
    )  # fmt: skip


def cleared(entered: Book, solver: SolverName, rules: ClearingRules = CLEAR) -> Clearing:
    return clear(entered, replace(rules, solver=solver))


def awards(clearing: Clearing) -> dict[str, Award]:
    return {award.bid_id: award for award in clearing.awards}


def expect(
    clearing: Clearing,
    taken: Mapping[str, Sequence[float]],
    cost: float,
    price: Sequence[float] | None = None,
) -> dict[str, Award]:
    """Compare awards in MW, cost and prices, and return the awards."""
    found = awards(clearing)
    for bid_id, mw in taken.items():
        assert [kw / MW for kw in found[bid_id].reduction_kw] == pytest.approx(mw, abs=1e-6), bid_id
    assert float(clearing.objective) == pytest.approx(cost)
    if price is not None:
        assert [float(one) for one in clearing.price_per_mwh] == pytest.approx(price, abs=1e-4)
    return found


def paid(award: Award) -> float:
    """Amount paid for an award of hours: by its prices, and once."""
    by_price = sum(
        kw / MW * float(price) for kw, price in zip(award.reduction_kw, award.price_per_mwh, strict=True)
    )
    return by_price + float(award.make_whole)


@each_solver
def test_steps(solver: SolverName) -> None:
    entered = book((6,), steps("a", "4@50 3@80"), steps("b", "10@100"))
    found = expect(cleared(entered, solver), {"a": (6,), "b": (0,)}, 4 * 50 + 2 * 80, (80,))
    assert paid(found["a"]) == pytest.approx(6 * 80)
    assert found["a"].reason is BidReason.ACCEPTED_IN_PART
    assert found["b"].reason is BidReason.REJECTED_PRICE_ABOVE_CLEARING
    assert found["b"].winning_price_per_mwh == 80
    as_bid = awards(cleared(entered, solver, ClearingRules(PayRule.AS_BID)))
    assert paid(as_bid["a"]) == pytest.approx(360)


@each_solver
def test_delivery_ratio(solver: SolverName) -> None:
    entered = book((9,), replace(steps("a", "5@72"), delivery_ratio=0.9), steps("b", "10@100"))
    found = expect(cleared(entered, solver), {"a": (5,), "b": (4.5,)}, 5 * 72 + 4.5 * 100, (100,))
    assert found["a"].delivery_ratio == 0.9
    assert found["a"].price_per_mwh == (Decimal(90),)
    assert paid(found["a"]) == pytest.approx(450)


@each_solver
def test_block_with_profile_minimum_ratio_and_fixed_cost(solver: SolverName) -> None:
    entered = book((4.5, 3), block("b", (6, 3, -2), 50, 0.5, 24), steps("s", "10@100", "10@100"), recovery=1)
    found = expect(
        cleared(entered, solver), {"b": (4.5, 2.25), "s": (0, 0.75)}, 0.75 * 450 + 24 + 75, (25, 100)
    )
    assert found["b"].rebound_kw == (0, 0, 1500)
    assert found["b"].make_whole == 24
    assert dict(found["b"].figures)["ratio"] == pytest.approx(0.75)


@each_solver
def test_exclusive_group(solver: SolverName) -> None:
    early, late = block("early", (5, 0), 40), block("late", (0, 5), 45)
    entered = book(
        (5, 5),
        replace(early, exclusive_group="shift"),
        replace(late, exclusive_group="shift"),
        steps("s", "10@90", "10@60"),
    )
    taken = {"early": (5, 0), "late": (0, 0), "s": (0, 5)}
    found = expect(cleared(entered, solver), taken, 5 * 40 + 5 * 60)
    assert found["late"].reason is BidReason.REJECTED_GROUP_ALTERNATIVE
    assert "early" in found["late"].detail


@each_solver
def test_parent_and_child(solver: SolverName) -> None:
    parent, child = block("parent", (4,), 120), replace(block("child", (4,), 40), parent_bid_id="parent")
    clearing = cleared(book((8,), parent, child, steps("s", "10@100")), solver)
    found = expect(clearing, {"parent": (4,), "child": (4,), "s": (0,)}, 480 + 160, (80,))
    assert clearing.price_rule == (PriceBranch.HULL,)
    assert clearing.made_whole == {}
    assert paid(found["parent"]) - 480 == pytest.approx(-160)
    assert paid(found["child"]) - 160 == pytest.approx(160)


@each_solver
def test_multipart(solver: SolverName) -> None:
    first = block("part-1", (3,), 70, fixed=50)
    second = replace(block("part-2", (2,), 50, 0.01), parent_bid_id="part-1")
    third = replace(block("part-3", (2,), 90, 0.01), parent_bid_id="part-1")
    clearing = cleared(book((6,), first, second, third, steps("s", "10@100")), solver)
    taken = {"part-1": (3,), "part-2": (2,), "part-3": (1,), "s": (0,)}
    expect(clearing, taken, 3 * 70 + 50 + 2 * 50 + 90, (90,))
    assert clearing.made_whole == {}


@each_solver
def test_energy_limit(solver: SolverName) -> None:
    limited = replace(steps("b", "4@20", "4@20", "4@20"), energy_limit_kwh=6000.0)
    entered = book((4, 4, 4), limited, steps("s", "10@50", "10@90", "10@70"))
    expect(
        cleared(entered, solver),
        {"b": (0, 4, 2), "s": (4, 0, 2)},
        6 * 20 + 4 * 50 + 2 * 70,
        (50, 70, 70),
    )


@each_solver
def test_battery(solver: SolverName) -> None:
    battery = store(
        "battery", discharge_kw=3, charge_kw=3, capacity_kwh=5, reserve_kwh=0, start_kwh=4, end_kwh=4,
        price=10, charge_efficiency=0.8,
    )  # fmt: skip
    entered = book((2,), battery, steps("s", "10@100"), recovery=1, headroom=3)
    found = expect(cleared(entered, solver), {"battery": (2,), "s": (0,)}, 20)
    assert found["battery"].rebound_kw == (0, 2500)


@each_solver
def test_ups_keeps_its_reserve(solver: SolverName) -> None:
    ups = store(
        "ups", discharge_kw=3, charge_kw=0, capacity_kwh=5, reserve_kwh=2, start_kwh=5, end_kwh=0, price=15
    )
    entered = book((3, 3, 3), ups, steps("s", "9@90", "9@140", "9@120"))
    expect(
        cleared(entered, solver),
        {"ups": (0, 3, 0), "s": (3, 0, 3)},
        3 * 15 + 3 * 90 + 3 * 120,
        (90, 120, 120),
    )


@each_solver
def test_chilled_mass(solver: SolverName) -> None:
    mass = store(
        "mass", discharge_kw=4, charge_kw=4, capacity_kwh=0, reserve_kwh=-4, start_kwh=0, end_kwh=0,
        price=10, hold_ratio=0.5,
    )  # fmt: skip
    entered = book((4,), mass, steps("s", "10@100"), recovery=1)
    found = expect(cleared(entered, solver), {"mass": (4,), "s": (0,)}, 40)
    assert found["mass"].rebound_kw == (0, 2000)


@each_solver
def test_deferrable_with_deadline(solver: SolverName) -> None:
    deferred = replace(steps("d", "6@50", "", ""), rebound=Rebound(1.5, 2, 9 * MW))
    entered = book((6, 0, 0), deferred, steps("s", "10@200", "", ""), headroom=3)
    clearing = cleared(entered, solver)
    found = expect(clearing, {"d": (4, 0, 0), "s": (2, 0, 0)}, 200 + 400)
    assert found["d"].rebound_kw == (0, 3000, 3000)
    assert [float(one) for one in clearing.zone_prices[0].price_per_mwh] == pytest.approx((200, 100, 100))


@each_solver
def test_stated_rebound(solver: SolverName) -> None:
    chiller = replace(steps("c", "4@50", "", ""), rebound=ReboundProfile((0.5, 0.25)))
    entered = book((4, 3, 3), chiller, steps("s", "20@200", "20@100", "20@80"))
    found = expect(
        cleared(entered, solver), {"c": (4, 0, 0), "s": (0, 5, 4)}, 200 + 500 + 320, (120, 100, 80)
    )
    assert found["c"].rebound_kw == (0, 2000, 1000)


@each_solver
def test_runs_rest_and_calls(solver: SolverName) -> None:
    limits = RunLimits(
        min_level_kw=2 * MW, min_run_intervals=2, max_run_intervals=2, rest_intervals=2, max_calls=2,
        start_cost=Decimal(30),
    )  # fmt: skip
    training = replace(steps("d", *("5@40",) * 6), run_limits=limits)
    clearing = cleared(book((5,) * 6, training, steps("s", *("10@100",) * 6)), solver)
    taken = {"d": (5, 5, 0, 0, 5, 5), "s": (0, 0, 5, 5, 0, 0)}
    expect(clearing, taken, 20 * 40 + 2 * 30 + 10 * 100, (40, 40, 100, 100, 40, 40))
    assert clearing.made_whole == {"d": 60}


@each_solver
def test_start_cost_that_does_not_pay(solver: SolverName) -> None:
    training = replace(steps("d", "5@40"), run_limits=RunLimits(min_level_kw=4 * MW, start_cost=Decimal(60)))
    found = expect(
        cleared(book((1,), training, steps("s", "10@100")), solver), {"d": (0,), "s": (1,)}, 100, (100,)
    )
    assert not found["d"].reason.is_accepted


@each_solver
def test_migration(solver: SolverName) -> None:
    moving = replace(steps("m", "5@30"), zone="A", migration=Migration("B", 1.25))
    entered = book(
        (10,), moving, replace(steps("a", "20@200"), zone="A"), replace(steps("b", "20@100"), zone="B")
    )
    needs = (ZoneLimit("A", local_target_kw=(8 * MW,)), ZoneLimit("B", local_target_kw=(2 * MW,)))
    clearing = cleared(replace(entered, terms=BuyerTerms(zones=needs)), solver)
    expect(clearing, {"m": (5,), "a": (3,), "b": (8.25,)}, 5 * 30 + 3 * 200 + 8.25 * 100)
    assert {zone.zone: float(zone.price_per_mwh[0]) for zone in clearing.zone_prices} == {"A": 200, "B": 100}


@each_solver
def test_both_directions(solver: SolverName) -> None:
    taker = replace(steps("e", "5@30"), direction=Direction.LOAD_UP)
    entered = book((4,), block("b", (6,), 20), steps("c", "4@90"), taker)
    clearing = cleared(replace(entered, terms=BuyerTerms(allows_over_delivery=False)), solver)
    found = expect(clearing, {"b": (6,), "c": (0,), "e": (2,)}, 6 * 20 + 2 * 30, (-30,))
    assert found["e"].price_per_mwh == (Decimal(30),)
    assert clearing.made_whole == {"b": 6 * (20 + 30)}


@each_solver
def test_a_buyer_of_more_load(solver: SolverName) -> None:
    offers = (steps("a", "4@20"), steps("b", "10@60"))
    entered = book((6,), *(replace(bid, direction=Direction.LOAD_UP) for bid in offers))
    clearing = cleared(replace(entered, direction=Direction.LOAD_UP), solver)
    expect(clearing, {"a": (4,), "b": (2,)}, 80 + 120, (60,))


@each_solver
def test_availability_and_activation(solver: SolverName) -> None:
    entered = book(
        (12,),
        replace(steps("a", "6@200"), availability_price_per_kw_h=Decimal("0.01")),
        replace(steps("b", "5@80"), availability_price_per_kw_h=Decimal("0.05")),
        replace(steps("c", "9@40"), availability_price_per_kw_h=Decimal("0.08")),
    )
    clearing = cleared(replace(entered, terms=BuyerTerms(activation_ratio=0.25)), solver)
    expect(clearing, {"a": (6,), "b": (5,), "c": (1,)}, 6 * 60 + 5 * 70 + 1 * 90, (90,))


@each_solver
def test_standing_bids(solver: SolverName) -> None:
    standing = (steps("a", "2@90"), steps("b", "5@150"))
    entered = book((3, 1), *(over_every_interval(bid, 2) for bid in standing))
    expect(cleared(entered, solver), {"a": (2, 1), "b": (1, 0)}, 3 * 90 + 150, (150, 90))


@each_solver
def test_resource_limit(solver: SolverName) -> None:
    sold = tuple(replace(bid, site_id="n") for bid in (steps("a", "4@20"), steps("b", "4@30")))
    entered = replace(book((7,), *sold, steps("c", "10@100")), resource_limit_kw={("n", "load"): 5 * MW})
    expect(cleared(entered, solver), {"a": (4,), "b": (1,), "c": (2,)}, 80 + 30 + 200, (100,))


@each_solver
def test_margin_and_its_cost(solver: SolverName) -> None:
    entered = book((8,), steps("a", "8@50"), steps("b", "8@80"))
    clearing = cleared(replace(entered, terms=BuyerTerms(margin_ratio=0.25)), solver)
    expect(clearing, {"a": (8,), "b": (2,)}, 400 + 160, (80,))
    assert clearing.margin_kw == (2000,)
    assert clearing.margin_cost == 160


@each_solver
def test_loss_reserve(solver: SolverName) -> None:
    entered = book((6,), steps("a", "6@50"), steps("b", "6@60"), steps("c", "6@90"))
    clearing = cleared(replace(entered, terms=BuyerTerms(has_loss_reserve=True)), solver)
    expect(clearing, {"a": (3,), "b": (3,), "c": (3,)}, 3 * (50 + 60 + 90), (100,))


@each_solver
def test_shortfall(solver: SolverName) -> None:
    clearing = cleared(book((6,), steps("a", "4@50"), steps("b", "1@70")), solver)
    expect(clearing, {"a": (4,), "b": (1,)}, 200 + 70 + 1 * 3000, (3000,))
    assert clearing.shortfall_kw == (1000,)


INDIVISIBLE = (block("b", (10,), 50), steps("s", "20@100"))


@each_solver
def test_paradoxical_rejection(solver: SolverName) -> None:
    clearing = cleared(book((4,), *INDIVISIBLE), solver)
    found = expect(clearing, {"b": (0,), "s": (4,)}, 400, (100,))
    assert found["b"].reason is BidReason.REJECTED_INDIVISIBLE
    assert dict(found["b"].figures)["surplus_forgone"] == pytest.approx(500)
    assert float(found["b"].winning_price_per_mwh or 0) == pytest.approx(40, abs=1e-4)
    assert clearing.made_whole == {}
    assert float(clearing.lost_opportunity or 0) == pytest.approx(500)


@each_solver
def test_the_same_book_at_the_hull_price(solver: SolverName) -> None:
    clearing = cleared(book((4,), *INDIVISIBLE), solver, HULL)
    expect(clearing, {"b": (0,), "s": (4,)}, 400, (50,))
    assert {bid_id: float(amount) for bid_id, amount in clearing.made_whole.items()} == {"s": 200}
    assert float(clearing.lost_opportunity or 0) == pytest.approx(0, abs=1e-6)


@each_solver
@pytest.mark.parametrize(("rule", "a", "b"), [(TieRule.PRICE_TIME, 3, 1), (TieRule.PRO_RATA, 1.5, 2.5)])
def test_ties(solver: SolverName, rule: TieRule, a: float, b: float) -> None:
    early = replace(steps("a", "3@80"), submitted_at=EARLIER)
    entered = book((4,), early, steps("b", "5@80"))
    expect(cleared(entered, solver, replace(CLEAR, tie_rule=rule)), {"a": (a,), "b": (b,)}, 320, (80,))


@each_solver
def test_fixed_price(solver: SolverName) -> None:
    rules = ClearingRules(PayRule.FIXED, Decimal(70))
    entered = book((6,), steps("a", "4@50 3@80"), steps("b", "10@60"), steps("c", "3@80"))
    found = expect(cleared(entered, solver, rules), {"a": (4,), "b": (2,), "c": (0,)}, 200 + 120, (70,))
    assert paid(found["a"]) == pytest.approx(280)
    assert found["a"].reason is BidReason.ACCEPTED_IN_PART
    assert found["c"].reason is BidReason.REJECTED_PRICE_ABOVE_CLEARING
    assert found["c"].winning_price_per_mwh == 70
