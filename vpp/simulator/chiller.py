"""Chillers that coast on the warmth which loop water, air and racks can take up."""

from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict, Field

from vpp.simulator.actuator import Actuator
from vpp.simulator.device import SECONDS_PER_HOUR, Conditions, Order, approach, number
from vpp.simulator.limit_watch import LimitWatch

WATER_KWH_PER_K_M3 = 1.163
"""Heat capacity of water, kWh per kelvin and cubic metre."""
RATE_SPAN_S = 900.0
"""Span over which the rate of change is judged, s: 20 K/h are 5 K in 15 minutes."""
RATE_KELVIN = 5.0
"""Largest change of the inlet within `RATE_SPAN_S`, K.

Source: ASHRAE, 2021 Equipment Thermal Guidelines, reference card: 20 K/h without tape.
"""


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
        part_load_loss_ratio: Power that a chiller at no load still draws, as a share of the
            present one: a cut saves less than in proportion to the cooling it takes away.
        setpoint_error_ratio: Standard deviation of the factor by which an activation misses.
        sensor_error_kelvin: Added to the inlet temperature that it shows, K.
        judged_inlet_celsius: Hard limit of the hall's temperature; None for the controller's.
        seed: Of its activations.
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
    part_load_loss_ratio: float = Field(default=0.0, ge=0, lt=0.8)
    setpoint_error_ratio: float = Field(default=0.0, ge=0, le=0.2)
    sensor_error_kelvin: float = Field(default=0.0, ge=-2, le=2)
    judged_inlet_celsius: float | None = None
    seed: int = Field(default=0, ge=0)


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
        self._recent: list[tuple[float, float]] = []  # instants, s, and hall temperatures, newest last
        self._actuator = Actuator(plant.seed, "chiller", plant.setpoint_error_ratio)
        self._watch = LimitWatch()

    def step(self, order: Order, conditions: Conditions, span_s: float) -> float:
        """Cut as ordered until the hall is warm, else cool what has warmed."""
        plant = self._plant
        span_h = span_s / SECONDS_PER_HOUR
        if self._hall_celsius is None:
            self._hall_celsius = self._water_celsius + conditions.it_kw / plant.exchange_kw_per_k
        cop = conditions.it_kw / conditions.cooling_kw if conditions.cooling_kw > 0.0 else 0.0
        is_warm = self._hall_celsius >= plant.inlet_limit_celsius
        aimed_kw = self._actuator.aimed_kw(order.reduction_kw)
        wanted_kw = 0.0 if is_warm else min(aimed_kw, plant.max_cut_ratio * conditions.cooling_kw)
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
        # Electric power falls from 1 to `part_load_loss_ratio` as cooling falls from 1 to 0.
        heat_per_kw = cop / (1.0 - plant.part_load_loss_ratio)
        chilled_kw = (
            conditions.it_kw - self._cut_kw * heat_per_kw + extra_kw * cop / (1.0 + plant.recovery_loss_ratio)
        )
        # The hall follows the water within minutes: exactly, so that a long step stays stable.
        settled_celsius = self._water_celsius + conditions.it_kw / plant.exchange_kw_per_k
        lag_s = plant.hall_kwh_per_k / plant.exchange_kw_per_k * SECONDS_PER_HOUR
        hall_celsius = approach(self._hall_celsius, settled_celsius, span_s, lag_s)
        taken_kw = (hall_celsius - self._hall_celsius) * plant.hall_kwh_per_k / span_h
        self._hall_celsius = hall_celsius
        self._water_celsius += (conditions.it_kw - taken_kw - chilled_kw) * span_h / water_kwh_per_k
        self._change_kw = extra_kw - self._cut_kw
        self._judge(conditions.at_s + span_s)
        return self._change_kw

    def _judge(self, at_s: float) -> None:
        """Note how far the hall is from its limits, while it is warmed by a cut."""
        hall_celsius = self._water_celsius if self._hall_celsius is None else self._hall_celsius
        self._recent = [each for each in self._recent if at_s - each[0] <= RATE_SPAN_S]
        self._recent.append((at_s, hall_celsius))
        if self._cut_kw <= 0.0:
            return
        limit = self._plant.judged_inlet_celsius
        limit_celsius = self._plant.inlet_limit_celsius if limit is None else limit
        self._watch.note("inlet_kelvin", limit_celsius - hall_celsius)
        coolest_celsius = min(celsius for _, celsius in self._recent)
        self._watch.note("inlet_rate_kelvin", RATE_KELVIN - (hall_celsius - coolest_celsius))

    def reading(self, conditions: Conditions) -> dict[str, float]:
        """Return temperatures, loads and the present power."""
        plant = self._plant
        settled_celsius = plant.water_setpoint_celsius + conditions.it_kw / plant.exchange_kw_per_k
        hall_celsius = settled_celsius if self._hall_celsius is None else self._hall_celsius
        return {
            "inlet_temperature_celsius": hall_celsius + plant.sensor_error_kelvin,
            "water_temperature_celsius": self._water_celsius,
            "inlet_setpoint_celsius": settled_celsius,
            "condenser_celsius": plant.condenser_celsius,
            "it_load_kw": conditions.it_kw,
            "reduction_kw": -self._change_kw,
        }

    def alarms(self) -> tuple[str, ...]:
        """Return the warning of a hall that is too warm."""
        hall_celsius = self._hall_celsius
        is_warm = hall_celsius is not None and hall_celsius >= self._plant.inlet_limit_celsius
        return ("hall too warm",) if is_warm else ()

    def margins(self) -> Mapping[str, float]:
        """Return the smallest distances to inlet limit and rate of change during cuts, K."""
        return self._watch.margins

    def memory(self) -> dict[str, object]:
        """Return temperatures and the present cut."""
        return {
            "water_celsius": self._water_celsius,
            "hall_celsius": self._hall_celsius,
            "cut_kw": self._cut_kw,
            "recent": [list(each) for each in self._recent],
            "actuator": self._actuator.memory(),
            "margins": self._watch.memory(),
        }

    def recall(self, memory: Mapping[str, object]) -> None:
        """Take up temperatures and the present cut."""
        self._water_celsius = number(memory, "water_celsius")
        self._hall_celsius = None if memory["hall_celsius"] is None else number(memory, "hall_celsius")
        self._cut_kw = number(memory, "cut_kw")
        recent = memory["recent"]
        if not isinstance(recent, list):
            raise TypeError(f"recent is {recent!r}, expected a list")
        self._recent = [(float(at_s), float(celsius)) for at_s, celsius in recent]
        self._actuator.recall(memory["actuator"])
        self._watch.recall(memory["margins"])
