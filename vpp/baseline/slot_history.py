"""A site's load by civil day and wall-clock slot: the form that forecasts learn from."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Self

import numpy as np
import numpy.typing as npt
import pandas as pd

from vpp.baseline.calendar import ONE_DAY, SATURDAY, SiteCalendar
from vpp.foundation.errors import InvalidInput
from vpp.telemetry.grid import metering_step

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

# Finer slots cost CPU and gain nothing: load moves little within half an hour.
FINEST_SLOT = timedelta(minutes=30)
EPOCH = date(1970, 1, 1)
EPOCH_WEEKDAY = 3  # a Thursday, counted from Monday
SUNDAY = 6
WORKDAY_CLASS, SATURDAY_CLASS, SUNDAY_CLASS = range(3)


@dataclass(frozen=True, slots=True, eq=False)
class SlotHistory:
    """Load on a grid of civil days x slots, flattened; slot 0 is the first day's midnight.

    An hour that occurs twice is averaged into one, a skipped one is a gap, so that the same slot is
    the same wall time on every day and lags count in whole days.

    Attributes:
        load_kw: Mean load per slot, kW; NaN is a gap; the last value is known. Shape (n,).
        slots_per_day: Slots of a day, m.
        first_day: Civil day of the first slot, counted from 1970-01-01.
        calendar: The site's civil calendar.
    """

    load_kw: Floats
    slots_per_day: int
    first_day: int
    calendar: SiteCalendar

    @classmethod
    def of(cls, metered_kw: pd.Series, calendar: SiteCalendar, longest: timedelta) -> Self | None:
        """Lay a metered series on slots.

        Args:
            metered_kw: Regular kW series, UTC; NaN is a gap.
            calendar: The site's civil calendar.
            longest: Only this much before the last known value is kept.

        Returns:
            The history from the first known value's midnight to the last known value; None if nothing
            is known.

        Raises:
            InvalidInput: The series' interval does not divide a day.
        """
        slot = slot_length(metering_step(metered_kw))
        known = metered_kw.dropna()
        if known.empty:
            return None
        known = known.loc[known.index[-1] - longest :]
        slots_per_day = ONE_DAY // slot
        day, slot_of_day = calendar.wall_slots(pd.DatetimeIndex(known.index), slot)
        first_day = int(day[0])
        position = (day - first_day) * slots_per_day + slot_of_day
        count = np.bincount(position)
        total_kw = np.bincount(position, weights=known.to_numpy(dtype=np.float64))
        load_kw = np.full(len(count), np.nan)
        np.divide(total_kw, count, out=load_kw, where=count > 0)
        return cls(load_kw, slots_per_day, first_day, calendar)

    @property
    def length(self) -> int:
        """Number of slots, n; forecasts begin at this position."""
        return len(self.load_kw)

    def after(self, origins: Ints, lead: int) -> Floats:
        """Return the load that followed each origin, kW, NaN where unknown; shape (O, lead)."""
        target = origins[:, None] + np.arange(lead)
        return np.where(target < self.length, self.load_kw[np.minimum(target, self.length - 1)], np.nan)

    def positions(self, index: pd.DatetimeIndex) -> Floats:
        """Return where instants lie on the flattened grid, in slots, fractions included; shape (T,)."""
        minute = timedelta(minutes=1)
        day, minute_of_day = self.calendar.wall_slots(index, minute)
        slot_minutes = ONE_DAY // minute // self.slots_per_day
        return (day - self.first_day) * float(self.slots_per_day) + minute_of_day / slot_minutes

    def weekdays(self, day_count: int) -> Ints:
        """Return the weekday of each day from the first on, Monday 0; shape (day_count,)."""
        return (self.first_day + np.arange(day_count) + EPOCH_WEEKDAY) % 7

    def day_classes(self, day_count: int) -> Ints:
        """Return workday 0, Saturday 1, Sunday or holiday 2 for each day; shape (day_count,)."""
        weekday = self.weekdays(day_count)
        days = [
            (EPOCH + timedelta(days=self.first_day + n)) in self.calendar.holidays for n in range(day_count)
        ]
        is_sunday = np.array(days, dtype=np.bool_) | (weekday == SUNDAY)
        return np.where(is_sunday, SUNDAY_CLASS, np.where(weekday == SATURDAY, SATURDAY_CLASS, WORKDAY_CLASS))


def slot_length(step: timedelta) -> timedelta:
    """Return the length of a forecast slot for a metering step.

    Raises:
        InvalidInput: The step does not divide a day.

    Example:
        >>> slot_length(timedelta(minutes=15)) == slot_length(timedelta(minutes=5)) == FINEST_SLOT
        True
        >>> slot_length(timedelta(hours=1))
        datetime.timedelta(seconds=3600)
    """
    if ONE_DAY % step:
        raise InvalidInput(f"metering interval is {step}, expected one that divides a day", step=str(step))
    return step if step > FINEST_SLOT or FINEST_SLOT % step else FINEST_SLOT
