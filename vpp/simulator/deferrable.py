"""Compute work that is slowed down now and caught up before its deadline."""

import math
from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict, Field

from vpp.simulator.actuator import Actuator
from vpp.simulator.device import SECONDS_PER_HOUR, Conditions, Order, approach, number
from vpp.simulator.limit_watch import LimitWatch

SPARE_S = 600.0
"""The cluster's own scheduler wants to be done as long before a deadline, s."""


class DeferrablePlant(BaseModel):
    """The physical batch cluster.

    Attributes:
        batch_ratio: Share of the IT load that is batch work.
        max_cut_ratio: Largest cut of the batch work's power.
        facility_ratio: Change at the point of connection per change of IT power, 1 or more: the
            overheads that follow the IT load.
        return_ratio: Energy needed later per energy saved now; below 1 because capped boards do
            more work per kWh.
        catch_up_kw: Power free for catching up, at the point of connection, kW.
        deadline_s: Postponed work is done within this time, s.
        time_constant_s: Lag from command to power, s.
        inert_ratio: Share of the batch work whose power no cap changes, because it draws less
            than the cap; 0.28 to 0.38 of the settings of two board types.
        setpoint_error_ratio: Standard deviation of the factor by which an activation misses.
        seed: Of its activations.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    batch_ratio: float = Field(gt=0, le=1)
    max_cut_ratio: float = Field(default=0.5, gt=0, le=1)
    facility_ratio: float = Field(default=1.1, ge=1, le=3)
    return_ratio: float = Field(default=0.9, ge=0, le=3)
    catch_up_kw: float = Field(gt=0)
    deadline_s: float = Field(default=28_800.0, gt=0)
    time_constant_s: float = Field(default=45.0, ge=0)
    inert_ratio: float = Field(default=0.0, ge=0, lt=1)
    setpoint_error_ratio: float = Field(default=0.0, ge=0, le=0.2)
    seed: int = Field(default=0, ge=0)


class Deferrable:
    """A batch cluster in operation."""

    def __init__(self, plant: DeferrablePlant) -> None:
        """Begin with nothing postponed."""
        self._plant = plant
        self._cut_kw = 0.0
        self._change_kw = 0.0
        self._backlog: list[list[float]] = []  # [due, s since the epoch; energy, kWh], earliest first
        self._actuator = Actuator(plant.seed, "deferrable", plant.setpoint_error_ratio)
        self._watch = LimitWatch()

    @property
    def backlog_kwh(self) -> float:
        """Postponed energy, kWh at the point of connection."""
        return sum(energy_kwh for _, energy_kwh in self._backlog)

    def step(self, order: Order, conditions: Conditions, span_s: float) -> float:
        """Cut as ordered unless a deadline presses, else catch up."""
        plant = self._plant
        span_h = span_s / SECONDS_PER_HOUR
        pressing_kw = self._pressing_kw(conditions.at_s)
        is_pressed = pressing_kw >= plant.catch_up_kw
        batch_kw = plant.batch_ratio * conditions.it_kw * plant.facility_ratio
        reachable_kw = plant.max_cut_ratio * batch_kw * (1.0 - plant.inert_ratio)
        aimed_kw = self._actuator.aimed_kw(order.reduction_kw)
        wanted_kw = 0.0 if is_pressed else min(aimed_kw, reachable_kw)
        self._cut_kw = approach(self._cut_kw, wanted_kw, span_s, plant.time_constant_s)
        catch_up_kw = 0.0
        if is_pressed or order.reduction_kw <= 0.0:
            limit_kw = order.increase_kw if order.increase_kw > 0.0 else order.recovery_limit_kw
            allowed_kw = plant.catch_up_kw if is_pressed else min(limit_kw, plant.catch_up_kw)
            catch_up_kw = self._caught_up(allowed_kw * span_h) / span_h
        postponed_kwh = self._cut_kw * span_h * plant.return_ratio
        if postponed_kwh > 0.0:
            self._postpone(conditions.at_s + plant.deadline_s, postponed_kwh)
        if self._backlog:
            self._watch.note("deadline_s", self._backlog[0][0] - (conditions.at_s + span_s))
        self._change_kw = catch_up_kw - self._cut_kw
        return self._change_kw

    def _pressing_kw(self, at_s: float) -> float:
        """Power needed from now on to keep every deadline, kW."""
        needed_kw, total_kwh = 0.0, 0.0
        for due_s, energy_kwh in self._backlog:
            total_kwh += energy_kwh
            left_s = due_s - at_s - SPARE_S
            if left_s <= 0.0:
                return math.inf
            needed_kw = max(needed_kw, total_kwh / left_s * SECONDS_PER_HOUR)
        return needed_kw

    def _caught_up(self, energy_kwh: float) -> float:
        """Work off the earliest deadlines first; return the energy used, kWh."""
        left_kwh = energy_kwh
        while self._backlog and left_kwh > 0.0:
            done_kwh = min(left_kwh, self._backlog[0][1])
            self._backlog[0][1] -= done_kwh
            left_kwh -= done_kwh
            if self._backlog[0][1] <= 1e-9:  # noqa: PLR2004  a microwatt-hour is nothing
                self._backlog.pop(0)
        return energy_kwh - left_kwh

    def _postpone(self, due_s: float, energy_kwh: float) -> None:
        """Add work to the backlog; work due within the same quarter hour is one item."""
        if self._backlog and due_s - self._backlog[-1][0] < SECONDS_PER_HOUR / 4.0:
            self._backlog[-1][1] += energy_kwh
        else:
            self._backlog.append([due_s, energy_kwh])

    def reading(self, conditions: Conditions) -> dict[str, float]:
        """Return the running work, the backlog and the present power."""
        plant = self._plant
        return {
            "batch_load_kw": plant.batch_ratio * conditions.it_kw * plant.facility_ratio,
            "backlog_kwh": self.backlog_kwh,
            "backlog_due_s": self._backlog[0][0] - conditions.at_s if self._backlog else plant.deadline_s,
            "reduction_kw": -self._change_kw,
        }

    def alarms(self) -> tuple[str, ...]:
        """Return nothing: it complains only by a fault of the plant."""
        return ()

    def margins(self) -> Mapping[str, float]:
        """Return the smallest time that was left before a deadline with work still to do, s."""
        return self._watch.margins

    def memory(self) -> dict[str, object]:
        """Return the present cut and the backlog."""
        return {
            "cut_kw": self._cut_kw,
            "backlog": [list(item) for item in self._backlog],
            "actuator": self._actuator.memory(),
            "margins": self._watch.memory(),
        }

    def recall(self, memory: Mapping[str, object]) -> None:
        """Take up the present cut and the backlog."""
        self._cut_kw = number(memory, "cut_kw")
        backlog = memory["backlog"]
        if not isinstance(backlog, list):
            raise TypeError(f"backlog is {backlog!r}, expected a list")
        self._backlog = [[float(due_s), float(energy_kwh)] for due_s, energy_kwh in backlog]
        self._actuator.recall(memory["actuator"])
        self._watch.recall(memory["margins"])
