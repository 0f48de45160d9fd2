"""Between sites and arrays: where a rule's windows lie on a shared grid, and results as values."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vpp.baseline.rule_baseline import RuleBaseline
from vpp.baseline.rules.adjusting import SameDayChange, adjustment_windows
from vpp.baseline.rules.candidates import class_days_back, is_excluded
from vpp.baseline.rules.event_view import EventView
from vpp.baseline.rules.finishing import assembled
from vpp.baseline.rules.load_model import LoadModel
from vpp.baseline.rules.matched import OUTSIDE, Bools, MatchedBaselines, MatchedRule, MatchedWindows
from vpp.baseline.rules.wall_positions import Ints
from vpp.baseline.rules.x_of_y import shorter_name
from vpp.portfolio.baseline_method import XOfY
from vpp.portfolio.baseline_rule import BaselineRule


@dataclass(frozen=True, slots=True, eq=False)
class Layout:
    """A rule laid out on a grid that sites share.

    Attributes:
        rule: The part of the rule that the array path applies.
        days_back: Candidate days, as days before the event's, most recent first. Length D.
        windows: Where the event and the windows lie.
        usable: Which candidate days no event or exclusion takes away. Shape (S, D).
    """

    rule: MatchedRule
    days_back: tuple[int, ...]
    windows: MatchedWindows
    usable: Bools


def laid_out(rule: BaselineRule, method: XOfY, views: Sequence[EventView]) -> Layout | None:
    """Lay a rule out for sites that share grid, calendar and event.

    Returns:
        The layout; None where the single path must say what is wrong: a kind of day that the rule does
        not cover, windows off the grid or after notice, no candidate day.
    """
    view, pool = views[0], rule.days
    day_class = None if pool is None else pool.class_of(view.site.calendar.day_kind(view.event_day))
    if pool is None or day_class is None:
        return None
    spans = () if rule.adjustment is None else adjustment_windows(view, rule.adjustment)
    fit = all(view.fits(span) for span in spans) and (rule.adjustment is None or bool(spans))
    backs = class_days_back(view, pool, day_class, pool.lookback_days)
    if not fit or len(backs) < day_class.average:
        return None
    calendar, grid = view.site.calendar, view.grid
    size, begin = len(view.visible_kw), (view.event.start - grid.first) // grid.step

    def past(positions: Ints) -> Ints:
        inside = (positions >= 0) & (positions < min(size, begin))
        return np.where(inside, positions, OUTSIDE)

    none = np.empty((len(backs), 0), dtype=np.int64)
    base = np.concatenate([none, *(grid.on_earlier_days(span, backs) for span in spans)], axis=1)
    actual = np.concatenate([none[0], *(grid.of(span) for span in spans)])
    whole = [past(grid.of(calendar.day(view.day(back)))) for back in backs]
    windows = MatchedWindows(
        event=past(grid.on_earlier_days(view.event, backs)),
        base=past(base),
        actual=np.where((actual >= 0) & (actual < size), actual, OUTSIDE),
        whole_days=tuple(whole) if method.rank_by == "day_energy" else (),
    )
    days = [view.day(back) for back in backs]
    usable = np.ones((len(views), len(days)), dtype=np.bool_)
    for row, each in enumerate(views):
        if each.event_days or each.site.excluded_dates:
            usable[row] = [not is_excluded(each, day) for day in days]
    return Layout(MatchedRule(method, pool, day_class, rule.adjustment), tuple(backs), windows, usable)


def finished_match(
    rule: BaselineRule, view: EventView, layout: Layout, match: MatchedBaselines, row: int
) -> RuleBaseline:
    """Return one site's row as the value that the single path gives."""
    raw_kw, found = match.raw_kw[row], int(match.day_count[row])
    day_class = layout.rule.day_class
    is_short = found < day_class.candidates
    name = shorter_name(layout.rule.method.pick, day_class.average, found)
    model = LoadModel(
        load_kw=lambda _: raw_kw,
        days_used=tuple(view.day(layout.days_back[day]) for day in match.picked[row]),
        steps=(name,) if is_short else (),
    )
    change = SameDayChange(
        added_kw=float(match.added_kw[row]),
        ratio=float(match.ratio[row]),
        made=rule.adjustment is not None,
        capped=bool(match.capped[row]),
    )
    return assembled(rule, view, model, raw_kw, change)
