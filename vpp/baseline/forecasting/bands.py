"""Quantiles around a point forecast, from the errors that earlier forecasts made."""

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import convolve1d

from vpp.baseline.forecasting.panel import Bools, Floats, Ints

LOW_LEVEL, HIGH_LEVEL = 0.1, 0.9
LONGEST_DAYS = 42
# Errors of neighbouring intervals are alike for hours: a day holds about this many that differ.
DIFFERENT_ERRORS_PER_DAY = 3
SMOOTHED_PER_DAY = 12  # the size of errors is averaged over the two hours on either side, fading
SHRINKAGE_DAYS = 5.0  # evidence that errors are alike at all times weighs as much as so many days
RECENCY_HALF_LIFE_DAYS = 10.0
RECENCY_WEIGHT = 0.5  # errors that grew of late are expected to stay half that much larger


@dataclass(frozen=True, slots=True, eq=False)
class ErrorBand:
    """What to add to a point forecast.

    Attributes:
        low_kw: For the quantile that is undercut in one case of ten, kW. Shape (S, N).
        high_kw: For the quantile that is exceeded in one case of ten, kW. Shape (S, N).
    """

    low_kw: Floats
    high_kw: Floats


def error_band(errors_kw: Floats, is_off: Bools, is_off_ahead: Bools, intervals_per_day: int) -> ErrorBand:
    """Take quantiles of past errors, split-conformal: the forecasts never saw those days.

    Errors of all times of day and all kinds of day are compared as multiples of what is usual at
    their time on such days, and their quantiles scaled back to the time ahead. The levels move outwards
    by what a finite sample needs to keep its promise on average.

    Args:
        errors_kw: Actual minus point forecast of earlier days, oldest first; NaN where unknown. Only
            the last 42 days count. Column n is the interval at the wall time of the n-th one ahead.
            Shape (S, K, N).
        is_off: Whether each interval was on a Saturday, Sunday or holiday. Shape (K, N).
        is_off_ahead: The same of the intervals ahead. Shape (N,).
        intervals_per_day: Intervals of a day of 24 hours.

    Returns:
        The band; NaN for a site without a known error.

    Example:
        Errors of -5 to 5 kW, as often one as another, on days that are all alike.

        >>> errors_kw = np.linspace(-5.0, 5.0, 101)[None, :, None]
        >>> band = error_band(errors_kw, np.zeros((101, 1), bool), np.zeros(1, bool), 1)
        >>> band.high_kw > -band.low_kw  # the last 42 are the largest
        array([[ True]])
    """
    errors_kw, is_off = errors_kw[:, -LONGEST_DAYS:], is_off[-LONGEST_DAYS:]
    is_known = ~np.isnan(errors_kw)
    size = np.where(is_known, np.abs(errors_kw), 0.0)
    usual = _mean(size.sum(axis=(1, 2)), is_known.sum(axis=(1, 2)))[:, None]
    usual = np.where(usual > 0, usual, 1.0)
    worked, off = (
        _relative_size(size, is_known, kind, usual, intervals_per_day) for kind in (~is_off, is_off)
    )
    scale = usual[:, None] * np.where(is_off, off[:, None], worked[:, None])
    count = is_known.sum(axis=2)
    wider = _recency(_mean((size / scale).sum(axis=2), count), count > 0)[:, None]
    ahead = wider * usual * np.where(is_off_ahead, off, worked)
    low, high = _quantiles(errors_kw / scale, count)
    return ErrorBand(low[:, None] * ahead, high[:, None] * ahead)


def _mean(total: Floats, count: Ints) -> Floats:
    return np.asarray(total / np.maximum(count, 1))


def _relative_size(size: Floats, is_known: Bools, kind: Bools, usual: Floats, per_day: int) -> Floats:
    """Return the size of errors by interval on one kind of day, as a multiple of the usual; shape (S, N)."""
    reach = per_day // SMOOTHED_PER_DAY
    kernel = 1.0 + reach - np.abs(np.arange(-reach, reach + 1.0))
    kernel /= kernel.sum()
    total = convolve1d(np.einsum("skn,kn->sn", size, kind), kernel, axis=1, mode="nearest")
    days = convolve1d(
        np.einsum("skn,kn->sn", is_known, kind, dtype=np.float64), kernel, axis=1, mode="nearest"
    )
    return np.asarray((total / usual + SHRINKAGE_DAYS) / (days + SHRINKAGE_DAYS))


def _recency(of_day: Floats, is_known: Bools) -> Floats:
    """Return how much larger than over all days errors are of late, in part.

    Args:
        of_day: Size of each day's errors as a multiple of the usual. Shape (S, K).
        is_known: Which days have errors. Shape (S, K).

    Returns:
        Shape (S,).
    """
    age_days = np.arange(of_day.shape[1])[::-1]
    weights = is_known * 0.5 ** (age_days / RECENCY_HALF_LIFE_DAYS)
    over_all = _mean(of_day.sum(axis=1), is_known.sum(axis=1))
    of_late = (of_day * weights).sum(axis=1) / np.maximum(weights.sum(axis=1), np.finfo(np.float64).tiny)
    ratio = np.divide(of_late, over_all, out=np.ones_like(of_late), where=over_all > 0)
    return np.asarray(1.0 + RECENCY_WEIGHT * (ratio - 1.0))


def _quantiles(multiples: Floats, count: Ints) -> tuple[Floats, Floats]:
    """Return the low and the high quantile of each site, of so many known errors a day; each (S,)."""
    ordered = np.sort(multiples.reshape(len(multiples), -1), axis=1)  # unknown ones last
    last = np.maximum(count.sum(axis=1) - 1, 0)
    # Of n errors, the one of rank (n + 1) q covers the next with probability q.
    differing = DIFFERENT_ERRORS_PER_DAY * np.maximum((count > 0).sum(axis=1), 1)
    high_level = np.minimum(HIGH_LEVEL * (differing + 1) / differing, 1.0)
    return _at(ordered, (1.0 - high_level) * last), _at(ordered, high_level * last)


def _at(ordered: Floats, rank: Floats) -> Floats:
    """Return the value at a rank with fraction in each row; shape (S,)."""
    below = np.floor(rank).astype(np.int64)
    above = np.minimum(below + 1, ordered.shape[1] - 1)
    row = np.arange(len(ordered))
    low = ordered[row, below]
    step = np.where(rank > below, ordered[row, above] - low, 0.0)
    return np.asarray(low + step * (rank - below))
