"""Where a tariff holds: civil time, with the public holidays that a law or the tariff itself lists."""

from collections.abc import Iterable
from datetime import date

from vpp.baseline.civil_clock import CivilClock


def civil_place(
    time_zone: str, listed: Iterable[date] = (), public_holidays: str = "", years: Iterable[int] = ()
) -> CivilClock:
    """Return the civil time of a place, with its holidays.

    Args:
        time_zone: IANA name.
        listed: Holidays that are listed one by one.
        public_holidays: ISO 3166 code of a country, or of a part of one; empty for none.
        years: Calendar years of which the public holidays are wanted.

    Raises:
        InvalidInput: No such zone, country or part of it.

    Example:
        >>> civil_place("Europe/London", public_holidays="GB-ENG", years=[2026]).day_kind(date(2026, 4, 6))
        <DayKind.HOLIDAY: 'holiday'>
    """
    days = frozenset(listed)
    if public_holidays:
        # The library behind it is heavy; whoever lists the days does without it.
        from vpp.baseline.public_holidays import public_holidays as days_of  # noqa: PLC0415  see above

        days |= days_of(public_holidays, years)
    return CivilClock(time_zone, days)
