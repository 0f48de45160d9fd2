"""What earlier forecasts were wrong by, at the wall times of a horizon that is to be forecast."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Self

import numpy as np
import numpy.typing as npt
import pandas as pd

from vpp.baseline.calendar import DayClass, SiteCalendar
from vpp.baseline.forecast_request import Floats, PastErrors
from vpp.foundation.interval import Interval

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
LONGEST_DAYS = 42
FEWEST_DAYS = 14
"""With fewer days of errors a band says little; it is then replayed from history instead."""
_EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")
_TICK = timedelta(microseconds=1)


def since_epoch(instant: datetime) -> int:
    """Return an instant in microseconds since 1970-01-01 UTC."""
    return (instant - _EPOCH) // _TICK


@dataclass(frozen=True, slots=True, eq=False)
class LoadStretch:
    """Values on a regular grid: what a series is, without its weight.

    Attributes:
        start_at: Start of the first interval, UTC.
        step: Length of an interval.
        values_kw: One value per interval, kW; NaN where nothing tells it. Shape (M,).
    """

    start_at: datetime
    step: timedelta
    values_kw: Floats

    @property
    def end_at(self) -> datetime:
        """End of the last interval, exclusive."""
        return self.start_at + len(self.values_kw) * self.step

    @classmethod
    def joined(cls, parts: Sequence[Self], step: timedelta) -> Self | None:
        """Join stretches of one step; where they overlap, the later one given holds.

        Returns:
            One stretch with NaN between the parts, or None if none has the step.
        """
        fitting = [part for part in parts if part.step == step]
        if not fitting:
            return None
        first = min(part.start_at for part in fitting)
        length = max((part.start_at - first) // step + len(part.values_kw) for part in fitting)
        values_kw = np.full(length, np.nan)
        for part in fitting:
            position = (part.start_at - first) // step
            values_kw[position : position + len(part.values_kw)] = part.values_kw
        return cls(first, step, values_kw)

    def at(self, starts: Ints) -> Floats:
        """Return the values of the intervals that begin at some instants, kW; NaN where unknown."""
        step = self.step // _TICK
        offset = starts - since_epoch(self.start_at)
        position = offset // step
        is_inside = (offset % step == 0) & (position >= 0) & (position < len(self.values_kw))
        found = np.full(starts.shape, np.nan)
        found[is_inside] = self.values_kw[position[is_inside]]
        return found


@dataclass(frozen=True, slots=True, eq=False)
class EarlierDays:
    """The wall times of a horizon on the civil days before it.

    Attributes:
        days: Civil day on which each earlier horizon begins, oldest first. Length K.
        starts: Interval starts, microseconds since 1970-01-01 UTC. Shape (K, N).
        is_off: Whether each of them is on a Saturday, Sunday or holiday. Shape (K, N).
        is_off_ahead: The same of the horizon itself. Shape (N,).
    """

    days: tuple[date, ...]
    starts: Ints
    is_off: Bools
    is_off_ahead: Bools

    @classmethod
    def of(
        cls, calendar: SiteCalendar, horizon: Interval, step: timedelta, day_count: int = LONGEST_DAYS
    ) -> Self:
        """Find the same wall times on the days before a horizon.

        Args:
            calendar: The civil time they are counted in.
            horizon: The horizon, UTC, a whole number of steps long.
            step: Length of an interval.
            day_count: How many days to go back.
        """
        windows = [calendar.same_window(horizon, step, back) for back in range(day_count, -1, -1)]
        starts = np.array([[since_epoch(at) for at in window] for window in windows], dtype=np.int64)
        index = pd.DatetimeIndex(starts.astype("datetime64[us]").ravel(), tz="UTC")
        civil_day = calendar.wall_slots(index, step)[0].reshape(starts.shape)
        distinct, position = np.unique(civil_day, return_inverse=True)
        dates = [_EPOCH.date() + timedelta(days=int(day)) for day in distinct]
        off = np.array([calendar.day_class(day) is DayClass.HOLIDAY for day in dates])
        is_off = off[position.reshape(starts.shape)]
        days = tuple(calendar.civil_date(window[0]) for window in windows[:-1])
        return cls(days, starts[:-1], is_off[:-1], is_off[-1])

    def first_start(self, day: int) -> datetime:
        """Return where the horizon of the k-th earlier day begins, UTC."""
        return _EPOCH + int(self.starts[day, 0]) * _TICK

    def matrix(self, errors: LoadStretch | Sequence[LoadStretch | None]) -> Floats:
        """Lay errors on the earlier days.

        Args:
            errors: One stretch for all days, or one for each; None for a day without.

        Returns:
            Errors, kW, NaN where unknown. Shape (K, N).
        """
        if isinstance(errors, LoadStretch):
            return errors.at(self.starts)
        rows = np.full(self.starts.shape, np.nan)
        for day, stretch in enumerate(errors):
            if stretch is not None:
                rows[day] = stretch.at(self.starts[day])
        return rows

    def past_errors(self, error_kw: Floats, *, fewest: int = FEWEST_DAYS) -> PastErrors | None:
        """Leave out the days of which nothing is known.

        Args:
            error_kw: Errors as `matrix` lays them. Shape (K, N).
            fewest: With fewer days there is no answer.

        Returns:
            The errors of the days that are known, oldest first, or None.
        """
        known = np.flatnonzero(~np.isnan(error_kw).all(axis=1))
        if len(known) < fewest:
            return None
        return PastErrors(tuple(self.days[k] for k in known.tolist()), error_kw[known])


@lru_cache(maxsize=32)
def earlier_days(calendar: SiteCalendar, horizon: Interval, step: timedelta) -> EarlierDays:
    """Find the same wall times on the 42 days before; sites of one calendar share the answer."""
    return EarlierDays.of(calendar, horizon, step)
