"""Earlier days that may stand for the event's, and the screen for days of unusually low use."""

from dataclasses import dataclass, replace
from datetime import date
from typing import Self

import numpy as np
import numpy.typing as npt

from vpp.baseline.rules.event_view import EventView, Floats, taken
from vpp.baseline.rules.wall_positions import Ints
from vpp.foundation.interval import Interval
from vpp.portfolio.baseline_rule import DayClass, DayPool

# Means of the same load over the same window differ by rounding alone below this share.
ROUNDING = 1e-12


@dataclass(frozen=True, slots=True, eq=False)
class Candidates:
    """Earlier days, most recent first.

    Attributes:
        days_back: How many civil days before the event's. Shape (K,).
        mean_kw: Mean load in the event's window, kW. Shape (K,).
        rank_kw: What they are ranked by: that mean, or the mean of the whole day, kW. Shape (K,).
    """

    days_back: Ints
    mean_kw: Floats
    rank_kw: Floats

    def __len__(self) -> int:
        """Return how many days there are."""
        return len(self.days_back)

    def at(self, where: npt.NDArray[np.bool_] | npt.NDArray[np.int64] | slice) -> Self:
        """Return some of the days, in their order."""
        return replace(
            self,
            days_back=self.days_back[where],
            mean_kw=self.mean_kw[where],
            rank_kw=self.rank_kw[where],
        )


def like_days(
    view: EventView, pool: DayPool, day_class: DayClass, lookback_days: int, *, rank_by_day: bool
) -> Candidates:
    """List the days of a class that may stand for the event's.

    A day counts if it is of the class, within the look-back, over by the latest usable day and (where
    the rule says so) before notice was given; if no event, outage or declaration excludes it; and if
    enough of its window is metered. Ranked by the whole day, enough of that must be metered too.

    Args:
        view: The event's view of the site.
        pool: The rule's days.
        day_class: The class wanted.
        lookback_days: How far back, civil days.
        rank_by_day: Whether days are ranked by their whole load. Mean power stands for energy, so that
            a day of 23 or 25 hours ranks like any other.
    """
    days_back = np.array(eligible_days_back(view, pool, day_class, lookback_days), dtype=np.int64)
    return measured(view, days_back, view.past_kw, pool.complete_ratio, rank_by_day=rank_by_day)


def eligible_days_back(view: EventView, pool: DayPool, day_class: DayClass, lookback_days: int) -> list[int]:
    """List the days of a class that nothing excludes, metered or not, as days before the event's."""
    return [
        back
        for back in class_days_back(view, pool, day_class, lookback_days)
        if not is_excluded(view, view.day(back))
    ]


def class_days_back(view: EventView, pool: DayPool, day_class: DayClass, lookback_days: int) -> list[int]:
    """List the days of a class within reach, as days before the event's, whatever happened on them."""
    calendar = view.site.calendar
    # An event past midnight reaches into the day after: one day more than the meter's may be known in part.
    furthest = min(lookback_days, (view.event_day - calendar.civil_date(view.grid.first)).days + 1)
    return [
        back
        for back in range(earliest_offset(view, pool), furthest + 1)
        if calendar.day_kind(view.day(back)) in day_class.kinds
    ]


def is_excluded(view: EventView, day: date) -> bool:
    """Tell whether an event, an outage or a declaration keeps a day from standing for others."""
    return day in view.site.excluded_dates or day in view.event_days


def earliest_offset(view: EventView, pool: DayPool) -> int:
    """Return how many days before the event's the most recent usable day lies."""
    offset = pool.latest_day_offset
    if pool.before_notice and view.notice_at is not None:
        told_on = view.site.calendar.civil_date(view.notice_at)
        offset = max(offset, (view.event_day - told_on).days + 1)  # the day of notice was not over
        # An event past midnight reads into the day after: that must have been over too.
        step = view.grid.step
        last = Interval(view.event.end - step, view.event.end)
        while view.site.calendar.same_window(last, step, offset)[0] + step > view.notice_at:
            offset += 1
    return offset


def measured(
    view: EventView, days_back: Ints, load_kw: Floats, complete_ratio: float, *, rank_by_day: bool
) -> Candidates:
    """Measure days in the event's window, and leave out those with too few readings."""
    if not len(days_back):
        return Candidates(days_back, np.empty(0), np.empty(0))
    by_day_kw = taken(load_kw, view.grid.on_earlier_days(view.event, days_back.tolist()))
    mean_kw, known = known_mean(by_day_kw)
    rank_kw, whole_known = mean_kw, known
    if rank_by_day:
        whole = [
            known_mean(taken(load_kw, view.grid.of(view.site.calendar.day(view.day(int(back))))))
            for back in days_back
        ]
        rank_kw = np.array([mean for mean, _ in whole])
        whole_known = np.array([share for _, share in whole])
    least_known = np.minimum(known, whole_known)
    enough = (least_known > 0) & (least_known >= complete_ratio - ROUNDING)
    return Candidates(days_back, mean_kw, rank_kw).at(enough)


def known_mean(values: Floats) -> tuple[Floats, Floats]:
    """Return the mean of what is known along the last axis, NaN if nothing is, and the share known."""
    known = ~np.isnan(values)
    count = known.sum(axis=-1)
    mean = np.where(known, values, 0.0).sum(axis=-1) / np.maximum(count, 1)
    return np.where(count > 0, mean, np.nan), count / max(values.shape[-1], 1)


def screened(days: Candidates, count: int, pool: DayPool) -> Candidates:
    """Drop days of unusually low use, and refill from older ones.

    The line is drawn once, from the mean of the most recent `count` candidates with the low days among
    them; refilled days must pass it too. A site whose mean is not above 0 kW has no low use to speak of.

    Args:
        days: Candidates, most recent first.
        count: How many are wanted, Y of "X of Y".
        pool: The rule's screen.
    """
    first_mean_kw = float(days.mean_kw[:count].mean()) if len(days) else 0.0
    if pool.low_use_ratio <= 0 or first_mean_kw <= 0:
        return days.at(slice(count))
    line_kw = pool.low_use_ratio * first_mean_kw
    slack_kw = ROUNDING * line_kw
    if pool.low_use_inclusive:
        stays = days.mean_kw > line_kw + slack_kw
    else:
        stays = days.mean_kw >= line_kw - slack_kw
    return days.at(stays).at(slice(count))
