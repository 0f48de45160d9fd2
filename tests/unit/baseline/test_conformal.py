import numpy as np
import pytest

from vpp.baseline.conformal import spread


def test_with_many_days_the_levels_are_ten_and_ninety_percent() -> None:
    errors_kw = np.tile(np.linspace(-50.0, 50.0, 101), (2000, 1))
    found = spread(errors_kw)
    assert (found.low_kw, found.high_kw) == (pytest.approx(-40.0, abs=1.0), pytest.approx(40.0, abs=1.0))


def test_few_days_widen_the_band() -> None:
    errors_kw = np.linspace(-50.0, 50.0, 101)[None, :]
    assert spread(np.tile(errors_kw, (3, 1))).high_kw > spread(np.tile(errors_kw, (14, 1))).high_kw > 40.0


def test_the_median_moves_by_three_tenths_of_the_bias() -> None:
    assert spread(np.full((10, 4), 5.0)).bias_kw == pytest.approx(1.5)


def test_the_band_never_excludes_the_median() -> None:
    found = spread(np.full((10, 4), -5.0))
    assert found.low_kw == -5.0
    assert found.high_kw == found.bias_kw == pytest.approx(-1.5)


def test_gaps_are_left_out() -> None:
    errors_kw = np.tile(np.linspace(-5.0, 5.0, 11), (14, 1))
    gappy_kw = np.vstack([errors_kw, np.full((3, 11), np.nan)])
    assert spread(gappy_kw) == spread(errors_kw)
