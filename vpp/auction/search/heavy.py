"""The bids that make a large program hard, answered on their own at given prices.

Stores, chosen rebounds and runs have rows for every interval, and nine tenths of the time of a large
relaxation goes into them. At given prices for the accounts they fall apart into components of a few
hundred columns; a chunk of those is a small program whose last basis serves the next prices.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_array, csc_array

from vpp.auction.market.canonical import Integers
from vpp.auction.market.program import MarketProgram
from vpp.auction.search.components import Components
from vpp.foundation.errors import BrokenPromise
from vpp.solver.highs_session import HighsSession
from vpp.solver.linear_program import Floats
from vpp.solver.report import Outcome

_CHUNK_COLUMNS = 6000
_THREADS = 2


@dataclass(frozen=True, slots=True)
class Answers:
    """What every component does at some prices.

    Attributes:
        value: Value of each of their columns. Shape (H,).
        row_dual: Dual of each of their rows. Shape (K,).
        gain: Least weighted cost of each component, in thousandths. Shape (G,).
    """

    value: Floats
    row_dual: Floats
    gain: Floats


def heavy_kinds(market: MarketProgram, components: Components) -> Integers:
    """Return the components with a store, a chosen rebound or a run, in order."""
    own = (market.stores.charged.ravel(), market.rebounds.returned, market.runs.on)
    return np.unique(components.of_column[np.concatenate(own)])


def bound_kinds(components: Components, heavy: Integers) -> Integers:
    """Return the other components that have rows of their own, in order."""
    kinds = np.unique(components.of_row[components.of_row >= 0])
    return np.setdiff1d(kinds, heavy, assume_unique=True)


class OwnBids:
    """Some components of a program and the sessions that answer for them."""

    def __init__(self, components: Components, kinds: Integers) -> None:
        """Load components in chunks."""
        market, label = components.market, components.of_column
        order = np.argsort(label, kind="stable")
        sorted_label = label[order]
        first, last = np.searchsorted(sorted_label, kinds), np.searchsorted(sorted_label, kinds, side="right")
        row_label = components.of_row
        row_order = np.argsort(row_label, kind="stable")
        sorted_rows = row_label[row_order]
        row_first = np.searchsorted(sorted_rows, kinds)
        row_last = np.searchsorted(sorted_rows, kinds, side="right")
        self.market = market
        self.count = len(kinds)
        spans = [order[a:b] for a, b in zip(first, last, strict=True)]
        row_spans = [row_order[a:b] for a, b in zip(row_first, row_last, strict=True)]
        self.columns = np.concatenate(spans) if spans else np.empty(0, dtype=np.int64)
        self.rows = np.concatenate(row_spans) if row_spans else np.empty(0, dtype=np.int64)
        sizes = np.array([len(span) for span in spans], dtype=np.int64)
        self.component = np.repeat(np.arange(self.count), sizes)
        """Component of each heavy column. Shape (H,)."""
        self._chunks: list[tuple[slice, slice, HighsSession]] = []
        self._load(components, spans, row_spans)
        self._entries = self._market_entries()

    def _load(self, components: Components, spans: list[Integers], row_spans: list[Integers]) -> None:
        begin, at, row_at = 0, 0, 0
        while begin < self.count:
            end, size = begin, 0
            while end < self.count and (size == 0 or size + len(spans[end]) <= _CHUNK_COLUMNS):
                size += len(spans[end])
                end += 1
            columns, rows = np.concatenate(spans[begin:end]), np.concatenate(row_spans[begin:end])
            program = components.program_of(columns, rows, self.market.program.cost[columns])
            span, row_span = slice(at, at + len(columns)), slice(row_at, row_at + len(rows))
            self._chunks.append((span, row_span, HighsSession(program)))
            begin, at, row_at = end, span.stop, row_span.stop

    def _market_entries(self) -> tuple[Integers, Integers, Floats]:
        """Entries of heavy columns in the market's rows: row, place among heavy columns, value."""
        program = self.market.program
        starts, lengths = program.column_start[self.columns], np.diff(program.column_start)[self.columns]
        source = np.repeat(starts - np.cumsum(lengths) + lengths, lengths) + np.arange(int(lengths.sum()))
        place = np.repeat(np.arange(len(self.columns)), lengths)
        row = program.row_index[source].astype(np.int64)
        kept = row < self.market.market_row_count
        return row[kept], place[kept], program.value[source][kept]

    def weights(self, market_dual: Floats) -> Floats:
        """Return each heavy column's cost less what it is worth at prices. Shape (H,)."""
        row, place, value = self._entries
        worth = np.bincount(place, weights=value * market_dual[row], minlength=len(self.columns))
        return self.market.program.cost[self.columns] - worth

    def weighted(self, value: Floats, market_dual: Floats) -> Floats:
        """Return what a value of the columns costs each component at prices, in thousandths. Shape (G,)."""
        weight = self.weights(market_dual)
        return np.bincount(self.component, weights=weight * value, minlength=self.count).astype(float)

    def answer(self, market_dual: Floats, time_limit_s: float) -> Answers:
        """Solve every chunk at prices.

        Args:
            market_dual: Dual of each of the market's rows. Shape (M,).
            time_limit_s: Longest time of one chunk, s.

        Returns:
            The answers.

        Raises:
            BrokenPromise: A chunk has no answer, though doing nothing is one.
        """
        weight = self.weights(market_dual)
        value, dual = np.zeros(len(self.columns)), np.zeros(len(self.rows))

        def solve(chunk: tuple[slice, slice, HighsSession]) -> None:
            span, row_span, session = chunk
            session.set_costs(np.arange(span.stop - span.start, dtype=np.int32), weight[span])
            found = session.solve(time_limit_s=time_limit_s)
            if found.outcome is not Outcome.OPTIMAL:
                raise BrokenPromise(f"bids of their own have no answer: {found.outcome.value}")
            value[span], dual[row_span] = found.column_value, found.row_dual

        # Each chunk writes its own part, so that the order in which they end means nothing.
        with ThreadPoolExecutor(_THREADS) as threads:
            for _ in threads.map(solve, self._chunks):
                pass
        gain = np.bincount(self.component, weights=weight * value, minlength=self.count).astype(float)
        return Answers(value, dual, gain)

    def schedules(self, value: Floats) -> tuple[csc_array, Floats]:
        """Turn columns into one schedule per component: its entries in the market's rows, and its cost.

        Args:
            value: Value of each of their columns. Shape (H,).

        Returns:
            Entries, of shape (M, G), and costs in thousandths, of shape (G,).
        """
        row, place, entry = self._entries
        shape = (self.market.market_row_count, self.count)
        matrix = coo_array((entry * value[place], (row, self.component[place])), shape=shape).tocsc()
        matrix.sum_duplicates()
        own = self.market.program.cost[self.columns] * value
        return matrix, np.bincount(self.component, weights=own, minlength=self.count).astype(float)
