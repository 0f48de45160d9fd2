import numpy as np
from support.hourly_panels import MONDAY, M, panel_of, weekly_kw

from vpp.baseline.forecasting.windows import recency_weights, window


def test_a_window_begins_at_a_midnight_and_counts_from_there() -> None:
    load_kw = weekly_kw(80)
    panel = panel_of(load_kw, temperature_c=np.append(load_kw, [1.0, 2.0])[None, :])
    cut = window(panel, np.array([70 * M + 5, 71 * M + 5]), 70 * M + 5)
    assert (cut.panel.first_day, cut.fit_end, cut.origins.tolist()) == (
        MONDAY + 14,
        56 * M + 5,
        [56 * M + 5, 57 * M + 5],
    )
    np.testing.assert_array_equal(cut.panel.load_kw[0], load_kw[14 * M :])
    assert cut.panel.temperature_c is not None
    assert cut.panel.temperature_c.shape == (1, 66 * M + 2)


def test_a_short_history_is_kept_whole() -> None:
    panel = panel_of(weekly_kw(20))
    assert window(panel, np.array([20 * M]), 20 * M).panel.length == 20 * M


def test_weights_halve() -> None:
    assert recency_weights(np.array([0, 14 * M, 28 * M]), M, 14.0).tolist() == [1.0, 0.5, 0.25]
