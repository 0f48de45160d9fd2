"""The site's civil calendar: with `civil_clock`, on which it builds, the only place that knows civil time.

Everything else counts in UTC. Where a clock change makes a wall time ambiguous or skips it, the rule
of this module is: a wall time that occurs twice means its first occurrence, unless the instant it was
taken from is itself a second one; a skipped wall time is read with the offset from before the change,
which is the interval that follows the gap by as much as the wall time lay inside it.
"""

import enum
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

import numpy as np
import numpy.typing as npt
import pandas as pd

from vpp.baseline.civil_clock import ONE_DAY, SATURDAY, CivilClock
from vpp.foundation.interval import Interval
from vpp.foundation.series import starts


class DayClass(enum.Enum):
    """Kind of a civil day, for choosing similar days."""

    WEEKDAY = "weekday"
    HOLIDAY = "holiday"


@dataclass(frozen=True, slots=True)
class SiteCalendar(CivilClock):
    """Civil days of one place.

    Attributes:
        time_zone: IANA name.
        holidays: Public holidays, as civil dates.

    Example:
        >>> london = SiteCalendar("Europe/London", frozenset({date(2026, 12, 25)}))
        >>> london.day_class(date(2026, 12, 25))
        <DayClass.HOLIDAY: 'holiday'>
        >>> london.local_iso(datetime(2026, 7, 1, 17, tzinfo=UTC))
        '2026-07-01T18:00:00+01:00'
    """

    def day_class(self, day: date) -> DayClass:
        """Return the class of a civil date: Saturdays, Sundays and listed holidays are one."""
        is_holiday = day.weekday() >= SATURDAY or day in self.holidays
        return DayClass.HOLIDAY if is_holiday else DayClass.WEEKDAY

    def clock_window(self, day: date, start: time, end: time) -> Interval:
        """Return the span between two wall times of a civil date; 00:00 as its end is the next midnight.

        Args:
            day: The civil date.
            start: Wall time at which the span begins.
            end: Wall time at which it ends.

        Raises:
            InvalidInput: The end is not after the start; a clock change may have skipped what lies between.

        Example:
            >>> tokyo = SiteCalendar("Asia/Tokyo")
            >>> tokyo.clock_window(date(2026, 7, 1), time(22), time(0)).start.isoformat()
            '2026-07-01T13:00:00+00:00'
        """
        last_day = day if end > time.min else day + ONE_DAY
        bounds = [
            datetime.combine(at, clock, self._zone).astimezone(UTC)
            for at, clock in ((day, start), (last_day, end))
        ]
        return Interval(bounds[0], bounds[1])

    def same_window(self, window: Interval, step: timedelta, days_back: int) -> tuple[datetime, ...]:
        """List the intervals at the same wall times on an earlier civil date.

        There are always as many as in the window, one for each of its intervals, so that series stay
        comparable position by position. Around a clock change they need not be contiguous: on a
        23-hour day two wall times may fall on the same interval, on a 25-hour day an hour may be
        passed over. The module's docstring states the rule.

        Args:
            window: The span on the later date, UTC, a whole number of steps long.
            step: Length of an interval.
            days_back: How many civil days to go back; negative goes forward.

        Returns:
            Interval starts, UTC, in the window's order. Shape (window.duration / step,).

        Raises:
            InvalidInput: The window is not a whole number of steps.

        Example:
            London's clocks went forward on 29 March 2026, so 18:00 came an hour of UTC earlier.

            >>> hour = timedelta(hours=1)
            >>> six = datetime(2026, 3, 29, 17, tzinfo=UTC)
            >>> london = SiteCalendar("Europe/London")
            >>> [at.hour for at in london.same_window(Interval(six, six + hour), hour, days_back=1)]
            [18]
        """
        zone, shift = self._zone, timedelta(days=days_back)
        return tuple(_same_wall_time(at.astimezone(zone), shift) for at in starts(window, step))

    def previous_days(self, day: date) -> Iterator[date]:
        """Yield the civil dates before a date, most recent first, without end."""
        while True:
            day -= ONE_DAY
            yield day

    def wall_slots(self, index: pd.DatetimeIndex, slot: timedelta) -> tuple[npt.NDArray[np.int64], ...]:
        """Tell on which civil day and in which wall-clock slot of the day each instant lies.

        Args:
            index: Instants, UTC. Shape (T,).
            slot: Length of a slot; divides a day.

        Returns:
            Civil days counted from 1970-01-01, and slots counted from local midnight, each of shape
            (T,). An hour that occurs twice has the same slots twice; a skipped one has none.
        """
        wall = index.tz_convert(self.time_zone).tz_localize(None)
        since_epoch_s = wall.to_numpy(dtype="datetime64[s]").astype(np.int64)
        day, second = np.divmod(since_epoch_s, round(ONE_DAY.total_seconds()))
        return day, second // round(slot.total_seconds())


def _same_wall_time(local: datetime, shift: timedelta) -> datetime:
    """Return the instant, UTC, of a local time's wall time some civil days earlier."""
    # Subtraction keeps the wall time but forgets which of two occurrences it was.
    wall = (local - shift).replace(fold=local.fold)
    instant = wall.astimezone(UTC)
    if instant.astimezone(wall.tzinfo).replace(tzinfo=None) != wall.replace(tzinfo=None):
        instant = wall.replace(fold=0).astimezone(UTC)  # skipped: read with the offset from before
    return instant
