"""One level that does not depend on the event's day: a load to stay below."""

from dataclasses import replace

import numpy as np

from vpp.baseline.rule_baseline import NoBaseline, NoBaselineReason, RuleBaseline
from vpp.baseline.rules.candidates import known_mean
from vpp.baseline.rules.event_view import EventView, taken
from vpp.baseline.rules.load_model import LoadModel
from vpp.portfolio.baseline_method import FirmLevel

MOST_BASE_LOAD_DAYS = 366


def firm_level(view: EventView, method: FirmLevel, loss_ratio: float) -> LoadModel | NoBaseline:
    """Return the level of a site.

    A nominated level holds at the market's reference point, so it is brought to the meter by the rule's
    losses: `(level / loss - metered) * loss = level - metered * loss`.

    Args:
        view: The event's view of the site.
        method: Which level.
        loss_ratio: The rule's factor for losses.
    """
    if method.basis == "nominated_kw":
        nominated_kw = view.site.nominated_kw
        if nominated_kw is None:
            return view.none(
                NoBaselineReason.MISSING_INPUT, "the rule needs the site's nominated level, nominated_kw"
            )
        return _level(view, nominated_kw / loss_ratio)
    if method.basis == "peak_hours":
        return _peak_hours(view, method)
    return _base_load(view)


def lower_of(level: RuleBaseline, other: RuleBaseline) -> RuleBaseline:
    """Count delivery from the lower of a level and another rule's baseline, interval by interval.

    `min(baseline - metered, level - metered)` is `min(baseline, level) - metered`.
    """
    return replace(
        other,
        raw_kw=other.raw_kw.clip(upper=level.raw_kw),
        adjusted_kw=other.adjusted_kw.clip(upper=level.adjusted_kw),
        method=f"{level.method}/{other.method}",
        notes=(*level.notes, *(note for note in other.notes if note not in level.notes)),
    )


def _peak_hours(view: EventView, method: FirmLevel) -> LoadModel | NoBaseline:
    """Average the site's highest loads among the like period's peak hours."""
    average, candidates = method.average or 1, method.candidates or 1
    hours = view.site.peak_intervals[:candidates]
    if not hours:
        return view.none(
            NoBaselineReason.MISSING_INPUT, "the rule needs the like period's peak hours, peak_intervals"
        )
    means_kw = np.array([known_mean(taken(view.past_kw, view.grid.of(hour)))[0] for hour in hours])
    highest_kw = np.sort(means_kw[~np.isnan(means_kw)])[::-1][:average]
    if len(highest_kw) < average:
        return view.none(
            NoBaselineReason.INSUFFICIENT_HISTORY,
            f"{len(highest_kw)} of {len(hours)} peak hours are metered, expected at least {average}",
        )
    return _level(view, float(highest_kw.mean()))


def _base_load(view: EventView) -> LoadModel | NoBaseline:
    """Take the highest base load of a year's days: of each whole day its lowest load."""
    calendar = view.site.calendar
    first_day = calendar.civil_date(view.grid.first)
    reach = min((view.event_day - first_day).days, MOST_BASE_LOAD_DAYS)
    days_kw = [
        taken(view.past_kw, view.grid.of(calendar.day(view.day(back)))) for back in range(1, reach + 1)
    ]
    base_kw = [float(day_kw.min()) for day_kw in days_kw if not np.isnan(day_kw).any()]
    if not base_kw:
        return view.none(
            NoBaselineReason.INSUFFICIENT_HISTORY, "no earlier day is metered as a whole, expected one"
        )
    return _level(view, max(base_kw))


def _level(view: EventView, level_kw: float) -> LoadModel:
    step = view.grid.step
    return LoadModel(lambda window: np.full(window.duration // step, level_kw))
