"""Load of many sites by civil day and wall-clock slot: the form that forecasts learn from."""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Self

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

EPOCH = date(1970, 1, 1)
EPOCH_WEEKDAY = 3  # a Thursday, counted from Monday
SATURDAY, SUNDAY = 5, 6
WORKDAY_CLASS, SATURDAY_CLASS, SUNDAY_CLASS = range(3)
WEEK = 7


@dataclass(frozen=True, slots=True, eq=False)
class LoadPanel:
    """Load of sites that share their slots, first day, length and holidays; slot 0 is a civil midnight.

    An hour that occurs twice is averaged into one and a skipped one is a gap, so that the same slot is
    the same wall time on every day and lags count in whole days. The history may end within a day.

    Attributes:
        load_kw: Mean load per slot; NaN is a gap; filled before members see it. Shape (S, n).
        slots_per_day: Slots of a day, m.
        first_day: Civil day of slot 0, counted from 1970-01-01.
        holidays: Civil dates that count as Sundays.
        temperature_c: Outdoor temperature over the history and the slots ahead, without gaps, degrees
            Celsius. Shape (S, n + lead or more).
        plan_kw: The load that the sites themselves plan, over the same slots. Shape as temperature_c.
    """

    load_kw: Floats
    slots_per_day: int
    first_day: int
    holidays: frozenset[date] = frozenset()
    temperature_c: Floats | None = None
    plan_kw: Floats | None = None

    @property
    def site_count(self) -> int:
        """How many sites, S."""
        return len(self.load_kw)

    @property
    def length(self) -> int:
        """Slots of history, n; the next slot is the first to forecast."""
        return int(self.load_kw.shape[1])

    def take(self, rows: Ints | Bools) -> Self:
        """Return the panel of some sites, by number or by a mask of shape (S,)."""
        return replace(
            self,
            load_kw=self.load_kw[rows],
            temperature_c=None if self.temperature_c is None else self.temperature_c[rows],
            plan_kw=None if self.plan_kw is None else self.plan_kw[rows],
        )

    def day_count(self, slot_count: int) -> int:
        """Return how many days the slots 0..slot_count touch."""
        return -(-slot_count // self.slots_per_day)

    def weekdays(self, day_count: int) -> Ints:
        """Return the weekday of each day from the first on, Monday 0; shape (day_count,)."""
        return (self.first_day + np.arange(day_count) + EPOCH_WEEKDAY) % WEEK

    def day_classes(self, day_count: int) -> Ints:
        """Return workday 0, Saturday 1, Sunday or holiday 2 for each day; shape (day_count,)."""
        return classes_of(self.first_day + np.arange(day_count), self.holidays)

    def dates(self, day_count: int) -> tuple[date, ...]:
        """Return the civil dates of the days from the first on."""
        return tuple(EPOCH + timedelta(days=self.first_day + n) for n in range(day_count))

    def by_day(self) -> Floats:
        """Return the load by day, NaN after the history's end; shape (S, days, slots per day)."""
        m, day_count = self.slots_per_day, self.day_count(self.length)
        padded = np.full((self.site_count, day_count * m), np.nan)
        padded[:, : self.length] = self.load_kw
        return padded.reshape(self.site_count, day_count, m)

    def after(self, origins: Ints, lead: int) -> Floats:
        """Return what came from each origin on, NaN where it has not come; shape (S, O, lead)."""
        target = origins[:, None] + np.arange(lead)
        came = self.load_kw[:, np.minimum(target, self.length - 1)]
        return np.where(target < self.length, came, np.nan)


def classes_of(days: Ints, holidays: frozenset[date]) -> Ints:
    """Return workday 0, Saturday 1, Sunday or holiday 2 for days counted from 1970-01-01.

    Args:
        days: Any shape.
        holidays: Civil dates that count as Sundays.

    Returns:
        Shape of `days`.
    """
    weekday = (days + EPOCH_WEEKDAY) % WEEK
    listed = np.array([(day - EPOCH).days for day in holidays], dtype=np.int64)
    is_sunday = np.isin(days, listed) | (weekday == SUNDAY)
    return np.where(is_sunday, SUNDAY_CLASS, np.where(weekday == SATURDAY, SATURDAY_CLASS, WORKDAY_CLASS))
