"""A fixed price buys only the steps it pays for, and a bid of which some remain is accepted in part."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from vpp.auction.bid import Bid, BlockOffer, PriceStep, StepOffer
from vpp.auction.book import Book
from vpp.auction.clearing import clear
from vpp.auction.generated_book import BookMix, generate_book
from vpp.auction.result import BidReason
from vpp.auction.rules import ClearingRules
from vpp.auction.verification import findings
from vpp.portfolio.money_rules import PayRule
from vpp.solver.report import SolverName

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
AT_SIXTY = ClearingRules(PayRule.FIXED, fixed_price_per_mwh=Decimal(60), relative_gap=1e-9)


def bid(bid_id: str, *steps: tuple[float, int]) -> Bid:
    offer = StepOffer((tuple(PriceStep(kw, Decimal(price)) for kw, price in steps),))
    return Bid(bid_id, f"site-{bid_id}", "load", "Z1", NOON, 1.0, offer)


@pytest.mark.parametrize("solver", SolverName)
def test_steps_above_the_fixed_price_are_left_out_of_their_bid(solver: SolverName) -> None:
    block = BlockOffer((50.0,), Decimal(80))
    bids = (
        bid("within", (100.0, 40), (50.0, 60)),
        bid("partly", (100.0, 50), (100.0, 61)),
        bid("above", (100.0, 61)),
        Bid("block", "south", "ups", "Z1", NOON, 1.0, block),
        Bid(
            "child",
            "south",
            "load",
            "Z1",
            NOON,
            1.0,
            replace(block, price_per_mwh=Decimal(1)),
            parent_bid_id="block",
        ),
    )
    book = Book("fixed", NOON, timedelta(hours=1), (400.0,), 0, Decimal(3000), None, bids)
    clearing = clear(book, replace(AT_SIXTY, solver=solver))
    awards = {award.bid_id: award for award in clearing.awards}
    assert {bid_id: award.reason for bid_id, award in awards.items()} == {
        "within": BidReason.ACCEPTED_IN_FULL,
        "partly": BidReason.ACCEPTED_IN_PART,
        "above": BidReason.REJECTED_PRICE_ABOVE_CLEARING,
        "block": BidReason.REJECTED_PRICE_ABOVE_CLEARING,
        "child": BidReason.REJECTED_PARENT,
    }
    assert awards["partly"].reduction_kw == (100.0,)
    assert "its other steps ask more than 60" in awards["partly"].detail
    assert awards["within"].price_per_mwh == awards["partly"].price_per_mwh == (Decimal(60),)
    assert clearing.shortfall_kw == (150.0,)
    assert findings(book, clearing) == ()


@pytest.mark.parametrize("solver", SolverName)
@pytest.mark.parametrize("mix", BookMix)
def test_books_of_every_kind_hold_at_a_fixed_price(mix: BookMix, solver: SolverName) -> None:
    book = generate_book(bid_count=60, interval_count=6, mix=mix, seed=3)
    clearing = clear(
        book, replace(AT_SIXTY, fixed_price_per_mwh=Decimal(80), relative_gap=1e-3, solver=solver)
    )
    assert findings(book, clearing) == ()
    assert any("its other steps ask more than 80" in award.detail for award in clearing.awards)
