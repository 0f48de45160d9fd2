"""A book with one bid of each kind, and its clearing by hand; every figure can be added up.

Counted, kW:         12:00                       13:00                        14:00 (recovery)
  steps-a            600                         200
  block-b            300                         300                          -100
  defer-d  0.8 x 125 = 100                       -125
  target            1000 = 600 + 300 + 100       500, served 375
  with its margin   1050, short 50               525, short 150
"""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from vpp.auction.bid import (
    Bid,
    BlockOffer,
    Migration,
    Offer,
    PriceStep,
    Rebound,
    RunLimits,
    StepOffer,
    StoreOffer,
)
from vpp.auction.book import Book
from vpp.auction.book_json import book_to_document
from vpp.auction.result import (
    Award,
    BidReason,
    Clearing,
    ClearingMethod,
    ClearingStatus,
    PriceBranch,
    SolverRun,
    ZonePrice,
)
from vpp.cli.main import main
from vpp.foundation.direction import Direction
from vpp.portfolio.money_rules import PayRule
from vpp.solver.report import SolverName

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
ZERO = Decimal(0)
CAP = Decimal(3000)


def steps(*offered: tuple[float, int]) -> StepOffer:
    """Offer one step in each interval: power in kW, price per MWh."""
    return StepOffer(tuple((PriceStep(kw, Decimal(price)),) for kw, price in offered))


def bid(bid_id: str, offer: Offer, zone: str = "z1") -> Bid:
    return Bid(bid_id, f"site-{bid_id}", "plant", zone, NOON, 1.0, offer)


@pytest.fixture
def book() -> Book:
    defer = replace(
        bid("defer-d", steps((250.0, 70), (250.0, 70))), delivery_ratio=0.8, rebound=Rebound(1.0, 2, 300.0)
    )
    return Book(
        auction_id="noon",
        start=NOON,
        step=HOUR,
        target_kw=(1000.0, 500.0),
        recovery_interval_count=1,
        price_cap_per_mwh=CAP,
        rebound_headroom_kw=None,
        bids=(
            bid("steps-a", steps((600.0, 80), (200.0, 80))),
            bid("block-b", BlockOffer((300.0, 300.0, -100.0), Decimal(90), Decimal(30), 0.5)),
            bid("store-c", StoreOffer(200.0, 100.0, 400.0, 0.0, 200.0, 200.0, Decimal(100)), "z2"),
            defer,
            replace(bid("run-e", steps((100.0, 95), (100.0, 95))), run_limits=RunLimits(min_level_kw=50.0)),
            replace(bid("move-f", steps((80.0, 60), (80.0, 60))), migration=Migration("z2", 1.1)),
            replace(bid("up-g", steps((50.0, 10), (50.0, 10))), direction=Direction.LOAD_UP),
        ),
        currency="GBP",
    )


def award(one: Bid, reduction_kw: tuple[float, float], rebound_kw: tuple[float, float, float]) -> Award:
    """Award at the prices of the fixture; whoever gets nothing asks too much."""
    is_taken = any(reduction_kw)
    prices = (Decimal(140), CAP)
    return Award(
        bid_id=one.bid_id,
        site_id=one.site_id,
        resource_id=one.resource_id,
        reduction_kw=reduction_kw,
        rebound_kw=rebound_kw,
        price_per_mwh=tuple(price if kw else ZERO for kw, price in zip(reduction_kw, prices, strict=True)),
        make_whole=ZERO,
        reason=BidReason.ACCEPTED_IN_PART if is_taken else BidReason.REJECTED_PRICE_ABOVE_CLEARING,
        detail="sold what fitted" if is_taken else "asks 150, the price is 140",
        delivery_ratio=one.delivery_ratio,
        figures=()
        if is_taken
        else (("asked_price_per_mwh", 150.0), ("offered_kw", 1250.0), ("interval", 1.0)),
        winning_price_per_mwh=None if is_taken else Decimal(140),
        zone=one.zone,
    )


@pytest.fixture
def clearing(book: Book) -> Clearing:
    taken = {
        "steps-a": ((600.0, 200.0), (0.0, 0.0, 0.0)),
        "block-b": ((300.0, 300.0), (0.0, 0.0, 100.0)),
        "defer-d": ((125.0, 0.0), (0.0, 125.0, 0.0)),
    }
    nothing = ((0.0, 0.0), (0.0, 0.0, 0.0))
    awards = [award(one, *taken.get(one.bid_id, nothing)) for one in book.bids]
    awards = [replace(one, make_whole=Decimal(5)) if one.bid_id == "block-b" else one for one in awards]
    awards = [
        replace(one, reason=BidReason.REJECTED_INDIVISIBLE) if one.bid_id == "run-e" else one
        for one in awards
    ]
    return Clearing(
        auction_id="noon",
        start=NOON,
        step=HOUR,
        pay_rule=PayRule.AS_CLEAR,
        target_kw=book.target_kw,
        awards=tuple(sorted(awards, key=lambda one: one.bid_id)),
        price_per_mwh=(Decimal(140), CAP),
        price_rule=(PriceBranch.MARGINAL, PriceBranch.SHORTAGE),
        shortfall_kw=(50.0, 150.0),
        objective=Decimal("531.75"),
        bound=Decimal("531.00"),
        gap_ratio=0.00141,
        status=ClearingStatus.FEASIBLE,
        solver=SolverRun(SolverName.HIGHS, "1.11.0", 0.25, 0.01, 0.2, 0.01, 0.02, 0.01),
        input_hash="0" * 64,
        currency="GBP",
        method=ClearingMethod.ROUNDED,
        zone_prices=(
            ZonePrice("z1", (Decimal(140), CAP, ZERO)),
            ZonePrice("z2", (Decimal(120), CAP, Decimal(-5))),
        ),
        margin_kw=(50.0, 25.0),
        margin_cost=Decimal("7.50"),
    )


@pytest.fixture
def simple_book(tmp_path: Path) -> Path:
    """A file with a book of three divisible steps for 1200 kW: the dearest sets the price, 150."""
    offers = {"bid-a": (600.0, 80), "bid-b": (500.0, 110), "bid-c": (900.0, 150)}
    bids = tuple(bid(bid_id, steps(offered)) for bid_id, offered in offers.items())
    book = Book("evening", NOON, HOUR, (1200.0,), 0, CAP, None, bids, currency="GBP")
    path = tmp_path / "book.json"
    path.write_text(json.dumps(book_to_document(book)))
    return path


@pytest.fixture
def vpp(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., tuple[int, str, str]]:
    """Run the command as the console script does; returns exit code, output and errors."""
    monkeypatch.setenv("COLUMNS", "200")

    def run(*arguments: object) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as end:
            main([str(argument) for argument in arguments])
        output = capsys.readouterr()
        code = end.value.code
        assert code is None or isinstance(code, int)
        return code or 0, output.out, output.err

    return run
