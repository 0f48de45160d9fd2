"""Member of the forecast: a weighted time-of-week regression whose residual is carried on."""

import numpy as np
from statsmodels.regression.linear_model import WLS

from vpp.baseline.calendar_columns import calendar_columns
from vpp.baseline.slot_history import Floats, Ints, SlotHistory

HARMONICS = 8
HALF_LIFE_DAYS = 14.0
LARGEST_DAY_CARRY, LARGEST_SLOT_CARRY = 0.98, 0.999


def calendar_load(history: SlotHistory, fit_end: int, length: int) -> Floats:
    """Fit the load to the calendar by weighted least squares, recent days weighing most.

    Args:
        history: Load; gaps are left out of the fit.
        fit_end: Only slots before this one are learnt from.
        length: How many slots to evaluate, from slot 0 on.

    Returns:
        What the calendar alone says, kW. Shape (length,).
    """
    known = np.flatnonzero(~np.isnan(history.load_kw[:fit_end]))
    columns = calendar_columns(history, length, HARMONICS, known)
    design = np.hstack([np.ones((length, 1)), columns])
    age_days = (fit_end - known) / history.slots_per_day
    fit = WLS(history.load_kw[known], design[known], weights=0.5 ** (age_days / HALF_LIFE_DAYS)).fit()
    load_kw: Floats = design @ np.asarray(fit.params, dtype=np.float64)
    return load_kw


def fourier_forecast(history: SlotHistory, origins: Ints, lead: int, fit_end: int) -> Floats:
    """Forecast by the calendar plus what is left of the last day's and the last slot's residual.

    With the mean residual `u` of the last day and the residual `v` of the last slot, slot `j` of day
    `k` after the origin gets `phi^k u + rho^j (v - u)`.

    Args:
        history: Load without gaps up to the latest origin.
        origins: Forecasts begin at these slots; earlier slots are known. Shape (O,).
        lead: How many slots to forecast from each origin.
        fit_end: Coefficients come from slots before this one; at most the earliest origin.

    Returns:
        kW. Shape (O, lead).

    Source:
        Time-of-week regression with Fourier terms as in the public literature on baselines for
        commercial buildings; the carried residual is ours.
    """
    m = history.slots_per_day
    calendar_kw = calendar_load(history, fit_end, max(int(origins.max()) + lead, history.length))
    residual_kw = history.load_kw - calendar_kw[: history.length]
    fitted = residual_kw[fit_end % m : fit_end]
    day_carry = _lag_one(fitted.reshape(-1, m).mean(axis=1), LARGEST_DAY_CARRY)
    slot_carry = _lag_one(fitted, LARGEST_SLOT_CARRY)
    last_day = np.stack([residual_kw[origin - m : origin] for origin in origins])
    day_level, slot_level = last_day.mean(axis=1)[:, None], last_day[:, -1][:, None]
    ahead = np.arange(lead)
    carried = day_carry ** (1 + ahead // m) * day_level + slot_carry ** (1 + ahead) * (slot_level - day_level)
    forecast_kw: Floats = calendar_kw[origins[:, None] + ahead] + carried
    return forecast_kw


def _lag_one(values: Floats, largest: float) -> float:
    """Return the coefficient of each value on the one before, between 0 and `largest`."""
    power = float(values[:-1] @ values[:-1])
    return min(max(float(values[:-1] @ values[1:]) / power, 0.0), largest) if power > 0 else 0.0
