"""What recent errors say about the next: a part of their mean."""

import numpy as np
import numpy.typing as npt

from vpp.baseline.forecasting.panel import Floats

RECENT_DAYS = 14  # whole weeks, so that every weekday counts alike
BIAS_WEIGHT = 0.4
FARTHEST_DAY = 2.0  # a day's mean error counts at most as this many times the usual size


def recent_bias(errors_kw: Floats) -> Floats:
    """Tell what to add to a point forecast so that it errs less to one side.

    It is a part of the mean error of the last 14 days. A day whose errors are not known counts as one
    without error, and a day far off, such as one of an outage, at most as twice the median size, so that a
    single bad day moves little. Corrections by day class or by slot lost accuracy, and so did the whole
    mean error: most of it is chance.

    Args:
        errors_kw: Actual minus point forecast of earlier days, oldest first; NaN where unknown.
            Shape (S, K, N).

    Returns:
        kW; 0 where nothing is known. Shape (S,).

    Example:
        Two weeks that were each 10 kW above their forecast.

        >>> recent_bias(np.full((1, 14, 24), 10.0)).tolist()
        [4.0]
    """
    recent = errors_kw[:, -RECENT_DAYS:]
    if not recent.shape[1]:
        return np.zeros(len(recent))
    is_known = ~np.isnan(recent)
    count = is_known.sum(axis=2)
    day_mean = np.where(is_known, recent, 0.0).sum(axis=2) / np.maximum(count, 1)
    farthest_kw = FARTHEST_DAY * _usual_size(day_mean, count > 0)[:, None]
    counted_kw = np.clip(day_mean, -farthest_kw, farthest_kw)
    return np.asarray(BIAS_WEIGHT * counted_kw.sum(axis=1) / RECENT_DAYS)


def _usual_size(day_mean: Floats, is_known: npt.NDArray[np.bool_]) -> Floats:
    """Return the median size of the known days' mean errors, 0 where there are none; shape (S,)."""
    size = np.sort(np.where(is_known, np.abs(day_mean), np.inf), axis=1)
    known = is_known.sum(axis=1)
    rows = np.arange(len(size))
    lower, upper = size[rows, np.maximum(known - 1, 0) // 2], size[rows, known // 2]
    return np.where(known > 0, (lower + upper) / 2, 0.0)
