"""Bids that hang together by rows of their own, and what each such component does best at given prices.

Bids of different components meet only in the accounts of the market. At given prices for the
accounts the clearing therefore falls apart into one small problem per component. Solved with
whole choices, they say how much of the relaxation's optimism was never to be had: that tightens
the bound.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.sparse import coo_array, csc_array
from scipy.sparse.csgraph import connected_components

from vpp.auction.market.canonical import Integers
from vpp.auction.market.program import MarketProgram
from vpp.solver.linear_program import Flags, Floats, LinearProgram


@dataclass(frozen=True)
class Components:
    """The components of a book.

    Attributes:
        market: The book.
        inner: Places of accounts whose limits are kept inside components instead of being priced:
            their members hang together.
    """

    market: MarketProgram
    inner: tuple[int, ...] = ()

    @cached_property
    def _matrix(self) -> csc_array:
        program = self.market.program
        return csc_array(
            (program.value, program.row_index, program.column_start),
            shape=(program.row_count, program.column_count),
        )

    @cached_property
    def _is_inner_row(self) -> Flags:
        """Which rows are kept inside components. Shape (R,)."""
        inner = np.zeros(self.market.program.row_count, dtype=bool)
        inner[self.market.market_row_count :] = True
        inner[self.market.market.balance[list(self.inner)].ravel()] = True
        return inner

    @cached_property
    def _labels(self) -> tuple[Integers, Integers]:
        """Component of each column and of each row; -1 for what is the market's."""
        program, inner = self.market.program, self._is_inner_row
        owner = np.repeat(np.arange(program.column_count), np.diff(program.column_start))
        own = inner[program.row_index]
        rows, columns = program.row_index[own].astype(np.int64), owner[own]
        size = program.row_count + program.column_count
        entries = (np.ones(len(rows), dtype=np.int8), (rows, columns + program.row_count))
        _, label = connected_components(coo_array(entries, shape=(size, size)), directed=False)
        row_label = np.where(inner, label[: program.row_count], -1).astype(np.int64)
        column_label = label[program.row_count :].astype(np.int64)
        is_market = np.zeros(program.column_count, dtype=bool)
        is_market[: self.market.market_column_count] = True
        is_market[self.market.market.net[list(self.inner)].ravel()] = False
        column_label[is_market] = -1
        return column_label, row_label

    @cached_property
    def of_column(self) -> Integers:
        """Component of each column; -1 for the market's. Shape (C,)."""
        return self._labels[0]

    @cached_property
    def of_row(self) -> Integers:
        """Component of each row; -1 for the market's. Shape (R,)."""
        return self._labels[1]

    @cached_property
    def _by_component(self) -> tuple[tuple[Integers, Integers], tuple[Integers, Integers]]:
        """Columns and rows sorted by component, each with the sorted components."""
        column_label, row_label = self._labels
        columns = np.argsort(column_label, kind="stable")
        rows = np.argsort(row_label, kind="stable")
        return (columns, column_label[columns]), (rows, row_label[rows])

    def members(self, component: int) -> tuple[Integers, Integers]:
        """Return the columns and rows of a component, in order."""
        found = []
        for order, labels in self._by_component:
            first, last = np.searchsorted(labels, (component, component + 1))
            found.append(order[first:last])
        return found[0], found[1]

    def priced(self, row_dual: Floats) -> Floats:
        """Return each column's cost less what it is worth in the rows outside components. Shape (C,)."""
        outer_dual = np.where(self._is_inner_row, 0.0, row_dual)
        return self.market.program.cost - self.market.program.times_transposed(outer_dual)

    def program_of(self, columns: Integers, rows: Integers, cost: Floats) -> LinearProgram:
        """Cut a component's own program out of the book's."""
        whole = self.market.program
        matrix = self._matrix[:, columns].tocsr()[rows].tocsc()
        return LinearProgram(
            cost=cost,
            column_low=whole.column_low[columns],
            column_high=whole.column_high[columns],
            row_low=whole.row_low[rows],
            row_high=whole.row_high[rows],
            column_start=matrix.indptr.astype(np.int32),
            row_index=matrix.indices.astype(np.int32),
            value=matrix.data,
        )
