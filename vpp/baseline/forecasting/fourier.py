"""Member of the forecast: a weighted time-of-week regression whose residual is carried on."""

import numpy as np

from vpp.baseline.forecasting.member import Member
from vpp.baseline.forecasting.panel import Floats, Ints, LoadPanel
from vpp.baseline.forecasting.shared_design import DesignTerms, SharedDesign, shared_design
from vpp.baseline.forecasting.shared_fit import fit_batched, fit_reference
from vpp.baseline.forecasting.site_columns import site_columns
from vpp.baseline.forecasting.windows import window

HARMONICS = 8
KNOTS = 4
HALF_LIFE_DAYS = 14.0
LARGEST_DAY_CARRY, LARGEST_SLOT_CARRY = 0.98, 0.999


def calendar_terms(length: int, fit_end: int, told: tuple[bool, ...] | None = None) -> DesignTerms:
    """Return the terms of this member's design: 8 weeks of which the last two weigh most."""
    return DesignTerms(length, 0, fit_end, HARMONICS, HALF_LIFE_DAYS, told)


def own_columns(panel: LoadPanel, length: int, fit_end: int, design: SharedDesign) -> Floats:
    """Return the columns of the sites' own for the slots 0..length; shape (S, K, length)."""
    return site_columns(panel, np.arange(length), fit_end, KNOTS, by_workday=design.has_days_off)


def _batched(panel: LoadPanel, origins: Ints, lead: int, fit_end: int) -> Floats:
    """Forecast by the calendar plus what is left of the last day's and the last slot's residual."""
    cut = window(panel, origins, fit_end)
    length = int(cut.origins.max()) + lead
    design = shared_design(cut.panel, calendar_terms(length, cut.fit_end))
    own = own_columns(cut.panel, length, cut.fit_end, design)
    on_shared, on_own = fit_batched(design, own[:, :, : cut.fit_end], cut.panel.load_kw[:, : cut.fit_end])
    calendar_kw = on_shared @ design.columns.T
    if on_own.shape[1]:
        calendar_kw += (on_own[:, None, :] @ own)[:, 0]
    return carried(cut.panel, calendar_kw, cut.origins, lead, cut.fit_end)


def _reference(panel: LoadPanel, origins: Ints, lead: int, fit_end: int) -> Floats:
    """Forecast the same by one statsmodels fit per site."""
    cut = window(panel, origins, fit_end)
    length = int(cut.origins.max()) + lead
    design = shared_design(cut.panel, calendar_terms(length, cut.fit_end))
    own = own_columns(cut.panel, length, cut.fit_end, design)
    calendar_kw = np.empty((panel.site_count, length))
    for site in range(panel.site_count):
        columns = np.hstack([design.columns, own[site].T])
        load_kw = cut.panel.load_kw[site, : cut.fit_end]
        calendar_kw[site] = columns @ fit_reference(columns[: cut.fit_end], load_kw, design.root**2)
    return carried(cut.panel, calendar_kw, cut.origins, lead, cut.fit_end)


def carried(panel: LoadPanel, calendar_kw: Floats, origins: Ints, lead: int, fit_end: int) -> Floats:
    """Add what recent load deviates from the calendar by, fading with the distance.

    With the mean residual `u` of the last day and the residual `v` of the last slot, slot `j` of day
    `k` after the origin gets `phi^k u + rho^j (v - u)`.

    Args:
        panel: Load without gaps up to the latest origin.
        calendar_kw: What the calendar alone says. Shape (S, latest origin + lead).
        origins: Shape (O,).
        lead: How many slots to forecast from each origin.
        fit_end: The two coefficients come from slots before this one.

    Returns:
        kW. Shape (S, O, lead).
    """
    m, known = panel.slots_per_day, int(origins.max())
    residual_kw = panel.load_kw[:, :known] - calendar_kw[:, :known]
    fitted = residual_kw[:, fit_end % m : fit_end]
    day_carry = _lag_one(fitted.reshape(len(fitted), -1, m).mean(axis=2), LARGEST_DAY_CARRY)[:, None, None]
    slot_carry = _lag_one(fitted, LARGEST_SLOT_CARRY)[:, None, None]
    last_day = residual_kw[:, origins[:, None] - m + np.arange(m)]
    day_level, slot_level = last_day.mean(axis=2)[:, :, None], last_day[:, :, -1:]
    ahead = np.arange(lead)
    fading = day_carry ** (1 + ahead // m) * day_level + slot_carry ** (1 + ahead) * (slot_level - day_level)
    return np.asarray(calendar_kw[:, origins[:, None] + ahead] + fading)


def _lag_one(values: Floats, largest: float) -> Floats:
    """Return the coefficient of each value on the one before, between 0 and `largest`; shape (S,)."""
    power = np.sum(values[:, :-1] ** 2, axis=1)
    product = np.sum(values[:, 1:] * values[:, :-1], axis=1)
    return np.where(power > 0, np.clip(product / np.where(power > 0, power, 1.0), 0.0, largest), 0.0)


FOURIER = Member("fourier", _batched, _reference)
