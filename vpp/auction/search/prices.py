"""Prices of counted reduction: what a little less of every target, and a little more of every limit, saves.

Where a target meets the end of an offer exactly, every price between the last accepted and the
first rejected offer supports the awards, and solvers return any of them. So prices are taken a
little beside the target, by a different little for each row: there the cost has one slope, which
every solver finds. What a price of the book itself could be is the limit of that as the little goes
to nothing, from below.
"""

import enum
from dataclasses import dataclass

import numpy as np

from vpp.auction.market.program import MarketProgram
from vpp.solver.linear_program import Floats, Indices, LinearSession
from vpp.solver.report import Outcome

_NUDGE_KW, _NUDGE_SHARE = 1e-2, 1e-5  # ten times what solvers overlook, and far below any bid
_PRIME, _SCATTER = 2**31 - 1, 1_640_531_527
_NOISE_DIGITS = 8  # prices of two solvers agree to more decimals than this


class Side(enum.Enum):
    """From which side of the targets prices are taken."""

    LESS = -1.0
    MORE = 1.0


@dataclass(frozen=True, slots=True)
class Prices:
    """Prices per MWh of counted reduction over the horizon.

    Attributes:
        account: Price in each account: what a kW counted there is worth to it. A zone's is the whole
            price of its reductions; a feeder's, site's or path's comes on top, 0 or less where it
            holds reductions down. Shape (A, T).
        system: Price where no zone limit binds. Shape (T,).
        ramp: Part of the system price that ramps make. Shape (T,).
    """

    account: Floats
    system: Floats
    ramp: Floats


def prices_beside(
    market: MarketProgram, session: LinearSession, side: Side, time_limit_s: float
) -> Prices | None:
    """Solve a loaded linear program beside its targets and return the prices there.

    On the side of less every target and limit is a little easier. A target that may not be exceeded
    may then be missed by a little either way: where only firm offers serve they must still fit.

    Args:
        market: The book.
        session: Holds its linear program; afterwards with the targets it had.
        side: Which side of the targets.
        time_limit_s: Longest time, s.

    Returns:
        The prices; None if the solver did not finish.

    Source:
        Design of the auction engine, section 3.3: the left derivative of cost in the target.
    """
    rows, row_shift, columns, column_shift = _nudges(market, side)
    program = market.program
    low, high = program.row_low[rows], program.row_high[rows]
    high_shift = np.abs(row_shift) if side is Side.LESS else row_shift
    session.set_rows(rows, low + row_shift, high + high_shift)
    bounds = program.column_low[columns], program.column_high[columns]
    session.set_columns(columns, bounds[0] - column_shift, bounds[1] + column_shift)
    answer = session.solve(time_limit_s=time_limit_s)
    session.set_rows(rows, low, high)
    session.set_columns(columns, *bounds)
    return read_prices(market, answer.row_dual) if answer.outcome is Outcome.OPTIMAL else None


def read_prices(market: MarketProgram, row_dual: Floats) -> Prices:
    """Turn duals into prices.

    Args:
        market: The book.
        row_dual: Dual of each row, in thousandths per kW. Shape (R,).

    Returns:
        The prices.

    Source:
        Design of the auction engine, section 3.1: the dual of a zone's balance per hour, the sum of
        the system's price and the rents of limits.
    """
    hours, count = market.canonical.interval_h, market.canonical.horizon_count
    rows = market.market.rows
    system, ramp = np.zeros(count), np.zeros(count)
    for (family, key), row in rows.items():
        dual = row_dual[row]
        if not dual:
            continue
        t = int(key[-1])
        if family in {"system", "rebound_headroom"}:
            system[t] += dual
        elif family == "start_ramp":
            ramp[t] += dual
            if t:
                ramp[t - 1] -= dual
        elif family == "release_ramp":
            if t < count:
                ramp[t] -= dual
            if t:
                ramp[t - 1] += dual
    account = row_dual[market.market.balance]
    return Prices(_clean(account / hours), _clean((system + ramp) / hours), _clean(ramp / hours))


def _clean(price: Floats) -> Floats:
    return np.round(price, _NOISE_DIGITS) + 0.0


def _nudges(market: MarketProgram, side: Side) -> tuple[Indices, Floats, Indices, Floats]:
    """Return by how much rows move, and by how much the limits of accounts widen, kW."""
    program, first = market.program, market.market_row_count
    asked = [row for (family, _), row in market.market.rows.items() if family in {"system", "local"}]
    rows = np.array(sorted(asked), dtype=np.int32)
    target = np.where(np.isfinite(program.row_low[rows]), program.row_low[rows], program.row_high[rows])
    size = np.minimum((_NUDGE_KW + _NUDGE_SHARE * np.abs(target)) * _spread(rows), np.abs(target) / 2)
    shift = side.value * size
    if side is Side.MORE:  # less room for rebound may be too little for anything: only targets move
        return rows, shift, np.empty(0, dtype=np.int32), np.empty(0)
    room = [
        (row, 1.0 if family.endswith("ramp") else -1.0)
        for (family, _), row in market.market.rows.items()
        if family in {"rebound_headroom", "start_ramp", "release_ramp"}
    ]
    room_rows = np.array([row for row, _ in room], dtype=np.int32)
    sign = np.array([way for _, way in room])
    limit = np.where(sign < 0, program.row_low[room_rows], program.row_high[room_rows])
    room_shift = sign * (_NUDGE_KW + _NUDGE_SHARE * np.abs(limit)) * _spread(room_rows)
    net = market.market.net.ravel()
    limited = np.isfinite(program.column_low[net]) | np.isfinite(program.column_high[net])
    columns = np.sort(net[limited]).astype(np.int32)
    column_shift = _NUDGE_KW * _spread(columns + first)
    return np.concatenate((rows, room_rows)), np.concatenate((shift, room_shift)), columns, column_shift


def _spread(index: Indices) -> Floats:
    """Return factors from 1 to 2 that no two rows share and no sum of some makes another.

    Fifth powers modulo a prime: equally spaced factors, such as multiples of the golden ratio, have
    differences in common, and chains of ramps add them up.
    """
    scattered = (index.astype(np.int64) + 1) * _SCATTER % _PRIME
    squared = scattered * scattered % _PRIME
    fifth = squared * squared % _PRIME * scattered % _PRIME
    factors: Floats = 1.0 + fifth / _PRIME
    return factors
