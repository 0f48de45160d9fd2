"""Where the same wall times of other civil days lie on a regular grid."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import numpy.typing as npt

from vpp.baseline.calendar import SiteCalendar
from vpp.baseline.civil_clock import ONE_DAY
from vpp.foundation.interval import Interval

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class WallPositions:
    """A regular grid and the civil calendar of its place.

    Attributes:
        calendar: The civil calendar.
        first: Start of the grid's interval 0, UTC.
        step: Length of an interval.
    """

    calendar: SiteCalendar
    first: datetime
    step: timedelta

    def of(self, window: Interval) -> Ints:
        """Return the positions of a span's own intervals; shape (window.duration / step,)."""
        begin = (window.start - self.first) // self.step
        return np.arange(begin, begin + window.duration // self.step)

    def on_earlier_days(self, window: Interval, days_back: Sequence[int]) -> Ints:
        """Return the positions of a span's wall times on other civil days.

        They are those of `SiteCalendar.same_window`, interval by interval; away from clock changes
        they are found by counting, which is what makes a look-back of months cheap.

        Args:
            window: The span, UTC, a whole number of steps long.
            days_back: How many civil days to go back; negative goes forward. Length D.

        Returns:
            Positions on the grid, which may lie outside the series. Shape (D, window.duration / step).
        """
        count = window.duration // self.step
        own_offset = self._steady_offset(window)
        found = np.empty((len(days_back), count), dtype=np.int64)
        for row, days in enumerate(days_back):
            back = timedelta(days=days)
            offset = self._steady_offset(Interval(window.start - back - ONE_DAY, window.end - back + ONE_DAY))
            if own_offset is None or offset is None:
                instants = self.calendar.same_window(window, self.step, days)
                found[row] = [(at - self.first) // self.step for at in instants]
            else:
                begin = (window.start + own_offset - back - offset - self.first) // self.step
                found[row] = np.arange(begin, begin + count)
        return found

    def _steady_offset(self, span: Interval) -> timedelta | None:
        """Return the clock's offset from UTC, or None where it changes within the span."""
        offset = self.calendar.utc_offset(span.start)
        return offset if offset == self.calendar.utc_offset(span.end) else None
