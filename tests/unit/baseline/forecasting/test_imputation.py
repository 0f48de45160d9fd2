import numpy as np
import pytest
from support.hourly_panels import M, noisy_panel, panel_of, weekly_kw

from vpp.baseline.forecasting.imputation import imputed


def test_gaps_are_filled_with_the_usual_load_at_todays_level() -> None:
    truth_kw = weekly_kw(28) + 10.0 * (np.arange(28 * M) >= 27 * M)
    gappy_kw = truth_kw.copy()
    gappy_kw[27 * M + 8 : 27 * M + 14] = np.nan
    filled_kw = imputed(panel_of(gappy_kw)).load_kw[0]
    assert np.abs(filled_kw - truth_kw).max() < 6.0  # the level of other days would miss by 10
    untouched = ~np.isnan(gappy_kw)
    np.testing.assert_array_equal(filled_kw[untouched], gappy_kw[untouched])


def test_a_history_without_gaps_is_returned_as_it_is() -> None:
    known = panel_of(weekly_kw(28))
    assert imputed(known) is known


@pytest.mark.parametrize("days", [10, 56, 150])
def test_both_computations_fill_alike(days: int) -> None:
    panel = noisy_panel(days, site_count=5)
    rng = np.random.default_rng(2)
    panel.load_kw[0, rng.random(panel.length) < 0.1] = np.nan
    panel.load_kw[1, rng.random(panel.length) < 0.6] = np.nan
    panel.load_kw[2, :M] = np.nan
    panel.load_kw[3, -30 * M : -M] = np.nan  # hardly any day of some kinds left
    panel.load_kw[3, -7] = 100.0
    filled = imputed(panel).load_kw
    assert np.isfinite(filled).all()
    np.testing.assert_allclose(filled, imputed(panel, by="reference").load_kw, rtol=1e-9)


def test_old_gaps_are_filled_from_their_own_season() -> None:
    truth_kw = weekly_kw(168)
    truth_kw[: 84 * M] *= 2.0
    gappy_kw = truth_kw.copy()
    gappy_kw[20 * M + 8 : 21 * M + 8] = np.nan
    filled_kw = imputed(panel_of(gappy_kw)).load_kw[0]
    assert np.abs(filled_kw - truth_kw).max() < 10.0  # the newest season would miss by 100


def test_months_without_a_reading_take_the_mean() -> None:
    load_kw = np.concatenate([weekly_kw(60), np.full(56 * M, np.nan), weekly_kw(56)])
    filled_kw = imputed(panel_of(load_kw)).load_kw[0]
    assert np.isfinite(filled_kw).all()
    assert abs(filled_kw[80 * M : 100 * M].mean() - weekly_kw(56).mean()) < 20.0
