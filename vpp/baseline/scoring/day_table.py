"""A site's load by civil day and wall-clock slot, for comparing the same time of different days."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Self

import numpy as np
import numpy.typing as npt
import pandas as pd

from vpp.baseline.calendar import SiteCalendar
from vpp.baseline.masking import mask_intervals
from vpp.baseline.scoring.civil_days import civil_day_of, event_days, number_of
from vpp.baseline.site_meter import SiteMeter
from vpp.foundation.interval import Interval
from vpp.portfolio.day_kind import DayKind
from vpp.telemetry.grid import metering_step

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class DayTable:
    """Mean load of each slot of each day.

    An hour that occurs twice is averaged into one; a skipped one is a gap.

    Attributes:
        calendar: The site's civil time.
        step: Length of a slot.
        first_day: Civil day of the first row, counted from 1970-01-01.
        load_kw: NaN is a gap, or hidden. Shape (D, m).
    """

    calendar: SiteCalendar
    step: timedelta
    first_day: int
    load_kw: Floats

    @classmethod
    def of(cls, site: SiteMeter) -> Self:
        """Lay out a site's load; events and other hidden spans are gaps."""
        step = metering_step(site.net_power_kw)
        visible = mask_intervals(site.net_power_kw, (*site.events, *site.masked))
        day, slot = site.calendar.wall_slots(pd.DatetimeIndex(visible.index), step)
        slots = timedelta(days=1) // step
        shape = (int(day[-1] - day[0]) + 1, slots)
        cell = (day - day[0]) * slots + slot
        values = visible.to_numpy(dtype=np.float64)
        known = ~np.isnan(values)
        total = np.bincount(cell[known], weights=values[known], minlength=shape[0] * slots)
        count = np.bincount(cell[known], minlength=shape[0] * slots)
        load = np.divide(total, count, out=np.full(len(total), np.nan), where=count > 0)
        return cls(site.calendar, step, int(day[0]), load.reshape(shape))

    def mean_kw(self, window: Interval, day: date, days: Ints) -> Floats:
        """Return the mean load at a window's wall times on other days.

        Args:
            window: A span on or near `day`.
            day: The civil day that `days` stand in for.
            days: Civil days, counted from 1970-01-01. Shape (D,).

        Returns:
            kW; NaN where an interval of it is a gap or lies outside the meter's series. Shape (D,).
        """
        count = max(window.duration // self.step, 1)
        index = pd.date_range(pd.Timestamp(window.start), periods=count, freq=pd.Timedelta(self.step))
        at_day, slot = self.calendar.wall_slots(index, self.step)
        row = days[:, None] + (at_day - number_of(day))[None, :] - self.first_day
        inside = (row >= 0) & (row < len(self.load_kw))
        values = self.load_kw[np.where(inside, row, 0), slot[None, :]]
        found: Floats = np.where(inside, values, np.nan).mean(axis=1)
        return found


def like_days(site: SiteMeter, kinds: frozenset[DayKind], first: int, last: int) -> Ints:
    """Return days of some kinds that were neither event days nor excluded, latest first.

    Args:
        site: The site.
        kinds: Kinds of days.
        first: First civil day looked at, counted from 1970-01-01.
        last: Last one.
    """
    barred = event_days(site) | site.excluded_dates
    return days_of_kinds(site, kinds, first, last, barred)


def days_of_kinds(
    site: SiteMeter, kinds: frozenset[DayKind], first: int, last: int, barred: frozenset[date] = frozenset()
) -> Ints:
    """Return days of some kinds that are not barred, latest first, as `like_days`."""
    return np.array(
        [
            number
            for number in range(last, first - 1, -1)
            if (day := civil_day_of(number)) not in barred and site.calendar.day_kind(day) in kinds
        ],
        dtype=np.int64,
    )
