"""The trial of blocks: called together with all steps, whatever cannot be kept then is not offered."""

from collections.abc import Mapping, Sequence

import numpy as np

from vpp.flexibility.planning.common_room import CommonRoom, group_of
from vpp.flexibility.planning.held import must_be_on
from vpp.flexibility.planning.planned_bid import BidWindow, PlannedBid
from vpp.flexibility.planning.step_bids import StepDraft, calls_of
from vpp.flexibility.planning.terms import SiteTerms, Values
from vpp.flexibility.planning.trial import KEPT_RATIO, Trial, missing_at_site
from vpp.foundation.clock import stopwatch_s


def kept_blocks(
    trial: Trial, steps: Sequence[PlannedBid], drawn: Sequence[StepDraft], blocks: Sequence[PlannedBid]
) -> tuple[list[PlannedBid], int, bool]:
    """Return the blocks that can be kept beside all steps and each other.

    First all blocks that cover the same part of the window are tried together. If some cannot be kept
    then, they are tried one by one, the cheapest first, beside the largest of those kept before.

    Args:
        trial: What they are tried on.
        steps: The step bids.
        drawn: The drafts of these.
        blocks: The blocks, each of an exclusive group.

    Returns:
        The blocks, how many programs were solved, and whether none was left out for lack of time.
    """
    room = CommonRoom(trial.site, trial.window)
    for bid in steps:
        room.take(bid)
    cheapest_first = sorted(blocks, key=lambda bid: (bid.price_per_mwh, bid.resource_id, -sum(bid.block_kw)))
    fitting = []
    for bid in cheapest_first:
        if room.fits(bid):
            room.take(bid)
            fitting.append(bid)
    together = _sets(fitting, trial.window)
    count = 0
    for each in together:
        if stopwatch_s() >= trial.until_s:
            return [], count, False
        count += 2
        if not _is_kept(trial, drawn, each):
            break
    else:
        return fitting, count, True
    kept: list[PlannedBid] = []
    for bid in fitting:
        if stopwatch_s() >= trial.until_s:
            return kept, count, False
        count += 2
        if _is_kept(trial, drawn, [*_largest(kept, without=group_of(bid)), bid]):
            kept.append(bid)
    return kept, count, True


def window_kw(bid: PlannedBid, window: BidWindow) -> np.ndarray:
    """Return what a block gives in each delivery interval, kW. Shape (count,)."""
    kw = np.zeros(window.count)
    given = np.maximum(bid.block_kw[: window.count], 0.0)
    kw[: len(given)] = given
    return kw


def _sets(blocks: Sequence[PlannedBid], window: BidWindow) -> list[list[PlannedBid]]:
    """List sets of blocks, one of each group at most, so that each block is in one of them."""
    by_span: dict[tuple[bool, ...], dict[str, PlannedBid]] = {}
    rest: list[list[PlannedBid]] = []
    for bid in blocks:
        span = tuple((window_kw(bid, window) > 0.0).tolist())
        if group_of(bid) in by_span.setdefault(span, {}):
            rest.append([bid])
        else:
            by_span[span][group_of(bid)] = bid
    return [*(list(each.values()) for each in by_span.values()), *rest]


def _largest(blocks: Sequence[PlannedBid], *, without: str) -> list[PlannedBid]:
    """Return the block of each group that moves most, but for one group."""
    largest: dict[str, PlannedBid] = {}
    for bid in blocks:
        known = largest.get(group_of(bid))
        if group_of(bid) != without and (known is None or sum(bid.largest_kw) > sum(known.largest_kw)):
            largest[group_of(bid)] = bid
    return list(largest.values())


def _is_kept(trial: Trial, drawn: Sequence[StepDraft], blocks: Sequence[PlannedBid]) -> bool:
    """Tell whether blocks can be kept beside the steps of all other groups, called early and late."""
    site, window = trial.site, trial.window
    taken = {group_of(bid) for bid in blocks}
    steps = [each for each in drawn if trial.groups.get(each.resource_id) not in taken]
    is_on = _decided(site, window, blocks)
    fixed = {bid.resource_id: (*(0.0,) * window.first, *window_kw(bid, window).tolist()) for bid in blocks}
    fixed = {key: (*kw, *(0.0,) * (site.interval_count - len(kw))) for key, kw in fixed.items()}
    for way in ("early", "late"):
        calls: dict[str, Values] = {each.resource_id: calls_of(each, site, window)[way] for each in steps}
        if missing_at_site(trial, calls | fixed, is_on) > 1.0 - KEPT_RATIO:
            return False
    return True


def _decided(
    site: SiteTerms, window: BidWindow, blocks: Sequence[PlannedBid]
) -> Mapping[str, tuple[bool, ...]]:
    """Return what is paused or runs if blocks are accepted, beside what must go on."""
    is_on = must_be_on(site)
    for bid in blocks:
        inside = np.zeros(site.interval_count, dtype=bool)
        inside[window.first : window.end] = window_kw(bid, window) > 0.0
        before = np.array(is_on.get(bid.resource_id, (False,) * site.interval_count))
        is_on[bid.resource_id] = tuple((before | inside).tolist())
    return is_on
