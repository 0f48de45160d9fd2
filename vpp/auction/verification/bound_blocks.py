"""Rows and columns of blocks, and what their duals add to the bound.

One column u per block, from 0 to the largest ratio: "0, or from the least ratio on" with a fixed
cost paid once has as its hull that column with the fixed cost spread over the largest ratio.

Rows:

    link(b)           u[child] - u[parent] <= 0
    group(site,key)   sum over the group of u / largest ratio, and of y of its step offers, <= 1
    conflict(site,resource,t)
                      sum of u / largest ratio <= 1 over the blocks of a resource that even at
                      their least ratio need more than half of its limit in the interval: no two
                      of them fit
"""

import numpy as np

from vpp.auction.verification.book_arrays import BookArrays
from vpp.auction.verification.bound_worth import Worth, least
from vpp.auction.verification.duals import Duals
from vpp.auction.verification.telling import Floats, Integers


def bound_blocks(book: BookArrays, duals: Duals, worth: Worth, groups: Floats) -> float:
    """Return what the rows and columns of blocks add to the bound.

    Args:
        book: The book.
        duals: The duals; those of links are taken.
        worth: What a kW of each bid is worth by its accounts.
        groups: Duals of the exclusive groups.

    Returns:
        Right-hand sides of conflicts and the columns' least, in thousandths.
    """
    blocks = book.blocks
    children = {book.bids[child].bid_id: place for place, child in enumerate(book.parent)}
    links = duals.table("link", children, (), sense=-1)
    conflicts = _conflicts(book, duals)
    if not len(blocks.bid):
        return 0.0
    shed, back = np.maximum(blocks.profile_kw, 0.0), np.maximum(-blocks.profile_kw, 0.0)
    value = (shed[:, : book.delivery] * worth.reduced[blocks.bid]).sum(axis=1)
    value += (back * worth.returned[blocks.bid]).sum(axis=1)
    for link, (child, parent) in zip(links.tolist(), book.parent.items(), strict=True):
        value[blocks.row_of[child]] += link
        value[blocks.row_of[parent]] -= link
    spread = np.divide(1.0, blocks.most, out=np.zeros_like(blocks.most), where=blocks.most > 0)
    for dual, members in zip(groups.tolist(), book.groups.values(), strict=True):
        for i in members:
            row = blocks.row_of.get(i)
            if dual and row is not None:
                value[row] += dual * spread[row]
    for dual, rows in conflicts:
        value[rows] += dual * spread[rows]
    price = book.book.terms.activation_ratio * blocks.price + book.availability[blocks.bid]
    cost = price * blocks.energy_kwh + 1000 * blocks.fixed * spread
    return sum(dual for dual, _ in conflicts) + least(cost - value, blocks.most)


def _conflicts(book: BookArrays, duals: Duals) -> list[tuple[float, Integers]]:
    """Return the dual and the blocks of each conflict that a certificate speaks of."""
    blocks, limits_kw = book.blocks, book.book.resource_limit_kw
    keys = list(book.resources)
    table = duals.table(
        "conflict", dict(zip(keys, range(len(keys)), strict=True)), (book.delivery,), sense=-1
    )
    found = []
    for place, t in np.argwhere(table).tolist():
        members = [
            row for i in book.resources[keys[place]].tolist() if (row := blocks.row_of.get(i)) is not None
        ]
        rows = np.array(members, dtype=np.int64)
        needed_kw = blocks.least[rows] * blocks.profile_kw[rows, t]
        needing = rows[(blocks.most[rows] > 0) & (needed_kw > limits_kw[keys[place]] / 2)]
        found.append((float(table[place, t]), needing))
    return found
