"""Columns of blocks, their links and the exclusive groups.

    taken[b]   accepted part of a block's size, its largest reduction, kW

A block accepted in the ratio u costs u times its energy's price and, once, its fixed cost. The
hull of "0, or from the minimum ratio to the largest" is one column whose cost carries the fixed
cost spread over the largest ratio: no on/off column and no row of its own.
"""

from dataclasses import dataclass

import numpy as np

from vpp.auction.market.canonical import MILLI, CanonicalBook, Integers, is_block
from vpp.auction.market.contributions import Assembly
from vpp.solver.linear_program import Floats


@dataclass(frozen=True, slots=True)
class BlockColumns:
    """Where blocks are in a program, in the order of `CanonicalBook.block_places`. All of shape (blocks,).

    Attributes:
        column: Column of each block.
        size_kw: Its largest reduction, kW.
        low_ratio: Least ratio in which it may be accepted.
        high_ratio: Largest ratio, 1 or what its energy limit allows; 0 if it can never be accepted.
        energy_cost: Cost of its whole reduced energy, in thousandths.
        fixed_cost: Paid once if it is accepted, in thousandths.
        parent: Place among the blocks of its parent; -1 for none.
    """

    column: Integers
    size_kw: Floats
    low_ratio: Floats
    high_ratio: Floats
    energy_cost: Floats
    fixed_cost: Floats
    parent: Integers

    def relaxed_cost(self) -> Floats:
        """Cost per kW of size with the fixed cost spread over the largest ratio."""
        spread = np.divide(
            self.fixed_cost, self.high_ratio, out=np.zeros_like(self.fixed_cost), where=self.high_ratio > 0
        )
        return (self.energy_cost + spread) / self.size_kw


def append_blocks(assembly: Assembly) -> BlockColumns:
    """Append every block with its links.

    0 <= taken[b] <= high_ratio * size, kW; counted per interval as its profile.

    Source:
        Design of the auction engine, sections 2.2, block and link, and 2.3.
    """
    canonical, columns = assembly.canonical, assembly.columns
    places, profile = canonical.block_places, canonical.profile_kw
    shed = np.maximum(profile, 0.0)
    energy_kwh = shed.sum(axis=1) * canonical.interval_h
    price, fixed, low, high = (np.zeros(len(places)) for _ in range(4))
    parent = np.full(len(places), -1, dtype=np.int64)
    place_of = {int(place): row for row, place in enumerate(places)}
    for row, place in enumerate(places):
        bid = canonical.bids[place]
        offer = bid.offer
        if not is_block(offer):
            continue
        price[row] = float(canonical.effective_price(bid, offer.price_per_mwh))
        fixed[row] = float(offer.fixed_cost) * MILLI
        low[row] = offer.min_acceptance_ratio
        high[row] = _largest_ratio(canonical, place, shed[row], energy_kwh[row])
        if bid.parent_bid_id is not None:
            parent[row] = place_of[canonical.index[bid.parent_bid_id]]
    size = shed.max(axis=1) if len(places) else np.empty(0)
    made = BlockColumns(
        column=np.empty(0, dtype=np.int64),
        size_kw=size,
        low_ratio=low,
        high_ratio=high,
        energy_cost=price * energy_kwh,
        fixed_cost=fixed,
        parent=parent,
    )
    column = columns.add_columns(len(places), low=0.0, high=high * size, cost=made.relaxed_cost())
    made = BlockColumns(column, size, low, high, made.energy_cost, fixed, parent)
    rows, intervals = np.nonzero(profile)
    share = profile[rows, intervals] / size[rows]
    owners = places[rows]
    counted = np.where(share > 0, canonical.counted_shed[owners], -canonical.counted_return[owners]) * share
    assembly.contribute(owners, intervals, column[rows], counted)
    _append_links(assembly, made)
    return made


def _largest_ratio(canonical: CanonicalBook, place: int, shed_kw: Floats, energy_kwh: float) -> float:
    """Return the largest ratio that a block's energy and its resource allow; 0 if below its minimum."""
    bid = canonical.bids[place]
    limit_kw = canonical.book.resource_limit_kw.get((bid.site_id, bid.resource_id), np.inf)
    ratio = min(1.0, limit_kw / shed_kw.max(), (bid.energy_limit_kwh or np.inf) / energy_kwh)
    return ratio if is_block(bid.offer) and ratio >= bid.offer.min_acceptance_ratio - 1e-12 else 0.0


def _append_links(assembly: Assembly, blocks: BlockColumns) -> None:
    """Link: taken[child]/size[child] - taken[parent]/size[parent] <= 0, a ratio; one row per child.

    Source:
        Design of the auction engine, section 2.2, link.
    """
    children = np.flatnonzero(blocks.parent >= 0)
    rows = assembly.columns.add_rows(len(children), low=-np.inf, high=0.0)
    parents = blocks.parent[children]
    assembly.columns.add_entries(rows, blocks.column[children], 1.0 / blocks.size_kw[children])
    assembly.columns.add_entries(rows, blocks.column[parents], -1.0 / blocks.size_kw[parents])
    bids = assembly.canonical.bids
    assembly.name_rows(
        "link", rows, [bids[assembly.canonical.block_places[child]].bid_id for child in children]
    )


def append_groups(assembly: Assembly, blocks: BlockColumns, accepted: dict[int, int]) -> None:
    """Exclusive group: sum of accepted[b] and of taken[b]/(high_ratio*size) <= 1, without unit.

    Source:
        Design of the auction engine, section 2.2, exclusive.
    """
    canonical = assembly.canonical
    row_of = {int(place): row for row, place in enumerate(canonical.block_places)}
    groups = canonical.groups
    rows = assembly.columns.add_rows(len(groups), low=-np.inf, high=1.0)
    entry_row, entry_column, entry_value = [], [], []
    for row, members in zip(rows.tolist(), groups.values(), strict=True):
        for place in members:
            if place in accepted:
                entry_column.append(accepted[place])
                entry_value.append(1.0)
            else:
                block = row_of[place]
                if not blocks.high_ratio[block]:
                    continue
                entry_column.append(int(blocks.column[block]))
                entry_value.append(1.0 / (blocks.high_ratio[block] * blocks.size_kw[block]))
            entry_row.append(row)
    assembly.columns.add_entries(
        np.array(entry_row, dtype=np.int64), np.array(entry_column, dtype=np.int64), np.array(entry_value)
    )
    assembly.name_rows("group", rows, [site for site, _ in groups], [key for _, key in groups])
