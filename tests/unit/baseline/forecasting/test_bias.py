import numpy as np
import pytest

from vpp.baseline.forecasting.bias import recent_bias


def test_it_is_four_tenths_of_the_mean_error_of_the_last_fourteen_days() -> None:
    errors_kw = np.zeros((2, 20, 24))
    errors_kw[0, :6] = 999.0  # too old to count
    errors_kw[0, 6:] = 5.0
    errors_kw[1, -1] = -14.0  # one day of fourteen
    np.testing.assert_allclose(recent_bias(errors_kw), [2.0, -0.4])


def test_unknown_errors_say_nothing() -> None:
    errors_kw = np.full((3, 14, 4), np.nan)
    errors_kw[1, -1, :2] = 7.0  # half a day, whose mean is 7
    errors_kw[2, :, 0] = 1.0
    np.testing.assert_allclose(recent_bias(errors_kw), [0.0, 0.4 * 7.0 / 14.0, 0.4])


def test_few_days_count_for_less() -> None:
    assert recent_bias(np.full((1, 7, 24), 10.0))[0] == pytest.approx(2.0)
