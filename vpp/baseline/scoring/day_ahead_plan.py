"""Which days a day-ahead backtest forecasts."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from vpp.baseline.scoring.site_days import Ints, SiteDays

FEWEST_KNOWN_RATIO = 0.5


@dataclass(frozen=True, slots=True)
class DayAheadPlan:
    """Which days are forecast.

    Attributes:
        day_count: Days at most.
        pick: The last ones in a row, or ones spread evenly over all that have the history. In a row,
            each day's band comes from the errors of the days before, as in daily running; spread days
            have theirs replayed from history each time, which costs more.
        history_days: Days of metering that must lie before the first one.
    """

    day_count: int = 30
    pick: Literal["last", "even"] = "last"
    history_days: int = 21


def days_to_forecast(days: SiteDays, plan: DayAheadPlan) -> Ints:
    """Return the civil days of a site that a plan forecasts, oldest first.

    A day is taken where at least half of it is metered and shows the site's own use.

    Args:
        days: The site's load by day.
        plan: The plan.
    """
    known = ~np.isnan(days.actual_kw)
    if not known.any():
        return np.zeros(0, dtype=np.int64)
    earliest = int(days.day[int(np.argmax(known))]) + plan.history_days
    able = np.array(
        [
            day
            for day in days.whole_days()
            if day >= earliest and known[days.span(int(day))].mean() >= FEWEST_KNOWN_RATIO
        ],
        dtype=np.int64,
    )
    if plan.pick == "last" or len(able) <= plan.day_count:
        return able[-plan.day_count :]
    return able[np.unique(np.linspace(0, len(able) - 1, plan.day_count).round().astype(np.int64))]
