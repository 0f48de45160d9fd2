"""Reasons that do not fit the awards, the prices or the book are found."""

from dataclasses import replace
from decimal import Decimal

import pytest
from support.hand_cleared import bid, book, changed, cleared, steps

from vpp.auction.bid import BlockOffer, Migration, Rebound, StoreOffer
from vpp.auction.book import Book
from vpp.auction.buyer import BuyerTerms, FeederLimit, PathLimit, SiteLimit, ZoneLimit
from vpp.auction.result import BidReason, Clearing, ClearingStatus
from vpp.auction.verification import findings

# Known answer A7 and its neighbours: the block would gain 6 * (120 - 100) = 120 thousandths.
BOOK = book(
    (6.0,),
    steps("a", (5, 50)),
    bid("block", BlockOffer((6.0,), Decimal(100))),
    bid("child", BlockOffer((2.0,), Decimal(300)), site_id="site-block", parent_bid_id="block"),
    bid("dear", BlockOffer((6.0,), Decimal(130))),
    steps("c", (5, 120)),
    steps("d", (5, 121)),
    bid("one", BlockOffer((1.0,), Decimal(125)), site_id="north", exclusive_group="g"),
    bid("two", BlockOffer((1.0,), Decimal(126)), site_id="north", exclusive_group="g"),
)
CLEARING = cleared(BOOK, {"a": ((5,), ()), "c": ((1,), ())}, objective="0.37", prices=(120,))
for name, reason in {
    "a": BidReason.ACCEPTED_IN_FULL,
    "block": BidReason.REJECTED_INDIVISIBLE,
    "child": BidReason.REJECTED_PARENT,
    "dear": BidReason.REJECTED_PRICE_ABOVE_CLEARING,
    "d": BidReason.REJECTED_PRICE_ABOVE_CLEARING,
}.items():
    CLEARING = changed(CLEARING, name, reason=reason)


def found(of: Book, clearing: Clearing, words: str) -> None:
    told = findings(of, clearing)
    assert any(words in text for text in told), told


def test_reasons_by_hand() -> None:
    assert findings(BOOK, CLEARING) == ()


@pytest.mark.parametrize(
    ("bid_id", "fields", "words"),
    [
        ("a", {"reason": BidReason.REJECTED_TIE_LOST}, "a is REJECTED_TIE_LOST with [5.0] kW"),
        ("d", {"reason": BidReason.ACCEPTED_IN_PART}, "d is ACCEPTED_IN_PART with [0.0] kW"),
        ("c", {"reason": BidReason.ACCEPTED_IN_FULL}, "c is accepted in full and 4 kW of it are not"),
        ("c", {"reason": BidReason.ACCEPTED_WITH_MAKE_WHOLE}, "c is accepted with make-whole and gets 0"),
        (
            "c",
            {"reason": BidReason.ACCEPTED_AT_MINIMUM_RATIO},
            "c is ACCEPTED_AT_MINIMUM_RATIO, and the book",
        ),
        ("c", {"winning_price_per_mwh": Decimal(1)}, "c is accepted and yet told a winning price"),
        ("c", {"detail": ""}, "c is given no reason in words"),
        ("dear", {"reason": BidReason.REJECTED_INDIVISIBLE}, "dear is too large to fit and would lose 0.06"),
        ("d", {"reason": BidReason.REJECTED_INDIVISIBLE}, "d is REJECTED_INDIVISIBLE, and the book"),
        ("two", {"reason": BidReason.REJECTED_GROUP_ALTERNATIVE}, "two gives way to another of its group"),
        ("dear", {"reason": BidReason.REJECTED_PARENT}, "dear is rejected for its parent and has none"),
        ("d", {"reason": BidReason.REJECTED_LEFT_OUT_OF_FALLBACK}, "d is left out of a fallback"),
        (
            "d",
            {"reason": BidReason.REJECTED_ZONE_LIMIT},
            "d is REJECTED_ZONE_LIMIT, and the book has nothing",
        ),
        ("d", {"reason": BidReason.REJECTED_FEEDER_LIMIT}, "d is REJECTED_FEEDER_LIMIT, and the book"),
        ("d", {"reason": BidReason.REJECTED_SITE_LIMIT}, "d is REJECTED_SITE_LIMIT, and the book"),
        ("d", {"reason": BidReason.REJECTED_PATH_LIMIT}, "d is REJECTED_PATH_LIMIT, and the book"),
        ("d", {"reason": BidReason.REJECTED_RAMP_LIMIT}, "d is REJECTED_RAMP_LIMIT, and the book"),
        ("d", {"reason": BidReason.REJECTED_REBOUND_HEADROOM}, "d is REJECTED_REBOUND_HEADROOM, and the"),
        ("d", {"reason": BidReason.REJECTED_DEADLINE}, "d is REJECTED_DEADLINE, and the book"),
        ("d", {"reason": BidReason.REJECTED_ENERGY_LIMIT}, "d is REJECTED_ENERGY_LIMIT, and the book"),
        ("d", {"reason": BidReason.REJECTED_RESOURCE_LIMIT}, "d is REJECTED_RESOURCE_LIMIT, and the book"),
    ],
)
def test_a_reason_that_does_not_fit_is_found(bid_id: str, fields: dict[str, object], words: str) -> None:
    found(BOOK, changed(CLEARING, bid_id, **fields), words)


def test_what_is_called_too_dear_must_be_so_at_its_zones_prices() -> None:
    dearer = replace(
        CLEARING,
        zone_prices=(replace(CLEARING.zone_prices[0], price_per_mwh=(Decimal(140),)),),
        price_per_mwh=(Decimal(140),),
    )
    found(BOOK, dearer, "d is too dear and would gain 19 per MWh at its zone's prices")
    found(BOOK, dearer, "dear is too dear and would gain 0.06 at its zone's prices")


def test_a_parent_that_is_accepted_keeps_no_child_out() -> None:
    taken = changed(
        CLEARING,
        "block",
        reduction_kw=(6.0,),
        reason=BidReason.ACCEPTED_IN_PART,
        price_per_mwh=(Decimal(120),),
    )
    found(BOOK, taken, "child is rejected for its parent block, which is accepted")


def test_a_block_in_full_or_at_its_minimum_is_so() -> None:
    offer = BlockOffer((8.0,), Decimal(90), min_acceptance_ratio=0.75)
    of = book((7.0,), bid("block", offer))
    clearing = cleared(of, {"block": ((7,), ())}, objective="0.63", prices=(90,))
    assert findings(of, clearing) == ()
    full = changed(clearing, "block", reason=BidReason.ACCEPTED_IN_FULL)
    found(of, full, "block is accepted in full with the ratio 0.875")
    least = changed(clearing, "block", reason=BidReason.ACCEPTED_AT_MINIMUM_RATIO)
    found(of, least, "block is accepted at its minimum ratio with the ratio 0.875, its least is 0.75")
    limited = replace(of, bids=(replace(of.bids[0], energy_limit_kwh=7.0),))
    assert findings(limited, full) == ()


def test_nothing_loses_a_tie_to_nobody() -> None:
    of = book((0.0,), steps("a", (5, 50)))
    clearing = changed(cleared(of, {}, objective="0", prices=(0,)), "a", reason=BidReason.REJECTED_TIE_LOST)
    found(of, clearing, "a lost a tie, and nothing is accepted")


# Every limit that a reason may name, in a book that has it.
LIMITED = book(
    (0.0,),
    steps("deferrable", (5, 50), rebound=Rebound(1.0, 1, 10.0)),
    steps("energy", (5, 50), energy_limit_kwh=3.0),
    steps("mover", (5, 50), migration=Migration("Z2", 1.0)),
    bid("block", BlockOffer((5.0, -5.0), Decimal(50))),
    bid("store", StoreOffer(5.0, 5.0, 5.0, 0.0, 5.0, 0.0, Decimal(50))),
    recovery=1,
    rebound_headroom_kw=1.0,
    resource_limit_kw={("site-energy", "load"): 1.0},
    terms=BuyerTerms(
        max_start_ramp_kw=10.0,
        zones=(ZoneLimit("Z2", None, (1.0, 1.0)),),
        feeders=(FeederLimit("f", ("site-block",), (1.0, 1.0)),),
        sites=(SiteLimit("site-store", "", (1.0, 1.0)),),
        paths=(PathLimit("Z1", "Z2", (1.0,)),),
    ),
)


@pytest.mark.parametrize(
    ("bid_id", "reason"),
    [
        ("deferrable", BidReason.REJECTED_DEADLINE),
        ("deferrable", BidReason.REJECTED_REBOUND_HEADROOM),
        ("mover", BidReason.REJECTED_REBOUND_HEADROOM),
        ("block", BidReason.REJECTED_REBOUND_HEADROOM),
        ("store", BidReason.REJECTED_REBOUND_HEADROOM),
        ("energy", BidReason.REJECTED_ENERGY_LIMIT),
        ("store", BidReason.REJECTED_ENERGY_LIMIT),
        ("energy", BidReason.REJECTED_RESOURCE_LIMIT),
        ("mover", BidReason.REJECTED_ZONE_LIMIT),
        ("mover", BidReason.REJECTED_PATH_LIMIT),
        ("block", BidReason.REJECTED_FEEDER_LIMIT),
        ("store", BidReason.REJECTED_SITE_LIMIT),
        ("block", BidReason.REJECTED_RAMP_LIMIT),
        ("block", BidReason.REJECTED_INDIVISIBLE),
    ],
)
def test_a_reason_may_name_a_limit_that_the_book_has(bid_id: str, reason: BidReason) -> None:
    clearing = cleared(LIMITED, {}, objective="0", prices=(50, 0))
    assert findings(LIMITED, changed(clearing, bid_id, reason=reason)) == ()


def test_what_a_fallback_leaves_out_may_be_told_so() -> None:
    fallback = replace(CLEARING, status=ClearingStatus.FALLBACK)
    left_out = changed(fallback, "block", reason=BidReason.REJECTED_LEFT_OUT_OF_FALLBACK)
    assert findings(BOOK, left_out) == ()
