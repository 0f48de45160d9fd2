"""Duals of rows that hold a single step, keyed by bid, interval and position of the step."""

import numpy as np

from vpp.auction.verification.book_arrays import BookArrays
from vpp.auction.verification.duals import Duals
from vpp.auction.verification.telling import Floats, Integers


def part_table(book: BookArrays, duals: Duals, family: str, rows: Integers) -> tuple[Floats, Floats]:
    """Return the duals of rows of single steps, and the quantities of these steps.

    Args:
        book: The book.
        duals: The duals; the family's are taken.
        family: The family, of rows of at most.
        rows: Which step offers have such rows. Shape (m,).

    Returns:
        Duals and quantities in kW, 0 where there is no step. Shape (m, N, K) each.
    """
    steps = book.steps
    ladder = steps.ladder[rows]
    length = steps.length[ladder]
    most = int(length.max(initial=0))
    positions = np.arange(most)
    is_row = positions < length[:, :, None]
    kw = np.zeros(is_row.shape)
    kw[is_row] = steps.kw[(steps.first[ladder][:, :, None] + positions)[is_row]]
    heads = {book.bids[steps.bid[row]].bid_id: place for place, row in enumerate(rows.tolist())}
    return duals.table(family, heads, (book.delivery, most), sense=-1, is_row=is_row), kw
