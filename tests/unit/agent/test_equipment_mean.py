"""Means over metering intervals from readings that come when they come."""

import math
from datetime import UTC, datetime, timedelta

import pytest

from vpp.agent.equipment_mean import IntervalMeans

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def means_of(*, gap_s: float = 20.0, ratio: float = 0.8) -> IntervalMeans:
    return IntervalMeans(NOON, MINUTE, timedelta(seconds=gap_s), ratio)


def test_a_ramp_has_the_mean_of_its_ends() -> None:
    means = means_of()
    for second in range(0, 61, 10):
        means.power(at(second), 100.0 + second)
    assert means.close(at(60)) == [pytest.approx(130.0)]


def test_the_last_power_is_held_to_the_end_of_an_interval_that_is_asked_for_early() -> None:
    means = means_of()
    for second in (0, 10, 20, 30, 40):
        means.power(at(second), 60.0)
    means.power(at(50), 120.0)
    # 40 s at 60 kW, 10 s on the way to 120 kW, 10 s held at 120 kW
    assert means.close(at(60)) == [pytest.approx((40 * 60 + 10 * 90 + 10 * 120) / 60)]
    # The line from the held value on counts for the next interval only.
    means.power(at(70), 120.0)
    for second in (80, 90, 100, 110, 120):
        means.power(at(second), 120.0)
    assert means.close(at(120)) == [pytest.approx(120.0)]


def test_what_is_closed_is_closed_once() -> None:
    means = means_of()
    means.power(at(0), 1.0)
    means.close(at(60))
    assert means.close(at(60)) == []
    assert means.close(at(59)) == []


def test_an_interval_that_is_hardly_covered_is_a_gap_and_not_zero() -> None:
    means = means_of()
    means.power(at(0), 50.0)
    means.power(at(10), 50.0)
    (mean,) = means.close(at(60))
    assert math.isnan(mean)


def test_a_silence_longer_than_allowed_is_not_bridged() -> None:
    means = means_of(ratio=0.5)
    for second in (0, 10, 50, 60):
        means.power(at(second), 100.0)
    (mean,) = means.close(at(60))  # 20 of 60 s are covered
    assert math.isnan(mean)


def test_a_counter_keeps_its_energy_over_a_silence_within_one_interval() -> None:
    means = means_of()
    means.counter(at(0), 1000.0)
    means.counter(at(60), 1002.0)
    assert means.close(at(60)) == [pytest.approx(120.0)]


def test_a_counter_says_nothing_of_intervals_that_begin_in_a_silence() -> None:
    means = means_of()
    means.counter(at(0), 1000.0)
    means.counter(at(90), 1003.0)
    means.counter(at(120), 1004.0)
    assert [math.isnan(mean) for mean in means.close(at(120))] == [True, True]


def test_a_counter_that_was_reset_is_no_generation() -> None:
    means = means_of()
    means.counter(at(0), 1000.0, limit_kw=500.0)
    means.counter(at(18), 0.0, limit_kw=500.0)
    means.counter(at(60), 1.0, limit_kw=500.0)
    (mean,) = means.close(at(60))
    assert math.isnan(mean)


def test_a_coarse_counter_is_no_reset_and_its_power_says_what_is_now() -> None:
    means = means_of()
    for second in range(0, 61, 2):  # whole kWh only: one count in two seconds looks like 1800 kW
        means.counter(at(second), math.floor(100.0 + second / 30.0), limit_kw=500.0, now_kw=120.0)
    assert means.close(at(60)) == [pytest.approx(120.0)]
    assert means.recent_kw(at(25), at(35)) == pytest.approx(120.0)


def test_a_clock_that_goes_back_does_not_spread_energy_backwards() -> None:
    means = means_of()
    means.power(at(50), 100.0)
    means.power(at(10), 100.0)
    for second in (20, 30, 40, 50, 60):
        means.power(at(second), 200.0)
    (mean,) = means.close(at(60))
    assert mean == pytest.approx((150 * 10 + 200 * 40) / 50)


def test_a_broken_reading_is_a_gap() -> None:
    means = means_of(ratio=0.9)
    means.power(at(0), 100.0)
    means.power(at(15), 100.0)
    means.broken()
    means.power(at(30), 100.0)
    means.power(at(45), 100.0)
    (mean,) = means.close(at(60))  # 45 of 60 s
    assert math.isnan(mean)


def test_means_off_the_grid_come_from_the_same_readings() -> None:
    means = means_of()
    for second in range(0, 100, 10):
        means.power(at(second), float(second))
    assert means.recent_kw(at(20), at(40)) == pytest.approx(30.0)
    assert means.recent_kw(at(80), at(95)) == pytest.approx((10 * 85 + 5 * 90) / 15)
    assert math.isnan(means.recent_kw(at(100), at(300)))
    assert math.isnan(means.recent_kw(at(-300), at(-100)))
