"""Mean of X of the Y most recent like days."""

from dataclasses import replace

import numpy as np

from vpp.baseline.rule_baseline import NoBaseline
from vpp.baseline.rules.candidates import Candidates
from vpp.baseline.rules.day_choice import DayChoice, choose_days
from vpp.baseline.rules.event_view import EventView
from vpp.baseline.rules.load_model import DayShares, LoadModel, equal_or_weighted
from vpp.portfolio.baseline_method import XOfY
from vpp.portfolio.baseline_rule import DayPool


def x_of_y(view: EventView, method: XOfY, pool: DayPool) -> LoadModel | NoBaseline:
    """Average some of the recent like days, interval by interval.

    With fewer than Y candidates the rule gives way by name: `high-4-of-N` while there are X of them,
    and below that the pool's own shortage steps.
    """
    choice = choose_days(view, pool, rank_by_day=method.rank_by == "day_energy")
    if isinstance(choice, NoBaseline):
        return choice
    count, found = choice.day_class.average, len(choice.days)
    model = mean_of_picked(view, choice, picked_days(choice.days, method.pick, count))
    if choice.settled or found >= choice.day_class.candidates:
        return model
    return replace(model, steps=(*model.steps, shorter_name(method.pick, count, found)))


def shorter_name(pick: str, count: int, found: int) -> str:
    """Name the step of a rule that has enough days, but fewer than the Y it would choose from.

    Example:
        >>> shorter_name("high", 4, 4), shorter_name("high", 4, 3), shorter_name("all", 10, 8)
        ('high-4-of-4', 'mean-of-3', 'mean-of-8')
    """
    if pick == "all" or found < count:
        return f"mean-of-{min(count, found)}"
    return f"{pick}-{count}-of-{found}"


def picked_days(days: Candidates, pick: str, count: int) -> Candidates:
    """Return X of the days by the rule's ranking, most recent first; ties go to the more recent.

    Of an odd number of days too many for the middle, one more is dropped at the high end than at the
    low one: a doubtful day must not raise what is paid.

    Example:
        >>> days = Candidates(np.arange(1, 6), *[np.array([4.0, 2.0, 5.0, 1.0, 3.0])] * 2)
        >>> [picked_days(days, pick, 2).days_back.tolist() for pick in ("high", "low", "middle", "all")]
        [[1, 3], [2, 4], [2, 5], [1, 2]]
    """
    if pick == "all" or len(days) <= count:
        return days.at(slice(count))
    if pick == "high":
        order = np.argsort(-days.rank_kw, kind="stable")
    else:
        order = np.argsort(days.rank_kw, kind="stable")
    skip = (len(days) - count) // 2 if pick == "middle" else 0
    return days.at(np.sort(order[skip : skip + count]))


def mean_of_picked(view: EventView, choice: DayChoice, picked: Candidates) -> LoadModel:
    """Return the mean of picked days, with the steps that led to them.

    Args:
        view: The event's view of the site.
        choice: The days picked from.
        picked: The days averaged, most recent first.
    """
    shares = DayShares(
        tuple(picked.days_back.tolist()),
        equal_or_weighted(choice.day_class.weights, len(picked)),
        choice.dispatched,
    )
    return LoadModel(
        load_kw=lambda window: shares.load_kw(view, window),
        days_used=tuple(view.day(back) for back in shares.days_back),
        steps=choice.steps,
        gaps=lambda window: shares.gaps(view, window),
    )
