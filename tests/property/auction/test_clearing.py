"""What bidders are promised, recomputed here from bids and awards alone."""

from dataclasses import replace
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st
from support.books import books
from support.exact_clearing import EXACT, several

from vpp.auction.bid import Bid, BlockOffer, StepOffer
from vpp.auction.book import Book
from vpp.auction.clearing import clear
from vpp.auction.result import Award, BidReason
from vpp.portfolio.money_rules import PayRule

CENT = Decimal("0.0001")


def root_of(bid: Bid, by_id: dict[str, Bid]) -> str:
    while bid.parent_bid_id is not None:
        bid = by_id[bid.parent_bid_id]
    return bid.bid_id


def least_cost(bid: Bid, award: Award, hours: Decimal) -> Decimal:
    """What an award asks at least, of steps and blocks without availability price."""
    energy = [Decimal(str(kw)) / 1000 * hours for kw in award.reduction_kw]
    if isinstance(bid.offer, BlockOffer):
        fixed = bid.offer.fixed_cost if any(energy) else Decimal(0)
        return sum(energy, Decimal(0)) * bid.offer.price_per_mwh + fixed
    assert isinstance(bid.offer, StepOffer)
    cost = Decimal(0)
    for kw, steps in zip(award.reduction_kw, bid.offer.steps, strict=True):
        assert 0 <= kw <= sum(step.reduction_kw for step in steps) + 1e-6
        left = kw
        for step in steps:
            cost += step.price_per_mwh * Decimal(str(min(left, step.reduction_kw))) / 1000 * hours
            left = max(0.0, left - step.reduction_kw)
    return cost


@several(30)
@given(
    books(kinds=("steps", "block", "block", "deferrable")),
    st.sampled_from([PayRule.AS_CLEAR, PayRule.AS_BID]),
)
def test_no_family_is_paid_less_than_it_asks(book: Book, rule: PayRule) -> None:
    plain = tuple(replace(bid, availability_price_per_kw_h=Decimal(0)) for bid in book.bids)
    book = replace(book, bids=plain, terms=replace(book.terms, activation_ratio=1.0))
    hours = Decimal(int(book.step.total_seconds())) / 3600
    by_id = {bid.bid_id: bid for bid in plain}
    left: dict[str, Decimal] = {}
    for award in clear(book, replace(EXACT, pay_rule=rule)).awards:
        bid = by_id[award.bid_id]
        energy = (Decimal(str(kw)) / 1000 * hours for kw in award.reduction_kw)
        earned = sum(
            (mwh * price for mwh, price in zip(energy, award.price_per_mwh, strict=True)), award.make_whole
        )
        family = root_of(bid, by_id)
        left[family] = left.get(family, Decimal(0)) + earned - least_cost(bid, award, hours)
    assert all(amount >= -CENT for amount in left.values())


@several(30)
@given(books(kinds=("steps",), has_terms=False, both_directions=False))
def test_a_rejected_simple_offer_is_never_cheaper_than_the_price(book: Book) -> None:
    simple = tuple(
        replace(bid, energy_limit_kwh=None, exclusive_group=None, availability_price_per_kw_h=Decimal(0))
        for bid in book.bids
    )
    book = replace(book, bids=simple, resource_limit_kw={})
    clearing = clear(book, EXACT)
    by_id = {bid.bid_id: bid for bid in simple}
    for award in clearing.awards:
        bid = by_id[award.bid_id]
        assert isinstance(bid.offer, StepOffer)
        for kw, steps, price, target_kw in zip(
            award.reduction_kw, bid.offer.steps, clearing.price_per_mwh, book.target_kw, strict=True
        ):
            cheaper_kw = sum(
                step.reduction_kw
                for step in steps
                if target_kw and step.price_per_mwh < (price - CENT) * Decimal(str(bid.delivery_ratio))
            )
            assert kw >= cheaper_kw - 1e-3
        if not award.reason.is_accepted:
            assert award.reason in {
                BidReason.REJECTED_PRICE_ABOVE_CLEARING,
                BidReason.REJECTED_TIE_LOST,
                BidReason.REJECTED_NOT_NEEDED,
            }
