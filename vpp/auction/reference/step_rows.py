"""Divisible steps, and the limits that several kinds of bid share: energy, resource, group.

Variables:

    step[b,t,k]    accepted part of a step, 0 to its quantity, kW
    accepted[b]    whether a block, or a step offer in a group, is accepted at all, 0 or 1
"""

import pyomo.environ as pyo

from vpp.auction.reference.accounts import reduction
from vpp.auction.reference.view import ReferenceView


def add_step_variables(model: pyo.ConcreteModel, view: ReferenceView) -> None:
    """Add accepted parts of steps, and acceptance of whatever is accepted as a whole or not."""
    model.step = pyo.Var(
        list(view.steps), bounds=lambda _, *key: (0.0, view.steps[key].reduction_kw), initialize=0.0
    )
    model.accepted = pyo.Var([*view.blocks, *view.grouped_steps], domain=pyo.Binary, initialize=0)


def add_steps(model: pyo.ConcreteModel, view: ReferenceView) -> None:
    """Add the rows; the variables of all kinds must be there already."""
    limited = [bid_id for bid_id, bid in view.bids.items() if bid.energy_limit_kwh is not None]
    model.energy_limit = pyo.Constraint(limited, rule=lambda m, b: energy_limit(m, view, b))
    owners = [(*key, t) for key in sorted(view.book.resource_limit_kw) for t in view.delivery]
    model.resource_limit = pyo.Constraint(owners, rule=lambda m, *key: resource_limit(m, view, *key))
    grouped = [key for key in view.steps if key[0] in view.grouped_steps]
    model.group_step = pyo.Constraint(grouped, rule=lambda m, *key: group_step(m, view, *key))
    model.group = pyo.Constraint(list(view.groups), rule=lambda m, *key: group(m, view, *key))


def energy_limit(model: pyo.ConcreteModel, view: ReferenceView, bid_id: str) -> pyo.Constraint:
    """Energy limit of steps or a block: hours * sum_t reduction[t] <= energy_limit, kWh.

    Source:
        Design of the auction engine, section 2.2, energy budget.
    """
    energy_kwh = view.interval_h * pyo.quicksum(reduction(model, view, bid_id, t) for t in view.delivery)
    return energy_kwh <= view.bids[bid_id].energy_limit_kwh


def resource_limit(
    model: pyo.ConcreteModel, view: ReferenceView, site_id: str, resource_id: str, t: int
) -> pyo.Constraint:
    """Resource limit: sum of the reductions of all bids of a resource <= its limit, kW.

    Source:
        Design of the auction engine, section 1: a site's capacity is not sold twice.
    """
    bids = view.by_resource.get((site_id, resource_id), [])
    together = pyo.quicksum(reduction(model, view, bid_id, t) for bid_id in bids)
    if isinstance(together, int | float):  # nothing is offered
        return pyo.Constraint.Skip
    return together <= view.book.resource_limit_kw[site_id, resource_id]


def group_step(model: pyo.ConcreteModel, view: ReferenceView, bid_id: str, t: int, k: int) -> pyo.Constraint:
    """A step of a grouped offer: step[b,t,k] - quantity * accepted[b] <= 0, kW.

    Source:
        Design of the auction engine, section 2.2, exclusive.
    """
    quantity_kw = view.steps[bid_id, t, k].reduction_kw
    return model.step[bid_id, t, k] - quantity_kw * model.accepted[bid_id] <= 0.0


def group(model: pyo.ConcreteModel, view: ReferenceView, site_id: str, key: str) -> pyo.Constraint:
    """Exclusive group of a site: sum of accepted <= 1, without unit.

    Source:
        Design of the auction engine, section 2.2, exclusive.
    """
    return pyo.quicksum(model.accepted[bid_id] for bid_id in view.groups[site_id, key]) <= 1
