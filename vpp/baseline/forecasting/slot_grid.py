"""Laying metered intervals on civil days x wall-clock slots."""

from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import pandas as pd

from vpp.baseline.calendar import SiteCalendar
from vpp.baseline.civil_clock import ONE_DAY
from vpp.baseline.forecasting.panel import Floats, Ints
from vpp.foundation.errors import InvalidInput

# Finer slots cost CPU and gain nothing: load moves little within half an hour.
FINEST_SLOT = timedelta(minutes=30)


@dataclass(frozen=True, slots=True, eq=False)
class SlotGrid:
    """Where the intervals of a regular series lie on slots; slot 0 is the first interval's midnight.

    Attributes:
        slots_per_day: Slots of a day, m.
        first_day: Civil day of slot 0, counted from 1970-01-01.
        slot: Each interval's slot; an hour that occurs twice has its slots twice. Shape (T,).
        middle: Each interval's middle, in slots: a slot's own middle is its number + 0.5. Shape (T,).
    """

    slots_per_day: int
    first_day: int
    slot: Ints
    middle: Floats

    @classmethod
    def of(
        cls, index: pd.DatetimeIndex, step: timedelta, calendar: SiteCalendar, slot: timedelta
    ) -> "SlotGrid":
        """Lay intervals on slots.

        Args:
            index: Interval starts, UTC. Shape (T,).
            step: Length of an interval, at most a slot.
            calendar: The site's civil calendar.
            slot: Length of a slot; divides a day.

        Returns:
            The grid. An interval belongs to the slot that its start lies in.
        """
        m = ONE_DAY // slot
        day, second = calendar.wall_slots(index, timedelta(seconds=1))
        first_day = int(day[0])
        slot_s, step_s = round(slot.total_seconds()), round(step.total_seconds())
        number = (day - first_day) * m + second // slot_s
        per_slot = max(slot_s // step_s, 1)
        nth = (second % slot_s) // step_s
        return cls(m, first_day, number, number + (nth + 0.5) / per_slot)

    def means(self, values: Floats, slot_count: int) -> Floats:
        """Average the known values of each slot, NaN where none is.

        Args:
            values: One per interval, for the first T' intervals. Shape (S, T').
            slot_count: How many slots to fill from slot 0 on.

        Returns:
            Shape (S, slot_count).
        """
        slot = self.slot[: values.shape[1]]
        filled = np.full((len(values), slot_count), np.nan)
        if len(slot) and (np.diff(slot) > 0).all():
            filled[:, slot] = values
            return filled
        order = np.argsort(slot, kind="stable")
        begins = np.flatnonzero(np.diff(slot[order], prepend=-1))
        known = ~np.isnan(values[:, order])
        total = np.add.reduceat(np.where(known, values[:, order], 0.0), begins, axis=1)
        count = np.add.reduceat(known.astype(np.float64), begins, axis=1)
        filled[:, slot[order][begins]] = np.where(count > 0, total / np.maximum(count, 1.0), np.nan)
        return filled


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
