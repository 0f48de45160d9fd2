"""A clearing that has been tampered with is not published, whatever was changed."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from vpp.auction.bid import Bid, BlockOffer, PriceStep, Rebound, StepOffer
from vpp.auction.book import Book
from vpp.auction.clearing import clear
from vpp.auction.result import Award, BidReason, Clearing
from vpp.auction.rules import ClearingRules
from vpp.auction.verification import verify
from vpp.foundation.errors import BrokenPromise
from vpp.portfolio.product import PayRule

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def steps(bid_id: str, price: int, **fields: object) -> Bid:
    offer = StepOffer(((PriceStep(100.0, Decimal(price)),),) * 2)
    bid = Bid(bid_id, "north", bid_id, "Z1", NOON, 1.0, offer)
    return replace(bid, **fields)  # type: ignore[arg-type]  # one helper for every field


def block(bid_id: str, price: int, **fields: object) -> Bid:
    offer = BlockOffer((40.0, 40.0, -10.0), Decimal(price), min_acceptance_ratio=0.5)
    bid = Bid(bid_id, "north", "ups", "Z1", NOON, 1.0, offer)
    return replace(bid, **fields)  # type: ignore[arg-type]  # one helper for every field


BOOK = Book(
    auction_id="checked",
    start=NOON,
    step=timedelta(minutes=15),
    target_kw=(200.0, 200.0),
    recovery_interval_count=2,
    price_cap_per_mwh=Decimal(3000),
    rebound_headroom_kw=200.0,
    bids=(
        block("child", 20, parent_bid_id="parent"),
        block("parent", 30),
        steps("limited", 10, energy_limit_kwh=25.0),
        steps("returns", 40, rebound=Rebound(1.0, 2, 100.0)),
        block("rival-a", 25, exclusive_group="one"),
        block("rival-b", 900, exclusive_group="one"),
        steps("spare", 90),
    ),
    resource_limit_kw={("north", "ups"): 120.0},
)
CLEARING = clear(BOOK, ClearingRules(PayRule.AS_CLEAR))


def changed(bid_id: str, change: Callable[[Award], Award]) -> Clearing:
    awards = tuple(change(award) if award.bid_id == bid_id else award for award in CLEARING.awards)
    return replace(CLEARING, awards=awards)


def with_reduction(bid_id: str, *reduction_kw: float) -> Clearing:
    accepted = BidReason.ACCEPTED_IN_PART
    return changed(bid_id, lambda award: replace(award, reduction_kw=reduction_kw, reason=accepted))


def with_rebound(bid_id: str, *rebound_kw: float) -> Clearing:
    return changed(bid_id, lambda award: replace(award, rebound_kw=rebound_kw))


def test_the_book_exercises_what_is_checked() -> None:
    verify(BOOK, CLEARING)
    accepted = {award.bid_id for award in CLEARING.awards if award.reason.is_accepted}
    assert {"child", "parent", "limited", "returns"} <= accepted
    assert "rival-b" not in accepted


@pytest.mark.parametrize(
    ("tampered", "words"),
    [
        (replace(CLEARING, awards=CLEARING.awards[1:]), "one award per bid"),
        (replace(CLEARING, awards=CLEARING.awards + CLEARING.awards[:1]), "one award per bid"),
        (with_reduction("limited", 120.0, -20.0), "negative"),
        (with_reduction("spare", 150.0, 0.0), "more than it offers"),
        (with_reduction("parent", 10.0, 10.0), "in the ratio 0.25"),
        (with_reduction("parent", 40.0, 30.0), "departs from its profile"),
        (with_rebound("parent", 0.0, 0.0, 0.0, 10.0), "departs from its profile"),
        (with_reduction("parent", 30.0, 30.0), "child is accepted beyond its parent parent"),
        (with_reduction("rival-b", 40.0, 40.0), "group north/one"),
        (with_reduction("limited", 100.0, 20.0), "its limit is 25.0"),
        (with_reduction("rival-a", 60.0, 60.0), "north/ups is awarded"),
        (with_rebound("returns", 0.0, 0.0, 0.0, 0.0), "still owes"),
        (with_rebound("returns", 0.0, 0.0, 0.0, 500.0), "returns 500.0 kW"),
        (with_rebound("returns", 90.0, 0.0, 0.0, 0.0), "has returned 90.0"),
        (with_rebound("spare", 5.0, 0.0, 0.0, 0.0), "has no rebound"),
        (with_reduction("limited", 10.0, 0.0), "interval 0 serves"),
        (replace(CLEARING, shortfall_kw=(-1.0, 0.0)), "misses -1.0"),
        (replace(CLEARING, objective=CLEARING.objective + 1), "objective is"),
        (replace(CLEARING, price_per_mwh=(Decimal(3001), Decimal(3001))), "above the cap"),
        (replace(CLEARING, bound=CLEARING.objective + 1), "is above the cost"),
        (replace(CLEARING, bound=None), "optimal without a bound"),
        (changed("limited", lambda award: replace(award, reason=BidReason.REJECTED_TIE_LOST)), "limited is"),
        (changed("rival-b", lambda award: replace(award, make_whole=Decimal(1))), "rejected and yet"),
        (
            changed("returns", lambda award: replace(award, price_per_mwh=(Decimal(1), Decimal(1)))),
            "family of returns is paid",
        ),
        (replace(CLEARING, pay_rule=PayRule.AS_BID), "pay-as-bid differs"),
    ],
)
def test_tampering_is_found(tampered: Clearing, words: str) -> None:
    with pytest.raises(BrokenPromise, match=words):
        verify(BOOK, tampered)


def test_headroom_is_checked_where_nothing_is_asked_for() -> None:
    with pytest.raises(BrokenPromise, match="headroom is 1"):
        verify(replace(BOOK, rebound_headroom_kw=1.0), CLEARING)
