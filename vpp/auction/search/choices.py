"""What is accepted at all: every yes or no that a clearing takes."""

from dataclasses import dataclass, field, replace

import numpy as np

from vpp.auction.market.program import MarketProgram
from vpp.solver.linear_program import Flags, Floats, Indices, LinearSession

_IDLE_KW = 1e-5


@dataclass(frozen=True, slots=True)
class Choices:
    """Every yes or no of a clearing.

    Attributes:
        blocks: Which blocks are accepted. Shape (blocks,).
        grouped: Which grouped step offers are accepted, in the order of `StepColumns.accepted`.
        on: In which intervals a bid with run limits runs, in the order of `RunColumns`. Shape (K,).
        shut: Columns of stores held at 0, so that none charges while it discharges; only where
            prices may be negative.
    """

    blocks: Flags
    grouped: Flags
    on: Flags
    shut: Indices = field(default_factory=lambda: np.empty(0, dtype=np.int32))

    def starts(self, market: MarketProgram) -> Flags:
        """Tell in which intervals a run begins. Shape (K,)."""
        return begins(market, self.on)


def begins(market: MarketProgram, on: Flags) -> Flags:
    """Tell where runs begin: on, and not on in the interval before. Shape (K,)."""
    before = np.zeros(len(on), dtype=bool)
    before[1:] = on[:-1] & (market.runs.bid[1:] == market.runs.bid[:-1])
    return on & ~before


def in_order(market: MarketProgram, choices: Choices) -> Choices:
    """Of blocks that differ in nothing but the order of ties, accept the earlier ones.

    Source:
        Design of the auction engine, section 3.3, ties.
    """
    blocks = choices.blocks.copy()
    for chain in market.canonical.twin_chains:
        count = int(blocks[chain].sum())
        blocks[chain] = np.arange(len(chain)) < count
    return replace(choices, blocks=blocks)


def without_idle(market: MarketProgram, choices: Choices, value: Floats) -> Choices:
    """Refuse grouped offers and bids with runs from which nothing is bought: they may as well be refused.

    Solvers accept or refuse them as they like, and what is accepted at all bears on prices.

    Args:
        market: The book.
        choices: What is accepted.
        value: Value of each column under these choices. Shape (C,).

    Returns:
        Choices that allow the same awards, at no higher cost.
    """
    bid = market.canonical.steps.bid
    bought_kw = np.bincount(bid, weights=value[market.steps.column], minlength=len(market.canonical.bids))
    serves = bought_kw > _IDLE_KW
    members = np.fromiter(market.steps.accepted, dtype=np.int64, count=len(market.steps.accepted))
    return replace(
        choices, grouped=choices.grouped & serves[members], on=choices.on & serves[market.runs.bid]
    )


def one_way(market: MarketProgram, value: Floats) -> Indices:
    """Return the columns of stores to shut so that each goes on as it goes: charging, else discharging.

    Args:
        market: The book.
        value: Value of each column. Shape (C,).

    Returns:
        One column of each store and delivery interval.
    """
    stores = market.stores
    charged = stores.charged[:, : stores.discharged.shape[1]]
    charges = value[charged] > value[stores.discharged]
    return np.where(charges, stores.discharged, charged).ravel().astype(np.int32)


def nothing(market: MarketProgram) -> Choices:
    """Return the choices that accept nothing that can be refused."""
    return Choices(
        np.zeros(len(market.blocks.column), dtype=bool),
        np.zeros(len(market.steps.accepted), dtype=bool),
        np.zeros(len(market.runs.on), dtype=bool),
    )


def choice_columns(market: MarketProgram) -> Indices:
    """Return the columns that a choice fixes: blocks, grouped offers, running, starting."""
    accepted = np.fromiter(market.steps.accepted.values(), dtype=np.int64, count=len(market.steps.accepted))
    parts = (market.blocks.column, accepted, market.runs.on, market.runs.start)
    return np.concatenate(parts).astype(np.int32)


def choice_bounds(market: MarketProgram, choices: Choices) -> tuple[Floats, Floats]:
    """Return the bounds of `choice_columns` under some choices: a block's ratio stays free."""
    blocks = market.blocks
    taken = choices.blocks.astype(float) * blocks.size_kw
    grouped, on = choices.grouped.astype(float), choices.on.astype(float)
    start = choices.starts(market).astype(float)
    low = np.concatenate((taken * np.minimum(blocks.low_ratio, blocks.high_ratio), grouped, on, start))
    high = np.concatenate((taken * blocks.high_ratio, grouped, on, start))
    return low, high


def fix(session: LinearSession, market: MarketProgram, choices: Choices) -> float:
    """Make a loaded relaxation the linear program of some choices.

    Args:
        session: Holds the relaxation, or an earlier fixing of it.
        market: The book.
        choices: What is accepted.

    Returns:
        The fixed cost of what is accepted, in thousandths: it is no longer in the columns.
    """
    low, high = choice_bounds(market, choices)
    session.set_columns(choice_columns(market), low, high)
    _shut_stores(session, market, choices.shut)
    blocks = market.blocks
    session.set_costs(blocks.column.astype(np.int32), blocks.energy_cost / blocks.size_kw)
    return float(blocks.fixed_cost[choices.blocks].sum())


def free(session: LinearSession, market: MarketProgram) -> None:
    """Make a fixed program the relaxation again."""
    columns = choice_columns(market)
    program, blocks = market.program, market.blocks
    session.set_columns(columns, program.column_low[columns], program.column_high[columns])
    _shut_stores(session, market, np.empty(0, dtype=np.int32))
    session.set_costs(blocks.column.astype(np.int32), blocks.relaxed_cost())


def _shut_stores(session: LinearSession, market: MarketProgram, shut: Indices) -> None:
    """Open every store but for some columns, where prices may be negative; elsewhere none is ever shut."""
    stores = market.stores
    if market.may_waste and stores.discharged.size:
        columns = np.concatenate((stores.discharged.ravel(), stores.charged.ravel())).astype(np.int32)
        high = np.where(np.isin(columns, shut), 0.0, market.program.column_high[columns])
        session.set_columns(columns, market.program.column_low[columns], high)
