"""Whole choices of each fractional component, best for it at the relaxation's prices."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np

from vpp.auction.market.canonical import Integers
from vpp.auction.market.program import MarketProgram
from vpp.auction.search.components import Components
from vpp.auction.search.sessions import search_integers
from vpp.solver.columns import Columns
from vpp.solver.linear_program import Floats, LinearAnswer, LinearProgram
from vpp.solver.report import SolverName

_WHOLE = 1e-6
_TIME_LIMIT_S = 2.0
_WORTH_THREADS, _THREADS = 3, 2


@dataclass(frozen=True, slots=True)
class Response:
    """What one component does best with whole choices.

    Attributes:
        component: The component.
        columns: Its columns, in order. Shape (K,).
        weight: Cost of each column less what its contributions are worth. Shape (K,).
        least: Least weighted sum that whole choices allow, in thousandths.
        relaxed: Weighted sum of the relaxed columns, in thousandths.
        value: Columns with whole choices that reach it; None if none were found. Shape (K,).
    """

    component: int
    columns: Integers
    weight: Floats
    least: float
    relaxed: float
    value: Floats | None

    @property
    def gain(self) -> float:
        """By how much the bound rises, in thousandths."""
        return max(0.0, self.least - self.relaxed)


def respond(
    market: MarketProgram,
    components: Components,
    relaxed: LinearAnswer,
    solver: SolverName,
    tolerance: float,
) -> list[Response]:
    """Solve every component with fractional choices and rows of its own, at the relaxation's prices.

    A block that shares nothing stays as it is: at the prices it is as good accepted as refused.

    Args:
        market: The book.
        components: Its components.
        relaxed: Its relaxation, solved.
        solver: Which solver.
        tolerance: How far from proven the responses may be together, in thousandths.

    Returns:
        The responses. For each, weight @ columns >= least holds for all whole choices: a cut that the
        relaxed columns break where there is a gain.

    Source:
        Design of the auction engine, section 4, step 6, for every component rather than committed
        deferrables alone; the cut is ours.
    """
    weight = components.priced(relaxed.row_dual[: market.program.row_count])

    def answered(component: int) -> Response | None:
        columns, rows = components.members(component)
        if not len(rows):
            return None
        program = components.program_of(columns, rows, weight[columns])
        whole = _whole_program(market, program, columns)
        relaxed_sum = float(weight[columns] @ relaxed.column_value[columns])
        gap = tolerance / max(abs(relaxed_sum), tolerance, _WHOLE)
        answer = search_integers(whole, solver, start=None, time_limit_s=_TIME_LIMIT_S, relative_gap=gap)
        least = relaxed_sum if answer.bound is None else answer.bound
        value = answer.column_value[: len(columns)] if answer.outcome.has_solution else None
        return Response(component, columns, weight[columns], least, relaxed_sum, value)

    asked = fractional_components(market, components, relaxed.column_value)
    if len(asked) < _WORTH_THREADS:
        return [response for response in map(answered, asked) if response is not None]
    # Each is answered on its own and kept in order, so that which ends first means nothing.
    with ThreadPoolExecutor(_THREADS) as threads:
        return [response for response in threads.map(answered, asked) if response is not None]


def fractional_components(market: MarketProgram, components: Components, value: Floats) -> list[int]:
    """Return the components in which some choice is neither yes nor no, in order."""
    blocks = market.blocks
    taken = value[blocks.column]
    least = blocks.low_ratio * blocks.size_kw
    in_between = (taken > _WHOLE * blocks.size_kw) & (taken < least - _WHOLE * blocks.size_kw)
    binaries = market.binary_columns
    broken = np.abs(value[binaries] - np.round(value[binaries])) > _WHOLE
    columns = np.concatenate((blocks.column[in_between], binaries[broken]))
    return np.unique(components.of_column[columns]).tolist() if len(columns) else []


def _whole_program(market: MarketProgram, program: LinearProgram, columns: Integers) -> LinearProgram:
    """Add to a component's program what makes its choices whole."""
    blocks = market.blocks
    local = np.full(market.program.column_count, -1, dtype=np.int64)
    local[columns] = np.arange(len(columns))
    mine = np.flatnonzero(local[blocks.column] >= 0) if len(blocks.column) else np.empty(0, dtype=np.int64)
    made = Columns.of(program)
    high = blocks.high_ratio[mine] * blocks.size_kw[mine]
    low = np.minimum(blocks.low_ratio[mine], blocks.high_ratio[mine]) * blocks.size_kw[mine]
    accepted = made.add_columns(len(mine), low=0.0, high=1.0, cost=0.0)
    taken = local[blocks.column[mine]]
    for limit, side in ((high, {"low": -np.inf, "high": 0.0}), (low, {"low": 0.0, "high": np.inf})):
        rows = made.add_rows(len(mine), **side)
        made.add_entries(rows, taken, 1.0)
        made.add_entries(rows, accepted, -limit)
    is_integer = np.zeros(made.column_count, dtype=bool)
    is_integer[accepted] = True
    binaries = local[market.binary_columns]
    is_integer[binaries[binaries >= 0]] = True
    return replace(made.program(), is_integer=is_integer)
