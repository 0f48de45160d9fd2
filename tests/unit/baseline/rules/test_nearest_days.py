from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest
from support.rule_cases import (
    DAY,
    HOUR,
    MONDAY,
    backs,
    daily_load,
    days_of,
    event_on,
    found,
    refused,
    rule_of,
    site_of,
    view_of,
)

from vpp.baseline.rule_baseline import NoBaselineReason
from vpp.baseline.rules.nearest_days import compared_windows, rms_distance
from vpp.foundation.series import regular
from vpp.portfolio.baseline_method import NearestDays
from vpp.portfolio.baseline_rule import BaselineRule

EVENT = event_on(MONDAY + 4 * DAY)  # Friday


def nearest(by: str, average: int = 1, candidates: int = 20, **days: object) -> BaselineRule:
    method = {"kind": "nearest_days", "by": by}
    return rule_of(method, days=days_of(average, candidates) | days)


def temperatures(*daily_c: float) -> pd.Series:
    return regular(np.repeat(np.array(daily_c), 8), MONDAY, timedelta(hours=3))


def test_by_date_the_most_recent_are_nearest() -> None:
    answer = found(nearest("date", 2), site_of(daily_load(MONDAY, 1, 2, 3, 4)), EVENT)
    assert answer.raw_kw.tolist() == [3.5, 3.5]


def test_by_load_outside_the_event() -> None:
    answer = found(nearest("other_hours"), site_of(daily_load(MONDAY, 9, 21, 14, 30, 20)), EVENT)
    assert backs(answer, EVENT) == [3]


def test_by_the_days_mean_temperature() -> None:
    site = site_of(daily_load(MONDAY, 1, 2, 3, 4), temperature_c=temperatures(10, 15, 12, 19, 14.5))
    assert backs(found(nearest("temperature"), site, EVENT), EVENT) == [3]
    assert backs(found(nearest("temperature", 2), site, EVENT), EVENT) == [2, 3]


def test_a_temperature_that_ends_before_the_event_is_said() -> None:
    site = site_of(daily_load(MONDAY, 1, 2, 3, 4), temperature_c=temperatures(10, 15, 12, 19)[:-1])
    detail = refused(nearest("temperature"), site, EVENT, NoBaselineReason.MISSING_INPUT)
    assert detail == "temperature is not known for all of 2026-03-06, the event's day"
    without = site_of(daily_load(MONDAY, 1, 2, 3, 4))
    detail = refused(nearest("temperature"), without, EVENT, NoBaselineReason.MISSING_INPUT)
    assert detail == "the rule compares temperatures, and none are given"


def test_a_day_without_temperature_is_left_out() -> None:
    site = site_of(daily_load(MONDAY, 1, 2, 3, 4), temperature_c=temperatures(10, 15, 12, np.nan, 14.5))
    answer = found(nearest("temperature", 4), site, EVENT)
    assert (backs(answer, EVENT), answer.method) == ([2, 3, 4], "a-rule/mean-of-available-3")
    nowhere = site_of(daily_load(MONDAY, 1, 2, 3, 4), temperature_c=temperatures(*[np.nan] * 4, 14.5))
    detail = refused(nearest("temperature"), nowhere, EVENT, NoBaselineReason.INSUFFICIENT_HISTORY)
    assert detail == "none of 4 candidate days can be compared with the event's"


def test_a_days_temperature_is_of_its_civil_hours() -> None:
    # In Tokyo Friday's day ends at 15:00 UTC: what follows is not its temperature.
    hourly = regular(np.full(5 * 24, 10.0), MONDAY, HOUR)
    hourly.loc[MONDAY + 4 * DAY + 15 * HOUR :] = 40.0
    hourly.loc[MONDAY + 2 * DAY + 15 * HOUR : MONDAY + 3 * DAY + 14 * HOUR] = 11.0  # Thursday in Tokyo
    site = site_of(daily_load(MONDAY, 1, 2, 3, 4), "Asia/Tokyo", temperature_c=hourly)
    event = event_on(MONDAY + 4 * DAY, hour=8)
    answer = found(nearest("temperature", 1), site, event)
    assert answer.days_used == (date(2026, 3, 4),)


def test_the_event_and_what_lies_beside_it_are_not_compared() -> None:
    view = view_of(site_of(daily_load(MONDAY, 1)), EVENT)
    spans = compared_windows(view, NearestDays(kind="nearest_days", by="other_hours", skip=2 * HOUR))
    assert [(span.start.hour, span.end.hour) for span in spans] == [(0, 15), (21, 0)]
    early = view_of(site_of(daily_load(MONDAY, 1)), event_on(MONDAY, hour=1))
    (span,) = compared_windows(early, NearestDays(kind="nearest_days", by="other_hours", skip=2 * HOUR))
    assert (span.start.hour, span.end.hour) == (5, 0)


def test_an_event_that_leaves_no_hours_cannot_be_compared() -> None:
    whole_day = event_on(MONDAY + 4 * DAY, hour=0, length=24 * HOUR)
    detail = refused(
        nearest("other_hours"),
        site_of(daily_load(MONDAY, 1, 2, 3, 4)),
        whole_day,
        NoBaselineReason.WINDOW_NOT_METERED,
    )
    assert detail == "the event leaves no hours of its day to compare"


def test_an_events_day_with_gaps_is_compared_only_where_the_rule_allows_it() -> None:
    load = daily_load(MONDAY, 9, 21, 14, 30, 20)
    load.loc[MONDAY + 4 * DAY : MONDAY + 4 * DAY + HOUR] = np.nan
    detail = refused(nearest("other_hours"), site_of(load), EVENT, NoBaselineReason.WINDOW_NOT_METERED)
    assert detail == "20 of 22 intervals outside the event are metered on its day"
    answer = found(nearest("other_hours", complete_ratio=0.9), site_of(load), EVENT)
    assert backs(answer, EVENT) == [3]


def test_the_readings_can_be_too_coarse() -> None:
    rule = rule_of(
        {"kind": "nearest_days", "by": "other_hours", "skip": timedelta(minutes=30)}, days=days_of()
    )
    detail = refused(rule, site_of(daily_load(MONDAY, 1, 2, 3, 4, 5)), EVENT, NoBaselineReason.MISSING_INPUT)
    assert "off the metering grid" in detail


def test_the_distance_is_over_what_is_known() -> None:
    days_kw = np.array([[1.0, 5.0], [3.0, np.nan], [np.nan, np.nan]])
    found_kw = rms_distance(days_kw, np.array([4.0, 1.0]), 0.5)
    assert found_kw[:2].tolist() == pytest.approx([np.sqrt((9 + 16) / 2), 1.0])
    assert np.isnan(found_kw[2])
    assert np.isnan(rms_distance(days_kw, np.array([4.0, 1.0]), 1.0)[1:]).all()
