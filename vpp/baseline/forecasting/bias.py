"""What recent errors say about the next: a part of their mean."""

import numpy as np

from vpp.baseline.forecasting.panel import Floats

RECENT_DAYS = 14  # whole weeks, so that every weekday counts alike
BIAS_WEIGHT = 0.4


def recent_bias(errors_kw: Floats) -> Floats:
    """Tell what to add to a point forecast so that it errs less to one side.

    It is a part of the mean error of the last 14 days; a day whose errors are not known counts as
    one without error, so that a single bad day moves little. Corrections by day class or by slot
    lost accuracy, and so did the whole mean error: most of it is chance.

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
    is_known = ~np.isnan(recent)
    count = is_known.sum(axis=2)
    day_mean = np.where(is_known, recent, 0.0).sum(axis=2) / np.maximum(count, 1)
    return np.asarray(BIAS_WEIGHT * day_mean.sum(axis=1) / RECENT_DAYS)
