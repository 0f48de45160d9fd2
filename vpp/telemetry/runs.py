"""Stretches of consecutive intervals that have something in common."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, slots=True)
class Run:
    """Consecutive positions [first, end).

    Attributes:
        first: First position.
        end: First position after the run.
    """

    first: int
    end: int

    @property
    def length(self) -> int:
        """How many positions."""
        return self.end - self.first


def runs(holds: npt.NDArray[np.bool_]) -> list[Run]:
    """List the longest stretches over which a condition holds, in order.

    Args:
        holds: The condition at each position. Shape (T,).

    Example:
        >>> runs(np.array([True, True, False, True]))
        [Run(first=0, end=2), Run(first=3, end=4)]
    """
    edges = np.diff(np.concatenate([[False], holds, [False]]).astype(np.int8))
    firsts, ends = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
    return [Run(int(first), int(end)) for first, end in zip(firsts, ends, strict=True)]
