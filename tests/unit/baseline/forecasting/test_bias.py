import numpy as np
import pytest

from vpp.baseline.forecasting.bias import recent_bias


def test_it_is_four_tenths_of_the_mean_error_of_the_last_fourteen_days() -> None:
    errors_kw = np.zeros((2, 20, 24))
    errors_kw[0, :6] = 999.0  # too old to count
    errors_kw[0, 6:] = 5.0
    errors_kw[1, 6:] = [[-14.0], [14.0]] * 6 + [[-14.0], [-14.0]]
    np.testing.assert_allclose(recent_bias(errors_kw), [2.0, 0.4 * -28.0 / 14.0])


def test_a_day_far_off_counts_as_twice_the_usual() -> None:
    errors_kw = np.full((2, 14, 24), 1.0)
    errors_kw[:, 3] = [[-500.0], [500.0]]
    np.testing.assert_allclose(recent_bias(errors_kw), [0.4 * (13.0 - 2.0) / 14.0, 0.4 * (13.0 + 2.0) / 14.0])
    # Of two known days the usual size is the mean of both: (1 + 9) / 2, so neither is far off.
    errors_kw[:, :12] = np.nan
    errors_kw[:, 12:] = [[1.0], [9.0]]
    np.testing.assert_allclose(recent_bias(errors_kw), [0.4 * 10.0 / 14.0] * 2)


def test_no_earlier_day_says_nothing() -> None:
    np.testing.assert_array_equal(recent_bias(np.empty((2, 0, 24))), [0.0, 0.0])


def test_unknown_errors_say_nothing() -> None:
    errors_kw = np.full((3, 14, 4), np.nan)
    errors_kw[1, -1, :2] = 7.0  # half a day, whose mean is 7
    errors_kw[2, :, 0] = 1.0
    np.testing.assert_allclose(recent_bias(errors_kw), [0.0, 0.4 * 7.0 / 14.0, 0.4])


def test_few_days_count_for_less() -> None:
    assert recent_bias(np.full((1, 7, 24), 10.0))[0] == pytest.approx(2.0)
