"""A forecast's own errors, carried from day to day as in daily running."""

from collections import deque
from dataclasses import dataclass, field

import numpy as np

from vpp.baseline.forecast_request import PastErrors
from vpp.baseline.scoring.civil_days import civil_day_of, number_of
from vpp.baseline.scoring.site_days import Floats, Ints

KEPT_DAYS = 42


@dataclass(slots=True)
class OwnErrors:
    """Errors of the latest days by wall-clock slot, so that days of 23 and 25 hours fit.

    Attributes:
        slots_per_day: Slots of a day, m.
        rows: Civil day counted from 1970-01-01, and the errors of its slots, oldest first.
    """

    slots_per_day: int
    rows: deque[tuple[int, Floats]] = field(default_factory=lambda: deque(maxlen=KEPT_DAYS))

    def take(self, past: PastErrors | None, slot: Ints) -> None:
        """Begin with the errors that a forecast of a day with these slots came with."""
        if past is None or self.rows:
            return
        for day, error_kw in zip(past.days, past.error_kw, strict=True):
            self.add(number_of(day), error_kw, slot)

    def add(self, day: int, error_kw: Floats, slot: Ints) -> None:
        """Add a day's errors; shapes (N,). Of an hour that occurs twice the first one counts."""
        row = np.full(self.slots_per_day, np.nan)
        row[slot[::-1]] = error_kw[::-1]
        self.rows.append((day, row))

    def past(self, slot: Ints) -> PastErrors | None:
        """Return the errors for the forecast of a day with these slots; None where there are none."""
        if not self.rows:
            return None
        days = tuple(civil_day_of(day) for day, _ in self.rows)
        return PastErrors(days, np.stack([row[slot] for _, row in self.rows]))
