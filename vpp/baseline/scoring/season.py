"""Seasons: the times for which a site's rule is frozen."""

from dataclasses import dataclass
from datetime import date, timedelta

from vpp.foundation.errors import InvalidInput

ONE_DAY = timedelta(days=1)
LATEST_DAY = 28  # a season may begin on any day that every month has


@dataclass(frozen=True, slots=True)
class Season:
    """A time for which choices hold.

    Attributes:
        season_id: Year in which it begins, and its name: `2026-winter`.
        start: First civil day.
        end: First civil day after it.
    """

    season_id: str
    start: date
    end: date

    def __contains__(self, day: date) -> bool:
        """Whether a civil day lies in the season."""
        return self.start <= day < self.end


@dataclass(frozen=True, slots=True)
class SeasonStart:
    """When a season begins each year.

    Attributes:
        name: Its name, lower case.
        month: Month, 1..12.
        day: Day of the month, 1..28.
    """

    name: str
    month: int
    day: int = 1


# Ours, not a market's: a market with its own seasons gives its own dates.
HALF_YEARS = (SeasonStart("summer", 4), SeasonStart("winter", 10))


def season_of(day: date, starts: tuple[SeasonStart, ...] = HALF_YEARS) -> Season:
    """Return the season that a civil day lies in.

    Args:
        day: Civil date at the site.
        starts: When seasons begin; each lasts until the next one.

    Raises:
        InvalidInput: No season, two on one date, or a date that not every year has.

    Example:
        >>> season_of(date(2027, 1, 15))
        Season(season_id='2026-winter', start=datetime.date(2026, 10, 1), end=datetime.date(2027, 4, 1))
    """
    dates = {(start.month, start.day) for start in starts}
    if not starts or len(dates) < len(starts):
        raise InvalidInput("seasons are empty or share a date, expected one or more with their own dates")
    for month, day_of_month in dates:
        if not (1 <= month <= 12 and 1 <= day_of_month <= LATEST_DAY):  # noqa: PLR2004  months of a year
            raise InvalidInput(
                f"season begins on month {month}, day {day_of_month}, expected 1..12 and 1..{LATEST_DAY}",
                month=str(month),
            )
    begins = sorted(
        (date(year, start.month, start.day), start.name)
        for year in range(day.year - 1, day.year + 2)
        for start in starts
    )
    at = max(n for n, (begin, _) in enumerate(begins) if begin <= day)
    begin, name = begins[at]
    return Season(f"{begin.year}-{name}", begin, begins[at + 1][0])
