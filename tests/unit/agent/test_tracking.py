import math

import pytest

from vpp.agent.tracking import Course, required_change_kw, usable_kw


def required(course: Course, limit_ratio: float = 1.0) -> float:
    return required_change_kw(course, aim_ratio=1.0, correction_limit_ratio=limit_ratio)


def test_the_first_step_aims_at_baseline_less_target() -> None:
    assert required(Course(1000.0, 200.0, [], 3, load_kw=1030.0)) == 230.0


def test_what_was_missed_is_spread_over_what_is_left() -> None:
    # 860 instead of 800 in the first of three: 60 kW too much, 30 kW in each of the two left.
    assert required(Course(1000.0, 200.0, [860.0], 3, load_kw=1000.0)) == 230.0


def test_what_was_done_too_much_is_given_back() -> None:
    assert required(Course(1000.0, 200.0, [780.0, 780.0], 3, load_kw=1000.0)) == 160.0


def test_the_correction_is_limited() -> None:
    assert required(Course(1000.0, 200.0, [1800.0, 1800.0], 3, load_kw=1000.0), 0.5) == 300.0


def test_a_site_far_below_its_baseline_does_nothing() -> None:
    assert required(Course(1000.0, 200.0, [], 3, load_kw=700.0)) == 0.0


def test_without_a_baseline_the_target_is_the_reduction() -> None:
    assert required(Course(None, 200.0, [500.0], 3, load_kw=700.0)) == 200.0


def test_a_gap_in_the_readings_is_not_counted_as_zero() -> None:
    assert required(Course(1000.0, 200.0, [math.nan], 3, load_kw=1000.0)) == 200.0


def test_energy_that_is_owed_later_is_not_given_now() -> None:
    # 50 kWh are left, 40 kWh of them owed in the second hour: 10 kWh over two hours.
    assert usable_kw(100.0, 50.0, [0.0, 40.0], 1.0) == pytest.approx(5.0)


def test_power_alone_limits_what_has_no_energy_limit() -> None:
    assert usable_kw(100.0, math.inf, [20.0], 1.0) == 100.0
