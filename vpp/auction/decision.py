"""Decides a book: what is bought, at which prices, and how good that is."""

from dataclasses import dataclass

import pyomo.environ as pyo

from vpp.auction.dispatch import Dispatch, read_dispatch
from vpp.auction.marginal_price import (
    Side,
    first_rejected_prices,
    hull_prices,
    marginal_prices,
    nudge_kw,
    run_solver,
)
from vpp.auction.market_view import MILLI, MarketView
from vpp.auction.merit_order import merit_order, offer_price
from vpp.auction.model import build_model
from vpp.auction.payment import cost_of, energy_mwh
from vpp.auction.result import ClearingStatus, PriceBranch
from vpp.auction.rules import ClearingRules
from vpp.auction.tie_break import settle_ties
from vpp.solver.duals import fix_discrete, want_duals
from vpp.solver.report import Outcome


@dataclass(frozen=True, slots=True)
class Decision:
    """What is bought, at which prices, and how good that is.

    Attributes:
        dispatch: What is bought from whom.
        price_per_mwh: Price of reliable reduction per interval of the horizon. Shape (T,).
        branch: Which rule set the price of each delivery interval. Shape (N,).
        bound: No dispatch can cost less, in currency; None if nothing was proved.
        status: How good it is.
        version: Version of the solver; empty if none was needed.
    """

    dispatch: Dispatch
    price_per_mwh: tuple[float, ...]
    branch: tuple[PriceBranch, ...]
    bound: float | None
    status: ClearingStatus
    version: str


def decide(view: MarketView, rules: ClearingRules) -> Decision:
    """Decide a book; the merit order is ready before the solver starts, so there is always an answer.

    Args:
        view: The book.
        rules: Solver and its limits.

    Returns:
        The solver's decision, or the merit order's if that is all there is, or cheaper.
    """
    fallback = merit_order(view)
    if not view.bids or not view.has_target:
        return _without_choice(view, fallback)
    solved = _solve(view, rules)
    if isinstance(solved, Decision) and total_cost(view, solved.dispatch) <= total_cost(view, fallback):
        return solved
    bound, version = (solved.bound, solved.version) if isinstance(solved, Decision) else solved
    return _from_merit_order(view, fallback, bound, version)


def total_cost(view: MarketView, dispatch: Dispatch) -> float:
    """Return the cost of a dispatch with its unserved target, in currency."""
    book = view.book
    bought = sum(
        float(cost_of(bid, dispatch.reduction_kw[bid_id], book.step)) for bid_id, bid in view.bids.items()
    )
    unserved = sum(float(energy_mwh(kw, book.step)) for kw in dispatch.shortfall_kw)
    return bought + unserved * float(book.price_cap_per_mwh)


def _solve(view: MarketView, rules: ClearingRules) -> Decision | tuple[float | None, str]:
    """Search, price, settle ties. Without an answer, return what was proved and by which version."""
    model = build_model(view)
    status, bound, version = ClearingStatus.OPTIMAL, None, ""
    if len(model.accepted):
        report = run_solver(model, rules)
        version = report.version
        bound = None if report.bound is None else report.bound / MILLI
        if not report.outcome.has_solution:
            return bound, version
        if report.outcome is not Outcome.OPTIMAL:
            status = ClearingStatus.FEASIBLE
        fix_discrete(model)
    accepted = {bid_id: float(pyo.value(variable)) for bid_id, variable in model.accepted.items()}
    lowest = marginal_prices(model, view, Side.LESS, rules)
    if lowest is None:
        return bound, version
    if not accepted:
        # The tangent at a little less target lies below the cost of the whole target.
        rise = sum(lowest[t] * nudge_kw(view, t) for t in view.least_net_kw) * view.interval_h
        bound = (float(pyo.value(model.cost)) + rise) / MILLI
    report = settle_ties(model, view, rules)
    if not report.outcome.has_solution:
        # The price changes within the nudge: take the duals of the target itself.
        model = _fixed_model(view, accepted)
        want_duals(model)
        if run_solver(model, rules).outcome is not Outcome.OPTIMAL:
            return bound, report.version
        settle_ties(model, view, rules)
    dispatch = read_dispatch(model, view)
    prices, branch = _priced(view, dispatch, lowest, accepted, rules)
    return Decision(dispatch, prices, branch, bound, status, version or report.version)


def _fixed_model(view: MarketView, accepted: dict[str, float]) -> pyo.ConcreteModel:
    model = build_model(view)
    for bid_id, value in accepted.items():
        model.accepted[bid_id].set_value(value)
    fix_discrete(model)
    return model


def _priced(
    view: MarketView,
    dispatch: Dispatch,
    lowest: tuple[float, ...],
    accepted: dict[str, float],
    rules: ClearingRules,
) -> tuple[tuple[float, ...], tuple[PriceBranch, ...]]:
    """Apply the price rule: the lowest supporting price, raised where only indivisible bids serve."""
    cap = float(view.book.price_cap_per_mwh)
    prices = [min(price, cap) for price in lowest]
    delivery = range(view.book.delivery_interval_count)
    branch = [PriceBranch.MARGINAL if t in view.has_target else PriceBranch.NO_TARGET for t in delivery]
    alone = [t for t in delivery if t in view.has_target and _only_indivisible(view, dispatch, t)]
    hull = hull_prices(view, rules) if alone else None
    highest = first_rejected_prices(view, accepted, rules) if hull else None
    if hull and highest:
        for t in alone:
            raised = min(hull[t], highest[t], cap)
            if raised > prices[t]:
                prices[t], branch[t] = raised, PriceBranch.HULL
    for t in delivery:
        if t in view.has_target and (dispatch.shortfall_kw[t] > 0 or prices[t] >= cap):
            prices[t], branch[t] = cap, PriceBranch.SHORTAGE
    return tuple(prices), tuple(branch)


def _only_indivisible(view: MarketView, dispatch: Dispatch, t: int) -> bool:
    """Whether an interval is served only by blocks that cannot be made smaller."""
    if dispatch.shortfall_kw[t] > 0:
        return False
    serving = [bid_id for bid_id, kw in dispatch.reduction_kw.items() if kw[t] > 0]
    return bool(serving) and all(
        bid_id in view.blocks and dispatch.ratio[bid_id] <= view.blocks[bid_id].min_acceptance_ratio
        for bid_id in serving
    )


def _without_choice(view: MarketView, dispatch: Dispatch) -> Decision:
    """Decide a book that offers nothing or asks for nothing; no solver is needed."""
    cap = float(view.book.price_cap_per_mwh)
    delivery = range(view.book.delivery_interval_count)
    return Decision(
        dispatch=dispatch,
        price_per_mwh=tuple(cap if t in view.has_target else 0.0 for t in view.intervals),
        branch=tuple(
            PriceBranch.SHORTAGE if t in view.has_target else PriceBranch.NO_TARGET for t in delivery
        ),
        bound=total_cost(view, dispatch),
        status=ClearingStatus.OPTIMAL,
        version="",
    )


def _from_merit_order(view: MarketView, dispatch: Dispatch, bound: float | None, version: str) -> Decision:
    """Price the fallback: the dearest accepted offer of each interval, the cap where there is none."""
    dearest: dict[int, float] = {}
    for (bid_id, t), keys in view.steps_of.items():
        left_kw = dispatch.reduction_kw[bid_id][t]
        for key in keys:
            if left_kw > 0:
                dearest[t] = max(dearest.get(t, 0.0), offer_price(view, key))
            left_kw -= view.steps[key].reduction_kw
    for bid_id in view.blocks:
        for t, kw in enumerate(dispatch.reduction_kw[bid_id]):
            if kw > 0:
                dearest[t] = max(dearest.get(t, 0.0), offer_price(view, bid_id))
    cap = float(view.book.price_cap_per_mwh)
    prices, branch = [0.0 for _ in view.intervals], []
    for t in range(view.book.delivery_interval_count):
        if t in dearest:
            prices[t] = min(round(dearest[t], 8), cap)
            branch.append(PriceBranch.HIGHEST_ACCEPTED)
        else:
            prices[t] = cap if t in view.has_target else 0.0
            branch.append(PriceBranch.SHORTAGE if t in view.has_target else PriceBranch.NO_TARGET)
    return Decision(
        dispatch=dispatch,
        price_per_mwh=tuple(prices),
        branch=tuple(branch),
        bound=bound,
        status=ClearingStatus.FALLBACK,
        version=version,
    )
