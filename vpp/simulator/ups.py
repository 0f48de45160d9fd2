"""An uninterruptible power supply that feeds the computers from its battery for a while."""

from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict, Field

from vpp.simulator.device import SECONDS_PER_HOUR, Conditions, Order, approach, number


class UpsPlant(BaseModel):
    """The physical UPS.

    Attributes:
        capacity_kwh: Stored energy when full, kWh.
        power_kw: Largest power it can take over from the grid, kW.
        efficiency_ratio: Delivered per stored energy, and stored per drawn energy.
        ride_through_s: The controller keeps enough for this long at the present IT load, s.
        recharge_kw: Power at which it recharges, kW.
        time_constant_s: Lag from command to power, s.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    capacity_kwh: float = Field(gt=0)
    power_kw: float = Field(gt=0)
    efficiency_ratio: float = Field(default=0.95, gt=0, le=1)
    ride_through_s: float = Field(default=180.0, ge=0)
    recharge_kw: float = Field(gt=0)
    time_constant_s: float = Field(default=1.0, ge=0)


class Ups:
    """A UPS in operation."""

    def __init__(self, plant: UpsPlant) -> None:
        """Begin fully charged."""
        self._plant = plant
        self._stored_kwh = plant.capacity_kwh
        self._takeover_kw = 0.0
        self._change_kw = 0.0

    def step(self, order: Order, conditions: Conditions, span_s: float) -> float:
        """Take over IT load as ordered down to the ride-through reserve, else recharge."""
        plant = self._plant
        span_h = span_s / SECONDS_PER_HOUR
        reserve_kwh = conditions.it_kw * plant.ride_through_s / SECONDS_PER_HOUR / plant.efficiency_ratio
        usable_kwh = max(0.0, self._stored_kwh - reserve_kwh)
        reachable_kw = min(plant.power_kw, conditions.it_kw, usable_kwh * plant.efficiency_ratio / span_h)
        wanted_kw = min(order.reduction_kw, reachable_kw)
        self._takeover_kw = min(
            reachable_kw, approach(self._takeover_kw, wanted_kw, span_s, plant.time_constant_s)
        )
        self._stored_kwh -= self._takeover_kw * span_h / plant.efficiency_ratio
        recharge_kw = 0.0
        if order.reduction_kw <= 0.0:
            missing_kwh = max(0.0, plant.capacity_kwh - self._stored_kwh)
            recharge_kw = min(
                order.recovery_limit_kw, plant.recharge_kw, missing_kwh / plant.efficiency_ratio / span_h
            )
            self._stored_kwh += recharge_kw * span_h * plant.efficiency_ratio
        self._change_kw = recharge_kw - self._takeover_kw
        return self._change_kw

    def reading(self, conditions: Conditions) -> dict[str, float]:
        """Return the state of charge, the load behind it and the present power."""
        return {
            "state_of_charge_ratio": self._stored_kwh / self._plant.capacity_kwh,
            "it_load_kw": conditions.it_kw,
            "reduction_kw": -self._change_kw,
        }

    def memory(self) -> dict[str, object]:
        """Return the stored energy and the present power."""
        return {"stored_kwh": self._stored_kwh, "takeover_kw": self._takeover_kw}

    def recall(self, memory: Mapping[str, object]) -> None:
        """Take up the stored energy and the present power."""
        self._stored_kwh = number(memory, "stored_kwh")
        self._takeover_kw = number(memory, "takeover_kw")
