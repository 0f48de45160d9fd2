"""Why no device does exactly what it is told: each activation hits its setpoint by a little more or less."""

from collections.abc import Mapping

from vpp.simulator.chance import bell
from vpp.simulator.device import number


class Actuator:
    """Turns an ordered power into the one that the equipment goes for.

    The error is a factor drawn anew with every activation, the same while it lasts: a converter's
    calibration, a valve that seats a little differently, a load that reacts a little less.
    """

    def __init__(self, seed: int, source: str, error_ratio: float) -> None:
        """Take the seed, the device's name in it, and the standard deviation of the factor."""
        self._seed, self._source, self._error_ratio = seed, source, error_ratio
        self._count = 0
        self._is_active = False

    @property
    def count(self) -> int:
        """Activations so far."""
        return self._count

    def aimed_kw(self, ordered_kw: float) -> float:
        """Return the power that the equipment goes for, kW, 0 or more.

        Args:
            ordered_kw: Ordered reduction or increase, kW, 0 or more; 0 ends the activation.
        """
        if ordered_kw > 0.0 and not self._is_active:
            self._count += 1
        self._is_active = ordered_kw > 0.0
        if self._error_ratio <= 0.0 or not self._is_active:
            return ordered_kw
        return ordered_kw * max(0.0, 1.0 + self._error_ratio * bell(self._seed, self._source, self._count))

    def memory(self) -> dict[str, object]:
        """Return the number of activations and whether one is under way."""
        return {"count": self._count, "is_active": 1 if self._is_active else 0}

    def recall(self, memory: object) -> None:
        """Take up what `memory` returned; nothing for a plant that was saved without it."""
        if isinstance(memory, Mapping):
            self._count = int(number(memory, "count"))
            self._is_active = number(memory, "is_active") > 0.0
