"""A site's series cut into civil days."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Self

import numpy as np
import numpy.typing as npt
import pandas as pd

from vpp.baseline.masking import mask_intervals
from vpp.baseline.site_meter import SiteMeter
from vpp.foundation.errors import InvalidInput
from vpp.foundation.interval import Interval
from vpp.telemetry.grid import metering_step

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

WEEK_DAYS = 7


@dataclass(frozen=True, slots=True, eq=False)
class SiteDays:
    """A site's load by interval, with the civil day and wall-clock slot that each lies in.

    Attributes:
        step: Length of an interval.
        index: Interval starts, UTC. Shape (T,).
        actual_kw: Load that shows the site's own use: NaN for gaps, events and hidden spans. Shape (T,).
        day: Civil day of each interval, counted from 1970-01-01. Shape (T,).
        slot: Slot of the day, from 0. Shape (T,).
    """

    step: timedelta
    index: pd.DatetimeIndex
    actual_kw: Floats
    day: Ints
    slot: Ints

    @classmethod
    def of(cls, site: SiteMeter) -> Self:
        """Cut a site's load; an empty or irregular series is refused as `metering_step` says."""
        step = metering_step(site.net_power_kw)
        visible = mask_intervals(site.net_power_kw, (*site.events, *site.masked))
        index = pd.DatetimeIndex(visible.index)
        day, slot = site.calendar.wall_slots(index, step)
        values = visible.to_numpy(dtype=np.float64)
        return cls(step, index, values, day, slot)

    @property
    def slots_per_day(self) -> int:
        """Slots of a civil day of 24 hours."""
        return timedelta(days=1) // self.step

    def span(self, day: int) -> slice:
        """Return the positions of a civil day's intervals: those that start in it."""
        return slice(int(np.searchsorted(self.day, day)), int(np.searchsorted(self.day, day, side="right")))

    def horizon(self, day: int) -> Interval:
        """Return a civil day as the span of its intervals."""
        span = self.span(day)
        start = self.index[span.start].to_pydatetime()
        return Interval(start, start + (span.stop - span.start) * self.step)

    def whole_days(self) -> Ints:
        """Return the civil days that the series covers from midnight to midnight, oldest first."""
        days, counts = np.unique(self.day, return_counts=True)
        # Clock changes shorten or lengthen days; only the outer ones can be cut off.
        is_cut = np.zeros(len(days), dtype=bool)
        is_cut[0] = self.slot[0] != 0
        is_cut[-1] |= self.slot[-1] != self.slots_per_day - 1
        return np.asarray(days[~is_cut & (counts > 0)], dtype=np.int64)

    def hours(self, span: slice | Ints) -> Floats:
        """Return the local time of intervals in hours from midnight, 0 up to 24."""
        return np.asarray(self.slot[span] * (self.step / timedelta(hours=1)), dtype=np.float64)

    def week_before(self) -> Floats:
        """Return the load at the same wall time a week before; NaN where unknown. Shape (T,)."""
        first = int(self.day[0])
        table = np.full((int(self.day[-1]) - first + 1, self.slots_per_day), np.nan)
        # Of an hour that occurs twice the first one counts, so it is written last.
        table[self.day[::-1] - first, self.slot[::-1]] = self.actual_kw[::-1]
        row = self.day - first - WEEK_DAYS
        return np.where(row >= 0, table[np.maximum(row, 0), self.slot], np.nan)


def days_of_sites(sites: Mapping[str, SiteMeter]) -> dict[str, SiteDays]:
    """Cut the load of some sites into civil days.

    Raises:
        InvalidInput: A series, which the message names, is empty, infinite in places or not regular in UTC.
    """
    found = {}
    for name, site in sites.items():
        if np.isinf(site.net_power_kw.to_numpy(dtype=np.float64)).any():
            raise InvalidInput(
                f"series {name}: load is infinite in places, expected finite values and NaN", series=name
            )
        try:
            found[name] = SiteDays.of(site)
        except InvalidInput as error:
            raise InvalidInput(f"series {name}: {error}", series=name) from error
    return found
