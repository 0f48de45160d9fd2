"""A sum of columns for each interval of the horizon, such as a resource's reduction."""

from dataclasses import dataclass

import numpy as np

from vpp.solver.columns import Integers
from vpp.solver.linear_program import Floats


@dataclass(frozen=True, slots=True)
class Expression:
    """For each interval a constant and a weighted sum of columns.

    Attributes:
        interval: Interval of each term. Shape (E,).
        column: Column of each term. Shape (E,).
        value: Weight of each term. Shape (E,).
        constant: What is added. Shape (N,).
    """

    interval: Integers
    column: Integers
    value: Floats
    constant: Floats

    @classmethod
    def of(cls, columns: Integers, weight: Floats, constant: Floats) -> "Expression":
        """Make one of families of columns, each with one column per interval.

        Args:
            columns: Shape (K, N), or (N,) for one family.
            weight: What each counts; of a shape that fits the columns'.
            constant: Shape (N,).
        """
        count = len(constant)
        interval = np.arange(count, dtype=np.int64)
        if columns.ndim == 1 and weight.size == 1:
            return cls(interval, columns, np.full(count, weight.item()), constant)
        interval = np.broadcast_to(interval, columns.shape)
        return cls(
            interval.ravel(), columns.ravel(), np.broadcast_to(weight, columns.shape).ravel(), constant
        )

    @classmethod
    def nothing(cls, count: int) -> "Expression":
        """Make one that is always 0."""
        none = np.empty(0, dtype=np.int64)
        return cls(none, none, np.empty(0), np.zeros(count))

    def at(self, column_value: Floats) -> Floats:
        """Return its value for each interval. Shape (N,)."""
        count = len(self.constant)
        terms = np.bincount(
            self.interval, weights=self.value * column_value[self.column], minlength=count
        ).astype(float)
        total: Floats = self.constant + terms
        return total
