"""Member of the forecast: deviations from the class profile over months, by a robust regression."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from statsmodels.regression.linear_model import WLS

from vpp.baseline.forecasting.deviation_columns import FIRST_TRAINING_DAY
from vpp.baseline.forecasting.member import Member
from vpp.baseline.forecasting.normal_equations import solve_ridge
from vpp.baseline.forecasting.panel import Floats, Ints, LoadPanel
from vpp.baseline.forecasting.robust_columns import RobustColumns
from vpp.baseline.forecasting.windows import Window, recency_weights, window

WINDOW_DAYS = 365
HALF_LIFE_DAYS = 60.0
HUBER_C = 1.345  # 95 % as efficient as least squares where errors are normal
ROUNDS = 3  # more change the forecast by less than a ten-thousandth of its error
MAD_OF_NORMAL = 0.6745  # median absolute value of a standard normal variable
# With so many days of history the evidence that a column says nothing weighs as much as they do. Its share
# falls with the square of the days: what a year has confirmed needs hardly any caution.
EVIDENCE_DAYS = 15.0
LEAST_MEAN_SQUARE = 1e-18  # of a column: below it, it is rounding
LARGEST_DESIGN = 4_000_000  # numbers held at once; bounds memory whatever the number of sites


@dataclass(frozen=True, slots=True, eq=False)
class RobustRows:
    """What the regression of one day ahead is learnt from and what it is applied to.

    Attributes:
        ahead: Slots of that day, from the origin on. Shape (A,).
        columns: Those that all sites share, then the sites' own. Shape (S, K, N).
        shared_count: How many columns all sites share.
        deviation: What the columns explain. Shape (S, N).
        weights: By age. Shape (N,).
        ridge: Share of each column's square that is added to it.
        labels: What trees tell times apart by. Shape (L, N).
        known_profile: Class profile of the slots learnt from. Shape (S, N).
        now: Columns of the slots ahead. Shape (S, K, O, A).
        now_labels: Shape (L, O, A).
        profile: Class profile of the slots ahead. Shape (S, O, A).
    """

    ahead: Ints
    columns: Floats
    shared_count: int
    deviation: Floats
    weights: Floats
    ridge: float
    labels: Floats
    known_profile: Floats
    now: Floats
    now_labels: Floats
    profile: Floats

    def forecast(self, coefficients: Floats) -> Floats:
        """Return the profile plus the expected deviation; shape (S, O, A)."""
        return np.asarray(self.profile + np.einsum("sk,skoa->soa", coefficients, self.now))


def robust_rows(cut: Window, lead: int) -> Iterator[RobustRows]:
    """Yield the regression of each day ahead.

    Args:
        cut: Load without gaps, at least `FIRST_TRAINING_DAY` days and a day before its fit ends.
        lead: How many slots to forecast.

    Yields:
        One per day ahead, in order.
    """
    panel, m = cut.panel, cut.panel.slots_per_day
    columns = RobustColumns(panel, max(int(cut.origins.max()) + lead, panel.length))
    first = FIRST_TRAINING_DAY * m + int(cut.origins[0]) % m
    for begin in range(0, lead, m):
        ahead = np.arange(begin, min(begin + m, lead))
        past = np.arange(first, cut.fit_end - int(ahead[-1]), m)
        weights = recency_weights(cut.fit_end - np.repeat(past, len(ahead)), m, HALF_LIFE_DAYS)
        known_profile = columns.basic.profile(past, ahead)
        now_profile = columns.basic.profile(cut.origins, ahead)
        deviation = panel.load_kw[:, past[:, None] + ahead] - known_profile
        shared = columns.shared(past, ahead)
        learnt = _joined(shared, columns.own(past, ahead, known_profile))
        now = _joined(columns.shared(cut.origins, ahead), columns.own(cut.origins, ahead, now_profile))
        labels = columns.labels(past, ahead)
        yield RobustRows(
            ahead=ahead,
            columns=learnt.reshape(*learnt.shape[:2], -1),
            shared_count=len(shared),
            deviation=deviation.reshape(len(deviation), -1),
            weights=weights,
            ridge=(EVIDENCE_DAYS * len(ahead) / float(weights.sum())) ** 2,
            labels=labels.reshape(len(labels), -1),
            known_profile=known_profile.reshape(len(deviation), -1),
            now=now,
            now_labels=columns.labels(cut.origins, ahead),
            profile=now_profile,
        )


def _joined(shared: Floats, own: Floats) -> Floats:
    return np.concatenate([np.broadcast_to(shared, (len(own), *shared.shape)), own], axis=1)


def huber_coefficients(rows: RobustRows) -> Floats:
    """Fit all sites by iteratively reweighted least squares on stacked normal equations.

    A row per column says that its coefficient is 0, so that the equations are never singular; a column
    that vanishes has the coefficient 0.

    Args:
        rows: Columns and what they explain.

    Returns:
        Shape (S, K).

    Source:
        Huber's M-estimator with c = 1.345 and the median absolute deviation as scale.
    """
    weights = np.broadcast_to(rows.weights, rows.deviation.shape)
    coefficients = _ridge_solution(rows, weights)
    for _ in range(ROUNDS):
        residual = rows.deviation - np.einsum("sk,skn->sn", coefficients, rows.columns)
        coefficients = _ridge_solution(rows, rows.weights * huber_weights(residual))
    return coefficients


def huber_weights(residual: Floats) -> Floats:
    """Return Huber's weights, 1 for all where half of the residuals vanish; shape as given, (..., N).

    Example:
        >>> huber_weights(np.array([-1.0, 1.0, 1.0, 10.0])).round(3).tolist()
        [1.0, 1.0, 1.0, 0.199]
    """
    size = np.abs(residual)
    limit = HUBER_C / MAD_OF_NORMAL * np.median(size, axis=-1, keepdims=True)
    return np.where(limit > 0, np.minimum(1.0, limit / np.maximum(size, np.finfo(np.float64).tiny)), 1.0)


def _ridge_solution(rows: RobustRows, weights: Floats) -> Floats:
    weighted = rows.columns * weights[:, None]
    gram = weighted @ rows.columns.transpose(0, 2, 1)
    moment = (weighted @ rows.deviation[:, :, None])[:, :, 0]
    return solve_ridge(gram, moment, rows.ridge, _least_square(rows))


def _least_square(rows: RobustRows) -> float:
    """Return the square up to which a column is taken to vanish."""
    return LEAST_MEAN_SQUARE * float(rows.weights.sum())


def _batched(panel: LoadPanel, origins: Ints, lead: int, fit_end: int) -> Floats:
    """Forecast some sites at once, as many as memory is meant for."""
    site_numbers = max(LARGEST_DESIGN // (min(fit_end, WINDOW_DAYS * panel.slots_per_day) * 64), 1)
    forecast_kw = np.empty((panel.site_count, len(origins), lead))
    for begin in range(0, panel.site_count, site_numbers):
        part = slice(begin, begin + site_numbers)
        cut = window(panel.take(np.arange(panel.site_count)[part]), origins, fit_end, WINDOW_DAYS)
        for rows in robust_rows(cut, lead):
            forecast_kw[part, :, rows.ahead[0] : rows.ahead[-1] + 1] = rows.forecast(huber_coefficients(rows))
    return forecast_kw


def _reference(panel: LoadPanel, origins: Ints, lead: int, fit_end: int) -> Floats:
    """Forecast the same by rounds of weighted regressions of statsmodels, site by site."""
    forecast_kw = np.empty((panel.site_count, len(origins), lead))
    for site in range(panel.site_count):
        cut = window(panel.take(np.array([site])), origins, fit_end, WINDOW_DAYS)
        for rows in robust_rows(cut, lead):
            forecast_kw[site, :, rows.ahead] = rows.forecast(_by_statsmodels(rows)[None])[0].T
    return forecast_kw


def _by_statsmodels(rows: RobustRows) -> Floats:
    """Fit one site: rows that say a coefficient is 0 stand below those of the load; shape (K,)."""
    columns, deviation = rows.columns[0].T, rows.deviation[0]
    coefficients = np.zeros(columns.shape[1])
    weights = rows.weights
    for _ in range(ROUNDS + 1):
        square = weights @ columns**2
        kept = square > _least_square(rows)
        evidence = np.diag(np.sqrt(rows.ridge * square[kept]))
        fit = WLS(
            np.concatenate([deviation, np.zeros(len(evidence))]),
            np.vstack([columns[:, kept], evidence]),
            weights=np.concatenate([weights, np.ones(len(evidence))]),
        ).fit()
        coefficients[:] = 0.0
        coefficients[kept] = fit.params
        weights = rows.weights * huber_weights(deviation - columns @ coefficients)
    return coefficients


ROBUST_ARX = Member("robust-arx", _batched, _reference)
