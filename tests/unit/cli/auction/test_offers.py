from dataclasses import replace
from decimal import Decimal

import pytest

from vpp.auction.bid import BlockOffer
from vpp.auction.book import Book
from vpp.auction.buyer import BuyerTerms
from vpp.auction.result import Clearing
from vpp.cli.auction.offers import busiest_interval, offer_parts, offered_rows
from vpp.cli.charts.auction_kinds import ResourceKind
from vpp.cli.charts.auction_merit import OfferPart


def of(parts: list[OfferPart], kind: ResourceKind) -> list[tuple[object, object, bool]]:
    return [
        (pytest.approx(part.price_per_mwh), pytest.approx(part.counted_kw), part.is_taken)
        for part in parts
        if part.kind is kind
    ]


def test_the_dearest_interval_is_shown(book: Book, clearing: Clearing) -> None:
    assert busiest_interval(book, clearing) == 1


def test_of_equal_prices_the_largest_target_is_shown(book: Book, clearing: Clearing) -> None:
    same = replace(clearing, price_per_mwh=(Decimal(100), Decimal(100)))
    assert busiest_interval(book, same) == 0


def test_offers_are_cut_into_taken_and_not_as_they_count(book: Book, clearing: Clearing) -> None:
    parts = offer_parts(book, clearing, 0)
    assert of(parts, ResourceKind.STEPS) == [(80.0, 600.0, True)]
    # 90 and 30 for 0.6 MWh: 140 per MWh
    assert of(parts, ResourceKind.BLOCK) == [(140.0, 300.0, True)]
    # 70 / 0.8, and half of 250 kW at 0.8
    assert of(parts, ResourceKind.DEFERRABLE) == [(87.5, 100.0, True), (87.5, 100.0, False)]
    assert of(parts, ResourceKind.STORE) == [(100.0, 200.0, False)]
    assert of(parts, ResourceKind.OPPOSITE) == []


def test_prices_weigh_energy_as_it_is_called_and_add_availability(book: Book, clearing: Clearing) -> None:
    terms = BuyerTerms(activation_ratio=0.5)
    bids = tuple(replace(bid, availability_price_per_kw_h=Decimal("0.01")) for bid in book.bids)
    parts = offer_parts(replace(book, bids=bids, terms=terms), clearing, 0)
    assert of(parts, ResourceKind.STEPS) == [(50.0, 600.0, True)]


def test_an_offer_is_told_as_asked_and_as_it_counts(book: Book) -> None:
    rows = {bid.bid_id: dict(offered_rows(book, bid)) for bid in book.bids}
    assert rows["defer-d"] == {
        "offered": "up to 250.0 kW",
        "asked": "70.00 GBP/MWh",
        "asked as it counts": "87.50 GBP/MWh",
    }
    assert rows["block-b"]["asked"] == "90.00 GBP/MWh, and 30 fixed"
    assert rows["block-b"]["asked as it counts"] == "140.00 GBP/MWh"


def test_an_offer_outside_the_delivery_is_told(book: Book) -> None:
    late = replace(book.bids[0], offer=BlockOffer((0.0, 0.0, 10.0), Decimal(5)))
    assert offered_rows(book, late) == [("offered", "nothing within the delivery")]
