"""One level from just before the event, just after it, or both."""

import numpy as np

from vpp.baseline.rule_baseline import NoBaseline, NoBaselineReason
from vpp.baseline.rules.event_view import EventView
from vpp.baseline.rules.load_model import LoadModel
from vpp.foundation.interval import Interval
from vpp.portfolio.baseline_method import AroundEvent


def around_event(view: EventView, method: AroundEvent) -> LoadModel | NoBaseline:
    """Average the intervals of both windows together, and hold that level.

    With windows of unlike length the longer one weighs more: it is a mean over hours, not over windows.
    """
    windows = level_windows(view.event, method)
    for window in windows:
        if not view.fits(window):
            return view.off_grid(window)
    load_kw = np.concatenate([view.actual(window) for window in windows])
    known = int((~np.isnan(load_kw)).sum())
    if known < len(load_kw):
        return view.none(
            NoBaselineReason.WINDOW_NOT_METERED,
            f"{known} of {len(load_kw)} intervals around the event are metered, expected all",
        )
    level_kw = float(load_kw.mean())
    step = view.grid.step
    return LoadModel(lambda window: np.full(window.duration // step, level_kw))


def level_windows(event: Interval, method: AroundEvent) -> tuple[Interval, ...]:
    """Return the windows before and after an event whose load makes the level.

    Example:
        Three hours before and two after an event from 12:00 to 17:00, an hour left out on both sides:

        >>> from datetime import UTC, datetime, timedelta
        >>> noon, hour = datetime(2026, 7, 1, 12, tzinfo=UTC), timedelta(hours=1)
        >>> method = AroundEvent(
        ...     kind="around_event", before=3 * hour, skip_before=hour, after=2 * hour, skip_after=hour)
        >>> [(w.start.hour, w.end.hour) for w in level_windows(Interval(noon, noon + 5 * hour), method)]
        [(8, 11), (18, 20)]
    """
    before_end, after_start = event.start - method.skip_before, event.end + method.skip_after
    windows = []
    if method.before:
        windows.append(Interval(before_end - method.before, before_end))
    if method.after:
        windows.append(Interval(after_start, after_start + method.after))
    return tuple(windows)
