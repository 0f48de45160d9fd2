import numpy as np
import pytest

from vpp.baseline.forecasting.bands import ErrorBand, error_band

M = 24
NO_DAY_OFF = np.zeros((42, M), dtype=np.bool_)
WEEKENDS = np.broadcast_to((np.arange(42) % 7 >= 5)[:, None], (42, M))


def band_of(errors_kw: np.ndarray, is_off: np.ndarray = NO_DAY_OFF, *, ahead_off: bool = False) -> ErrorBand:
    return error_band(errors_kw, is_off, np.full(errors_kw.shape[2], ahead_off), M)


def test_it_covers_four_fifths_of_new_errors() -> None:
    draw = np.random.default_rng(3)
    past_kw, next_kw = draw.normal(0.0, 4.0, (200, 42, M)), draw.normal(0.0, 4.0, (200, M))
    found = band_of(past_kw)
    covered = (next_kw >= found.low_kw) & (next_kw <= found.high_kw)
    assert 0.78 < covered.mean() < 0.82


def test_few_days_move_the_levels_outwards() -> None:
    errors_kw = np.random.default_rng(4).normal(0.0, 4.0, (200, 42, M))
    few, many = band_of(errors_kw[:, -3:], NO_DAY_OFF[-3:]), band_of(errors_kw)
    # Of 9 errors that differ the level is 0.9 x 10 / 9 = 1: all errors lie within.
    largest = np.abs(errors_kw[:, -3:]).max(axis=(1, 2))
    assert (np.maximum(few.high_kw.max(axis=1), -few.low_kw.min(axis=1)) > 0.7 * largest).all()
    assert few.high_kw.mean() > 1.3 * many.high_kw.mean()


def test_times_that_err_more_have_wider_bands() -> None:
    by_slot_kw = np.where(np.arange(M) < 12, 1.0, 5.0)
    errors_kw = np.random.default_rng(5).normal(0.0, 1.0, (20, 42, M)) * by_slot_kw
    found = band_of(errors_kw)
    ratio = found.high_kw[:, 18] / found.high_kw[:, 5]
    assert (ratio > 2.5).all()


@pytest.mark.parametrize(("ahead_off", "size_kw"), [(False, 1.0), (True, 6.0)])
def test_days_off_have_bands_of_their_own(ahead_off: bool, size_kw: float) -> None:  # noqa: FBT001  a parameter
    errors_kw = np.random.default_rng(6).normal(0.0, 1.0, (50, 42, M)) * np.where(WEEKENDS, 6.0, 1.0)
    found = band_of(errors_kw, WEEKENDS, ahead_off=ahead_off)
    assert found.high_kw.mean() == pytest.approx(1.28 * size_kw, rel=0.3)  # 90 % of a normal variable


def test_errors_that_grew_of_late_widen_the_band() -> None:
    calm_kw = np.random.default_rng(7).normal(0.0, 1.0, (20, 42, M))
    grown_kw = calm_kw.copy()
    grown_kw[:, -5:] *= 4.0
    shrunk_kw = calm_kw.copy()
    shrunk_kw[:, :5] *= 4.0  # the same errors, long ago
    assert band_of(grown_kw).high_kw.mean() > 1.3 * band_of(shrunk_kw).high_kw.mean()


def test_only_six_weeks_count() -> None:
    errors_kw = np.random.default_rng(8).normal(0.0, 1.0, (3, 50, M))
    older_kw = errors_kw.copy()
    older_kw[:, :8] = 1e6
    is_off = np.zeros((50, M), dtype=np.bool_)
    np.testing.assert_array_equal(band_of(older_kw, is_off).high_kw, band_of(errors_kw, is_off).high_kw)


def test_unknown_errors_are_left_out() -> None:
    errors_kw = np.random.default_rng(9).normal(0.0, 1.0, (2, 42, M))
    gappy_kw = errors_kw.copy()
    gappy_kw[:, ::3] = np.nan
    kept = np.arange(42) % 3 != 0
    found = band_of(gappy_kw)
    expected = band_of(errors_kw[:, kept], NO_DAY_OFF[kept])
    np.testing.assert_allclose(found.high_kw, expected.high_kw, rtol=0.1)
    assert np.isnan(band_of(np.full((1, 42, M), np.nan)).low_kw).all()


def test_a_site_is_not_moved_by_others_and_scales_with_its_errors() -> None:
    errors_kw = np.random.default_rng(10).normal(0.0, 1.0, (3, 42, M))
    together, alone = band_of(errors_kw), band_of(1000.0 * errors_kw[1:2])
    np.testing.assert_allclose(1000.0 * together.low_kw[1], alone.low_kw[0], rtol=1e-12)


def test_forecasts_that_were_right_have_no_width() -> None:
    found = band_of(np.zeros((1, 42, M)))
    np.testing.assert_array_equal(found.low_kw, 0.0)
    np.testing.assert_array_equal(found.high_kw, 0.0)


def test_an_interval_of_an_hour_with_a_single_day_is_enough() -> None:
    found = error_band(np.array([[[2.0]]]), np.zeros((1, 1), bool), np.zeros(1, bool), 1)
    np.testing.assert_allclose([found.low_kw, found.high_kw], [[[2.0]], [[2.0]]])
