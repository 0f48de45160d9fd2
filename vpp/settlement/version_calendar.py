"""When versions of a month's statements are due, in business days of the market's place.

A day counts as business day unless it is a Saturday, a Sunday or a public holiday of the place. Dates are
civil dates there; a version is due at the midnight UTC that begins its date.

Let E be the last civil day of the month and b(d, n) the n-th business day after a day d. Then

    INITIAL_at = b(E, initial)          where statements do not follow each event
    RECALC_k_at = b(E, recalc_k)        k = 1, 2, ...
    FINAL_at = b(E, final)
    a line may be disputed before the day after b(w, dispute), w the day on which its last change was written

Source:
    `INITIAL` at D+5 business days and a dispute window of 20: settlement design, section 2, rules 3 and 4
    [D]; "parameters, not law". Dates of recalculations and of the final version are ours [D]; CAISO published
    recalculations 12 and 55 business days after delivery.
"""

from calendar import monthrange
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from vpp.baseline.public_holidays import public_holidays
from vpp.foundation.errors import InvalidInput

ONE_DAY = timedelta(days=1)
SATURDAY = 5
MOST_DAYS = 500
"""Business days that anything may be away; some two years."""


@dataclass(frozen=True, slots=True)
class VersionCalendar:
    """When versions of a month's statements are due.

    Attributes:
        country: ISO 3166 code of the country, or part of one, whose public holidays are no business days;
            empty where only weekends are none.
        initial_days: Business days from the month's end to the first version, where statements do not
            follow each event.
        recalc_days: Business days from the month's end to each recalculation, rising.
        final_days: Business days from the month's end to the final version, after everything else.
        dispute_days: Business days in which a line may be disputed, once written or changed.
    """

    country: str = ""
    initial_days: int = 5
    recalc_days: tuple[int, ...] = (12, 55)
    final_days: int = 60
    dispute_days: int = 20

    def __post_init__(self) -> None:
        """Refuse dates out of order, and places without known holidays."""
        days = (self.initial_days, *self.recalc_days, self.final_days)
        if any(later <= earlier for earlier, later in zip((0, *days), days, strict=False)):
            raise InvalidInput(
                f"business days of the versions are {', '.join(map(str, days))}, expected each above 0 and "
                "above the one before: initial_days, recalc_days, final_days",
                days=str(days),
            )
        if max(self.final_days, self.dispute_days) > MOST_DAYS or self.dispute_days < 1:
            raise InvalidInput(
                f"final_days is {self.final_days} and dispute_days {self.dispute_days}, expected 1 to "
                f"{MOST_DAYS} business days",
                days=str(self.final_days),
            )
        _holidays(self.country, [2026])

    def initial_at(self, period: str) -> datetime:
        """Return when the first version of a month is due, UTC."""
        return self._at(period, self.initial_days)

    def recalcs_at(self, period: str) -> tuple[datetime, ...]:
        """Return when recalculations of a month are due, UTC."""
        return tuple(self._at(period, days) for days in self.recalc_days)

    def final_at(self, period: str) -> datetime:
        """Return when the final version of a month is due, UTC.

        Example:
            >>> VersionCalendar(country="GB-ENG", recalc_days=(), final_days=6).final_at("2026-03").date()
            datetime.date(2026, 4, 10)
        """
        return self._at(period, self.final_days)

    def _at(self, period: str, days: int) -> datetime:
        return _midnight(business_day(last_day(period), days, self.country))


def dispute_deadline(written_at: datetime, calendar: VersionCalendar) -> datetime:
    """Return until when a line may be disputed that was written or last changed at an instant.

    Args:
        written_at: When the version was written, UTC.
        calendar: The calendar.

    Returns:
        The instant at which the window is over, exclusive, UTC: the end of its last business day.
    """
    last = business_day(written_at.astimezone(UTC).date(), calendar.dispute_days, calendar.country)
    return _midnight(last + ONE_DAY)


def last_day(period: str) -> date:
    """Return the last civil day of a month.

    Args:
        period: YYYY-MM.

    Raises:
        InvalidInput: It is no month.

    Example:
        >>> last_day("2024-02")
        datetime.date(2024, 2, 29)
    """
    try:
        first = date.fromisoformat(f"{period}-01")
    except ValueError as error:
        raise InvalidInput(f"period is {period!r}, expected YYYY-MM", period=period) from error
    return first.replace(day=monthrange(first.year, first.month)[1])


def business_day(after: date, count: int, country: str = "") -> date:
    """Return the n-th business day after a day.

    Args:
        after: The day; it never counts itself.
        count: Which one, from 1.
        country: As in `VersionCalendar`.

    Raises:
        InvalidInput: The country is not one whose holidays are known.

    Example:
        Easter of 2026 takes two days, Good Friday and Easter Monday.

        >>> business_day(date(2026, 4, 2), 1, "GB-ENG")
        datetime.date(2026, 4, 7)
    """
    free = _holidays(country, range(after.year, after.year + 2 + count // 200))
    day, left = after, count
    while left:
        day += ONE_DAY
        left -= day.weekday() < SATURDAY and day not in free
    return day


def _holidays(country: str, years: Iterable[int]) -> frozenset[date]:
    return public_holidays(country, years) if country else frozenset()


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, UTC)
