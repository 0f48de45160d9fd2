"""How much to measure, from the environment.

VPP_BENCH=full          the sizes and seeds that the project's figures come from; else a quick set
VPP_BENCH_SEEDS=N       so many seeds of every size
VPP_BENCH_BOOKS=A,B     only these sizes, for example 1000x24,10000x96
"""

import os
from dataclasses import dataclass

IS_FULL = os.environ.get("VPP_BENCH", "quick") == "full"
_SEEDS = os.environ.get("VPP_BENCH_SEEDS")
_BOOKS = os.environ.get("VPP_BENCH_BOOKS")


@dataclass(frozen=True)
class Size:
    """A size of book, and how often it is measured."""

    bids: int
    intervals: int
    quick: int
    full: int
    gap: float = 1e-3
    time_limit_s: float = 10.0

    @property
    def name(self) -> str:
        return f"{self.bids}x{self.intervals}"

    @property
    def seeds(self) -> range:
        """Seeds to measure; none leaves the size out."""
        asked = self.full if IS_FULL else self.quick
        if _BOOKS is not None:
            asked = max(asked, 1) if self.name in _BOOKS.split(",") else 0
        if _SEEDS is not None and asked:
            asked = int(_SEEDS)
        return range(1, asked + 1)


def count(quick: int, full: int) -> int:
    """Return how many of something to look at."""
    return full if IS_FULL else quick
