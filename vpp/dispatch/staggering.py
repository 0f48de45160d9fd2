"""Sites begin and end one after the other, so that a portfolio never steps at one instant."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

from vpp.dispatch.instruction import Instruction

LARGEST_SHARE = 5
"""A site begins within this part, one in so many, of its first delivery interval, so that what it
missed can be made up for in the rest."""
_GRAIN = timedelta(milliseconds=100)


def spread_offsets(power_kw: Mapping[str, float], spread: timedelta, salt: str) -> dict[str, timedelta]:
    """Choose when each site moves, so that their sum rises or falls about linearly.

    Args:
        power_kw: How far each site moves, kW, 0 or more, by site id.
        spread: The last site has begun within this time.
        salt: What the order depends on beside the site, so that it is not always the same that
            begins: the event's id.

    Returns:
        Offset by site id, 0 to `spread`: each site moves when those before it have
        moved their share. The same input always gives the same offsets.

    Example:
        >>> offsets = spread_offsets({"a": 30.0, "b": 10.0, "c": 20.0}, timedelta(seconds=60), "evening")
        >>> sorted(offset.total_seconds() for offset in offsets.values())[0]
        0.0
        >>> max(offsets.values()) < timedelta(seconds=60)
        True
    """
    order = sorted(power_kw, key=lambda site_id: hashlib.sha256(f"{salt}/{site_id}".encode()).digest())
    total_kw = sum(power_kw.values())
    offsets, before_kw = {}, 0.0
    for site_id in order:
        share = before_kw / total_kw if total_kw > 0.0 else 0.0
        offsets[site_id] = min(1.0, share) * spread // _GRAIN * _GRAIN
        before_kw += power_kw[site_id]
    return {site_id: offsets[site_id] for site_id in power_kw}


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
    first_kw = {each.site_id: each.target_reduction_kw[0] for each in instructions}
    last_kw = {each.site_id: each.target_reduction_kw[-1] for each in instructions}
    starts = spread_offsets(first_kw, min(start_spread, interval / LARGEST_SHARE), f"{salt}/start")
    ends = spread_offsets(last_kw, release_spread, f"{salt}/release")
    return [
        replace(each, start_offset=starts[each.site_id], release_offset=ends[each.site_id])
        for each in instructions
    ]
