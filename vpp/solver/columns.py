"""Collects columns, rows and entries of a linear program, family by family."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import coo_array

from vpp.solver.linear_program import Floats, LinearProgram

Integers = NDArray[np.int64]


@dataclass
class Columns:
    """Columns, rows and entries of a program that is being put together."""

    column_count: int = 0
    row_count: int = 0
    _cost: list[Floats] = field(default_factory=list)
    _low: list[Floats] = field(default_factory=list)
    _high: list[Floats] = field(default_factory=list)
    _row_low: list[Floats] = field(default_factory=list)
    _row_high: list[Floats] = field(default_factory=list)
    _row: list[Integers] = field(default_factory=list)
    _column: list[Integers] = field(default_factory=list)
    _value: list[Floats] = field(default_factory=list)

    @classmethod
    def of(cls, program: LinearProgram) -> "Columns":
        """Begin with all that a program has."""
        columns = cls()
        columns.add_columns(
            program.column_count, low=program.column_low, high=program.column_high, cost=program.cost
        )
        columns.add_rows(program.row_count, low=program.row_low, high=program.row_high)
        owner = np.repeat(np.arange(program.column_count), np.diff(program.column_start))
        columns.add_entries(program.row_index.astype(np.int64), owner, program.value)
        return columns

    def add_columns(self, count: int, *, low: ArrayLike, high: ArrayLike, cost: ArrayLike) -> Integers:
        """Add columns and return their indices; each bound and cost is one number or one each."""
        for held, given in ((self._low, low), (self._high, high), (self._cost, cost)):
            held.append(_spread(given, count))
        added = np.arange(self.column_count, self.column_count + count, dtype=np.int64)
        self.column_count += count
        return added

    def add_rows(self, count: int, *, low: ArrayLike, high: ArrayLike) -> Integers:
        """Add rows and return their indices; each bound is one number or one each."""
        for held, given in ((self._row_low, low), (self._row_high, high)):
            held.append(_spread(given, count))
        added = np.arange(self.row_count, self.row_count + count, dtype=np.int64)
        self.row_count += count
        return added

    def add_entries(self, rows: Integers, columns: Integers, values: ArrayLike) -> None:
        """Add entries; those of one row and column add up."""
        self._row.append(rows)
        self._column.append(columns)
        self._value.append(_spread(values, len(rows)))

    def program(self) -> LinearProgram:
        """Put everything together."""
        if not self.column_count:
            return LinearProgram(
                *(np.empty(0),) * 5, np.zeros(1, np.int32), np.empty(0, np.int32), np.empty(0)
            )
        matrix = coo_array(
            (_joined(self._value), (_joined_indices(self._row), _joined_indices(self._column))),
            shape=(self.row_count, self.column_count),
        ).tocsc()
        matrix.sum_duplicates()
        return LinearProgram(
            cost=_joined(self._cost),
            column_low=_joined(self._low),
            column_high=_joined(self._high),
            row_low=_joined(self._row_low),
            row_high=_joined(self._row_high),
            column_start=matrix.indptr.astype(np.int32),
            row_index=matrix.indices.astype(np.int32),
            value=matrix.data,
        )


def _spread(given: ArrayLike, count: int) -> Floats:
    """Return one number each; a single one is repeated, what has the shape stays: broadcasting is slow."""
    values = np.asarray(given, dtype=float)
    if values.ndim == 0:
        return np.full(count, values)
    return values if values.shape == (count,) else np.broadcast_to(values, (count,))


def _joined(parts: list[Floats]) -> Floats:
    return np.concatenate(parts) if parts else np.empty(0)


def _joined_indices(parts: list[Integers]) -> Integers:
    return np.concatenate(parts) if parts else np.empty(0, dtype=np.int64)
