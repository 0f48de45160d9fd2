"""A backup generator that may fail to start, runs for a while once it runs, and burns fuel."""

from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict, Field

from vpp.simulator.actuator import Actuator
from vpp.simulator.chance import chance
from vpp.simulator.device import SECONDS_PER_HOUR, Conditions, Order, approach, number
from vpp.simulator.limit_watch import LimitWatch


class GeneratorPlant(BaseModel):
    """The physical set with its transfer switch.

    Attributes:
        power_kw: Rated power, kW.
        min_power_kw: Lowest power at which it may run, kW.
        start_s: From the start command to the load taken over, s; large sets need 60 to 90.
        start_failure_ratio: How often one start attempt fails, 0..1.
        attempts: Attempts before it locks itself out.
        min_run_s: Once started it runs at least as long, s.
        fuel_kwh: Energy that a full tank delivers, kWh.
        permit_hours: Hours that it may run in a year beside emergencies: a hard limit that only
            the agent keeps, h.
        time_constant_s: Lag of its power once it runs, s.
        setpoint_error_ratio: Standard deviation of the factor by which an activation misses.
        seed: Of its starts.

    Source:
        Start time of large sets: the domain reference "Flexibility models", section 2.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    power_kw: float = Field(gt=0)
    min_power_kw: float = Field(default=0.0, ge=0)
    start_s: float = Field(default=60.0, ge=0)
    start_failure_ratio: float = Field(default=0.0, ge=0, le=1)
    attempts: int = Field(default=3, ge=1, le=10)
    min_run_s: float = Field(default=1800.0, ge=0)
    fuel_kwh: float = Field(gt=0)
    permit_hours: float = Field(default=50.0, ge=0)
    time_constant_s: float = Field(default=10.0, ge=0)
    setpoint_error_ratio: float = Field(default=0.0, ge=0, le=0.2)
    seed: int = Field(default=0, ge=0)


class Generator:
    """A generator in operation: at rest, starting, running, or locked out after failed starts."""

    def __init__(self, plant: GeneratorPlant) -> None:
        """Begin at rest with a full tank."""
        self._plant = plant
        self._fuel_kwh = plant.fuel_kwh
        self._power_kw = 0.0
        self._is_running = False
        self._is_locked = False
        self._starting_s = 0.0
        self._run_s = 0.0
        self._attempt_count = 0
        self._failed_in_a_row = 0
        self._used_hours = 0.0
        self._actuator = Actuator(plant.seed, "generator", plant.setpoint_error_ratio)
        self._watch = LimitWatch()

    def step(self, order: Order, conditions: Conditions, span_s: float) -> float:
        """Start and run as ordered while there is fuel, and run out the shortest run."""
        plant = self._plant
        span_h = span_s / SECONDS_PER_HOUR
        aimed_kw = self._actuator.aimed_kw(order.reduction_kw)
        is_wanted = order.reduction_kw > 0.0
        if not is_wanted and not self._is_running:
            self._starting_s, self._failed_in_a_row, self._is_locked = 0.0, 0, False
        left_s = span_s
        if is_wanted and not self._is_running and not self._is_locked:
            left_s = self._started(span_s)
        must_run = self._run_s < plant.min_run_s
        if self._is_running and (self._fuel_kwh <= 0.0 or not (is_wanted or must_run)):
            self._is_running, self._run_s = False, 0.0
        reachable_kw = min(
            plant.power_kw, max(0.0, conditions.net_kw), self._fuel_kwh / span_h if self._is_running else 0.0
        )
        wanted_kw = min(reachable_kw, max(aimed_kw, plant.min_power_kw)) if self._is_running else 0.0
        self._power_kw = min(reachable_kw, approach(self._power_kw, wanted_kw, left_s, plant.time_constant_s))
        mean_kw = self._power_kw * left_s / span_s
        self._fuel_kwh -= mean_kw * span_h
        if self._is_running:
            self._run_s += left_s
            self._used_hours += left_s / SECONDS_PER_HOUR
            self._watch.note("permit_hours", plant.permit_hours - self._used_hours)
        return -mean_kw

    def _started(self, span_s: float) -> float:
        """Go on starting; return how much of the span is left once it runs, s."""
        plant = self._plant
        left_s = span_s
        while left_s > 0.0 and not self._is_running and not self._is_locked:
            needed_s = plant.start_s - self._starting_s
            if needed_s > left_s:
                self._starting_s += left_s
                return 0.0
            left_s -= max(0.0, needed_s)
            self._starting_s = 0.0
            self._attempt_count += 1
            if chance(plant.seed, "generator start", self._attempt_count) >= plant.start_failure_ratio:
                self._is_running, self._run_s, self._failed_in_a_row = True, 0.0, 0
            else:
                self._failed_in_a_row += 1
                self._is_locked = self._failed_in_a_row >= plant.attempts
        return left_s if self._is_running else 0.0

    def reading(self, conditions: Conditions) -> dict[str, float]:  # noqa: ARG002  the Device protocol
        """Return whether and how long it runs, its hours, fuel and present power."""
        return {
            "is_running": 1.0 if self._is_running else 0.0,
            "run_s": self._run_s,
            "hours_used_emergency": 0.0,
            "hours_used_nonemergency": self._used_hours,
            "fuel_ratio": self._fuel_kwh / self._plant.fuel_kwh,
            "reduction_kw": self._power_kw,
        }

    def alarms(self) -> tuple[str, ...]:
        """Return the lockout after failed starts."""
        return ("start failure lockout",) if self._is_locked else ()

    def margins(self) -> Mapping[str, float]:
        """Return the permit hours that were left at the least, h."""
        return self._watch.margins

    def memory(self) -> dict[str, object]:
        """Return fuel, hours and the course of a start or run."""
        return {
            "fuel_kwh": self._fuel_kwh,
            "power_kw": self._power_kw,
            "is_running": 1 if self._is_running else 0,
            "is_locked": 1 if self._is_locked else 0,
            "starting_s": self._starting_s,
            "run_s": self._run_s,
            "attempt_count": self._attempt_count,
            "failed_in_a_row": self._failed_in_a_row,
            "used_hours": self._used_hours,
            "actuator": self._actuator.memory(),
            "margins": self._watch.memory(),
        }

    def recall(self, memory: Mapping[str, object]) -> None:
        """Take up fuel, hours and the course of a start or run."""
        self._fuel_kwh = number(memory, "fuel_kwh")
        self._power_kw = number(memory, "power_kw")
        self._is_running = number(memory, "is_running") > 0.0
        self._is_locked = number(memory, "is_locked") > 0.0
        self._starting_s = number(memory, "starting_s")
        self._run_s = number(memory, "run_s")
        self._attempt_count = int(number(memory, "attempt_count"))
        self._failed_in_a_row = int(number(memory, "failed_in_a_row"))
        self._used_hours = number(memory, "used_hours")
        self._actuator.recall(memory["actuator"])
        self._watch.recall(memory["margins"])
