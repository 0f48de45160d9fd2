"""What has been sold of one resource, or is on offer."""

import math
from dataclasses import dataclass
from datetime import timedelta

from vpp.foundation.direction import Direction
from vpp.foundation.errors import InvalidInput
from vpp.foundation.interval import Interval


@dataclass(frozen=True, slots=True)
class Commitment:
    """A change of one resource that has been sold, or offered and not yet answered.

    Attributes:
        resource_id: The flexible resource.
        delivery: When.
        reduction_kw: How much per delivery interval in `direction`, kW. Shape (N,).
        direction: Which way consumption is moved.
    """

    resource_id: str
    delivery: Interval
    reduction_kw: tuple[float, ...]
    direction: Direction = Direction.LOAD_DOWN

    def __post_init__(self) -> None:
        """Refuse a commitment of nothing, and what is no quantity."""
        if not self.reduction_kw or not all(math.isfinite(kw) and kw >= 0.0 for kw in self.reduction_kw):
            raise InvalidInput(f"reduction_kw is {self.reduction_kw}, expected finite values of 0 or more")

    def peak_kw(self, interval: Interval) -> float:
        """Return the largest commitment within an interval, kW."""
        step = self.delivery.duration / len(self.reduction_kw)
        return max(
            (
                kw
                for n, kw in enumerate(self.reduction_kw)
                if self.delivery.start + n * step < interval.end
                and interval.start < self.delivery.start + (n + 1) * step
            ),
            default=0.0,
        )

    @property
    def energy_kwh(self) -> float:
        """Committed energy, kWh."""
        return sum(self.reduction_kw) * (self.delivery.duration / timedelta(hours=1)) / len(self.reduction_kw)
