"""Draws for generated books that repeat on any machine."""

import random
from collections.abc import Sequence
from decimal import Decimal
from typing import TypeVar

T = TypeVar("T")

INCREMENT_KW = 10.0
"""Every generated quantity is a whole multiple of this, kW."""


class Dice:
    """Random draws whose sequence depends on the seed alone.

    All are built on `Random.random`, the one sequence that Python promises to keep between
    versions, and on arithmetic that every machine rounds alike.

    Example:
        >>> first, second = Dice(7), Dice(7)
        >>> first.whole(1, 6) == second.whole(1, 6)
        True
    """

    def __init__(self, seed: int) -> None:
        """Start the sequence of a seed."""
        self._random = random.Random(seed)  # noqa: S311  a book must repeat, not keep a secret

    def share(self, low: float, high: float) -> float:
        """Draw a number from low to high."""
        return low + (high - low) * self._random.random()

    def whole(self, low: int, high: int) -> int:
        """Draw a whole number from low to high, both included."""
        return low + int(self._random.random() * (high - low + 1))

    def chance(self, probability: float) -> bool:
        """Say yes with a probability."""
        return self._random.random() < probability

    def pick(self, choices: Sequence[T]) -> T:
        """Draw one of several."""
        return choices[self.whole(0, len(choices) - 1)]

    def shuffled(self, items: Sequence[T]) -> list[T]:
        """Return the items in a random order."""
        order = list(items)
        for last in range(len(order) - 1, 0, -1):
            other = self.whole(0, last)
            order[last], order[other] = order[other], order[last]
        return order

    def money(self, low: int, high: int) -> Decimal:
        """Draw an amount with two decimals; one in ten is whole, so that some tie."""
        if self.chance(0.1):
            return Decimal(self.whole(low, high))
        return Decimal(self.whole(low * 100, high * 100)).scaleb(-2)

    def size_kw(self, low: float, high: float) -> float:
        """Draw a quantity, kW, a multiple of the increment."""
        return on_increment(self.share(low, high))


def on_increment(quantity_kw: float) -> float:
    """Round a quantity to the increment, but never to nothing.

    Args:
        quantity_kw: The quantity, kW.

    Returns:
        The nearest multiple of `INCREMENT_KW`, at least one of it, kW.

    Example:
        >>> on_increment(1234.0), on_increment(2.0)
        (1230.0, 10.0)
    """
    return max(1, round(quantity_kw / INCREMENT_KW)) * INCREMENT_KW
