"""Mean of the earlier days most like the event's: by load outside the event, by temperature, by date."""

from dataclasses import replace

import numpy as np

from vpp.baseline.rule_baseline import NoBaseline, NoBaselineReason
from vpp.baseline.rules.day_choice import DayChoice, choose_days
from vpp.baseline.rules.event_view import EventView, Floats
from vpp.baseline.rules.load_model import LoadModel
from vpp.baseline.rules.other_series import mean_on_day
from vpp.baseline.rules.x_of_y import mean_of_picked
from vpp.foundation.interval import Interval
from vpp.portfolio.baseline_method import NearestDays
from vpp.portfolio.baseline_rule import DayPool


def nearest_days(view: EventView, method: NearestDays, pool: DayPool) -> LoadModel | NoBaseline:
    """Average the candidates at the least distance from the event's day; ties go to the more recent."""
    choice = choose_days(view, pool)
    if isinstance(choice, NoBaseline):
        return choice
    backs = choice.days.days_back.tolist()
    if method.by == "other_hours":
        distance = _load_distance(view, method, backs, pool.complete_ratio)
    elif method.by == "temperature":
        distance = _temperature_distance(view, backs)
    else:
        distance = np.array(backs, dtype=np.float64)
    if isinstance(distance, NoBaseline):
        return distance
    return nearest_of(view, choice, distance)


def nearest_of(view: EventView, choice: DayChoice, distance: Floats) -> LoadModel | NoBaseline:
    """Average the days at the least distance; ties go to the more recent.

    Args:
        view: The event's view of the site.
        choice: The days compared.
        distance: Of each day; NaN for one that cannot be compared. Shape (K,).
    """
    usable = np.flatnonzero(~np.isnan(distance))
    count = choice.day_class.average
    if not len(usable):
        return view.none(
            NoBaselineReason.INSUFFICIENT_HISTORY,
            f"none of {len(choice.days)} candidate days can be compared with the event's",
        )
    nearest = usable[np.argsort(distance[usable], kind="stable")[:count]]
    model = mean_of_picked(view, choice, choice.days.at(np.sort(nearest)))
    if len(nearest) < count and not choice.settled:
        return replace(model, steps=(*model.steps, f"mean-of-available-{len(nearest)}"))
    return model


def compared_windows(view: EventView, method: NearestDays) -> tuple[Interval, ...]:
    """Return the event's civil day without the event and the time left out on both sides of it."""
    day = view.site.calendar.day(view.event_day)
    before_end, after_start = view.event.start - method.skip, view.event.end + method.skip
    spans = []
    if before_end > day.start:
        spans.append(Interval(day.start, before_end))
    if after_start < day.end:
        spans.append(Interval(after_start, day.end))
    return tuple(spans)


def _load_distance(
    view: EventView, method: NearestDays, backs: list[int], complete_ratio: float
) -> Floats | NoBaseline:
    """Return the root mean square difference of load outside the event, kW; NaN for no comparison."""
    windows = compared_windows(view, method)
    for window in windows:
        if not view.fits(window):
            return view.off_grid(window)
    if not windows:
        return view.none(
            NoBaselineReason.WINDOW_NOT_METERED, "the event leaves no hours of its day to compare"
        )
    actual_kw = np.concatenate([view.actual(window) for window in windows])
    known = ~np.isnan(actual_kw)
    if not known.any() or known.mean() < complete_ratio:
        return view.none(
            NoBaselineReason.WINDOW_NOT_METERED,
            f"{known.sum()} of {len(known)} intervals outside the event are metered on its day",
        )
    by_day_kw = np.concatenate([view.past(window, backs) for window in windows], axis=1)[:, known]
    return rms_distance(by_day_kw, actual_kw[known], complete_ratio)


def rms_distance(by_day_kw: Floats, actual_kw: Floats, complete_ratio: float) -> Floats:
    """Return each day's root mean square difference from a load, over what is known.

    Args:
        by_day_kw: kW; NaN is a gap. Shape (D, N).
        actual_kw: kW, without gaps. Shape (N,).
        complete_ratio: Least share that must be known.

    Returns:
        kW; NaN for a day with too little known. Shape (D,).
    """
    known = ~np.isnan(by_day_kw)
    square = np.where(known, by_day_kw - actual_kw, 0.0) ** 2
    distance = np.sqrt(square.sum(axis=1) / np.maximum(known.sum(axis=1), 1))
    enough = known.any(axis=1) & (known.mean(axis=1) >= complete_ratio)
    return np.where(enough, distance, np.nan)


def _temperature_distance(view: EventView, backs: list[int]) -> Floats | NoBaseline:
    """Return the difference of the days' mean temperatures, degrees; NaN for no comparison."""
    temperature_c = view.site.temperature_c
    if temperature_c is None:
        return view.none(NoBaselineReason.MISSING_INPUT, "the rule compares temperatures, and none are given")
    event_c = mean_on_day(temperature_c, view.site.calendar.day(view.event_day))
    if np.isnan(event_c):
        return view.none(
            NoBaselineReason.MISSING_INPUT,
            f"temperature is not known for all of {view.event_day}, the event's day",
        )
    means_c = [mean_on_day(temperature_c, view.site.calendar.day(view.day(back))) for back in backs]
    return np.abs(np.array(means_c) - event_c)
