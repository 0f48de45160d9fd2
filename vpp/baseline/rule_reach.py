"""How far a rule reads: how much history it wants, and until when before the event."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from vpp.baseline.calendar import SiteCalendar
from vpp.baseline.rules.device_split import PLAIN_DAYS as DEVICE_DAYS
from vpp.foundation.errors import NotFound
from vpp.foundation.interval import Interval
from vpp.portfolio.baseline_method import (
    AroundEvent,
    DailyEnergyRegression,
    FirmLevel,
    ForecastMethod,
    MatchingPair,
)
from vpp.portfolio.baseline_rule import BaselineRule, DayPool

NO_RULES: Mapping[str, BaselineRule] = {}

FORECAST_DAYS = 365  # the longest history that a member of the forecast learns from
LEVEL_DAYS = 366  # a firm level is a matter of the like period before
PLAIN_DAYS = 45  # for windows of the event's own day, and for telling odd readings from usual ones
SPARE_DAYS = 2  # a window may begin on the day before its day; civil days are not UTC days


def history_days(rule: BaselineRule, library: Mapping[str, BaselineRule] = NO_RULES) -> int:
    """Return how many days of readings before an event a rule may look at.

    Args:
        rule: The rule.
        library: Other rules by id, for a rule that names one.

    Raises:
        NotFound: The rule names another one that the library lacks.

    Example:
        >>> from vpp.portfolio.baseline_rule import RuleSource
        >>> from datetime import date
        >>> source = RuleSource(tag="D", title="an example", read_on=date(2026, 11, 22))
        >>> rule = BaselineRule(
        ...     baseline_id="plan", version=1, display_name="Plan", jurisdiction="example",
        ...     summary="The site's plan.", method={"kind": "nominated"}, source=source)
        >>> history_days(rule)
        47
    """
    return max(_own_history_days(each) for each in _with_named(rule, library)) + SPARE_DAYS


def read_until(  # noqa: PLR0913  the rule and what it names, the event and its times
    rule: BaselineRule,
    event: Interval,
    calendar: SiteCalendar,
    notice_at: datetime,
    *,
    step: timedelta,
    library: Mapping[str, BaselineRule] = NO_RULES,
) -> datetime:
    """Return the instant from which on readings change nothing of a rule's baseline.

    Args:
        rule: A rule that does not look past the event's start.
        event: The event, UTC.
        calendar: The site's civil time.
        notice_at: When the site is told of the event; some rules' windows end then.
        step: Length of the intervals that the baseline is made on.
        library: Other rules by id, for a rule that names one.

    Returns:
        The end of the last window before the event's start; without one, the midnight that begins its
        civil day. Of an event past midnight, the same time of the day before ends on the morning of
        the event's own civil day. Never after the event's start; a rule whose window reaches up to it
        cannot be frozen sooner.

    Raises:
        InvalidInput: The event is not a whole number of steps long.
        NotFound: The rule names another one that the library lacks.
    """
    ends = [calendar.day(calendar.civil_date(event.start)).start]
    for each in _with_named(rule, library):
        ends += _window_ends(each, event, notice_at)
        pool = _event_time_days(each)
        if pool is not None:
            # Where a clock change shifts wall times, the event's last interval need not be the last one read.
            end = max(calendar.same_window(event, step, pool.latest_day_offset)) + step
            if not pool.before_notice or end <= notice_at:  # otherwise an older day is the latest
                ends.append(end)
    return min(max(ends), event.start)


def _with_named(rule: BaselineRule, library: Mapping[str, BaselineRule]) -> tuple[BaselineRule, ...]:
    """Return a rule and the one that it names; the engine refuses one that names yet another."""
    other_id = rule.method.also_baseline_id if isinstance(rule.method, FirmLevel) else None
    if other_id is None:
        return (rule,)
    if other_id not in library:
        raise NotFound(f"rule {rule.baseline_id} names {other_id}, which is not known", baseline=other_id)
    return (rule, library[other_id])


def _own_history_days(rule: BaselineRule) -> int:
    if isinstance(rule.method, ForecastMethod):
        return FORECAST_DAYS
    if isinstance(rule.method, FirmLevel):
        return LEVEL_DAYS
    days = rule.days
    if days is None:
        return PLAIN_DAYS
    return max(PLAIN_DAYS, days.lookback_days, days.extended_lookback_days or 0)


def _window_ends(rule: BaselineRule, event: Interval, notice_at: datetime) -> list[datetime]:
    """Return the ends of a rule's windows before the event's start."""
    ends = []
    if isinstance(rule.method, AroundEvent):
        ends.append(event.start - rule.method.skip_before)
    if isinstance(rule.method, MatchingPair):
        ends.append(event.start - rule.method.skip)
    if rule.adjustment is not None:
        latest = notice_at if rule.adjustment.before_notice else event.start
        ends += [
            min(event.start + window.end, latest)
            for window in rule.adjustment.windows
            if window.anchor == "start"
        ]
    return ends


def _event_time_days(rule: BaselineRule) -> DayPool | None:
    """Return the days at whose time of the event a rule reads; None where it reads at none."""
    if rule.device is not None:
        return rule.days or DEVICE_DAYS
    return None if isinstance(rule.method, DailyEnergyRegression) else rule.days  # it reads whole days
