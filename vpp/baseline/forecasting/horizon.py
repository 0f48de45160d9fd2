"""From slots ahead of an origin to the intervals of a horizon."""

from dataclasses import dataclass
from datetime import date

import numpy as np

from vpp.baseline.civil_clock import ONE_DAY
from vpp.baseline.forecasting.panel import WORKDAY_CLASS, Bools, Floats, Ints, classes_of
from vpp.baseline.forecasting.site_panels import SitePanel


@dataclass(frozen=True, slots=True, eq=False)
class HorizonMap:
    """Where a horizon's intervals lie in the slots from the end of history on.

    Attributes:
        middles: Middles of the intervals, in slots from the end of history. Shape (N,).
        days: Their civil days, counted from 1970-01-01. Shape (N,).
        holidays: Civil dates that count as Sundays.
        intervals_per_day: Intervals of a day of 24 hours.
    """

    middles: Floats
    days: Ints
    holidays: frozenset[date]
    intervals_per_day: int

    @classmethod
    def of(cls, sites: SitePanel) -> "HorizonMap":
        """Take the map of a panel's horizon."""
        panel = sites.panel
        days = panel.first_day + np.floor(sites.middles).astype(np.int64) // panel.slots_per_day
        return cls(sites.middles - panel.length, days, panel.holidays, ONE_DAY // sites.step)

    def values(self, before_kw: Floats, path_kw: Floats) -> Floats:
        """Read a path at the horizon's intervals, in straight lines between the slots' middles.

        Args:
            before_kw: Load of the slot before the path. Shape (S, O).
            path_kw: Shape (S, O, lead).

        Returns:
            Shape (S, O, N).
        """
        lead = path_kw.shape[2]
        at = self.middles - 0.5
        whole = np.round(at).astype(np.int64)
        if (np.abs(at - whole) < 1e-9).all() and whole.min() >= 0:  # noqa: PLR2004  rounding of minutes
            return path_kw[:, :, np.minimum(whole, lead - 1)]
        path_kw = np.concatenate([before_kw[:, :, None], path_kw], axis=2)
        below = np.clip(np.floor(at).astype(np.int64) + 1, 0, lead)
        above = np.minimum(below + 1, lead)
        share = np.clip(at + 1 - below, 0.0, 1.0)
        return np.asarray(path_kw[:, :, below] + share * (path_kw[:, :, above] - path_kw[:, :, below]))

    def is_off(self, days_back: Ints) -> Bools:
        """Tell which intervals are on days off when the horizon is moved back; shape (K, N)."""
        return np.asarray(classes_of(self.days - days_back[:, None], self.holidays) != WORKDAY_CLASS)

    def actual(self, sites: SitePanel, rows: Ints, days_back: Ints) -> Floats:
        """Return what was metered at the horizon's wall times on earlier days; shape (S, days, N)."""
        m = sites.panel.slots_per_day
        per_slot = sites.interval_kw.shape[1] // sites.panel.length
        interval = np.floor((self.middles + sites.panel.length) * per_slot).astype(np.int64)
        earlier = interval - days_back[:, None] * m * per_slot
        last = sites.interval_kw.shape[1] - 1
        metered = sites.interval_kw[rows][:, np.clip(earlier, 0, last)]
        return np.where((earlier >= 0) & (earlier <= last), metered, np.nan)
