"""A rule's parts in words that an analyst reads."""

from collections.abc import Sequence
from datetime import timedelta

from vpp.portfolio.baseline_method import (
    AroundEvent,
    ControlGroup,
    DailyEnergyRegression,
    Exponential,
    FirmLevel,
    ForecastMethod,
    MatchingPair,
    Method,
    NearestDays,
    XOfY,
)
from vpp.portfolio.baseline_rule import (
    Adjustment,
    BaselineRule,
    ClockWindow,
    DayClass,
    DayPool,
    EventWindow,
    Shortage,
)
from vpp.portfolio.day_kind import DayKind

_HOUR = timedelta(hours=1)
_KINDS = {
    DayKind.WORKDAY: "workdays",
    DayKind.SATURDAY: "Saturdays",
    DayKind.SUNDAY: "Sundays",
    DayKind.HOLIDAY: "holidays",
}
_NEAREST = {
    "other_hours": "by load outside the event",
    "temperature": "by temperature",
    "date": "by date",
}
_SHORTAGE = {
    Shortage.EXTEND_LOOKBACK: "look further back",
    Shortage.HIGHEST_EVENT_DAYS: "take the highest event days",
    Shortage.USE_AVAILABLE: "use what there is",
    Shortage.NEXT_CLASS: "take the next class of days",
}
_MIXES = {
    "fast": "two members",
    "mean": "mean of three members",
    "robust": "mean of three members and a robust one",
    "boosted": "the robust mix and gradient boosting",
}


def method_words(rule: BaselineRule) -> str:
    """Say how a rule makes its unadjusted baseline."""
    words = _method(rule.method, rule.days)
    return f"{words}; storage and generation by their own meter" if rule.device else words


def _method(method: Method, days: DayPool | None) -> str:  # noqa: PLR0911  one sentence for each kind
    if isinstance(method, XOfY):
        ranked = "" if method.pick == "all" else ", ranked by day" if method.rank_by == "day_energy" else ""
        return "; ".join(_x_of_y(method, day_class) for day_class in days.classes) + ranked if days else ""
    if isinstance(method, Exponential):
        return f"{method.keep_ratio:g} of the former baseline, the rest from each new like day"
    if isinstance(method, NearestDays):
        counts = sorted({day_class.average for day_class in days.classes}) if days else []
        return f"mean of the {' or '.join(map(str, counts))} nearest days {_NEAREST[method.by]}"
    if isinstance(method, MatchingPair):
        return "the pair of days most like the event's day and its eve"
    if isinstance(method, AroundEvent):
        return _around(method)
    if isinstance(method, DailyEnergyRegression):
        return f"the day's energy by regression on {method.fewest_days} days or more, spread by hour"
    if isinstance(method, FirmLevel):
        return _firm(method)
    if isinstance(method, ForecastMethod):
        return f"day-ahead forecast, {_MIXES[method.mix]}"
    if isinstance(method, ControlGroup):
        return f"mean of {method.fewest_sites} sites or more that were not called"
    return "the site's own plan, told before the event"


def _x_of_y(method: XOfY, day_class: DayClass) -> str:
    words = f"{kind_words(day_class.kinds)} "
    if method.pick == "all":
        words += f"mean of {day_class.average}"
    else:
        words += f"{method.pick} {day_class.average} of {day_class.candidates}"
    return f"{words} weighted" if day_class.weights else words


def kind_words(kinds: Sequence[DayKind]) -> str:
    """Name kinds of days.

    Example:
        >>> kind_words([DayKind.WORKDAY]), kind_words([DayKind.SUNDAY, DayKind.HOLIDAY])
        ('workdays', 'Sundays and holidays')
    """
    given = set(kinds)
    if given == set(DayKind):
        return "all days"
    if given == set(DayKind) - {DayKind.WORKDAY}:
        return "other days"
    names = [_KINDS[kind] for kind in DayKind if kind in given]
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def _around(method: AroundEvent) -> str:
    parts = [
        f"{length(span)} {side}" + (f" (skipping {length(skip)})" if skip else "")
        for span, skip, side in (
            (method.before, method.skip_before, "before"),
            (method.after, method.skip_after, "after"),
        )
        if span
    ]
    return f"mean over {' and '.join(parts)} the event"


def _firm(method: FirmLevel) -> str:
    if method.basis == "peak_hours":
        words = f"mean of the highest {method.average} of {method.candidates} peak hours"
    elif method.basis == "nominated_kw":
        words = "the level the site nominated"
    else:
        words = "the site's highest base load"
    return f"{words}, or {method.also_baseline_id} if lower" if method.also_baseline_id else words


def adjustment_words(adjustment: Adjustment | None) -> str:
    """Say how a rule moves its baseline to the event's day.

    Example:
        >>> adjustment_words(None)
        'none'
    """
    if adjustment is None:
        return "none"
    windows = [event_window_words(window) for window in adjustment.windows]
    windows += [clock_window_words(window) for window in adjustment.clock_windows]
    parts = [f"{adjustment.kind}, {' and '.join(windows)}"]
    if adjustment.cap_ratio is not None:
        parts.append(f"at most {adjustment.cap_ratio * 100:g} %")
    if adjustment.up_only:
        parts.append("up only")
    if adjustment.before_notice:
        parts.append("before notice only")
    return ", ".join(parts)


def event_window_words(window: EventWindow) -> str:
    """Say where a window lies.

    Example:
        >>> window = EventWindow(anchor="start", begin=timedelta(hours=-4), end=timedelta(hours=-1))
        >>> event_window_words(window)
        '4 h to 1 h before the start'
    """
    if window.anchor == "start":
        if not window.end:
            return f"the {length(-window.begin)} before the start"
        return f"{length(-window.begin)} to {length(-window.end)} before the start"
    if not window.begin:
        return f"the {length(window.end)} after the end"
    return f"{length(window.begin)} to {length(window.end)} after the end"


def clock_window_words(window: ClockWindow) -> str:
    """Say where a window lies on the clock."""
    end = f"{window.end:%H:%M}" if window.end.hour or window.end.minute else "24:00"
    return f"{window.start:%H:%M}-{end} of the event's day"


def days_words(days: DayPool | None) -> str:
    """Say which earlier days may stand for the event's."""
    if days is None:
        return "-"
    latest = f"up to {counted_days(days.latest_day_offset)} before"
    parts = [f"within {days.lookback_days} days, {latest}"]
    if days.before_notice:
        parts.append("over before notice")
    if days.low_use_ratio:
        sign = "at or below" if days.low_use_inclusive else "below"
        parts.append(f"without days {sign} {days.low_use_ratio * 100:g} % of usual")
    return ", ".join(parts)


def shortage_words(days: DayPool | None) -> str:
    """Say what a rule does when days are missing."""
    if days is None:
        return "-"
    return ", then ".join(_SHORTAGE[step] for step in days.shortage) or "no baseline"


def counted_days(count: int) -> str:
    """Write a count of days.

    Example:
        >>> counted_days(1), counted_days(2)
        ('1 day', '2 days')
    """
    return f"{count} day" if count == 1 else f"{count} days"


def length(span: timedelta) -> str:
    """Write a length of time in hours or minutes.

    Example:
        >>> length(timedelta(hours=4)), length(timedelta(minutes=90)), length(timedelta(minutes=15))
        ('4 h', '1.5 h', '15 min')
    """
    return f"{span / _HOUR:g} h" if span >= _HOUR else f"{span / timedelta(minutes=1):g} min"


def unverified_words(rule: BaselineRule) -> str | None:
    """Warn of values that nobody has checked.

    Returns:
        A sentence for every output that used the rule; None where every value was checked.
    """
    if rule.is_verified:
        return None
    named = rule.source.unverified
    what = "all values" if not named or "*" in named else ", ".join(named)
    return f"unverified: {what} of {rule.baseline_id}, checked against no source; the manual in force decides"
