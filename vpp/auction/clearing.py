"""Clears a book: bids become awards, prices, and a reason for every bid."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal

import numpy as np

from vpp.auction.bid import Bid, BlockOffer, StepOffer
from vpp.auction.book import Book
from vpp.auction.cost import costs
from vpp.auction.deciding import decide
from vpp.auction.decision import Decision
from vpp.auction.entry import check_book
from vpp.auction.explanation import Explanation
from vpp.auction.input_hash import input_hash
from vpp.auction.market.canonical import MICRO, CanonicalBook
from vpp.auction.market.program import MarketProgram
from vpp.auction.opportunity import lost_opportunity
from vpp.auction.payment import NOTHING, Payment, energy_mwh, pay, published_price
from vpp.auction.reasons import above_fixed_price, explain, own_price
from vpp.auction.result import Award, BidReason, Clearing, PriceBranch, SolverRun, ZonePrice
from vpp.auction.rules import ClearingRules
from vpp.auction.stages import Stages
from vpp.auction.verification import verify
from vpp.portfolio.money_rules import PayRule
from vpp.solver.linear_program import Flags, Floats, LinearSession


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
        Design of the auction engine; each inequality is named where it is built, in `market`.

    Example:
        >>> from datetime import UTC, datetime, timedelta
        >>> from vpp.auction.bid import PriceStep, StepOffer
        >>> from vpp.portfolio.money_rules import PayRule
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
    stages = Stages("build")
    check_book(book)
    payable = book if rules.fixed_price_per_mwh is None else _payable(book, rules.fixed_price_per_mwh)
    return finish(book, rules, CanonicalBook(payable), stages)


def finish(
    book: Book,
    rules: ClearingRules,
    canonical: CanonicalBook,
    stages: Stages,
    loaded: tuple[MarketProgram, LinearSession] | None = None,
) -> Clearing:
    """Clear a book that has been checked.

    Args:
        book: The book.
        rules: Pay rule, solver and its limits.
        canonical: What of the book can be paid.
        stages: Keeps where the time goes.
        loaded: Its program and a session that holds it; None to make them.

    Returns:
        The clearing, verified.

    Raises:
        BrokenPromise: The result breaks an invariant; a defect of the engine.
    """
    decision, found, value = decide(canonical, rules, stages, loaded)
    asked = costs(decision.dispatch)
    zone_prices = _zone_prices(canonical, decision, rules)
    delivery = {zone: prices[: canonical.delivery_count] for zone, prices in zone_prices.items()}
    payments = pay(decision.dispatch, asked, delivery, rules)
    if found is not None and decision.market is not None and rules.pay_rule is PayRule.AS_CLEAR:
        lost = lost_opportunity(
            decision.market, rules, found.choices, value, decision.prices, decision.dispatch, payments
        )
        decision = replace(decision, lost_opportunity=lost)
    stages.enter("explain")
    awards = _awards(book, decision, payments, explain(decision, payments, rules), rules)
    objective = _objective(decision, asked)
    bound = None if decision.bound is None else _lower_bound(decision.bound, objective, len(book.bids))
    stages.enter("verify")
    clearing = _clearing(book, rules, decision, awards, zone_prices, (objective, bound))
    verify(book, clearing)
    stages.enter("end")
    return replace(
        clearing,
        solver=SolverRun(
            solver=rules.solver,
            version=decision.version,
            wall_s=stages.total_s,
            build_s=stages.spent_s("build"),
            solve_s=stages.spent_s("solve"),
            price_s=stages.spent_s("price"),
            explain_s=stages.spent_s("explain"),
            verify_s=stages.spent_s("verify"),
        ),
    )


def _clearing(  # noqa: PLR0913, PLR0917  one argument per part of the result
    book: Book,
    rules: ClearingRules,
    decision: Decision,
    awards: tuple[Award, ...],
    zone_prices: Mapping[str, tuple[Decimal, ...]],
    quality: tuple[Decimal, Decimal | None],
) -> Clearing:
    objective, bound = quality
    count, terms = book.delivery_interval_count, book.terms
    fixed = rules.fixed_price_per_mwh
    price = _published(decision, decision.prices.system[:count]) if fixed is None else (fixed,) * count
    dispatch = decision.dispatch
    margin = tuple(round(kw * terms.margin_ratio, 6) for kw in book.target_kw) if terms.margin_ratio else ()
    return Clearing(
        auction_id=book.auction_id,
        start=book.start,
        step=book.step,
        pay_rule=rules.pay_rule,
        target_kw=book.target_kw,
        awards=awards,
        price_per_mwh=price,
        price_rule=decision.branch if fixed is None else (PriceBranch.FIXED,) * count,
        shortfall_kw=tuple(dispatch.shortfall_kw.tolist()),
        objective=objective,
        bound=bound,
        gap_ratio=None if bound is None else _gap_ratio(objective, bound),
        status=decision.status,
        solver=SolverRun(rules.solver, decision.version, 0.0),
        input_hash=input_hash(book, rules),
        direction=book.direction,
        currency=book.currency,
        method=decision.method,
        uniform_price=rules.uniform_price,
        tie_rule=rules.tie_rule,
        zone_prices=tuple(ZonePrice(zone, prices) for zone, prices in sorted(zone_prices.items())),
        local_shortfall_kw=tuple(
            (zone, tuple(kw.tolist())) for zone, kw in dispatch.local_shortfall_kw.items()
        ),
        margin_kw=margin,
        margin_cost=_amount(decision.margin_cost),
        lost_opportunity=_amount(decision.lost_opportunity),
        certificate=decision.certificate if fixed is None else None,
    )


def _payable(book: Book, fixed_price: Decimal) -> Book:
    """Leave out what asks more than the fixed price, and what no longer stands without it."""
    canonical = CanonicalBook(book)
    bids = []
    for bid in book.bids:
        if isinstance(bid.offer, BlockOffer):
            energy = sum((energy_mwh(kw, book.step) for kw in bid.offer.profile_kw if kw > 0), NOTHING)
            price = canonical.effective_price(bid, bid.offer.price_per_mwh)
            if price * energy + bid.offer.fixed_cost <= fixed_price * energy:
                bids.append(bid)
        elif isinstance(bid.offer, StepOffer):
            steps = tuple(
                tuple(
                    step
                    for step in steps
                    if canonical.effective_price(bid, step.price_per_mwh) <= fixed_price
                )
                for steps in bid.offer.steps
            )
            if any(steps):
                bids.append(replace(bid, offer=replace(bid.offer, steps=steps)))
        elif canonical.effective_price(bid, bid.offer.price_per_mwh) <= fixed_price:
            bids.append(bid)
    while True:
        ids = {bid.bid_id for bid in bids}
        kept = [bid for bid in bids if bid.parent_bid_id is None or bid.parent_bid_id in ids]
        if len(kept) == len(bids):
            return replace(book, bids=tuple(kept))
        bids = kept


def _zone_prices(
    canonical: CanonicalBook, decision: Decision, rules: ClearingRules
) -> dict[str, tuple[Decimal, ...]]:
    """Publish the price of every zone over the horizon."""
    zones = {bid.zone for bid in canonical.bids}
    zones |= {bid.migration.receiving_zone for bid in canonical.bids if bid.migration is not None}
    zones |= {limit.zone for limit in canonical.book.terms.zones}
    if rules.fixed_price_per_mwh is not None:
        return dict.fromkeys(zones, (rules.fixed_price_per_mwh,) * canonical.horizon_count)
    known: dict[bytes, tuple[Decimal, ...]] = {}
    found = {}
    for zone in sorted(zones):
        price = decision.zone_price(zone)
        key = price.tobytes()
        if key not in known:
            known[key] = _published(decision, price)
        found[zone] = known[key]
    return found


def _published(decision: Decision, price: Floats) -> tuple[Decimal, ...]:
    cap = decision.canonical.book.price_cap_per_mwh
    return tuple(min(published_price(value), cap) for value in price.tolist())


def _awards(
    book: Book,
    decision: Decision,
    payments: list[Payment],
    explanations: list[Explanation],
    rules: ClearingRules,
) -> tuple[Award, ...]:
    canonical, dispatch = decision.canonical, decision.dispatch
    nothing = (0.0,) * canonical.delivery_count
    still = (0.0,) * canonical.horizon_count
    free = (NOTHING,) * canonical.delivery_count
    reductions, rebounds = dispatch.reduction_kw, dispatch.rebound_kw
    returns: Flags = np.asarray((rebounds > 0).any(axis=1), dtype=bool)
    found = []
    for bid in sorted(book.bids, key=lambda bid: bid.bid_id):
        place = canonical.index.get(bid.bid_id)
        if place is None:
            why = _left_out(book, bid, rules)
            found.append(_award(bid, (nothing, still), Payment(free, NOTHING), why, why.winning_price))
            continue
        is_taken = bool(dispatch.taken[place])
        why = explanations[place]
        if why.reason is BidReason.ACCEPTED_IN_FULL and canonical.bids[place].offer != bid.offer:
            detail = f"{why.detail}; its other steps ask more than {rules.fixed_price_per_mwh}"
            why = replace(why, reason=BidReason.ACCEPTED_IN_PART, detail=detail)
        found.append(
            _award(
                bid,
                (
                    tuple(reductions[place].tolist()) if is_taken else nothing,
                    tuple(rebounds[place].tolist()) if returns[place] else still,
                ),
                payments[place],
                why,
                own_price(decision, place, why.winning_price),
            )
        )
    return tuple(found)


def _award(
    bid: Bid,
    powers_kw: tuple[tuple[float, ...], tuple[float, ...]],
    payment: Payment,
    why: Explanation,
    winning: Decimal | float | None,
) -> Award:
    return Award(
        bid_id=bid.bid_id,
        site_id=bid.site_id,
        resource_id=bid.resource_id,
        reduction_kw=powers_kw[0],
        rebound_kw=powers_kw[1],
        price_per_mwh=payment.price_per_mwh,
        make_whole=payment.make_whole,
        reason=why.reason,
        detail=why.detail,
        delivery_ratio=bid.delivery_ratio,
        figures=tuple((name, float(value)) for name, value in why.figures),
        winning_price_per_mwh=None if winning is None else Decimal(str(winning)),
        zone=bid.zone,
    )


def _left_out(book: Book, bid: Bid, rules: ClearingRules) -> Explanation:
    """Say why a bid never reached the solver: its own price, or its parent's."""
    fixed_price = rules.fixed_price_per_mwh or NOTHING
    if _payable(replace(book, bids=(replace(bid, parent_bid_id=None),)), fixed_price).bids:
        return Explanation(
            BidReason.REJECTED_PARENT, f"its parent {bid.parent_bid_id} asks more than {fixed_price}"
        )
    return above_fixed_price(bid, fixed_price)


def _objective(decision: Decision, asked: Sequence[Decimal]) -> Decimal:
    """Return the exact cost of the awards and of the shortfalls at the cap."""
    dispatch, book = decision.dispatch, decision.canonical.book
    missing = [*dispatch.shortfall_kw.tolist()]
    for local in dispatch.local_shortfall_kw.values():
        missing.extend(local.tolist())
    unserved = sum((energy_mwh(kw, book.step) for kw in missing if kw), NOTHING)
    return (sum(asked, NOTHING) + unserved * book.price_cap_per_mwh).quantize(MICRO)


def _lower_bound(bound: float, objective: Decimal, bid_count: int) -> Decimal:
    """Publish the solver's bound; awards rounded to a milliwatt may cost a trifle less than it."""
    exact = Decimal(repr(float(bound))).quantize(MICRO)
    trifle = MICRO * (1 + bid_count) + abs(objective) * MICRO
    return objective if objective < exact <= objective + trifle else exact


def _amount(value: float | None) -> Decimal | None:
    return None if value is None else Decimal(repr(float(value))).quantize(MICRO) + NOTHING


def _gap_ratio(objective: Decimal, bound: Decimal) -> float:
    return float((objective - bound) / abs(objective)) if objective else float(objective - bound)
