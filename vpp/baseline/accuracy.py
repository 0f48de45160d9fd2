"""How good a baseline or a forecast was.

Errors are `estimate - actual`, so a positive bias says the estimate was too high. Two definitions of
CV(RMSE) are in use; the one here divides by the number of values, not by degrees of freedom.
"""

import numpy as np
import numpy.typing as npt

from vpp.foundation.errors import InvalidInput

Floats = npt.NDArray[np.float64]


def rrmse_ratio(estimate_kw: npt.ArrayLike, actual_kw: npt.ArrayLike) -> float:
    """Return the relative root mean square error: RRMSE, also called CV(RMSE).

    Args:
        estimate_kw: Baseline or forecast, kW. Shape (N,).
        actual_kw: Metered load, kW; positions that are NaN in either are left out. Shape (N,).

    Returns:
        `sqrt(mean((estimate - actual)^2)) / mean(actual)`.

    Raises:
        InvalidInput: Shapes differ, no position is known in both, or the mean load is not above 0.

    Source:
        The eligibility gate of PJM, AEMO and Japan's ERAB is stated in this measure.

    Example:
        >>> rrmse_ratio([103.0, 97.0], [100.0, 100.0])
        0.03
    """
    error_kw, known_kw = _errors(estimate_kw, actual_kw)
    return float(np.sqrt(np.mean(error_kw**2))) / _mean_load_kw(known_kw)


def nmbe_ratio(estimate_kw: npt.ArrayLike, actual_kw: npt.ArrayLike) -> float:
    """Return the normalised mean bias error: positive where the estimate is too high.

    Args:
        estimate_kw: Baseline or forecast, kW. Shape (N,).
        actual_kw: Metered load, kW; positions that are NaN in either are left out. Shape (N,).

    Returns:
        `mean(estimate - actual) / mean(actual)`.

    Raises:
        InvalidInput: Shapes differ, no position is known in both, or the mean load is not above 0.

    Example:
        >>> nmbe_ratio([103.0, 99.0], [100.0, 100.0])
        0.01
    """
    error_kw, known_kw = _errors(estimate_kw, actual_kw)
    return float(np.mean(error_kw)) / _mean_load_kw(known_kw)


def mean_absolute_error_kw(estimate_kw: npt.ArrayLike, actual_kw: npt.ArrayLike) -> float:
    """Return the mean absolute error, kW.

    Args:
        estimate_kw: Baseline or forecast, kW. Shape (N,).
        actual_kw: Metered load, kW; positions that are NaN in either are left out. Shape (N,).

    Raises:
        InvalidInput: Shapes differ, or no position is known in both.

    Example:
        >>> mean_absolute_error_kw([103.0, 99.0], [100.0, 100.0])
        2.0
    """
    error_kw, _ = _errors(estimate_kw, actual_kw)
    return float(np.mean(np.abs(error_kw)))


def pinball_kw(quantile_kw: npt.ArrayLike, actual_kw: npt.ArrayLike, level: float) -> float:
    """Return the pinball loss of a quantile forecast, kW: smallest for the true quantile.

    Args:
        quantile_kw: Forecast quantile, kW. Shape (N,).
        actual_kw: Metered load, kW; positions that are NaN in either are left out. Shape (N,).
        level: Which quantile, above 0 and below 1.

    Returns:
        Mean of `max(level (y - q), (level - 1) (y - q))`.

    Raises:
        InvalidInput: The level is not between 0 and 1, shapes differ, or no position is known.

    Example:
        A 90 % quantile that is exceeded by 10 kW costs 9, one that is undercut by 10 kW costs 1.

        >>> pinball_kw([100.0], [110.0], 0.9), round(pinball_kw([110.0], [100.0], 0.9), 9)
        (9.0, 1.0)
    """
    if not 0 < level < 1:
        raise InvalidInput(f"level is {level}, expected above 0 and below 1", level=str(level))
    error_kw, _ = _errors(quantile_kw, actual_kw)
    return float(np.mean(np.maximum(-level * error_kw, (1 - level) * error_kw)))


def coverage_ratio(low_kw: npt.ArrayLike, high_kw: npt.ArrayLike, actual_kw: npt.ArrayLike) -> float:
    """Return the share of values that lie within a band, its edges included.

    Args:
        low_kw: Lower edge, kW. Shape (N,).
        high_kw: Upper edge, kW. Shape (N,).
        actual_kw: Metered load, kW; positions that are NaN in any are left out. Shape (N,).

    Returns:
        0..1.

    Raises:
        InvalidInput: Shapes differ, or no position is known in all three.

    Example:
        >>> coverage_ratio([90.0, 90.0], [110.0, 110.0], [100.0, 120.0])
        0.5
    """
    low, high, actual = (np.asarray(values, dtype=np.float64) for values in (low_kw, high_kw, actual_kw))
    if not low.shape == high.shape == actual.shape:
        raise InvalidInput(
            f"band of shapes {low.shape} and {high.shape}, expected {actual.shape} like actual_kw",
            shape=str(low.shape),
        )
    known = ~(np.isnan(low) | np.isnan(high) | np.isnan(actual))
    if not known.any():
        raise InvalidInput("no position is known in band and actual_kw", known="0")
    return float(np.mean((low[known] <= actual[known]) & (actual[known] <= high[known])))


def _errors(estimate_kw: npt.ArrayLike, actual_kw: npt.ArrayLike) -> tuple[Floats, Floats]:
    """Return errors and actual load where both are known."""
    estimate, actual = np.asarray(estimate_kw, dtype=np.float64), np.asarray(actual_kw, dtype=np.float64)
    if estimate.shape != actual.shape:
        raise InvalidInput(
            f"estimate_kw has shape {estimate.shape}, expected {actual.shape} like actual_kw",
            shape=str(estimate.shape),
        )
    known = ~(np.isnan(estimate) | np.isnan(actual))
    if not known.any():
        raise InvalidInput("no position is known in both estimate_kw and actual_kw", known="0")
    return (estimate - actual)[known], actual[known]


def _mean_load_kw(actual_kw: Floats) -> float:
    mean_kw = float(np.mean(actual_kw))
    if mean_kw <= 0:
        raise InvalidInput(f"mean of actual_kw is {mean_kw:g} kW, expected above 0", mean_kw=str(mean_kw))
    return mean_kw
