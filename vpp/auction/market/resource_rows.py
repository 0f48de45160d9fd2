"""Rows that keep all bids of one resource within what it is enrolled with."""

import numpy as np

from vpp.auction.market.block_columns import BlockColumns
from vpp.auction.market.canonical import Integers
from vpp.auction.market.contributions import Assembly
from vpp.auction.market.step_columns import StepColumns
from vpp.auction.market.store_columns import StoreColumns
from vpp.solver.linear_program import Floats


def append_resource_limits(
    assembly: Assembly, steps: StepColumns, blocks: BlockColumns, stores: StoreColumns
) -> None:
    """Resource limit: reductions of all bids of one resource <= what it is enrolled with, kW.

    Only where they could exceed it.

    Source:
        Design of the auction engine, section 1: a site's capacity is not sold twice.
    """
    canonical = assembly.canonical
    limits = canonical.book.resource_limit_kw
    if not limits or not canonical.bids:
        return
    owners = {owner: number for number, owner in enumerate(sorted(limits))}
    limit_kw = np.array([limits[owner] for owner in owners])
    owner_of = np.array([owners.get((bid.site_id, bid.resource_id), -1) for bid in canonical.bids])
    width = canonical.delivery_count
    table, profile = canonical.steps, np.maximum(canonical.profile_kw[:, :width], 0.0)
    row, t = np.nonzero(profile)
    store_bid = np.repeat(canonical.store_places, width)
    bid = np.concatenate((table.bid, canonical.block_places[row], store_bid))
    interval = np.concatenate((table.interval, t, np.tile(np.arange(width), len(canonical.store_places))))
    column = np.concatenate((steps.column, blocks.column[row], stores.discharged.ravel()))
    share = np.concatenate(
        (np.ones(len(table.bid)), profile[row, t] / blocks.size_kw[row], np.ones(len(store_bid)))
    )
    most_kw = np.concatenate(
        (
            table.quantity_kw,
            profile[row, t] * blocks.high_ratio[row],
            np.repeat(
                [getattr(canonical.bids[p].offer, "discharge_kw", 0.0) for p in canonical.store_places], width
            ),
        )
    )
    owned = np.flatnonzero(owner_of[bid] >= 0) if len(bid) else np.empty(0, dtype=np.int64)
    cell = owner_of[bid[owned]] * width + interval[owned]
    offered = np.bincount(cell, weights=most_kw[owned], minlength=len(owners) * width)
    tight = np.flatnonzero(offered > np.repeat(limit_kw, width) * (1 + 1e-12))
    rows = assembly.columns.add_rows(len(tight), low=-np.inf, high=limit_kw[tight // width])
    row_of = np.full(len(offered), -1, dtype=np.int64)
    row_of[tight] = rows
    used = row_of[cell] >= 0
    assembly.columns.add_entries(row_of[cell[used]], column[owned[used]], share[owned[used]])
    names = list(owners)
    assembly.name_rows(
        "resource_limit",
        rows,
        [names[number][0] for number in tight // width],
        [names[number][1] for number in tight // width],
        tight % width,
    )
    _append_conflicts(assembly, blocks, owner_of, (names, limit_kw))


def _append_conflicts(
    assembly: Assembly, blocks: BlockColumns, owner_of: Integers, limits: tuple[list[tuple[str, str]], Floats]
) -> None:
    """Conflict: blocks that each need more than half of a resource exclude each other in the interval.

    Sum of taken[b] / (high_ratio * size) <= 1, without unit, over the blocks of a resource whose
    minimum ratio needs more than half its limit; one row per distinct set. The limit alone would let
    a relaxation accept parts of several.

    Source:
        Ours: clique inequality of the knapsack that a resource limit makes of its blocks.
    """
    canonical = assembly.canonical
    names, limit_kw = limits
    owner = owner_of[canonical.block_places]
    shed = np.maximum(canonical.profile_kw[:, : canonical.delivery_count], 0.0)
    owned = np.flatnonzero((owner >= 0) & (blocks.high_ratio > 0))
    least = shed[owned] * blocks.low_ratio[owned, None]
    needy = least > limit_kw[owner[owned], None] / 2 * (1 + 1e-9)
    found: dict[tuple[int, bytes], tuple[int, Integers]] = {}
    for number in np.unique(owner[owned]):
        members = np.flatnonzero(owner[owned] == number)
        if len(members) < 2:  # noqa: PLR2004  one block excludes nobody
            continue
        for t in np.flatnonzero(needy[members].sum(axis=0) > 1):
            needing = owned[members[needy[members, t]]]
            found.setdefault((int(number), needing.tobytes()), (int(t), needing))
    rows = assembly.columns.add_rows(len(found), low=-np.inf, high=1.0)
    for row, (_, needing) in zip(rows, found.values(), strict=True):
        share = 1.0 / (blocks.high_ratio[needing] * blocks.size_kw[needing])
        assembly.columns.add_entries(np.repeat(row, len(needing)), blocks.column[needing], share)
    owners = [names[number] for number, _ in found]
    first = np.array([t for t, _ in found.values()], dtype=np.int64)
    assembly.name_rows("conflict", rows, [site for site, _ in owners], [name for _, name in owners], first)
