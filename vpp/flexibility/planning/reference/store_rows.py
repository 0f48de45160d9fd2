"""Stores.

Variables, all 0 or more:

    discharge[r,t]   own programme to X, kW
    charge[r,t]      0 to Y, kW
    stored[r,t]      floor to ceiling, kWh, at the end of an interval
    end_short[r]     what is missing of `end_kwh`, kWh
    charging[r,t]    0 or 1, where drawing energy pays
"""

import pyomo.environ as pyo

from vpp.flexibility.planning.reference.view import PlanView, value_at
from vpp.flexibility.planning.settled import stored_bounds_kwh
from vpp.flexibility.planning.store_columns import largest_charge_kw
from vpp.flexibility.planning.waste import may_waste


def add_store_variables(model: pyo.ConcreteModel, view: PlanView) -> None:
    """Add the variables of stores."""
    stores, horizon = view.stores, view.horizon
    both = [(r, t) for r in stores for t in horizon]
    bounds = {r: stored_bounds_kwh(store, view.hours) for r, store in stores.items()}
    most = {r: largest_charge_kw(store, view.goal) for r, store in stores.items()}
    model.discharge = pyo.Var(
        both,
        bounds=lambda _, r, t: (
            value_at(stores[r].own_discharge_kw, t),
            max(stores[r].max_discharge_kw[t], value_at(stores[r].own_discharge_kw, t)),
        ),
    )
    model.charge = pyo.Var(both, bounds=lambda _, r, t: (0.0, float(most[r][t])))
    model.stored = pyo.Var(both, bounds=lambda _, r, t: (float(bounds[r][0][t]), float(bounds[r][1][t])))
    model.end_short = pyo.Var([r for r in stores if stores[r].end_kwh > 0.0], domain=pyo.NonNegativeReals)
    wasting = both if stores and may_waste(view.site, view.goal) else []
    model.charging = pyo.Var(wasting, domain=pyo.Binary)


def add_stores(model: pyo.ConcreteModel, view: PlanView) -> None:
    """Add the rows of stores."""
    both = list(model.stored)
    model.energy = pyo.Constraint(both, rule=lambda m, r, t: energy(m, view, r, t))
    model.in_turn = pyo.Constraint(both, rule=lambda m, r, t: in_turn(m, view, r, t))
    model.charge_only = pyo.Constraint(list(model.charging), rule=lambda m, r, t: charge_only(m, view, r, t))
    model.discharge_only = pyo.Constraint(
        list(model.charging), rule=lambda m, r, t: discharge_only(m, view, r, t)
    )
    limited = [r for r, store in view.stores.items() if store.throughput_limit_kwh < float("inf")]
    model.throughput = pyo.Constraint(limited, rule=lambda m, r: throughput(m, view, r))
    model.end = pyo.Constraint(list(model.end_short), rule=lambda m, r: end(m, view, r))


def energy(model: pyo.ConcreteModel, view: PlanView, r: str, t: int) -> pyo.Constraint:
    """Energy: stored[t] = hold stored[t-1] + h (r_c charge[t] - discharge[t] / r_d), kWh."""
    store = view.stores[r]
    before = model.stored[r, t - 1] if t else store.stored_kwh
    change = (
        store.stored_per_charged * model.charge[r, t] - model.discharge[r, t] / store.delivered_per_stored
    )
    return model.stored[r, t] == store.hold_ratio * before + view.hours * change


def programme(view: PlanView, r: str, t: int) -> tuple[float, float]:
    """Return the own discharge and charge of an interval that has both, kW; else 0."""
    store = view.stores[r]
    own = value_at(store.own_discharge_kw, t), value_at(store.own_charge_kw, t)
    return own if min(own) > 0.0 else (0.0, 0.0)


def in_turn(model: pyo.ConcreteModel, view: PlanView, r: str, t: int) -> pyo.Constraint:
    """One after the other: discharge / X + charge / Y <= 1, or the own programme's sum."""
    most_x, most_y = model.discharge[r, t].ub, model.charge[r, t].ub
    if most_x <= 0.0 or most_y <= 0.0:
        return pyo.Constraint.Skip
    own_x, own_y = programme(view, r, t)
    most = max(1.0, own_x / most_x + own_y / most_y)
    return model.discharge[r, t] / most_x + model.charge[r, t] / most_y <= most


def charge_only(model: pyo.ConcreteModel, view: PlanView, r: str, t: int) -> pyo.Constraint:
    """Charge only while charging, or by the own programme: charge <= Y charging + own, kW."""
    own = programme(view, r, t)[1]
    return model.charge[r, t] <= model.charge[r, t].ub * model.charging[r, t] + own


def discharge_only(model: pyo.ConcreteModel, view: PlanView, r: str, t: int) -> pyo.Constraint:
    """Else discharge: discharge <= X (1 - charging) + own, kW; where nothing can be charged, at any time."""
    if model.charge[r, t].ub <= 0.0:
        return pyo.Constraint.Skip
    own = programme(view, r, t)[0]
    return model.discharge[r, t] <= model.discharge[r, t].ub * (1 - model.charging[r, t]) + own


def throughput(model: pyo.ConcreteModel, view: PlanView, r: str) -> pyo.Constraint:
    """Wear: h sum_t discharge[t] <= limit, or the own programme's, kWh."""
    store = view.stores[r]
    own_kwh = view.hours * sum(store.own_discharge_kw)
    total = view.hours * pyo.quicksum(model.discharge[r, t] for t in view.horizon)
    return total <= max(store.throughput_limit_kwh, own_kwh)


def end(model: pyo.ConcreteModel, view: PlanView, r: str) -> pyo.Constraint:
    """End: stored[N-1] + end_short >= end, kWh."""
    store = view.stores[r]
    return model.stored[r, view.horizon[-1]] + model.end_short[r] >= min(store.end_kwh, store.ceiling_kwh)


def store_reduction(model: pyo.ConcreteModel, view: PlanView, r: str, t: int) -> pyo.Expression:
    """Return what a store discharges beyond its own programme, kW."""
    return model.discharge[r, t] - value_at(view.stores[r].own_discharge_kw, t)


def store_increase(model: pyo.ConcreteModel, view: PlanView, r: str, t: int) -> pyo.Expression:
    """Return what a store charges beyond its own programme, kW."""
    return model.charge[r, t] - value_at(view.stores[r].own_charge_kw, t)


def store_cost(model: pyo.ConcreteModel, view: PlanView) -> pyo.Expression:
    """Wear less the value of what is stored at the end, and what is owed then."""
    terms = []
    for r, store in view.stores.items():
        terms += [view.hours * store.wear_cost_per_kwh * model.discharge[r, t] for t in view.horizon]
        terms.append(-store.end_value_per_kwh * model.stored[r, view.horizon[-1]])
    terms += [view.owed_cost * short for short in model.end_short.values()]
    return pyo.quicksum(terms)
