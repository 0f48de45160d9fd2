"""The former baseline and each new like day, mixed for ever: "90/10"."""

import numpy as np

from vpp.baseline.rule_baseline import NoBaseline
from vpp.baseline.rules.day_choice import choose_days
from vpp.baseline.rules.event_view import EventView, Floats
from vpp.baseline.rules.load_model import LoadModel
from vpp.foundation.interval import Interval
from vpp.portfolio.baseline_method import Exponential
from vpp.portfolio.baseline_rule import DayPool


def exponential(view: EventView, method: Exponential, pool: DayPool) -> LoadModel | NoBaseline:
    """Carry a baseline forward over the like days of the look-back, oldest first.

    The recursion begins with the mean of the oldest days; what lies before them has faded: after 60
    updates of "90/10" it counts for less than two thousandths.
    """
    choice = choose_days(view, pool)
    if isinstance(choice, NoBaseline):
        return choice
    oldest_first = choice.days.days_back[::-1].tolist()

    def load_kw(window: Interval) -> Floats:
        return carried(view.past(window, oldest_first), method.keep_ratio, method.start_days)

    return LoadModel(load_kw, tuple(view.day(back) for back in reversed(oldest_first)), steps=choice.steps)


def carried(by_day_kw: Floats, keep_ratio: float, start_days: int) -> Floats:
    """Run `keep * old + (1 - keep) * day` over days, interval by interval; a gap updates nothing.

    Args:
        by_day_kw: kW, oldest day first; NaN is a gap. Shape (D, N).
        keep_ratio: Weight of the former baseline.
        start_days: The recursion starts from the mean of this many of the oldest days.

    Returns:
        kW; NaN where nothing is known. Shape (N,).

    Example:
        >>> days = np.array([[100.0], [110.0], [90.0], [120.0]])
        >>> [round(float(carried(days[:n], 0.9, 1)[0]), 9) for n in (2, 3, 4)]
        [101.0, 99.9, 101.91]
    """
    known = ~np.isnan(by_day_kw[:start_days])
    total = np.where(known, by_day_kw[:start_days], 0.0).sum(axis=0)
    level = np.full(by_day_kw.shape[1], np.nan)
    np.divide(total, known.sum(axis=0), out=level, where=known.any(axis=0))
    for day_kw in by_day_kw[start_days:]:
        mixed = keep_ratio * level + (1.0 - keep_ratio) * day_kw
        level = np.where(np.isnan(level), day_kw, np.where(np.isnan(day_kw), level, mixed))
    return level
