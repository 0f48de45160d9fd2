"""The site's best bids for a window.

1. The ladder: what all divisible resources together can move, and the marginal cost of each part
   (`ladder`). Each resource bids its own part of every rung as steps.
2. The trial: everything that was drafted is called at once, as early and as late as it may be. What
   cannot be kept then is not offered.
3. Blocks: pauses and generators, each span at what it costs alone, the spans exclusive to each other
   and to the group's steps (`block_bids`). They are tried together with the steps (`block_trial`).

Quantities are those before derating; `delivery_ratio` says what is delivered nine times in ten.
"""

from collections.abc import Mapping

from vpp.flexibility.bounds import TOLERANCE_KW
from vpp.flexibility.planning.block_bids import block_bids
from vpp.flexibility.planning.block_trial import kept_blocks
from vpp.flexibility.planning.common_room import CommonRoom
from vpp.flexibility.planning.ladder import Ladder, climb, divisible_only, window_goal
from vpp.flexibility.planning.planned_bid import BidPlan, BidWindow, LadderRung, PlannedBid
from vpp.flexibility.planning.sold import without_sold
from vpp.flexibility.planning.step_bids import StepDraft, drafts, step_bid
from vpp.flexibility.planning.terms import SiteTerms, Values
from vpp.flexibility.planning.trial import Trial, tried
from vpp.foundation.clock import stopwatch_s
from vpp.foundation.errors import InvalidInput

NOTHING_SOLD: Mapping[str, Values] = {}


def plan_bids(
    site: SiteTerms,
    window: BidWindow,
    *,
    sold_kw: Mapping[str, Values] = NOTHING_SOLD,
    time_limit_s: float = 20.0,
) -> BidPlan:
    """Plan the site's bids.

    Args:
        site: The site over delivery and recovery.
        window: What is bid for.
        sold_kw: What has been sold of each resource, kW, by resource id. Shape (N,) each.
        time_limit_s: Longest time of all solves, s. When it is over, what is ready is returned.

    Returns:
        The bids, cheapest first.

    Raises:
        InvalidInput: The window reaches beyond the site's horizon.

    Example:
        >>> from decimal import Decimal
        >>> from vpp.flexibility.planning.terms import StoreTerms, flat
        >>> bess = StoreTerms("bess", 200.0, flat(50.0, 4), 200.0, flat(100.0, 4), flat(100.0, 4),
        ...     stored_per_charged=0.8, end_kwh=200.0, wear_cost_per_kwh=0.1)
        >>> site = SiteTerms(1.0, flat(1000.0, 4), flat(0.2, 4), flat(1200.0, 4), (bess,))
        >>> bid = plan_bids(site, BidWindow(0, 2, 2, Decimal(1000))).bids[0]
        >>> bid.steps[0][0].power_kw, bid.steps[0][0].price_per_mwh, bid.energy_limit_kwh
        (100.0, Decimal('150.00'), 150.0)
    """
    if window.end > site.interval_count:
        raise InvalidInput(
            f"the window ends at interval {window.end}, expected at most {site.interval_count}"
        )
    began_s = stopwatch_s()
    free = without_sold(site, sold_kw)
    divisible = divisible_only(free)
    groups = exclusive_groups(free)
    ladder = climb(divisible, window, time_limit_s=time_limit_s) if divisible.resources else None
    trial = Trial(free, divisible, window, groups, began_s + time_limit_s)
    drawn: list[StepDraft] = []
    bids: list[PlannedBid] = []
    rungs: tuple[LadderRung, ...] = ()
    count, is_complete = 0, ladder is not None or not divisible.resources
    if ladder is not None:
        rungs = _rungs(ladder, window)
        goal = window_goal(divisible, window)
        drawn, trial_count, has_time = tried(trial, drafts(divisible, goal, window, ladder))
        count, is_complete = ladder.solve_count + trial_count, ladder.is_complete and has_time
        for draft in drawn:
            bid = step_bid(free, window, draft, groups.get(draft.resource_id))
            if bid is not None:
                bids.append(bid)
    room = CommonRoom(free, window)
    for bid in bids:
        room.take(bid)
    blocks = block_bids(free, window, groups, room, until_s=trial.until_s)
    kept, block_count, has_time = kept_blocks(trial, bids, drawn, blocks.bids)
    return BidPlan(
        bids=tuple(sorted([*bids, *kept], key=_price_key)),
        ladder=rungs,
        solve_count=count + blocks.solve_count + block_count,
        is_complete=is_complete and blocks.is_complete and has_time,
        wall_s=stopwatch_s() - began_s,
    )


def exclusive_groups(site: SiteTerms) -> dict[str, str]:
    """Return the key under which a resource's bids exclude each other, by resource id.

    A bid has one key, so that exclusions that share a resource become one: more is excluded than
    need be, never less. A group of jobs that can be capped and paused excludes itself.
    """
    ids = [each.resource_id for each in site.resources]
    key = {
        each.resource_id: each.resource_id
        for each in site.resources
        if getattr(each, "pause", None) is not None or hasattr(each, "is_allowed")
    }
    for exclusion in site.exclusions:
        members = sorted(each for each in exclusion if each in ids)
        if len(members) > 1:
            merged = {key.get(each, each) for each in members}
            name = min(merged)
            key.update(dict.fromkeys(members, name))
            key = {each: name if group in merged else group for each, group in key.items()}
    return key


def _price_key(bid: PlannedBid) -> tuple[float, str]:
    prices = [step.price_per_mwh for each in bid.steps for step in each[:1]] or [bid.price_per_mwh]
    return float(min(prices)), bid.resource_id


def _rungs(ladder: Ladder, window: BidWindow) -> tuple[LadderRung, ...]:
    """Return the whole site's ladder; what it moves anyway stands at the floor price."""
    first = ladder.points[0].energy_kwh
    anyway = [LadderRung(first, float(window.floor_price_per_mwh) / 1000.0)] if first > TOLERANCE_KW else []
    later = [
        LadderRung(ladder.points[n + 1].energy_kwh - ladder.points[n].energy_kwh, ladder.cost_per_kwh(n))
        for n in range(len(ladder.points) - 1)
    ]
    return (*anyway, *later)
