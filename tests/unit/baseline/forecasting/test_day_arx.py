import numpy as np
from support.hourly_panels import M, panel_of

from vpp.baseline.forecasting.day_arx import DAY_ARX


def test_without_deviations_it_is_the_class_profile() -> None:
    panel = panel_of(np.repeat([10.0, 10, 10, 10, 10, 4, 2] * 6, M))
    found = DAY_ARX.forecast(panel, np.array([panel.length]), 7 * M, panel.length)[0, 0]
    np.testing.assert_allclose(found.reshape(7, M).mean(axis=1), [10, 10, 10, 10, 10, 4, 2], atol=1e-9)


def test_a_deviation_that_lasts_is_carried_in_part() -> None:
    rng = np.random.default_rng(1)
    levels = np.zeros(56)
    for day in range(1, 56):
        levels[day] = 0.9 * levels[day - 1] + rng.normal()
    levels[-1] = 8.0
    usual = levels[-8:-1].mean()
    panel = panel_of(np.repeat(levels, M) + rng.normal(0, 0.1, 56 * M))
    found = DAY_ARX.forecast(panel, np.array([panel.length]), M, panel.length)[0, 0]
    assert usual + 0.5 * (8.0 - usual) < found[M // 2 :].mean() < 8.0
