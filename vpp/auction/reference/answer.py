"""Solves the reference model and reads its answer."""

from dataclasses import dataclass
from datetime import timedelta

import pyomo.environ as pyo

from vpp.auction.book import Book
from vpp.auction.reference.accounts import rebound, reduction
from vpp.auction.reference.model import build_reference
from vpp.auction.reference.view import MILLI, ReferenceView
from vpp.solver.duals import fix_discrete
from vpp.solver.report import Outcome, SolverName
from vpp.solver.solve import solve


@dataclass(frozen=True, slots=True)
class ReferenceAnswer:
    """What the reference model finds best.

    Attributes:
        outcome: How the solve ended; without a solution everything else is empty.
        objective: Cost of what was accepted and, at the cap, of what was not served, in currency.
        bound: No awards can cost less, in currency; None if nothing was proved.
        reduction_kw: Awarded reduction by bid id, in the bid's direction, kW. Shape (N,) each.
        rebound_kw: Expected change the other way by bid id, kW. Shape (T,) each.
        unserved_kw: Target that nobody serves, kW. Shape (N,).
        local_unserved_kw: Local target that nobody serves, by zone, kW. Shape (N,) each.
    """

    outcome: Outcome
    objective: float | None
    bound: float | None
    reduction_kw: dict[str, tuple[float, ...]]
    rebound_kw: dict[str, tuple[float, ...]]
    unserved_kw: tuple[float, ...]
    local_unserved_kw: dict[str, tuple[float, ...]]


def solve_reference(
    book: Book,
    *,
    solver: SolverName = SolverName.GLPK,
    time_limit: timedelta = timedelta(seconds=30),
    relative_gap: float = 1e-6,
) -> ReferenceAnswer:
    """Find the best awards of a book with the reference model.

    A solver takes 0.99999 for an integer, and a little of every limit with it. So the integers are
    rounded, fixed, and the rest is solved once more.

    Args:
        book: A book that `check_book` lets pass.
        solver: Which solver.
        time_limit: Longest time of each of the two solves; at least one second.
        relative_gap: Distance to the bound, as a share of the cost, at which the search may stop.

    Returns:
        What is best, and how good it is.

    Raises:
        InvalidInput: `time_limit` or `relative_gap` is out of range.
        BrokenPromise: GLPK is missing, or the model is unbounded, which no book can cause.
    """
    model, view = build_reference(book), ReferenceView(book)
    if not view.bids and not view.required_kw and not model.local_unserved:
        # Solvers refuse a model without a variable.
        return ReferenceAnswer(Outcome.OPTIMAL, 0.0, 0.0, {}, {}, (0.0,) * len(view.delivery), {})
    report = solve(model, solver=solver, time_limit=time_limit, relative_gap=relative_gap)
    if not report.outcome.has_solution:
        return ReferenceAnswer(report.outcome, None, None, {}, {}, (), {})
    objective = report.objective
    if any(not variable.is_continuous() for variable in model.component_data_objects(pyo.Var)):
        fix_discrete(model)
        rounded = solve(model, solver=solver, time_limit=time_limit, relative_gap=relative_gap)
        objective = rounded.objective if rounded.outcome.has_solution else objective
    zones = sorted({zone for zone, _ in model.local_unserved})
    return ReferenceAnswer(
        outcome=report.outcome,
        objective=None if objective is None else objective / MILLI,
        bound=None if report.bound is None else report.bound / MILLI,
        reduction_kw={
            bid_id: tuple(_number(reduction(model, view, bid_id, t)) for t in view.delivery)
            for bid_id in view.bids
        },
        rebound_kw={
            bid_id: tuple(_number(rebound(model, view, bid_id, t)) for t in view.horizon)
            for bid_id in view.bids
        },
        unserved_kw=tuple(_number(model.unserved[t]) if t in model.unserved else 0.0 for t in view.delivery),
        local_unserved_kw={
            zone: tuple(
                _number(model.local_unserved[zone, t]) if (zone, t) in model.local_unserved else 0.0
                for t in view.delivery
            )
            for zone in zones
        },
    )


def _number(expression: pyo.Expression) -> float:
    """Return the value of an expression; never -0.0."""
    return float(pyo.value(expression)) + 0.0
