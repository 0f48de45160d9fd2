"""The buyer's side of the market: balance, target, local target, headroom for rebound.

Variables, kW:

    net[kind,name,t]         net counted reduction of an account, within its limits
    unserved[t]              target that nobody serves
    local_unserved[zone,t]   local target that nobody in the zone serves
"""

import pyomo.environ as pyo

from vpp.auction.reference.account_limits import net_bounds
from vpp.auction.reference.accounts import accounts, counted
from vpp.auction.reference.view import ReferenceView


def add_market(model: pyo.ConcreteModel, view: ReferenceView) -> None:
    """Add the buyer's variables and rows; the bids' variables must be there already."""
    headroom = view.book.rebound_headroom_kw
    resting = [t for t in view.horizon if t not in view.required_kw and headroom is not None]
    model.balance = pyo.Constraint(
        list(model.net), rule=lambda m, kind, name, t: balance(m, view, kind, name, t)
    )
    model.system = pyo.Constraint(list(view.required_kw), rule=lambda m, t: system(m, view, t))
    model.rebound_headroom = pyo.Constraint(resting, rule=lambda m, t: rebound_headroom(m, view, t))
    model.local = pyo.Constraint(list(local_targets_kw(view)), rule=lambda m, z, t: local(m, view, z, t))


def add_market_variables(model: pyo.ConcreteModel, view: ReferenceView) -> None:
    """Add net positions and unserved target."""
    # All begin at 0, because what no row mentions is never seen by a solver and stays as it is.
    keys = [(*account, t) for account in accounts(view) for t in view.horizon]
    model.net = pyo.Var(
        keys, bounds=lambda _, kind, name, t: net_bounds(view, (kind, name), t), initialize=0.0
    )
    model.unserved = pyo.Var(list(view.required_kw), domain=pyo.NonNegativeReals, initialize=0.0)
    model.local_unserved = pyo.Var(list(local_targets_kw(view)), domain=pyo.NonNegativeReals, initialize=0.0)


def local_targets_kw(view: ReferenceView) -> dict[tuple[str, int], float]:
    """Local target of each zone and interval that has one, kW."""
    return {
        (limit.zone, t): target
        for limit in sorted(view.book.terms.zones, key=lambda limit: limit.zone)
        for t, target in enumerate(limit.local_target_kw or ())
        if target > 0
    }


def system_net(model: pyo.ConcreteModel, view: ReferenceView, t: int) -> pyo.Expression:
    """Net counted reduction of all zones together, kW."""
    return pyo.quicksum(model.net["zone", zone, t] for zone in view.zones)


def balance(model: pyo.ConcreteModel, view: ReferenceView, kind: str, name: str, t: int) -> pyo.Constraint:
    """Balance of an account.

    sum of what all bids count in it - net[kind,name,t] = 0    kW

    The dual of a zone's row, per hour, is the price of counted reduction in the zone.

    Source:
        Design of the auction engine, section 2.1, row zone.
    """
    return counted(model, view, (kind, name), t) - model.net[kind, name, t] == 0.0


def system(model: pyo.ConcreteModel, view: ReferenceView, t: int) -> pyo.Constraint:
    """Target of an interval.

    sum_zones net[t] + unserved[t] - largest[t] >= target[t] * (1 + margin_ratio)    kW

    `largest` is there only with a reserve against losses. Where the buyer allows no
    over-delivery, the row is an equality and prices may be negative.

    Source:
        Design of the auction engine, section 2.1, row system.
    """
    served = system_net(model, view, t) + model.unserved[t]
    if view.book.terms.has_loss_reserve:
        served -= model.largest[t]
    required_kw = view.required_kw[t]
    return served >= required_kw if view.book.terms.allows_over_delivery else served == required_kw


def rebound_headroom(model: pyo.ConcreteModel, view: ReferenceView, t: int) -> pyo.Constraint:
    """Room for rebound where nothing is asked for: sum_zones net[t] >= -headroom, kW.

    Source:
        Design of the auction engine, section 2.1, row rebound.
    """
    if not view.zones:
        return pyo.Constraint.Skip
    return system_net(model, view, t) >= -(view.book.rebound_headroom_kw or 0.0)


def local(model: pyo.ConcreteModel, view: ReferenceView, zone: str, t: int) -> pyo.Constraint:
    """Local target of a zone: net[zone,t] + local_unserved[zone,t] >= local_target[t], kW.

    Source:
        Design of the auction engine, section 2.1, row zone with L > 0.
    """
    return model.net["zone", zone, t] + model.local_unserved[zone, t] >= local_targets_kw(view)[zone, t]
