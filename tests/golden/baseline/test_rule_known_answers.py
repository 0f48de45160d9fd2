"""Worked cases of baseline rules, from the rule texts by plain arithmetic.

Loads are in kW and intervals are hours, so load and energy of an interval have the same number. Unless
a case says otherwise, days lie in weeks whose clock does not change and the event is on a Monday.
"""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from support.rule_cases import found

from vpp.baseline.accuracy import rrmse_ratio
from vpp.baseline.calendar import SiteCalendar
from vpp.baseline.rules.around_event import level_windows
from vpp.baseline.rules.delivery import delivered_reduction_kw
from vpp.baseline.rules.event_view import EventView
from vpp.baseline.rules.nearest_days import compared_windows
from vpp.baseline.site_meter import SiteMeter
from vpp.foundation.interval import Interval
from vpp.foundation.series import regular
from vpp.hub.baseline_rule_files import load_rule_files
from vpp.portfolio.baseline_method import AroundEvent, NearestDays, XOfY
from vpp.portfolio.baseline_rule import BaselineRule
from vpp.portfolio.day_kind import DayKind

FOLDER = Path(__file__).resolve().parents[3] / "configs" / "baselines"
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
EVENT_DAY = datetime(2026, 3, 16, tzinfo=UTC)  # a Monday
EVENT = Interval(EVENT_DAY + 17 * HOUR, EVENT_DAY + 21 * HOUR)
WEEKDAYS_BACK = [date(2026, 3, day) for day in (13, 12, 11, 10, 9, 6)]  # most recent first
UTC_DAYS = SiteCalendar("Etc/UTC")


@pytest.fixture(scope="module")
def rules() -> dict[str, BaselineRule]:
    return load_rule_files(FOLDER)


def midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


# B1: event-window loads of the weekdays back.                     mean
WINDOW_KW = [
    [100.0, 102.0, 104.0, 106.0],  # 1                              103   used
    [98.0, 98.0, 100.0, 100.0],  #   2                               99   used
    [20.0, 20.0, 20.0, 20.0],  #     3                               20   below the line
    [110.0, 112.0, 110.0, 112.0],  # 4                              111   used
    [96.0, 94.0, 96.0, 94.0],  #     5                               95   lowest of the five left
    [104.0, 106.0, 104.0, 106.0],  # 6                              105   refill, used
]
# mean of days 1 to 5 = (103 + 99 + 20 + 111 + 95) / 5 = 85.6; a quarter of it = 21.4, so day 3 goes.
# base = hour by hour mean of days 1, 2, 4, 6:
#   (100 + 98 + 110 + 104) / 4 = 103      (102 + 98 + 112 + 106) / 4 = 104.5
#   (104 + 100 + 110 + 104) / 4 = 104.5   (106 + 100 + 112 + 106) / 4 = 106
BASE_KW = [103.0, 104.5, 104.5, 106.0]
ALL_HIGH_4_OF_5 = ["high-4-of-5", "pjm-economic"]


def metered_kw() -> pd.Series:
    """Two weeks at 50 kW, with the windows of the cases laid in."""
    load = regular(np.full(15 * 24, 50.0), EVENT_DAY - 14 * DAY, HOUR)
    for day, window_kw in zip(WEEKDAYS_BACK, WINDOW_KW, strict=True):
        load.loc[midnight(day) + 13 * HOUR : midnight(day) + 15 * HOUR] = [86.0, 90.0, 94.0]
        load.loc[midnight(day) + 17 * HOUR : midnight(day) + 20 * HOUR] = window_kw
    load.loc[EVENT_DAY + 13 * HOUR : EVENT_DAY + 15 * HOUR] = [90.0, 95.0, 100.0]
    load.loc[EVENT_DAY + 17 * HOUR : EVENT_DAY + 20 * HOUR] = [80.0, 82.0, 81.0, 83.0]
    return load


SITE = SiteMeter(metered_kw(), UTC_DAYS)


@pytest.mark.parametrize("name", ALL_HIGH_4_OF_5)
def test_b1_high_4_of_5_drops_the_low_day_and_refills(rules: dict[str, BaselineRule], name: str) -> None:
    answer = found(rules[name], SITE, EVENT)
    np.testing.assert_allclose(answer.raw_kw, BASE_KW, rtol=1e-9)
    assert answer.days_used == tuple(WEEKDAYS_BACK[n - 1] for n in (1, 2, 4, 6))
    assert answer.method == name


@pytest.mark.parametrize(("level_kw", "days"), [(21.4, (1, 2, 4, 6)), (21.6, (1, 2, 4, 5))])
def test_b1_the_line_is_a_quarter_of_the_five_day_mean(
    rules: dict[str, BaselineRule], level_kw: float, days: tuple[int, ...]
) -> None:
    # 21.4 on day 3 moves the five-day mean to 85.88 and the line to 21.47: still below.
    # 21.6 moves them to 85.92 and 21.48: above, so day 3 stays and the four highest are 1, 2, 4 and 5.
    load = metered_kw()
    load.loc[midnight(WEEKDAYS_BACK[2]) + 17 * HOUR : midnight(WEEKDAYS_BACK[2]) + 20 * HOUR] = level_kw
    answer = found(rules["high-4-of-5"], SiteMeter(load, UTC_DAYS), EVENT)
    assert answer.days_used == tuple(WEEKDAYS_BACK[n - 1] for n in days)


@pytest.mark.parametrize("name", ALL_HIGH_4_OF_5)
def test_b2_symmetric_additive_adjustment(rules: dict[str, BaselineRule], name: str) -> None:
    # actual (90 + 95 + 100) / 3 = 95; base (86 + 90 + 94) / 3 = 90; difference 5, below 0.2 x 104.5.
    answer = found(rules[name], SITE, EVENT)
    assert answer.adjustment_kw == pytest.approx(5.0, rel=1e-9)
    assert (answer.adjusted, answer.capped, answer.adjustment_ratio) == (True, False, 1.0)
    np.testing.assert_allclose(answer.adjusted_kw, [108.0, 109.5, 109.5, 111.0], rtol=1e-9)


def test_b3_ratio_adjustment(rules: dict[str, BaselineRule]) -> None:
    # 95 / 90 = 1.055556, within 0.8 to 1.2; 103 x 1.055556 = 108.7222 and so on.
    load_point = rules["caiso-10-in-10"].adjustment
    rule = rules["high-4-of-5"].model_copy(update={"adjustment": load_point})
    answer = found(rule, SITE, EVENT)
    assert answer.adjustment_ratio == pytest.approx(95.0 / 90.0, rel=1e-12)
    assert (answer.adjusted, answer.capped) == (True, False)
    np.testing.assert_allclose(answer.adjusted_kw, [108.7222, 110.3056, 110.3056, 111.8889], atol=5e-5)
    # 30 kW more in the window: 125 / 90 = 1.389 is clipped to 1.2.
    load = metered_kw()
    load.loc[EVENT_DAY + 13 * HOUR : EVENT_DAY + 15 * HOUR] += 30.0
    clipped = found(rule, SiteMeter(load, UTC_DAYS), EVENT)
    assert (clipped.adjustment_ratio, clipped.capped) == (1.2, True)


def test_b4_reduction_and_energy(rules: dict[str, BaselineRule]) -> None:
    # 108 - 80 = 28   109.5 - 82 = 27.5   109.5 - 81 = 28.5   111 - 83 = 28; over an hour each: 112 kWh.
    rule = rules["high-4-of-5"]
    reduction_kw = delivered_reduction_kw(rule, found(rule, SITE, EVENT), SITE)
    np.testing.assert_allclose(reduction_kw, [28.0, 27.5, 28.5, 28.0], rtol=1e-9)
    assert reduction_kw.sum() * 1.0 == pytest.approx(112.0, rel=1e-9)


def test_c14_low_day_and_event_day_are_skipped_and_the_four_highest_averaged(
    rules: dict[str, BaselineRule],
) -> None:
    # Day 4 was an event day. Left of the last: 1, 2, 3, 5, 6 with means 103, 99, 20, 95, 105; their
    # mean is 84.4, a quarter of it 21.1, so day 3 goes; the next older weekday, 5 March, has 50.
    # The four highest are 6, 1, 2, 5; hour by hour:
    #   (100 + 98 + 96 + 104) / 4 = 99.5    (102 + 98 + 94 + 106) / 4 = 100
    #   (104 + 100 + 96 + 104) / 4 = 101    (106 + 100 + 94 + 106) / 4 = 101.5
    day_4 = midnight(WEEKDAYS_BACK[3])
    event = Interval(day_4 + 9 * HOUR, day_4 + 10 * HOUR)  # at another time: the whole day is an event day
    answer = found(rules["high-4-of-5"], SiteMeter(metered_kw(), UTC_DAYS, events=(event,)), EVENT)
    np.testing.assert_allclose(answer.raw_kw, [99.5, 100.0, 101.0, 101.5], rtol=1e-9)
    assert answer.days_used == tuple(WEEKDAYS_BACK[n - 1] for n in (1, 2, 5, 6))


def test_b5_90_10(rules: dict[str, BaselineRule]) -> None:
    # start 100; 0.9 x 100 + 0.1 x 110 = 101; 0.9 x 101 + 0.1 x 90 = 99.9; 0.9 x 99.9 + 0.1 x 120 = 101.91
    rule = rules["iso-ne-90-10"]
    rule = rule.model_copy(
        update={"method": rule.method.model_copy(update={"start_days": 1}), "adjustment": None}
    )
    for days, expected in ((2, 101.0), (3, 99.9), (4, 101.91)):
        levels = [100.0, 110.0, 90.0, 120.0][:days]
        load = regular(np.repeat(levels, 24), EVENT_DAY, HOUR)  # Monday on
        event = Interval(EVENT_DAY + days * DAY + 17 * HOUR, EVENT_DAY + days * DAY + 18 * HOUR)
        answer = found(rule, SiteMeter(load, UTC_DAYS), event)
        assert answer.raw_kw.iloc[0] == pytest.approx(expected, rel=1e-9)


def test_b5_90_10_skips_a_dispatched_day(rules: dict[str, BaselineRule]) -> None:
    # 100, 110, a dispatched day at 10, 90: 101, then 99.9.
    rule = rules["iso-ne-90-10"]
    rule = rule.model_copy(
        update={"method": rule.method.model_copy(update={"start_days": 1}), "adjustment": None}
    )
    load = regular(np.repeat([100.0, 110.0, 10.0, 90.0], 24), EVENT_DAY, HOUR)
    dispatched = Interval(EVENT_DAY + 2 * DAY + 6 * HOUR, EVENT_DAY + 2 * DAY + 7 * HOUR)
    event = Interval(EVENT_DAY + 4 * DAY + 17 * HOUR, EVENT_DAY + 4 * DAY + 18 * HOUR)
    answer = found(rule, SiteMeter(load, UTC_DAYS, events=(dispatched,)), event)
    assert answer.raw_kw.iloc[0] == pytest.approx(99.9, rel=1e-9)


def ten_days_kw() -> pd.Series:
    """Ten weekdays with 1 to 10 kWh, in the order of a shuffle, then the event's Monday at 0."""
    kwh = dict(zip([3, 4, 5, 6, 7, 10, 11, 12, 13, 14], [7, 1, 10, 4, 2, 9, 3, 5, 8, 6], strict=True))
    first = datetime(2026, 8, 3, tzinfo=UTC)  # a Monday
    levels = [kwh.get((first + n * DAY).day, 99.0) / 24.0 for n in range(14)]  # weekends do not count
    return regular(np.repeat(levels, 24), first, HOUR)


TEN_DAYS_EVENT = Interval(datetime(2026, 8, 17, 10, tzinfo=UTC), datetime(2026, 8, 17, 12, tzinfo=UTC))


def test_b6_middle_8_of_10(rules: dict[str, BaselineRule]) -> None:
    # 1 to 10 kWh without 1 and 10: mean of 2..9 = 5.5 kWh a day, 5.5 / 24 kW.
    rule = rules["ercot-middle-8-of-10"].model_copy(update={"adjustment": None})
    answer = found(rule, SiteMeter(ten_days_kw(), UTC_DAYS), TEN_DAYS_EVENT)
    np.testing.assert_allclose(answer.raw_kw * 24.0, 5.5, rtol=1e-9)
    assert answer.method == "ercot-middle-8-of-10"


def test_korea_drops_the_two_highest_and_the_two_lowest(rules: dict[str, BaselineRule]) -> None:
    # 3..8: mean 5.5 as well, but of six days.
    answer = found(rules["kr-mid-6-of-10"], SiteMeter(ten_days_kw(), UTC_DAYS), TEN_DAYS_EVENT)
    np.testing.assert_allclose(answer.raw_kw * 24.0, 5.5, rtol=1e-9)
    assert len(answer.days_used) == 6


def test_b7_weekend_3_in_5_weighted(rules: dict[str, BaselineRule]) -> None:
    # 0.5 x 100 + 0.3 x 90 + 0.2 x 80 = 93, most recent first. Of five weekend days 100, 60, 90, 50, 80
    # the three highest are those; the event is on Sunday 22 March.
    rule = rules["caiso-5-in-10-residential"].model_copy(update={"adjustment": None})
    sunday = datetime(2026, 3, 22, tzinfo=UTC)
    load = regular(np.full(23 * 24, 10.0), sunday - 22 * DAY, HOUR)
    for day, level_kw in zip((1, 7, 8, 14, 15), (100.0, 60.0, 90.0, 50.0, 80.0), strict=True):
        load.loc[sunday - day * DAY : sunday - (day - 1) * DAY - HOUR] = level_kw
    event = Interval(sunday + 17 * HOUR, sunday + 19 * HOUR)
    answer = found(rule, SiteMeter(load, UTC_DAYS), event)
    np.testing.assert_allclose(answer.raw_kw, 93.0, rtol=1e-9)
    assert [(sunday.date() - day).days for day in answer.days_used] == [1, 8, 15]


def level_site(metered_kw: float, nominated_kw: float) -> SiteMeter:
    """Three weeks at 900 kW, then the event's load."""
    load = regular(np.full(22 * 24, 900.0), EVENT_DAY - 21 * DAY, HOUR)
    load.loc[EVENT.start : EVENT.end - HOUR] = metered_kw
    return SiteMeter(load, UTC_DAYS, nominated_kw=nominated_kw)


def test_b8_firm_service_level(rules: dict[str, BaselineRule]) -> None:
    # 1000 - 650 x 1.05 = 1000 - 682.5 = 317.5
    rule = rules["pjm-firm-service-level"].model_copy(update={"loss_ratio": 1.05})
    site = level_site(650.0, 1000.0)
    np.testing.assert_allclose(delivered_reduction_kw(rule, found(rule, site, EVENT), site), 317.5, rtol=1e-9)


def test_b9_guaranteed_load_drop(rules: dict[str, BaselineRule]) -> None:
    # min(900 - 650, 1000 - 650) = 250; with a contribution of 800, min(250, 150) = 150.
    rule = rules["pjm-guaranteed-load-drop"]
    for plc_kw, expected_kw in ((1000.0, 250.0), (800.0, 150.0)):
        site = level_site(650.0, plc_kw)
        answer = found(rule, site, EVENT, library=rules)
        np.testing.assert_allclose(delivered_reduction_kw(rule, answer, site), expected_kw, rtol=1e-9)
        assert answer.method == "pjm-guaranteed-load-drop/pjm-economic"


NOON_EVENT = Interval(EVENT_DAY + 12 * HOUR, EVENT_DAY + 17 * HOUR)  # hours ending 13 to 17


def hours_ending(windows: tuple[Interval, ...]) -> list[int]:
    hours = []
    for window in windows:
        at = window.start
        while at < window.end:
            at += HOUR
            hours.append((at - EVENT_DAY) // HOUR)
    return hours


def test_b10_same_day_hours(rules: dict[str, BaselineRule]) -> None:
    method = rules["pjm-same-day-3-plus-2"].method
    assert isinstance(method, AroundEvent)
    assert hours_ending(level_windows(NOON_EVENT, method)) == [9, 10, 11, 19, 20]


def test_b11_same_day_is_the_mean_of_five_hours(rules: dict[str, BaselineRule]) -> None:
    # (100 + 110 + 120 + 90 + 80) / 5 = 100, not the mean 97.5 of the two groups' means.
    load = regular(np.full(24, 555.0), EVENT_DAY, HOUR)
    load.loc[EVENT_DAY + 8 * HOUR : EVENT_DAY + 10 * HOUR] = [100.0, 110.0, 120.0]
    load.loc[EVENT_DAY + 18 * HOUR : EVENT_DAY + 19 * HOUR] = [90.0, 80.0]
    answer = found(rules["pjm-same-day-3-plus-2"], SiteMeter(load, UTC_DAYS), NOON_EVENT)
    assert answer.adjusted_kw.tolist() == [100.0] * 5


def test_b12_match_day_hours(rules: dict[str, BaselineRule]) -> None:
    method = rules["pjm-match-day"].method
    assert isinstance(method, NearestDays)
    view = EventView.of("pjm-match-day", SITE, NOON_EVENT, None)
    assert hours_ending(compared_windows(view, method)) == [*range(1, 12), *range(19, 25)]


def test_b12_match_day_takes_the_three_nearest_by_those_hours(rules: dict[str, BaselineRule]) -> None:
    # Outside the event five weekdays back stand at 50, 61, 40, 55, 58 kW, the event's day at 60: the
    # nearest are 61, 58 and 55. In the event they stood at 200, 300 and 400: mean 300. Hours ending 12
    # and 18 are at 999 on the event's day, which must not matter.
    load = regular(np.full(8 * 24, 777.0), EVENT_DAY - 7 * DAY, HOUR)
    days = [EVENT_DAY - n * DAY for n in (3, 4, 5, 6, 7)]
    for day, outside_kw, inside_kw in zip(
        days, (50.0, 61.0, 40.0, 55.0, 58.0), (1.0, 200.0, 2.0, 300.0, 400.0), strict=True
    ):
        load.loc[day : day + 23 * HOUR] = outside_kw
        load.loc[day + 12 * HOUR : day + 16 * HOUR] = inside_kw
    load.loc[EVENT_DAY : EVENT_DAY + 23 * HOUR] = 60.0
    for hour in (11, 17):
        load.loc[EVENT_DAY + hour * HOUR : EVENT_DAY + hour * HOUR] = 999.0
    answer = found(rules["pjm-match-day"], SiteMeter(load, UTC_DAYS), NOON_EVENT)
    assert answer.adjusted_kw.tolist() == [300.0] * 5
    assert answer.days_used == tuple(day.date() for day in (days[1], days[3], days[4]))


def taipower(event_night_kw: float, contract_kw: float | None = 120.0) -> SiteMeter:
    """Forty days at 99.91 kW in the event window and 99.89 kW from 22:00 to 24:00 in Taipei."""
    first = datetime(2026, 2, 4, 16, tzinfo=UTC)  # midnight of 5 February in Taipei
    load = regular(np.full(40 * 24 + 24, 70.0), first, HOUR)
    for day in range(41):
        midnight_utc = first + day * DAY
        load.loc[midnight_utc + 18 * HOUR : midnight_utc + 19 * HOUR] = 99.91
        load.loc[midnight_utc + 22 * HOUR : midnight_utc + 23 * HOUR] = 99.89
    load.loc[first + 40 * DAY + 22 * HOUR : first + 40 * DAY + 23 * HOUR] = event_night_kw
    return SiteMeter(load, SiteCalendar("Asia/Taipei"), contract_kw=contract_kw)


TAIPEI_EVENT = Interval(datetime(2026, 3, 17, 10, tzinfo=UTC), datetime(2026, 3, 17, 12, tzinfo=UTC))


@pytest.mark.parametrize(
    ("night_kw", "contract_kw", "af_kw", "cbl_kw"),
    [
        (79.97, 120.0, 0.0, 99.91),  # published: max(0, 79.97 - 99.89) = 0
        (110.0, 120.0, 10.11, 110.02),  # 110 - 99.89 = 10.11
        (130.0, 120.0, 30.11, 120.0),  # 99.91 + 30.11 = 130.02, held at the contract capacity
    ],
)
def test_b13_taipower(
    rules: dict[str, BaselineRule], night_kw: float, contract_kw: float, af_kw: float, cbl_kw: float
) -> None:
    answer = found(rules["tw-20-day"], taipower(night_kw, contract_kw), TAIPEI_EVENT)
    np.testing.assert_allclose(answer.raw_kw, 99.91, rtol=1e-9)
    assert answer.adjustment_kw == pytest.approx(af_kw, abs=5e-3)
    np.testing.assert_allclose(answer.adjusted_kw, cbl_kw, atol=5e-3)
    assert len(answer.days_used) == 20
    assert all(day.weekday() < 5 for day in answer.days_used)


def test_b14_the_rule_carries_the_published_parameters(rules: dict[str, BaselineRule]) -> None:
    rule = rules["jp-erab-high-4-of-5"]
    assert rule.interval == timedelta(minutes=30)
    assert rule.method == XOfY(kind="x_of_y", pick="high", rank_by="event_mean")
    days, adjustment = rule.days, rule.adjustment
    assert days is not None
    assert adjustment is not None
    weekday, holiday = days.class_of(DayKind.WORKDAY), days.class_of(DayKind.HOLIDAY)
    assert weekday is not None
    assert holiday is not None
    assert (weekday.average, weekday.candidates, holiday.average, holiday.candidates) == (4, 5, 2, 3)
    assert (days.lookback_days, days.latest_day_offset) == (30, 2)
    assert (days.low_use_ratio, days.low_use_inclusive) == (0.25, True)
    (window,) = adjustment.windows
    assert (window.anchor, window.begin, window.end) == ("start", -5 * HOUR, -2 * HOUR)
    # 30-minute units: from 10 units before the start to 4 units before it are six.
    assert (window.end - window.begin) / timedelta(minutes=30) == 6
    assert (adjustment.kind, adjustment.cap_ratio, rule.gate.max_rrmse_ratio) == ("additive", None, 0.2)


def test_b14_only_data_up_to_two_days_before_count(rules: dict[str, BaselineRule]) -> None:
    load = regular(np.full(16 * 48, 50.0), EVENT_DAY - 14 * DAY, timedelta(minutes=30))
    # 17:00 UTC is 02:00 of the next day in Tokyo: the event is on Wednesday 18 March, D-2 is Monday 16.
    tuesday = Interval(EVENT.start + DAY, EVENT.end + DAY)
    answer = found(rules["jp-erab-high-4-of-5"], SiteMeter(load, SiteCalendar("Asia/Tokyo")), tuesday)
    assert answer.days_used[0] == date(2026, 3, 16)


@pytest.mark.parametrize(
    ("name", "days"), [("jp-erab-high-4-of-5", (1, 2, 4, 6)), ("pjm-economic", (1, 2, 4, 5))]
)
def test_b14_a_day_exactly_at_the_line_is_dropped(
    rules: dict[str, BaselineRule], name: str, days: tuple[int, ...]
) -> None:
    # With L on day 3 the mean is (408 + L) / 5 and the line (408 + L) / 20; L = 408 / 19 lies on it.
    load = metered_kw()
    load.loc[midnight(WEEKDAYS_BACK[2]) + 17 * HOUR : midnight(WEEKDAYS_BACK[2]) + 20 * HOUR] = 408.0 / 19.0
    answer = found(rules[name], SiteMeter(load, UTC_DAYS), EVENT)
    assert answer.days_used == tuple(WEEKDAYS_BACK[n - 1] for n in days)


def test_b14_the_gate_is_a_fifth_of_the_mean_load() -> None:
    # errors +25, -15 on 100: sqrt((625 + 225) / 2) / 100 = 0.2062, above 20 %
    assert rrmse_ratio([125.0, 85.0], [100.0, 100.0]) == pytest.approx(np.sqrt(425.0) / 100.0, rel=1e-12)
    assert rrmse_ratio([125.0, 85.0], [100.0, 100.0]) > 0.2


def test_guangzhou_counts_from_two_days_before(rules: dict[str, BaselineRule]) -> None:
    # Friday's event: Wednesday back to Thursday of the week before, without the weekend.
    friday = datetime(2026, 3, 20, tzinfo=UTC)
    load = regular(np.repeat(np.arange(30.0)[::-1], 24), friday - 29 * DAY, HOUR)  # n days back has n kW
    answer = found(
        rules["cn-guangzhou"], SiteMeter(load, UTC_DAYS), Interval(friday + 9 * HOUR, friday + 11 * HOUR)
    )
    assert [(friday.date() - day).days for day in answer.days_used] == [2, 3, 4, 7, 8]
    np.testing.assert_allclose(answer.adjusted_kw, (2 + 3 + 4 + 7 + 8) / 5, rtol=1e-12)


def test_nyiso_average_coincident_load(rules: dict[str, BaselineRule]) -> None:
    # Forty peak hours in which the site used 1 to 40 kW: the mean of 21..40 is 30.5.
    load = regular(np.full(60 * 24, 5.0), EVENT_DAY - 59 * DAY, HOUR)
    hours = [Interval(EVENT_DAY - (n + 1) * DAY, EVENT_DAY - (n + 1) * DAY + HOUR) for n in range(41)]
    for n, hour in enumerate(hours):
        load.loc[hour.start : hour.start] = (
            float((n * 7) % 40 + 1) if n < 40 else 999.0
        )  # the 41st peak is no peak
    site = SiteMeter(load, UTC_DAYS, peak_intervals=tuple(hours))
    assert found(rules["nyiso-scr"], site, EVENT).adjusted_kw.tolist() == pytest.approx([30.5] * 4)
