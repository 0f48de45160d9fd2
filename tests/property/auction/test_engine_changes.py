"""What must happen to a clearing when its book is changed."""

from collections.abc import Callable
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
from support.books import CAP, KINDS, NOON, bids, books, mirrored
from support.exact_clearing import EXACT, at_most, near, same_prices, several
from support.scaled_books import prices_times, quantities_times

from vpp.auction.bid import Bid, BlockOffer, PriceStep, StepOffer
from vpp.auction.book import Book
from vpp.auction.buyer import ANY_TERMS
from vpp.auction.clearing import clear
from vpp.auction.result import Clearing

DIVISIBLE = ("steps", "deferrable", "profile", "migration")
factors = st.sampled_from([2, 10])


def prices_are(after: Clearing, before: Clearing, factor: int) -> bool:
    pairs = zip(after.zone_prices, before.zone_prices, strict=True)
    return all(
        near(high, factor * low)
        for a, b in pairs
        for high, low in zip(a.price_per_mwh, b.price_per_mwh, strict=True)
    )


def ungrouped(book: Book) -> Book:
    return replace(book, bids=tuple(replace(bid, exclusive_group=None) for bid in book.bids))


@several(20)
@given(books(), factors)
def test_cost_scales_with_prices(book: Book, factor: int) -> None:
    before, after = clear(book, EXACT), clear(prices_times(book, factor), EXACT)
    assert near(after.objective, before.objective * factor)


@several(20)
@given(books(kinds=DIVISIBLE), factors)
def test_prices_of_a_divisible_book_scale_with_prices(book: Book, factor: int) -> None:
    book = ungrouped(book)
    before, after = clear(book, EXACT), clear(prices_times(book, factor), EXACT)
    assert [award.reduction_kw for award in after.awards] == [award.reduction_kw for award in before.awards]
    assert prices_are(after, before, factor)


@several(20)
@given(books(), factors)
def test_cost_scales_with_quantities(book: Book, factor: int) -> None:
    before, after = clear(book, EXACT), clear(quantities_times(book, factor), EXACT)
    assert near(after.objective, before.objective * factor)


@several(20)
@given(books())
def test_a_step_split_in_two_costs_the_same(book: Book) -> None:
    def split(bid: Bid) -> Bid:
        if not isinstance(bid.offer, StepOffer):
            return bid
        halves = (
            tuple(replace(step, reduction_kw=step.reduction_kw / 2) for step in steps for _ in range(2))
            for steps in bid.offer.steps
        )
        return replace(bid, offer=StepOffer(tuple(halves)))

    after = clear(replace(book, bids=tuple(split(bid) for bid in book.bids)), EXACT)
    assert near(after.objective, clear(book, EXACT).objective)


@several(20)
@given(books(kinds=DIVISIBLE))
def test_a_plain_bid_split_in_two_changes_neither_cost_nor_prices(book: Book) -> None:
    book = replace(ungrouped(book), resource_limit_kw={})
    for whole in book.bids:
        if (
            whole.energy_limit_kwh
            or whole.rebound
            or whole.migration
            or not isinstance(whole.offer, StepOffer)
        ):
            continue
        halves = (
            tuple(PriceStep(step.reduction_kw / 2, step.price_per_mwh) for step in steps)
            for steps in whole.offer.steps
        )
        half = replace(whole, offer=StepOffer(tuple(halves)))
        others = tuple(bid for bid in book.bids if bid is not whole)
        pair = (half, replace(half, bid_id=f"{whole.bid_id}-2"))
        before, after = clear(book, EXACT), clear(replace(book, bids=(*others, *pair)), EXACT)
        assert near(after.objective, before.objective)
        assert same_prices(after, before)
        break


@several(30)
@given(books(), st.data(), st.sampled_from(KINDS))
def test_one_more_bid_never_costs_more(book: Book, data: st.DataObject, kind: str) -> None:
    bid = data.draw(bids("more", book.delivery_interval_count, book.recovery_interval_count, kind))
    before, after = clear(book, EXACT), clear(replace(book, bids=(*book.bids, bid)), EXACT)
    assert at_most(after.objective, before.objective)


@several(20)
@given(books(has_terms=False))
def test_a_bid_dearer_than_every_price_changes_nothing(book: Book) -> None:
    """At the cap with half its reduction counting it is worth less than unserved target."""
    book = replace(book, rebound_headroom_kw=None)
    offer = StepOffer(((PriceStep(100.0, CAP),),) * book.delivery_interval_count)
    dearer = Bid("dearer", "west", "load", "Z1", NOON, 0.5, offer)
    before, after = clear(book, EXACT), clear(replace(book, bids=(*book.bids, dearer)), EXACT)
    assert near(after.objective, before.objective)
    award = next(award for award in after.awards if award.bid_id == "dearer")
    assert not award.reason.is_accepted


@several(30)
@given(books(), st.sampled_from(["target", "headroom", "cap", "zones"]))
def test_a_harder_buyer_never_pays_less(book: Book, what: str) -> None:
    # A larger target would raise every site's share of it, and a firm one may fit a firm bid better.
    terms = replace(book.terms, min_site_count=0, allows_over_delivery=True)
    book = replace(book, terms=replace(terms, zones=()) if what == "zones" else terms)
    changes: dict[str, Callable[[], Book]] = {
        "target": lambda: replace(book, target_kw=tuple(kw + 10.0 if kw else 0.0 for kw in book.target_kw)),
        "headroom": lambda: replace(book, rebound_headroom_kw=0.0),
        "cap": lambda: replace(book, price_cap_per_mwh=book.price_cap_per_mwh * 2),
        "zones": lambda: replace(book, terms=replace(terms, allows_over_delivery=True)),
    }
    assert at_most(clear(book, EXACT).objective, clear(changes[what](), EXACT).objective)


@several(20)
@given(books())
def test_an_easier_block_never_costs_more(book: Book) -> None:
    def easier(bid: Bid) -> Bid:
        is_block = isinstance(bid.offer, BlockOffer)
        return replace(bid, offer=replace(bid.offer, min_acceptance_ratio=0.01)) if is_block else bid

    after = clear(replace(book, bids=tuple(easier(bid) for bid in book.bids)), EXACT)
    assert at_most(after.objective, clear(book, EXACT).objective)


@several(20)
@given(books(kinds=tuple(kind for kind in KINDS if kind != "migration")))
def test_two_zones_without_limits_are_one(book: Book) -> None:
    free = replace(book, terms=replace(book.terms, zones=()))
    one = replace(free, bids=tuple(replace(bid, zone="Z1") for bid in free.bids))
    split, together = clear(free, EXACT), clear(one, EXACT)
    assert near(split.objective, together.objective)
    assert all(zone.price_per_mwh == split.zone_prices[0].price_per_mwh for zone in split.zone_prices)


@several(20)
@given(books(kinds=("steps",)))
def test_an_interval_split_in_halves_costs_the_same(book: Book) -> None:
    book = replace(book, terms=ANY_TERMS)
    longer = tuple(
        replace(bid, offer=StepOffer(tuple(steps for steps in bid.offer.steps for _ in range(2))))
        for bid in book.bids
        if isinstance(bid.offer, StepOffer)
    )
    halves = replace(
        book,
        step=book.step / 2,
        target_kw=tuple(kw for kw in book.target_kw for _ in range(2)),
        recovery_interval_count=2 * book.recovery_interval_count,
        bids=longer,
    )
    assert near(clear(halves, EXACT).objective, clear(book, EXACT).objective)


@several(20)
@given(books(most=3))
def test_a_group_whose_other_member_is_impossible_is_none(book: Book) -> None:
    blocks = [bid for bid in book.bids if isinstance(bid.offer, BlockOffer) and not bid.exclusive_group]
    if not blocks:
        return
    alone = blocks[0]
    never = replace(alone, bid_id="never", energy_limit_kwh=1e-3, parent_bid_id=None, exclusive_group="own")
    grouped = tuple(replace(bid, exclusive_group="own") if bid is alone else bid for bid in book.bids)
    after = clear(replace(book, bids=(*grouped, never)), EXACT)
    assert near(after.objective, clear(book, EXACT).objective)


@several(20)
@given(books())
def test_a_buyer_of_the_other_direction_pays_the_same_for_the_mirrored_book(book: Book) -> None:
    one, other = clear(book, EXACT), clear(mirrored(book), EXACT)
    assert one.objective == other.objective
    assert [award.reduction_kw for award in one.awards] == [award.reduction_kw for award in other.awards]
