"""What an agent and a device say to each other: readings, setpoints, outcomes, health.

One vocabulary for real equipment and for simulated devices, so that both stand behind the same
driver interface.
"""

import enum
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from vpp.foundation.errors import InvalidInput


class DeviceError(Exception):
    """A device does not answer, or answers nonsense; the site holds its safe state meanwhile.

    Normal in the field, and never a wire error: it ends at the driver's caller.
    """


class Health(enum.Enum):
    """How far a device can be relied on at present.

    Attributes:
        OK: It answers and takes setpoints.
        STALE: Its last good reading is older than the driver allows.
        ALARM: It reports an alarm; it must be left alone.
        LOST: It does not answer.
    """

    OK = "ok"
    STALE = "stale"
    ALARM = "alarm"
    LOST = "lost"


class Outcome(enum.Enum):
    """What became of a setpoint.

    Attributes:
        APPLIED: The device confirmed it, by its own reading where it can be read back.
        UNCHANGED: The device held it already.
        PENDING: It has been handed to the device, and no confirmation is due yet.
        FAILED: The device did not do it, or shows another value.
    """

    APPLIED = "applied"
    UNCHANGED = "unchanged"
    PENDING = "pending"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Setpoint:
    """What a device is to do until it is told otherwise, or until its hold time has passed.

    Powers are changes at the device's own boundary against what it would do if left alone. At
    most one of reduction and increase is above 0.

    Attributes:
        reduction_kw: Lower consumption by this, kW, 0 or more.
        increase_kw: Raise consumption by this, kW, 0 or more.
        recovery_limit_kw: Where both are 0, recover by at most this, kW; infinite for no limit.
    """

    reduction_kw: float = 0.0
    increase_kw: float = 0.0
    recovery_limit_kw: float = math.inf

    def __post_init__(self) -> None:
        """Refuse what is no quantity, and both directions at once."""
        for name in ("reduction_kw", "increase_kw", "recovery_limit_kw"):
            value = getattr(self, name)
            is_unlimited = name == "recovery_limit_kw" and value == math.inf
            if not is_unlimited and not (math.isfinite(value) and value >= 0.0):
                raise InvalidInput(
                    f"{name} is {value}, expected a finite number of 0 or more", **{name: str(value)}
                )
        if self.reduction_kw > 0.0 and self.increase_kw > 0.0:
            raise InvalidInput(
                f"reduction_kw is {self.reduction_kw} and increase_kw {self.increase_kw}, expected one "
                "of them to be 0"
            )


@dataclass(frozen=True, slots=True)
class Applied:
    """What a driver answers to a setpoint.

    Attributes:
        outcome: What became of it.
        detail: In words; names nothing that must not leave the site.
        at: When, UTC.
    """

    outcome: Outcome
    at: datetime
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Reading:
    """What a device's instruments show.

    Attributes:
        measured_at: When, UTC.
        quantities: By name, units in the names; finite.
        alarms: What the device complains about, in its maker's words; empty if nothing.
    """

    measured_at: datetime
    quantities: Mapping[str, float]
    alarms: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse values that are not finite."""
        for name, value in self.quantities.items():
            if not math.isfinite(value):
                raise InvalidInput(f"{name} reads {value}, expected a finite number", **{name: str(value)})


@dataclass(frozen=True, slots=True)
class DeviceCondition:
    """How a device is, beside what its instruments show.

    Attributes:
        health: How far it can be relied on.
        measured_at: When its last good reading was taken, UTC; None if there has been none.
        last_action: What became of the newest setpoint; None if there has been none.
        alarms: What it complains about; empty if nothing.
        detail: Why it is not OK, in words; empty if it is.
    """

    health: Health
    measured_at: datetime | None = None
    last_action: Applied | None = None
    alarms: tuple[str, ...] = field(default=())
    detail: str = ""
