"""The earlier day that, with its eve, is most like the event's day and its eve."""

import numpy as np

from vpp.baseline.civil_clock import ONE_DAY
from vpp.baseline.rule_baseline import NoBaseline, NoBaselineReason
from vpp.baseline.rules.day_choice import choose_days
from vpp.baseline.rules.event_view import EventView
from vpp.baseline.rules.load_model import LoadModel
from vpp.baseline.rules.nearest_days import nearest_of, rms_distance
from vpp.foundation.interval import Interval
from vpp.portfolio.baseline_method import MatchingPair
from vpp.portfolio.baseline_rule import DayPool


def matching_pair(view: EventView, method: MatchingPair, pool: DayPool) -> LoadModel | NoBaseline:
    """Compare load from the eve's midnight to the event, and average the most similar candidates.

    The eve counts whatever its class: a Monday is like a Monday also by the Sunday before it.
    """
    choice = choose_days(view, pool)
    if isinstance(choice, NoBaseline):
        return choice
    window = Interval(view.site.calendar.day(view.event_day - ONE_DAY).start, view.event.start - method.skip)
    if not view.fits(window):
        return view.off_grid(window)
    actual_kw = view.actual(window)
    known = ~np.isnan(actual_kw)
    if not known.any() or known.mean() < pool.complete_ratio:
        return view.none(
            NoBaselineReason.WINDOW_NOT_METERED,
            f"{known.sum()} of {len(known)} intervals from the eve's midnight to the event are metered",
        )
    backs = choice.days.days_back.tolist()
    distance = rms_distance(view.past(window, backs)[:, known], actual_kw[known], pool.complete_ratio)
    return nearest_of(view, choice, distance)
