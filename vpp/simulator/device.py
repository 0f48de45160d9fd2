"""What every simulated device is told, feels and answers."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from vpp.foundation.device_terms import Setpoint

SUBSTEP_S = 60.0
"""Longest step of the devices' equations, s: well below their time constants."""
SECONDS_PER_HOUR = 3600.0


@dataclass(frozen=True, slots=True)
class Order:
    """The last command a device has received.

    Attributes:
        reduction_kw: Lower consumption at the point of connection by this, kW, 0 or more.
        recovery_limit_kw: Raise consumption to recover by at most this, kW; infinite lets the
            device recover as it likes.
        increase_kw: Raise consumption at the point of connection by this, kW, 0 or more; at most
            one of reduction and increase is above 0.
    """

    reduction_kw: float
    recovery_limit_kw: float
    increase_kw: float = 0.0

    @property
    def is_idle(self) -> bool:
        """Whether the device is neither to reduce nor to increase, and may recover."""
        return self.reduction_kw <= 0.0 and self.increase_kw <= 0.0

    @property
    def is_release(self) -> bool:
        """Whether nobody commands the device: it does what it does if left alone."""
        return self.is_idle and math.isinf(self.recovery_limit_kw)


RELEASED = Order(reduction_kw=0.0, recovery_limit_kw=math.inf)
"""What a device does when nobody commands it."""


@dataclass(frozen=True, slots=True)
class Conditions:
    """What the site does around a device, were it not commanded.

    Attributes:
        net_kw: Net power at the point of connection, kW, consumption positive.
        it_kw: Power of the computing equipment, kW.
        cooling_kw: Electrical power of the chillers, kW.
        at_s: Start of the step, s since the epoch.
    """

    net_kw: float
    it_kw: float
    cooling_kw: float
    at_s: float


def order_of(setpoint: Setpoint) -> Order:
    """Return a setpoint of the driver interface as an order."""
    return Order(setpoint.reduction_kw, setpoint.recovery_limit_kw, setpoint.increase_kw)


class Device(Protocol):
    """A controllable device of the plant."""

    def step(self, order: Order, conditions: Conditions, span_s: float) -> float:
        """Advance by at most `SUBSTEP_S` and return the mean change of consumption, kW.

        Negative is a reduction, positive is recovery.
        """
        ...

    def reading(self, conditions: Conditions) -> dict[str, float]:
        """Return what the device's own instruments show."""
        ...

    def alarms(self) -> tuple[str, ...]:
        """Return what the device complains about at present; empty if nothing."""
        ...

    def margins(self) -> Mapping[str, float]:
        """Return the smallest distance to each hard limit so far, below 0 where it was broken.

        This is the plant's own truth, which no instrument shows: tests judge an agent by it.
        """
        ...

    def memory(self) -> dict[str, object]:
        """Return what must outlive a restart, as JSON-able values."""
        ...

    def recall(self, memory: Mapping[str, object]) -> None:
        """Take up what `memory` returned before a restart."""
        ...


def approach(present: float, wanted: float, span_s: float, time_constant_s: float) -> float:
    """Return where a first-order lag stands after a span.

    Example:
        >>> round(approach(0.0, 100.0, 60.0, 60.0), 1)
        63.2
        >>> approach(0.0, 100.0, 60.0, 0.0)
        100.0
    """
    if time_constant_s <= 0.0:
        return wanted
    return wanted + (present - wanted) * math.exp(-span_s / time_constant_s)


def number(memory: Mapping[str, object], key: str) -> float:
    """Return a number of a device's memory."""
    value = memory[key]
    if not isinstance(value, int | float):
        raise TypeError(f"{key} is {value!r}, expected a number")
    return float(value)
