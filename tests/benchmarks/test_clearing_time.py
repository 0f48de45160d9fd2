"""Clearing, as a ratio to sorting the same steps into merit order."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from vpp.auction.bid import Bid, BlockOffer, PriceStep, StepOffer
from vpp.auction.book import Book
from vpp.auction.clearing import clear
from vpp.auction.rules import ClearingRules
from vpp.foundation.clock import stopwatch_s
from vpp.portfolio.product import PayRule
from vpp.solver.report import SolverName

START = datetime(2026, 3, 2, 17, tzinfo=UTC)


def mixed_book(bid_count: int, interval_count: int) -> Book:
    random = Random(7)
    bids = []
    for n in range(bid_count):
        kw, price = float(random.randrange(50, 500, 10)), Decimal(random.randrange(40, 400))
        offer: StepOffer | BlockOffer = StepOffer(steps=((PriceStep(kw, price),),) * interval_count)
        if n % 3 == 0:
            offer = BlockOffer((kw,) * interval_count, price, Decimal(0), random.choice([0.5, 1.0]))
        bids.append(
            Bid(
                bid_id=f"bid-{n}",
                site_id=f"site-{n}",
                resource_id="battery",
                zone="north",
                submitted_at=START - timedelta(days=1, seconds=n),
                delivery_ratio=1.0,
                offer=offer,
                energy_limit_kwh=None,
                rebound=None,
                exclusive_group=None,
                parent_bid_id=None,
            )
        )
    limits = {(bid.site_id, bid.resource_id): 500.0 for bid in bids}
    target = (bid_count * 100.0,) * interval_count
    return Book("evening", START, timedelta(minutes=15), target, 0, Decimal(3000), None, tuple(bids), limits)


def merit_order_s(book: Book) -> float:
    """Sort every step by price and walk up to the target, interval by interval."""
    began = stopwatch_s()
    for n, target_kw in enumerate(book.target_kw):
        steps = sorted(
            (float(step.price_per_mwh), step.reduction_kw)
            for bid in book.bids
            if isinstance(bid.offer, StepOffer)
            for step in bid.offer.steps[n]
        )
        left_kw = target_kw
        for _, kw in steps:
            left_kw -= min(left_kw, kw)
    return stopwatch_s() - began


@pytest.mark.parametrize("solver", list(SolverName))
@pytest.mark.parametrize(("bid_count", "interval_count"), [(100, 8), (300, 8), (100, 24)])
def test_clearing_against_merit_order(
    benchmark: BenchmarkFixture, solver: SolverName, bid_count: int, interval_count: int
) -> None:
    book = mixed_book(bid_count, interval_count)
    rules = ClearingRules(PayRule.AS_CLEAR, None, solver, timedelta(seconds=30), 1e-4)
    clearing = benchmark.pedantic(clear, (book, rules), rounds=3, warmup_rounds=1)
    floor = min(merit_order_s(book) for _ in range(5))
    ours = benchmark.stats.stats.median
    print(
        f"\n{solver.value}: {bid_count} bids x {interval_count}: {ours * 1e3:.0f} ms, "
        f"{ours / floor:.0f} times "
        f"merit order's {floor * 1e3:.2f} ms; gap {clearing.gap_ratio}"
    )
