"""Load raised before an event: in the adjustment window, or from the notice on.

Where the event asks for more consumption, load lowered there.
"""

from collections.abc import Callable
from datetime import timedelta
from types import MappingProxyType

import numpy as np

from vpp.baseline.scoring.civil_days import number_of
from vpp.baseline.scoring.day_table import Floats, Ints
from vpp.baseline.scoring.gaming_flag import GamingFlag, GamingKind
from vpp.baseline.scoring.gaming_view import GamingView
from vpp.foundation.direction import Direction
from vpp.foundation.interval import Interval
from vpp.portfolio.baseline_method import AroundEvent

# How many like days before it a day's load is held against.
REFERENCE_DAYS = 10
LONGEST_RAMP = timedelta(hours=4)
SHORTEST_RAMP = timedelta(hours=2)
NOTHING = 1e-3
"""So small a share of the usual load is none at all."""
MIRRORED = MappingProxyType(
    {
        GamingKind.RAISED_LOAD: GamingKind.LOWERED_LOAD,
        GamingKind.PRE_EVENT_RAMP: GamingKind.PRE_EVENT_DIP,
    }
)
"""What a sign is called where the event asks for more consumption."""


def raised_load(view: GamingView) -> GamingFlag | None:
    """Flag a load in the adjustment window that is far above that of the days the baseline used.

    The window's readings lift the baseline, so a site gains by using more just then. The ratio is held
    against a limit and against the same ratio on earlier like days, each over the like days before it: a
    site whose load varies that much anyway is not flagged. Where the event asks for more consumption the
    site gains by using less, and it is the load of those days over its own.
    """
    windows = _level_windows(view)
    if not windows:
        return None

    def level(days: Ints) -> Floats:
        weights = np.array([window.duration / timedelta(hours=1) for window in windows])
        means = np.stack([view.table.mean_kw(window, view.day, days) for window in windows])
        found: Floats = weights @ means / weights.sum()
        return found

    return _flag(view, level, GamingKind.RAISED_LOAD, "load in the window that sets the level")


def pre_event_ramp(view: GamingView) -> GamingFlag | None:
    """Flag a load that rises from the notice on by much more than it does on like days.

    What is compared is the load from notice to start over the load of a time as long before it. Without
    notice, or with less than an interval, it is the last two hours; of a longer notice the last four.
    """
    start, step = view.event.start, view.table.step
    told = view.on_grid(max(view.told_at, start - LONGEST_RAMP))
    if start - told < step:
        told = start - SHORTEST_RAMP // step * step
    if start <= told:
        return None
    after, before = Interval(told, start), Interval(told - (start - told), told)

    def rise(days: Ints) -> Floats:
        earlier_kw = view.table.mean_kw(before, view.day, days)
        found: Floats = view.table.mean_kw(after, view.day, days) / np.where(
            earlier_kw > 0, earlier_kw, np.nan
        )
        return found

    return _flag(view, rise, GamingKind.PRE_EVENT_RAMP, "rise of the load before the event")


def _level_windows(view: GamingView) -> list[Interval]:
    """Return the windows before the event whose readings move the baseline."""
    start = view.event.start
    spans = []
    if isinstance(view.rule.method, AroundEvent) and view.rule.method.before:
        end = start - view.rule.method.skip_before
        spans.append((end - view.rule.method.before, end))
    if view.rule.adjustment is not None:
        spans.extend(
            (
                start + window.begin,
                min(start + window.end, view.told_at)
                if view.rule.adjustment.before_notice
                else start + window.end,
            )
            for window in view.rule.adjustment.windows
            if window.anchor == "start"
        )
    return [
        Interval(begin, end)
        for begin, end in ((view.on_grid(begin), view.on_grid(end)) for begin, end in spans)
        if end - begin >= view.table.step
    ]


def _flag(
    view: GamingView, figure: Callable[[Ints], Floats], kind: GamingKind, what: str
) -> GamingFlag | None:
    """Flag the event day's figure if it is far above its reference and above what earlier days show.

    Where the event asks for more consumption: far below, by the same ratios the other way round.
    """
    raises = view.direction is Direction.LOAD_UP
    figures = (
        figure(np.array([number_of(view.day)])),
        figure(view.earlier_days()),
        figure(np.array([number_of(day) for day in view.baseline.days_used], dtype=np.int64)),
    )
    (today,), earlier, used = _turned(*figures) if raises else figures
    reference = _mean(used if not np.isnan(used).all() else earlier[:REFERENCE_DAYS])
    ratio = float(today / reference) if reference > 0 else float("nan")
    if np.isnan(ratio) or ratio <= view.limits.load_ratio:
        return None
    known = earlier[~np.isnan(earlier)]
    # Each earlier day over the like days before it, as the event's day is held against those before it.
    references = [_mean(known[n + 1 : n + 1 + REFERENCE_DAYS]) for n in range(len(known) - 1)]
    placebos = np.array(
        [value / before for value, before in zip(known, references, strict=False) if before > 0]
    )
    compared = "too few earlier days to compare with"
    if len(placebos) >= view.limits.fewest_placebos:
        usual = float(np.quantile(placebos, view.limits.placebo_quantile))
        if ratio <= usual:
            return None
        compared = (
            f"of {len(placebos)} earlier like days {view.limits.placebo_quantile:.0%} stay below {usual:.2f}"
        )
    found = f"{what} is {ratio:.2f} times that of like days"
    if raises:
        found = f"on like days {what} is {ratio:.2f} times as large"
    return GamingFlag(
        MIRRORED[kind] if raises else kind,
        ratio,
        view.limits.load_ratio,
        f"{found}, above {view.limits.load_ratio:.2f}; {compared}",
    )


def _turned(*figures: Floats) -> tuple[Floats, ...]:
    """Return how many times smaller figures are than 1; none is taken for smaller than `NOTHING` of usual.

    A load that was shut off altogether is the clearest sign, and its ratio still a number.
    """
    every = np.concatenate(figures)
    usual = _mean(np.where(every > 0, every, np.nan))
    return tuple(1.0 / np.maximum(each, NOTHING * usual) for each in figures)


def _mean(values: Floats) -> float:
    known = values[~np.isnan(values)]
    return float(known.mean()) if known.size else float("nan")
