import numpy as np
from statsmodels.tsa.ar_model import AutoReg
from support.hourly_panels import M, noisy_panel, panel_of, weekly_kw

from vpp.baseline.forecasting.autoreg import AUTOREG
from vpp.baseline.forecasting.calendar_columns import calendar_columns


def test_it_is_the_forecast_of_statsmodels() -> None:
    panel = noisy_panel(40, site_count=1)
    end, lags = panel.length, [1, 2, 3, M, M + 1, 2 * M, 7 * M, 7 * M + 1]
    columns = calendar_columns(panel, np.arange(end + M), 6, np.ones(4, dtype=np.bool_))
    model = AutoReg(panel.load_kw[0], lags=lags, trend="c", exog=columns[:end])
    expected_kw = model.fit().predict(start=end, end=end + M - 1, exog_oos=columns[end:])
    found_kw = AUTOREG.batched(panel, np.array([end]), M, end)[0, 0]
    np.testing.assert_allclose(found_kw, expected_kw, rtol=1e-9)


def test_a_week_that_repeats_exactly_needs_no_lags() -> None:
    panel = panel_of(weekly_kw(35))
    at = (np.array([panel.length]), M, panel.length)
    assert np.isnan(AUTOREG.batched(panel, *at)).all()  # nothing is left to learn lags from
    np.testing.assert_allclose(AUTOREG.forecast(panel, *at)[0, 0], weekly_kw(36)[-M:], rtol=1e-6)
