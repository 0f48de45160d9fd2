"""How good a baseline or a forecast was.

Errors are `estimate - actual`, so a positive bias says the estimate was too high. Two definitions of
CV(RMSE) are in use; the one here divides by the number of values, not by degrees of freedom.
"""

from collections.abc import Sequence

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


def rmae_ratio(estimate_kw: npt.ArrayLike, reference_kw: npt.ArrayLike, actual_kw: npt.ArrayLike) -> float:
    """Return the mean absolute error as a share of a reference model's on the same intervals.

    Args:
        estimate_kw: Baseline or forecast, kW. Shape (N,).
        reference_kw: What it is held against, such as the load a week before, kW. Shape (N,).
        actual_kw: Metered load, kW; positions that are NaN in any are left out. Shape (N,).

    Returns:
        Below 1 where the estimate is the better one.

    Raises:
        InvalidInput: Shapes differ, no position is known in all three, or the reference is never wrong.

    Example:
        >>> rmae_ratio([101.0, 99.0], [104.0, 100.0], [100.0, 100.0])
        0.5
    """
    estimate, reference, actual = (
        np.asarray(values, dtype=np.float64) for values in (estimate_kw, reference_kw, actual_kw)
    )
    if not estimate.shape == reference.shape == actual.shape:
        raise InvalidInput(
            f"estimate_kw and reference_kw have shapes {estimate.shape} and {reference.shape}, expected "
            f"{actual.shape} like actual_kw",
            shape=str(estimate.shape),
        )
    shared = np.where(np.isnan(estimate) | np.isnan(reference), np.nan, actual)
    reference_mae_kw = mean_absolute_error_kw(reference, shared)
    if reference_mae_kw == 0:
        raise InvalidInput("reference_kw is never wrong, expected a mean absolute error above 0", mae_kw="0")
    return mean_absolute_error_kw(estimate, shared) / reference_mae_kw


def mase_ratio(
    estimate_kw: npt.ArrayLike, actual_kw: npt.ArrayLike, history_kw: npt.ArrayLike, season: int
) -> float:
    """Return the mean absolute scaled error: MAE over the mean change from a season before in history.

    Args:
        estimate_kw: Baseline or forecast, kW. Shape (N,).
        actual_kw: Metered load, kW; positions that are NaN in either are left out. Shape (N,).
        history_kw: Load before the first interval estimated, kW; NaN is a gap. Shape (T,).
        season: Intervals of a season, such as those of a week.

    Returns:
        `MAE / mean(|history[t] - history[t - season]|)`.

    Raises:
        InvalidInput: Shapes differ, no position is known, or no change is known in the history or all
            are 0.

    Example:
        >>> mase_ratio([103.0], [100.0], [90.0, 80.0, 96.0, 86.0], 2)
        0.5
    """
    history = np.asarray(history_kw, dtype=np.float64)
    change_kw = np.abs(history[season:] - history[:-season])
    known = change_kw[~np.isnan(change_kw)]
    if not known.size or not known.any():
        raise InvalidInput(
            f"history_kw of {len(history)} intervals shows no change from {season} intervals before",
            history=str(len(history)),
        )
    return mean_absolute_error_kw(estimate_kw, actual_kw) / float(known.mean())


def relative_errors(
    estimates_kw: Sequence[npt.ArrayLike], actuals_kw: Sequence[npt.ArrayLike]
) -> tuple[float, ...]:
    """Return each event's energy error as a share of its load.

    Args:
        estimates_kw: Baseline of each event, kW; events may differ in length. Length E, each shape (N,).
        actuals_kw: Metered load of each, kW; positions that are NaN in either are left out.

    Returns:
        `sum(estimate - actual) / sum(actual)` of each event. Length E.

    Raises:
        InvalidInput: Lengths or shapes differ, or an event's load is unknown or not above 0.

    Example:
        >>> relative_errors([[103.0, 99.0], [90.0]], [[100.0, 100.0], [100.0]])
        (0.01, -0.1)
    """
    if len(estimates_kw) != len(actuals_kw):
        raise InvalidInput(
            f"estimates_kw has {len(estimates_kw)} events, expected {len(actuals_kw)} like actuals_kw",
            events=str(len(estimates_kw)),
        )
    return tuple(nmbe_ratio(*event) for event in zip(estimates_kw, actuals_kw, strict=True))


def geometric_mean(ratios: npt.ArrayLike) -> float:
    """Return the geometric mean of ratios: the average that treats half and double alike.

    Args:
        ratios: Above 0; NaN is left out. Shape (N,).

    Raises:
        InvalidInput: Nothing is known, or a value is not above 0.

    Example:
        >>> geometric_mean([0.5, 2.0])
        1.0
    """
    values = np.asarray(ratios, dtype=np.float64)
    known = values[~np.isnan(values)]
    if not known.size or (known <= 0).any():
        raise InvalidInput(
            f"ratios are {known.tolist()}, expected values above 0", ratios=str(known.tolist())
        )
    return float(np.exp(np.mean(np.log(known))))


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
