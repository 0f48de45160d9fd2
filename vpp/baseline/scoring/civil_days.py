"""Civil days as numbers, as `SiteCalendar.wall_slots` counts them, and which of them are event days."""

from datetime import date, timedelta

from vpp.baseline.site_meter import SiteMeter

EPOCH = date(1970, 1, 1)
ONE_DAY = timedelta(days=1)


def civil_day_of(number: int) -> date:
    """Return the civil date of a day counted from 1970-01-01.

    Example:
        >>> civil_day_of(20514)
        datetime.date(2026, 3, 2)
    """
    return EPOCH + timedelta(days=number)


def number_of(day: date) -> int:
    """Return a civil date as days from 1970-01-01."""
    return (day - EPOCH).days


def event_days(site: SiteMeter) -> frozenset[date]:
    """Return every civil date at the site on which an event was delivered."""
    days: set[date] = set()
    for event in site.events:
        first = site.calendar.civil_date(event.start)
        last = site.calendar.civil_date(event.end - timedelta.resolution)
        days.update(first + n * ONE_DAY for n in range((last - first).days + 1))
    return frozenset(days)
