"""What the planner sees of a store of energy: battery, UPS, or chilled water."""

import math
from dataclasses import dataclass

from vpp.flexibility.bounds import check_above_zero, check_within
from vpp.flexibility.planning.values import Values, check_limit, check_powers


@dataclass(frozen=True, slots=True)
class StoreTerms:
    r"""A store of electric energy at the point of connection: battery, UPS, or chilled water.

    With discharge x_t, charge y_t and stored energy s_t at the end of interval t, all 0 or more:

        s_t = hold s_{t-1} + h (r_c y_t - x_t / r_d)
        floor_t <= s_t <= ceiling,   s_{N-1} >= end
        own_x_t <= x_t <= X_t,   0 <= y_t <= Y_t,   x_t / X_t + y_t / Y_t <= 1
        h sum_t x_t <= throughput
        d_t - u_t = (x_t - own_x_t) - (y_t - own_y_t)

    Attributes:
        resource_id: The flexible resource.
        stored_kwh: Stored at the start of the horizon, kWh.
        floor_kwh: Least stored at the end of each interval, kWh: backup, ride-through, what is
            sold elsewhere. Shape (N,).
        ceiling_kwh: Most stored, kWh.
        max_discharge_kw: Largest discharge, kW; 0 while the store is locked. Shape (N,).
        max_charge_kw: Largest charge, kW. Shape (N,).
        stored_per_charged: Stored per energy drawn, r_c in (0, 1].
        delivered_per_stored: Delivered per energy taken from the store, r_d in (0, 1].
        hold_ratio: Share of the stored energy left after an interval, in (0, 1].
        own_discharge_kw: Discharge that the load forecast already holds and that is promised to
            the site's own use, kW: it stays; empty for none. Shape (N,).
        own_charge_kw: Charge that the load forecast already holds, kW; it may be moved. Shape (N,).
        throughput_limit_kwh: Largest discharge over the horizon, own discharge included, kWh: two
            cycles a day; infinite for none.
        end_kwh: Least stored at the end of the horizon, kWh; reached as far as charging allows.
        end_value_per_kwh: What a kWh stored at the end is worth to the site.
        wear_cost_per_kwh: Of each kWh discharged.
        start_cost: Of being called at all.
        can_increase: Whether charging may be raised to serve a load-up.
        delivery_ratio: Share of a command delivered nine times in ten, in (0, 1].
    """

    resource_id: str
    stored_kwh: float
    floor_kwh: Values
    ceiling_kwh: float
    max_discharge_kw: Values
    max_charge_kw: Values
    stored_per_charged: float = 1.0
    delivered_per_stored: float = 1.0
    hold_ratio: float = 1.0
    own_discharge_kw: Values = ()
    own_charge_kw: Values = ()
    throughput_limit_kwh: float = math.inf
    end_kwh: float = 0.0
    end_value_per_kwh: float = 0.0
    wear_cost_per_kwh: float = 0.0
    start_cost: float = 0.0
    can_increase: bool = True
    delivery_ratio: float = 1.0

    def __post_init__(self) -> None:
        """Refuse quantities outside their range."""
        check_within(self.ceiling_kwh, "ceiling_kwh")
        check_within(self.stored_kwh, "stored_kwh")
        check_powers(self, "floor_kwh", "max_discharge_kw", "max_charge_kw")
        check_powers(self, "own_discharge_kw", "own_charge_kw", may_be_empty=True)
        check_within(abs(self.end_value_per_kwh), "end_value_per_kwh")
        for name in ("stored_per_charged", "delivered_per_stored", "hold_ratio", "delivery_ratio"):
            check_above_zero(getattr(self, name), name, 1.0)
        for name in ("end_kwh", "wear_cost_per_kwh", "start_cost"):
            check_within(getattr(self, name), name)
        check_limit(self.throughput_limit_kwh, "throughput_limit_kwh")
