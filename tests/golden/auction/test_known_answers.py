"""Auction books small enough to solve by hand, with both solvers, shuffled, at 60 and 15 minutes.

Quantities are MW times 1000, prices per MWh, one zone, delivery ratio 1 unless stated. Costs are
for intervals of one hour; at 15 minutes energy, and so every cost, is a quarter, and prices stay.
Fixed costs are scaled along.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import permutations, product
from random import Random

import pytest

from vpp.auction.bid import Bid, BlockOffer, PriceStep, Rebound, StepOffer
from vpp.auction.book import Book
from vpp.auction.clearing import clear
from vpp.auction.result import BidReason, Clearing, ClearingStatus, PriceBranch
from vpp.auction.rules import ClearingRules
from vpp.portfolio.money_rules import PayRule
from vpp.solver.report import SolverName

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
CAP = Decimal(5000)
FULL, PART, LOW, WHOLE = (
    BidReason.ACCEPTED_IN_FULL,
    BidReason.ACCEPTED_IN_PART,
    BidReason.ACCEPTED_AT_MINIMUM_RATIO,
    BidReason.ACCEPTED_WITH_MAKE_WHOLE,
)
DEAR, ODD, TIE = (
    BidReason.REJECTED_PRICE_ABOVE_CLEARING,
    BidReason.REJECTED_INDIVISIBLE,
    BidReason.REJECTED_TIE_LOST,
)
IDLE = BidReason.REJECTED_NOT_NEEDED  # at the margin: it would serve no cheaper
GROUP = BidReason.REJECTED_GROUP_ALTERNATIVE


def simple(
    bid_id: str, *offers: str, ratio: float = 1.0, minute: int = 0, rebound: Rebound | None = None
) -> Bid:
    """A bid of one step per interval, each written quantity@price, or empty for no offer."""
    steps = []
    for offer in offers:
        quantity, _, price = offer.partition("@")
        steps.append((PriceStep(1000 * float(quantity), Decimal(price)),) if offer else ())
    at = NOON + timedelta(minutes=minute)
    return Bid(bid_id, f"site-{bid_id}", "load", "Z1", at, ratio, StepOffer(tuple(steps)), rebound=rebound)


@dataclass(frozen=True)
class Block:
    bid_id: str
    profile: tuple[float, ...]
    price: int
    ratio: float = 1.0
    fixed: int = 0
    parent: str | None = None
    group: str | None = None

    def bid(self, hours: Decimal) -> Bid:
        offer = BlockOffer(
            tuple(1000.0 * change for change in self.profile),
            Decimal(self.price),
            self.fixed * hours,
            self.ratio,
        )
        return Bid(
            self.bid_id, "site-block", "load", "Z1", NOON, 1.0, offer,
            exclusive_group=self.group, parent_bid_id=self.parent,
        )  # fmt: skip


@dataclass(frozen=True)
class Case:
    """A book in MW and what must come out of it, per hour-long interval."""

    target: tuple[float, ...]
    bids: tuple[Bid | Block, ...]
    awards: Mapping[str, tuple[float, ...]]
    cost: float
    price: tuple[float, ...]
    reasons: Mapping[str, BidReason]
    make_whole: Mapping[str, float] = field(default_factory=dict)
    branch: tuple[PriceBranch, ...] | None = None
    shortfall: tuple[float, ...] | None = None
    rebound: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    recovery: int = 0
    headroom: float | None = None


A = simple("a", "6@80")
B = simple("b", "5@110")
C = simple("c", "9@150")
A6 = (simple("a", "4@60"), simple("c", "10@140"), Block("block", (8,), 90, ratio=0.75))
A7 = (simple("a", "5@50"), simple("c", "5@120"), Block("block", (6,), 100))
A5 = (simple("a", "10@96", ratio=0.8), simple("b", "10@115"), simple("c", "10@90", ratio=0.6))
A14 = (
    Block("parent", (8, 0), 150),
    Block("child", (0, 12), 60, parent="parent"),
    simple("s", "20@120", "20@110"),
)
A15 = (
    Block("start-0", (5, -3, 0), 70, group="starts"),
    Block("start-1", (0, 5, -3), 80, group="starts"),
    Block("start-2", (0, 0, 5), 60, group="starts"),
    simple("s", "20@130", "20@170", "20@90"),
)
DEFERRABLE = Rebound(ratio=1.5, window_intervals=2, max_return_kw=9000.0)

CASES = {
    "A1 merit order": Case(
        target=(12,), bids=(A, B, C), awards={"a": (6,), "b": (5,), "c": (1,)},
        cost=480 + 550 + 150, price=(150,), reasons={"a": FULL, "b": FULL, "c": PART},
        branch=(PriceBranch.MARGINAL,),
    ),
    "A2 boundary, the lowest supporting price": Case(
        target=(11,), bids=(A, B, C), awards={"a": (6,), "b": (5,), "c": (0,)},
        cost=480 + 550, price=(110,), reasons={"a": FULL, "b": FULL, "c": DEAR},
    ),
    "A3 tie, earlier submission": Case(
        target=(8,), bids=(simple("a", "4@70"), simple("b1", "6@100"), simple("b2", "6@100", minute=1)),
        awards={"a": (4,), "b1": (4,), "b2": (0,)}, cost=280 + 400, price=(100,),
        reasons={"a": FULL, "b1": PART, "b2": TIE},
    ),
    "A3 tie, times swapped": Case(
        target=(8,), bids=(simple("a", "4@70"), simple("b1", "6@100", minute=1), simple("b2", "6@100")),
        awards={"a": (4,), "b1": (0,), "b2": (4,)}, cost=280 + 400, price=(100,),
        reasons={"a": FULL, "b1": TIE, "b2": PART},
    ),
    "A3 tie, names decide": Case(
        target=(8,), bids=(simple("a", "4@70"), simple("b1", "6@100"), simple("b2", "6@100")),
        awards={"a": (4,), "b1": (4,), "b2": (0,)}, cost=280 + 400, price=(100,),
        reasons={"a": FULL, "b1": PART, "b2": TIE},
    ),
    "A4 target beyond the offer": Case(
        target=(20,), bids=(A, B), awards={"a": (6,), "b": (5,)}, cost=480 + 550 + 9 * 5000, price=(5000,),
        reasons={"a": FULL, "b": FULL}, shortfall=(9,), branch=(PriceBranch.SHORTAGE,),
    ),
    "A5 derate, boundary": Case(  # per reliable MWh: 96/0.8 = 120, 115, 90/0.6 = 150
        target=(10,), bids=A5, awards={"a": (0,), "b": (10,), "c": (0,)}, cost=1150, price=(115,),
        reasons={"a": DEAR, "b": FULL, "c": DEAR},
    ),
    "A5b derate": Case(  # 2.5 MW of a count as 2
        target=(12,), bids=A5, awards={"a": (2.5,), "b": (10,), "c": (0,)}, cost=1150 + 240, price=(120,),
        reasons={"a": PART, "b": FULL, "c": DEAR},
    ),
    "A6a minimum ratio, inside": Case(
        target=(11,), bids=A6, awards={"a": (4,), "block": (7,), "c": (0,)}, cost=240 + 630, price=(90,),
        reasons={"a": FULL, "block": PART, "c": DEAR},
    ),
    "A6b minimum ratio, binding": Case(  # without the block 4*60 + 5*140 = 940
        target=(9,), bids=A6, awards={"a": (3,), "block": (6,), "c": (0,)}, cost=180 + 540, price=(60,),
        make_whole={"block": 6 * (90 - 60)}, reasons={"a": PART, "block": WHOLE, "c": DEAR},
        branch=(PriceBranch.MARGINAL,),
    ),
    "A7 paradoxical rejection": Case(  # with the block 600
        target=(6,), bids=A7, awards={"a": (5,), "block": (0,), "c": (1,)}, cost=250 + 120, price=(120,),
        reasons={"a": FULL, "block": ODD, "c": PART},
    ),
    "A8 make-whole": Case(  # without the block 5*50 + 5*120 = 850
        target=(10,), bids=A7, awards={"a": (4,), "block": (6,), "c": (0,)}, cost=600 + 200, price=(50,),
        make_whole={"block": 6 * (100 - 50)}, reasons={"a": PART, "block": WHOLE, "c": DEAR},
    ),
    "A9 block alone, hull price": Case(  # raw duals may be anything in [0, 95]; 400/5 = 80
        target=(5,), bids=(Block("block", (5,), 60, fixed=100), simple("c", "9@95")),
        awards={"block": (5,), "c": (0,)}, cost=300 + 100, price=(80,), reasons={"block": FULL, "c": DEAR},
        branch=(PriceBranch.HULL,),
    ),
    "A9 with a fixed cost of 200": Case(  # 500 > 475
        target=(5,), bids=(Block("block", (5,), 60, fixed=200), simple("c", "9@95")),
        awards={"block": (0,), "c": (5,)}, cost=475, price=(95,), reasons={"block": DEAR, "c": PART},
        branch=(PriceBranch.MARGINAL,),
    ),
    "A11 rebound headroom": Case(  # 9 MWh return as 4.5 + 4.5
        target=(6,), recovery=2, headroom=4.5,
        bids=(simple("d", "6@50", rebound=DEFERRABLE), simple("s", "10@200")),
        awards={"d": (6,), "s": (0,)}, cost=300, price=(50,), reasons={"d": FULL, "s": DEAR},
        rebound={"d": (0, 4.5, 4.5)},
    ),
    "A11 with the recovery inside the delivery": Case(
        target=(6, 0, 0), headroom=4.5,
        bids=(simple("d", "6@50", "", "", rebound=DEFERRABLE), simple("s", "10@200", "", "")),
        awards={"d": (6, 0, 0), "s": (0, 0, 0)}, cost=300, price=(50, 0, 0), reasons={"d": FULL, "s": DEAR},
        rebound={"d": (0, 4.5, 4.5)},
        branch=(PriceBranch.MARGINAL, PriceBranch.NO_TARGET, PriceBranch.NO_TARGET),
    ),
    "A11b rebound headroom, binding": Case(  # only 6 MWh can return: 6/1.5 = 4 MW deferred
        target=(6,), recovery=2, headroom=3,
        bids=(simple("d", "6@50", rebound=DEFERRABLE), simple("s", "10@200")),
        awards={"d": (4,), "s": (2,)}, cost=200 + 400, price=(200,), reasons={"d": PART, "s": PART},
        rebound={"d": (0, 3, 3)},
    ),
    "A11b with the recovery inside the delivery": Case(  # each headroom row is worth (200 - 50)/1.5
        target=(6, 0, 0), headroom=3,
        bids=(simple("d", "6@50", "", "", rebound=DEFERRABLE), simple("s", "10@200", "", "")),
        awards={"d": (4, 0, 0), "s": (2, 0, 0)}, cost=200 + 400, price=(200, 100, 100),
        reasons={"d": PART, "s": PART}, rebound={"d": (0, 3, 3)},
    ),
    "A14 link": Case(  # neither 2280, parent alone 2520, child alone (forbidden) 1680
        target=(8, 12), bids=A14, awards={"parent": (8, 0), "child": (0, 12), "s": (0, 0)},
        cost=1200 + 720, price=(75, 110),  # hull: 150 - 12/8 * (110 - 60) = 75
        reasons={"parent": FULL, "child": FULL, "s": IDLE}, branch=(PriceBranch.HULL, PriceBranch.HULL),
    ),
    "A15 group with rebound": Case(  # none 2850, start 0 3060, start 2 2700
        target=(6, 9, 6), bids=A15,
        awards={"start-0": (0, 0, 0), "start-1": (0, 5, 0), "start-2": (0, 0, 0), "s": (6, 4, 9)},
        cost=780 + 400 + 4 * 170 + (6 + 3) * 90, price=(130, 170, 90), rebound={"start-1": (0, 0, 3)},
        reasons={"start-0": GROUP, "start-1": FULL, "start-2": GROUP, "s": PART},
    ),
}  # fmt: skip


def book_of(case: Case, minutes: int, random: Random | None = None) -> Book:
    hours = Decimal(minutes) / 60
    bids = [bid.bid(hours) if isinstance(bid, Block) else bid for bid in case.bids]
    if random is not None:
        random.shuffle(bids)
    return Book(
        auction_id="known",
        start=NOON,
        step=timedelta(minutes=minutes),
        target_kw=tuple(1000.0 * target for target in case.target),
        recovery_interval_count=case.recovery,
        price_cap_per_mwh=CAP,
        rebound_headroom_kw=None if case.headroom is None else 1000.0 * case.headroom,
        bids=tuple(bids),
    )


def uniform(solver: SolverName, pay_rule: PayRule = PayRule.AS_CLEAR) -> ClearingRules:
    return ClearingRules(pay_rule, solver=solver, relative_gap=1e-9, time_limit=timedelta(seconds=20))


def kw(values: tuple[float, ...]) -> tuple[float, ...]:
    return tuple(1000.0 * value for value in values)


SOLVERS = list(SolverName)


@pytest.mark.parametrize("minutes", [60, 15])
@pytest.mark.parametrize("solver", SOLVERS, ids=lambda solver: solver.value)
@pytest.mark.parametrize("name", CASES)
def test_known_answer(name: str, solver: SolverName, minutes: int) -> None:
    case = CASES[name]
    clearing = clear(book_of(case, minutes, Random(minutes)), uniform(solver))
    hours = minutes / 60
    awards = {award.bid_id: award for award in clearing.awards}
    assert clearing.status is ClearingStatus.OPTIMAL
    assert {bid_id: award.reduction_kw for bid_id, award in awards.items()} == {
        bid_id: pytest.approx(kw(values), abs=1e-6) for bid_id, values in case.awards.items()
    }
    assert float(clearing.objective) == pytest.approx(case.cost * hours, abs=1e-6)
    assert clearing.price_per_mwh == tuple(Decimal(price) for price in case.price)
    assert {bid_id: float(amount) for bid_id, amount in clearing.made_whole.items()} == pytest.approx(
        {bid_id: amount * hours for bid_id, amount in case.make_whole.items()}
    )
    assert clearing.shortfall_kw == pytest.approx(kw(case.shortfall or (0.0,) * len(case.target)))
    assert {bid_id: award.reason for bid_id, award in awards.items()} == case.reasons
    if case.branch is not None:
        assert clearing.price_rule == case.branch
    for bid_id, values in case.rebound.items():
        assert awards[bid_id].rebound_kw == pytest.approx(kw(values), abs=1e-6)
    assert clearing.bound is not None
    assert clearing.bound <= clearing.objective
    assert clearing.gap_ratio == pytest.approx(0.0, abs=1e-6)


@pytest.mark.parametrize("name", CASES)
def test_every_order_and_both_solvers_give_the_same_document(name: str) -> None:
    book = book_of(CASES[name], 60)
    orders = list(permutations(book.bids))[::7] or [book.bids]
    results = set()
    for solver, bids in product(SOLVERS, orders[:3]):
        clearing = clear(
            Book(
                book.auction_id, book.start, book.step, book.target_kw, book.recovery_interval_count,
                book.price_cap_per_mwh, book.rebound_headroom_kw, bids,
            ),
            uniform(solver),
        )  # fmt: skip
        results.add((clearing.awards, clearing.price_per_mwh, clearing.price_rule, clearing.objective))
    assert len(results) == 1


def cleared(name: str, pay_rule: PayRule = PayRule.AS_CLEAR, fixed: Decimal | None = None) -> Clearing:
    return clear(book_of(CASES[name], 60), ClearingRules(pay_rule, fixed))


def paid(clearing: Clearing, bid_id: str) -> Decimal:
    award = next(award for award in clearing.awards if award.bid_id == bid_id)
    energy = zip(award.reduction_kw, award.price_per_mwh, strict=True)
    return sum((Decimal(kw) / 1000 * price for kw, price in energy), award.make_whole)


def test_a5b_pays_per_reliable_mwh() -> None:
    clearing = cleared("A5b derate")
    assert paid(clearing, "a") == 240  # 2.5 * 0.8 * 120, its own cost of 2.5 * 96
    assert paid(clearing, "b") == 1200


def test_a7_names_the_surplus_forgone() -> None:
    clearing = cleared("A7 paradoxical rejection")
    assert clearing.paradoxically_rejected == ("block",)
    block = next(award for award in clearing.awards if award.bid_id == "block")
    assert "120" in block.detail  # 6 * (120 - 100)


def test_a8_pays_the_total_of_its_cost() -> None:
    clearing = cleared("A8 make-whole")
    assert sum(paid(clearing, award.bid_id) for award in clearing.awards) == 800  # 10 * 50 + 300


def test_a14_judges_the_family_together() -> None:
    clearing = cleared("A14 link")
    assert paid(clearing, "parent") == 8 * 75  # alone it would lose 600
    assert paid(clearing, "child") == 12 * 110
    assert clearing.made_whole == {}


@pytest.mark.parametrize("name", CASES)
def test_pay_as_bid_pays_the_objective_less_the_shortage(name: str) -> None:
    clearing = cleared(name, PayRule.AS_BID)
    short = sum(Decimal(kw) for kw in clearing.shortfall_kw) / 1000 * CAP
    assert sum(paid(clearing, award.bid_id) for award in clearing.awards) == clearing.objective - short
    assert BidReason.ACCEPTED_WITH_MAKE_WHOLE not in {award.reason for award in clearing.awards}


def test_a4_pays_the_bidders_what_they_asked_for_even_when_short() -> None:
    clearing = cleared("A4 target beyond the offer", PayRule.AS_BID)
    assert sum(paid(clearing, award.bid_id) for award in clearing.awards) == 1030


def test_a_fixed_price_buys_only_what_asks_for_no_more() -> None:
    clearing = cleared("A1 merit order", PayRule.FIXED, Decimal(110))
    assert [award.reduction_kw for award in clearing.awards] == [(6000.0,), (5000.0,), (0.0,)]
    assert clearing.shortfall_kw == (1000.0,)
    assert clearing.price_per_mwh == (Decimal(110),)
    assert clearing.price_rule == (PriceBranch.FIXED,)
    assert paid(clearing, "a") == 660
    assert clearing.awards[2].reason is DEAR
    assert "150" in clearing.awards[2].detail
