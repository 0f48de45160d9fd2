"""Chillers that coast on the warmth which loop water, air and racks can take up."""

from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict, Field

from vpp.simulator.device import SECONDS_PER_HOUR, Conditions, Order, approach, number

WATER_KWH_PER_K_M3 = 1.163
"""Heat capacity of water, kWh per kelvin and cubic metre."""


class ChillerPlant(BaseModel):
    """The physical cooling plant: two nodes, loop water and hall.

    Attributes:
        loop_volume_m3: Water in loop and tank, m3.
        hall_kwh_per_k: Heat capacity of air and racks, kWh/K.
        exchange_kw_per_k: Heat flow from hall to water per kelvin between them, kW/K.
        water_setpoint_celsius: Water temperature that the chillers hold when left alone, Celsius.
        inlet_limit_celsius: Hall temperature at which the controller overrides any cut, Celsius.
        max_cut_ratio: Largest cut as a share of the present chiller power.
        recovery_ratio: Largest extra chiller power as a share of the present one.
        condenser_celsius: Temperature at which the heat leaves the plant, Celsius.
        recovery_loss_ratio: Extra power of cooling later than needed.
        time_constant_s: Lag from command to power, s.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    loop_volume_m3: float = Field(gt=0)
    hall_kwh_per_k: float = Field(gt=0)
    exchange_kw_per_k: float = Field(gt=0)
    water_setpoint_celsius: float = 10.0
    inlet_limit_celsius: float = 27.0
    condenser_celsius: float = 27.0
    max_cut_ratio: float = Field(default=0.6, gt=0, le=1)
    recovery_ratio: float = Field(default=0.2, gt=0, le=1)
    recovery_loss_ratio: float = Field(default=0.05, ge=0, le=1)
    time_constant_s: float = Field(default=90.0, ge=0)


class Chiller:
    """A cooling plant in operation.

    Source:
        The two-node heat balance of the domain reference "Flexibility models", section 5.3.
    """

    def __init__(self, plant: ChillerPlant) -> None:
        """Begin at the water setpoint; the hall settles with the first step."""
        self._plant = plant
        self._water_celsius = plant.water_setpoint_celsius
        self._hall_celsius: float | None = None
        self._cut_kw = 0.0
        self._change_kw = 0.0

    def step(self, order: Order, conditions: Conditions, span_s: float) -> float:
        """Cut as ordered until the hall is warm, else cool what has warmed."""
        plant = self._plant
        span_h = span_s / SECONDS_PER_HOUR
        if self._hall_celsius is None:
            self._hall_celsius = self._water_celsius + conditions.it_kw / plant.exchange_kw_per_k
        cop = conditions.it_kw / conditions.cooling_kw if conditions.cooling_kw > 0.0 else 0.0
        is_warm = self._hall_celsius >= plant.inlet_limit_celsius
        wanted_kw = 0.0 if is_warm else min(order.reduction_kw, plant.max_cut_ratio * conditions.cooling_kw)
        self._cut_kw = approach(self._cut_kw, wanted_kw, span_s, plant.time_constant_s)
        extra_kw = 0.0
        water_kwh_per_k = plant.loop_volume_m3 * WATER_KWH_PER_K_M3
        if order.reduction_kw <= 0.0 and cop > 0.0:
            surplus_kwh = max(0.0, self._water_celsius - plant.water_setpoint_celsius) * water_kwh_per_k
            extra_kw = min(
                order.recovery_limit_kw,
                plant.recovery_ratio * conditions.cooling_kw,
                surplus_kwh / span_h / cop * (1.0 + plant.recovery_loss_ratio),
            )
        chilled_kw = (
            conditions.it_kw - self._cut_kw * cop + extra_kw * cop / (1.0 + plant.recovery_loss_ratio)
        )
        exchanged_kw = plant.exchange_kw_per_k * (self._hall_celsius - self._water_celsius)
        self._water_celsius += (exchanged_kw - chilled_kw) * span_h / water_kwh_per_k
        self._hall_celsius += (conditions.it_kw - exchanged_kw) * span_h / plant.hall_kwh_per_k
        self._change_kw = extra_kw - self._cut_kw
        return self._change_kw

    def reading(self, conditions: Conditions) -> dict[str, float]:
        """Return temperatures, loads and the present power."""
        plant = self._plant
        settled_celsius = plant.water_setpoint_celsius + conditions.it_kw / plant.exchange_kw_per_k
        return {
            "inlet_temperature_celsius": settled_celsius
            if self._hall_celsius is None
            else self._hall_celsius,
            "inlet_setpoint_celsius": settled_celsius,
            "condenser_celsius": plant.condenser_celsius,
            "it_load_kw": conditions.it_kw,
            "reduction_kw": -self._change_kw,
        }

    def memory(self) -> dict[str, object]:
        """Return temperatures and the present cut."""
        return {
            "water_celsius": self._water_celsius,
            "hall_celsius": self._hall_celsius,
            "cut_kw": self._cut_kw,
        }

    def recall(self, memory: Mapping[str, object]) -> None:
        """Take up temperatures and the present cut."""
        self._water_celsius = number(memory, "water_celsius")
        self._hall_celsius = None if memory["hall_celsius"] is None else number(memory, "hall_celsius")
        self._cut_kw = number(memory, "cut_kw")
