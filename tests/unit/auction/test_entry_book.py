"""What the buyer's side of a book must look like, and what bids may not do together."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from math import inf, nan

import pytest

from vpp.auction.bid import Bid, BlockOffer, PriceStep, StepOffer
from vpp.auction.book import Book, EntryRules
from vpp.auction.buyer import BuyerTerms, FeederLimit, PathLimit, SiteLimit, ZoneLimit
from vpp.auction.entry import check_book
from vpp.foundation.errors import InvalidInput

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
LADDER = (PriceStep(60.0, Decimal(50)), PriceStep(40.0, Decimal(60)))
STEPS = Bid("steps", "north", "load", "Z1", NOON, 0.9, StepOffer((LADDER, LADDER)))
BLOCK = Bid("block", "north", "ups", "Z1", NOON, 1.0, BlockOffer((100.0, 100.0, -40.0), Decimal(70)))
BOOK = Book("demo", NOON, timedelta(minutes=15), (100.0, 100.0), 1, Decimal(3000), None, (STEPS, BLOCK))
TERMS = BuyerTerms(
    margin_ratio=0.1,
    min_site_count=2,
    has_loss_reserve=True,
    max_start_ramp_kw=50.0,
    max_release_ramp_kw=50.0,
    activation_ratio=0.5,
    zones=(ZoneLimit("Z1", (5.0, 0.0), (9.0,) * 3, (9.0,) * 3), ZoneLimit("Z2")),
    feeders=(FeederLimit("f", ("north", "south"), (9.0,) * 3, (9.0,) * 3),),
    sites=(SiteLimit("north", "owner", (9.0,) * 3), SiteLimit("south")),
    paths=(PathLimit("Z1", "Z2", (9.0,) * 2), PathLimit("Z2", "Z1", (0.0,) * 2)),
)


def with_terms(**changes: object) -> Book:
    return replace(BOOK, terms=replace(TERMS, **changes))  # type: ignore[arg-type]  # one helper


def with_entry(**changes: object) -> Book:
    return replace(BOOK, entry=replace(EntryRules(), **changes))  # type: ignore[arg-type]  # as above


def with_bids(*bids: Bid) -> Book:
    return replace(BOOK, bids=bids)


def priced(price: str) -> Bid:
    return replace(STEPS, offer=StepOffer((LADDER, (PriceStep(10.0, Decimal(price)),))))


def test_a_book_with_all_terms_passes() -> None:
    check_book(replace(BOOK, terms=TERMS, entry=EntryRules(Decimal(0), 10.0, 10.0, 2)))


@pytest.mark.parametrize(
    ("book", "field"),
    [
        (with_terms(margin_ratio=-0.1), "terms.margin_ratio"),
        (with_terms(margin_ratio=nan), "terms.margin_ratio"),
        (with_terms(min_site_count=-1), "terms.min_site_count"),
        (with_terms(max_start_ramp_kw=-1.0), "terms.max_start_ramp_kw"),
        (with_terms(max_release_ramp_kw=inf), "terms.max_release_ramp_kw"),
        (with_terms(activation_ratio=0.0), "terms.activation_ratio"),
        (with_terms(activation_ratio=1.1), "terms.activation_ratio"),
        (with_terms(zones=(ZoneLimit("Z1"), ZoneLimit("Z1"))), "terms.zones"),
        (with_terms(zones=(ZoneLimit("Z1", (5.0,)),)), "local_target_kw of zone Z1"),
        (with_terms(zones=(ZoneLimit("Z1", (5.0, -1.0)),)), "local_target_kw of zone Z1 in interval 1"),
        (with_terms(zones=(ZoneLimit("Z1", None, (9.0, 9.0)),)), "max_reduction_kw of zone Z1"),
        (
            with_terms(zones=(ZoneLimit("Z1", None, None, (9.0, nan, 9.0)),)),
            "max_rebound_kw of zone Z1 in interval 1",
        ),
        (with_terms(feeders=TERMS.feeders * 2), "terms.feeders"),
        (with_terms(feeders=(FeederLimit("f", ()),)), "site_ids of feeder f"),
        (with_terms(feeders=(FeederLimit("f", ("north", "north")),)), "site_ids of feeder f"),
        (with_terms(feeders=(FeederLimit("f", ("north",), (9.0,)),)), "max_reduction_kw of feeder f"),
        (with_terms(feeders=(FeederLimit("f", ("north",), None, (9.0,)),)), "max_rebound_kw of feeder f"),
        (with_terms(sites=(SiteLimit("north"), SiteLimit("north"))), "terms.sites"),
        (with_terms(sites=(SiteLimit("north", "", (9.0, 9.0)),)), "max_rebound_kw of site north"),
        (with_terms(paths=(TERMS.paths[0],) * 2), "terms.paths"),
        (with_terms(paths=(PathLimit("Z1", "Z1", (9.0, 9.0)),)), "to_zone of path Z1>Z1"),
        (with_terms(paths=(PathLimit("Z1", "Z2", (9.0, 9.0, 9.0)),)), "max_moved_kw of path Z1>Z2"),
        (with_entry(price_floor_per_mwh=Decimal(3000)), "entry.price_floor_per_mwh"),
        (with_entry(price_floor_per_mwh=Decimal("NaN")), "entry.price_floor_per_mwh"),
        (with_entry(min_bid_kw=-1.0), "entry.min_bid_kw"),
        (with_entry(increment_kw=nan), "entry.increment_kw"),
        (with_entry(max_bids_per_party=0), "entry.max_bids_per_party"),
        (replace(BOOK, target_kw=(100.0, inf)), "target_kw"),
        (replace(BOOK, price_cap_per_mwh=Decimal("NaN")), "price_cap_per_mwh"),
        (replace(BOOK, rebound_headroom_kw=nan), "rebound_headroom_kw"),
    ],
)
def test_a_term_that_breaks_a_rule_is_refused_by_name(book: Book, field: str) -> None:
    with pytest.raises(InvalidInput, match="expected") as refusal:
        check_book(book)
    assert refusal.value.metadata["field"] == field
    assert refusal.value.metadata["auction_id"] == "demo"
    assert str(refusal.value).startswith(f"{field} of demo is")


@pytest.mark.parametrize(
    ("book", "bid_id", "field", "value"),
    [
        (with_bids(priced("3000.01")), "steps", "price_per_mwh", "3000.01"),
        (with_bids(priced("NaN")), "steps", "price_per_mwh", "NaN"),
        (with_bids(priced("sNaN")), "steps", "price_per_mwh", "sNaN"),
        (with_bids(priced("Infinity")), "steps", "price_per_mwh", "Infinity"),
        (with_bids(priced("-Infinity")), "steps", "price_per_mwh", "-Infinity"),
        (
            replace(with_entry(price_floor_per_mwh=Decimal(-5)), bids=(priced("-6"),)),
            "steps",
            "price_per_mwh",
            "-6",
        ),
        (replace(with_entry(price_floor_per_mwh=Decimal(80)), bids=(BLOCK,)), "block", "price_per_mwh", "70"),
        (replace(BOOK, price_cap_per_mwh=Decimal(65)), "block", "price_per_mwh", "70"),
        (with_entry(min_bid_kw=101.0), "steps", "reduction_kw", "100.0"),
        (replace(with_entry(min_bid_kw=101.0), bids=(BLOCK,)), "block", "reduction_kw", "100.0"),
        (with_entry(increment_kw=25.0), "steps", "reduction_kw", "60.0"),
        (
            with_bids(replace(STEPS, availability_price_per_kw_h=Decimal("2.95"))),
            "steps",
            "availability_price_per_kw_h",
            "2.95",
        ),
        (
            with_bids(replace(BLOCK, availability_price_per_kw_h=Decimal("2.94"))),
            "block",
            "availability_price_per_kw_h",
            "2.94",
        ),
        (with_bids(replace(STEPS, exclusive_group="one"), BLOCK), "steps", "exclusive_group", "one"),
        (
            with_bids(
                replace(STEPS, exclusive_group="one"), replace(BLOCK, site_id="south", exclusive_group="one")
            ),
            "steps",
            "exclusive_group",
            "one",
        ),
        (with_bids(BLOCK, BLOCK), "block", "bid_id", "block"),
        (
            with_bids(
                replace(BLOCK, parent_bid_id="c"),
                replace(BLOCK, bid_id="c", parent_bid_id="d"),
                replace(BLOCK, bid_id="d", parent_bid_id="block"),
            ),
            "block",
            "parent_bid_id",
            "cycle",
        ),
        (
            with_bids(replace(BLOCK, offer=BlockOffer((1.0,) * 2 + (-1.0,) * 2, Decimal(1)))),
            "block",
            "profile_kw",
            "4",
        ),
        (with_bids(replace(BLOCK, offer=BlockOffer((1.0,) * 3, Decimal(1)))), "block", "profile_kw", "1.0"),
        (with_bids(replace(STEPS, offer=StepOffer((LADDER,)))), "steps", "steps", "1 intervals"),
    ],
)
def test_a_bid_that_does_not_fit_the_book_is_refused_by_name(
    book: Book, bid_id: str, field: str, value: str
) -> None:
    with pytest.raises(InvalidInput, match="expected") as refusal:
        check_book(book)
    assert refusal.value.metadata["bid_id"] == bid_id
    assert refusal.value.metadata["field"] == field
    assert value in refusal.value.metadata["value"]


def test_a_price_within_the_cap_may_have_availability_up_to_it() -> None:
    # Half of 60 and 1000 * 2.97 make 3000.
    bids = (replace(STEPS, availability_price_per_kw_h=Decimal("2.97")),)
    half = replace(BOOK, bids=bids, terms=BuyerTerms(activation_ratio=0.5))
    check_book(half)
    with pytest.raises(InvalidInput, match="availability_price_per_kw_h of bid steps"):
        check_book(replace(half, terms=BuyerTerms()))


def test_a_party_may_enter_only_so_many_bids_over_all_its_sites() -> None:
    bids = tuple(
        replace(STEPS, bid_id=f"bid-{n}", site_id=site)
        for n, site in enumerate(("north", "south", "east", "north"))
    )
    sites = (SiteLimit("north", "owner"), SiteLimit("south", "owner"), SiteLimit("east", "other"))
    book = replace(BOOK, bids=bids, terms=BuyerTerms(sites=sites))
    check_book(replace(book, entry=EntryRules(max_bids_per_party=3)))
    with pytest.raises(InvalidInput, match="of party owner") as refusal:
        check_book(replace(book, entry=EntryRules(max_bids_per_party=2)))
    assert refusal.value.metadata["bid_id"] == "bid-3"
    unknown = replace(book, terms=BuyerTerms(), entry=EntryRules(max_bids_per_party=1))
    with pytest.raises(InvalidInput, match="of site north"):
        check_book(unknown)


def test_a_hundred_thousand_bids_of_one_party_are_refused_before_they_are_looked_at() -> None:
    flood = tuple(replace(STEPS, bid_id=f"bid-{n}") for n in range(100_000))
    with pytest.raises(InvalidInput, match="at most 50000"):
        check_book(replace(BOOK, bids=flood))


def test_steps_that_bids_share_are_refused_wherever_they_stand() -> None:
    falling = (PriceStep(10.0, Decimal(60)), PriceStep(10.0, Decimal(50)))
    late = replace(STEPS, bid_id="late", offer=StepOffer((LADDER, falling)))
    with pytest.raises(InvalidInput, match="price_per_mwh of bid late"):
        check_book(with_bids(STEPS, late))
