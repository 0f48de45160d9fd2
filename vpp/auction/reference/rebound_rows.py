"""Deferred work: energy that comes back when the clearing finds it best, and by a deadline.

Variables:

    returned[b,t]    rebound of a step offer, 0 to its largest return, kW
    backlog[b,t]     energy that it still owes at the end of an interval, kWh
"""

import pyomo.environ as pyo

from vpp.auction.reference.accounts import reduction
from vpp.auction.reference.view import ReferenceView


def add_rebound_variables(model: pyo.ConcreteModel, view: ReferenceView) -> None:
    """Add returns and backlogs."""
    owing = [(bid_id, t) for bid_id in view.rebounds for t in view.horizon]
    model.returned = pyo.Var(
        owing, bounds=lambda _, b, __: (0.0, view.rebounds[b].max_return_kw), initialize=0.0
    )
    model.backlog = pyo.Var(owing, domain=pyo.NonNegativeReals, initialize=0.0)


def add_rebounds(model: pyo.ConcreteModel, view: ReferenceView) -> None:
    """Add the rows of deferred work."""
    model.owed = pyo.Constraint(list(model.backlog), rule=lambda m, b, t: owed(m, view, b, t))
    model.deadline = pyo.Constraint(list(model.backlog), rule=lambda m, b, t: deadline(m, view, b, t))
    model.paid_back = pyo.Constraint(list(view.rebounds), rule=lambda m, b: paid_back(m, view, b))


def owed(model: pyo.ConcreteModel, view: ReferenceView, bid_id: str, t: int) -> pyo.Constraint:
    """Backlog: backlog[t] - backlog[t-1] - ratio * hours * reduction[t] + hours * returned[t] = 0, kWh.

    Source:
        Design of the auction engine, section 2.2, deferrable.
    """
    before = model.backlog[bid_id, t - 1] if t else 0.0
    change = energy_deferred(model, view, bid_id, t) - view.interval_h * model.returned[bid_id, t]
    return model.backlog[bid_id, t] - before - change == 0.0


def deadline(model: pyo.ConcreteModel, view: ReferenceView, bid_id: str, t: int) -> pyo.Constraint:
    """Deadline: backlog[t] - ratio * hours * sum of the last D intervals' reductions <= 0, kWh.

    D is `window_intervals`. Nothing older than D intervals is still owed; one running inequality
    per interval instead of a table of pairs.

    Source:
        Design of the auction engine, sections 2.2 and 2.3, deferrable.
    """
    recent = range(max(0, t - view.rebounds[bid_id].window_intervals + 1), t + 1)
    deferred = pyo.quicksum(energy_deferred(model, view, bid_id, k) for k in recent)
    return model.backlog[bid_id, t] - deferred <= 0.0


def paid_back(model: pyo.ConcreteModel, view: ReferenceView, bid_id: str) -> pyo.Constraint:
    """Everything is paid back within the horizon: backlog[last] = 0, kWh.

    Source:
        Design of the auction engine, section 2.2, deferrable.
    """
    return model.backlog[bid_id, view.horizon[-1]] == 0.0


def energy_deferred(model: pyo.ConcreteModel, view: ReferenceView, bid_id: str, t: int) -> pyo.Expression:
    """Energy that an interval's reductions will bring back, kWh: ratio * hours * reduction[t]."""
    return view.rebounds[bid_id].ratio * view.interval_h * reduction(model, view, bid_id, t)
