"""What a site probably used where its meter says nothing."""

import numpy as np
import numpy.typing as npt

from vpp.telemetry.runs import Run


def linear_kw(values_kw: npt.NDArray[np.float64], gap: Run) -> npt.NDArray[np.float64]:
    """Return the line from the reading before a gap to the one after it.

    Args:
        values_kw: Readings, kW, with one on either side of the gap. Shape (T,).
        gap: The gap.

    Returns:
        kW. Shape (gap.length,).

    Example:
        >>> linear_kw(np.array([10.0, np.nan, np.nan, 40.0]), Run(1, 3)).tolist()
        [20.0, 30.0]
    """
    line = np.linspace(values_kw[gap.first - 1], values_kw[gap.end], gap.length + 2)
    return line[1:-1]


def like_mean_kw(
    values_kw: npt.NDArray[np.float64],
    like: npt.NDArray[np.int64],
    wanted: npt.NDArray[np.int64],
    *,
    count: int,
    span: int,
) -> npt.NDArray[np.float64]:
    """Return the mean of the nearest like readings of some intervals.

    Args:
        values_kw: Readings that may stand for others, kW; NaN elsewhere. Shape (T,).
        like: Labels; intervals with the same label are alike. Shape (T,).
        wanted: Positions to estimate; a reading at the position itself is not used. Shape (W,).
        count: How many readings to average, the nearest in time, the earlier one where two are as near.
        span: How many intervals away a like reading may lie.

    Returns:
        kW, NaN where there is no like reading. Shape (W,).

    Example:
        >>> values = np.array([10.0, 1.0, np.nan, 1.0, 14.0])
        >>> like_mean_kw(values, np.array([0, 1, 0, 1, 0]), np.array([2]), count=6, span=9).tolist()
        [12.0]
    """
    result = np.full(len(wanted), np.nan)
    for label in np.unique(like[wanted]):
        donors = np.flatnonzero((like == label) & ~np.isnan(values_kw))
        asked = np.flatnonzero(like[wanted] == label)
        if not len(donors):
            continue
        at = wanted[asked]
        # One more than the count on either side, as the position itself may be among them.
        nearby = np.searchsorted(donors, at)[:, None] + np.arange(-count, count + 1)[None, :]
        is_there = (nearby >= 0) & (nearby < len(donors))
        donor = donors[np.clip(nearby, 0, len(donors) - 1)]
        distance = np.abs(donor - at[:, None]).astype(np.float64)
        distance[~is_there | (distance == 0.0) | (distance > span)] = np.inf
        nearest = np.argsort(distance, axis=1, kind="stable")[:, :count]
        is_used = np.isfinite(np.take_along_axis(distance, nearest, axis=1))
        chosen_kw = values_kw[np.take_along_axis(donor, nearest, axis=1)]
        used = is_used.sum(axis=1)
        total_kw = np.where(is_used, chosen_kw, 0.0).sum(axis=1)
        result[asked] = np.where(used > 0, total_kw / np.maximum(used, 1), np.nan)
    return result


def neighbour_scale(
    actual_kw: npt.NDArray[np.float64], like_kw: npt.NDArray[np.float64], max_ratio: float
) -> float:
    """Return by how much a gap's neighbours are above or below like days.

    Args:
        actual_kw: Readings beside the gap, kW; NaN where there are none. Shape (N,).
        like_kw: Means of like days there, kW. Shape (N,).
        max_ratio: The scale lies between this and its inverse.

    Returns:
        The ratio of the sums; 1 where either is not above 0.

    Example:
        >>> neighbour_scale(np.array([11.0, np.nan]), np.array([10.0, 10.0]), 2.0)
        1.1
    """
    both = ~(np.isnan(actual_kw) | np.isnan(like_kw))
    actual, like = float(actual_kw[both].sum()), float(like_kw[both].sum())
    if actual <= 0.0 or like <= 0.0:
        return 1.0
    return min(max(actual / like, 1.0 / max_ratio), max_ratio)
