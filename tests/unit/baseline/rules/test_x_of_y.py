from datetime import UTC, date, datetime

import numpy as np
import pandas as pd
import pytest
from support.rule_cases import (
    DAY,
    HOUR,
    MONDAY,
    backs,
    daily_load,
    event_on,
    found,
    high,
    refused,
    site_of,
)

from vpp.baseline.rule_baseline import NoBaselineReason
from vpp.baseline.rules.candidates import Candidates
from vpp.baseline.rules.x_of_y import picked_days
from vpp.foundation.interval import Interval
from vpp.foundation.series import regular

SATURDAY = MONDAY + 5 * DAY


def test_the_average_is_taken_interval_by_interval() -> None:
    load = daily_load(MONDAY, 1, 2)
    load.loc[MONDAY + 18 * HOUR : MONDAY + 18 * HOUR] = 11.0
    answer = found(high(2, 2), site_of(load), event_on(MONDAY + 2 * DAY))
    assert answer.raw_kw.tolist() == [1.5, 6.5]
    assert answer.raw_kw.index[0] == MONDAY + 2 * DAY + 17 * HOUR
    assert (answer.adjusted, answer.adjustment_kw, answer.adjustment_ratio) == (False, 0.0, 1.0)


def test_of_two_days_alike_the_more_recent_is_taken() -> None:
    answer = found(high(1, 3), site_of(daily_load(MONDAY, 5, 5, 5)), event_on(MONDAY + 3 * DAY))
    assert answer.days_used == (date(2026, 3, 4),)


@pytest.mark.parametrize(
    ("pick", "expected"),
    [("high", [2, 4]), ("low", [3, 5]), ("middle", [1, 5]), ("all", [1, 2])],
)
def test_the_ranking_picks(pick: str, expected: list[int]) -> None:
    means = np.array([3.0, 9.0, 1.0, 7.0, 2.0])  # 1 to 5 days back; sorted 1, 2, 3, 7, 9
    days = Candidates(np.arange(1, 6), means, means)
    assert picked_days(days, pick, 2).days_back.tolist() == expected


def test_the_middle_of_an_even_surplus_drops_as_many_on_both_sides() -> None:
    means = np.array([3.0, 9.0, 1.0, 7.0])
    assert picked_days(Candidates(np.arange(1, 5), means, means), "middle", 2).days_back.tolist() == [1, 4]


def test_days_rank_by_the_window_or_by_the_whole_day() -> None:
    # Monday peaks in the window, Tuesday in the morning and by energy.
    load = daily_load(MONDAY, 10, 10)
    load.loc[MONDAY + 17 * HOUR : MONDAY + 18 * HOUR] = 20.0
    load.loc[MONDAY + DAY + 6 * HOUR : MONDAY + DAY + 10 * HOUR] = 30.0
    event = event_on(MONDAY + 2 * DAY)
    assert backs(found(high(1, 2), site_of(load), event), event) == [2]
    assert backs(found(high(1, 2, rank_by="day_energy"), site_of(load), event), event) == [1]


def test_weights_go_by_recency_not_by_rank() -> None:
    rule = high(2, 3, own={"weights": [0.75, 0.25]})
    answer = found(rule, site_of(daily_load(MONDAY, 40, 1, 20)), event_on(MONDAY + 3 * DAY))
    assert answer.raw_kw.tolist() == [0.75 * 20 + 0.25 * 40] * 2


@pytest.mark.parametrize(
    ("levels_kw", "expected_kw", "method"),
    [
        ((1, 2, 3, 4, 5), 3.5, "a-rule"),
        ((1, 2, 3, 4), 2.5, "a-rule/high-4-of-4"),
        ((2, 3, 4), 3.0, "a-rule/mean-of-available-3"),
        ((3, 4), 3.5, "a-rule/mean-of-available-2"),
        ((4,), 4.0, "a-rule/mean-of-available-1"),
    ],
)
def test_less_history_takes_a_named_step_down(
    levels_kw: tuple[float, ...], expected_kw: float, method: str
) -> None:
    load = daily_load(SATURDAY - len(levels_kw) * DAY, *levels_kw)
    answer = found(high(), site_of(load), event_on(SATURDAY + 2 * DAY))
    assert (answer.raw_kw.tolist(), answer.method) == ([expected_kw] * 2, method)


def test_no_like_day_is_a_value_not_an_error() -> None:
    site = site_of(daily_load(MONDAY, 1, 2, 3))
    detail = refused(high(), site, event_on(SATURDAY), NoBaselineReason.INSUFFICIENT_HISTORY)
    assert detail == "0 days like 2026-03-07 (saturday) within 45 days, expected at least 2"


def test_event_days_in_the_mean_are_noted_by_the_method() -> None:
    # Two of three days were event days at 30 kW in the window: the mean of 100 and 30 is 65.
    load = daily_load(MONDAY, 100, 100, 100)
    for day in (0, 1):
        load.loc[MONDAY + day * DAY + 17 * HOUR : MONDAY + day * DAY + 18 * HOUR] = 30.0
    events = (event_on(MONDAY), event_on(MONDAY + DAY))
    rule = high(2, 2, pick="all", shortage=["highest_event_days"])
    answer = found(rule, site_of(load, events=events), event_on(MONDAY + 3 * DAY))
    assert answer.raw_kw.tolist() == [65.0, 65.0]
    assert answer.method == "a-rule/highest-event-days"
    assert answer.days_used == (date(2026, 3, 4), date(2026, 3, 3))


def test_a_partly_metered_day_counts_where_the_rule_allows_it() -> None:
    load = daily_load(MONDAY, 10, 20)
    load.loc[MONDAY + DAY + 17 * HOUR : MONDAY + DAY + 17 * HOUR] = np.nan
    event = event_on(MONDAY + 2 * DAY)
    assert found(high(2, 2), site_of(load), event).raw_kw.tolist() == [10.0, 10.0]
    assert found(high(2, 2, complete_ratio=0.5), site_of(load), event).raw_kw.tolist() == [10.0, 15.0]


def test_an_interval_that_no_day_covers_is_said() -> None:
    load = daily_load(MONDAY, 10, 20)
    for day in (0, 1):
        load.loc[MONDAY + day * DAY + 17 * HOUR : MONDAY + day * DAY + 17 * HOUR] = np.nan
    detail = refused(
        high(2, 2, complete_ratio=0.5),
        site_of(load),
        event_on(MONDAY + 2 * DAY),
        NoBaselineReason.WINDOW_NOT_METERED,
    )
    assert detail == "1 of 2 intervals of the event are covered by none of the days used"


@pytest.mark.parametrize(
    ("event_day", "local_hour"),
    [("2026-03-30", 17), ("2026-10-26", 17), ("2026-06-10", 17), ("2026-03-29", 17), ("2026-10-25", 17)],
    ids=["after 23 hours", "after 25 hours", "no change", "on 23 hours", "on 25 hours"],
)
def test_civil_time_is_kept_across_clock_changes(event_day: str, local_hour: int) -> None:
    # Every hour carries its own local hour as load, so a slip of an hour shows.
    first = pd.Timestamp(event_day, tz="UTC") - pd.Timedelta(days=21)
    index = pd.date_range(first, periods=22 * 24, freq="h")
    load = pd.Series(index.tz_convert("Europe/London").hour.astype(float), index=index)
    start = pd.Timestamp(f"{event_day} {local_hour}:00", tz="Europe/London").tz_convert("UTC").to_pydatetime()
    start = start.astimezone(UTC)
    site = site_of(load, "Europe/London")
    answer = found(high(own={"fewest": 4}), site, Interval(start, start + 2 * HOUR))
    assert answer.raw_kw.tolist() == [local_hour, local_hour + 1]


def test_an_hour_that_occurs_twice_is_matched_with_the_one_of_other_days() -> None:
    # The whole Sunday 25 October 2026 in London, 25 hours: 01:00 twice.
    first = datetime(2026, 9, 27, tzinfo=UTC)
    index = pd.date_range(first, periods=29 * 24, freq="h")
    load = pd.Series(index.tz_convert("Europe/London").hour.astype(float), index=index)
    site = site_of(load, "Europe/London")
    answer = found(high(), site, site.calendar.day(date(2026, 10, 25)))
    assert answer.raw_kw.tolist() == [0, 1, *range(1, 24)]


def test_an_event_over_midnight_counts_by_its_first_day() -> None:
    load = daily_load(MONDAY, 1, 2, 3, 4, 5, 6)
    answer = found(high(1, 1), site_of(load), event_on(MONDAY + 4 * DAY, hour=23))  # Friday night
    assert answer.days_used == (date(2026, 3, 5),)
    assert answer.raw_kw.tolist() == [4.0, 5.0]


def test_a_day_whose_window_reaches_into_the_event_is_no_candidate() -> None:
    # 24 hours from noon on Saturday 28 March end at 13:00 summer time on the 23-hour Sunday; the same
    # wall times from Friday noon on would end at 13:00 on Saturday, an hour into the event.
    saturday = datetime(2026, 3, 28, tzinfo=UTC)
    load = daily_load(saturday - 7 * DAY, 1, 2, 3, 4, 5, 6, 7, 8)
    site = site_of(load, "Europe/London", holidays=[date(2026, 3, 27)])
    classes = [{"kinds": ["saturday", "sunday", "holiday"], "average": 1, "candidates": 1}]
    rule = high(classes=classes)
    assert found(rule, site, event_on(saturday, 12, 24 * HOUR)).days_used == (date(2026, 3, 22),)
    assert found(rule, site, event_on(saturday, 12, 23 * HOUR)).days_used == (date(2026, 3, 27),)


def test_nothing_from_the_events_start_on_is_looked_at() -> None:
    load, event = daily_load(MONDAY, 1, 2, 3, 4, 5), event_on(MONDAY + 3 * DAY)
    before = found(high(), site_of(load), event)
    changed = load.copy()
    changed.loc[event.start :] = 777.0
    pd.testing.assert_series_equal(found(high(), site_of(changed), event).raw_kw, before.raw_kw)


def test_a_flat_line_gives_itself_and_nothing_gives_nothing() -> None:
    event = event_on(MONDAY + 7 * DAY)
    assert found(high(), site_of(daily_load(MONDAY, *[5.0] * 7)), event).raw_kw.tolist() == [5.0, 5.0]
    for load in (daily_load(MONDAY, *[np.nan] * 7), regular([5.0], MONDAY, HOUR)):
        refused(high(), site_of(load), event, NoBaselineReason.INSUFFICIENT_HISTORY)
