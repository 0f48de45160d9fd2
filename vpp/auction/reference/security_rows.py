"""What the buyer asks for the security of the grid: reserve against losses, and gentle ramps.

Variable, kW:

    largest[t]    net reduction of the site that serves most, 0 or more
"""

import pyomo.environ as pyo

from vpp.auction.reference.market_rows import system_net
from vpp.auction.reference.view import ReferenceView


def add_security_variables(model: pyo.ConcreteModel, view: ReferenceView) -> None:
    """Add the largest loss, where the target must survive one."""
    guarded = list(view.required_kw) if view.book.terms.has_loss_reserve else []
    model.largest = pyo.Var(guarded, domain=pyo.NonNegativeReals, initialize=0.0)


def add_security(model: pyo.ConcreteModel, view: ReferenceView) -> None:
    """Add the rows; net positions must be there already."""
    sites = sorted({bid.site_id for bid in view.bids.values()})
    guarded = [(site_id, t) for site_id in sites for t in model.largest]
    model.loss = pyo.Constraint(guarded, rule=loss)
    terms, count = view.book.terms, len(view.horizon)
    rising = view.horizon if view.zones and terms.max_start_ramp_kw is not None else ()
    falling = range(count + 1) if view.zones and terms.max_release_ramp_kw is not None else ()
    model.start_ramp = pyo.Constraint(list(rising), rule=lambda m, t: start_ramp(m, view, t))
    model.release_ramp = pyo.Constraint(list(falling), rule=lambda m, t: release_ramp(m, view, t))


def loss(model: pyo.ConcreteModel, site_id: str, t: int) -> pyo.Constraint:
    """Largest single loss: largest[t] - net[site,t] >= 0, kW, for every site.

    With `largest` in the target's row the target is still met when any one site fails.

    Source:
        The buyer's terms, `has_loss_reserve`; the usual linear form of an N-1 reserve.
    """
    return model.largest[t] - model.net["site", site_id, t] >= 0.0


def start_ramp(model: pyo.ConcreteModel, view: ReferenceView, t: int) -> pyo.Constraint:
    """Start: net[t] - net[t-1] <= max_start_ramp, kW, net over all zones and 0 before delivery.

    Source:
        The buyer's terms, `max_start_ramp_kw`.
    """
    return _ramp(model, view, t - 1, t) <= view.book.terms.max_start_ramp_kw


def release_ramp(model: pyo.ConcreteModel, view: ReferenceView, t: int) -> pyo.Constraint:
    """Release: net[t-1] - net[t] <= max_release_ramp, kW; net is 0 before delivery and after the horizon.

    Source:
        The buyer's terms, `max_release_ramp_kw`.
    """
    return _ramp(model, view, t, t - 1) <= view.book.terms.max_release_ramp_kw


def _ramp(model: pyo.ConcreteModel, view: ReferenceView, start: int, end: int) -> pyo.Expression:
    """Rise of net reduction from one interval to another, kW."""
    ends = [system_net(model, view, t) if t in view.horizon else 0.0 for t in (end, start)]
    return ends[0] - ends[1]
