from datetime import time, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest
from support.rule_cases import (
    DAY,
    HOUR,
    MONDAY,
    before,
    daily_load,
    event_on,
    found,
    high,
    refused,
    site_of,
    view_of,
)

from vpp.baseline.rule_baseline import NoBaselineReason, RuleBaseline
from vpp.baseline.rules.adjusting import adjustment_windows, change_between
from vpp.foundation.interval import Interval
from vpp.foundation.series import regular
from vpp.portfolio.baseline_rule import Adjustment

EVENT = event_on(MONDAY + 2 * DAY)  # Wednesday 17:00; base 100 from Monday at 90 and Tuesday at 110


def load(actual_kw: float) -> pd.Series:
    return daily_load(MONDAY, 90, 110, actual_kw)


def adjusted(metered_kw: pd.Series, event: Interval = EVENT, **fields: Any) -> RuleBaseline:  # noqa: ANN401  a test replaces any field
    masked = fields.pop("masked", ())
    notice_at = fields.pop("notice_at", None)
    rule = high(2, 2, adjustment=before(3, 1, **fields))
    return found(rule, site_of(metered_kw, masked=masked), event, notice_at=notice_at)


@pytest.mark.parametrize(
    ("actual_kw", "change_kw", "capped"),
    [(112, 12, False), (88, -12, False), (120, 20, False), (150, 20, True), (50, -20, True), (100, 0, False)],
)
def test_a_difference_is_symmetric_and_capped(actual_kw: float, change_kw: float, *, capped: bool) -> None:
    answer = adjusted(load(actual_kw), cap_ratio=0.2)
    assert (answer.adjustment_kw, answer.adjusted, answer.capped) == (change_kw, True, capped)
    assert answer.adjusted_kw.tolist() == [100.0 + change_kw] * 2
    assert answer.raw_kw.tolist() == [100.0] * 2


def test_without_a_cap_it_may_be_any() -> None:
    assert adjusted(load(350)).adjustment_kw == 250.0


@pytest.mark.parametrize(
    ("actual_kw", "ratio", "capped"), [(110, 1.1, False), (150, 1.2, True), (50, 0.8, True), (0, 0.8, True)]
)
def test_a_ratio_is_clipped(actual_kw: float, ratio: float, *, capped: bool) -> None:
    answer = adjusted(load(actual_kw), kind="ratio", cap_ratio=0.2)
    assert (answer.capped, answer.adjusted) == (capped, True)
    assert answer.adjustment_ratio == pytest.approx(ratio)
    assert answer.adjusted_kw.tolist() == pytest.approx([100.0 * ratio] * 2)
    assert answer.adjustment_kw == pytest.approx(100.0 * (ratio - 1.0))


def test_a_ratio_without_a_cap_may_be_any() -> None:
    assert adjusted(load(350), kind="ratio").adjustment_ratio == pytest.approx(3.5)


@pytest.mark.parametrize(("kind", "lowered"), [("additive", 100.0), ("ratio", 100.0)])
def test_up_only_never_lowers(kind: str, lowered: float) -> None:
    assert adjusted(load(50), kind=kind, up_only=True).adjusted_kw.tolist() == [lowered] * 2
    assert adjusted(load(110), kind=kind, up_only=True).adjusted_kw.tolist() == pytest.approx([110.0] * 2)


def test_a_base_of_nothing_has_no_ratio() -> None:
    rule = high(2, 2, adjustment=before(3, 1, kind="ratio"))
    answer = found(rule, site_of(daily_load(MONDAY, 0, 0, 50)), EVENT)
    assert not answer.adjusted
    assert answer.notes[0].startswith("not adjusted: means of 50.000 kW metered and 0.000 kW baseline")


def test_only_the_window_counts() -> None:
    metered = load(112)
    metered.loc[EVENT.start - HOUR :] = 900.0  # [-1 h, ...) is after the window
    metered.loc[MONDAY + 2 * DAY : EVENT.start - 4 * HOUR] = 900.0  # [..., -3 h) before it
    assert adjusted(metered).adjustment_kw == 12.0


@pytest.mark.parametrize("what", ["gap", "masked", "not yet"])
def test_a_window_that_is_not_metered_leaves_the_baseline_unadjusted_and_says_so(what: str) -> None:
    metered = load(112)
    masked: tuple[Interval, ...] = ()
    if what == "gap":
        metered.loc[EVENT.start - 2 * HOUR : EVENT.start - 2 * HOUR] = np.nan
    elif what == "masked":
        masked = (Interval(EVENT.start - 4 * HOUR, EVENT.start - 2 * HOUR),)
    else:
        metered = metered[: EVENT.start - 3 * HOUR]
    answer = adjusted(metered, masked=masked)
    assert (answer.adjustment_kw, answer.adjusted) == (0.0, False)
    assert answer.adjusted_kw.tolist() == answer.raw_kw.tolist()
    assert answer.notes == ("not adjusted: 1 of 2 intervals of the adjustment window are not metered",)


def test_a_gap_on_one_of_the_days_used_leaves_the_others() -> None:
    metered = load(112)
    metered.loc[MONDAY + 15 * HOUR : MONDAY + 15 * HOUR] = np.nan  # 14:00 mean of 90 and 110, 15:00 110 alone
    assert adjusted(metered).adjustment_kw == 112.0 - (100.0 + 110.0) / 2
    metered.loc[MONDAY + DAY + 15 * HOUR : MONDAY + DAY + 15 * HOUR] = np.nan
    answer = adjusted(metered)
    assert answer.notes == ("not adjusted: the days used were not metered in all of the adjustment window",)


def test_a_window_before_midnight_is_matched_with_the_nights_before() -> None:
    night = event_on(MONDAY + 2 * DAY, hour=0, length=HOUR)  # Wednesday 00:00; window Tuesday 21:00 to 23:00
    rule = high(1, 1, adjustment=before(3, 1))
    answer = found(rule, site_of(load(999)), night)
    assert answer.adjustment_kw == 20.0  # Tuesday 110 against Monday 90


def test_a_window_off_the_grid_is_a_missing_input() -> None:
    rule = high(2, 2, adjustment=before(2.5, 1))
    detail = refused(rule, site_of(load(100)), EVENT, NoBaselineReason.MISSING_INPUT)
    assert "off the metering grid of 1:00:00" in detail


def test_windows_before_and_after_make_one_mean() -> None:
    # Two hours before at 112, one after at 130: (112 + 112 + 130) / 3 = 118.
    metered = load(112)
    metered.loc[EVENT.end :] = 130.0
    after = {"anchor": "end", "begin": timedelta(0), "end": HOUR}
    windows = [*before(3, 1)["windows"], after]
    answer = found(high(2, 2, adjustment={"kind": "additive", "windows": windows}), site_of(metered), EVENT)
    assert answer.adjustment_kw == pytest.approx(18.0)


def test_a_clock_window_is_of_the_events_civil_day() -> None:
    # 22:00 to 24:00 in London on Sunday 29 March 2026, when clocks are an hour ahead of UTC.
    first = MONDAY + 13 * DAY
    metered = regular(np.repeat(np.arange(15.0), 24), first, HOUR)
    site = site_of(metered, "Europe/London")
    adjustment = Adjustment.model_validate(
        {"kind": "additive", "clock_windows": [{"start": time(22), "end": time(0)}]}
    )
    (window,) = adjustment_windows(view_of(site, event_on(MONDAY + 27 * DAY)), adjustment)
    assert (window.start, window.end) == (MONDAY + 27 * DAY + 21 * HOUR, MONDAY + 27 * DAY + 23 * HOUR)


def test_windows_end_when_notice_was_given() -> None:
    adjustment = Adjustment.model_validate(before(4, 1, before_notice=True))

    def windows(notice_h: float | None) -> tuple[Interval, ...]:
        notice_at = None if notice_h is None else EVENT.start - notice_h * HOUR
        return adjustment_windows(view_of(site_of(load(100)), EVENT, notice_at), adjustment)

    def span(begin_h: int, end_h: int) -> tuple[Interval, ...]:
        return (Interval(EVENT.start - begin_h * HOUR, EVENT.start - end_h * HOUR),)

    assert windows(None) == windows(0) == windows(1) == span(4, 1)
    assert windows(2) == span(4, 2)
    assert windows(2.5) == span(4, 3)  # only whole intervals before it
    assert windows(3.5) == windows(4) == windows(30) == ()


def test_a_window_after_notice_leaves_the_baseline_unadjusted_and_says_so() -> None:
    answer = adjusted(load(150), before_notice=True, notice_at=EVENT.start - 20 * HOUR)
    assert answer.adjusted_kw.tolist() == [100.0] * 2
    assert answer.notes == ("not adjusted: the adjustment window lies after notice was given",)
    assert adjusted(load(150), notice_at=EVENT.start - 20 * HOUR).adjusted  # a rule that does not ask


@pytest.mark.parametrize("kind", ["additive", "ratio"])
def test_a_negative_load_before_the_event(kind: str) -> None:
    adjustment = Adjustment.model_validate(before(3, 1, kind=kind))
    change = change_between(adjustment, -10.0, 90.0, 100.0)
    if kind == "additive":
        assert (change.added_kw, change.made) == (-100.0, True)
    else:
        assert (change.ratio, change.made) == (1.0, False)
