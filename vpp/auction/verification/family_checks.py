"""Promises about bids that hang together: links between blocks, exclusive groups."""

from collections.abc import Iterator

from vpp.auction.verification.award_arrays import AwardArrays
from vpp.auction.verification.telling import RATIO


def links_and_groups(awards: AwardArrays) -> Iterator[str]:
    """A child's ratio is at most its parent's; one bid of a group is accepted at most.

    Args:
        awards: The awards.

    Yields:
        Every promise that is broken.
    """
    book, row_of = awards.book, awards.book.blocks.row_of
    for child, parent in book.parent.items():
        ratio, allowed = awards.block_ratio[row_of[child]], awards.block_ratio[row_of[parent]]
        if ratio > allowed + RATIO:
            names = f"{book.bids[child].bid_id} is accepted beyond its parent {book.bids[parent].bid_id}"
            yield f"{names}: {ratio:.9g} of {allowed:.9g}"
    taken = awards.is_taken
    for key, members in book.groups.items():
        chosen = [book.bids[i].bid_id for i in members if taken[i]]
        if len(chosen) > 1:
            yield f"group {'/'.join(key)} has {chosen} accepted"
