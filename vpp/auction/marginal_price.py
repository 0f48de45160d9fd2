"""Prices of target: what a little less, or a little more, of it would change.

Where the target meets the end of a step exactly, every price between the last accepted and the
first rejected offer supports the awards, and a solver may return any. So the model is solved
with a slightly smaller target (and a slightly larger headroom): its dual is the lowest of these
prices, from every solver.
"""

import enum
from collections.abc import Mapping

import pyomo.environ as pyo

from vpp.auction.market_view import MarketView
from vpp.auction.model import build_model
from vpp.auction.rules import ClearingRules
from vpp.solver.duals import dual, relax_discrete, want_duals
from vpp.solver.report import Outcome, SolveReport
from vpp.solver.solve import solve

_NUDGE_KW, _NUDGE_SHARE = 1e-2, 1e-5  # ten times what solvers overlook, and far below any bid

_NOISE_DIGITS = 8  # prices of two solvers agree to more decimals than this


class Side(enum.Enum):
    """From which side of the target the price is taken."""

    LESS = -1.0
    MORE = 1.0


def marginal_prices(
    model: pyo.ConcreteModel, view: MarketView, side: Side, rules: ClearingRules
) -> tuple[float, ...] | None:
    """Solve a linear model of the book beside its target and return the prices there.

    Args:
        model: A model of the book whose integers are fixed or relaxed; holds the solution, its
            duals and reduced costs afterwards, and its own target again.
        view: The book.
        side: Which side of the target.
        rules: Solver and its limits.

    Returns:
        Price per interval of the horizon, per MWh of reliable reduction. Shape (T,). None if
        the solver did not finish.

    Source:
        Design of the auction engine, section 3.3: the left derivative of cost in the target.
    """
    want_duals(model)
    for t, least_kw in view.least_net_kw.items():
        # Less headroom than there is may be too little for anything: only targets are raised.
        if side is Side.LESS or t in view.has_target:
            model.least_net[t] = least_kw + side.value * nudge_kw(view, t)
    report = run_solver(model, rules)
    for t, least_kw in view.least_net_kw.items():
        model.least_net[t] = least_kw
    if report.outcome is not Outcome.OPTIMAL:
        return None
    return tuple(
        round(dual(model, model.balance[t]) / view.interval_h, _NOISE_DIGITS) + 0.0
        if t in model.balance
        else 0.0
        for t in view.intervals
    )


def hull_prices(view: MarketView, rules: ClearingRules) -> tuple[float, ...] | None:
    """Return the prices of the book in which every bid were divisible, just below the target.

    With these bids that is the convex-hull price. Shape (T,), or None if the solver did not
    finish.

    Source:
        Design of the auction engine, sections 2.3 and 3.1.
    """
    model = build_model(view)
    relax_discrete(model)
    return marginal_prices(model, view, Side.LESS, rules)


def first_rejected_prices(
    view: MarketView, accepted: Mapping[str, float], rules: ClearingRules
) -> tuple[float, ...] | None:
    """Return the prices just above the target, with the accepted blocks as they are.

    A higher price would leave a divisible offer out that is cheaper than the price. Shape
    (T,), or None if the solver did not finish.
    """
    model = build_model(view)
    for bid_id, value in accepted.items():
        model.accepted[bid_id].fix(value)
        model.accepted[bid_id].domain = pyo.Reals
    return marginal_prices(model, view, Side.MORE, rules)


def nudge_kw(view: MarketView, t: int) -> float:
    """How far beside a target, or a headroom, its price is taken, kW."""
    nudge = _NUDGE_KW + _NUDGE_SHARE * abs(view.least_net_kw[t])
    return min(nudge, view.target_kw[t] / 2) if t in view.has_target else nudge


def run_solver(model: pyo.ConcreteModel, rules: ClearingRules) -> SolveReport:
    """Solve with the clearing's solver and limits."""
    return solve(model, solver=rules.solver, time_limit=rules.time_limit, relative_gap=rules.relative_gap)
