"""Cooling that may drift.

Variables:

    less[r,t]           reduction, 0 to D, kW
    more[r,t]           increase, 0 to U, kW
    deviation[r,i,t]    of node i (0 loop water, 1 air) at the end of an interval, K
    left[r,i]           deviation beyond `end_k` at the end of the horizon, K
"""

import pyomo.environ as pyo

from vpp.flexibility.planning.reference.view import PlanView
from vpp.flexibility.planning.settled import air_limits_k
from vpp.flexibility.planning.thermal_columns import kwh_per_k

NODES = (0, 1)
AIR = 1


def add_thermal_variables(model: pyo.ConcreteModel, view: PlanView) -> None:
    """Add the variables of halls."""
    halls, horizon = view.halls, view.horizon
    both = [(r, t) for r in halls for t in horizon]
    limits = {r: air_limits_k(hall) for r, hall in halls.items()}
    model.less = pyo.Var(both, bounds=lambda _, r, t: (0.0, halls[r].max_reduction_kw[t]))
    model.more = pyo.Var(both, bounds=lambda _, r, t: (0.0, halls[r].max_increase_kw[t]))
    model.deviation = pyo.Var(
        [(r, i, t) for r in halls for i in NODES for t in horizon],
        bounds=lambda _, r, i, t: (
            (float(limits[r][0][t]), float(limits[r][1][t])) if i == AIR else (None, None)
        ),
    )
    model.left = pyo.Var([(r, i) for r in halls for i in NODES], domain=pyo.NonNegativeReals)


def add_thermal(model: pyo.ConcreteModel, view: PlanView) -> None:
    """Add the rows of halls."""
    rates = {r: air_limits_k(hall)[2] for r, hall in view.halls.items()}
    model.drift = pyo.Constraint(list(model.deviation), rule=lambda m, r, i, t: drift(m, view, r, i, t))
    model.rise_rate = pyo.Constraint(
        list(model.less), rule=lambda m, r, t: rise_rate(m, view, r, t, float(rates[r][t]))
    )
    model.recovered = pyo.Constraint(list(model.left), rule=lambda m, r, i: recovered(m, view, r, i))


def drift(model: pyo.ConcreteModel, view: PlanView, r: str, i: int, t: int) -> pyo.Constraint:
    """Deviation: z[t,i] = sum_j A[t,i,j] z[t-1,j] + g[t,i] (less[t] - b more[t]), K."""
    hall = view.halls[r]
    before = [model.deviation[r, j, t - 1] if t else hall.start_k[j] for j in NODES]
    kept = sum(hall.decay[t][i][j] * before[j] for j in NODES)
    change_kw = model.less[r, t] - hall.return_ratio * model.more[r, t]
    return model.deviation[r, i, t] == kept + hall.gain_k_per_kw[t][i] * change_kw


def rise_rate(model: pyo.ConcreteModel, view: PlanView, r: str, t: int, rate: float) -> pyo.Constraint:
    """Rate: z[t,air] - z[t-1,air] <= rate[t], K."""
    before = model.deviation[r, AIR, t - 1] if t else view.halls[r].start_k[AIR]
    return model.deviation[r, AIR, t] - before <= rate


def recovered(model: pyo.ConcreteModel, view: PlanView, r: str, i: int) -> pyo.Constraint:
    """End: z[N-1,i] <= end + left[i], K."""
    return model.deviation[r, i, view.horizon[-1]] <= view.halls[r].end_k + model.left[r, i]


def thermal_cost(model: pyo.ConcreteModel, view: PlanView) -> pyo.Expression:
    """Cost of reductions, and of what is not cooled down by the end."""
    halls = view.halls
    terms = [view.hours * halls[r].cost_per_kwh * model.less[r, t] for r, t in model.less]
    terms += [view.owed_cost * kwh_per_k(halls[r], i, view.hours) * model.left[r, i] for r, i in model.left]
    return pyo.quicksum(terms)
