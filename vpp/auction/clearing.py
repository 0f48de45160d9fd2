"""Clears a book: bids become awards, a price, and a reason for every bid."""

from dataclasses import replace
from decimal import Decimal

from vpp.auction.bid import Bid, BlockOffer
from vpp.auction.book import Book
from vpp.auction.decision import Decision, decide
from vpp.auction.entry import check_book
from vpp.auction.input_hash import input_hash
from vpp.auction.market_view import MarketView
from vpp.auction.payment import MICRO, NOTHING, Payment, cost_of, energy_mwh, pay, published_price
from vpp.auction.reasons import Explanation, above_fixed_price, explain
from vpp.auction.result import Award, BidReason, Clearing, PriceBranch, SolverRun
from vpp.auction.rules import ClearingRules
from vpp.auction.verification import verify
from vpp.foundation.clock import stopwatch_s


def clear(book: Book, rules: ClearingRules) -> Clearing:
    """Clear a book.

    The same book and rules give the same result, whatever the order of the bids. A target
    beyond what is offered is served as far as it goes; what is missing is part of the result.
    There is always a result: if the solver has none in time, the merit order of the simple
    offers stands, and the status says so.

    Args:
        book: The book; standing bids have been expanded to its intervals.
        rules: Pay rule, solver and its limits.

    Returns:
        An award and a reason for every bid, prices, shortfall, and the quality of the result.

    Raises:
        InvalidInput: The book cannot be cleared as it stands; `check_book` says why.
        BrokenPromise: The result breaks an invariant; a defect of the engine.

    Source:
        Design of the auction engine; the formulation is named in `model`, function by function.

    Example:
        >>> from datetime import UTC, datetime, timedelta
        >>> from vpp.auction.bid import PriceStep, StepOffer
        >>> from vpp.portfolio.product import PayRule
        >>> noon = datetime(2026, 3, 2, 12, tzinfo=UTC)
        >>> def bid(bid_id, reduction_kw, price):
        ...     offer = StepOffer(((PriceStep(reduction_kw, Decimal(price)),),))
        ...     return Bid(bid_id, "north", bid_id, "Z1", noon, 1.0, offer)
        >>> bids = (bid("a", 600.0, 80), bid("b", 500.0, 110), bid("c", 900.0, 150))
        >>> book = Book("demo", noon, timedelta(hours=1), (1200.0,), 0, Decimal(3000), None, bids)
        >>> clearing = clear(book, ClearingRules(PayRule.AS_CLEAR))
        >>> [(award.bid_id, award.reduction_kw) for award in clearing.awards]
        [('a', (600.0,)), ('b', (500.0,)), ('c', (100.0,))]
        >>> clearing.price_per_mwh
        (Decimal('150.000000'),)
    """
    began_s = stopwatch_s()
    check_book(book)
    view = MarketView(
        book if rules.fixed_price_per_mwh is None else _payable(book, rules.fixed_price_per_mwh)
    )
    decision = decide(view, rules)
    price = _clearing_price(view, decision, rules)
    payments = pay(view, decision.dispatch, price, rules)
    reasons = explain(view, decision, payments, rules)
    awards = tuple(
        _award(
            book,
            bid,
            decision,
            payments.get(bid.bid_id),
            reasons.get(bid.bid_id) or _left_out(book, bid, rules),
        )
        for bid in sorted(book.bids, key=lambda bid: bid.bid_id)
    )
    objective = _objective(book, awards, decision)
    bound = None if decision.bound is None else _lower_bound(decision.bound, objective, len(book.bids))
    clearing = Clearing(
        auction_id=book.auction_id,
        start=book.start,
        step=book.step,
        pay_rule=rules.pay_rule,
        target_kw=book.target_kw,
        awards=awards,
        price_per_mwh=price,
        price_rule=decision.branch
        if rules.fixed_price_per_mwh is None
        else (PriceBranch.FIXED,) * len(price),
        shortfall_kw=decision.dispatch.shortfall_kw,
        objective=objective,
        bound=bound,
        gap_ratio=None if bound is None else _gap_ratio(objective, bound),
        status=decision.status,
        solver=SolverRun(rules.solver, decision.version, stopwatch_s() - began_s),
        input_hash=input_hash(book, rules),
    )
    verify(book, clearing)
    return clearing


def _payable(book: Book, fixed_price: Decimal) -> Book:
    """Leave out what asks more than the fixed price, and blocks whose parent is left out."""
    bids = []
    for bid in book.bids:
        if isinstance(bid.offer, BlockOffer):
            energy = sum((energy_mwh(kw, book.step) for kw in bid.offer.profile_kw if kw > 0), NOTHING)
            if bid.offer.price_per_mwh * energy + bid.offer.fixed_cost <= fixed_price * energy:
                bids.append(bid)
            continue
        steps = tuple(
            tuple(step for step in steps if step.price_per_mwh <= fixed_price) for steps in bid.offer.steps
        )
        if any(steps):
            bids.append(replace(bid, offer=replace(bid.offer, steps=steps)))
    while True:
        ids = {bid.bid_id for bid in bids}
        kept = [bid for bid in bids if bid.parent_bid_id is None or bid.parent_bid_id in ids]
        if len(kept) == len(bids):
            return replace(book, bids=tuple(kept))
        bids = kept


def _clearing_price(view: MarketView, decision: Decision, rules: ClearingRules) -> tuple[Decimal, ...]:
    count = view.book.delivery_interval_count
    if rules.fixed_price_per_mwh is not None:
        return (rules.fixed_price_per_mwh,) * count
    cap = view.book.price_cap_per_mwh
    return tuple(min(published_price(value), cap) for value in decision.price_per_mwh[:count])


def _award(
    book: Book, bid: Bid, decision: Decision, payment: Payment | None, explanation: Explanation
) -> Award:
    dispatch, count = decision.dispatch, book.delivery_interval_count
    if payment is None:
        payment = Payment((NOTHING,) * count, NOTHING)
    reason, detail = explanation
    return Award(
        bid_id=bid.bid_id,
        site_id=bid.site_id,
        resource_id=bid.resource_id,
        reduction_kw=dispatch.reduction_kw.get(bid.bid_id, (0.0,) * count),
        rebound_kw=dispatch.rebound_kw.get(bid.bid_id, (0.0,) * book.horizon_interval_count),
        price_per_mwh=payment.price_per_mwh,
        make_whole=payment.make_whole,
        reason=reason,
        detail=detail,
    )


def _left_out(book: Book, bid: Bid, rules: ClearingRules) -> Explanation:
    """Say why a bid never reached the solver: its own price, or its parent's."""
    fixed_price = rules.fixed_price_per_mwh or NOTHING
    if _payable(replace(book, bids=(replace(bid, parent_bid_id=None),)), fixed_price).bids:
        return BidReason.REJECTED_PARENT, f"its parent {bid.parent_bid_id} asks more than {fixed_price}"
    return above_fixed_price(bid, fixed_price)


def _objective(book: Book, awards: tuple[Award, ...], decision: Decision) -> Decimal:
    """Return the exact cost of the awards and of the shortfall at the cap."""
    by_id = {bid.bid_id: bid for bid in book.bids}
    bought = (cost_of(by_id[award.bid_id], award.reduction_kw, book.step) for award in awards)
    missing = sum((energy_mwh(kw, book.step) for kw in decision.dispatch.shortfall_kw), NOTHING)
    return (sum(bought, NOTHING) + missing * book.price_cap_per_mwh).quantize(MICRO)


def _lower_bound(bound: float, objective: Decimal, bid_count: int) -> Decimal:
    """Publish the solver's bound; awards rounded to a milliwatt may cost a trifle less than it."""
    exact = Decimal(repr(bound)).quantize(MICRO)
    trifle = MICRO * (1 + bid_count) + abs(objective) * MICRO
    return objective if objective < exact <= objective + trifle else exact


def _gap_ratio(objective: Decimal, bound: Decimal) -> float:
    return float((objective - bound) / abs(objective)) if objective else float(objective - bound)
