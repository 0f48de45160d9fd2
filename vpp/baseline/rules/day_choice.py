"""The days a rule works with: its class, its screen, and its steps when days are missing."""

from dataclasses import dataclass, replace

import numpy as np

from vpp.baseline.rule_baseline import NoBaseline, NoBaselineReason
from vpp.baseline.rules.candidates import Candidates, earliest_offset, like_days, measured, screened
from vpp.baseline.rules.event_view import EventView
from vpp.portfolio.baseline_rule import DayClass, DayPool, Shortage


@dataclass(frozen=True, slots=True, eq=False)
class DayChoice:
    """At most Y days, and how they were come by.

    Attributes:
        days: The days, most recent first.
        day_class: The class whose counts hold.
        lookback_days: The look-back in force.
        dispatched: Event days among them, as days before the event's.
        steps: The shortage steps that were taken, by name.
        settled: Whether the rule makes do with fewer days than it wants.
    """

    days: Candidates
    day_class: DayClass
    lookback_days: int
    dispatched: frozenset[int] = frozenset()
    steps: tuple[str, ...] = ()
    settled: bool = False

    @property
    def fewest(self) -> int:
        """Fewest days that need no further step."""
        wanted = self.day_class.fewest
        return self.day_class.average if wanted is None else wanted

    @property
    def is_enough(self) -> bool:
        """Whether no further step is needed."""
        return self.settled or len(self.days) >= self.fewest


def choose_days(view: EventView, pool: DayPool, *, rank_by_day: bool = False) -> DayChoice | NoBaseline:
    """Find the days of a rule, by its shortage steps if there are too few.

    Args:
        view: The event's view of the site.
        pool: The rule's days.
        rank_by_day: Whether days are ranked by the whole day's load.

    Returns:
        The days, with the steps taken by name: `extended-lookback`, `highest-event-days`, `next-class`,
        `mean-of-available-N`; or why there are none.
    """
    kind = view.site.calendar.day_kind(view.event_day)
    day_class = pool.class_of(kind)
    if day_class is None:
        return view.none(
            NoBaselineReason.DAY_NOT_COVERED,
            f"{view.event_day} is a {kind.value}, and the rule covers none of those",
        )

    found = _found(view, pool, day_class, pool.lookback_days, rank_by_day=rank_by_day)
    choice = DayChoice(found, day_class, pool.lookback_days)
    for step in pool.shortage:
        if choice.is_enough:
            break
        choice = _LADDER[step](view, pool, choice, rank_by_day=rank_by_day)
    if choice.is_enough:
        return choice
    return view.none(
        NoBaselineReason.INSUFFICIENT_HISTORY,
        f"{len(choice.days)} days like {view.event_day} ({kind.value}) within {choice.lookback_days} days, "
        f"expected at least {choice.fewest}",
    )


def _found(
    view: EventView, pool: DayPool, day_class: DayClass, lookback_days: int, *, rank_by_day: bool
) -> Candidates:
    """Return the screened days of a class, at most Y."""
    days = like_days(view, pool, day_class, lookback_days, rank_by_day=rank_by_day)
    return screened(days, day_class.candidates, pool)


def _extended(view: EventView, pool: DayPool, choice: DayChoice, *, rank_by_day: bool) -> DayChoice:
    """Look further back."""
    reach = pool.extended_lookback_days or pool.lookback_days
    days = _found(view, pool, choice.day_class, reach, rank_by_day=rank_by_day)
    if len(days) <= len(choice.days):
        return choice
    return replace(choice, days=days, lookback_days=reach, steps=(*choice.steps, "extended-lookback"))


def _next_class(view: EventView, pool: DayPool, choice: DayChoice, *, rank_by_day: bool) -> DayChoice:
    """Take the next class in the rule's order that has days enough, in a ring."""
    at = pool.classes.index(choice.day_class)
    for other in (*pool.classes[at + 1 :], *pool.classes[:at]):
        days = _found(view, pool, other, choice.lookback_days, rank_by_day=rank_by_day)
        found = DayChoice(days, other, choice.lookback_days, steps=(*choice.steps, "next-class"))
        if found.is_enough:
            return found
    return choice


def _available(view: EventView, pool: DayPool, choice: DayChoice, *, rank_by_day: bool) -> DayChoice:  # noqa: ARG001  one signature for all steps
    """Make do with the days there are."""
    if not len(choice.days):
        return choice
    return replace(choice, settled=True, steps=(*choice.steps, f"mean-of-available-{len(choice.days)}"))


def _with_event_days(view: EventView, pool: DayPool, choice: DayChoice, *, rank_by_day: bool) -> DayChoice:
    """Fill up with the event days of the class on which load was highest, curtailed as it was."""
    backs = sorted(
        (view.event_day - day).days
        for day in view.event_days - view.site.excluded_dates
        if view.site.calendar.day_kind(day) in choice.day_class.kinds
    )
    latest = earliest_offset(view, pool)
    in_reach = [back for back in backs if latest <= back <= choice.lookback_days]
    days = measured(
        view,
        np.array(in_reach, dtype=np.int64),
        view.dispatched_kw,
        pool.complete_ratio,
        rank_by_day=rank_by_day,
    )
    missing = choice.fewest - len(choice.days)
    highest = np.sort(np.argsort(-days.rank_kw, kind="stable")[:missing])
    taken = days.at(highest)
    if not len(taken):
        return choice
    both = Candidates(
        np.concatenate([choice.days.days_back, taken.days_back]),
        np.concatenate([choice.days.mean_kw, taken.mean_kw]),
        np.concatenate([choice.days.rank_kw, taken.rank_kw]),
    )
    return replace(
        choice,
        days=both.at(np.argsort(both.days_back)),
        dispatched=frozenset(taken.days_back.tolist()),
        steps=(*choice.steps, "highest-event-days"),
    )


_LADDER = {
    Shortage.EXTEND_LOOKBACK: _extended,
    Shortage.HIGHEST_EVENT_DAYS: _with_event_days,
    Shortage.NEXT_CLASS: _next_class,
    Shortage.USE_AVAILABLE: _available,
}
