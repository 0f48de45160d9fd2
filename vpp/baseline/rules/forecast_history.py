"""What history a forecast must rest on before a site is settled by it."""

from datetime import timedelta

import numpy as np
import numpy.typing as npt
import pandas as pd

from vpp.baseline.civil_clock import ONE_DAY
from vpp.baseline.forecasting.outside_series import plan_over
from vpp.baseline.rule_baseline import NoBaseline, NoBaselineReason
from vpp.baseline.rules.event_view import EventView
from vpp.foundation.interval import Interval
from vpp.portfolio.day_kind import DayKind

# A longer gap is not estimated from like days either.
OLDEST_READING = timedelta(days=7)
FEWEST_LIKE_DAYS = 5
LEAST_METERED_RATIO = 0.5  # of a day's intervals; a day of an event has readings outside it
CLASSES = (
    frozenset({DayKind.WORKDAY}),
    frozenset({DayKind.SATURDAY}),
    frozenset({DayKind.SUNDAY, DayKind.HOLIDAY}),
)


def too_little_history(view: EventView, horizon: Interval) -> NoBaseline | None:
    """Say why a forecast may not be a baseline, though it can be made: it may rest on next to nothing.

    A forecast answers whatever is known, for the sake of planning. To be paid by it, a site must have been
    metered within a week before the event, and on five days of the event's class at least half through;
    until then the site's own plan stands for those days.

    Args:
        view: The event's view of the site.
        horizon: The span that is forecast; readings from its start on are not used.

    Returns:
        Why there is no baseline; None where there is enough. A site without any reading that gave a plan
        has enough: the forecast is that plan.
    """
    step, first = view.grid.step, view.grid.first
    end = min(max((horizon.start - first) // step, 0), len(view.visible_kw))
    known = ~np.isnan(view.visible_kw[:end])
    if known.any():
        last_end = first + (int(np.flatnonzero(known)[-1]) + 1) * step
        age = view.event.start - last_end
        if age > OLDEST_READING:
            return view.none(
                NoBaselineReason.INSUFFICIENT_HISTORY,
                f"the last reading that the forecast may use ends {age / ONE_DAY:.1f} days before the event, "
                f"expected at most {OLDEST_READING.days}",
            )
    if _has_plan(view, horizon):
        return None
    kind = view.site.calendar.day_kind(view.event_day)
    count = _like_day_count(view, known, kind)
    if count >= FEWEST_LIKE_DAYS:
        return None
    return view.none(
        NoBaselineReason.INSUFFICIENT_HISTORY,
        f"{count} days like {view.event_day} ({kind.value}) are metered before the event, expected at least "
        f"{FEWEST_LIKE_DAYS}, or the site's plan",
    )


def _has_plan(view: EventView, horizon: Interval) -> bool:
    """Tell whether the site gave a plan for all that is forecast."""
    plan_kw, step = view.site.plan_kw, view.grid.step
    if plan_kw is None:
        return False
    count = horizon.duration // step
    index = pd.date_range(pd.Timestamp(horizon.start), periods=count, freq=pd.Timedelta(step))
    return not np.isnan(plan_over(plan_kw, index, step)).any()


def _like_day_count(view: EventView, known: npt.NDArray[np.bool_], kind: DayKind) -> int:
    """Count the days of a kind's class that are metered at least half through, up to as many as needed."""
    calendar = view.site.calendar
    like = next(kinds for kinds in CLASSES if kind in kinds)
    count, back = 0, 1
    while count < FEWEST_LIKE_DAYS:
        day = view.day(back)
        span = calendar.day(day)
        if span.end <= view.grid.first:
            break
        back += 1
        if day in view.site.excluded_dates or calendar.day_kind(day) not in like:
            continue
        positions = view.grid.of(span)
        inside = positions[(positions >= 0) & (positions < len(known))]
        count += bool(known[inside].sum() >= LEAST_METERED_RATIO * len(positions))
    return count
