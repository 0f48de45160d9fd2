"""The civil calendar of a site: its time zone, its country's public holidays, and the hub's extra ones."""

from datetime import date, datetime
from functools import lru_cache

from vpp.baseline.calendar import SiteCalendar
from vpp.baseline.public_holidays import public_holidays
from vpp.portfolio.site import Site
from vpp.workflows.market_rules import MarketRules

YEARS_BACK = 3  # the longest look-back of a rule is some three years
YEARS_AHEAD = 1


def site_calendar(site: Site, rules: MarketRules, now: datetime) -> SiteCalendar:
    """Return a site's calendar with the holidays from three years ago to the end of next year.

    Args:
        site: The site.
        rules: The hub's rules: which country's holidays hold in which time zone, and extra dates.
        now: The present instant.

    Raises:
        InvalidInput: The hub's rules name a country that the holiday library does not know.
    """
    return zone_calendar(site.time_zone, rules, now)


def zone_calendar(time_zone: str, rules: MarketRules, now: datetime) -> SiteCalendar:
    """Return the calendar of a civil time with the holidays of those years.

    Args:
        time_zone: IANA name.
        rules: The hub's rules.
        now: The present instant.

    Raises:
        InvalidInput: The hub's rules name a country that the holiday library does not know.
    """
    code = rules.holiday_countries.get(time_zone)
    if code is None:
        return SiteCalendar(time_zone, rules.holidays)
    return SiteCalendar(time_zone, rules.holidays | _public(code, now.year))


@lru_cache(maxsize=64)
def _public(code: str, year: int) -> frozenset[date]:
    return public_holidays(code, range(year - YEARS_BACK, year + YEARS_AHEAD + 1))
