"""The restricted program of a large book: the market, light bids, and schedules of heavy ones."""

from dataclasses import replace

import numpy as np
from scipy.sparse import coo_array, csc_array, csr_array, vstack

from vpp.auction.market.canonical import Integers
from vpp.auction.market.program import MarketProgram
from vpp.auction.search.heavy import OwnBids
from vpp.auction.search.lagrangian import Lagrangian
from vpp.foundation.errors import BrokenPromise
from vpp.solver.highs_session import HighsSession
from vpp.solver.linear_program import Flags, Floats, Indices, LinearAnswer, LinearProgram
from vpp.solver.report import Outcome

_NEAR = 0.3
_WRONG_SIGN = 1e-7


class RestrictedProgram:
    """A program in which a heavy component may only mix schedules that it has been asked for.

    Its first columns and rows are the market's, with the same indices. A step that asks far more than
    its price is left out until prices say otherwise. A component's weights sum to at most 1, and what
    is left of 1 does nothing.

    Attributes:
        session: Holds the program.
    """

    def __init__(self, market: MarketProgram, parts: Lagrangian, price: Floats) -> None:
        """Begin with what is worth its price, and with no schedule."""
        self._market, self._heavy = market, parts.heavy
        self._idle = market.idle[parts.heavy.columns]
        program = market.program
        self._matrix = csc_array(
            (program.value, program.row_index, program.column_start),
            shape=(program.row_count, program.column_count),
        )
        priced = self._priced(price)[parts.single]
        near = priced <= _NEAR * np.abs(program.cost[parts.single])
        self._left_out = parts.single[~near]
        own = np.arange(market.market_column_count)
        self._columns = np.sort(np.concatenate((own, parts.single[near], parts.bound.columns)))
        self._rows = np.concatenate((np.arange(market.market_row_count), np.sort(parts.bound.rows)))
        entries = vstack(
            (self._cut(self._columns), csc_array((self._heavy.count, len(self._columns))))
        ).tocsc()
        self.session = HighsSession(
            LinearProgram(
                cost=program.cost[self._columns],
                column_low=program.column_low[self._columns],
                column_high=program.column_high[self._columns],
                row_low=np.concatenate((program.row_low[self._rows], np.full(self._heavy.count, -np.inf))),
                row_high=np.concatenate((program.row_high[self._rows], np.ones(self._heavy.count))),
                column_start=entries.indptr.astype(np.int32),
                row_index=entries.indices.astype(np.int32),
                value=entries.data,
            )
        )
        self._place = np.full(program.column_count, -1, dtype=np.int64)
        self._place[self._columns] = np.arange(len(self._columns))
        self._count = len(self._columns)
        self._schedules: list[tuple[Integers, Integers, Floats]] = []
        """Of each batch: its components, their columns in the program, and values of heavy columns."""

    def places(self, columns: Integers | Indices) -> Integers:
        """Return where columns of the whole program are in this one; -1 where left out."""
        return self._place[columns]

    def add_schedules(self, value: Floats, components: Integers, *, low: float = 0.0) -> None:
        """Let some components mix in the schedules that a value of heavy columns describes."""
        if not len(components):
            return
        entries, cost = self._heavy.schedules(value)
        count = len(components)
        convexity = coo_array(
            (np.ones(count), (components, np.arange(count))), shape=(self._heavy.count, count)
        )
        between = csc_array((len(self._rows) - self._market.market_row_count, count))
        columns = vstack((entries[:, components], between, convexity)).tocsc()
        self.session.add_columns(columns, cost=cost[components], high=np.ones(count))
        index = np.arange(self._count, self._count + count)
        self._count += count
        if low:
            self.session.set_columns(index.astype(np.int32), np.full(count, low), np.ones(count))
        self._schedules.append((components, index, value))

    def let_in(self, row_dual: Floats) -> int:
        """Let in the steps that the prices make worth it; return how many."""
        program = self._market.program
        dual = np.zeros(program.row_count)
        first = self._market.market_row_count
        dual[:first] = row_dual[:first]
        reduced = (program.cost - program.times_transposed(dual))[self._left_out]
        joining = self._left_out[reduced < -_WRONG_SIGN]
        if len(joining):
            entries = vstack((self._cut(joining), csc_array((self._heavy.count, len(joining))))).tocsc()
            self.session.add_columns(entries, cost=program.cost[joining], high=program.column_high[joining])
            self._place[joining] = np.arange(self._count, self._count + len(joining))
            self._count += len(joining)
            self._left_out = self._left_out[reduced >= -_WRONG_SIGN]
        return len(joining)

    def convexity_duals(self, answer: LinearAnswer) -> Floats:
        """Return what a further unit of each component's weights would save, in thousandths. Shape (G,)."""
        return -answer.row_dual[len(self._rows) :]

    def whole_value(self, answer: LinearAnswer) -> Floats:
        """Turn an answer into the value of each column of the whole program. Shape (C,)."""
        value = np.zeros(self._market.program.column_count)
        held = np.flatnonzero(self._place >= 0)
        value[held] = self._values(answer)[self._place[held]]
        value[self._heavy.columns] = self.heavy_value(answer)
        return value

    def in_whole(self, answer: LinearAnswer) -> LinearAnswer:
        """Turn an answer into one in the columns of the whole program, with duals of the market's rows."""
        dual = np.zeros(self._market.program.row_count)
        dual[: self._market.market_row_count] = answer.row_dual[: self._market.market_row_count]
        return replace(answer, column_value=self.whole_value(answer), row_dual=dual)

    def heavy_value(self, answer: LinearAnswer) -> Floats:
        """Mix the schedules by their weights; what is left of 1 does nothing. Shape (H,)."""
        heavy = self._heavy
        mixed, left = np.zeros(len(heavy.columns)), np.ones(heavy.count)
        held = self._values(answer)
        for components, index, value in self._schedules:
            weight = np.zeros(heavy.count)
            weight[components] = held[index]
            if weight.any():
                mixed += weight[heavy.component] * value
                left -= weight
        return mixed + left[heavy.component] * self._idle

    def heaviest(self, answer: LinearAnswer, is_whole: "WholeTest") -> Floats:
        """Return, for each component, the schedule of largest weight that passes a test; else nothing.

        Shape (H,).
        """
        heavy = self._heavy
        best, chosen = np.full(heavy.count, 1e-6), np.zeros(len(heavy.columns))
        held = self._values(answer)
        for components, index, value in self._schedules:
            weight = np.zeros(heavy.count)
            weight[components] = held[index]
            better = (weight > best) & is_whole(value)
            best[better] = weight[better]
            chosen = np.where(better[heavy.component], value, chosen)
        return chosen

    def _values(self, answer: LinearAnswer) -> Floats:
        """Return the value of each column; 0 for those that have joined since the answer."""
        return np.pad(answer.column_value, (0, self._count - len(answer.column_value)))

    def drop_schedules(self, components: Flags) -> None:
        """Let some components use no schedule they have so far. Shape (G,)."""
        for owners, index, _ in self._schedules:
            shut = index[components[owners]].astype(np.int32)
            self.session.set_columns(shut, np.zeros(len(shut)), np.zeros(len(shut)))

    def _priced(self, price: Floats) -> Floats:
        program = self._market.program
        dual = np.zeros(program.row_count)
        dual[self._market.market.balance] = price
        return program.cost - program.times_transposed(dual)

    def _cut(self, columns: Integers) -> csc_array:
        return self._matrix[:, columns].tocsr()[self._rows].tocsc()


class AsWhole:
    """A restricted program in the columns of the whole one; implements `LinearSession`.

    What the restricted program leaves out keeps its value: steps are 0, heavy bids do what their
    schedules say.
    """

    def __init__(self, restricted: RestrictedProgram) -> None:
        """Speak for a restricted program."""
        self._restricted = restricted

    def solve(self, *, time_limit_s: float) -> LinearAnswer:
        """Solve it as it stands now; duals are the market's rows alone."""
        answer = self._restricted.session.solve(time_limit_s=time_limit_s)
        return self._restricted.in_whole(answer) if answer.outcome is Outcome.OPTIMAL else answer

    def set_columns(self, index: Indices, low: Floats, high: Floats) -> None:
        """Change the bounds of some columns, as far as they are in the restricted program."""
        place = self._restricted.places(index)
        held = place >= 0
        self._restricted.session.set_columns(place[held].astype(np.int32), low[held], high[held])

    def set_rows(self, index: Indices, low: Floats, high: Floats) -> None:
        """Change the bounds of some of the market's rows."""
        self._restricted.session.set_rows(index, low, high)

    def set_costs(self, index: Indices, cost: Floats) -> None:
        """Change the costs of some columns, as far as they are in the restricted program."""
        place = self._restricted.places(index)
        held = place >= 0
        self._restricted.session.set_costs(place[held].astype(np.int32), cost[held])

    def add_rows(self, rows: csr_array, low: Floats) -> None:
        """Refuse rows: nobody adds any here."""
        raise BrokenPromise(f"{rows.shape[0]} rows with {low} are added to a restricted program")


class WholeTest:
    """Tells which components' schedules are whole in their choices."""

    def __init__(self, market: MarketProgram, heavy: OwnBids) -> None:
        """Look for the columns that must be whole."""
        is_binary = np.zeros(market.program.column_count, dtype=bool)
        is_binary[market.binary_columns] = True
        self._heavy, self._binary = heavy, np.flatnonzero(is_binary[heavy.columns])
        self.has_choice = np.zeros(heavy.count, dtype=bool)
        self.has_choice[heavy.component[self._binary]] = True

    def __call__(self, value: Floats) -> Flags:
        """Return which components are whole in a value of heavy columns. Shape (G,)."""
        chosen = value[self._binary]
        broken = np.abs(chosen - np.round(chosen)) > 1e-6  # noqa: PLR2004  what solvers leave of a whole number
        whole = np.ones(self._heavy.count, dtype=bool)
        whole[self._heavy.component[self._binary[broken]]] = False
        return whole
