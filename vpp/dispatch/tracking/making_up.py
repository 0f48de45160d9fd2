"""Sites that make up, in the rest of a delivery interval, for what they missed or overdid in it."""

import numpy as np
import numpy.typing as npt

from vpp.dispatch.tracking.frame import Frame

Matrix = npt.NDArray[np.float64]
NOTABLE_RATIO = 0.02
"""A site that has missed less than this share of what it was asked has nothing to make up for."""


def owed_kw(delivered_kw: Matrix, asked_kw: Matrix, frame: Frame) -> Matrix:
    """Return what a site that follows its meter adds in each sample to end its interval on target.

    What is not metered yet counts as delivered as asked.

    Args:
        delivered_kw: Reduction per sample, kW; NaN where it is not known. Shape (S, M).
        asked_kw: What sites were asked per sample, kW. Shape (S, M).
        frame: The grid.

    Returns:
        kW, either sign. Shape (S, M).

    Example:
        >>> from datetime import UTC, datetime, timedelta
        >>> from vpp.foundation.interval import Interval
        >>> noon, five = datetime(2026, 3, 2, 12, tzinfo=UTC), timedelta(minutes=5)
        >>> frame = Frame(Interval(noon, noon + 3 * five), 3 * five, five, noon + five)
        >>> owed_kw(np.array([[60.0, np.nan, np.nan]]), np.full((1, 3), 100.0), frame).tolist()
        [[0.0, 20.0, 20.0]]
    """
    per = frame.per_interval
    missed = np.nan_to_num(asked_kw - delivered_kw).reshape(len(asked_kw), frame.interval_count, per)
    before = np.cumsum(missed, axis=2) - missed
    left = per - np.arange(per)
    is_over = ~np.isnan(delivered_kw)
    # A sample that is still to come owes what is missed by now, shared over all that are to come.
    known = is_over.reshape(missed.shape)
    to_come = np.maximum(1, per - known.sum(axis=2, keepdims=True))
    owed = np.where(known, before / left, missed.sum(axis=2, keepdims=True) / to_come)
    result: Matrix = owed.reshape(asked_kw.shape)
    return result


def makes_up(
    deviation_kw: npt.NDArray[np.float64],
    owed: npt.NDArray[np.float64],
    asked_kw: npt.NDArray[np.float64],
) -> npt.NDArray[np.bool_]:
    """Tell who does more or less than asked because of what it missed: it is nearer to that than to asked.

    Args:
        deviation_kw: Mean delivered less asked of the newest samples, kW. Shape (S,).
        owed: Mean of what a site that makes up would add in them, kW. Shape (S,).
        asked_kw: Mean asked in them, kW. Shape (S,).

    Example:
        >>> makes_up(np.array([22.0, -40.0]), np.array([20.0, 20.0]), np.array([100.0, 100.0])).tolist()
        [True, False]
    """
    is_nearer: npt.NDArray[np.bool_] = np.abs(deviation_kw - owed) < np.abs(deviation_kw)
    return is_nearer & (np.abs(owed) > NOTABLE_RATIO * asked_kw)
