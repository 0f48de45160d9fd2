"""Placebo events: times at which nothing happened, so that a baseline's error can be seen."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta

import numpy as np
import numpy.typing as npt
import pandas as pd

from vpp.baseline.masking import mask_intervals
from vpp.baseline.scoring.civil_days import civil_day_of, event_days
from vpp.baseline.site_meter import SiteMeter
from vpp.foundation.errors import InvalidInput
from vpp.foundation.interval import Interval
from vpp.portfolio.day_kind import DayKind
from vpp.telemetry.grid import metering_step

ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class PlaceboWindow:
    """A time of the civil day at which placebo events lie.

    Attributes:
        start: Wall time at which they begin.
        duration: Their length, above zero and at most a day.
    """

    start: time
    duration: timedelta

    def __post_init__(self) -> None:
        """Refuse an event of no length, or one that meets itself the next day."""
        if not timedelta(0) < self.duration <= ONE_DAY:
            raise InvalidInput(
                f"duration of placebo events is {self.duration}, expected above 0 and at most a day",
                duration=str(self.duration),
            )


# Afternoon and evening peak, when most events are called.
PEAK_WINDOWS = (
    PlaceboWindow(time(14), timedelta(hours=4)),
    PlaceboWindow(time(17), timedelta(hours=4)),
)


@dataclass(frozen=True, slots=True)
class PlaceboPlan:
    """Which placebo events a site is scored on.

    Attributes:
        windows: Times of the day; one event for each on every day taken.
        kinds: Kinds of days taken.
        day_count: Days taken at most, the most recent ones.
        notice: How long before each event notice counts as given; None for the event's start.
        history_days: Days of metering that must lie before a day for it to be taken.
        complete_ratio: Least share of an event's intervals that must be metered.
    """

    windows: tuple[PlaceboWindow, ...] = PEAK_WINDOWS
    kinds: frozenset[DayKind] = frozenset({DayKind.WORKDAY})
    day_count: int = 60
    notice: timedelta | None = None
    history_days: int = 14
    complete_ratio: float = 1.0


def placebo_events(
    site: SiteMeter, plan: PlaceboPlan, *, before: datetime | None = None
) -> tuple[Interval, ...]:
    """List a site's placebo events, oldest first.

    Days of an event and days the site excluded are not taken, nor is an event that its rebound or
    another hidden span touches. A window begins with the first interval that starts in its slot of the
    civil day; on a day whose clock skips that slot there is none.

    Args:
        site: The site.
        plan: What is taken.
        before: Only events that end by this instant; None for the meter's end.

    Raises:
        InvalidInput: The meter's series is empty or not regular in UTC, or a window does not fit its grid.
    """
    step = metering_step(site.net_power_kw)
    index = pd.DatetimeIndex(site.net_power_kw.index)
    known = ~np.isnan(site.net_power_kw.to_numpy(dtype=np.float64))
    if not known.any():
        return ()
    touched = np.isnan(
        mask_intervals(pd.Series(0.0, index=index), (*site.events, *site.masked)).to_numpy(dtype=np.float64)
    )
    day, slot = site.calendar.wall_slots(index, step)
    end = len(index) if before is None else int(index.searchsorted(pd.Timestamp(before) - step, "right"))
    first_known = index[int(np.argmax(known))]
    wanted = _days(site, day, plan, first_known + plan.history_days * pd.Timedelta(days=1), index)
    events: list[tuple[int, int]] = []
    for window in plan.windows:
        length, begin_slot = _on_grid(window, step)
        begins = np.flatnonzero(slot == begin_slot)
        # Where the clock repeats an hour, or intervals are finer than it shows, the first one counts.
        begins = begins[np.unique(day[begins], return_index=True)[1]]
        for at in begins[np.isin(day[begins], wanted)]:
            span = slice(int(at), int(at) + length)
            if span.stop <= end and not touched[span].any() and known[span].mean() >= plan.complete_ratio:
                events.append((span.start, span.stop))
    kept = sorted({int(day[begin]) for begin, _ in events})[-plan.day_count :]
    return tuple(
        Interval(index[begin].to_pydatetime(), index[begin].to_pydatetime() + (stop - begin) * step)
        for begin, stop in sorted(events)
        if int(day[begin]) in set(kept)
    )


def _days(
    site: SiteMeter,
    day: npt.NDArray[np.int64],
    plan: PlaceboPlan,
    earliest: pd.Timestamp,
    index: pd.DatetimeIndex,
) -> npt.NDArray[np.int64]:
    """Return the civil days, counted from 1970-01-01, on which placebo events may lie."""
    barred = event_days(site) | site.excluded_dates
    days = np.unique(day[index >= earliest])
    return np.array(
        [
            number
            for number in days
            if (at := civil_day_of(int(number))) not in barred and site.calendar.day_kind(at) in plan.kinds
        ],
        dtype=np.int64,
    )


def _on_grid(window: PlaceboWindow, step: timedelta) -> tuple[int, int]:
    """Return a window's length in intervals and the slot of the day in which it begins."""
    begin = timedelta(hours=window.start.hour, minutes=window.start.minute, seconds=window.start.second)
    if begin % step or window.duration % step:
        raise InvalidInput(
            f"placebo window {window.start} for {window.duration} does not fit intervals of {step}",
            window=str(window.start),
        )
    return window.duration // step, begin // step
