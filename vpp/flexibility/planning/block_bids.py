"""Block bids: pauses and generators, span by span, at what each costs alone."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import ROUND_CEILING, Decimal

import numpy as np

from vpp.flexibility.bounds import TOLERANCE_KW
from vpp.flexibility.envelope import FlexDirection
from vpp.flexibility.planning.common_room import CommonRoom
from vpp.flexibility.planning.goal import Goal
from vpp.flexibility.planning.ladder import is_held
from vpp.flexibility.planning.plan import Plan
from vpp.flexibility.planning.planned_bid import BidWindow, PlannedBid
from vpp.flexibility.planning.replan import replan
from vpp.flexibility.planning.step_bids import per_mwh
from vpp.flexibility.planning.terms import GeneratorTerms, SiteTerms, WorkTerms
from vpp.foundation.clock import stopwatch_s
from vpp.solver.linear_program import Floats

LONGEST_SOLVE_S = 1.0
CENT = Decimal("0.01")
LEFT_UNDONE = 1e-3
"""More than this beyond a plan's own cost is a penalty: a deadline would be missed."""


@dataclass(frozen=True, slots=True)
class Blocks:
    """The blocks of a site.

    Attributes:
        bids: The bids, before they are tried beside each other.
        solve_count: Programs solved for them.
        is_complete: Whether none was left out for lack of time.
    """

    bids: tuple[PlannedBid, ...]
    solve_count: int
    is_complete: bool


def block_bids(
    site: SiteTerms, window: BidWindow, groups: Mapping[str, str], room: CommonRoom, *, until_s: float
) -> Blocks:
    """Return the blocks of a window: the whole of it, and its halves, whichever can be held.

    Args:
        site: The site.
        window: What is bid for; pauses and generators do not serve a load-up.
        groups: Keys under which bids exclude each other, by resource id.
        room: What the steps leave of the site's limits.
        until_s: When to stop, on the stopwatch.
    """
    bids: list[PlannedBid] = []
    if window.direction is FlexDirection.LOAD_UP:
        return Blocks((), 0, is_complete=True)
    count = 0
    for terms in site.resources:
        if is_held(terms) or not (isinstance(terms, GeneratorTerms) or getattr(terms, "pause", None)):
            continue
        if stopwatch_s() >= until_s:
            return Blocks(tuple(bids), count, is_complete=False)
        alone = replace(site, resources=(terms,), exclusions=(), shared_limits=())
        group = groups.get(terms.resource_id, terms.resource_id)
        idle = None
        for first, last in spans(window):
            if isinstance(terms, GeneratorTerms):
                left_kw = room.left_kw(group, terms.resource_id)
                bid = _generator_block(site, terms, window, (first, last), left_kw)
            elif isinstance(terms, WorkTerms):
                if idle is None:
                    idle, count = _held(alone, terms, window, (0, 0), until_s), count + 1
                plan = _held(alone, terms, window, (first, last), until_s)
                bid = _pause_block(alone, terms, window, plan, idle)
                count += 1
            if bid is not None and max(bid.block_kw) >= window.min_bid_kw:
                bids.append(replace(bid, exclusive_group=group))
    return Blocks(tuple(bids), count, is_complete=True)


def spans(window: BidWindow) -> Iterator[tuple[int, int]]:
    """List the spans of a window that are offered: all of it, and its halves if it has any."""
    yield window.first, window.end
    half = window.count // 2
    if half:
        yield window.first, window.first + half
        yield window.end - half, window.end


def _held(
    alone: SiteTerms, terms: WorkTerms, window: BidWindow, span: tuple[int, int], until_s: float
) -> Plan | None:
    """Return what becomes of a group that is paused over a span and not capped; None if it cannot be.

    Nothing is caught up inside the window.
    """
    catch_up = tuple(0.0 if window.first <= t < window.end else kw for t, kw in enumerate(terms.catch_up_kw))
    flags = tuple(span[0] <= t < span[1] for t in range(alone.interval_count))
    uncut = replace(terms, segments=(), catch_up_kw=catch_up, start_cost=0.0)
    return replan(
        replace(alone, resources=(uncut,)),
        Goal.nothing(alone.interval_count),
        decided={terms.resource_id: flags},
        time_limit_s=min(LONGEST_SOLVE_S, max(0.0, until_s - stopwatch_s())),
    )


def _pause_block(
    alone: SiteTerms, terms: WorkTerms, window: BidWindow, plan: Plan | None, idle: Plan | None
) -> PlannedBid | None:
    """Return a pause over a span; None if it may not begin, would last too long, or misses a deadline."""
    pause = terms.pause
    if pause is None or idle is None or plan is None or plan.objective is None or idle.objective is None:
        return None
    cost = plan.objective - idle.objective
    if (plan.objective - plan.cost) > (idle.objective - idle.cost) + LEFT_UNDONE:
        return None
    key = terms.resource_id
    rebound = np.maximum(np.array(plan.increase_kw[key]) - np.array(idle.increase_kw[key]), 0.0)
    change = np.array(plan.reduction_kw[key]) - rebound
    profile = change[window.first : window.end + window.recovery_count]
    energy = alone.step_hours * float(np.maximum(profile, 0.0).sum())
    if energy <= TOLERANCE_KW:
        return None
    per_lost = terms.value_per_kwh + terms.later_price_per_kwh
    fixed = min(cost, per_lost * pause.restart_kwh + pause.restart_cost)
    price = per_mwh(max(0.0, cost - fixed) / energy)
    if not window.floor_price_per_mwh <= max(price, window.floor_price_per_mwh) <= window.cap_price_per_mwh:
        return None
    return PlannedBid(
        key,
        terms.delivery_ratio,
        block_kw=tuple(np.trim_zeros(np.round(profile, 6), "b").tolist()),
        price_per_mwh=max(price, window.floor_price_per_mwh),
        fixed_cost=_amount(fixed + terms.start_cost),
        min_acceptance_ratio=1.0,
    )


def _generator_block(
    site: SiteTerms, terms: GeneratorTerms, window: BidWindow, ends: tuple[int, int], left_kw: Floats
) -> PlannedBid | None:
    """Return a generator's run over a span; None if it may not run, or its permit is used up.

    Its price is that of its fuel less that of the energy not drawn. It makes no more than the site can use
    beside what it offers otherwise.
    """
    first, last = ends
    span, hours = range(first, last), site.step_hours
    may_run = all(terms.is_allowed[t] and terms.max_kw[t] >= terms.min_kw for t in span)
    # A run that goes on may end with the span or after it; any other begins with it.
    is_long = len(span) >= terms.min_run_intervals or (first == 0 and terms.running_for > 0)
    most = min(min(terms.max_kw[t], float(left_kw[t - window.first])) for t in span)
    saved = sum(site.energy_price_per_kwh[first:last]) / len(span)
    price = per_mwh(max(0.0, terms.cost_per_kwh - saved))
    if (
        not may_run
        or not is_long
        or len(span) * hours > terms.permit_hours
        or most <= 0.0
        or most < terms.min_kw
    ):
        return None
    if price > window.cap_price_per_mwh:
        return None
    profile = [most if t in span else 0.0 for t in range(window.first, last)]
    return PlannedBid(
        terms.resource_id,
        terms.delivery_ratio,
        block_kw=tuple(profile),
        price_per_mwh=max(price, window.floor_price_per_mwh),
        fixed_cost=_amount(terms.start_cost),
        min_acceptance_ratio=terms.min_kw / most,
    )


def _amount(value: float) -> Decimal:
    return Decimal(repr(round(max(0.0, value), 6))).quantize(CENT, ROUND_CEILING)
