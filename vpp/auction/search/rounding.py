"""Turns a relaxed answer into choices: few of its columns are fractional, and few rounds are needed.

A basic answer of the relaxation has no more fractional bids than there are binding rows between
bids, however many bids there are. Rounding is deterministic and keeps links and groups.
"""

import numpy as np

from vpp.auction.market.program import MarketProgram
from vpp.auction.search.choices import Choices
from vpp.solver.linear_program import Flags, Floats

_WHOLE = 1e-6
_HALF = 0.5


def round_relaxation(market: MarketProgram, value: Floats) -> Choices:
    """Round a relaxed answer.

    A block is accepted from half its minimum ratio on; of a group the largest share wins if the
    shares make half of one; a child needs its parent; a bid with run limits runs only in a pattern
    that is whole.

    Args:
        market: The book.
        value: Value of each column. Shape (C,).

    Returns:
        Choices that keep links, groups and run limits; limits of energy, resources and grid may
        still forbid them.

    Source:
        Design of the auction engine, section 4, steps 5 and 6.
    """
    blocks = market.blocks
    ratio = value[blocks.column] / blocks.size_kw if len(blocks.column) else np.empty(0)
    share = np.divide(ratio, blocks.high_ratio, out=np.zeros_like(ratio), where=blocks.high_ratio > 0)
    accepted = (ratio > _WHOLE) & (ratio >= _HALF * blocks.low_ratio)
    grouped_columns = np.fromiter(market.steps.accepted.values(), dtype=np.int64)
    grouped_share = value[grouped_columns] if len(grouped_columns) else np.empty(0)
    grouped = grouped_share >= _HALF
    _round_groups(market, (share, grouped_share), accepted, grouped)
    _keep_links(market, accepted)
    return Choices(accepted, grouped, _round_runs(market, value))


def round_down(market: MarketProgram, value: Floats, choices: Choices) -> Choices:
    """Take back what was rounded up: blocks below their minimum ratio, and fractional groups and runs."""
    blocks = market.blocks
    ratio = value[blocks.column] / blocks.size_kw if len(blocks.column) else np.empty(0)
    accepted = choices.blocks & (ratio >= blocks.low_ratio - _WHOLE)
    grouped_columns = np.fromiter(market.steps.accepted.values(), dtype=np.int64)
    grouped = choices.grouped.copy()
    if len(grouped):
        grouped &= value[grouped_columns] >= 1 - _WHOLE
    _keep_links(market, accepted)
    on = value[market.runs.on] if len(market.runs.on) else np.empty(0)
    whole = sorted(_whole_bids(market, on, value[market.runs.start] if len(on) else on))
    return Choices(accepted, grouped, choices.on & np.isin(market.runs.bid, whole))


def _round_groups(
    market: MarketProgram, shares: tuple[Floats, Floats], accepted: Flags, grouped: Flags
) -> None:
    """Leave at most one member of each group: the largest share, the earlier bid on a tie."""
    canonical = market.canonical
    block_of = {int(place): row for row, place in enumerate(canonical.block_places)}
    step_of = {place: row for row, place in enumerate(market.steps.accepted)}
    for members in canonical.groups.values():
        found = []
        for place in members:
            if place in block_of:
                found.append((shares[0][block_of[place]], accepted, block_of[place], place))
            else:
                found.append((shares[1][step_of[place]], grouped, step_of[place], place))
        best = max(found, key=lambda one: (one[0], -canonical.rank[one[3]]))
        wins = sum(one[0] for one in found) >= _HALF and best[0] > _WHOLE
        for _, flags, row, place in found:
            flags[row] = wins and place == best[3]


def _keep_links(market: MarketProgram, accepted: Flags) -> None:
    """Refuse children whose parent is refused, down the chain."""
    parent = market.blocks.parent
    children = np.flatnonzero(parent >= 0)
    while len(children):
        orphans = children[accepted[children] & ~accepted[parent[children]]]
        if not len(orphans):
            return
        accepted[orphans] = False


def _round_runs(market: MarketProgram, value: Floats) -> Flags:
    """Run where the relaxation runs, as far as whole patterns go; a fractional pattern does not run."""
    runs = market.runs
    if not len(runs.on):
        return np.empty(0, dtype=bool)
    on, start = value[runs.on], value[runs.start]
    whole = sorted(_whole_bids(market, on, start))
    return (on >= 1 - _WHOLE) & np.isin(runs.bid, whole)


def _whole_bids(market: MarketProgram, on: Floats, start: Floats) -> set[int]:
    """Return the bids whose pattern is whole in the relaxed answer."""
    noise = np.maximum(np.abs(on - np.round(on)), np.abs(start - np.round(start)))
    broken = set(market.runs.bid[noise > _WHOLE].tolist())
    return set(market.runs.bid.tolist()) - broken
