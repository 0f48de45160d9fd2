"""A tank of chilled water: it cools in the chillers' place and is chilled again later."""

from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict, Field

from vpp.simulator.actuator import Actuator
from vpp.simulator.device import SECONDS_PER_HOUR, Conditions, Order, approach, number
from vpp.simulator.limit_watch import LimitWatch


class ThermalStorePlant(BaseModel):
    """The physical tank with its pumps.

    Attributes:
        capacity_kwh: Cold that a full tank holds, kWh thermal.
        discharge_kw: Largest cooling it gives, kW thermal.
        charge_kw: Largest extra electric power of the chillers that fill it, kW.
        reserve_s: For how long it must be able to carry the present load while chillers restart:
            a hard limit that only the agent keeps, s.
        mixing_ratio: Share of the cold given that mixing in the tank costs on top.
        loss_ratio_per_day: Share of the full tank that warms through its walls in a day.
        pump_ratio: Electric power of its pumps per cooling given.
        condenser_celsius: Temperature at which the heat leaves the plant, Celsius.
        time_constant_s: Lag from command to power, s.
        setpoint_error_ratio: Standard deviation of the factor by which an activation misses.
        gauge_error_ratio: Added to the level that it shows.
        recharges_alone: Whether it is filled when nobody commands it.
        seed: Of its activations.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    capacity_kwh: float = Field(gt=0)
    discharge_kw: float = Field(gt=0)
    charge_kw: float = Field(gt=0)
    reserve_s: float = Field(default=0.0, ge=0)
    mixing_ratio: float = Field(default=0.05, ge=0, le=1)
    loss_ratio_per_day: float = Field(default=0.02, ge=0, le=1)
    pump_ratio: float = Field(default=0.01, ge=0, le=0.5)
    condenser_celsius: float = 27.0
    time_constant_s: float = Field(default=90.0, ge=0)
    setpoint_error_ratio: float = Field(default=0.0, ge=0, le=0.2)
    gauge_error_ratio: float = Field(default=0.0, ge=-0.2, le=0.2)
    recharges_alone: bool = True
    seed: int = Field(default=0, ge=0)


class ThermalStore:
    """A tank in operation."""

    def __init__(self, plant: ThermalStorePlant) -> None:
        """Begin full."""
        self._plant = plant
        self._stored_kwh = plant.capacity_kwh
        self._reduction_kw = 0.0
        self._change_kw = 0.0
        self._actuator = Actuator(plant.seed, "thermal store", plant.setpoint_error_ratio)
        self._watch = LimitWatch()

    def step(self, order: Order, conditions: Conditions, span_s: float) -> float:
        """Give cold in the chillers' place as ordered, else be chilled again."""
        plant = self._plant
        span_h = span_s / SECONDS_PER_HOUR
        cop = conditions.it_kw / conditions.cooling_kw if conditions.cooling_kw > 0.0 else 0.0
        saved_per_heat = max(0.0, (1.0 / cop if cop > 0.0 else 0.0) - plant.pump_ratio)
        heat_kw = min(
            plant.discharge_kw,
            conditions.it_kw,
            max(0.0, self._stored_kwh) / span_h / (1.0 + plant.mixing_ratio),
        )
        reachable_kw = heat_kw * saved_per_heat
        ordered_kw = max(order.reduction_kw, order.increase_kw)
        aimed_kw = self._actuator.aimed_kw(ordered_kw)
        wanted_kw = min(aimed_kw if order.reduction_kw > 0.0 else 0.0, reachable_kw)
        self._reduction_kw = min(
            reachable_kw, approach(self._reduction_kw, wanted_kw, span_s, plant.time_constant_s)
        )
        if saved_per_heat > 0.0:
            given_kwh = self._reduction_kw / saved_per_heat * span_h
            self._stored_kwh -= given_kwh * (1.0 + plant.mixing_ratio)
        drawn_kw = 0.0
        if cop > 0.0 and order.reduction_kw <= 0.0 and (plant.recharges_alone or not order.is_release):
            limit_kw = aimed_kw if order.increase_kw > 0.0 else order.recovery_limit_kw
            missing_kwh = max(0.0, plant.capacity_kwh - self._stored_kwh)
            drawn_kw = min(limit_kw, plant.charge_kw, missing_kwh / cop / span_h)
            self._stored_kwh += drawn_kw * cop * span_h
        self._stored_kwh -= min(
            self._stored_kwh, plant.loss_ratio_per_day * plant.capacity_kwh * span_h / 24.0
        )
        if self._reduction_kw > 0.0:
            reserve_kwh = conditions.it_kw * plant.reserve_s / SECONDS_PER_HOUR
            self._watch.note("cold_reserve_kwh", self._stored_kwh - reserve_kwh)
        self._change_kw = drawn_kw - self._reduction_kw
        return self._change_kw

    def reading(self, conditions: Conditions) -> dict[str, float]:
        """Return the level, the cooling load, the condenser and the present power."""
        shown_ratio = self._stored_kwh / self._plant.capacity_kwh + self._plant.gauge_error_ratio
        return {
            "stored_ratio": min(1.0, max(0.0, shown_ratio)),
            "cooling_load_kw": conditions.it_kw,
            "condenser_celsius": self._plant.condenser_celsius,
            "reduction_kw": -self._change_kw,
        }

    def alarms(self) -> tuple[str, ...]:
        """Return nothing: it complains only by a fault of the plant."""
        return ()

    def margins(self) -> Mapping[str, float]:
        """Return the smallest distance to the reserve while it gave cold, kWh thermal."""
        return self._watch.margins

    def memory(self) -> dict[str, object]:
        """Return the cold stored and the present power."""
        return {
            "stored_kwh": self._stored_kwh,
            "reduction_kw": self._reduction_kw,
            "actuator": self._actuator.memory(),
            "margins": self._watch.memory(),
        }

    def recall(self, memory: Mapping[str, object]) -> None:
        """Take up the cold stored and the present power."""
        self._stored_kwh = number(memory, "stored_kwh")
        self._reduction_kw = number(memory, "reduction_kw")
        self._actuator.recall(memory["actuator"])
        self._watch.recall(memory["margins"])
