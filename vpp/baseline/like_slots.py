"""Which intervals of a series stand for each other: the same wall-clock slot of like days."""

from datetime import timedelta

import numpy as np
import numpy.typing as npt
import pandas as pd

from vpp.baseline.calendar import SiteCalendar
from vpp.baseline.civil_clock import SATURDAY

_WEEK_DAYS = 7
_EPOCH_WEEKDAY = 3  # 1970-01-01 was a Thursday
_SECONDS_PER_DAY = 86_400


def like_slots(calendar: SiteCalendar, index: pd.DatetimeIndex, step: timedelta) -> npt.NDArray[np.int64]:
    """Label intervals so that those with the same label are alike.

    Like days are working days, Saturdays, and Sundays with public holidays. On a 25-hour day the hour
    that occurs twice has its labels twice; on a 23-hour day the skipped hour's labels are absent.

    Args:
        calendar: The site's civil time and public holidays.
        index: Interval starts, UTC. Shape (T,).
        step: Length of an interval; divides a day.

    Returns:
        Labels from 0, one per interval. Shape (T,).

    Example:
        >>> index = pd.date_range("2026-03-27T12:00Z", periods=4, freq="D")  # Friday to Monday
        >>> labels = like_slots(SiteCalendar("UTC"), index, timedelta(hours=1))
        >>> labels.tolist()
        [12, 36, 60, 12]
    """
    day, slot = calendar.wall_slots(index, step)
    weekday = (day + _EPOCH_WEEKDAY) % _WEEK_DAYS
    kind = np.maximum(weekday - SATURDAY + 1, 0)
    listed = np.array(sorted(calendar.holidays), dtype="datetime64[D]").astype(np.int64)
    kind[np.isin(day, listed)] = 2
    return kind * (_SECONDS_PER_DAY // round(step.total_seconds())) + slot


def week_hours(
    calendar: SiteCalendar, index: pd.DatetimeIndex
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return the civil day and the hour of the civil week of each interval.

    Args:
        calendar: The site's civil time.
        index: Interval starts, UTC. Shape (T,).

    Returns:
        Days counted from 1970-01-01, and hours from Monday's first, 0..167. Shapes (T,).

    Example:
        >>> day, hour = week_hours(SiteCalendar("UTC"), pd.DatetimeIndex(["2026-03-03T05:30Z"]))
        >>> int(hour[0])
        29
    """
    day, hour = calendar.wall_slots(index, timedelta(hours=1))
    weekday = (day + _EPOCH_WEEKDAY) % _WEEK_DAYS
    return day, weekday * 24 + hour
