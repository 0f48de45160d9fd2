"""A stationary battery: losses in both directions, fade, and a management system that guards the cells."""

from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict, Field

from vpp.simulator.actuator import Actuator
from vpp.simulator.device import SECONDS_PER_HOUR, Conditions, Order, approach, number
from vpp.simulator.limit_watch import LimitWatch


class BatteryPlant(BaseModel):
    """The physical battery, which the agent's model of it need not match.

    Attributes:
        capacity_kwh: Stored energy when full and new, kWh.
        power_kw: Largest power to and from the grid, kW.
        charge_efficiency_ratio: Stored per drawn energy.
        discharge_efficiency_ratio: Delivered per stored energy.
        floor_ratio: State of charge at which the management system disconnects.
        rest_ratio: State of charge to which it recharges when it is left alone.
        recharge_kw: Power at which it recharges, kW.
        time_constant_s: Lag from command to power, s.
        top_ratio: State of charge above which it takes no charge, also when ordered to.
        taper_ratio: Within this state of charge of either end the management system lowers the
            power in proportion; 0 for full power to the end.
        fade_ratio_per_cycle: Capacity lost per full equivalent cycle, as a share of the new one.
        gauge_error_ratio: Added to the state of charge that it shows.
        recharges_alone: Whether it recharges when nobody commands it; many stand still.
        setpoint_error_ratio: Standard deviation of the factor by which an activation misses.
        backup_floor_kwh: Stored energy that the site needs for itself: a hard limit that only
            its agent keeps, kWh.
        seed: Of its activations.
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
    top_ratio: float = Field(default=1.0, gt=0, le=1)
    taper_ratio: float = Field(default=0.0, ge=0, le=0.5)
    fade_ratio_per_cycle: float = Field(default=0.0, ge=0, le=0.01)
    gauge_error_ratio: float = Field(default=0.0, ge=-0.2, le=0.2)
    recharges_alone: bool = True
    setpoint_error_ratio: float = Field(default=0.0, ge=0, le=0.2)
    backup_floor_kwh: float = Field(default=0.0, ge=0)
    seed: int = Field(default=0, ge=0)


class Battery:
    """A battery in operation."""

    def __init__(self, plant: BatteryPlant) -> None:
        """Begin at rest, charged as far as it charges itself."""
        self._plant = plant
        self._stored_kwh = plant.capacity_kwh * plant.rest_ratio
        self._full_kwh = plant.capacity_kwh
        self._discharge_kw = 0.0
        self._change_kw = 0.0
        self._actuator = Actuator(plant.seed, "battery", plant.setpoint_error_ratio)
        self._watch = LimitWatch()

    def step(self, order: Order, conditions: Conditions, span_s: float) -> float:
        """Discharge or charge as ordered as far as the cells allow, else recharge."""
        plant = self._plant
        span_h = span_s / SECONDS_PER_HOUR
        usable_kwh = max(0.0, self._stored_kwh - plant.floor_ratio * self._full_kwh)
        reachable_kw = min(
            plant.power_kw * self._taper(usable_kwh),
            max(0.0, conditions.net_kw),  # a reduction of import, never an export
            usable_kwh * plant.discharge_efficiency_ratio / span_h,
        )
        ordered_kw = max(order.reduction_kw, order.increase_kw)
        aimed_kw = self._actuator.aimed_kw(ordered_kw)
        wanted_kw = min(aimed_kw if order.reduction_kw > 0.0 else 0.0, reachable_kw)
        self._discharge_kw = min(
            reachable_kw, approach(self._discharge_kw, wanted_kw, span_s, plant.time_constant_s)
        )
        self._stored_kwh -= self._discharge_kw * span_h / plant.discharge_efficiency_ratio
        drawn_kw = 0.0
        if order.increase_kw > 0.0:
            drawn_kw = min(aimed_kw, plant.power_kw, self._room_kw(plant.top_ratio, span_h))
        elif order.reduction_kw <= 0.0 and (plant.recharges_alone or not order.is_release):
            drawn_kw = min(
                order.recovery_limit_kw, plant.recharge_kw, self._room_kw(plant.rest_ratio, span_h)
            )
        self._stored_kwh += drawn_kw * span_h * plant.charge_efficiency_ratio
        self._fade(self._discharge_kw * span_h)
        self._change_kw = drawn_kw - self._discharge_kw
        if self._discharge_kw > 0.0:  # what a battery lacks for other reasons is nobody's fault
            self._watch.note("backup_floor_kwh", self._stored_kwh - plant.backup_floor_kwh)
        return self._change_kw

    def _taper(self, left_kwh: float) -> float:
        """Return the share of the power that the management system allows near an end."""
        band_kwh = self._plant.taper_ratio * self._full_kwh
        return 1.0 if band_kwh <= 0.0 else min(1.0, left_kwh / band_kwh)

    def _room_kw(self, top_ratio: float, span_h: float) -> float:
        """Return the power that fills the battery up to a state of charge within a span, kW."""
        room_kwh = max(0.0, top_ratio * self._full_kwh - self._stored_kwh)
        limit_kw = self._plant.power_kw * self._taper(room_kwh)
        return min(limit_kw, room_kwh / self._plant.charge_efficiency_ratio / span_h)

    def _fade(self, delivered_kwh: float) -> None:
        cycles = delivered_kwh / self._plant.capacity_kwh
        self._full_kwh -= cycles * self._plant.fade_ratio_per_cycle * self._plant.capacity_kwh

    def reading(self, conditions: Conditions) -> dict[str, float]:  # noqa: ARG002  the Device protocol
        """Return the state of charge as the gauge shows it, and the present power."""
        shown_ratio = self._stored_kwh / self._full_kwh + self._plant.gauge_error_ratio
        return {
            "state_of_charge_ratio": min(1.0, max(0.0, shown_ratio)),
            "reduction_kw": -self._change_kw,
        }

    def alarms(self) -> tuple[str, ...]:
        """Return nothing: it complains only by a fault of the plant."""
        return ()

    def margins(self) -> Mapping[str, float]:
        """Return the smallest distance to the backup floor while it discharged."""
        return self._watch.margins

    def memory(self) -> dict[str, object]:
        """Return the stored energy, the capacity left and the present power."""
        return {
            "stored_kwh": self._stored_kwh,
            "discharge_kw": self._discharge_kw,
            "full_kwh": self._full_kwh,
            "actuator": self._actuator.memory(),
            "margins": self._watch.memory(),
        }

    def recall(self, memory: Mapping[str, object]) -> None:
        """Take up the stored energy, the capacity left and the present power."""
        self._stored_kwh = number(memory, "stored_kwh")
        self._discharge_kw = number(memory, "discharge_kw")
        self._full_kwh = number(memory, "full_kwh")
        self._actuator.recall(memory["actuator"])
        self._watch.recall(memory["margins"])
