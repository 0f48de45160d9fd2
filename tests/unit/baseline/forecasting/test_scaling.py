import numpy as np
from support.hourly_panels import panel_of

from vpp.baseline.forecasting.scaling import Scale


def test_every_site_has_mean_0_and_spread_1_and_comes_back() -> None:
    load_kw = np.array([[1.0, 3.0, np.nan, 2.0], [1e9, 3e9, 2e9, 2e9], [5.0, 5.0, 5.0, 5.0]])
    panel = panel_of(load_kw, plan_kw=load_kw)
    scale = Scale.of(panel)
    scaled = scale.scaled(panel)
    np.testing.assert_allclose(np.nanmean(scaled.load_kw, axis=1), 0.0, atol=1e-12)
    np.testing.assert_allclose(np.nanstd(scaled.load_kw[:2], axis=1), 1.0)
    assert scaled.load_kw[2].tolist() == [0.0] * 4
    np.testing.assert_array_equal(scaled.plan_kw, scaled.load_kw)
    np.testing.assert_allclose(scale.in_kw(scaled.load_kw[:, None, :])[:, 0], load_kw)
