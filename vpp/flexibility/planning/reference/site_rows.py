"""The site.

Variables:

    net[t]            net load within the connection's limits, kW
    too_steep         rise into the first interval beyond its limit, kW
    paid[t]           delivered within the band, kW, where it is measured
    excess[t]         delivered beyond it, kW
    missing[t]        owed and not delivered, kW
    used[r,t]         whether a resource of an exclusion may reduce, 0 or 1
    called[r]         whether a resource with a start cost may reduce at all, 0 or 1
"""

import math

import pyomo.environ as pyo

from vpp.flexibility.planning.forced import most_used, shared_limit_kw
from vpp.flexibility.planning.reference.store_rows import store_increase, store_reduction
from vpp.flexibility.planning.reference.view import PlanView
from vpp.flexibility.planning.reference.work_rows import pause_of, work_reduction
from vpp.flexibility.planning.settled import net_bounds_kw, rise_limits_kw
from vpp.flexibility.planning.terms import GeneratorTerms


def add_site_variables(model: pyo.ConcreteModel, view: PlanView) -> None:
    """Add the site's variables."""
    low, high = net_bounds_kw(view.site)
    goal, measured = view.goal, view.measured
    model.net = pyo.Var(list(view.horizon), bounds=lambda _, t: (float(low[t]), float(high[t])))
    model.too_steep = pyo.Var(domain=pyo.NonNegativeReals)
    model.paid = pyo.Var(
        measured,
        bounds=lambda _, t: (goal.least_kw[t], None if math.isinf(goal.most_kw[t]) else goal.most_kw[t]),
    )
    model.excess = pyo.Var(measured, domain=pyo.NonNegativeReals)
    model.missing = pyo.Var(measured, domain=pyo.NonNegativeReals)
    ids = {each.resource_id for each in view.site.resources}
    excluded = sorted({key for exclusion in view.site.exclusions for key in exclusion if key in ids})
    model.used = pyo.Var([(r, t) for r in excluded for t in view.horizon], domain=pyo.Binary)
    starting = [
        each.resource_id
        for each in view.site.resources
        if not isinstance(each, GeneratorTerms) and each.start_cost > 0.0
    ]
    model.called = pyo.Var(starting, domain=pyo.Binary)


def add_site(model: pyo.ConcreteModel, view: PlanView) -> None:
    """Add the site's rows."""
    horizon = list(view.horizon)
    limits = rise_limits_kw(view.site)
    model.balance = pyo.Constraint(horizon, rule=lambda m, t: balance(m, view, t))
    model.rise = pyo.Constraint(horizon, rule=lambda m, t: rise(m, view, t, float(limits[t])))
    model.delivery = pyo.Constraint(view.measured, rule=lambda m, t: delivery(m, view, t))
    numbers = range(len(view.site.shared_limits))
    model.shared = pyo.Constraint(numbers, horizon, rule=lambda m, n, t: shared(m, view, n, t))
    numbers = range(len(view.site.exclusions))
    model.exclusion = pyo.Constraint(numbers, horizon, rule=lambda m, n, t: exclusion(m, view, n, t))
    model.used_gate = pyo.Constraint(list(model.used), rule=lambda m, r, t: used_gate(m, view, r, t))
    both = [(r, t) for r in model.called for t in horizon]
    model.called_gate = pyo.Constraint(both, rule=lambda m, r, t: called_gate(m, view, r, t))


def reduction(model: pyo.ConcreteModel, view: PlanView, r: str, t: int) -> pyo.Expression:
    """Return a resource's reduction, kW."""
    if r in view.stores:
        return store_reduction(model, view, r, t)
    if r in view.groups:
        return work_reduction(model, view, r, t)
    return model.less[r, t] if r in view.halls else model.output[r, t]


def increase(model: pyo.ConcreteModel, view: PlanView, r: str, t: int) -> pyo.Expression:
    """Return a resource's increase, kW."""
    if r in view.stores:
        return store_increase(model, view, r, t)
    if r in view.groups:
        return model.catch_up[r, t]
    return model.more[r, t] if r in view.halls else 0.0


def largest_kw(model: pyo.ConcreteModel, view: PlanView, r: str, t: int) -> float:
    """Return the largest reduction of a resource, kW."""
    if r in view.stores:
        return float(model.discharge[r, t].ub - model.discharge[r, t].lb)
    if r in view.groups:
        work = view.groups[r]
        pause = pause_of(work)
        cut = sum(segment.width_ratio for segment in work.segments)
        return work.load_kw[t] * max(cut, 0.0 if pause is None else 1.0 - pause.idle_power_ratio)
    return view.halls[r].max_reduction_kw[t] if r in view.halls else view.generators[r].max_kw[t]


def balance(model: pyo.ConcreteModel, view: PlanView, t: int) -> pyo.Constraint:
    """Net load: net[t] = l[t] - sum_r ratio_r reduction + sum_r increase, kW."""
    ids = [each.resource_id for each in view.site.resources]
    less = pyo.quicksum(view.response_ratio.get(r, 1.0) * reduction(model, view, r, t) for r in ids)
    more = pyo.quicksum(increase(model, view, r, t) for r in ids)
    return model.net[t] == view.site.load_kw[t] - less + more


def rise(model: pyo.ConcreteModel, view: PlanView, t: int, limit_kw: float) -> pyo.Constraint:
    """Ramp: net[t] - net[t-1] <= limit[t], kW; the first beside `too_steep`."""
    if math.isinf(limit_kw):
        return pyo.Constraint.Skip
    if t:
        return model.net[t] - model.net[t - 1] <= limit_kw
    return model.net[0] - view.site.previous_net_kw <= limit_kw + model.too_steep


def delivery(model: pyo.ConcreteModel, view: PlanView, t: int) -> pyo.Constraint:
    """Delivered: s (B[t] - net[t]) = paid + excess - missing, kW."""
    delivered = view.goal.sign * (view.goal.baseline_kw[t] - model.net[t])
    return delivered == model.paid[t] + model.excess[t] - model.missing[t]


def shared(model: pyo.ConcreteModel, view: PlanView, n: int, t: int) -> pyo.Constraint:
    """Shared limit: sum_r weight_r reduction[r,t] <= limit[t], kW."""
    limit = view.site.shared_limits[n]
    ids = {each.resource_id for each in view.site.resources}
    weights = [(r, weight) for r, weight in limit.weight if r in ids]
    total = pyo.quicksum(weight * reduction(model, view, r, t) for r, weight in weights)
    most = float(shared_limit_kw(view.site, limit)[t])
    return total <= most if weights else pyo.Constraint.Skip


def exclusion(model: pyo.ConcreteModel, view: PlanView, n: int, t: int) -> pyo.Constraint:
    """Exclusion: sum_r used[r,t] <= 1, or as many as must."""
    members = [r for r in view.site.exclusions[n] if (r, t) in model.used]
    most = float(most_used(view.site, view.site.exclusions[n])[t])
    return pyo.quicksum(model.used[r, t] for r in members) <= most if members else pyo.Constraint.Skip


def used_gate(model: pyo.ConcreteModel, view: PlanView, r: str, t: int) -> pyo.Constraint:
    """Only what is used reduces: reduction <= D used, kW."""
    return reduction(model, view, r, t) <= largest_kw(model, view, r, t) * model.used[r, t]


def called_gate(model: pyo.ConcreteModel, view: PlanView, r: str, t: int) -> pyo.Constraint:
    """Only what is called reduces: reduction <= D called, kW."""
    return reduction(model, view, r, t) <= largest_kw(model, view, r, t) * model.called[r]


def site_cost(model: pyo.ConcreteModel, view: PlanView) -> pyo.Expression:
    """Energy drawn, less what is paid, and what is missing or too much."""
    goal, hours = view.goal, view.hours
    terms = [hours * view.site.energy_price_per_kwh[t] * model.net[t] for t in view.horizon]
    for t in view.measured:
        price = goal.price_per_kwh[t] if goal.price_per_kwh else 0.0
        terms.append(-hours * price * model.paid[t])
        terms.append(hours * goal.excess_cost_per_kwh * model.excess[t])
        terms.append(hours * (goal.shortfall_cost_per_kwh + abs(price)) * model.missing[t])
    costs = {each.resource_id: getattr(each, "start_cost", 0.0) for each in view.site.resources}
    terms += [costs[r] * model.called[r] for r in model.called]
    terms.append(hours * view.hard_cost * model.too_steep)
    return pyo.quicksum(terms)
