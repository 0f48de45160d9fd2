"""Runs: when a step offer is on, how long, how often, and how long it rests between.

Variables, without unit:

    on[b,t]       whether the bid runs in a delivery interval, 0 or 1
    start[b,t]    whether a run begins in it, 0 or 1

A run is a span of `on`; before delivery everything is off. Where the least level is 0 a bid may
idle at 0 while it is on. The rows of least and longest run and of rest sum starts over a window,
which is stronger in the linear relaxation than pairs of intervals.

Source:
    Design of the auction engine, section 2.2, committed deferrable; the start-window form is that
    of Rajan and Takriti, Minimum up/down polytopes of the unit commitment problem with start-up
    costs, IBM Research Report RC23628, 2005.
"""

import pyomo.environ as pyo

from vpp.auction.reference.accounts import reduction
from vpp.auction.reference.view import ReferenceView


def add_run_variables(model: pyo.ConcreteModel, view: ReferenceView) -> None:
    """Add on and start; what cannot be is fixed at 0: no offer there, or too late for the least run."""
    keys = [(bid_id, t) for bid_id in view.runs for t in view.delivery]
    model.on = pyo.Var(keys, domain=pyo.Binary, initialize=0)
    model.start = pyo.Var(keys, domain=pyo.Binary, initialize=0)
    for bid_id, t in keys:
        if (bid_id, t) not in view.steps_of:
            model.on[bid_id, t].fix(0)
        if t + view.runs[bid_id].min_run_intervals > len(view.delivery):
            model.start[bid_id, t].fix(0)


def add_runs(model: pyo.ConcreteModel, view: ReferenceView) -> None:
    """Add the rows of run limits."""
    steps = [key for key in view.steps if key[0] in view.runs]
    levels = [key for key in view.steps_of if key[0] in view.runs]
    keys, runs = list(model.on), view.runs
    model.run_max = pyo.Constraint(steps, rule=lambda m, *key: run_max(m, view, *key))
    model.run_min = pyo.Constraint(levels, rule=lambda m, b, t: run_min(m, view, b, t))
    model.run_start = pyo.Constraint(keys, rule=run_start)
    model.min_run = pyo.Constraint(keys, rule=lambda m, b, t: min_run(m, view, b, t))
    limited = [key for key in keys if runs[key[0]].max_run_intervals is not None]
    model.max_run = pyo.Constraint(limited, rule=lambda m, b, t: max_run(m, view, b, t))
    resting = [(b, t) for b, t in keys if rest_intervals(view, b)]
    model.rest = pyo.Constraint(resting, rule=lambda m, b, t: rest(m, view, b, t))
    counted = [bid_id for bid_id, limits in runs.items() if limits.max_calls is not None]
    model.calls = pyo.Constraint(counted, rule=lambda m, b: calls(m, view, b))


def run_max(model: pyo.ConcreteModel, view: ReferenceView, bid_id: str, t: int, k: int) -> pyo.Constraint:
    """Nothing is reduced while off: step[b,t,k] - quantity * on[b,t] <= 0, kW. Section 2.2, committed."""
    return model.step[bid_id, t, k] - view.steps[bid_id, t, k].reduction_kw * model.on[bid_id, t] <= 0.0


def run_min(model: pyo.ConcreteModel, view: ReferenceView, bid_id: str, t: int) -> pyo.Constraint:
    """Least level: sum_k step[b,t,k] - min_level * on[b,t] >= 0, kW. Section 2.2, committed."""
    least_kw = view.runs[bid_id].min_level_kw
    return reduction(model, view, bid_id, t) - least_kw * model.on[bid_id, t] >= 0.0


def run_start(model: pyo.ConcreteModel, bid_id: str, t: int) -> pyo.Constraint:
    """A run begins where it was off before: on[t] - on[t-1] - start[t] <= 0. Section 2.2, committed."""
    before = model.on[bid_id, t - 1] if t else 0.0
    return model.on[bid_id, t] - before - model.start[bid_id, t] <= 0.0


def min_run(model: pyo.ConcreteModel, view: ReferenceView, bid_id: str, t: int) -> pyo.Constraint:
    """Least run: sum of start[k], k = t-UT+1..t, - on[t] <= 0; UT is `min_run_intervals`. Section 2.2."""
    recent = starts(model, bid_id, t, view.runs[bid_id].min_run_intervals)
    return recent - model.on[bid_id, t] <= 0.0


def max_run(model: pyo.ConcreteModel, view: ReferenceView, bid_id: str, t: int) -> pyo.Constraint:
    """Longest run: on[t] - sum of start[k], k = t-MD+1..t, <= 0; MD is `max_run_intervals`. Section 2.2."""
    recent = starts(model, bid_id, t, view.runs[bid_id].max_run_intervals or 0)
    return model.on[bid_id, t] - recent <= 0.0


def rest(model: pyo.ConcreteModel, view: ReferenceView, bid_id: str, t: int) -> pyo.Constraint:
    """Rest: sum of start[k], k = t-DN+1..t, + on[t-DN] <= 1; DN is the rest. Section 2.2, min rest.

    Before delivery `on` is 0: the row is there for every t, or a rest as long as the delivery
    would bind nothing.
    """
    length = rest_intervals(view, bid_id)
    before = model.on[bid_id, t - length] if t >= length else 0.0
    return starts(model, bid_id, t, length) + before <= 1


def calls(model: pyo.ConcreteModel, view: ReferenceView, bid_id: str) -> pyo.Constraint:
    """Most runs: sum_t start[t] <= max_calls. Section 2.2, calls."""
    begun = pyo.quicksum(model.start[bid_id, t] for t in view.delivery)
    return begun <= view.runs[bid_id].max_calls


def rest_intervals(view: ReferenceView, bid_id: str) -> int:
    """Return the least rest between two runs, in intervals.

    Two runs have at least one interval between them, or they would be one. Without a longest
    run nothing is gained by starting anew while on, and no row is needed for that.
    """
    limits = view.runs[bid_id]
    return max(limits.rest_intervals, 0 if limits.max_run_intervals is None else 1)


def starts(model: pyo.ConcreteModel, bid_id: str, t: int, length: int) -> pyo.Expression:
    """Number of runs that began in the last `length` intervals up to t."""
    return pyo.quicksum(model.start[bid_id, k] for k in range(max(0, t - length + 1), t + 1))
