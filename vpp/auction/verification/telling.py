"""How far numbers may differ before a promise counts as broken, and how a broken one is told."""

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

KW = 2e-3
"""What solvers and rounding may leave between two powers, kW."""

RATIO = 1e-6
"""What they may leave between two ratios."""

MONEY = 1e-5
"""What rounding to micro-units may leave between two amounts, in currency."""

_MOST = 20  # a model that is wrong everywhere is told by its first cases and their number

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]


def told(broken: Flags, tell: Callable[..., str]) -> Iterator[str]:
    """Say one sentence for each true entry, and beyond the first twenty only how many there are.

    Args:
        broken: Where a promise is broken. Any shape.
        tell: Turns the indices of an entry into a sentence.

    Yields:
        The sentences.

    Example:
        >>> list(told(np.array([False, True]), lambda t: f"interval {t} is short"))
        ['interval 1 is short']
    """
    if not broken.any():
        return
    places = np.argwhere(broken)
    for place in places[:_MOST]:
        yield tell(*place.tolist())
    if len(places) > _MOST:
        yield f"and {len(places) - _MOST} more like the last"


def any_of(rows: Flags | Floats) -> Flags:
    """Tell which rows have a true entry, or one that is not 0.

    Args:
        rows: Shape (R, T).

    Returns:
        Shape (R,).

    Example:
        >>> any_of(np.array([[0.0, 0.0], [0.0, 2.0]])).tolist()
        [False, True]
    """
    return np.asarray(rows.any(axis=1), dtype=bool)


def sums_by(owner: Integers, count: int, values: Floats) -> Floats:
    """Add up rows that have the same owner.

    Args:
        owner: Owner of each row, from 0. Shape (R,).
        count: Number of owners.
        values: The rows. Shape (R, T).

    Returns:
        One row per owner. Shape (count, T).

    Example:
        >>> sums_by(np.array([1, 0, 1]), 3, np.array([[1.0], [2.0], [4.0]])).tolist()
        [[2.0], [5.0], [0.0]]
    """
    sums = np.zeros((count, values.shape[1]))
    if len(owner):
        order = np.argsort(owner, kind="stable")
        starts = np.flatnonzero(np.diff(owner[order], prepend=-1))
        sums[owner[order][starts]] = np.add.reduceat(values[order], starts, axis=0)
    return sums
