from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest
from support.rule_cases import DAY, HOUR, MONDAY, daily_load, event_on, found, refused, rule_of, site_of

from vpp.baseline.rule_baseline import NoBaselineReason
from vpp.foundation.interval import Interval
from vpp.foundation.series import regular

CLASSES = [
    {"kinds": ["workday"], "average": 1, "candidates": 366},
    {"kinds": ["saturday", "sunday", "holiday"], "average": 1, "candidates": 366},
]
SHAPE = np.where((np.arange(24) >= 8) & (np.arange(24) < 20), 1.5, 0.5)  # mean 1
EVENT = event_on(MONDAY + 35 * DAY, hour=18, length=4 * HOUR)  # a Monday; 18:00 to 22:00


def rule(fewest_days: int = 20, **days: Any) -> Any:  # noqa: ANN401  a test replaces any field
    method = {"kind": "daily_energy_regression", "fewest_days": fewest_days}
    return rule_of(method, days={"classes": CLASSES, "lookback_days": 366} | days)


def shaped(day_means: list[float]) -> pd.Series:
    return regular((np.array(day_means)[:, None] * SHAPE).ravel(), MONDAY, HOUR)


def day_means(temperature_c: np.ndarray[tuple[int], np.dtype[np.float64]] | None = None) -> list[float]:
    """100 kW on workdays, 40 kW on others; 2 kW a degree and 5 kW more above 18."""
    levels = np.array([100.0 if n % 7 < 5 else 40.0 for n in range(36)])
    if temperature_c is not None:
        levels += 2.0 * temperature_c + 5.0 * np.maximum(temperature_c - 18.0, 0.0)
    return [float(level) for level in levels]


def test_without_temperature_it_is_the_class_mean_with_its_shape() -> None:
    answer = found(rule(), site_of(shaped(day_means())), EVENT)
    assert answer.raw_kw.tolist() == pytest.approx([150.0, 150.0, 50.0, 50.0])
    assert answer.notes == ("fitted without temperature: none is given",)
    assert answer.method == "a-rule/without-temperature"
    assert len(answer.days_used) == 35


def test_a_hot_day_takes_more() -> None:
    # A linear load is recovered exactly: 100 + 2 x 25 + 5 x 7 = 185 kW on average.
    random = np.random.default_rng(5)
    means_c = np.append(random.uniform(5, 30, 35), 25.0)
    site = site_of(shaped(day_means(means_c)), temperature_c=regular(np.repeat(means_c, 24), MONDAY, HOUR))
    answer = found(rule(), site, EVENT)
    assert answer.raw_kw.tolist() == pytest.approx([277.5, 277.5, 92.5, 92.5])
    assert (answer.method, answer.notes) == ("a-rule", ())


def test_a_temperature_that_ends_before_the_event_is_left_out_and_noted() -> None:
    means_c = np.linspace(5, 30, 36)
    ends = regular(np.repeat(means_c[:35], 24), MONDAY, HOUR)
    answer = found(rule(), site_of(shaped(day_means()), temperature_c=ends), EVENT)
    assert answer.notes == ("fitted without temperature: 1 days lack it",)
    assert answer.method == "a-rule/without-temperature"
    assert answer.raw_kw.tolist() == pytest.approx([150.0, 150.0, 50.0, 50.0])


def test_a_constant_temperature_explains_nothing() -> None:
    site = site_of(shaped(day_means()), temperature_c=regular(np.full(36 * 24, 20.0), MONDAY, HOUR))
    assert found(rule(), site, EVENT).raw_kw.iloc[0] == pytest.approx(150.0)


def test_it_never_leaves_what_was_seen_by_more_than_half_the_range() -> None:
    # Days from 40 to 124 kW: at 400 degrees the fit gives thousands, and 124 + 42 = 166 stands.
    means_c = np.append(np.linspace(5, 12, 35), 400.0)
    site = site_of(
        shaped(day_means(np.append(means_c[:35], 0.0))),
        temperature_c=regular(np.repeat(means_c, 24), MONDAY, HOUR),
    )
    load = np.array(day_means(np.append(means_c[:35], 0.0))[:35])
    highest = load.max() + 0.5 * np.ptp(load)
    assert found(rule(), site, EVENT).raw_kw.iloc[0] == pytest.approx(1.5 * highest)


def test_days_with_gaps_and_of_other_lengths_are_left_out() -> None:
    load = shaped(day_means())
    load.loc[MONDAY + 3 * HOUR : MONDAY + 3 * HOUR] = np.nan
    site = site_of(load, "Europe/London")  # 29 March has 23 hours
    used = found(rule(), site, EVENT).days_used
    assert date(2026, 3, 2) not in used
    assert date(2026, 3, 29) not in used
    assert len(used) == 33


def test_an_hour_that_occurs_twice_has_its_share_twice() -> None:
    first = datetime(2026, 9, 28, tzinfo=UTC)
    index = pd.date_range(first, periods=28 * 24, freq="h")
    load = pd.Series(index.tz_convert("Europe/London").hour.astype(float) + 1.0, index=index)
    site = site_of(load, "Europe/London")
    answer = found(rule(fewest_days=3), site, site.calendar.day(date(2026, 10, 25)))
    assert answer.raw_kw.tolist() == pytest.approx([1, 2, *range(2, 25)])


def test_too_few_days_or_none_of_the_class_or_no_load_are_values() -> None:
    site = site_of(shaped(day_means()))
    detail = refused(rule(fewest_days=36), site, EVENT, NoBaselineReason.INSUFFICIENT_HISTORY)
    assert detail.startswith("35 whole days, 25 of them like 2026-04-06")
    weekend = site_of(daily_load(MONDAY + 33 * DAY, 1, 1))
    refused(rule(fewest_days=1), weekend, EVENT, NoBaselineReason.INSUFFICIENT_HISTORY)
    refused(rule(), site_of(shaped([0.0] * 36)), EVENT, NoBaselineReason.INSUFFICIENT_HISTORY)
    only_workdays = rule(classes=CLASSES[:1])
    saturday = Interval(EVENT.start - 2 * DAY, EVENT.end - 2 * DAY)
    refused(only_workdays, site, saturday, NoBaselineReason.DAY_NOT_COVERED)


def test_finer_readings_have_finer_shares() -> None:
    quarter = timedelta(minutes=15)
    day = np.tile([0.0, 1.0, 2.0, 5.0], 24)
    load = regular(np.tile(day, 30), MONDAY, quarter)
    event = Interval(MONDAY + 29 * DAY, MONDAY + 29 * DAY + HOUR)
    answer = found(rule(fewest_days=5), site_of(load), event)
    assert answer.raw_kw.tolist() == pytest.approx([0.0, 1.0, 2.0, 5.0])
