"""Payments, ties and reasons of the engine, for books of every kind."""

from dataclasses import replace
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st
from support.books import KINDS, books
from support.exact_clearing import EXACT, near, same_awards, several

from vpp.auction.bid import Bid, BlockOffer, StepOffer
from vpp.auction.book import Book
from vpp.auction.clearing import clear
from vpp.auction.result import Award, BidReason, Clearing, ClearingStatus
from vpp.auction.rules import ClearingRules, TieRule, UniformPrice
from vpp.auction.verification import findings
from vpp.portfolio.money_rules import PayRule

CENT = Decimal("0.01")
pay_rules = st.sampled_from(list(PayRule))


def paying(rule: PayRule) -> ClearingRules:
    return replace(EXACT, pay_rule=rule, fixed_price_per_mwh=Decimal(100) if rule is PayRule.FIXED else None)


def made_whole(clearing: Clearing) -> float:
    return float(sum(clearing.made_whole.values(), start=Decimal(0)))


@several(60)
@given(books(), pay_rules, st.sampled_from(list(UniformPrice)), st.sampled_from(list(TieRule)))
def test_every_pay_rule_keeps_its_promises(
    book: Book, rule: PayRule, uniform: UniformPrice, tie_rule: TieRule
) -> None:
    clearing = clear(book, replace(paying(rule), uniform_price=uniform, tie_rule=tie_rule))
    assert clearing.status is ClearingStatus.OPTIMAL
    assert findings(book, clearing) == ()
    assert all(award.detail for award in clearing.awards)


@several(30)
@given(books(), st.sampled_from([PayRule.AS_BID, PayRule.AS_CLEAR]), st.sampled_from(list(UniformPrice)))
def test_how_awards_are_paid_does_not_change_them(book: Book, rule: PayRule, uniform: UniformPrice) -> None:
    other = clear(book, replace(paying(rule), uniform_price=uniform))
    assert same_awards(clear(book, EXACT), other)


@several(30)
@given(books(kinds=("steps", "deferrable", "committed", "migration")))
def test_a_fixed_price_buys_no_dearer_step(book: Book) -> None:
    clearing = clear(book, paying(PayRule.FIXED))
    activation = Decimal(repr(book.terms.activation_ratio))
    by_id = {bid.bid_id: bid for bid in book.bids}
    for award in clearing.awards:
        bid = by_id[award.bid_id]
        assert isinstance(bid.offer, StepOffer)
        asked = 1000 * bid.availability_price_per_kw_h
        for kw, steps in zip(award.reduction_kw, bid.offer.steps, strict=True):
            within = [step for step in steps if activation * step.price_per_mwh + asked <= 100]
            assert kw <= sum(step.reduction_kw for step in within) + 1e-3


@several(60)
@given(books(kinds=("steps", "block", "deferrable", "profile", "committed"), both_directions=False))
def test_hull_prices_need_no_more_make_whole_than_the_gap_explains(book: Book) -> None:
    """Uplift at the hull's prices is the distance to the relaxation, and make-whole a part of it."""
    hull = clear(book, replace(EXACT, uniform_price=UniformPrice.CONVEX_HULL))
    if hull.certificate is None:
        return
    fixed = clear(book, EXACT)
    gap = float(hull.objective - hull.certificate.bound)
    assert made_whole(hull) <= made_whole(fixed) + gap + 1e-3


@several(60)
@given(books(kinds=("steps",), has_terms=False, both_directions=False))
def test_a_tie_is_shared_in_proportion_where_the_product_says_so(book: Book) -> None:
    """Of plain steps of one zone, interval and price per counted MWh the same share is taken."""
    plain = tuple(replace(bid, exclusive_group=None, energy_limit_kwh=None, zone="Z1") for bid in book.bids)
    book = replace(book, bids=plain, resource_limit_kw={})
    by_time, shared = (clear(book, replace(EXACT, tie_rule=rule)) for rule in TieRule)
    assert near(shared.objective, by_time.objective)
    assert shared.price_per_mwh == by_time.price_per_mwh
    awards = {award.bid_id: award for award in shared.awards}
    for t in range(book.delivery_interval_count):
        shares: dict[Decimal, list[float]] = {}
        for bid in plain:
            assert isinstance(bid.offer, StepOffer)
            steps = bid.offer.steps[t]
            if len(steps) == 1:
                asked = steps[0].price_per_mwh + 1000 * bid.availability_price_per_kw_h
                price = round(asked / Decimal(repr(bid.delivery_ratio)), 6)
                shares.setdefault(price, []).append(
                    awards[bid.bid_id].reduction_kw[t] / steps[0].reduction_kw
                )
        assert all(max(equal) - min(equal) <= 1e-4 for equal in shares.values())


def with_ask(bid: Bid, price: Decimal) -> Bid:
    """The bid with every price lowered to one at most."""
    if isinstance(bid.offer, StepOffer):
        ladders = (
            tuple(replace(step, price_per_mwh=min(step.price_per_mwh, price)) for step in steps)
            for steps in bid.offer.steps
        )
        return replace(bid, offer=StepOffer(tuple(ladders)))
    return replace(bid, offer=replace(bid.offer, price_per_mwh=min(bid.offer.price_per_mwh, price)))


def would_have_won(book: Book, award: Award) -> bool:
    """Clear again with the rejected bid asking a cent less than its winning price."""
    assert award.winning_price_per_mwh is not None
    lower = award.winning_price_per_mwh - CENT
    bids = tuple(with_ask(bid, lower) if bid.bid_id == award.bid_id else bid for bid in book.bids)
    again = clear(replace(book, bids=bids), EXACT)
    return next(one for one in again.awards if one.bid_id == award.bid_id).reason.is_accepted


@several(40)
@given(books(kinds=("steps",), has_terms=False, both_directions=False))
def test_a_rejected_step_bid_wins_below_its_winning_price(book: Book) -> None:
    plain = tuple(replace(bid, exclusive_group=None, energy_limit_kwh=None) for bid in book.bids)
    book = replace(book, bids=plain, resource_limit_kw={})
    for award in clear(book, EXACT).awards:
        if award.winning_price_per_mwh is not None:
            assert would_have_won(book, award)


@several(40)
@given(books(kinds=("block", "block", "steps"), has_terms=False, both_directions=False))
def test_a_block_that_did_not_fit_wins_below_its_winning_price(book: Book) -> None:
    alone = tuple(replace(bid, exclusive_group=None, parent_bid_id=None) for bid in book.bids)
    book = replace(book, bids=alone, resource_limit_kw={})
    by_id = {bid.bid_id: bid for bid in alone}
    for award in clear(book, EXACT).awards:
        is_block = isinstance(by_id[award.bid_id].offer, BlockOffer)
        if (
            is_block
            and award.reason is BidReason.REJECTED_INDIVISIBLE
            and award.winning_price_per_mwh is not None
        ):
            assert would_have_won(book, award)


@several(40)
@given(books(kinds=KINDS))
def test_only_rejected_bids_are_told_what_would_have_won(book: Book) -> None:
    for award in clear(book, EXACT).awards:
        is_bought = any(award.reduction_kw) or any(award.rebound_kw)
        assert award.reason.is_accepted == is_bought
        assert not (award.reason.is_accepted and award.winning_price_per_mwh is not None)
