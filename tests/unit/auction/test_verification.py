"""A clearing that has been tampered with is not published: steps, blocks, families, money."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from math import nan

import pytest
from support.hand_cleared import NOON, bid, book, changed, cleared

from vpp.auction.bid import Bid, BlockOffer, PriceStep, Rebound, StepOffer
from vpp.auction.result import BidReason, Clearing, ClearingStatus, PriceBranch, ZonePrice
from vpp.auction.verification import findings, verify
from vpp.foundation.direction import Direction
from vpp.foundation.errors import BrokenPromise
from vpp.portfolio.money_rules import PayRule


def simple(bid_id: str, price: int, **fields: object) -> Bid:
    return bid(bid_id, StepOffer(((PriceStep(100.0, Decimal(price)),),) * 2), **fields)


def block(bid_id: str, price: int, **fields: object) -> Bid:
    offer = BlockOffer((40.0, 40.0, -10.0), Decimal(price), min_acceptance_ratio=0.5)
    return bid(bid_id, offer, site_id="north", resource_id="ups", **fields)


BOOK = book(
    (200.0, 200.0),
    block("child", 20, parent_bid_id="parent"),
    block("parent", 30),
    simple("limited", 10, energy_limit_kwh=25.0),
    simple("returns", 40, rebound=Rebound(1.0, 2, 100.0)),
    block("rival-a", 25, exclusive_group="one"),
    block("rival-b", 900, exclusive_group="one"),
    simple("spare", 90),
    recovery=2,
    step=timedelta(minutes=15),
    price_cap_per_mwh=Decimal(3000),
    rebound_headroom_kw=200.0,
    resource_limit_kw={("north", "ups"): 120.0},
)
WHOLE = ((40, 40), (0, 0, 10, 0))
# Two quarters of 40 kW are 0.02 MWh: 0.02 * (20 + 30 + 25) = 1.50. Limited sells 100 kW-quarters,
# 0.025 * 10 = 0.25, and returns 60 of them, 0.015 * 40 = 0.60: 2.35 in all.
CLEARING = cleared(
    BOOK,
    {
        "child": WHOLE,
        "parent": WHOLE,
        "rival-a": WHOLE,
        "limited": ((80, 20), ()),
        "returns": ((0, 60), (0, 0, 60, 0)),
    },
    objective="2.35",
    prices=(40, 40, 0, 0),
)
CLEARING = changed(CLEARING, "rival-b", reason=BidReason.REJECTED_GROUP_ALTERNATIVE)
CLEARING = changed(CLEARING, "spare", reason=BidReason.REJECTED_PRICE_ABOVE_CLEARING)


def with_reduction(bid_id: str, *reduction_kw: float) -> Clearing:
    return changed(CLEARING, bid_id, reduction_kw=reduction_kw, reason=BidReason.ACCEPTED_IN_PART)


def with_rebound(bid_id: str, *rebound_kw: float) -> Clearing:
    return changed(CLEARING, bid_id, rebound_kw=rebound_kw)


def test_a_sound_clearing_passes() -> None:
    assert findings(BOOK, CLEARING) == ()
    verify(BOOK, CLEARING)


def test_the_order_of_the_bids_means_nothing() -> None:
    assert findings(replace(BOOK, bids=BOOK.bids[::-1]), CLEARING) == ()


@pytest.mark.parametrize(
    ("tampered", "words"),
    [
        (replace(CLEARING, awards=CLEARING.awards[1:]), "not one award per bid"),
        (replace(CLEARING, awards=CLEARING.awards + CLEARING.awards[:1]), "not one award per bid"),
        (replace(CLEARING, awards=CLEARING.awards[::-1]), "not in the order"),
        (replace(CLEARING, auction_id="other"), "auction_id is other, the book's is hand"),
        (replace(CLEARING, start=NOON + timedelta(hours=1)), "start is"),
        (replace(CLEARING, step=timedelta(hours=1)), "step is 1:00:00"),
        (replace(CLEARING, target_kw=(100.0, 200.0)), "target_kw is (100.0, 200.0)"),
        (replace(CLEARING, direction=Direction.LOAD_UP), "direction is"),
        (replace(CLEARING, currency="EUR"), "currency is EUR"),
        (replace(CLEARING, shortfall_kw=(0.0,)), "shortfall_kw has 1 intervals"),
        (with_reduction("limited", 100.0), "limited is awarded for other intervals"),
        (with_reduction("limited", nan, 0.0), "the award of limited is not finite"),
        (replace(CLEARING, objective=Decimal("NaN")), "is not finite"),
        (replace(CLEARING, margin_kw=(nan, 0.0)), "is not finite"),
        (replace(CLEARING, local_shortfall_kw=(("Z1", (nan, 0.0)),)), "is not finite"),
        (replace(CLEARING, zone_prices=(ZonePrice("Z1", (Decimal("NaN"),)),)), "is not finite"),
    ],
)
def test_a_clearing_of_another_book_is_told_and_nothing_else(tampered: Clearing, words: str) -> None:
    told = findings(BOOK, tampered)
    assert len(told) == 1
    assert words in told[0]


@pytest.mark.parametrize(
    ("tampered", "words"),
    [
        (with_reduction("limited", 120.0, -20.0), "limited has a negative award"),
        (with_reduction("spare", 150.0, 0.0), "spare is awarded 150 kW in interval 0, more than it offers"),
        (with_reduction("parent", 10.0, 10.0), "parent is accepted in the ratio 0.25"),
        (with_reduction("parent", 50.0, 50.0), "parent is accepted in the ratio 1.25"),
        (with_reduction("parent", 40.0, 30.0), "parent departs from its profile in interval 1"),
        (with_rebound("parent", 0.0, 0.0, 0.0, 10.0), "parent departs from its profile in interval 2"),
        (with_reduction("parent", 30.0, 30.0), "child is accepted beyond its parent parent: 1 of 0.75"),
        (with_reduction("rival-b", 40.0, 40.0), "group north/one has ['rival-a', 'rival-b'] accepted"),
        (with_reduction("limited", 100.0, 20.0), "limited is awarded 30 kWh, its limit is 25"),
        (with_reduction("rival-a", 60.0, 60.0), "north/ups is awarded 140 kW in interval 0"),
        (with_rebound("returns", 0.0, 0.0, 0.0, 0.0), "returns still owes energy at the end: 60"),
        (with_rebound("returns", 0.0, 0.0, 0.0, 500.0), "returns returns 500 kW, its limit is 100"),
        (with_rebound("returns", 90.0, 0.0, 0.0, 0.0), "returns has returned 90 of 0 kW-intervals"),
        (with_rebound("spare", 5.0, 0.0, 0.0, 0.0), "spare has no rebound and yet returns"),
        (with_rebound("spare", 5.0, 0.0, 0.0, 0.0), "spare is rejected and yet rebounds"),
        (with_reduction("limited", 10.0, 0.0), "interval 0 serves 130 and misses 0 of 200 kW"),
        (replace(CLEARING, shortfall_kw=(-1.0, 0.0)), "interval 0 misses -1"),
        (replace(CLEARING, shortfall_kw=(5.0, 0.0)), "which is more than is missing"),
        (changed(CLEARING, "limited", delivery_ratio=0.5), "limited is derated by 0.5, its bid says 1.0"),
        (changed(CLEARING, "limited", site_id="south"), "limited is awarded to south/load"),
        (changed(CLEARING, "limited", zone="Z9"), "limited is awarded in zone Z9, its bid is in "),
    ],
)
def test_tampered_awards_are_found(tampered: Clearing, words: str) -> None:
    assert any(words in text for text in findings(BOOK, tampered)), findings(BOOK, tampered)
    with pytest.raises(BrokenPromise, match="breaks its promise"):
        verify(BOOK, tampered)


@pytest.mark.parametrize(
    ("tampered", "words"),
    [
        (replace(CLEARING, objective=CLEARING.objective + 1), "objective is 3.35, awards and shortfall cost"),
        (replace(CLEARING, price_per_mwh=(Decimal(3001), Decimal(3001))), "a price is above the cap of 3000"),
        (
            changed(CLEARING, "returns", price_per_mwh=(Decimal(1), Decimal(1))),
            "family of returns is paid 0.015 for 0.6",
        ),
        (
            changed(CLEARING, "returns", price_per_mwh=(Decimal(40), Decimal(41))),
            "returns is paid 41 per MWh in interval 1, its zone's price by its derate is 40",
        ),
        (
            changed(CLEARING, "rival-b", make_whole=Decimal(1)),
            "rival-b is rejected and yet rebounds or is paid",
        ),
        (changed(CLEARING, "returns", make_whole=Decimal("-0.01")), "returns is made whole by -0.01"),
        (replace(CLEARING, pay_rule=PayRule.AS_BID), "pay-as-bid differs from the objective by 1.65"),
        (
            replace(
                changed(CLEARING, "returns", price_per_mwh=(Decimal(40), Decimal(60))), pay_rule=PayRule.FIXED
            ),
            "awards are paid [40.0, 60.0] per MWh, the product has one fixed price",
        ),
        (
            replace(CLEARING, zone_prices=(), price_per_mwh=(Decimal(30), Decimal(30))),
            "limited is paid 40 per MWh in interval 0, its zone's price by its derate is 30",
        ),
        (
            replace(CLEARING, zone_prices=(replace(CLEARING.zone_prices[0], zone="Z9"),)),
            "zone Z1 has no price for every interval",
        ),
        (replace(CLEARING, price_rule=(PriceBranch.SHORTAGE,) * 2), "interval 0 is priced as a shortage"),
        (
            replace(CLEARING, price_rule=(PriceBranch.SHORTAGE,) * 2, shortfall_kw=(1.0, 1.0)),
            "interval 0 is short and its price is 40, the cap is 3000",
        ),
        (replace(CLEARING, zone_prices=(ZonePrice("Z1", ()),)), "zone Z1 has no price for every interval"),
        (replace(CLEARING, price_rule=(PriceBranch.NO_TARGET,) * 2), "priced as without a target"),
        (replace(CLEARING, lost_opportunity=Decimal(-1)), "lost opportunity is -1"),
    ],
)
def test_tampered_money_is_found(tampered: Clearing, words: str) -> None:
    assert any(words in text for text in findings(BOOK, tampered)), findings(BOOK, tampered)


@pytest.mark.parametrize(
    ("tampered", "words"),
    [
        (replace(CLEARING, bound=CLEARING.objective + 1), "bound 3.35 is above the cost 2.35"),
        (replace(CLEARING, bound=None, gap_ratio=None), "optimal without a bound"),
        (replace(CLEARING, bound=None, status=ClearingStatus.FEASIBLE), "gap is 0.0 without a bound"),
        (replace(CLEARING, gap_ratio=None), "without a gap"),
        (replace(CLEARING, gap_ratio=0.5), "gap is 0.5, objective and bound are 0 apart"),
    ],
)
def test_tampered_quality_is_found(tampered: Clearing, words: str) -> None:
    assert any(words in text for text in findings(BOOK, tampered)), findings(BOOK, tampered)


def test_a_gap_as_it_is_passes() -> None:
    wide = replace(CLEARING, bound=Decimal("1.88"), gap_ratio=0.2, status=ClearingStatus.FEASIBLE)
    assert findings(BOOK, wide) == ()


def test_headroom_is_checked_where_nothing_is_asked_for() -> None:
    with pytest.raises(BrokenPromise, match=r"interval 2 rebounds by 90 kW, the headroom is 1"):
        verify(replace(BOOK, rebound_headroom_kw=1.0), CLEARING)


def test_many_broken_promises_of_a_kind_are_counted() -> None:
    offers = tuple(simple(f"bid-{n:02}", 10) for n in range(30))
    crowded = book((0.0, 0.0), *offers)
    clearing = cleared(
        crowded, {one.bid_id: ((-1, -1), ()) for one in offers}, objective="-0.6", prices=(0, 0)
    )
    told = findings(crowded, clearing)
    assert sum("has a negative award" in text for text in told) == 20
    assert "and 10 more like the last" in told
