"""Keeps stores from charging to no purpose: while they discharge, or without ever discharging."""

import numpy as np

from vpp.auction.market.program import MarketProgram
from vpp.solver.linear_program import Indices, LinearAnswer, LinearSession
from vpp.solver.report import Outcome

_BOTH_KW = 1e-6
_MOST_ROUNDS = 8
_NOISE = 1e-9
_NO_COLUMN = np.empty(0, dtype=np.int32)


def without_waste(
    market: MarketProgram, session: LinearSession, answer: LinearAnswer, time_limit_s: float
) -> tuple[LinearAnswer, Indices]:
    """Forbid one of charging and discharging wherever a store does both, and solve again.

    A negative price makes waste worthwhile for a linear program, never for a store.

    Args:
        market: The book.
        session: Holds the linear program of the choices; afterwards with stores' bounds tightened.
        answer: Its answer.
        time_limit_s: Longest time of one solve, s.

    Returns:
        An answer without waste, and the columns that are shut for it; the wasteful answer where the
        choices are possible with waste only.

    Source:
        Design of the auction engine, section 6, trap 14.
    """
    stores = market.stores
    if not stores.discharged.size or not market.may_waste:
        return answer, _NO_COLUMN
    shut: list[Indices] = []
    charged = stores.charged[:, : stores.discharged.shape[1]]
    for round_number in range(_MOST_ROUNDS):
        out, into = answer.column_value[stores.discharged], answer.column_value[charged]
        both = (out > _BOTH_KW) & (into > _BOTH_KW)
        if not both.any():
            break
        if round_number == _MOST_ROUNDS - 1:
            both[:] = True  # shut one of the two everywhere, so that the last round ends it
        closed = np.where(out >= into, charged, stores.discharged)[both].astype(np.int32)
        session.set_columns(closed, np.zeros(len(closed)), np.zeros(len(closed)))
        again = session.solve(time_limit_s=time_limit_s)
        if again.outcome is not Outcome.OPTIMAL:
            break
        answer = again
        shut.append(closed)
    return answer, np.concatenate(shut) if shut else _NO_COLUMN


def is_wasteful(market: MarketProgram, answer: LinearAnswer) -> bool:
    """Tell whether a store charges while it discharges."""
    stores = market.stores
    if not stores.discharged.size or not market.may_waste:
        return False
    out = answer.column_value[stores.discharged]
    into = answer.column_value[stores.charged[:, : out.shape[1]]]
    return bool(((out > _BOTH_KW) & (into > _BOTH_KW)).any())


def without_idle_charging(
    market: MarketProgram, session: LinearSession, answer: LinearAnswer, time_limit_s: float
) -> tuple[LinearAnswer, Indices]:
    """Leave alone every store that would charge and never discharge, where that costs nothing.

    A linear program may charge for no reason where power is worth nothing; nobody has bought that. Where
    another store would have to waste energy instead, it stays.

    Args:
        market: The book.
        session: Holds the linear program of the choices; afterwards with such stores shut.
        answer: Its answer.
        time_limit_s: Longest time of the solve, s.

    Returns:
        An answer of the same cost, and the columns that are shut for it.
    """
    stores, program = market.stores, market.program
    if not stores.discharged.size:
        return answer, _NO_COLUMN
    out = answer.column_value[stores.discharged].max(axis=1)
    into = answer.column_value[stores.charged].max(axis=1)
    idle = np.flatnonzero((out <= _BOTH_KW) & (into > _BOTH_KW))
    if not len(idle):
        return answer, _NO_COLUMN
    columns = np.concatenate((stores.discharged[idle].ravel(), stores.charged[idle].ravel())).astype(np.int32)
    shut = np.zeros(len(columns))
    session.set_columns(columns, shut, shut)
    again = session.solve(time_limit_s=time_limit_s)
    most = _cost(answer) + _NOISE * abs(_cost(answer))
    is_as_good = again.outcome is Outcome.OPTIMAL and (again.objective or 0.0) <= most
    if is_as_good and not is_wasteful(market, again):
        return again, columns
    session.set_columns(columns, program.column_low[columns], program.column_high[columns])
    return answer, _NO_COLUMN


def _cost(answer: LinearAnswer) -> float:
    return answer.objective or 0.0
