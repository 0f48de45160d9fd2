"""Chooses among awards of the same cost by the published rule, not by the solver's habits.

Many awards can cost the same: offers at one price, returns at one time or another. They form a
face of the model, which the duals describe: what has a reduced cost stays at its bound, what has
a price stays tight. Over that face a second objective is minimised, in which an earlier
submission counts less than a later one. The result depends neither on the order of the bids nor
on the solver.
"""

import pyomo.environ as pyo

from vpp.auction.marginal_price import run_solver
from vpp.auction.market_view import MarketView
from vpp.auction.rules import ClearingRules
from vpp.solver.duals import dual, reduced_cost
from vpp.solver.report import SolveReport

_IS_ZERO = 1e-6  # thousandths of the currency per kW; what is smaller is no price


def settle_ties(model: pyo.ConcreteModel, view: MarketView, rules: ClearingRules) -> SolveReport:
    """Move a solved linear model to the awards that the tie rule prefers, at the same cost.

    Args:
        model: A linear model of the book that holds a solution with duals and reduced costs;
            afterwards restricted to solutions of the same cost.
        view: The book.
        rules: Solver and its limits.

    Returns:
        How the solve ended. Without a solution, the duals do not belong to the model's target.

    Source:
        Design of the auction engine, sections 3.3 and 7: equal price per reliable MWh, then
        earlier submission, then name.
    """
    _hold_cost(model)
    model.cost.deactivate()
    model.tie = pyo.Objective(expr=_preference(model, view))
    return run_solver(model, rules)


def _hold_cost(model: pyo.ConcreteModel) -> None:
    """Keep everything that has a price where it is."""
    model.tight = pyo.ConstraintList()
    for row in list(model.component_data_objects(pyo.Constraint, active=True)):
        price = dual(model, row)
        if abs(price) > _IS_ZERO and not row.equality:
            model.tight.add(row.body == (row.lower if price > 0 else row.upper))
            row.deactivate()
    for variable in model.component_data_objects(pyo.Var):
        if not variable.fixed:
            cost = reduced_cost(model, variable)
            if abs(cost) > _IS_ZERO:
                variable.fix(variable.lb if cost > 0 else variable.ub)


def _preference(model: pyo.ConcreteModel, view: MarketView) -> pyo.Expression:
    """What the tie rule minimises.

    Serving the target comes first, then the bid's place in the tie order; within a bid the
    earlier interval and the cheaper step; a rebound falls as early as it may.
    """
    count = len(view.bids)
    span = len(view.intervals)
    terms = []
    for (bid_id, t, position), variable in model.step.items():
        place = view.rank[bid_id] + 1 + (t / span + position / 1000) / 4
        terms.append(place * view.bids[bid_id].delivery_ratio * variable)
    for bid_id, variable in model.taken.items():
        intervals = sum(max(0.0, change) for change in view.profile_kw[bid_id]) / view.size_kw[bid_id]
        terms.append((view.rank[bid_id] + 1) * intervals * view.bids[bid_id].delivery_ratio * variable)
    terms.extend((t + 1) / span / 4 * variable for (_, t), variable in model.returned.items())
    terms.extend(4 * (count + 1) * variable for variable in model.unserved.values())
    return pyo.quicksum(terms)
