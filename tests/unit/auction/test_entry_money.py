"""Money at entry: in one currency, and to a millionth of it, which is what prices are published in."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from vpp.auction.bid import Bid, BlockOffer, PriceStep, RunLimits, StepOffer, StoreOffer
from vpp.auction.book import Book
from vpp.auction.book_json import book_from_document, book_to_document
from vpp.auction.buyer import BuyerTerms
from vpp.auction.entry import check_bid, check_book
from vpp.foundation.errors import InvalidInput
from vpp.portfolio.bid_rules import BidRules

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
LADDER = (PriceStep(60.0, Decimal(50)), PriceStep(40.0, Decimal(60)))
STEPS = Bid("steps", "north", "load", "Z1", NOON, 0.9, StepOffer((LADDER, LADDER)))
PROFILE = BlockOffer((100.0, 100.0), Decimal(70), Decimal(5))
BLOCK = Bid("block", "north", "ups", "Z1", NOON, 1.0, PROFILE)
BATTERY = StoreOffer(100.0, 0.0, 200.0, 0.0, 150.0, 0.0, Decimal(30))
STORE = Bid("store", "north", "battery", "Z1", NOON, 1.0, BATTERY)
BOOK = Book(
    "demo", NOON, timedelta(minutes=15), (100.0, 100.0), 0, Decimal(3000), None, (STEPS, BLOCK, STORE)
)
ANY = BidRules(
    min_bid_kw=0, increment_kw=0, price_floor_per_mwh=Decimal(-500), price_cap_per_mwh=Decimal(3000)
)


def stepped(price: str) -> Bid:
    # The fine price stands between two that are whole: not only the ends of a ladder are looked at.
    ladder = (PriceStep(10.0, Decimal(50)), PriceStep(10.0, Decimal(price)), PriceStep(10.0, Decimal(60)))
    return replace(STEPS, offer=StepOffer((LADDER, ladder)))


@pytest.mark.parametrize("currency", ["", "EUR", "GBP"])
def test_a_book_has_a_currency_or_none(currency: str) -> None:
    check_book(replace(BOOK, currency=currency))


@pytest.mark.parametrize("currency", ["eur", "EU", "EURO", "E1R", "€", " ", "EUR\n"])
def test_what_is_no_currency_is_refused(currency: str) -> None:
    with pytest.raises(InvalidInput, match="expected three capital letters such as EUR, or none") as refusal:
        check_book(replace(BOOK, currency=currency))
    assert refusal.value.metadata["field"] == "currency"


@pytest.mark.parametrize("currency", ["eur", "EU", "12.", "é"])
def test_a_document_in_no_currency_is_refused_by_its_path(currency: str) -> None:
    document = book_to_document(replace(BOOK, currency=currency))
    with pytest.raises(InvalidInput, match="expected three capital letters such as EUR, or none") as refusal:
        book_from_document(document)
    assert refusal.value.metadata["path"] == "capPricePerMwh.currencyCode"


@pytest.mark.parametrize(
    ("bid", "field", "value"),
    [
        (stepped("50.0000001"), "price_per_mwh", "50.0000001"),
        (replace(BLOCK, offer=replace(PROFILE, price_per_mwh=Decimal("1e-7"))), "price_per_mwh", "1E-7"),
        (replace(BLOCK, offer=replace(PROFILE, fixed_cost=Decimal("0.1234567"))), "fixed_cost", "0.1234567"),
        (
            replace(STORE, offer=replace(BATTERY, price_per_mwh=Decimal("-0.0000005"))),
            "price_per_mwh",
            "-5E-7",
        ),
        (
            replace(STEPS, run_limits=RunLimits(start_cost=Decimal("3.0000001"))),
            "run_limits.start_cost",
            "3.0000001",
        ),
    ],
)
def test_money_finer_than_a_millionth_is_refused(bid: Bid, field: str, value: str) -> None:
    expected = f"{field} of bid {bid.bid_id} is {value}, expected at most six decimals"
    with pytest.raises(InvalidInput) as refusal:
        check_book(replace(BOOK, bids=(bid,)))
    assert str(refusal.value) == expected
    with pytest.raises(InvalidInput) as refusal:
        check_bid(bid, ANY, interval_count=2, enrolled_reduction_kw=100.0)
    assert str(refusal.value) == expected


@pytest.mark.parametrize("price", ["50.000001", "50.0000010000000000", "5.5E+1"])
def test_what_counts_is_the_value_and_not_how_it_is_written(price: str) -> None:
    check_book(replace(BOOK, bids=(stepped(price),)))


def test_a_price_with_more_digits_than_can_be_added_is_refused() -> None:
    endless = replace(BLOCK, offer=replace(PROFILE, fixed_cost=Decimal("1e25")))
    with pytest.raises(
        InvalidInput, match="fixed_cost of bid block is 1E\\+25, expected at most six decimals"
    ):
        check_book(replace(BOOK, bids=(endless,)))


def test_availability_is_priced_to_a_millionth_per_mwh() -> None:
    ready = replace(STEPS, availability_price_per_kw_h=Decimal("0.000000001"))
    check_book(replace(BOOK, bids=(ready,)))
    finer = replace(STEPS, availability_price_per_kw_h=Decimal("0.0000000001"))
    with pytest.raises(
        InvalidInput, match="is 1E-10, expected at most nine decimals, six per MWh"
    ) as refusal:
        check_book(replace(BOOK, bids=(finer,)))
    assert refusal.value.metadata["field"] == "availability_price_per_kw_h"


def test_a_reserve_against_a_loss_needs_over_delivery() -> None:
    check_book(replace(BOOK, terms=BuyerTerms(has_loss_reserve=True)))
    check_book(replace(BOOK, terms=BuyerTerms(allows_over_delivery=False)))
    with pytest.raises(InvalidInput, match="because a reserve is bought beyond the target") as refusal:
        check_book(replace(BOOK, terms=BuyerTerms(has_loss_reserve=True, allows_over_delivery=False)))
    assert refusal.value.metadata["field"] == "terms.has_loss_reserve"
