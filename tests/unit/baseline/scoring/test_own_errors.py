import numpy as np
import pytest
from support.baseline_sites import day_of

from vpp.baseline.forecast_request import PastErrors
from vpp.baseline.scoring.civil_days import number_of
from vpp.baseline.scoring.own_errors import KEPT_DAYS, OwnErrors

# Slots of a day of four: on a short one slot 1 is skipped, on a long one it occurs twice.
PLAIN, SHORT, LONG = np.arange(4), np.array([0, 2, 3]), np.array([0, 1, 1, 2, 3])


def test_errors_follow_the_wall_clock_over_days_of_any_length() -> None:
    errors = OwnErrors(4)
    assert errors.past(PLAIN) is None
    errors.add(number_of(day_of(0)), np.array([1.0, 2.0, 3.0, 4.0]), PLAIN)
    errors.add(number_of(day_of(1)), np.array([5.0, 6.0, 7.0]), SHORT)
    errors.add(number_of(day_of(2)), np.array([8.0, 9.0, 10.0, 11.0, 12.0]), LONG)
    past = errors.past(LONG)
    assert past is not None
    assert past.days == tuple(day_of(day) for day in range(3))
    expected = [[1, 2, 2, 3, 4], [5, np.nan, np.nan, 6, 7], [8, 9, 9, 11, 12]]
    np.testing.assert_array_equal(past.error_kw, expected)
    short = errors.past(SHORT)
    assert short is not None
    assert short.error_kw[2].tolist() == [8.0, 11.0, 12.0]


def test_the_first_forecasts_errors_are_taken_once() -> None:
    errors = OwnErrors(4)
    errors.take(None, PLAIN)
    assert errors.past(PLAIN) is None
    errors.take(PastErrors((day_of(0),), np.ones((1, 4))), PLAIN)
    errors.take(PastErrors((day_of(5),), np.zeros((1, 4))), PLAIN)
    past = errors.past(PLAIN)
    assert past is not None
    assert past.days == (day_of(0),)
    assert past.error_kw == pytest.approx(np.ones((1, 4)))


def test_only_the_latest_days_are_kept() -> None:
    errors = OwnErrors(4)
    for day in range(KEPT_DAYS + 5):
        errors.add(number_of(day_of(day)), np.full(4, float(day)), PLAIN)
    past = errors.past(PLAIN)
    assert past is not None
    assert past.error_kw[:, 0].tolist() == list(range(5, KEPT_DAYS + 5))
