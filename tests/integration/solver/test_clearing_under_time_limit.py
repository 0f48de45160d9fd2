"""A clearing whose time runs out still has an answer, and says which one it is."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random

import pytest

from vpp.auction.bid import Bid, BlockOffer, PriceStep, Rebound, StepOffer
from vpp.auction.book import Book
from vpp.auction.clearing import clear
from vpp.auction.result import BidReason, ClearingStatus, PriceBranch
from vpp.auction.rules import ClearingRules
from vpp.portfolio.money_rules import PayRule
from vpp.solver.report import SolverName

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
ONE_SECOND = timedelta(seconds=1)


def book(bids: list[Bid], target_kw: tuple[float, ...], recovery: int, headroom_kw: float | None) -> Book:
    step, cap = timedelta(minutes=15), Decimal(3000)
    return Book("hard", NOON, step, target_kw, recovery, cap, headroom_kw, tuple(bids))


def too_many_rebounds() -> Book:
    """A linear relaxation that GLPK does not finish in a second."""
    random = Random(1)
    bids = [
        Bid(
            bid_id=f"rebound-{n:03d}",
            site_id=f"site-{n}",
            resource_id="load",
            zone="Z1",
            submitted_at=NOON,
            delivery_ratio=1.0,
            offer=StepOffer(
                tuple(
                    (PriceStep(float(random.randrange(100, 800)), Decimal(random.randrange(30, 200))),)
                    for _ in range(48)
                )
            ),
            rebound=Rebound(1.1, 6, 500.0),
        )
        for n in range(300)
    ]
    whole = BlockOffer((1000.0,) * 48, Decimal(90))
    simple = StepOffer(((PriceStep(500.0, Decimal(100)),),) * 48)
    bids.append(Bid("block", "site-b", "load", "Z1", NOON, 1.0, whole))
    bids.append(Bid("simple", "site-s", "load", "Z1", NOON, 1.0, simple))
    target_kw = tuple(300.0 * random.randrange(50, 150) for _ in range(48))
    return book(bids, target_kw, recovery=12, headroom_kw=12_000.0)


def market_split() -> Book:
    """Indivisible blocks of one price: solutions are easy to find and hard to prove best."""
    random = Random(1)
    profiles = [tuple(float(random.randrange(20, 100)) for _ in range(6)) for _ in range(60)]
    bids = [
        Bid(f"block-{n:02d}", f"site-{n}", "load", "Z1", NOON, 1.0, BlockOffer(profile, Decimal(100)))
        for n, profile in enumerate(profiles)
    ]
    simple = StepOffer(((PriceStep(5000.0, Decimal(900)),),) * 6)
    bids.append(Bid("simple", "site-s", "load", "Z1", NOON, 1.0, simple))
    target_kw = tuple(float(sum(profile[t] for profile in profiles) // 2) for t in range(6))
    return book(bids, target_kw, recovery=0, headroom_kw=None)


def test_without_a_solution_in_time_the_merit_order_stands() -> None:
    clearing = clear(
        too_many_rebounds(), ClearingRules(PayRule.AS_CLEAR, solver=SolverName.GLPK, time_limit=ONE_SECOND)
    )
    assert clearing.status is ClearingStatus.FALLBACK
    assert set(clearing.price_rule) == {PriceBranch.HIGHEST_ACCEPTED}
    reasons = {award.bid_id: award.reason for award in clearing.awards}
    assert reasons["simple"] is BidReason.ACCEPTED_IN_FULL
    assert reasons["block"] is BidReason.ACCEPTED_IN_FULL
    assert reasons["rebound-000"] is BidReason.REJECTED_LEFT_OUT_OF_FALLBACK
    assert set(clearing.price_per_mwh) == {Decimal(100)}
    assert all(short_kw > 0 for short_kw in clearing.shortfall_kw)
    assert clearing.solver.wall_s < 20.0


@pytest.mark.parametrize("solver", list(SolverName), ids=lambda solver: solver.value)
def test_a_search_cut_short_keeps_its_best_and_tells_the_gap(solver: SolverName) -> None:
    rules = ClearingRules(PayRule.AS_CLEAR, solver=solver, time_limit=ONE_SECOND, relative_gap=0.0)
    clearing = clear(market_split(), rules)
    assert clearing.status is ClearingStatus.FEASIBLE
    assert clearing.bound is not None
    assert clearing.gap_ratio is not None
    assert clearing.bound < clearing.objective
    assert 0.0 < clearing.gap_ratio < 0.2
    assert sum(clearing.shortfall_kw) == 0.0
