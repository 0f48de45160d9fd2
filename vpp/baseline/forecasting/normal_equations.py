"""Least squares for many sites at once, with a guard against equations that are nearly singular."""

import numpy as np
from scipy.linalg import qr

from vpp.baseline.forecasting.panel import Bools, Floats

# Of a column's square, the least share that the columns before it may leave unexplained. Below it,
# normal equations lose more digits than the computations may differ by.
LEAST_PIVOT = 1e-6
LEAST_INDEPENDENT = 1e-7


def solve_stacked(gram: Floats, moment: Floats) -> Floats:
    """Solve the normal equations of many sites, scaled to a unit diagonal.

    Args:
        gram: Products of the columns. Shape (S, K, K).
        moment: Products of the columns with what they explain. Shape (S, K).

    Returns:
        Coefficients; NaN for a site whose columns vanish or nearly depend on each other. Shape (S, K).
    """
    diagonal = np.diagonal(gram, axis1=1, axis2=2)
    is_sound = (
        (diagonal > 0).all(axis=1) & np.isfinite(gram).all(axis=(1, 2)) & np.isfinite(moment).all(axis=1)
    )
    coefficients = np.full(moment.shape, np.nan)
    scale = 1.0 / np.sqrt(diagonal[is_sound])
    scaled = gram[is_sound] * scale[:, :, None] * scale[:, None, :]
    is_far = _least_pivots(scaled) >= LEAST_PIVOT
    rows = np.flatnonzero(is_sound)[is_far]
    scaled_moment = (moment[is_sound] * scale)[is_far]
    solved = np.linalg.solve(scaled[is_far], scaled_moment[:, :, None])[:, :, 0]
    coefficients[rows] = solved * scale[is_far]
    return coefficients


def solve_ridge(gram: Floats, moment: Floats, ridge: Floats | float, least_square: float) -> Floats:
    """Solve the normal equations of many sites with evidence that each coefficient is 0.

    Args:
        gram: Products of the columns. Shape (S, K, K).
        moment: Products of the columns with what they explain. Shape (S, K).
        ridge: Share of each column's square that is added to it, above 0: never singular. Shape (K,)
            or one for all.
        least_square: A column whose square is at most this vanishes.

    Returns:
        Coefficients, 0 for columns that vanish. Shape (S, K).
    """
    square = np.diagonal(gram, axis1=1, axis2=2)
    vanishes = square <= least_square
    scale = np.where(vanishes, 0.0, 1.0 / np.sqrt(np.where(vanishes, 1.0, square)))
    scaled = gram * scale[:, :, None] * scale[:, None, :]
    each = np.arange(gram.shape[1])
    scaled[:, each, each] = 1.0 + ridge
    return np.asarray(scale * np.linalg.solve(scaled, (moment * scale)[:, :, None])[:, :, 0])


def independent(design: Floats) -> Bools:
    """Tell which columns to keep so that none depends on the others.

    Args:
        design: Shape (T, K).

    Returns:
        Shape (K,).

    Example:
        >>> independent(np.array([[1.0, 2.0, 0.0], [1.0, 2.0, 3.0]])).sum()
        np.int64(2)
    """
    kept = np.zeros(design.shape[1], dtype=np.bool_)
    norm = np.sqrt(np.sum(design**2, axis=0))
    seen = np.flatnonzero(norm > 0)
    if len(seen) == 0:
        return kept
    triangle, order = qr(design[:, seen] / norm[seen], mode="r", pivoting=True, check_finite=False)[-2:]
    pivots = np.abs(np.diagonal(triangle))
    kept[seen[order[: len(pivots)][pivots > LEAST_INDEPENDENT]]] = True
    return kept


def _least_pivots(scaled: Floats) -> Floats:
    """Return the smallest squared Cholesky pivot of each matrix, 0 where there is none; shape (S,)."""
    if len(scaled) == 0:
        return np.zeros(0)
    try:
        factors = np.linalg.cholesky(scaled)
    except np.linalg.LinAlgError:
        if len(scaled) == 1:
            return np.zeros(1)
        half = len(scaled) // 2
        return np.concatenate([_least_pivots(scaled[:half]), _least_pivots(scaled[half:])])
    return np.asarray(np.diagonal(factors, axis1=1, axis2=2).min(axis=1) ** 2)
