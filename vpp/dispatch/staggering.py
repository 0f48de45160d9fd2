"""Sites begin and end one after the other, so that a portfolio never steps at one instant."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import timedelta

from vpp.dispatch.instruction import Instruction

LARGEST_SHARE = 5
"""A site begins within this part, one in so many, of its first delivery interval, so that what it
missed can be made up for in the rest."""
_GRAIN = timedelta(milliseconds=1)
_DRAWS = 1 << 64


def spread_offsets(site_ids: Iterable[str], spread: timedelta, salt: str) -> dict[str, timedelta]:
    """Choose when each site moves: each at a time drawn from its name, all times of the spread alike.

    Sites read their offset. It must say nothing of the others: were each to move when those before it have
    moved their share, the second of two could work out from its own what the first has sold.

    Args:
        site_ids: The sites.
        spread: The last site has begun within this time.
        salt: What the draw depends on beside the site, so that it is not always the same that begins: the
            event's id.

    Returns:
        Offset by site id, 0 to `spread`, exclusive. The same input always gives the same offsets. Of n sites
        of one size the part that has moved differs from a straight line by some 0.9 / sqrt(n) at most, on
        average.

    Example:
        >>> offsets = spread_offsets(["a", "b", "c"], timedelta(seconds=60), "evening")
        >>> sorted(offset.total_seconds() for offset in offsets.values())
        [13.158, 13.271, 56.877]
        >>> spread_offsets(["b"], timedelta(seconds=60), "evening")["b"] == offsets["b"]
        True
    """
    return {
        site_id: _drawn(f"{salt}/{site_id}") * (spread // _GRAIN) // _DRAWS * _GRAIN for site_id in site_ids
    }


def _drawn(name: str) -> int:
    """Draw a number from 0 to `_DRAWS`, exclusive."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8])


def staggered(
    instructions: Sequence[Instruction], *, start_spread: timedelta, release_spread: timedelta
) -> list[Instruction]:
    """Give the instructions of one event their offsets.

    Args:
        instructions: One per site, of one event and one interval length.
        start_spread: Sites begin within this time of the start; at most a fifth of the first
            delivery interval, so that its energy is delivered in full.
        release_spread: Sites go back to their own load within this time of the end.

    Returns:
        The same instructions in the same order, with offsets. Sites are released in another order
        than they began.
    """
    if not instructions:
        return []
    salt, interval = instructions[0].event_id, instructions[0].interval
    site_ids = [each.site_id for each in instructions]
    starts = spread_offsets(site_ids, min(start_spread, interval / LARGEST_SHARE), f"{salt}/start")
    ends = spread_offsets(site_ids, release_spread, f"{salt}/release")
    return [
        replace(each, start_offset=starts[each.site_id], release_offset=ends[each.site_id])
        for each in instructions
    ]
