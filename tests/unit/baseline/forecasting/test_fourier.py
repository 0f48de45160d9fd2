import numpy as np
from support.hourly_panels import M, panel_of, weekly_kw

from vpp.baseline.forecasting.fourier import carried


def test_the_last_residual_fades_from_the_slots_to_the_days_level() -> None:
    days = 20
    residual = np.zeros(days * M)
    residual[-M:] = 6.0  # the last day stands higher, and its last slot higher still
    residual[-1] = 12.0
    residual[:-M] = np.repeat(0.5 ** np.arange(days - 1) * 8, M)  # days that fade by half
    calendar_kw = weekly_kw(days + 2)
    panel = panel_of(calendar_kw[: days * M] + residual)
    found = carried(panel, calendar_kw[None, :], np.array([days * M]), 2 * M, days * M)[0, 0]
    extra = found - calendar_kw[days * M :]
    assert extra[0] > extra[10] > extra[M + 10] > 0.0
    means = residual.reshape(days, M).mean(axis=1)
    day_carry = float(means[:-1] @ means[1:] / (means[:-1] @ means[:-1]))
    slot_carry = float(residual[:-1] @ residual[1:] / (residual[:-1] @ residual[:-1]))
    level, last = means[-1], residual[-1]
    np.testing.assert_allclose(extra[0], day_carry * level + slot_carry * (last - level), rtol=1e-9)
    second = day_carry**2 * level + slot_carry ** (M + 1) * (last - level)
    np.testing.assert_allclose(extra[M], second, rtol=1e-9)


def test_without_a_residual_the_calendar_stands() -> None:
    calendar_kw = weekly_kw(16)
    panel = panel_of(calendar_kw[: 15 * M])
    found = carried(panel, calendar_kw[None, :], np.array([15 * M]), M, 15 * M)
    np.testing.assert_allclose(found[0, 0], calendar_kw[15 * M :])
