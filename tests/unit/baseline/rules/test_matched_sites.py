from collections.abc import Sequence

import numpy as np
import pytest
from support.rule_cases import (
    DAY,
    HOUR,
    MONDAY,
    WEEKEND,
    before,
    daily_load,
    event_on,
    high,
    site_of,
    view_of,
)

from vpp.baseline.rules.event_view import EventView
from vpp.baseline.rules.matched import OUTSIDE, matched_baselines
from vpp.baseline.rules.matched_sites import Layout, finished_match, laid_out
from vpp.baseline.site_meter import SiteMeter
from vpp.portfolio.baseline_method import XOfY
from vpp.portfolio.baseline_rule import BaselineRule

EVENT = event_on(MONDAY + 9 * DAY)  # a Wednesday; workdays 1, 2, 5 to 9 days before
LOAD = daily_load(MONDAY, *range(1, 11))


def views(*sites: SiteMeter) -> list[EventView]:
    return [view_of(site, EVENT) for site in sites]


def layout_of(rule: BaselineRule, sites: Sequence[EventView]) -> Layout | None:
    assert isinstance(rule.method, XOfY)
    return laid_out(rule, rule.method, sites)


def test_the_windows_lie_on_the_shared_grid() -> None:
    layout = layout_of(high(1, 2, adjustment=before(4, 2)), views(site_of(LOAD)))
    assert layout is not None
    assert layout.days_back == (1, 2, 5, 6, 7, 8, 9)
    begin = 9 * 24 + 17
    assert layout.windows.event[0].tolist() == [begin - 24, begin - 23]
    assert layout.windows.base[1].tolist() == [begin - 52, begin - 51]
    assert layout.windows.actual.tolist() == [begin - 4, begin - 3]
    assert layout.windows.whole_days == ()
    assert layout.usable.tolist() == [[True] * 7]


def test_whole_days_are_laid_out_where_the_rule_ranks_by_them() -> None:
    layout = layout_of(high(1, 2, rank_by="day_energy"), views(site_of(LOAD)))
    assert layout is not None
    assert layout.windows.whole_days[0].tolist() == list(range(8 * 24, 9 * 24))
    assert layout.windows.actual.shape == (0,)


def test_each_site_has_its_own_usable_days() -> None:
    layout = layout_of(
        high(1, 2),
        views(
            site_of(LOAD),
            site_of(LOAD, excluded_dates=frozenset({(MONDAY + 8 * DAY).date()})),
            site_of(LOAD, events=(event_on(MONDAY + 4 * DAY),)),
        ),
    )
    assert layout is not None
    assert np.argwhere(~layout.usable).tolist() == [[1, 0], [2, 2]]


def test_what_lies_before_the_first_reading_is_outside() -> None:
    layout = layout_of(high(1, 2, adjustment=before(20, 18)), views(site_of(LOAD)))
    assert layout is not None
    assert (layout.windows.base[-1] == OUTSIDE).all()  # 17:00 nine days before, less 20 hours
    assert (layout.windows.base[:-1] >= 0).all()


def test_the_single_path_is_left_to_say_what_is_wrong() -> None:
    site = views(site_of(LOAD))
    assert layout_of(high(classes=[WEEKEND]), site) is None  # the day is not covered
    assert layout_of(high(1, 2, adjustment=before(3.5, 1)), site) is None  # off the grid
    assert layout_of(high(8, 9), site) is None  # fewer days than are averaged
    late = [view_of(site_of(LOAD), EVENT, EVENT.start - 9 * HOUR)]
    assert layout_of(high(1, 2, adjustment=before(4, 1, before_notice=True)), late) is None


def test_a_row_becomes_the_value_with_its_step_named() -> None:
    rule = high(2, 9, adjustment=before(4, 2, cap_ratio=0.1))
    site = views(site_of(LOAD))
    layout = layout_of(rule, site)
    assert layout is not None
    match = matched_baselines(layout.rule, site[0].visible_kw[None, :], layout.windows, layout.usable)
    answer = finished_match(rule, site[0], layout, match, 0)
    assert answer.method == "a-rule/high-2-of-7"
    assert [day.day for day in answer.days_used] == [10, 9]
    assert answer.raw_kw.tolist() == [8.5, 8.5]
    # 10 kW on the day against 8.5: capped at a tenth of 8.5.
    assert (answer.capped, answer.adjusted) == (True, True)
    assert answer.adjustment_kw == pytest.approx(0.85)
