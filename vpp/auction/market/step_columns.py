"""Columns of step offers: the steps themselves, what limits their sums, and where load migrates.

step[b,t,k]      accepted part of a step, 0 to its quantity, kW
accepted[b]      whether a grouped step offer is accepted at all, 0 to 1
"""

from dataclasses import dataclass

import numpy as np

from vpp.auction.bid import ReboundProfile, StepOffer
from vpp.auction.market.canonical import Integers
from vpp.auction.market.contributions import Assembly


@dataclass(frozen=True, slots=True)
class StepColumns:
    """Where steps are in a program.

    Attributes:
        column: Column of each step of the canonical step table. Shape (S,).
        accepted: Column of each grouped step offer, by place.
    """

    column: Integers
    accepted: dict[int, int]


def append_steps(assembly: Assembly) -> StepColumns:
    """Append the steps of every step offer.

    Each costs its effective price times the interval's hours and counts by its bid's delivery
    ratio in every account of the bid; a stated rebound profile counts later, in full.

    Source:
        Design of the auction engine, section 2.2, simple.
    """
    canonical, columns = assembly.canonical, assembly.columns
    table = canonical.steps
    column = columns.add_columns(
        len(table.bid), low=0.0, high=table.quantity_kw, cost=table.price * canonical.interval_h
    )
    assembly.contribute(table.bid, table.interval, column, canonical.counted_shed[table.bid])
    _profiled_rebounds(assembly, column)
    _migrations(assembly, column)
    _energy_limits(assembly, column)
    return StepColumns(column, _group_members(assembly, column))


def _profiled_rebounds(assembly: Assembly, column: Integers) -> None:
    """Rebound profile: rebound[t+1+k] = ratio[k] * reduction[t], kW, counted in full.

    Source:
        Design of the auction engine, bid vocabulary: rebound as a stated profile.
    """
    canonical, table = assembly.canonical, assembly.canonical.steps
    ratios = {
        place: bid.rebound.ratios
        for place, bid in enumerate(canonical.bids)
        if isinstance(bid.rebound, ReboundProfile)
    }
    if not ratios:
        return
    longest = max(len(values) for values in ratios.values())
    matrix = np.zeros((len(canonical.bids), longest))
    for place, values in ratios.items():
        matrix[place, : len(values)] = values
    for k in range(longest):
        ratio = matrix[table.bid, k]
        later = table.interval + 1 + k
        counts = (ratio > 0) & (later < canonical.horizon_count)
        bid = table.bid[counts]
        assembly.contribute(bid, later[counts], column[counts], canonical.counted_return[bid] * ratio[counts])


def _migrations(assembly: Assembly, column: Integers) -> None:
    """Migration: reduction g counts -ratio*g in the receiving zone, and g on its path, kW.

    Source:
        Design of the auction engine, section 2.2, migration.
    """
    canonical, table, accounts = assembly.canonical, assembly.canonical.steps, assembly.accounts
    for place, bid in enumerate(canonical.bids):
        if bid.migration is None:
            continue
        own = slice(*np.searchsorted(table.bid, (place, place + 1)))
        interval, moved = table.interval[own], column[own]
        receiver = accounts.zone_account(bid.migration.receiving_zone)
        counted = canonical.counted_return[place] * bid.migration.receiving_ratio
        assembly.columns.add_entries(assembly.balance[receiver, interval], moved, counted)
        path = accounts.path_of(bid)
        if path is not None:
            assembly.columns.add_entries(assembly.balance[path, interval], moved, 1.0)


def _energy_limits(assembly: Assembly, column: Integers) -> None:
    """Energy limit of a step offer: hours * sum of its reductions <= limit, kWh.

    Source:
        Design of the auction engine, section 2.2, energy budget.
    """
    canonical, table = assembly.canonical, assembly.canonical.steps
    places = [
        place
        for place, bid in enumerate(canonical.bids)
        if bid.energy_limit_kwh is not None and isinstance(bid.offer, StepOffer)
    ]
    limits = [canonical.bids[place].energy_limit_kwh or 0.0 for place in places]
    rows = assembly.columns.add_rows(len(places), low=-np.inf, high=limits)
    row_of = np.full(len(canonical.bids), -1, dtype=np.int64)
    row_of[places] = rows
    limited = row_of[table.bid] >= 0
    assembly.columns.add_entries(row_of[table.bid[limited]], column[limited], canonical.interval_h)
    assembly.name_rows("energy_limit", rows, [canonical.bids[place].bid_id for place in places])


def _group_members(assembly: Assembly, column: Integers) -> dict[int, int]:
    """A step of a grouped offer: step - quantity * accepted <= 0, kW. Section 2.2, exclusive."""
    canonical, table = assembly.canonical, assembly.canonical.steps
    places = [
        place
        for place, bid in enumerate(canonical.bids)
        if bid.exclusive_group is not None and isinstance(bid.offer, StepOffer)
    ]
    accepted = assembly.columns.add_columns(len(places), low=0.0, high=1.0, cost=0.0)
    column_of = np.full(len(canonical.bids), -1, dtype=np.int64)
    column_of[places] = accepted
    grouped = np.flatnonzero(column_of[table.bid] >= 0)
    rows = assembly.columns.add_rows(len(grouped), low=-np.inf, high=0.0)
    assembly.columns.add_entries(rows, column[grouped], 1.0)
    assembly.columns.add_entries(rows, column_of[table.bid[grouped]], -table.quantity_kw[grouped])
    assembly.name_rows(
        "group_step",
        rows,
        [canonical.bids[place].bid_id for place in table.bid[grouped]],
        table.interval[grouped],
        table.position[grouped],
    )
    return dict(zip(places, accepted.tolist(), strict=True))
