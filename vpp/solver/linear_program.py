"""Linear and mixed-integer programs as arrays, and what a solver says of them."""

from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from vpp.solver.report import Outcome

Floats = NDArray[np.float64]
Indices = NDArray[np.int32]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class LinearProgram:
    """Minimise cost over columns within their bounds, so that rows stay within theirs.

    Attributes:
        cost: Cost per unit of a column. Shape (C,).
        column_low: Least value, may be -inf. Shape (C,).
        column_high: Largest value, may be inf. Shape (C,).
        row_low: Least value of a row, may be -inf. Shape (R,).
        row_high: Largest value of a row, may be inf. Shape (R,).
        column_start: Where each column's entries begin, and the end. Shape (C + 1,).
        row_index: Row of each entry. Shape (E,).
        value: Value of each entry. Shape (E,).
        is_integer: Which columns are whole; None for none. Shape (C,).
    """

    cost: Floats
    column_low: Floats
    column_high: Floats
    row_low: Floats
    row_high: Floats
    column_start: Indices
    row_index: Indices
    value: Floats
    is_integer: Flags | None = None

    @property
    def column_count(self) -> int:
        """Number of columns."""
        return len(self.cost)

    @property
    def row_count(self) -> int:
        """Number of rows."""
        return len(self.row_low)

    def with_integers(self, is_integer: Flags) -> "LinearProgram":
        """Return the same program with some columns whole."""
        return replace(self, is_integer=is_integer)

    def times_transposed(self, row_value: Floats) -> Floats:
        """Return A' y: for each column the sum of its entries times its rows' values. Shape (C,)."""
        owner = np.repeat(np.arange(self.column_count), np.diff(self.column_start))
        products = self.value * row_value[self.row_index]
        return np.bincount(owner, weights=products, minlength=self.column_count).astype(float)

    def times(self, column_value: Floats) -> Floats:
        """Return A x: the value of each row. Shape (R,)."""
        spread = np.repeat(column_value, np.diff(self.column_start))
        return np.bincount(self.row_index, weights=self.value * spread, minlength=self.row_count).astype(
            float
        )


@dataclass(frozen=True, slots=True)
class LinearAnswer:
    """What a solver found.

    Attributes:
        outcome: How the solve ended.
        objective: Cost of the columns; None without a solution.
        bound: No solution can cost less; None if nothing was proved.
        column_value: Value of each column; empty without a solution. Shape (C,).
        row_dual: Rise of cost per unit of a row's right-hand side; empty with integers. Shape (R,).
        reduced_cost: Rise of cost per unit of a column; empty with integers. Shape (C,).
        wall_s: How long it took, s.
        version: Version of the solver.
    """

    outcome: Outcome
    objective: float | None
    bound: float | None
    column_value: Floats
    row_dual: Floats
    reduced_cost: Floats
    wall_s: float
    version: str


class LinearSession(Protocol):
    """A loaded linear program whose bounds and costs may change between solves."""

    def solve(self, *, time_limit_s: float) -> LinearAnswer:
        """Solve it as it stands now, integers relaxed."""

    def set_columns(self, index: Indices, low: Floats, high: Floats) -> None:
        """Change the bounds of some columns."""

    def set_rows(self, index: Indices, low: Floats, high: Floats) -> None:
        """Change the bounds of some rows."""

    def set_costs(self, index: Indices, cost: Floats) -> None:
        """Change the costs of some columns."""

    def add_rows(self, rows: csr_array, low: Floats) -> None:
        """Add rows that must be at least so much; they follow those that are there. Shape (K, C)."""
