"""What a method says a site's load would be, in the event and in any other window."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from vpp.baseline.rules.event_view import EventView, Floats, taken
from vpp.foundation.interval import Interval


def _none_missing(_: Interval) -> int:
    return 0


@dataclass(frozen=True, slots=True, eq=False)
class LoadModel:
    """A method's answer, before the same-day adjustment.

    Attributes:
        load_kw: Gives the load of a span, kW, NaN where the method cannot say; shape (intervals,).
        days_used: Civil days that went into it, most recent first.
        steps: Named fallbacks that were taken, in their order; empty if none.
        notes: What a reader must know, in plain words.
        gaps: Counts the readings of the days used that a span lacks.
    """

    load_kw: Callable[[Interval], Floats]
    days_used: tuple[date, ...] = ()
    steps: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    gaps: Callable[[Interval], int] = _none_missing


@dataclass(frozen=True, slots=True, eq=False)
class DayShares:
    """Days and what each counts in a mean.

    Attributes:
        days_back: How many civil days before the event's each lies, ascending. Length D.
        shares: What each counts, relative to the others. Shape (D,).
        dispatched: Those of them that are event days, whose curtailed load is shown.
    """

    days_back: tuple[int, ...]
    shares: Floats
    dispatched: frozenset[int] = frozenset()

    def load_kw(self, view: EventView, window: Interval) -> Floats:
        """Return the mean load at a span's wall times; an interval leaves out the days that lack it."""
        return shared_mean(self._by_day_kw(view, window), self.shares)

    def gaps(self, view: EventView, window: Interval) -> int:
        """Return how many readings of the days a span's wall times lack."""
        return int(np.isnan(self._by_day_kw(view, window)).sum())

    def _by_day_kw(self, view: EventView, window: Interval) -> Floats:
        """Return the days' load at a span's wall times, NaN where it is not known; (D, N)."""
        positions = view.grid.on_earlier_days(window, self.days_back)
        is_dispatched = np.array([days in self.dispatched for days in self.days_back])[:, None]
        return np.where(is_dispatched, taken(view.dispatched_kw, positions), taken(view.past_kw, positions))


def shared_mean(by_day_kw: Floats, shares: Floats) -> Floats:
    """Return the weighted mean over days of what is known.

    Args:
        by_day_kw: kW; NaN is a gap. Shape (D, N).
        shares: Weight of each day. Shape (D,).

    Returns:
        kW; NaN where no day is known. Shape (N,).

    Example:
        >>> shared_mean(np.array([[100.0, 1.0], [90.0, np.nan]]), np.array([0.5, 0.5])).tolist()
        [95.0, 1.0]
    """
    known = ~np.isnan(by_day_kw)
    weight = (known * shares[:, None]).sum(axis=0)
    total = np.where(known, by_day_kw * shares[:, None], 0.0).sum(axis=0)
    mean = np.full(by_day_kw.shape[1], np.nan)
    np.divide(total, weight, out=mean, where=weight > 0)
    return mean


def equal_or_weighted(weights: Sequence[float], count: int) -> Floats:
    """Return what each of a number of days counts: all the same, or the first of given weights."""
    shares = np.array(weights[:count])
    return shares if shares.sum() > 0 else np.ones(count)
