"""The site's civil calendar: the only place that knows civil time.

Everything else counts in UTC. Where a clock change makes a wall time ambiguous or skips it, the rule
of this module is: a wall time that occurs twice means its first occurrence, unless the instant it was
taken from is itself a second one; a skipped wall time is read with the offset from before the change,
which is the interval that follows the gap by as much as the wall time lay inside it.
"""

import enum
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pandas as pd

from vpp.foundation.errors import InvalidInput
from vpp.foundation.interval import Interval
from vpp.foundation.series import starts
from vpp.portfolio.baseline_rule import DayKind

SATURDAY = 5
ONE_DAY = timedelta(days=1)


class DayClass(enum.Enum):
    """Kind of a civil day, for choosing similar days."""

    WEEKDAY = "weekday"
    HOLIDAY = "holiday"


@dataclass(frozen=True, slots=True)
class SiteCalendar:
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

    time_zone: str
    holidays: frozenset[date] = frozenset()

    def __post_init__(self) -> None:
        """Refuse a zone that the machine's time zone database does not know."""
        try:
            ZoneInfo(self.time_zone)
        except (ValueError, OSError, KeyError) as error:
            raise InvalidInput(
                f"time_zone is {self.time_zone!r}, expected an IANA name such as Europe/London",
                time_zone=self.time_zone,
            ) from error

    @property
    def _zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)

    def day_class(self, day: date) -> DayClass:
        """Return the class of a civil date: Saturdays, Sundays and listed holidays are one."""
        is_holiday = day.weekday() >= SATURDAY or day in self.holidays
        return DayClass.HOLIDAY if is_holiday else DayClass.WEEKDAY

    def day_kind(self, day: date) -> DayKind:
        """Return the kind of a civil date; a listed holiday is one whatever weekday it falls on.

        Example:
            >>> SiteCalendar("Europe/London").day_kind(date(2026, 12, 26))
            <DayKind.SATURDAY: 'saturday'>
        """
        if day in self.holidays:
            return DayKind.HOLIDAY
        weekday = day.weekday()
        if weekday < SATURDAY:
            return DayKind.WORKDAY
        return DayKind.SATURDAY if weekday == SATURDAY else DayKind.SUNDAY

    def civil_date(self, instant: datetime) -> date:
        """Return the civil date of an instant."""
        return instant.astimezone(self._zone).date()

    def local_iso(self, instant: datetime) -> str:
        """Return an instant as ISO 8601 local time with its offset, for statements."""
        return instant.astimezone(self._zone).isoformat()

    def day(self, day: date) -> Interval:
        """Return a civil day as a UTC span: 23, 24 or 25 hours in most zones.

        Example:
            >>> SiteCalendar("Europe/London").day(date(2026, 3, 29)).duration
            datetime.timedelta(seconds=82800)
        """
        bounds = [datetime.combine(at, time.min, self._zone).astimezone(UTC) for at in (day, day + ONE_DAY)]
        return Interval(bounds[0], bounds[1])

    def utc_offset(self, instant: datetime) -> timedelta:
        """Return how far the site's clock is ahead of UTC at an instant."""
        return instant.astimezone(self._zone).utcoffset() or timedelta(0)

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
