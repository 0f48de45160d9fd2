"""Member of the forecast: trees on what the robust regression leaves. Needs the extra `boosting`."""

import importlib
from types import ModuleType

import numpy as np

from vpp.baseline.forecasting.member import Member
from vpp.baseline.forecasting.panel import Floats, Ints, LoadPanel
from vpp.baseline.forecasting.robust_arx import RobustRows, huber_coefficients, robust_rows
from vpp.baseline.forecasting.windows import window
from vpp.foundation.errors import InvalidInput

WINDOW_DAYS = 182  # a whole year costs twice as much and gave no better trees
TREES = 100
# Small trees with many rows in each leaf: what is left is mostly noise, and absolute errors count. One thread
# and a fixed seed give the same forecast on every machine.
PARAMETERS = {
    "objective": "l1",
    "learning_rate": 0.05,
    "num_leaves": 8,
    "min_data_in_leaf": 60,
    "feature_fraction": 0.7,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "max_bin": 63,
    "num_threads": 1,
    "deterministic": True,
    "force_row_wise": True,
    "seed": 1,
    "verbose": -1,
}


def load_lightgbm() -> ModuleType:
    """Import LightGBM.

    Returns:
        The library.

    Raises:
        InvalidInput: It is not installed.
    """
    try:
        return importlib.import_module("lightgbm")
    except ImportError as error:
        raise InvalidInput(
            'mix is "boosted", which needs LightGBM: pip install vpp[boosting]; or use "robust"',
            mix="boosted",
        ) from error


def _forecast(panel: LoadPanel, origins: Ints, lead: int, fit_end: int) -> Floats:
    """Forecast by the robust regression plus trees on its residuals, site by site."""
    library = load_lightgbm()
    forecast_kw = np.empty((panel.site_count, len(origins), lead))
    for site in range(panel.site_count):
        cut = window(panel.take(np.array([site])), origins, fit_end, WINDOW_DAYS)
        for rows in robust_rows(cut, lead):
            linear = huber_coefficients(rows)
            regression = rows.forecast(linear)[0]
            left = _explained_by_trees(library, rows, linear)
            forecast_kw[site, :, rows.ahead] = (regression + left.reshape(regression.shape)).T
    return forecast_kw


def _explained_by_trees(library: ModuleType, rows: RobustRows, linear: Floats) -> Floats:
    """Fit trees to what the regression leaves of one site's deviations; apply them; shape (O x A,)."""
    explained = np.einsum("k,kn->n", linear[0], rows.columns[0])
    own = rows.columns[0, rows.shared_count :]
    learnt = np.vstack([rows.labels, rows.known_profile, explained[None], own])
    expected = np.tensordot(linear[0], rows.now[0], axes=1)
    now_own = rows.now[0, rows.shared_count :]
    now = np.concatenate([rows.now_labels, rows.profile, expected[None], now_own])
    data = library.Dataset(learnt.T, rows.deviation[0] - explained, weight=rows.weights, params=PARAMETERS)
    trees = library.train(PARAMETERS, data, TREES)
    return np.asarray(trees.predict(now.reshape(len(now), -1).T), dtype=np.float64)


# Trees have no closed form that could be batched: both computations are this one.
BOOSTED = Member("boosted", _forecast, _forecast)
