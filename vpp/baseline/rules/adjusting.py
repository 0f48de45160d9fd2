"""The same-day adjustment: moving a baseline to the level the site shows around the event."""

from dataclasses import dataclass, replace

import numpy as np

from vpp.baseline.rule_baseline import NoBaseline
from vpp.baseline.rules.candidates import ROUNDING
from vpp.baseline.rules.event_view import EventView, Floats
from vpp.baseline.rules.load_model import LoadModel
from vpp.foundation.interval import Interval
from vpp.portfolio.baseline_rule import Adjustment


@dataclass(frozen=True, slots=True)
class SameDayChange:
    """What a same-day adjustment does to a baseline: `raw * ratio + added_kw`.

    Attributes:
        added_kw: Added to every interval, kW.
        ratio: Multiplies every interval.
        made: Whether it could be measured.
        capped: Whether a cap made it smaller than measured.
        note: Why it was not made, or what is doubtful about it; empty if there is nothing to say.
    """

    added_kw: float = 0.0
    ratio: float = 1.0
    made: bool = False
    capped: bool = False
    note: str = ""


def adjustment_windows(view: EventView, adjustment: Adjustment) -> tuple[Interval, ...]:
    """Return the spans in which load and baseline are compared, UTC, in the rule's order.

    Where the rule says so they end when notice was given, on the last whole interval; a span that
    lies wholly after it is left out.
    """
    event, calendar = view.event, view.site.calendar
    anchors = {"start": event.start, "end": event.end}
    spans = [
        Interval(anchors[window.anchor] + window.begin, anchors[window.anchor] + window.end)
        for window in adjustment.windows
    ] + [
        calendar.clock_window(view.event_day, window.start, window.end) for window in adjustment.clock_windows
    ]
    if not adjustment.before_notice or view.notice_at is None:
        return tuple(spans)
    step = view.grid.step
    last = view.notice_at - (view.notice_at - view.grid.first) % step
    return tuple(Interval(span.start, min(span.end, last)) for span in spans if span.start < last)


def same_day_change(
    view: EventView, adjustment: Adjustment | None, model: LoadModel, raw_kw: Floats
) -> SameDayChange | NoBaseline:
    """Measure a rule's same-day adjustment.

    It needs every reading of its windows, and the model's load at each of their intervals; otherwise
    there is no adjustment, and the note says why. Of days used that lack readings there the others
    stand for them, which is noted: the event and its window are then not means over the same days.

    Args:
        view: The event's view of the site.
        adjustment: The rule's; None for none.
        model: What the method says of any window.
        raw_kw: What it says of the event, kW. Shape (N,).

    Returns:
        The change, or why the readings are too coarse for the windows.

    Source:
        Symmetric additive adjustment and ratio ("load point") adjustment as in the programmes that the
        rule files cite; windows and caps are the rule's.
    """
    if adjustment is None:
        return SameDayChange()
    windows = adjustment_windows(view, adjustment)
    for window in windows:
        if not view.fits(window):
            return view.off_grid(window)
    if not windows:
        return _not_made("the adjustment window lies after notice was given")
    actual_kw = np.concatenate([view.actual(window) for window in windows])
    base_kw = np.concatenate([model.load_kw(window) for window in windows])
    if gaps := int(np.isnan(actual_kw).sum()):
        return _not_made(f"{gaps} of {len(actual_kw)} intervals of the adjustment window are not metered")
    if np.isnan(base_kw).any():
        return _not_made("the days used were not metered in all of the adjustment window")
    change = change_between(adjustment, float(actual_kw.mean()), level_of(base_kw), float(raw_kw.mean()))
    return _noting_gaps(change, sum(model.gaps(window) for window in windows))


def _noting_gaps(change: SameDayChange, missing: int) -> SameDayChange:
    """Note readings of the days used that are missing in the windows, where a change was made."""
    if not missing or not change.made:
        return change
    return replace(
        change, note=f"the adjustment compares with days that lack {missing} readings in its window"
    )


def level_of(base_kw: Floats) -> float:
    """Return a baseline's mean over a window, kW; 0 where import and export cancel but for rounding.

    Example:
        >>> level_of(np.array([0.1, 0.2, -0.3]))
        0.0
    """
    mean_kw = float(base_kw.mean())
    return mean_kw if abs(mean_kw) > ROUNDING * float(np.abs(base_kw).max()) else 0.0


def change_between(
    adjustment: Adjustment, actual_mean_kw: float, base_mean_kw: float, raw_mean_kw: float
) -> SameDayChange:
    """Turn the means of the windows into a change.

    Args:
        adjustment: The rule's.
        actual_mean_kw: Mean load over the windows, kW.
        base_mean_kw: Mean of the baseline over them, kW.
        raw_mean_kw: Mean of the baseline in the event, kW: what the cap of a difference is a share of.

    Example:
        >>> from vpp.portfolio.baseline_rule import ClockWindow
        >>> from datetime import time
        >>> night = (ClockWindow(start=time(22), end=time(0)),)
        >>> round(change_between(Adjustment(kind="ratio", clock_windows=night), 95.0, 90.0, 104.5).ratio, 6)
        1.055556
    """
    if adjustment.kind == "additive":
        return _additive(adjustment, actual_mean_kw - base_mean_kw, raw_mean_kw)
    if base_mean_kw <= 0 or actual_mean_kw < 0:
        return _not_made(
            f"means of {actual_mean_kw:.3f} kW metered and {base_mean_kw:.3f} kW baseline in the adjustment "
            "window have no ratio"
        )
    return _ratio(adjustment, actual_mean_kw / base_mean_kw)


def _not_made(why: str) -> SameDayChange:
    return SameDayChange(note=f"not adjusted: {why}")


def _additive(adjustment: Adjustment, measured_kw: float, raw_mean_kw: float) -> SameDayChange:
    wanted_kw = max(measured_kw, 0.0) if adjustment.up_only else measured_kw
    if adjustment.cap_ratio is None:
        return SameDayChange(added_kw=wanted_kw, made=True)
    cap_kw = adjustment.cap_ratio * abs(raw_mean_kw)
    return SameDayChange(
        added_kw=min(max(wanted_kw, -cap_kw), cap_kw), made=True, capped=abs(wanted_kw) > cap_kw
    )


def _ratio(adjustment: Adjustment, measured: float) -> SameDayChange:
    wanted = max(measured, 1.0) if adjustment.up_only else measured
    if adjustment.cap_ratio is None:
        return SameDayChange(ratio=wanted, made=True)
    lowest, highest = 1.0 - adjustment.cap_ratio, 1.0 + adjustment.cap_ratio
    return SameDayChange(
        ratio=min(max(wanted, lowest), highest), made=True, capped=not lowest <= wanted <= highest
    )
