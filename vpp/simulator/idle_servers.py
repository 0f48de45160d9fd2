"""Servers without work that can be put to sleep, and take their time to wake."""

from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict, Field

from vpp.simulator.chance import chance
from vpp.simulator.device import SECONDS_PER_HOUR, Conditions, Order, number


class IdleServersPlant(BaseModel):
    """The physical servers.

    Attributes:
        count: Servers that stand idle on average.
        swing_ratio: By how much the count moves with the time of day, as a share of it.
        idle_kw: Power of an idle server at the computers, kW.
        asleep_kw: Power of a sleeping one, kW.
        facility_ratio: Change at the point of connection per change of IT power, 1 or more.
        sleep_s: From the command until a server sleeps, s.
        wake_s: From the command until a server is back, s; it draws `idle_kw` meanwhile.
        refuse_ratio: How often a server does not obey, because work came to it, 0..1.
        seed: Of who refuses.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    count: int = Field(gt=0, le=1_000_000)
    swing_ratio: float = Field(default=0.0, ge=0, le=1)
    idle_kw: float = Field(gt=0)
    asleep_kw: float = Field(default=0.0, ge=0)
    facility_ratio: float = Field(default=1.1, ge=1, le=3)
    sleep_s: float = Field(default=60.0, ge=0)
    wake_s: float = Field(default=300.0, ge=0)
    refuse_ratio: float = Field(default=0.0, ge=0, le=1)
    seed: int = Field(default=0, ge=0)


class IdleServers:
    """Idle servers in operation."""

    def __init__(self, plant: IdleServersPlant) -> None:
        """Begin with all awake."""
        self._plant = plant
        self._asleep = 0.0
        self._waking_s = 0.0
        self._activation_count = 0
        self._is_active = False
        self._change_kw = 0.0

    def _idle(self, at_s: float) -> float:
        """Return how many servers stand idle: most at night."""
        hours = at_s / SECONDS_PER_HOUR % 24.0
        night = 1.0 if hours < 6.0 or hours >= 22.0 else -0.5  # noqa: PLR2004  hours of the night, UTC
        return self._plant.count * (1.0 + self._plant.swing_ratio * night)

    def step(self, order: Order, conditions: Conditions, span_s: float) -> float:
        """Put as many to sleep as ordered, else wake them."""
        plant = self._plant
        saved_kw = (plant.idle_kw - plant.asleep_kw) * plant.facility_ratio
        is_wanted = order.reduction_kw > 0.0
        if is_wanted and not self._is_active:
            self._activation_count += 1
        self._is_active = is_wanted
        if is_wanted:
            willing = self._willing(conditions.at_s)
            wanted = min(float(int(order.reduction_kw / saved_kw + 0.5)), willing) if saved_kw > 0.0 else 0.0
            share = min(1.0, span_s / plant.sleep_s) if plant.sleep_s > 0.0 else 1.0
            if wanted > self._asleep:
                self._asleep += (wanted - self._asleep) * share
            else:
                self._asleep = wanted
            self._waking_s = plant.wake_s
        elif self._asleep > 0.0:
            self._waking_s -= span_s
            if self._waking_s <= 0.0:
                self._asleep = 0.0
        # A server that wakes draws what an idle one does from the command on.
        self._change_kw = -self._asleep * saved_kw if is_wanted else 0.0
        return self._change_kw

    def _willing(self, at_s: float) -> float:
        plant = self._plant
        spread = chance(plant.seed, "idle servers", self._activation_count)
        refusing = min(1.0, 2.0 * plant.refuse_ratio * spread)
        return self._idle(at_s) * (1.0 - refusing)

    def reading(self, conditions: Conditions) -> dict[str, float]:
        """Return how many stand idle and sleep, and the present power."""
        return {
            "idle_servers": max(0.0, self._idle(conditions.at_s) - self._asleep),
            "asleep_servers": self._asleep,
            "reduction_kw": -self._change_kw,
        }

    def alarms(self) -> tuple[str, ...]:
        """Return nothing: it complains only by a fault of the plant."""
        return ()

    def margins(self) -> Mapping[str, float]:
        """Return nothing: a server that sleeps breaks no limit."""
        return {}

    def memory(self) -> dict[str, object]:
        """Return who sleeps."""
        return {
            "asleep": self._asleep,
            "waking_s": self._waking_s,
            "activation_count": self._activation_count,
            "is_active": 1 if self._is_active else 0,
        }

    def recall(self, memory: Mapping[str, object]) -> None:
        """Take up who sleeps."""
        self._asleep = number(memory, "asleep")
        self._waking_s = number(memory, "waking_s")
        self._activation_count = int(number(memory, "activation_count"))
        self._is_active = number(memory, "is_active") > 0.0
