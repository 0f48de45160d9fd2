"""Civil time by itself, without the series that `SiteCalendar` adds: light enough for a site's agent.

Everything else counts in UTC. Only this module and `vpp.baseline.calendar`, which builds on it, know
civil time.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from vpp.foundation.errors import InvalidInput
from vpp.foundation.interval import Interval
from vpp.portfolio.day_kind import DayKind

SATURDAY = 5
ONE_DAY = timedelta(days=1)
ONE_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class CivilClock:
    """The civil days and wall times of one place.

    Attributes:
        time_zone: IANA name.
        holidays: Public holidays, as civil dates.

    Example:
        >>> london = CivilClock("Europe/London", frozenset({date(2026, 12, 25)}))
        >>> london.day_kind(date(2026, 12, 25))
        <DayKind.HOLIDAY: 'holiday'>
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

    def day_kind(self, day: date) -> DayKind:
        """Return the kind of a civil date; a listed holiday is one whatever weekday it falls on.

        Example:
            >>> CivilClock("Europe/London").day_kind(date(2026, 12, 26))
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

    def wall_time(self, instant: datetime) -> time:
        """Return the wall time of an instant."""
        return instant.astimezone(self._zone).time()

    def local_iso(self, instant: datetime) -> str:
        """Return an instant as ISO 8601 local time with its offset, for statements."""
        return instant.astimezone(self._zone).isoformat()

    def day(self, day: date) -> Interval:
        """Return a civil day as a UTC span: 23, 24 or 25 hours in most zones.

        Example:
            >>> CivilClock("Europe/London").day(date(2026, 3, 29)).duration
            datetime.timedelta(seconds=82800)
        """
        bounds = [datetime.combine(at, time.min, self._zone).astimezone(UTC) for at in (day, day + ONE_DAY)]
        return Interval(bounds[0], bounds[1])

    def utc_offset(self, instant: datetime) -> timedelta:
        """Return how far the site's clock is ahead of UTC at an instant."""
        return instant.astimezone(self._zone).utcoffset() or timedelta(0)

    def wall_minutes(self, day: date) -> tuple[int, ...]:
        """List the wall time of every minute of a civil day, in minutes since midnight.

        Args:
            day: The civil date.

        Returns:
            One value for each minute of `day(day)`, in the order of UTC; an hour that occurs twice
            has its values twice, a skipped one has none. Shape (1380,), (1440,) or (1500,) in most
            zones.

        Example:
            >>> len(CivilClock("Europe/London").wall_minutes(date(2026, 10, 25)))
            1500
        """
        zone, span = self._zone, self.day(day)
        count = span.duration // ONE_MINUTE
        if self.utc_offset(span.start) == self.utc_offset(span.end) and count == ONE_DAY // ONE_MINUTE:
            return tuple(range(count))
        local = [(span.start + n * ONE_MINUTE).astimezone(zone) for n in range(count)]
        return tuple(each.hour * 60 + each.minute for each in local)
