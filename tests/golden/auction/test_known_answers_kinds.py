"""Books small enough to solve by hand, one for every kind of bid and every term of the buyer.

Quantities are MW and MWh times 1000, prices per MWh, delivery ratio 1. Costs are for intervals of
one hour; at 15 minutes energies and costs are a quarter, and prices stay. Cases named A10 and so
on are the known answers of the design; the others are worked out beside them.

Each cost is found by trying everything, by the reference model and by the engine, with both solvers.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random

import pytest
from support.brute_force import brute_force

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
from vpp.auction.buyer import ANY_TERMS, BuyerTerms, FeederLimit, PathLimit, SiteLimit, ZoneLimit
from vpp.auction.clearing import clear
from vpp.auction.reference.answer import solve_reference
from vpp.auction.result import BidReason, Clearing, ClearingStatus
from vpp.auction.rules import ClearingRules, UniformPrice
from vpp.foundation.direction import Direction
from vpp.portfolio.money_rules import PayRule
from vpp.solver.report import Outcome, SolverName

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
SOLVERS = list(SolverName)
FULL, PART, WHOLE = (
    BidReason.ACCEPTED_IN_FULL,
    BidReason.ACCEPTED_IN_PART,
    BidReason.ACCEPTED_WITH_MAKE_WHOLE,
)
DEAR = BidReason.REJECTED_PRICE_ABOVE_CLEARING

Price = float | tuple[float, float]  # one, or the ends of an interval that supports the awards


def steps(bid_id: str, *offers: str, site: str = "", zone: str = "Z1") -> Bid:
    """A bid of one step per interval, each written quantity@price, or empty for no offer."""
    asked = []
    for offer in offers:
        quantity, _, price = offer.partition("@")
        asked.append((PriceStep(1000 * float(quantity), Decimal(price)),) if offer else ())
    return Bid(bid_id, site or f"site-{bid_id}", "load", zone, NOON, 1.0, StepOffer(tuple(asked)))


def block(bid_id: str, size: float, price: int, ratio: float = 1.0, fixed: int = 0) -> Bid:
    offer = BlockOffer((1000.0 * size,), Decimal(price), Decimal(fixed), ratio)
    return Bid(bid_id, f"site-{bid_id}", "load", "Z1", NOON, 1.0, offer)


def store(bid_id: str, offer: StoreOffer) -> Bid:
    return Bid(bid_id, f"site-{bid_id}", "battery", "Z1", NOON, 1.0, offer)


@dataclass(frozen=True)
class Case:
    """A book in MW, of intervals of an hour, and what must come out of it."""

    target: tuple[float, ...]
    bids: tuple[Bid, ...]
    awards: Mapping[str, tuple[float, ...]]
    cost: float
    price: tuple[Price, ...] | None = None
    zone_price: Mapping[str, tuple[Price, ...]] = field(default_factory=dict)
    make_whole: Mapping[str, float] | None = None
    reasons: Mapping[str, BidReason] = field(default_factory=dict)
    rebound: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    shortfall: tuple[float, ...] | None = None
    recovery: int = 0
    headroom: float | None = None
    terms: BuyerTerms = ANY_TERMS
    direction: Direction = Direction.LOAD_DOWN
    resource_limit_kw: Mapping[tuple[str, str], float] = field(default_factory=dict)


EQUAL = BuyerTerms(allows_over_delivery=False)
MORE_LOAD = replace(steps("e", "5@30"), direction=Direction.LOAD_UP)
A10 = (block("block", 6, 20), steps("c", "4@90"), MORE_LOAD)
A12 = (
    store("store", StoreOffer(4000, 3000, 6000, 0, 2000, 0, Decimal(10), 0.8, 0.8)),
    steps("s", "10@40", "10@160", "10@250"),
)
A13 = (
    store("ups", StoreOffer(3000, 0, 5000, 2000, 5000, 0, Decimal(15))),
    steps("s", "9@90", "9@140", "9@120"),
)
A17 = (steps("a", "9@60"), steps("b", "9@130", zone="Z2"), steps("c", "9@100", zone="Z3"))
A18_LIMITS = RunLimits(min_level_kw=4000, start_cost=Decimal(50), max_calls=1)
A18_STEPS = steps("d", "6@40", "6@40", "6@40")
A18_SIMPLE = steps("s", "9@95", "9@95", "9@95")


def a16(price: int) -> tuple[Bid, ...]:
    moving = replace(steps("m", f"5@{price}", zone="A"), migration=Migration("B", 1.25))
    return (moving, steps("a", "20@200", zone="A"), steps("b", "20@100", zone="B"))


def local(**targets: float) -> tuple[ZoneLimit, ...]:
    return tuple(ZoneLimit(zone, local_target_kw=(1000 * target,)) for zone, target in targets.items())


CASES = {
    "A10 negative price": Case(  # without the block 4*90 = 360; one more MW of target saves 30
        target=(4,), bids=A10, terms=EQUAL, awards={"block": (6,), "c": (0,), "e": (2,)},
        cost=120 + 60, price=(-30,), make_whole={"block": 6 * (20 + 30)}, reasons={"block": WHOLE},
    ),
    "A10 with over-delivery": Case(  # nobody needs e, and 2 MW of the block are worth nothing
        target=(4,), bids=A10, awards={"block": (6,), "c": (0,), "e": (0,)},
        cost=120, price=(0,), make_whole={"block": 120}, reasons={"block": WHOLE, "c": DEAR},
    ),
    "A12 store": Case(  # 2 + 0.8*3 = 4.4 MWh stored, 4.4*0.8 = 3.52 given, all where it is dearest
        target=(0, 5, 5), headroom=0, bids=A12,
        awards={"store": (0, 0, 3.52), "s": (3, 5, 1.48)}, rebound={"store": (3, 0, 0)},
        cost=120 + 35.2 + 5 * 160 + 1.48 * 250, price=(40, 160, 250), make_whole={},
        reasons={"s": PART},
    ),
    "A13 UPS": Case(  # 3 MWh above the reserve; the last kWh of t1 could also save 120 in t2
        target=(3, 3, 3), bids=A13, awards={"ups": (0, 3, 0), "s": (3, 0, 3)},
        cost=45 + 270 + 360, price=(90, 120, 120), make_whole={}, reasons={"s": PART},
    ),
    "A16 migration": Case(  # 30 + 1.25*100 = 155 < 200
        target=(10,), bids=a16(30), terms=BuyerTerms(zones=local(A=8, B=2)),
        awards={"m": (5,), "a": (3,), "b": (8.25,)}, cost=150 + 600 + 825,
        zone_price={"A": (200,), "B": (100,)}, reasons={"m": FULL, "a": PART, "b": PART},
    ),
    "A16 with nothing asked for over all zones": Case(
        target=(0,), bids=a16(30), terms=BuyerTerms(zones=local(A=8, B=2)),
        awards={"m": (5,), "a": (3,), "b": (8.25,)}, cost=150 + 600 + 825,
        zone_price={"A": (200,), "B": (100,)}, reasons={"m": FULL, "a": PART, "b": PART},
    ),
    "A16b migration": Case(  # 90 + 1.25*100 = 215 > 200
        target=(10,), bids=a16(90), terms=BuyerTerms(zones=local(A=8, B=2)),
        awards={"m": (0,), "a": (8,), "b": (2,)}, cost=1600 + 200,
        zone_price={"A": (200,), "B": (100,)}, reasons={"m": DEAR, "a": PART, "b": PART},
    ),
    "path limit": Case(  # A16 with 3 MW of path: 5 stay in A, B takes 3*1.25 = 3.75
        target=(10,), bids=a16(30),
        terms=BuyerTerms(zones=local(A=8, B=2), paths=(PathLimit("A", "B", (3000,)),)),
        awards={"m": (3,), "a": (5,), "b": (5.75,)}, cost=90 + 1000 + 575,
        zone_price={"A": (200,), "B": (100,)}, reasons={"m": PART, "a": PART, "b": PART},
    ),
    "path closed": Case(
        target=(10,), bids=a16(30),
        terms=BuyerTerms(zones=local(A=8, B=2), paths=(PathLimit("A", "B", (0,)),)),
        awards={"m": (0,), "a": (8,), "b": (2,)}, cost=1600 + 200,
        zone_price={"A": (200,), "B": (100,)}, reasons={"m": BidReason.REJECTED_PATH_LIMIT},
    ),
    "A17 zone limits": Case(
        target=(15,), bids=A17,
        terms=BuyerTerms(zones=(ZoneLimit("Z1", max_reduction_kw=(4000,)), *local(Z3=3))),
        awards={"a": (4,), "c": (9,), "b": (2,)}, cost=240 + 900 + 260,
        price=(130,), zone_price={"Z1": (60,), "Z2": (130,), "Z3": (130,)}, make_whole={},
        reasons={"a": PART, "b": PART, "c": FULL},
    ),
    "zone closed": Case(
        target=(15,), bids=A17, terms=BuyerTerms(zones=(ZoneLimit("Z1", max_reduction_kw=(0,)),)),
        awards={"a": (0,), "c": (9,), "b": (6,)}, cost=900 + 780, price=(130,),
        reasons={"a": BidReason.REJECTED_ZONE_LIMIT, "c": FULL, "b": PART},
    ),
    "A18 committed": Case(  # alone the simple bid would cost 6*95 = 570
        target=(0, 6, 0), bids=(replace(A18_STEPS, run_limits=A18_LIMITS), A18_SIMPLE),
        awards={"d": (0, 6, 0), "s": (0, 0, 0)}, cost=50 + 240, price=(0, 40, 0),
        make_whole={"d": 50}, reasons={"d": WHOLE, "s": DEAR},
    ),
    "A18b committed, two intervals at least": Case(  # t2 would do as well as t0; the earlier goes first
        target=(0, 6, 0),
        bids=(replace(A18_STEPS, run_limits=replace(A18_LIMITS, min_run_intervals=2)), A18_SIMPLE),
        awards={"d": (4, 6, 0), "s": (0, 0, 0)}, cost=50 + 240 + 160, price=(0, 40, 0),
        make_whole={"d": 50 + 160}, reasons={"d": WHOLE, "s": DEAR},
    ),
    "one call, rest and longest run": Case(  # a run of two covers 6 + 6 of t0 and t1; t2 and t3 are left
        target=(6, 6, 6, 6),
        bids=(
            replace(
                steps("d", "6@40", "6@40", "6@40", "6@40"),
                run_limits=RunLimits(max_run_intervals=2, rest_intervals=1, max_calls=1),
            ),
            steps("s", "9@95", "9@90", "9@80", "9@85"),
        ),  # by pairs of intervals d saves 55+50, 50+40 or 40+45 per MW
        awards={"d": (6, 6, 0, 0), "s": (0, 0, 6, 6)}, cost=12 * 40 + 6 * 80 + 6 * 85,
        price=((40, 95), (40, 90), 80, 85), reasons={"s": PART},
    ),
    "rebound profile": Case(  # a MW of p costs 50 + 0.5*100 + 0.25*80 = 120 < 200
        target=(4, 3, 3),
        bids=(
            replace(steps("p", "4@50", "", ""), rebound=ReboundProfile((0.5, 0.25))),
            steps("s", "20@200", "20@100", "20@80"),
        ),
        awards={"p": (4, 0, 0), "s": (0, 5, 4)}, rebound={"p": (0, 2, 1)},
        cost=200 + 500 + 320, price=(120, 100, 80), make_whole={}, reasons={"p": FULL, "s": PART},
    ),
    "energy limit": Case(  # 6 MWh at 20 save 70 in t1, 50 in t2, 30 in t0; the last of t1 could save in t2
        target=(4, 4, 4),
        bids=(
            replace(steps("b", "4@20", "4@20", "4@20"), energy_limit_kwh=6000.0),
            steps("s", "10@50", "10@90", "10@70"),
        ),
        awards={"b": (0, 4, 2), "s": (4, 0, 2)}, cost=120 + 200 + 140, price=(50, 70, 70),
        make_whole={}, reasons={"b": PART, "s": PART},
    ),
    "site limit": Case(  # the site may draw 4 more in t1, and d comes back in full
        target=(6, 0),
        bids=(
            replace(steps("d", "6@50", ""), rebound=ReboundProfile((1.0,))),
            steps("s", "10@200", ""),
        ),
        terms=BuyerTerms(sites=(SiteLimit("site-d", max_rebound_kw=(4000, 4000)),)),
        awards={"d": (4, 0), "s": (2, 0)}, rebound={"d": (0, 4)}, cost=200 + 400, price=(200, 0),
        reasons={"d": PART, "s": PART},
    ),
    "site full": Case(
        target=(6, 0),
        bids=(
            replace(steps("d", "6@50", ""), rebound=ReboundProfile((1.0,))),
            steps("s", "10@200", ""),
        ),
        terms=BuyerTerms(sites=(SiteLimit("site-d", max_rebound_kw=(0, 0)),)),
        awards={"d": (0, 0), "s": (6, 0)}, cost=1200, price=(200, 0),
        reasons={"d": BidReason.REJECTED_SITE_LIMIT, "s": PART},
    ),
    "feeder limit": Case(  # a and b share 5
        target=(7,), bids=(steps("a", "4@20"), steps("b", "4@30"), steps("c", "10@100")),
        terms=BuyerTerms(feeders=(FeederLimit("f", ("site-a", "site-b"), max_reduction_kw=(5000,)),)),
        awards={"a": (4,), "b": (1,), "c": (2,)}, cost=80 + 30 + 200, price=(100,),
        reasons={"a": FULL, "b": PART, "c": PART},
    ),
    "feeder full": Case(
        target=(7,), bids=(steps("a", "4@20"), steps("b", "4@30"), steps("c", "10@100")),
        terms=BuyerTerms(feeders=(FeederLimit("f", ("site-a", "site-b"), max_reduction_kw=(4000,)),)),
        awards={"a": (4,), "b": (0,), "c": (3,)}, cost=80 + 300, price=(100,),
        reasons={"a": FULL, "b": BidReason.REJECTED_FEEDER_LIMIT, "c": PART},
    ),
    "resource limit": Case(  # two bids of one resource, which can reduce 5
        target=(7,),
        bids=(steps("a", "4@20", site="n"), steps("b", "4@30", site="n"), steps("c", "10@100")),
        resource_limit_kw={("n", "load"): 5000},
        awards={"a": (4,), "b": (1,), "c": (2,)}, cost=80 + 30 + 200, price=(100,),
        reasons={"a": FULL, "b": PART, "c": PART},
    ),
    "start ramp": Case(  # at most 4 more than before delivery; the other 2 of t0 are short
        target=(6, 6), bids=(steps("a", "10@50", "10@50"),), terms=BuyerTerms(max_start_ramp_kw=4000),
        awards={"a": (4, 6)}, cost=200 + 2 * 5000 + 300, shortfall=(2, 0),
    ),
    "release ramp": Case(  # 6 may fall to 2 at most, for which t1 pays although it asks for nothing
        target=(6, 0), bids=(steps("a", "10@50", "10@30"),), terms=BuyerTerms(max_release_ramp_kw=4000),
        awards={"a": (6, 2)}, cost=300 + 60, zone_price={"Z1": (50, 30)}, make_whole={},
    ),
    "loss reserve": Case(  # with the two cheapest at 6 it would cost 300 + 360 = 660
        target=(6,), bids=(steps("a", "6@50"), steps("b", "6@60"), steps("c", "6@90")),
        terms=BuyerTerms(has_loss_reserve=True),
        awards={"a": (3,), "b": (3,), "c": (3,)}, cost=3 * (50 + 60 + 90),  # without any one, 6 are left
        price=(100,), make_whole={}, reasons={"a": PART, "b": PART, "c": PART},
    ),  # one MW more takes half a MW more of each: (50 + 60 + 90)/2
    "margin": Case(  # 8 * 1.25 = 10
        target=(8,), bids=(steps("a", "8@50"), steps("b", "8@80")), terms=BuyerTerms(margin_ratio=0.25),
        awards={"a": (8,), "b": (2,)}, cost=400 + 160, price=(80,), reasons={"a": FULL, "b": PART},
    ),
    "two sites at least": Case(  # 8/2 = 4 each
        target=(8,), bids=(steps("a", "10@50"), steps("b", "10@70"), steps("c", "3@60")),
        terms=BuyerTerms(min_site_count=2),
        awards={"a": (4,), "b": (1,), "c": (3,)}, cost=200 + 70 + 180, price=(70,),
        reasons={"a": PART, "b": PART, "c": FULL},
    ),
    "availability": Case(  # a quarter is called: 50+10 = 60, 20+50 = 70, 10+80 = 90 per awarded MWh
        target=(12,),
        bids=(
            replace(steps("a", "6@200"), availability_price_per_kw_h=Decimal("0.01")),
            replace(steps("b", "5@80"), availability_price_per_kw_h=Decimal("0.05")),
            replace(steps("c", "9@40"), availability_price_per_kw_h=Decimal("0.08")),
        ),
        terms=BuyerTerms(activation_ratio=0.25),
        awards={"a": (6,), "b": (5,), "c": (1,)}, cost=360 + 350 + 90, price=(90,), make_whole={},
        reasons={"a": FULL, "b": FULL, "c": PART},
    ),
    "a buyer of more load": Case(  # A11b in the other direction: what comes back is less load
        target=(6, 0, 0), headroom=3, direction=Direction.LOAD_UP,
        bids=(
            replace(
                steps("d", "6@50", "", ""), rebound=Rebound(1.5, 2, 9000.0), direction=Direction.LOAD_UP
            ),
            replace(steps("s", "10@200", "", ""), direction=Direction.LOAD_UP),
        ),
        awards={"d": (4, 0, 0), "s": (2, 0, 0)}, rebound={"d": (0, 3, 3)}, cost=200 + 400,
        price=(200, 100, 100), reasons={"d": PART, "s": PART},
    ),
    "group of steps": Case(  # one of the two: 4*20 + 4*100 = 480, or 8*30 = 240
        target=(8,),
        bids=(
            replace(steps("g1", "4@20", site="n"), exclusive_group="one"),
            replace(steps("g2", "8@30", site="n"), exclusive_group="one"),
            steps("s", "10@100"),
        ),
        awards={"g1": (0,), "g2": (8,), "s": (0,)}, cost=240, price=((30, 100),),
        reasons={"g1": BidReason.REJECTED_GROUP_ALTERNATIVE, "g2": FULL, "s": DEAR},
    ),
    "chilled mass": Case(  # 4 MWh warmer after t0, half of which leaks away before t1 cools the rest
        target=(4,), recovery=1,
        bids=(
            store("mass", StoreOffer(4000, 4000, 0, -4000, 0, 0, Decimal(10), hold_ratio=0.5)),
            steps("s", "10@100"),
        ),
        awards={"mass": (4,), "s": (0,)}, rebound={"mass": (0, 2)}, cost=40, price=((10, 100),),
        make_whole={}, reasons={"s": DEAR},
    ),
    "local target beyond the offer": Case(  # 1 of 3 MW; b serves what is left of 5
        target=(5,), bids=(steps("a", "1@50", zone="A"), steps("b", "9@70", zone="B")),
        terms=BuyerTerms(zones=local(A=3)),
        awards={"a": (1,), "b": (4,)}, cost=50 + 280 + 2 * 5000, shortfall=(0,),
        reasons={"a": FULL, "b": PART},
    ),
}  # fmt: skip


def scaled(bid: Bid, hours: float) -> Bid:
    """The bid for shorter intervals: powers and prices stay, energies and costs once paid shrink."""
    limit_kwh = None if bid.energy_limit_kwh is None else hours * bid.energy_limit_kwh
    once = Decimal(str(hours))
    offer, limits = bid.offer, bid.run_limits
    if isinstance(offer, BlockOffer):
        offer = replace(offer, fixed_cost=once * offer.fixed_cost)
    elif isinstance(offer, StoreOffer):
        offer = replace(
            offer,
            capacity_kwh=hours * offer.capacity_kwh,
            reserve_kwh=hours * offer.reserve_kwh,
            start_kwh=hours * offer.start_kwh,
            end_kwh=hours * offer.end_kwh,
        )
    if limits is not None:
        limits = replace(limits, start_cost=once * limits.start_cost)
    return replace(bid, offer=offer, energy_limit_kwh=limit_kwh, run_limits=limits)


def book_of(case: Case, minutes: int) -> Book:
    """The book of a case, its bids shuffled."""
    entered = [scaled(bid, minutes / 60) for bid in case.bids]
    Random(minutes).shuffle(entered)
    return Book(
        auction_id="known",
        start=NOON,
        step=timedelta(minutes=minutes),
        target_kw=tuple(1000.0 * target for target in case.target),
        recovery_interval_count=case.recovery,
        price_cap_per_mwh=Decimal(5000),
        rebound_headroom_kw=None if case.headroom is None else 1000.0 * case.headroom,
        bids=tuple(entered),
        resource_limit_kw=case.resource_limit_kw,
        direction=case.direction,
        terms=case.terms,
    )


def cleared(
    case: Case, solver: SolverName, minutes: int, uniform_price: UniformPrice = UniformPrice.FIXED_BINARIES
) -> Clearing:
    rules = ClearingRules(
        PayRule.AS_CLEAR, solver=solver, relative_gap=1e-9, time_limit=timedelta(seconds=20),
        uniform_price=uniform_price,
    )  # fmt: skip
    return clear(book_of(case, minutes), rules)


def kw(values: tuple[float, ...]) -> object:
    return pytest.approx(tuple(1000.0 * value for value in values), abs=1e-6)


def supports(found: tuple[Decimal, ...], expected: tuple[Price, ...]) -> bool:
    ends = [price if isinstance(price, tuple) else (price, price) for price in expected]
    return all(low <= price <= high for price, (low, high) in zip(found, ends, strict=False))


each_case = pytest.mark.parametrize("name", CASES)
each_solver = pytest.mark.parametrize("solver", SOLVERS, ids=lambda solver: solver.value)
each_length = pytest.mark.parametrize("minutes", [60, 15])


@each_case
@each_length
def test_trying_everything_finds_the_cost(name: str, minutes: int) -> None:
    case = CASES[name]
    assert brute_force(book_of(case, minutes)).cost == pytest.approx(case.cost * minutes / 60, abs=1e-6)


@each_case
@each_solver
@each_length
def test_the_reference_model_finds_the_known_answer(name: str, solver: SolverName, minutes: int) -> None:
    case = CASES[name]
    answer = solve_reference(book_of(case, minutes), solver=solver, relative_gap=1e-9)
    assert answer.outcome is Outcome.OPTIMAL
    assert answer.objective == pytest.approx(case.cost * minutes / 60, abs=1e-6)
    if name.startswith("A18b"):  # a tie, which the model leaves open
        return
    assert answer.reduction_kw == {bid_id: kw(values) for bid_id, values in case.awards.items()}
    for bid_id, values in case.rebound.items():
        assert answer.rebound_kw[bid_id] == kw(values)
    if case.shortfall is not None:
        assert answer.unserved_kw == kw(case.shortfall)


@each_case
@each_solver
@each_length
def test_the_engine_finds_the_known_answer(name: str, solver: SolverName, minutes: int) -> None:
    case = CASES[name]
    clearing = cleared(case, solver, minutes)
    hours = minutes / 60
    awards = {award.bid_id: award for award in clearing.awards}
    assert clearing.status is ClearingStatus.OPTIMAL
    assert {bid_id: award.reduction_kw for bid_id, award in awards.items()} == {
        bid_id: kw(values) for bid_id, values in case.awards.items()
    }
    for bid_id, values in case.rebound.items():
        assert awards[bid_id].rebound_kw == kw(values)
    assert float(clearing.objective) == pytest.approx(case.cost * hours, abs=1e-6)
    if case.shortfall is not None:
        assert clearing.shortfall_kw == kw(case.shortfall)
    if case.price is not None:
        assert supports(clearing.price_per_mwh, case.price), clearing.price_per_mwh
    by_zone = {zone.zone: zone.price_per_mwh for zone in clearing.zone_prices}
    for zone, prices in case.zone_price.items():
        assert supports(by_zone[zone], prices), by_zone
    if case.make_whole is not None:
        assert {bid_id: float(amount) for bid_id, amount in clearing.made_whole.items()} == pytest.approx(
            {bid_id: amount * hours for bid_id, amount in case.make_whole.items()}
        )
    assert case.reasons == {bid_id: awards[bid_id].reason for bid_id in case.reasons}
    assert clearing.bound is not None
    assert clearing.bound <= clearing.objective
    assert clearing.gap_ratio == pytest.approx(0.0, abs=1e-6)


@each_solver
@each_length
def test_a_margin_shows_its_cost(solver: SolverName, minutes: int) -> None:
    clearing = cleared(CASES["margin"], solver, minutes)
    assert clearing.margin_kw == kw((2,))
    assert clearing.margin_cost is not None
    assert float(clearing.margin_cost) == pytest.approx(2 * 80 * minutes / 60)


@each_solver
def test_a_local_shortfall_is_named(solver: SolverName) -> None:
    clearing = cleared(CASES["local target beyond the offer"], solver, 60)
    assert dict(clearing.local_shortfall_kw)["A"] == kw((2,))


A6 = (steps("a", "4@60"), steps("c", "10@140"), block("block", 8, 90, ratio=0.75))
A7 = (steps("a", "5@50"), steps("c", "5@120"), block("block", 6, 100))


@dataclass(frozen=True)
class HullCase:
    """A book, its convex-hull price, who is made whole at it, and what all could have gained more."""

    target: float
    bids: tuple[Bid, ...]
    price: Price
    make_whole: Mapping[str, float]
    lost: float
    terms: BuyerTerms = ANY_TERMS


HULL_CASES = {
    "A6a": HullCase(11, A6, 90, {}, 0),
    "A6b": HullCase(9, A6, 90, {}, 1 * (90 - 60)),  # a serves 3 of its 4
    "A7": HullCase(6, A7, 100, {"c": 1 * (120 - 100)}, 0),  # the block forgoes nothing at its own price
    "A8": HullCase(10, A7, 100, {}, 1 * (100 - 50)),  # a serves 4 of its 5
    "A9": HullCase(5, (block("block", 5, 60, fixed=100), steps("c", "9@95")), (80, 95), {}, 0),
    # e is charged 20 for each MWh that it takes and asks 30: 2*(20 + 30).
    "A10": HullCase(4, A10, 20, {"e": 100}, 0, EQUAL),
}


@pytest.mark.parametrize("name", HULL_CASES)
@each_solver
@each_length
def test_convex_hull_prices(name: str, solver: SolverName, minutes: int) -> None:
    hull = HULL_CASES[name]
    case = Case((hull.target,), hull.bids, {}, 0, terms=hull.terms)
    clearing = cleared(case, solver, minutes, UniformPrice.CONVEX_HULL)
    hours = minutes / 60
    assert supports(clearing.price_per_mwh, (hull.price,)), clearing.price_per_mwh
    assert {bid_id: float(amount) for bid_id, amount in clearing.made_whole.items()} == pytest.approx(
        {bid_id: amount * hours for bid_id, amount in hull.make_whole.items()}
    )
    assert clearing.lost_opportunity is not None
    assert float(clearing.lost_opportunity) == pytest.approx(hull.lost * hours, abs=1e-6)


@each_solver
def test_a7_forgoes_its_surplus_at_the_price_of_fixed_blocks(solver: SolverName) -> None:
    clearing = cleared(Case((6,), A7, {}, 0), solver, 60)
    assert clearing.lost_opportunity is not None
    assert float(clearing.lost_opportunity) == pytest.approx(6 * (120 - 100))
