"""The market as a mixed-integer model: one function per family of constraints.

Variables, all in kW unless stated; cost is in thousandths of the currency:

    step[b,t,k]     accepted part of a step, 0 to its quantity
    taken[b]        accepted part of a block's size, its largest reduction, 0 to the size
    accepted[b]     whether a block, or a step offer in a group, is accepted at all, 0 or 1
    returned[b,t]   rebound of a step offer, 0 to its largest return
    backlog[b,t]    energy that it still owes, kWh
    unserved[t]     target that nobody serves
"""

import pyomo.environ as pyo

from vpp.auction.market_view import MILLI, MarketView


def build_model(view: MarketView) -> pyo.ConcreteModel:
    """Build the model of a book.

    Args:
        view: The book in the model's units and order.

    Returns:
        A Pyomo model that minimises cost; `least_net[t]` is a mutable parameter, kW.
    """
    model = pyo.ConcreteModel()
    model.least_net = pyo.Param(list(view.least_net_kw), initialize=view.least_net_kw, mutable=True)
    _add_variables(model, view)
    model.balance = pyo.Constraint(list(view.least_net_kw), rule=lambda m, t: balance(m, view, t))
    model.minimum_ratio = pyo.Constraint(list(view.blocks), rule=lambda m, b: minimum_ratio(m, view, b))
    model.maximum_ratio = pyo.Constraint(list(view.blocks), rule=lambda m, b: maximum_ratio(m, view, b))
    model.link = pyo.Constraint(list(view.blocks), rule=lambda m, b: link(m, view, b))
    keys = [key for key in view.steps if key[0] in view.grouped_steps]
    model.group_step = pyo.Constraint(keys, rule=lambda m, *key: group_step(m, view, *key))
    model.group = pyo.Constraint(list(view.groups), rule=lambda m, *key: group(m, view, *key))
    model.energy_limit = pyo.Constraint(list(view.bids), rule=lambda m, b: energy_limit(m, view, b))
    owners = [(*key, t) for key in view.book.resource_limit_kw for t in view.intervals]
    model.resource_limit = pyo.Constraint(owners, rule=lambda m, *key: resource_limit(m, view, *key))
    owing = [(bid_id, t) for bid_id in view.rebounds for t in view.intervals]
    model.owed = pyo.Constraint(owing, rule=lambda m, b, t: owed(m, view, b, t))
    model.deadline = pyo.Constraint(owing, rule=lambda m, b, t: deadline(m, view, b, t))
    model.paid_back = pyo.Constraint(list(view.rebounds), rule=lambda m, b: paid_back(m, view, b))
    model.twin = pyo.Constraint(view.twins, rule=twin)
    model.cost = pyo.Objective(expr=cost(model, view))
    return model


def _add_variables(model: pyo.ConcreteModel, view: MarketView) -> None:
    # All begin at 0, because what no row mentions is never seen by a solver and stays as it is.
    model.step = pyo.Var(
        list(view.steps), bounds=lambda _, *key: (0.0, view.steps[key].reduction_kw), initialize=0.0
    )
    model.taken = pyo.Var(list(view.blocks), bounds=lambda _, b: (0.0, view.size_kw[b]), initialize=0.0)
    model.accepted = pyo.Var([*view.blocks, *view.grouped_steps], domain=pyo.Binary, initialize=0)
    owing = [(bid_id, t) for bid_id in view.rebounds for t in view.intervals]
    model.returned = pyo.Var(
        owing, bounds=lambda _, b, __: (0.0, view.rebounds[b].max_return_kw), initialize=0.0
    )
    model.backlog = pyo.Var(owing, domain=pyo.NonNegativeReals, initialize=0.0)
    model.unserved = pyo.Var(sorted(view.has_target), domain=pyo.NonNegativeReals, initialize=0.0)


def net_reduction(model: pyo.ConcreteModel, view: MarketView, t: int) -> pyo.Expression:
    """Reliable reduction less rebound of all bids in an interval, kW.

    A reduction counts by its delivery ratio, a rebound in full.
    """
    terms = [view.bids[key[0]].delivery_ratio * model.step[key] for key in view.steps_in[t]]
    for bid_id, profile_kw in view.profile_kw.items():
        share = profile_kw[t] / view.size_kw[bid_id]
        if share:
            counted = view.bids[bid_id].delivery_ratio if share > 0 else 1.0
            terms.append(counted * share * model.taken[bid_id])
    terms.extend(-model.returned[bid_id, t] for bid_id in view.rebounds)
    return pyo.quicksum(terms)


def balance(model: pyo.ConcreteModel, view: MarketView, t: int) -> pyo.Constraint:
    """System balance.

    net[t] + unserved[t] >= target[t]    kW, where something is asked for
    net[t] >= -headroom                  kW, where nothing is: rebound headroom

    Over-delivery is free. The dual per hour is the price of reliable reduction, 0 or more.

    Source:
        Design of the auction engine, section 2.1, rows system and rebound.
    """
    net = net_reduction(model, view, t)
    if t in view.has_target:
        return net + model.unserved[t] >= model.least_net[t]
    return pyo.Constraint.Skip if isinstance(net, int | float) else net >= model.least_net[t]


def minimum_ratio(model: pyo.ConcreteModel, view: MarketView, bid_id: str) -> pyo.Constraint:
    """Block minimum: taken >= min_acceptance_ratio * size * accepted, kW. Section 2.2, block."""
    least_kw = view.blocks[bid_id].min_acceptance_ratio * view.size_kw[bid_id]
    return model.taken[bid_id] >= least_kw * model.accepted[bid_id]


def maximum_ratio(model: pyo.ConcreteModel, view: MarketView, bid_id: str) -> pyo.Constraint:
    """Block maximum: taken <= size * accepted, kW. Section 2.2, block."""
    return model.taken[bid_id] <= view.size_kw[bid_id] * model.accepted[bid_id]


def link(model: pyo.ConcreteModel, view: MarketView, bid_id: str) -> pyo.Constraint:
    """Link: taken[child] <= size[child] * taken[parent] / size[parent], kW; one row per child.

    Source:
        Design of the auction engine, section 2.2, link: a child's ratio is at most its parent's.
    """
    parent_id = view.bids[bid_id].parent_bid_id
    if parent_id is None:
        return pyo.Constraint.Skip
    return model.taken[bid_id] <= view.size_kw[bid_id] / view.size_kw[parent_id] * model.taken[parent_id]


def group_step(model: pyo.ConcreteModel, view: MarketView, bid_id: str, t: int, k: int) -> pyo.Constraint:
    """A step of a grouped offer: step <= quantity * accepted, kW. Section 2.2, exclusive."""
    return model.step[bid_id, t, k] <= view.steps[bid_id, t, k].reduction_kw * model.accepted[bid_id]


def group(model: pyo.ConcreteModel, view: MarketView, site_id: str, key: str) -> pyo.Constraint:
    """Exclusive group: sum of accepted <= 1, without unit. Section 2.2, exclusive."""
    return pyo.quicksum(model.accepted[bid_id] for bid_id in view.groups[site_id, key]) <= 1


def energy_limit(model: pyo.ConcreteModel, view: MarketView, bid_id: str) -> pyo.Constraint:
    """Energy limit: hours * sum of a bid's reductions <= its limit, kWh. Section 2.2, energy budget."""
    limit_kwh = view.bids[bid_id].energy_limit_kwh
    if limit_kwh is None:
        return pyo.Constraint.Skip
    if bid_id in view.blocks:
        hours_of_size = view.shed_mwh(bid_id) * MILLI / view.size_kw[bid_id]
        return hours_of_size * model.taken[bid_id] <= limit_kwh
    keys = [key for t in view.intervals for key in view.steps_of.get((bid_id, t), ())]
    return view.interval_h * pyo.quicksum(model.step[key] for key in keys) <= limit_kwh


def resource_limit(
    model: pyo.ConcreteModel, view: MarketView, site_id: str, resource_id: str, t: int
) -> pyo.Constraint:
    """Resource limit: all bids of one resource together <= its enrolled reduction, kW.

    Source:
        Design of the auction engine, section 1: a site's capacity is not sold twice.
    """
    limit_kw = view.book.resource_limit_kw[site_id, resource_id]
    terms, offered_kw = [], 0.0
    for bid_id in view.by_resource.get((site_id, resource_id), []):
        for key in view.steps_of.get((bid_id, t), ()):
            terms.append(model.step[key])
            offered_kw += view.steps[key].reduction_kw
        shed_kw = max(view.profile_kw[bid_id][t], 0.0) if bid_id in view.blocks else 0.0
        if shed_kw:
            terms.append(shed_kw / view.size_kw[bid_id] * model.taken[bid_id])
            offered_kw += shed_kw
    return pyo.quicksum(terms) <= limit_kw if offered_kw > limit_kw else pyo.Constraint.Skip


def owed(model: pyo.ConcreteModel, view: MarketView, bid_id: str, t: int) -> pyo.Constraint:
    """Backlog: backlog[t] = backlog[t-1] + alpha * hours * reduction[t] - hours * returned[t], kWh.

    Source:
        Design of the auction engine, section 2.2, deferrable.
    """
    before = model.backlog[bid_id, t - 1] if t else 0.0
    change = _energy_deferred(model, view, bid_id, t) - view.interval_h * model.returned[bid_id, t]
    return model.backlog[bid_id, t] == before + change


def deadline(model: pyo.ConcreteModel, view: MarketView, bid_id: str, t: int) -> pyo.Constraint:
    """Deadline: backlog[t] <= alpha * hours * sum of the last D intervals' reductions, kWh.

    Nothing older than D intervals is still owed; one running inequality per interval instead of
    a table of pairs.

    Source:
        Design of the auction engine, sections 2.2 and 2.3, deferrable.
    """
    window = view.rebounds[bid_id].window_intervals
    recent = range(max(0, t - window + 1), t + 1)
    return model.backlog[bid_id, t] <= pyo.quicksum(_energy_deferred(model, view, bid_id, k) for k in recent)


def paid_back(model: pyo.ConcreteModel, view: MarketView, bid_id: str) -> pyo.Constraint:
    """Everything is paid back within the horizon: backlog[last] = 0, kWh. Section 2.2, deferrable."""
    return model.backlog[bid_id, view.intervals[-1]] == 0.0


def twin(model: pyo.ConcreteModel, earlier: str, later: str) -> pyo.Constraint:
    """Of two equal blocks the earlier goes first: accepted[later] <= accepted[earlier], without unit.

    Source:
        Design of the auction engine, section 3.3, ties.
    """
    return model.accepted[later] <= model.accepted[earlier]


def cost(model: pyo.ConcreteModel, view: MarketView) -> pyo.Expression:
    """Cost of the accepted bids and, at the cap, of unserved target, in thousandths. Section 2.1."""
    terms = [view.step_cost(key) * model.step[key] for key in view.steps]
    for bid_id, block in view.blocks.items():
        whole = float(block.price_per_mwh) * view.shed_mwh(bid_id) * MILLI
        terms.append(whole / view.size_kw[bid_id] * model.taken[bid_id])
        if block.fixed_cost:
            terms.append(float(block.fixed_cost) * MILLI * model.accepted[bid_id])
    cap = float(view.book.price_cap_per_mwh) * view.interval_h
    terms.extend(cap * model.unserved[t] for t in sorted(view.has_target))
    return pyo.quicksum(terms)


def _energy_deferred(model: pyo.ConcreteModel, view: MarketView, bid_id: str, t: int) -> pyo.Expression:
    """Energy that an interval's reductions will bring back, kWh."""
    reduction = pyo.quicksum(model.step[key] for key in view.steps_of.get((bid_id, t), ()))
    return view.rebounds[bid_id].ratio * view.interval_h * reduction
