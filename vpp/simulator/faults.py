"""What can be wrong with a simulated device, and from when to when."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict

from vpp.foundation.device_terms import Applied, DeviceCondition, Health, Outcome

METER = "meter"
"""Resource id under which the site's meter fails."""
FaultKind = Literal["lost", "deaf", "failing", "lying", "alarming", "stale", "garbage"]
OBEYING = frozenset({"stale", "garbage"})
"""Faults of the instruments only: the device itself does what it is told."""
GARBAGE = 1.0e12
"""What instruments out of order show: finite, and absurd for any site."""


class Fault(BaseModel):
    """A span in which a device misbehaves.

    - `lost`: it does not answer, does what it would do if left alone, and is known to be gone.
    - `deaf`: it answers, confirms its commands and does not follow them.
    - `failing`: it answers that it did not do what it was told.
    - `lying`: it confirms its commands, does not follow them, and shows that it does.
    - `alarming`: it reports an alarm and cannot be commanded.
    - `stale`: its instruments stand still, and say so; commands are followed.
    - `garbage`: its instruments show nonsense; commands are followed.

    The site's own meter, with the resource id `meter`, may be `stale` (no readings) or `garbage`.

    Attributes:
        resource_id: The device, or `meter`.
        start: First instant of the fault, UTC.
        end: First instant after it, UTC.
        kind: What is wrong.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    resource_id: str
    start: datetime
    end: datetime
    kind: FaultKind = "lost"


def fault_of(faults: Sequence[Fault], resource_id: str, at: datetime) -> Fault | None:
    """Return what is wrong with a device at an instant, or None."""
    for fault in faults:
        if fault.resource_id == resource_id and fault.start <= at < fault.end:
            return fault
    return None


def outcome_of(fault: Fault | None, at: datetime) -> Applied:
    """Return what a device answers to a setpoint."""
    kind = None if fault is None else fault.kind
    if kind in {"lost", "failing", "alarming"}:
        return Applied(Outcome.FAILED, at, f"the device is {kind}")
    return Applied(Outcome.APPLIED, at)


def condition_of(
    fault: Fault | None, at: datetime, last_action: Applied | None, alarms: tuple[str, ...] = ()
) -> DeviceCondition:
    """Return how a device appears.

    Args:
        fault: What is wrong with it; None for nothing.
        at: Instant of the question, UTC.
        last_action: What became of its newest setpoint.
        alarms: What it complains about by itself.
    """
    kind = None if fault is None else fault.kind
    health, measured_at, detail = Health.OK, at, ""
    if kind == "lost":
        health, detail = Health.LOST, "the device does not answer"
    elif kind == "stale" and fault is not None:
        health, measured_at, detail = Health.STALE, fault.start, "the device's readings stand still"
    elif kind == "garbage" and fault is not None:
        health, measured_at, detail = Health.STALE, fault.start, "the device's readings make no sense"
    elif kind == "alarming" or alarms:
        alarms = alarms or ("general alarm",)
        health, detail = Health.ALARM, f"the device reports {', '.join(alarms)}"
    return DeviceCondition(health, measured_at, last_action, alarms, detail)
