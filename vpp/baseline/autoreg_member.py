"""Member of the forecast: an autoregression on the last slots, days and week."""

import numpy as np
from statsmodels.tsa.ar_model import AutoReg

from vpp.baseline.calendar_columns import calendar_columns
from vpp.baseline.slot_history import Floats, Ints, SlotHistory

HARMONICS = 6
WEEK = 7


def autoreg_forecast(history: SlotHistory, origins: Ints, lead: int, fit_end: int) -> Floats:
    """Forecast step by step from lags of 1 to 3 slots, one and two days and a week, and the calendar.

    Args:
        history: Load without gaps up to the latest origin, more than a week before the earliest.
        origins: Forecasts begin at these slots; earlier slots are known. Shape (O,).
        lead: How many slots to forecast from each origin.
        fit_end: Coefficients come from slots before this one; at most the earliest origin.

    Returns:
        kW. Shape (O, lead).
    """
    m = history.slots_per_day
    lags = np.array(sorted({1, 2, 3, m, m + 1, 2 * m, WEEK * m, WEEK * m + 1}))
    reach = int(lags[-1])
    exogenous = calendar_columns(history, int(origins.max()) + lead, HARMONICS, np.arange(reach, fit_end))
    model = AutoReg(history.load_kw[:fit_end], lags=lags.tolist(), trend="c", exog=exogenous[:fit_end])
    params = np.asarray(model.fit().params, dtype=np.float64)
    on_lags = params[1 : 1 + len(lags)]
    from_calendar_kw = params[0] + exogenous @ params[1 + len(lags) :]
    path_kw = np.full((len(origins), reach + lead), np.nan)
    path_kw[:, :reach] = history.load_kw[origins[:, None] - reach + np.arange(reach)]
    for ahead in range(lead):
        path_kw[:, reach + ahead] = (
            from_calendar_kw[origins + ahead] + path_kw[:, reach + ahead - lags] @ on_lags
        )
    return path_kw[:, reach:]
