"""An uninterruptible power supply that feeds the computers from its battery for a while, and has alarms."""

from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict, Field

from vpp.simulator.actuator import Actuator
from vpp.simulator.chance import chance
from vpp.simulator.device import SECONDS_PER_HOUR, Conditions, Order, approach, number
from vpp.simulator.limit_watch import LimitWatch

_LOWEST_RATIO = 0.02
"""State of charge at which any UPS leaves its battery alone, whatever it guards."""


class UpsPlant(BaseModel):
    """The physical UPS.

    Attributes:
        capacity_kwh: Stored energy when full, kWh.
        power_kw: Largest power it can take over from the grid, kW.
        efficiency_ratio: Delivered per stored energy, and stored per drawn energy.
        ride_through_s: The controller keeps enough for this long at the present IT load, s.
        recharge_kw: Power at which it recharges, kW.
        time_constant_s: Lag from command to power, s.
        guards_ride_through: Whether the controller itself keeps the reserve; without, only the
            agent does, and the reserve is judged all the same.
        setpoint_error_ratio: Standard deviation of the factor by which an activation misses.
        gauge_error_ratio: Added to the state of charge that it shows.
        alarms_per_day: How often an alarm begins, on average.
        alarm_s: How long an alarm lasts, s; the UPS leaves its battery alone meanwhile.
        seed: Of its activations and alarms.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    capacity_kwh: float = Field(gt=0)
    power_kw: float = Field(gt=0)
    efficiency_ratio: float = Field(default=0.95, gt=0, le=1)
    ride_through_s: float = Field(default=180.0, ge=0)
    recharge_kw: float = Field(gt=0)
    time_constant_s: float = Field(default=1.0, ge=0)
    guards_ride_through: bool = True
    setpoint_error_ratio: float = Field(default=0.0, ge=0, le=0.2)
    gauge_error_ratio: float = Field(default=0.0, ge=-0.2, le=0.2)
    alarms_per_day: float = Field(default=0.0, ge=0, le=1000)
    alarm_s: float = Field(default=1800.0, gt=0)
    seed: int = Field(default=0, ge=0)


class Ups:
    """A UPS in operation."""

    def __init__(self, plant: UpsPlant) -> None:
        """Begin fully charged, without an alarm."""
        self._plant = plant
        self._stored_kwh = plant.capacity_kwh
        self._takeover_kw = 0.0
        self._change_kw = 0.0
        self._alarm_left_s = 0.0
        self._step_count = 0
        self._actuator = Actuator(plant.seed, "ups", plant.setpoint_error_ratio)
        self._watch = LimitWatch()

    def step(self, order: Order, conditions: Conditions, span_s: float) -> float:
        """Take over IT load as ordered down to the reserve that it guards, else recharge."""
        plant = self._plant
        span_h = span_s / SECONDS_PER_HOUR
        self._pass_alarms(span_s)
        reserve_kwh = conditions.it_kw * plant.ride_through_s / SECONDS_PER_HOUR / plant.efficiency_ratio
        guarded_kwh = reserve_kwh if plant.guards_ride_through else _LOWEST_RATIO * plant.capacity_kwh
        usable_kwh = max(0.0, self._stored_kwh - guarded_kwh)
        reachable_kw = min(plant.power_kw, conditions.it_kw, usable_kwh * plant.efficiency_ratio / span_h)
        if self._alarm_left_s > 0.0:
            reachable_kw = 0.0
        wanted_kw = min(self._actuator.aimed_kw(order.reduction_kw), reachable_kw)
        self._takeover_kw = min(
            reachable_kw, approach(self._takeover_kw, wanted_kw, span_s, plant.time_constant_s)
        )
        self._stored_kwh -= self._takeover_kw * span_h / plant.efficiency_ratio
        if self._takeover_kw > 0.0:  # a load that grows over a UPS at rest is nobody's fault
            self._watch.note("ride_through_kwh", self._stored_kwh - reserve_kwh)
        recharge_kw = 0.0
        if order.is_idle and self._alarm_left_s <= 0.0:
            missing_kwh = max(0.0, plant.capacity_kwh - self._stored_kwh)
            recharge_kw = min(
                order.recovery_limit_kw, plant.recharge_kw, missing_kwh / plant.efficiency_ratio / span_h
            )
            self._stored_kwh += recharge_kw * span_h * plant.efficiency_ratio
        self._change_kw = recharge_kw - self._takeover_kw
        return self._change_kw

    def _pass_alarms(self, span_s: float) -> None:
        """Let an alarm pass, or one begin."""
        self._step_count += 1
        self._alarm_left_s = max(0.0, self._alarm_left_s - span_s)
        probability = self._plant.alarms_per_day * span_s / (24.0 * SECONDS_PER_HOUR)
        if probability > 0.0 and chance(self._plant.seed, "ups alarm", self._step_count) < probability:
            self._alarm_left_s = self._plant.alarm_s

    def reading(self, conditions: Conditions) -> dict[str, float]:
        """Return the state of charge, the load behind it, its health and the present power."""
        shown_ratio = self._stored_kwh / self._plant.capacity_kwh + self._plant.gauge_error_ratio
        return {
            "state_of_charge_ratio": min(1.0, max(0.0, shown_ratio)),
            "it_load_kw": conditions.it_kw,
            "redundancy_ok": 1.0,
            "alarm_count": float(len(self.alarms())),
            "reduction_kw": -self._change_kw,
        }

    def alarms(self) -> tuple[str, ...]:
        """Return the alarm that lasts at present."""
        return ("battery alarm",) if self._alarm_left_s > 0.0 else ()

    def margins(self) -> Mapping[str, float]:
        """Return the smallest distance to the ride-through reserve while it discharged."""
        return self._watch.margins

    def memory(self) -> dict[str, object]:
        """Return the stored energy, the present power and the alarm."""
        return {
            "stored_kwh": self._stored_kwh,
            "takeover_kw": self._takeover_kw,
            "alarm_left_s": self._alarm_left_s,
            "step_count": self._step_count,
            "actuator": self._actuator.memory(),
            "margins": self._watch.memory(),
        }

    def recall(self, memory: Mapping[str, object]) -> None:
        """Take up the stored energy, the present power and the alarm."""
        self._stored_kwh = number(memory, "stored_kwh")
        self._takeover_kw = number(memory, "takeover_kw")
        self._alarm_left_s = number(memory, "alarm_left_s")
        self._step_count = int(number(memory, "step_count"))
        self._actuator.recall(memory["actuator"])
        self._watch.recall(memory["margins"])
