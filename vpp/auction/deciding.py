"""Decides a book: what is bought, at which prices, and how good that is."""

import numpy as np

from vpp.auction.bid import StepOffer
from vpp.auction.certifying import certificate
from vpp.auction.cost import costs
from vpp.auction.decision import Decision
from vpp.auction.dispatch import Dispatch, make_dispatch, read_dispatch
from vpp.auction.fitting import winning_prices
from vpp.auction.market.canonical import MILLI, CanonicalBook
from vpp.auction.market.program import MarketProgram, assemble
from vpp.auction.merit_order import merit_order
from vpp.auction.price_rule import prices_at_target, rule_prices
from vpp.auction.result import ClearingMethod, ClearingStatus, PriceBranch
from vpp.auction.rules import ClearingRules
from vpp.auction.search.found import Found, Proof
from vpp.auction.search.prices import Prices
from vpp.auction.search.pro_rata import share_ties
from vpp.auction.search.search import find_awards
from vpp.auction.search.ties import settle_ties
from vpp.auction.stages import Stages
from vpp.solver.linear_program import Floats, LinearSession


def decide(
    canonical: CanonicalBook,
    rules: ClearingRules,
    stages: Stages,
    loaded: tuple[MarketProgram, LinearSession] | None = None,
) -> tuple[Decision, Found | None, Floats]:
    """Decide a checked book.

    The merit order needs no solver: it answers when the solver has nothing in time, so there is
    always an answer.

    Args:
        canonical: The book.
        rules: Solver and its limits.
        stages: Keeps where the time goes.
        loaded: The book's program and a session that holds it; None to make them.

    Returns:
        The decision; what the search found, if it did; and the value of each column of its program.
    """
    wants_local = any(any(limit.local_target_kw or ()) for limit in canonical.book.terms.zones)
    is_wanted = bool(canonical.has_target.any()) or wants_local
    if not canonical.bids or not (is_wanted or _pays_to_be_called(canonical)):
        return _without_choice(canonical), None, np.empty(0)
    market, session = loaded or (assemble(canonical), None)
    stages.enter("solve")
    found = find_awards(market, rules, session)
    stages.enter("price")
    if not isinstance(found, Found):
        return _from_merit_order(canonical, found, market), None, np.empty(0)
    value = found.answer.column_value
    if found.bounds is not None:
        value = settle_ties(market, rules, found.answer, found.bounds)
    value = share_ties(market, value, rules.tie_rule)
    dispatch = read_dispatch(market, found.choices, value)
    prices, branch = rule_prices(market, found.pricing, dispatch, rules) or prices_at_target(
        market, found.answer.row_dual, dispatch
    )
    return (
        Decision(
            canonical=canonical,
            market=market,
            dispatch=dispatch,
            prices=prices,
            branch=branch,
            bound=found.bound / MILLI,
            certificate=certificate(market, found.proof, found.proved),
            status=ClearingStatus.OPTIMAL if found.is_proven else ClearingStatus.FEASIBLE,
            method=found.method,
            version=found.version,
            margin_cost=_margin_cost(market, found),
            winning_price=winning_prices(market, found, dispatch, prices, rules),
        ),
        found,
        value,
    )


def total_cost(dispatch: Dispatch) -> float:
    """Return the cost of a dispatch with its unserved targets, in currency."""
    canonical = dispatch.canonical
    missing = float(dispatch.shortfall_kw.sum()) + sum(
        float(kw.sum()) for kw in dispatch.local_shortfall_kw.values()
    )
    unserved = missing * canonical.interval_h / MILLI * canonical.cap
    return float(sum(costs(dispatch))) + unserved


def _margin_cost(market: MarketProgram, found: Found) -> float | None:
    """Compare the relaxation with that of the target without its margin."""
    if not market.canonical.book.terms.margin_ratio:
        return None
    plain = found.pricing.cost_without_margin()
    return None if plain is None else max(0.0, found.proved - plain) / MILLI


def _pays_to_be_called(canonical: CanonicalBook) -> bool:
    """Tell whether a bid has a negative price: it is worth taking even if nothing is asked for."""
    offers = (bid.offer for bid in canonical.bids)
    fixed = (offer.price_per_mwh < 0 for offer in offers if not isinstance(offer, StepOffer))
    return bool((canonical.steps.price < 0).any()) or any(fixed)


def _without_choice(canonical: CanonicalBook) -> Decision:
    """Decide a book that offers nothing or asks for nothing; no solver is needed."""
    dispatch = make_dispatch(
        canonical, step_kw=np.zeros(len(canonical.steps.bid)), ratio=np.zeros(len(canonical.block_places))
    )
    price = np.where(canonical.has_target, canonical.cap, 0.0)
    wanted = canonical.has_target[: canonical.delivery_count]
    return Decision(
        canonical=canonical,
        market=None,
        dispatch=dispatch,
        prices=Prices(price[None, :], price, np.zeros(len(price))),
        branch=tuple(PriceBranch.SHORTAGE if one else PriceBranch.NO_TARGET for one in wanted),
        bound=total_cost(dispatch),
        certificate=None,
        status=ClearingStatus.OPTIMAL,
        method=ClearingMethod.NOTHING_TO_DECIDE,
        version="",
    )


def _from_merit_order(canonical: CanonicalBook, proof: Proof | None, market: MarketProgram) -> Decision:
    """Price the fallback: the dearest accepted offer of each interval, the cap where there is none."""
    dispatch = merit_order(canonical)
    table, delivery = canonical.steps, canonical.delivery_count
    dearest = np.full(canonical.horizon_count, -np.inf)
    taken = dispatch.step_kw > 0
    offered = table.price[taken] / np.abs(canonical.counted_shed[table.bid[taken]])
    np.maximum.at(dearest, table.interval[taken], offered)
    asked = costs(dispatch)
    for place in canonical.block_places.tolist():
        kw = dispatch.reduction_kw[place]
        if kw.any():
            energy = float(kw.sum()) * canonical.interval_h / MILLI * abs(canonical.counted_shed[place])
            serving = np.flatnonzero(kw > 0)
            dearest[serving] = np.maximum(dearest[serving], float(asked[place]) / energy)
    served = np.isfinite(dearest)
    wanted = canonical.has_target
    price = np.where(
        served, np.minimum(np.round(dearest, 8), canonical.cap), np.where(wanted, canonical.cap, 0.0)
    )
    branch = [
        PriceBranch.HIGHEST_ACCEPTED
        if served[t]
        else PriceBranch.SHORTAGE
        if wanted[t]
        else PriceBranch.NO_TARGET
        for t in range(delivery)
    ]
    return Decision(
        canonical=canonical,
        market=None,
        dispatch=dispatch,
        prices=Prices(price[None, :], price, np.zeros(len(price))),
        branch=tuple(branch),
        bound=None if proof is None else proof.bound / MILLI,
        certificate=None if proof is None else certificate(market, proof.row_dual, proof.bound),
        status=ClearingStatus.FALLBACK,
        method=ClearingMethod.MERIT_ORDER,
        version="" if proof is None else proof.version,
    )
