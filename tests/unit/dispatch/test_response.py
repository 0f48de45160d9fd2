from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from vpp.dispatch.response import Response, response_of

START = datetime(2026, 3, 2, 17, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def answered(delivered_kw: list[float], target_kw: float = 100.0, late: timedelta = timedelta(0)) -> Response:
    asked = np.full(len(delivered_kw), target_kw)
    given = np.array(delivered_kw)
    return response_of(given, asked, start=START, step=MINUTE, begin=START + late, per_interval=5)


def test_delays_end_with_the_reading_that_shows_the_response() -> None:
    shown = answered([0, 10, 50, 90, 100, 100, 100, 100, 100, 100])
    assert shown.response_delay == 2 * MINUTE
    assert shown.full_delay == 4 * MINUTE
    assert shown.ramp_kw_per_min == pytest.approx(80.0 / 2)


def test_a_site_is_not_late_for_the_start_it_was_given() -> None:
    assert answered([0, 95, 100, 100, 100], late=MINUTE).full_delay == MINUTE
    assert answered([95, 95, 100, 100, 100], late=2 * MINUTE).full_delay == timedelta(0)


def test_an_answer_within_one_reading_rises_at_least_so_fast() -> None:
    assert answered([100] * 5).ramp_kw_per_min == pytest.approx(80.0)


def test_what_is_above_the_target_makes_up_for_no_other_interval() -> None:
    shown = answered([200.0] * 5 + [0.0] * 5)
    assert shown.reached_ratio == pytest.approx(0.5)


def test_a_rise_in_consumption_counts_as_nothing_delivered() -> None:
    shown = answered([-50.0] * 5)
    assert shown == Response(0.0, None, None, None, None)


def test_an_interval_with_a_gap_is_not_counted_either_way() -> None:
    shown = answered([np.nan, 100, 100, 100, 100, 50, 50, 50, 50, 50])
    assert shown.reached_ratio == pytest.approx(0.5)
    assert answered([np.nan] * 5).reached_ratio == 0.0


def test_steadiness_falls_with_what_varies_about_the_target() -> None:
    assert answered([100] * 10).steadiness_ratio == pytest.approx(1.0)
    assert answered([90, 110] * 5).steadiness_ratio == pytest.approx(0.9)
    assert answered([0, 0, 0, 0, 100]).steadiness_ratio is None
