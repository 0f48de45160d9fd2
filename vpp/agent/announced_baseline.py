"""What an event is measured against, as the hub announced it."""

import math
from dataclasses import dataclass
from datetime import datetime

from vpp.foundation.errors import InvalidInput
from vpp.foundation.interval import Interval


@dataclass(frozen=True, slots=True)
class Baseline:
    """What an event is measured against.

    Attributes:
        delivery: When delivery takes place.
        baseline_kw: Baseline per delivery interval, kW. Shape (N,).
    """

    delivery: Interval
    baseline_kw: tuple[float, ...]

    def __post_init__(self) -> None:
        """Refuse values that are not finite."""
        if not all(math.isfinite(kw) for kw in self.baseline_kw):
            raise InvalidInput(f"baseline_kw is {self.baseline_kw}, expected finite values")

    def at(self, instant: datetime) -> float | None:
        """Return the baseline of an instant, kW; None outside delivery."""
        if instant not in self.delivery or not self.baseline_kw:
            return None
        step = self.delivery.duration / len(self.baseline_kw)
        return self.baseline_kw[(instant - self.delivery.start) // step]
