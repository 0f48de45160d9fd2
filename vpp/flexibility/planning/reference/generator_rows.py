"""Generators.

Variables:

    output[r,t]    0 to P_max, kW
    running[r,t]   0 or 1
    starts[r,t]    0 or 1
"""

import pyomo.environ as pyo

from vpp.flexibility.planning.generator_columns import running_bounds
from vpp.flexibility.planning.reference.view import PlanView


def add_generator_variables(model: pyo.ConcreteModel, view: PlanView) -> None:
    """Add the variables of generators."""
    machines = view.generators
    both = [(r, t) for r in machines for t in view.horizon]
    limits = {r: running_bounds(machine) for r, machine in machines.items()}
    model.output = pyo.Var(both, bounds=lambda _, r, t: (0.0, machines[r].max_kw[t]))
    model.running = pyo.Var(
        both,
        domain=pyo.Binary,
        bounds=lambda _, r, t: (float(limits[r][0][t]), float(limits[r][1][t])),
    )
    model.starts = pyo.Var(both, domain=pyo.Binary)


def add_generators(model: pyo.ConcreteModel, view: PlanView) -> None:
    """Add the rows of generators."""
    both = list(model.output)
    model.most_output = pyo.Constraint(both, rule=lambda m, r, t: most_output(m, view, r, t))
    model.least_output = pyo.Constraint(both, rule=lambda m, r, t: least_output(m, view, r, t))
    model.starting = pyo.Constraint(both, rule=lambda m, r, t: starting(m, view, r, t))
    model.shortest_run = pyo.Constraint(both, rule=lambda m, r, t: shortest_run(m, view, r, t))
    model.permit = pyo.Constraint(list(view.generators), rule=lambda m, r: permit(m, view, r))


def most_output(model: pyo.ConcreteModel, view: PlanView, r: str, t: int) -> pyo.Constraint:
    """Most: output <= P_max running, kW."""
    return model.output[r, t] <= view.generators[r].max_kw[t] * model.running[r, t]


def least_output(model: pyo.ConcreteModel, view: PlanView, r: str, t: int) -> pyo.Constraint:
    """Least: output >= min(P_min, P_max) running, kW."""
    machine = view.generators[r]
    return model.output[r, t] >= min(machine.min_kw, machine.max_kw[t]) * model.running[r, t]


def starting(model: pyo.ConcreteModel, view: PlanView, r: str, t: int) -> pyo.Constraint:
    """Start: running[t] - running[t-1] <= starts[t]."""
    before = model.running[r, t - 1] if t else float(view.generators[r].running_for > 0)
    return model.running[r, t] - before <= model.starts[r, t]


def shortest_run(model: pyo.ConcreteModel, view: PlanView, r: str, t: int) -> pyo.Constraint:
    """Shortest run m: sum_{j=t-m+1..t} starts[j] <= running[t]."""
    since = max(0, t - view.generators[r].min_run_intervals + 1)
    return pyo.quicksum(model.starts[r, j] for j in range(since, t + 1)) <= model.running[r, t]


def permit(model: pyo.ConcreteModel, view: PlanView, r: str) -> pyo.Constraint:
    """Permit: h sum_t running[t] <= hours left, or those of a run that must be finished."""
    machine = view.generators[r]
    must = view.hours * float(running_bounds(machine)[0].sum())
    total = view.hours * pyo.quicksum(model.running[r, t] for t in view.horizon)
    return total <= max(machine.permit_hours, must)


def generator_cost(model: pyo.ConcreteModel, view: PlanView) -> pyo.Expression:
    """Fuel and starts."""
    machines = view.generators
    terms = [view.hours * machines[r].cost_per_kwh * model.output[r, t] for r, t in model.output]
    terms += [machines[r].start_cost * model.starts[r, t] for r, t in model.starts]
    return pyo.quicksum(terms)
