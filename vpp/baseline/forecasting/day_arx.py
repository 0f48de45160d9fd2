"""Member of the forecast: how the days ahead deviate from the class profile."""

import numpy as np
from statsmodels.regression.linear_model import WLS

from vpp.baseline.forecasting.deviation_columns import FIRST_TRAINING_DAY, PLAN_COLUMNS, DeviationColumns
from vpp.baseline.forecasting.member import Member
from vpp.baseline.forecasting.normal_equations import solve_ridge
from vpp.baseline.forecasting.panel import Floats, Ints, LoadPanel
from vpp.baseline.forecasting.windows import Window, recency_weights, window

HALF_LIFE_DAYS = 21.0
SHRINKAGE = 1.0  # the evidence for no deviation weighs as much as the history
PLAN_SHRINKAGE = 0.05  # but a plan is meant to come true
LEAST_MEAN_SQUARE = 1e-18  # of a column of scaled load: below it, it is rounding


def _batched(panel: LoadPanel, origins: Ints, lead: int, fit_end: int) -> Floats:
    """Forecast deviations from the class profile, directly for every slot ahead, all sites at once."""
    cut = window(panel, origins, fit_end)
    columns = DeviationColumns(cut.panel, max(int(cut.origins.max()) + lead, cut.panel.length))
    forecast_kw = np.empty((panel.site_count, len(origins), lead))
    for ahead, past, weights in _days_ahead(cut, lead):
        profile = columns.profile(past, ahead)
        deviation_kw = cut.panel.load_kw[:, past[:, None] + ahead] - profile
        shared, own = columns.shared(past, ahead), columns.own(past, ahead, profile)
        root = np.sqrt(weights)
        own = own.reshape(*own.shape[:2], -1)
        own *= root  # the largest array there is: not copied
        deviation_kw = deviation_kw.reshape(len(own), -1) * root
        gram, moment = _stacked(shared.reshape(len(shared), -1) * root, own, deviation_kw)
        found = solve_ridge(
            gram, moment, _evidence(columns, len(moment[0])), LEAST_MEAN_SQUARE * float(weights.sum())
        )
        on_shared, on_own = np.split(found, [len(shared)], axis=1)
        profile = columns.profile(cut.origins, ahead)
        expected = np.tensordot(on_shared, columns.shared(cut.origins, ahead), axes=1)
        expected += np.einsum("sk,skoa->soa", on_own, columns.own(cut.origins, ahead, profile))
        forecast_kw[:, :, ahead] = profile + expected
    return forecast_kw


def _reference(panel: LoadPanel, origins: Ints, lead: int, fit_end: int) -> Floats:
    """Forecast the same by statsmodels, one weighted regression per site and day ahead."""
    cut = window(panel, origins, fit_end)
    columns = DeviationColumns(cut.panel, max(int(cut.origins.max()) + lead, cut.panel.length))
    forecast_kw = np.empty((panel.site_count, len(origins), lead))
    for ahead, past, weights in _days_ahead(cut, lead):
        profile = columns.profile(past, ahead)
        deviation_kw = cut.panel.load_kw[:, past[:, None] + ahead] - profile
        shared, own = columns.shared(past, ahead), columns.own(past, ahead, profile)
        now_profile = columns.profile(cut.origins, ahead)
        now_shared = columns.shared(cut.origins, ahead)
        now_own = columns.own(cut.origins, ahead, now_profile)
        for site in range(panel.site_count):
            learnt = np.concatenate([shared, own[site]]).reshape(len(shared) + own.shape[1], -1).T
            evidence = _evidence(columns, learnt.shape[1])
            found = _shrunk(learnt, deviation_kw[site].ravel(), weights, evidence)
            expected = np.tensordot(found, np.concatenate([now_shared, now_own[site]]), axes=1)
            forecast_kw[site, :, ahead] = (now_profile[site] + expected).T
    return forecast_kw


def _days_ahead(cut: Window, lead: int) -> list[tuple[Ints, Ints, Floats]]:
    """Return, for each day ahead, its slots, the origins to learn it from, and their rows' weights."""
    m = cut.panel.slots_per_day
    first = FIRST_TRAINING_DAY * m + int(cut.origins[0]) % m
    days = []
    for begin in range(0, lead, m):
        ahead = np.arange(begin, min(begin + m, lead))
        past = np.arange(first, cut.fit_end - int(ahead[-1]), m)
        weights = recency_weights(cut.fit_end - np.repeat(past, len(ahead)), m, HALF_LIFE_DAYS)
        days.append((ahead, past, weights))
    return days


def _stacked(shared: Floats, own: Floats, target: Floats) -> tuple[Floats, Floats]:
    """Return the products of every site's columns with each other and with what they explain."""
    shared_count, own_count = len(shared), own.shape[1]
    gram = np.empty((len(own), shared_count + own_count, shared_count + own_count))
    moment = np.empty((len(own), shared_count + own_count))
    cross = own @ shared.T
    gram[:, :shared_count, :shared_count] = shared @ shared.T
    gram[:, shared_count:, :shared_count] = cross
    gram[:, :shared_count, shared_count:] = cross.transpose(0, 2, 1)
    gram[:, shared_count:, shared_count:] = own @ own.transpose(0, 2, 1)
    moment[:, :shared_count] = target @ shared.T
    moment[:, shared_count:] = (own @ target[:, :, None])[:, :, 0]
    return gram, moment


def _evidence(columns: DeviationColumns, count: int) -> Floats:
    """Return the weight of the evidence for no effect of each column, as a share of the history's."""
    evidence = np.full(count, SHRINKAGE)
    if columns.panel.plan_kw is not None:
        evidence[-PLAN_COLUMNS:] = PLAN_SHRINKAGE
    return evidence


def _shrunk(columns: Floats, deviation_kw: Floats, weights: Floats, evidence: Floats) -> Floats:
    """Fit by weighted least squares; one row per column says that its coefficient is 0.

    Without those rows, columns that hardly vary within a day explain the few days there are, and
    nothing of the next. A column that vanishes has the coefficient 0.
    """
    size = np.sqrt(np.average(columns**2, axis=0, weights=weights))
    kept = size**2 > LEAST_MEAN_SQUARE
    alike = columns[:, kept] / size[kept]
    fit = WLS(
        np.concatenate([deviation_kw, np.zeros(alike.shape[1])]),
        np.vstack([alike, np.eye(alike.shape[1])]),
        weights=np.concatenate([weights, evidence[kept] * float(weights.sum())]),
    ).fit()
    coefficients = np.zeros(len(size))
    coefficients[kept] = np.asarray(fit.params, dtype=np.float64) / size[kept]
    return coefficients


DAY_ARX = Member("day-arx", _batched, _reference)
