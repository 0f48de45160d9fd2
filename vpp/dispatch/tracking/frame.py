"""The grid on which an event is followed: delivery intervals and the metering samples within them."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import numpy.typing as npt

from vpp.foundation.interval import Interval


@dataclass(frozen=True, slots=True)
class Frame:
    """The grid on which an event is followed, and where on it the present is.

    Attributes:
        delivery: When delivery takes place, a whole number of steps.
        step: Length of a delivery interval.
        sample: Length of a metering sample, dividing the step.
        now: The present instant.
    """

    delivery: Interval
    step: timedelta
    sample: timedelta
    now: datetime

    @property
    def interval_count(self) -> int:
        """Number of delivery intervals, N."""
        return self.delivery.duration // self.step

    @property
    def per_interval(self) -> int:
        """Samples in a delivery interval, R."""
        return self.step // self.sample

    @property
    def sample_count(self) -> int:
        """Number of samples, M = N x R."""
        return self.interval_count * self.per_interval

    @property
    def over_count(self) -> int:
        """Samples that are over.

        Example:
            >>> from datetime import UTC
            >>> noon, five = datetime(2026, 3, 2, 12, tzinfo=UTC), timedelta(minutes=5)
            >>> Frame(Interval(noon, noon + 6 * five), 3 * five, five, noon + 2.5 * five).over_count
            2
        """
        return self.sample_at(self.now)

    @property
    def present(self) -> int:
        """The delivery interval that holds the present: 0 before the start, N after the end."""
        return min(self.interval_count, max(0, (self.now - self.delivery.start) // self.step))

    def sample_at(self, instant: datetime) -> int:
        """Return the sample that holds an instant, 0 to M."""
        return min(self.sample_count, max(0, (instant - self.delivery.start) // self.sample))

    def first_sample_from(self, instant: datetime) -> int:
        """Return the first sample that begins at an instant or later, 0 to M."""
        return min(self.sample_count, max(0, -((self.delivery.start - instant) // self.sample)))

    def interval_start(self, n: int) -> datetime:
        """Return when a delivery interval begins."""
        return self.delivery.start + n * self.step

    def left_ratio(self, from_at: datetime) -> npt.NDArray[np.float64]:
        """Return the share of each delivery interval that lies after an instant. Shape (N,).

        Example:
            >>> from datetime import UTC
            >>> noon, five = datetime(2026, 3, 2, 12, tzinfo=UTC), timedelta(minutes=5)
            >>> frame = Frame(Interval(noon, noon + 6 * five), 3 * five, five, noon)
            >>> frame.left_ratio(noon + five).round(3).tolist()
            [0.667, 1.0]
        """
        ends = (np.arange(self.interval_count) + 1) * self.step.total_seconds()
        left_s = ends - (from_at - self.delivery.start).total_seconds()
        return np.clip(left_s / self.step.total_seconds(), 0.0, 1.0)

    def by_interval(self, by_sample: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Average samples over delivery intervals. Shape (S, M) to (S, N)."""
        shape = (len(by_sample), self.interval_count, self.per_interval)
        means: npt.NDArray[np.float64] = by_sample.reshape(shape).mean(axis=2)
        return means
