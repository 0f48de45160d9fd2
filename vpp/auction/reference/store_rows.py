"""Stores: batteries, UPSs and chilled masses.

Variables:

    discharge[b,t]    reduction, 0 to its limit, delivery intervals only, kW
    charge[b,t]       increase, 0 to its limit, the whole horizon, kW
    stored[b,t]       energy at the end of an interval, reserve to capacity, kWh
    charging[b,t]     whether it may charge, and so not discharge, in a delivery interval, 0 or 1

A store that charged and discharged at once would burn energy, which pays where a price is
negative; so every delivery interval has its `charging`. The fast engine adds it only where needed.
"""

import pyomo.environ as pyo

from vpp.auction.reference.view import ReferenceView


def add_store_variables(model: pyo.ConcreteModel, view: ReferenceView) -> None:
    """Add the variables of stores."""
    stores = view.stores
    model.discharge = pyo.Var(
        [(b, t) for b in stores for t in view.delivery],
        bounds=lambda _, b, __: (0.0, stores[b].discharge_kw),
        initialize=0.0,
    )
    model.charge = pyo.Var(
        [(b, t) for b in stores for t in view.horizon],
        bounds=lambda _, b, __: (0.0, stores[b].charge_kw),
        initialize=0.0,
    )
    model.stored = pyo.Var(
        [(b, t) for b in stores for t in view.horizon],
        bounds=lambda _, b, t: energy_bounds_kwh(view, b, t),
    )
    both = [(b, t) for b, store in stores.items() for t in view.delivery if store.charge_kw > 0]
    model.charging = pyo.Var(both, domain=pyo.Binary, initialize=0)


def add_stores(model: pyo.ConcreteModel, view: ReferenceView) -> None:
    """Add the rows of stores."""
    model.energy = pyo.Constraint(list(model.stored), rule=lambda m, b, t: energy(m, view, b, t))
    worn = [bid_id for bid_id, store in view.stores.items() if store.cycle_limit_kwh is not None]
    model.cycle = pyo.Constraint(worn, rule=lambda m, b: cycle(m, view, b))
    model.charge_only = pyo.Constraint(list(model.charging), rule=lambda m, b, t: charge_only(m, view, b, t))
    model.discharge_only = pyo.Constraint(
        list(model.charging), rule=lambda m, b, t: discharge_only(m, view, b, t)
    )


def energy_bounds_kwh(view: ReferenceView, bid_id: str, t: int) -> tuple[float, float]:
    """Return the least and most energy stored at the end of an interval, kWh.

    reserve <= stored[t] <= capacity,  stored[last] >= end

    A UPS's ride-through is a reserve, a chilled mass's room to drift a negative one.

    Source:
        Design of the auction engine, section 2.2, storage, UPS and thermal.
    """
    store = view.stores[bid_id]
    least = store.reserve_kwh
    if t == view.horizon[-1]:
        least = max(least, store.end_kwh)
    return least, store.capacity_kwh


def energy(model: pyo.ConcreteModel, view: ReferenceView, bid_id: str, t: int) -> pyo.Constraint:
    """Energy stored, kWh, where eff are the two efficiencies.

    stored[t] - hold * stored[t-1] - eff_in * hours * charge[t] + hours / eff_out * discharge[t] = 0

    and for t = 0 `start_kwh` stands for stored[t-1].

    Source:
        Design of the auction engine, section 2.2, storage.
    """
    store = view.stores[bid_id]
    before = model.stored[bid_id, t - 1] if t else store.start_kwh
    taken_in = store.charge_efficiency * view.interval_h * model.charge[bid_id, t]
    given = (
        view.interval_h / store.discharge_efficiency * model.discharge[bid_id, t]
        if t in view.delivery
        else 0.0
    )
    return model.stored[bid_id, t] - store.hold_ratio * before - taken_in + given == 0.0


def cycle(model: pyo.ConcreteModel, view: ReferenceView, bid_id: str) -> pyo.Constraint:
    """Wear: hours * sum_t discharge[t] <= cycle_limit, kWh. Section 2.2, storage."""
    given_kwh = view.interval_h * pyo.quicksum(model.discharge[bid_id, t] for t in view.delivery)
    return given_kwh <= view.stores[bid_id].cycle_limit_kwh


def charge_only(model: pyo.ConcreteModel, view: ReferenceView, bid_id: str, t: int) -> pyo.Constraint:
    """Charge only while charging: charge[t] - charge_kw * charging[t] <= 0, kW. Section 6, trap 14."""
    return model.charge[bid_id, t] - view.stores[bid_id].charge_kw * model.charging[bid_id, t] <= 0.0


def discharge_only(model: pyo.ConcreteModel, view: ReferenceView, bid_id: str, t: int) -> pyo.Constraint:
    """Else discharge: discharge[t] + discharge_kw * charging[t] <= discharge_kw, kW. Section 6, trap 14."""
    limit_kw = view.stores[bid_id].discharge_kw
    return model.discharge[bid_id, t] + limit_kw * model.charging[bid_id, t] <= limit_kw
