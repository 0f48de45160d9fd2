"""Writes down the duals of a solved relaxation, as a proof of its bound that needs no solver."""

from decimal import ROUND_FLOOR, Decimal

import numpy as np

from vpp.auction.market.accounts import REST
from vpp.auction.market.canonical import MICRO, MILLI
from vpp.auction.market.program import MarketProgram
from vpp.auction.result import Certificate, RowDual
from vpp.solver.linear_program import Floats

_IS_ZERO = 1e-10
_TRIFLE = 1e-9


def certificate(market: MarketProgram, row_dual: Floats, bound: float) -> Certificate:
    """Return the certificate of a relaxation.

    Args:
        market: The book.
        row_dual: Duals of its relaxation without a cut. Shape (R,).
        bound: What they prove, in thousandths.

    Returns:
        The duals that are not 0, by family and key; the README of this folder says what each row is.
        The bound is the relaxation's cost, lowered by what floating point may have added.

    Source:
        Weak duality of linear programs; the naming is ours.
    """
    proved = Decimal(repr(float(bound - _TRIFLE * abs(bound)) / MILLI)).quantize(MICRO, ROUND_FLOOR)
    return Certificate(proved, (*_market_duals(market, row_dual), *_own_duals(market, row_dual)))


def _market_duals(market: MarketProgram, dual: Floats) -> list[RowDual]:
    found = [
        RowDual(family, key, float(dual[row]))
        for (family, key), row in market.market.rows.items()
        if abs(dual[row]) > _IS_ZERO
    ]
    limited = {account.name for account in market.accounts.all if account.kind == "zone"}
    for place, account in enumerate(market.accounts.all):
        names = [account.name]
        if account.kind == "zone" and account.name == REST:
            names = [zone for zone in market.accounts.zones if zone not in limited]
        row = dual[market.market.balance[place]]
        for t in np.flatnonzero(np.abs(row) > _IS_ZERO).tolist():
            found.extend(RowDual("balance", (account.kind, name, t), float(row[t])) for name in names)
    return found


def _own_duals(market: MarketProgram, row_dual: Floats) -> list[RowDual]:
    found: list[RowDual] = []
    for named in market.named:
        dual = row_dual[named.rows]
        rows = np.flatnonzero(np.abs(dual) > _IS_ZERO)
        keys = [
            key[rows].tolist() if isinstance(key, np.ndarray) else [key[row] for row in rows.tolist()]
            for key in named.keys
        ]
        found.extend(
            RowDual(named.family, key, value)
            for *key_parts, value in zip(*keys, dual[rows].tolist(), strict=True)
            for key in [tuple(key_parts)]
        )
    return found
