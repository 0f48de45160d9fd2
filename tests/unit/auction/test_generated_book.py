"""Generated books repeat, are valid, and hold what their mix says."""

import hashlib
from collections import Counter
from datetime import timedelta
from decimal import Decimal

import pytest

from vpp.auction.bid import (
    Bid,
    BlockOffer,
    Rebound,
    ReboundProfile,
    StepOffer,
    StoreOffer,
)
from vpp.auction.book import Book
from vpp.auction.buyer import ANY_TERMS
from vpp.auction.entry import check_book
from vpp.auction.generated_book import BookMix, generate_book
from vpp.foundation.direction import Direction
from vpp.foundation.errors import InvalidInput

MIXES = list(BookMix)


def book_of(mix: BookMix = BookMix.EVERYTHING, bids: int = 400, intervals: int = 24, seed: int = 1) -> Book:
    return generate_book(bid_count=bids, interval_count=intervals, mix=mix, seed=seed)


def kind(bid: Bid) -> str:  # noqa: PLR0911  one line per kind
    if isinstance(bid.offer, StoreOffer):
        return "store"
    if bid.exclusive_group is not None:
        return "group"
    if isinstance(bid.offer, BlockOffer):
        return "child" if bid.parent_bid_id else "block"
    if bid.run_limits is not None:
        return "committed"
    if bid.migration is not None:
        return "migration"
    if isinstance(bid.rebound, Rebound):
        return "deferrable"
    return "chiller" if isinstance(bid.rebound, ReboundProfile) else "steps"


@pytest.mark.parametrize("mix", MIXES)
def test_the_same_seed_gives_the_same_book(mix: BookMix) -> None:
    assert book_of(mix) == book_of(mix)
    assert book_of(mix, seed=2).bids != book_of(mix).bids


def test_the_book_of_a_seed_does_not_depend_on_machine_or_version() -> None:
    text = repr(book_of(bids=100))
    assert hashlib.sha256(text.encode()).hexdigest()[:16] == "d631c9d99d429fb2"


@pytest.mark.parametrize("mix", MIXES)
@pytest.mark.parametrize(("bids", "intervals"), [(1, 1), (2, 2), (7, 4), (100, 24), (300, 96)])
def test_every_book_is_valid_and_of_the_size_asked_for(mix: BookMix, bids: int, intervals: int) -> None:
    for seed in range(5):
        book = book_of(mix, bids, intervals, seed)
        check_book(book)
        assert len({bid.bid_id for bid in book.bids}) == bids
        assert book.delivery_interval_count == intervals
        assert book.recovery_interval_count <= 16


def test_everything_holds_every_kind_in_its_share() -> None:
    shares = Counter(kind(bid) for bid in book_of(bids=1000).bids)
    assert shares == {
        "steps": 350,
        "block": 220,
        "child": 80,
        "group": 110,
        "store": 80,
        "deferrable": 70,
        "chiller": 40,
        "committed": 30,
        "migration": 20,
    }


@pytest.mark.parametrize(
    ("mix", "kinds"),
    [
        (BookMix.SIMPLE, {"steps"}),
        (BookMix.BLOCKS, {"steps", "block", "child", "group"}),
        (BookMix.STORAGE, {"steps", "store"}),
        (BookMix.DEFERRABLE, {"steps", "deferrable", "chiller", "committed"}),
    ],
)
def test_a_mix_holds_its_kinds_only(mix: BookMix, kinds: set[str]) -> None:
    assert {kind(bid) for bid in book_of(mix).bids} == kinds


def test_everything_exercises_every_field_of_a_bid() -> None:
    bids = book_of(bids=1000).bids
    blocks = [bid.offer for bid in bids if isinstance(bid.offer, BlockOffer)]
    stores = [bid.offer for bid in bids if isinstance(bid.offer, StoreOffer)]
    assert any(bid.direction is Direction.LOAD_UP for bid in bids)
    assert any(bid.availability_price_per_kw_h for bid in bids)
    assert any(bid.energy_limit_kwh for bid in bids if isinstance(bid.offer, BlockOffer))
    assert any(bid.energy_limit_kwh for bid in bids if isinstance(bid.offer, StepOffer))
    assert any(bid.exclusive_group for bid in bids if isinstance(bid.offer, StepOffer))
    assert 0.4 < sum(block.min_acceptance_ratio == 1 for block in blocks) / len(blocks) < 0.6
    assert 0.2 < sum(block.fixed_cost > 0 for block in blocks) / len(blocks) < 0.4
    assert any(min(block.profile_kw) < 0 for block in blocks)
    assert any(store.charge_kw == 0 for store in stores)
    assert any(store.reserve_kwh < 0 and store.hold_ratio < 1 for store in stores)
    assert any(store.end_kwh > store.reserve_kwh > 0 for store in stores)


def test_no_group_has_a_single_member_and_children_share_their_parents_site() -> None:
    for bids in range(10, 40):
        book = book_of(BookMix.BLOCKS, bids)
        by_id = {bid.bid_id: bid for bid in book.bids}
        groups = Counter((bid.site_id, bid.exclusive_group) for bid in book.bids if bid.exclusive_group)
        assert all(2 <= size <= 4 for size in groups.values())
        for bid in book.bids:
            if bid.parent_bid_id:
                assert by_id[bid.parent_bid_id].site_id == bid.site_id


def test_quantities_and_prices_are_round_and_submissions_tie() -> None:
    book = book_of()
    for bid in book.bids:
        if isinstance(bid.offer, StepOffer):
            for steps in bid.offer.steps:
                for step in steps:
                    assert step.reduction_kw % 10 == 0
                    assert step.price_per_mwh == round(step.price_per_mwh, 2)
    assert len({bid.submitted_at for bid in book.bids}) < len(book.bids)


def test_the_peak_needs_about_half_of_what_is_offered() -> None:
    book = book_of(BookMix.SIMPLE, 1000, 96)
    peak = book.target_kw.index(max(book.target_kw))
    offered_kw = sum(
        bid.delivery_ratio * step.reduction_kw
        for bid in book.bids
        if isinstance(bid.offer, StepOffer)
        for step in bid.offer.steps[peak]
    )
    assert 0.4 < book.target_kw[peak] / offered_kw < 0.65
    assert book.target_kw[0] == 0


def test_limits_can_be_left_out() -> None:
    limited = book_of(bids=1000)
    assert limited.resource_limit_kw
    assert all((limited.terms.zones, limited.terms.feeders, limited.terms.sites, limited.terms.paths))
    plain = generate_book(
        bid_count=1000, interval_count=24, mix=BookMix.EVERYTHING, seed=1, with_limits=False
    )
    assert plain.bids == limited.bids
    assert plain.terms == ANY_TERMS
    assert not plain.resource_limit_kw


def test_zones_and_the_length_of_an_interval_can_be_chosen() -> None:
    book = generate_book(
        bid_count=50,
        interval_count=4,
        mix=BookMix.EVERYTHING,
        seed=1,
        zone_count=3,
        step=timedelta(hours=1),
    )
    assert {bid.zone for bid in book.bids} == {"zone-01", "zone-02", "zone-03"}
    assert book.step == timedelta(hours=1)
    assert book.price_cap_per_mwh == Decimal(5000)


@pytest.mark.parametrize("field", ["bid_count", "interval_count", "zone_count"])
def test_a_count_below_one_is_refused(field: str) -> None:
    arguments = {"bid_count": 10, "interval_count": 4, "zone_count": 1, field: 0}
    with pytest.raises(InvalidInput, match=f"{field} is 0, expected 1 or more"):
        generate_book(mix=BookMix.SIMPLE, seed=1, **arguments)


def test_an_interval_without_length_is_refused() -> None:
    with pytest.raises(InvalidInput, match="step is 0:00:00, expected above zero"):
        generate_book(bid_count=1, interval_count=1, mix=BookMix.SIMPLE, seed=1, step=timedelta(0))
