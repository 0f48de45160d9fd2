"""Keeping forecasts near what the site has lately done."""

import numpy as np

from vpp.baseline.forecasting.panel import Floats, Ints, LoadPanel

RANGE_DAYS = 28
MARGIN_RATIO = 0.5


def within_recent_range(panel: LoadPanel, forecast_kw: Floats, origins: Ints, fit_end: int) -> Floats:
    """Clip each slot of the day to its range over four weeks, half of it added on either side.

    Args:
        panel: Load without gaps up to `fit_end`, a day at least.
        forecast_kw: NaN stays. Shape (S, O, lead).
        origins: Where the forecasts begin, all at the same slot of their day. Shape (O,).
        fit_end: The range is of whole days that end here.

    Returns:
        Shape (S, O, lead).
    """
    m = panel.slots_per_day
    days = min(fit_end // m, RANGE_DAYS)
    recent = panel.load_kw[:, fit_end - days * m : fit_end].reshape(panel.site_count, days, m)
    lowest, highest = recent.min(axis=1), recent.max(axis=1)
    margin = MARGIN_RATIO * (highest - lowest)
    slot = (int(origins[0]) - fit_end + np.arange(forecast_kw.shape[2])) % m
    return np.clip(forecast_kw, (lowest - margin)[:, None, slot], (highest + margin)[:, None, slot])
