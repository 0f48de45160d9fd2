"""Choosing the similar days that a baseline averages."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from itertools import chain, islice

import numpy as np
import numpy.typing as npt
import pandas as pd

from vpp.baseline.calendar import ONE_DAY, DayClass, SiteCalendar
from vpp.foundation.errors import InvalidInput
from vpp.foundation.interval import Interval
from vpp.portfolio.product import BaselineRules
from vpp.telemetry.grid import metering_step


@dataclass(frozen=True, slots=True, eq=False)
class SimilarDay:
    """An earlier day's copy of the event window, complete.

    Attributes:
        day: The civil date.
        load_kw: Load at the event's wall times, kW. Shape (N,).
    """

    day: date
    load_kw: npt.NDArray[np.float64]

    @property
    def mean_kw(self) -> float:
        """Mean load in the event window, kW: what days are ranked by."""
        return float(self.load_kw.mean())


def load_on_day(
    metered_kw: pd.Series, window: Interval, calendar: SiteCalendar, day: date, before: datetime
) -> npt.NDArray[np.float64]:
    """Read the load at a window's wall times on an earlier civil date.

    Args:
        metered_kw: Regular kW series, UTC; NaN is a gap.
        window: The span on the event's date, UTC, on the metering grid.
        calendar: The site's civil calendar.
        day: The earlier date, for the window's own first date.
        before: Nothing from this instant on counts: an event must not explain itself.

    Returns:
        kW, one value per interval of the window, NaN where nothing was metered. Shape (N,).
    """
    step, first = metering_step(metered_kw), metered_kw.index[0].to_pydatetime()
    values_kw = metered_kw.to_numpy(dtype=np.float64)
    days_back = (calendar.civil_date(window.start) - day).days
    load_kw = np.full(window.duration // step, np.nan)
    for n, at in enumerate(calendar.same_window(window, step, days_back)):
        position = (at - first) // step
        if 0 <= position < len(values_kw) and at + step <= before:
            load_kw[n] = values_kw[position]
    return load_kw


def similar_days(
    metered_kw: pd.Series,
    event: Interval,
    calendar: SiteCalendar,
    *,
    latest_day_offset: int,
    excluded_dates: Collection[date],
) -> Iterator[SimilarDay]:
    """Yield the days of the event's class with complete data in its window, most recent first.

    Args:
        metered_kw: Regular kW series, UTC; NaN is a gap.
        event: The event, UTC, at most a day long, on the metering grid.
        calendar: The site's civil calendar.
        latest_day_offset: How many days before the event's date the most recent day may lie.
        excluded_dates: Days that never count: events, outages, declared shutdowns.

    Raises:
        InvalidInput: The event is longer than a day or off the metering grid.
    """
    step, first = metering_step(metered_kw), metered_kw.index[0].to_pydatetime()
    if event.duration > ONE_DAY:
        raise InvalidInput(
            f"event lasts {event.duration}, expected at most one day", event=str(event.duration)
        )
    if event.duration % step or (event.start - first) % step:
        raise InvalidInput(
            f"event from {event.start.isoformat()} for {event.duration} is off the metering grid of {step}",
            event=event.start.isoformat(),
        )
    event_day = calendar.civil_date(event.start)
    first_day = calendar.civil_date(first)
    event_class = calendar.day_class(event_day)
    for day in calendar.previous_days(event_day):
        if day < first_day:
            return
        is_too_late = (event_day - day).days < latest_day_offset
        if is_too_late or day in excluded_dates or calendar.day_class(day) is not event_class:
            continue
        load_kw = load_on_day(metered_kw, event, calendar, day, before=event.start)
        if not np.isnan(load_kw).any():
            yield SimilarDay(day, load_kw)


def screened(days: Iterator[SimilarDay], candidate_count: int, low_use_ratio: float) -> list[SimilarDay]:
    """Drop days of unusually low use, and refill from older ones.

    The line is drawn once, from the mean of the most recent candidates with the low days among them;
    a day exactly on it stays; refilled days must pass it too.

    Args:
        days: Similar days within the look-back, most recent first; read no further than needed.
        candidate_count: How many are wanted (Y of "high X of Y").
        low_use_ratio: Share of the candidates' mean below which a day is dropped.

    Returns:
        At most `candidate_count` days, most recent first.
    """
    candidates = list(islice(days, candidate_count))
    if not candidates:
        return []
    mean_kw = float(np.mean([day.mean_kw for day in candidates]))
    if mean_kw <= 0:
        return candidates  # a site that exports has no low use to speak of
    line_kw = low_use_ratio * mean_kw
    return list(islice((day for day in chain(candidates, days) if day.mean_kw >= line_kw), candidate_count))


def wanted_counts(rules: BaselineRules, day_class: DayClass) -> tuple[int, int]:
    """Return X and Y of "high X of Y" for a day class."""
    if day_class is DayClass.HOLIDAY:
        return rules.holiday_day_count, rules.holiday_candidate_count
    return rules.day_count, rules.candidate_count
