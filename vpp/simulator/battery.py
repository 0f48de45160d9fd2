"""A stationary battery: stored energy, losses in both directions, a short lag."""

from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict, Field

from vpp.simulator.device import SECONDS_PER_HOUR, Conditions, Order, approach, number


class BatteryPlant(BaseModel):
    """The physical battery, which the agent's model of it need not match.

    Attributes:
        capacity_kwh: Stored energy when full, kWh.
        power_kw: Largest power to and from the grid, kW.
        charge_efficiency_ratio: Stored per drawn energy.
        discharge_efficiency_ratio: Delivered per stored energy.
        floor_ratio: Lowest state of charge; below it the battery disconnects.
        rest_ratio: State of charge to which it recharges when it is left alone.
        recharge_kw: Power at which it recharges, kW.
        time_constant_s: Lag from command to power, s.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    capacity_kwh: float = Field(gt=0)
    power_kw: float = Field(gt=0)
    charge_efficiency_ratio: float = Field(default=0.93, gt=0, le=1)
    discharge_efficiency_ratio: float = Field(default=0.92, gt=0, le=1)
    floor_ratio: float = Field(default=0.08, ge=0, lt=1)
    rest_ratio: float = Field(default=0.9, gt=0, le=1)
    recharge_kw: float = Field(gt=0)
    time_constant_s: float = Field(default=2.0, ge=0)


class Battery:
    """A battery in operation."""

    def __init__(self, plant: BatteryPlant) -> None:
        """Begin at rest, charged as far as it charges itself."""
        self._plant = plant
        self._stored_kwh = plant.capacity_kwh * plant.rest_ratio
        self._discharge_kw = 0.0
        self._change_kw = 0.0

    def step(self, order: Order, conditions: Conditions, span_s: float) -> float:
        """Discharge as ordered while there is energy, else recharge."""
        plant = self._plant
        span_h = span_s / SECONDS_PER_HOUR
        usable_kwh = max(0.0, self._stored_kwh - plant.floor_ratio * plant.capacity_kwh)
        reachable_kw = min(
            plant.power_kw,
            max(0.0, conditions.net_kw),  # a reduction of import, never an export
            usable_kwh * plant.discharge_efficiency_ratio / span_h,
        )
        wanted_kw = min(order.reduction_kw, reachable_kw)
        self._discharge_kw = min(
            reachable_kw, approach(self._discharge_kw, wanted_kw, span_s, plant.time_constant_s)
        )
        self._stored_kwh -= self._discharge_kw * span_h / plant.discharge_efficiency_ratio
        recharge_kw = 0.0
        if order.reduction_kw <= 0.0:
            missing_kwh = max(0.0, plant.rest_ratio * plant.capacity_kwh - self._stored_kwh)
            recharge_kw = min(
                order.recovery_limit_kw,
                plant.recharge_kw,
                missing_kwh / plant.charge_efficiency_ratio / span_h,
            )
            self._stored_kwh += recharge_kw * span_h * plant.charge_efficiency_ratio
        self._change_kw = recharge_kw - self._discharge_kw
        return self._change_kw

    def reading(self, conditions: Conditions) -> dict[str, float]:  # noqa: ARG002  the Device protocol
        """Return the state of charge and the present power."""
        return {
            "state_of_charge_ratio": self._stored_kwh / self._plant.capacity_kwh,
            "reduction_kw": -self._change_kw,
        }

    def memory(self) -> dict[str, object]:
        """Return the stored energy and the present power."""
        return {"stored_kwh": self._stored_kwh, "discharge_kw": self._discharge_kw}

    def recall(self, memory: Mapping[str, object]) -> None:
        """Take up the stored energy and the present power."""
        self._stored_kwh = number(memory, "stored_kwh")
        self._discharge_kw = number(memory, "discharge_kw")
