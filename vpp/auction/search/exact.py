"""The exact mixed-integer program of a book, and the search in it."""

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from vpp.auction.market.canonical import Integers
from vpp.auction.market.program import MarketProgram
from vpp.auction.rules import ClearingRules
from vpp.auction.search.choices import Choices, one_way
from vpp.auction.search.sessions import search_integers
from vpp.solver.columns import Columns
from vpp.solver.linear_program import Flags, Floats, LinearProgram
from vpp.solver.report import Outcome

_HALF = 0.5


@dataclass(frozen=True, slots=True)
class ExactProgram:
    """The relaxation with what makes it exact.

    Attributes:
        program: The mixed-integer program; its first columns are the relaxation's.
        accepted: Column of each block's acceptance. Shape (blocks,).
        charging: Column that forbids a store to discharge in an interval where it is 1. Shape
            (stores, N), or empty where no store needs it.
    """

    program: LinearProgram
    accepted: Integers
    charging: Integers


@dataclass(frozen=True, slots=True)
class ExactAnswer:
    """What the search found.

    Attributes:
        outcome: How it ended.
        choices: What is accepted; None without a solution.
        bound: No choices can cost less, in thousandths; None if nothing was proved.
        version: Version of the solver.
    """

    outcome: Outcome
    choices: Choices | None
    bound: float | None
    version: str


def exact_program(market: MarketProgram, *, reduced_cost: Floats, room: float) -> ExactProgram:
    """Make a relaxation exact.

    Acceptance of a block: low_ratio * size * y <= taken <= high_ratio * size * y, kW, with y whole;
    grouped offers, running and starting are whole. Of two blocks that differ in nothing but the
    order of ties, the earlier goes first.

    Whatever a proof by reduced cost has settled is fixed: a column at 0 whose reduced cost exceeds
    the room between the best answer and the bound cannot be in a better answer, and one at its upper
    end cannot be out of it.

    Args:
        market: The book.
        reduced_cost: Reduced cost of each column in the relaxation. Shape (C,).
        room: Best cost known less the relaxation's, in thousandths; inf to fix nothing.

    Returns:
        The program.

    Source:
        Design of the auction engine, sections 2.2 and 4, step 9.
    """
    relaxed, blocks = market.program, market.blocks
    count = len(blocks.column)
    columns = Columns.of(relaxed)
    cost = relaxed.cost.copy()
    cost[blocks.column] = blocks.energy_cost / blocks.size_kw
    whole = np.minimum(reduced_cost[blocks.column] * blocks.high_ratio * blocks.size_kw, np.inf)
    high = np.where((blocks.high_ratio > 0) & (whole <= room), 1.0, 0.0)
    # A block with a free ratio may leave its upper end without being refused.
    low = np.where((-whole > room) & (blocks.low_ratio >= blocks.high_ratio), 1.0, 0.0)
    accepted = columns.add_columns(count, low=np.minimum(low, high), high=high, cost=blocks.fixed_cost)
    rows = columns.add_rows(count, low=-np.inf, high=0.0)
    columns.add_entries(rows, blocks.column, 1.0)
    columns.add_entries(rows, accepted, -blocks.high_ratio * blocks.size_kw)
    rows = columns.add_rows(count, low=0.0, high=np.inf)
    columns.add_entries(rows, blocks.column, 1.0)
    columns.add_entries(rows, accepted, -np.minimum(blocks.low_ratio, blocks.high_ratio) * blocks.size_kw)
    _strict_groups(market, columns, accepted)
    _twins(market, columns, accepted)
    charging = _exclusive_stores(market, columns)
    program = columns.program()
    program.cost[: len(cost)] = cost
    is_integer = np.zeros(program.column_count, dtype=bool)
    is_integer[accepted] = True
    is_integer[list(market.steps.accepted.values())] = True
    is_integer[market.runs.on] = True
    is_integer[market.runs.start] = True
    is_integer[charging.ravel()] = True
    return ExactProgram(program.with_integers(is_integer), accepted, charging)


def search_exactly(  # noqa: PLR0913  what a search needs
    market: MarketProgram,
    exact: ExactProgram,
    rules: ClearingRules,
    *,
    start: tuple[Choices, Floats],
    time_limit_s: float,
    relative_gap: float,
) -> ExactAnswer:
    """Search the exact program from an answer that is known.

    Args:
        market: The book.
        exact: Its exact program.
        rules: Which solver.
        start: The best choices known and the value of the relaxation's columns under them.
        time_limit_s: Longest time, s.
        relative_gap: Where the search may stop.

    Returns:
        The best choices found, perhaps the start's, and the bound.
    """
    choices, value = start
    first = np.zeros(exact.program.column_count)
    first[: len(value)] = value
    first[exact.accepted] = choices.blocks
    if exact.charging.size:
        charged = value[market.stores.charged[:, : exact.charging.shape[1]]]
        first[exact.charging] = charged > value[market.stores.discharged]
    answer = search_integers(
        exact.program, rules.solver, start=first, time_limit_s=time_limit_s, relative_gap=relative_gap
    )
    found = _choices(market, exact, answer.column_value) if answer.outcome.has_solution else None
    return ExactAnswer(answer.outcome, found, answer.bound, answer.version)


def _choices(market: MarketProgram, exact: ExactProgram, value: Floats) -> Choices:
    def chosen(columns: Integers) -> Flags:
        return value[columns] > _HALF if len(columns) else np.empty(0, dtype=bool)

    grouped = np.fromiter(market.steps.accepted.values(), dtype=np.int64)
    found = Choices(chosen(exact.accepted), chosen(grouped), chosen(market.runs.on))
    return replace(found, shut=one_way(market, value)) if exact.charging.size else found


def _strict_groups(market: MarketProgram, columns: Columns, accepted: Integers) -> None:
    """Exclusive group: sum of accepted <= 1, without unit; the relaxation's own row speaks of ratios."""
    canonical = market.canonical
    block_of = {int(place): row for row, place in enumerate(canonical.block_places)}
    groups = [members for members in canonical.groups.values() if any(place in block_of for place in members)]
    rows = columns.add_rows(len(groups), low=-np.inf, high=1.0)
    entries = [
        (row, accepted[block_of[place]] if place in block_of else market.steps.accepted[place])
        for row, members in zip(rows.tolist(), groups, strict=True)
        for place in members
    ]
    columns.add_entries(
        np.array([row for row, _ in entries], dtype=np.int64),
        np.array([column for _, column in entries], dtype=np.int64),
        1.0,
    )


def _twins(market: MarketProgram, columns: Columns, accepted: Integers) -> None:
    """Of two equal blocks the earlier goes first: accepted[later] - accepted[earlier] <= 0, without unit.

    Source:
        Design of the auction engine, section 3.3, ties.
    """
    pairs = [pair for chain in market.canonical.twin_chains for pair in pairwise(chain)]
    rows = columns.add_rows(len(pairs), low=-np.inf, high=0.0)
    columns.add_entries(rows, accepted[np.array([later for _, later in pairs], dtype=np.int64)], 1.0)
    columns.add_entries(rows, accepted[np.array([earlier for earlier, _ in pairs], dtype=np.int64)], -1.0)


def _exclusive_stores(market: MarketProgram, columns: Columns) -> Integers:
    """Of charging and discharging only one: d <= discharge_kw * (1 - m), c <= charge_kw * m, kW.

    Only where prices may turn negative: elsewhere doing both at once wastes energy for nothing.

    Source:
        Design of the auction engine, section 6, trap 14.
    """
    stores, relaxed = market.stores, market.program
    if not market.may_waste or not stores.discharged.size:
        return np.empty((0, 0), dtype=np.int64)
    shape = stores.discharged.shape
    discharged, charged = stores.discharged.ravel(), stores.charged[:, : shape[1]].ravel()
    modes = columns.add_columns(len(discharged), low=0.0, high=1.0, cost=0.0)
    most = relaxed.column_high[discharged]
    rows = columns.add_rows(len(modes), low=-np.inf, high=most)
    columns.add_entries(rows, discharged, 1.0)
    columns.add_entries(rows, modes, most)
    rows = columns.add_rows(len(modes), low=-np.inf, high=0.0)
    columns.add_entries(rows, charged, 1.0)
    columns.add_entries(rows, modes, -relaxed.column_high[charged])
    return modes.reshape(shape)
