"""Member of the forecast: an autoregression on the last slots, days and week."""

import numpy as np
from statsmodels.tsa.ar_model import AutoReg

from vpp.baseline.forecasting.member import Member
from vpp.baseline.forecasting.normal_equations import independent
from vpp.baseline.forecasting.panel import WEEK, Floats, Ints, LoadPanel
from vpp.baseline.forecasting.shared_design import DesignTerms, SharedDesign, shared_design
from vpp.baseline.forecasting.shared_fit import fit_batched
from vpp.baseline.forecasting.site_columns import site_columns
from vpp.baseline.forecasting.windows import window

HARMONICS = 6
KNOTS = 3


def _lags(slots_per_day: int) -> Ints:
    m = slots_per_day
    return np.array(sorted({1, 2, 3, m, m + 1, 2 * m, WEEK * m, WEEK * m + 1}))


def _design(panel: LoadPanel, length: int, reach: int, fit_end: int) -> tuple[SharedDesign, Floats]:
    """Return the exogenous columns: those that all sites share, and their own of shape (S, K, length)."""
    shared = shared_design(panel, DesignTerms(length, reach, fit_end, HARMONICS, half_life_days=None))
    return shared, site_columns(panel, np.arange(length), fit_end, KNOTS, by_workday=False)


def _batched(panel: LoadPanel, origins: Ints, lead: int, fit_end: int) -> Floats:
    """Fit every site at once with the calendar absorbed, and forecast step by step."""
    cut = window(panel, origins, fit_end)
    load_kw, end, lags = cut.panel.load_kw, cut.fit_end, _lags(panel.slots_per_day)
    reach = int(lags[-1])
    shared, own = _design(cut.panel, int(cut.origins.max()) + lead, reach, end)
    regressors = np.empty((panel.site_count, len(lags) + own.shape[1], end - reach))
    for number, lag in enumerate(lags):
        regressors[:, number] = load_kw[:, reach - lag : end - lag]
    regressors[:, len(lags) :] = own[:, :, reach:end]
    on_shared, on_own = fit_batched(shared, regressors, load_kw[:, reach:end])
    on_lags, on_columns = np.split(on_own, [len(lags)], axis=1)
    return _paths(cut.panel, cut.origins, lead, lags, on_lags, _exogenous(shared, own, on_shared, on_columns))


def _reference(panel: LoadPanel, origins: Ints, lead: int, fit_end: int) -> Floats:
    """Forecast the same by one statsmodels `AutoReg` per site."""
    cut = window(panel, origins, fit_end)
    load_kw, end, lags = cut.panel.load_kw, cut.fit_end, _lags(panel.slots_per_day)
    reach, lag_count = int(lags[-1]), len(lags)
    shared, own = _design(cut.panel, int(cut.origins.max()) + lead, reach, end)
    on_lags = np.zeros((panel.site_count, lag_count))
    on_shared = np.zeros((panel.site_count, shared.columns.shape[1]))
    on_columns = np.zeros((panel.site_count, own.shape[1]))
    bounds = [lag_count, lag_count + on_shared.shape[1]]
    for site in range(panel.site_count):
        exogenous = np.hstack([shared.columns, own[site].T])[:end]
        lagged = np.stack([load_kw[site, reach - lag : end - lag] for lag in lags], axis=1)
        kept = independent(np.hstack([lagged, exogenous[reach:]]))  # a week that repeats exactly has none
        model = AutoReg(
            load_kw[site, :end],
            lags=lags[kept[:lag_count]].tolist() or None,
            trend="n",
            exog=exogenous[:, kept[lag_count:]],
            hold_back=reach,
        )
        found = np.zeros(len(kept))
        found[kept] = model.fit().params
        on_lags[site], on_shared[site], on_columns[site] = np.split(found, bounds)
    return _paths(cut.panel, cut.origins, lead, lags, on_lags, _exogenous(shared, own, on_shared, on_columns))


def _exogenous(shared: SharedDesign, own: Floats, on_shared: Floats, on_own: Floats) -> Floats:
    """Return what the exogenous columns say of every slot; shape (S, T)."""
    load_kw: Floats = on_shared @ shared.columns.T
    return load_kw + (on_own[:, None, :] @ own)[:, 0] if own.shape[1] else load_kw


def _paths(  # noqa: PLR0913, PLR0917  a member's arguments and its coefficients
    panel: LoadPanel, origins: Ints, lead: int, lags: Ints, on_lags: Floats, exogenous_kw: Floats
) -> Floats:
    """Forecast step by step, each from those before; shape (S, O, lead)."""
    reach = int(lags[-1])
    path_kw = np.empty((panel.site_count, len(origins), reach + lead))
    path_kw[:, :, :reach] = panel.load_kw[:, origins[:, None] - reach + np.arange(reach)]
    weights = on_lags[:, None, :]
    for ahead in range(lead):
        lagged = path_kw[:, :, reach + ahead - lags]
        path_kw[:, :, reach + ahead] = exogenous_kw[:, origins + ahead] + (lagged * weights).sum(axis=2)
    return path_kw[:, :, reach:]


AUTOREG = Member("autoreg", _batched, _reference)
