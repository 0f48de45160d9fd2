"""Quantiles from a forecast's own errors of recent days."""

from dataclasses import dataclass

import numpy as np

from vpp.baseline.slot_history import Floats

LOW_LEVEL, HIGH_LEVEL = 0.1, 0.9
BIAS_WEIGHT = 0.3
# Errors of neighbouring slots are alike for about four hours: a day holds this many that differ.
DIFFERENT_ERRORS_PER_DAY = 6


@dataclass(frozen=True, slots=True)
class Spread:
    """What to add to a point forecast.

    Attributes:
        low_kw: For the quantile that is undercut in one case of ten, kW.
        bias_kw: For the median, kW: a part of the mean error of recent days.
        high_kw: For the quantile that is exceeded in one case of ten, kW.
    """

    low_kw: float
    bias_kw: float
    high_kw: float


def spread(errors_kw: Floats) -> Spread:
    """Take the spread from past errors, split-conformal: the forecasts never saw those days.

    The levels move outwards by what a finite sample needs to keep its promise on average.

    Args:
        errors_kw: Actual minus forecast of recent days, kW, one row per day; NaN where nothing was
            metered. Shape (days, slots), at least one value known.

    Returns:
        The spread, low at most at the bias and high at least at it.

    Example:
        One day of eleven errors: too few to leave any outside.

        >>> spread(np.linspace(-5.0, 5.0, 11)[None, :])
        Spread(low_kw=-5.0, bias_kw=0.0, high_kw=5.0)
    """
    known = errors_kw[~np.isnan(errors_kw)]
    day_count = int(np.count_nonzero(~np.isnan(errors_kw).all(axis=1)))
    # Of n errors, the one of rank (n + 1) q covers the next with probability q.
    count = DIFFERENT_ERRORS_PER_DAY * day_count
    high_level = min(HIGH_LEVEL * (count + 1) / count, 1.0)
    low_kw, high_kw = np.quantile(known, [1.0 - high_level, high_level])
    bias_kw = BIAS_WEIGHT * float(known.mean())
    return Spread(min(float(low_kw), bias_kw), bias_kw, max(float(high_kw), bias_kw))
