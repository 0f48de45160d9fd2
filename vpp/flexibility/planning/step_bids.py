"""Step bids from a ladder: for each resource its rungs, its power, its energy and what comes back."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import ROUND_CEILING, Decimal

import numpy as np

from vpp.flexibility.bounds import TOLERANCE_KW
from vpp.flexibility.envelope import FlexDirection
from vpp.flexibility.planning.forced import shared_limit_kw
from vpp.flexibility.planning.goal import Goal
from vpp.flexibility.planning.ladder import Ladder
from vpp.flexibility.planning.planned_bid import BidWindow, PlannedBid, PricedStep
from vpp.flexibility.planning.settled import net_bounds_kw, own_kw
from vpp.flexibility.planning.store_columns import largest_charge_kw
from vpp.flexibility.planning.terms import (
    ResourceTerms,
    SiteTerms,
    StoreTerms,
    ThermalTerms,
    Values,
    WorkTerms,
)
from vpp.solver.linear_program import Floats

CENT = Decimal("0.01")
MAX_STEPS = 5
"""Most steps of a resource in an interval."""
LEAST_SHARE = 0.1
"""Of a block that need not be taken whole."""
ENERGY_BOUND_RATIO = 0.999
"""A resource that gives less than this share of its power over the window is bound by energy."""


@dataclass(frozen=True, slots=True)
class StepDraft:
    """What a ladder says of one resource in a window.

    Attributes:
        resource_id: The resource.
        rungs: (price per kWh, energy, kWh) of each rung on which it moves more, prices rising.
        power_kw: The most it may be asked for in each interval of the window, kW. Shape (count,).
        energy_kwh: The most over all intervals, kWh.
        last_kw: What it does in each interval on the last rung, kW. Shape (count,).
        recovery_ratio: Energy paid back per energy moved.
        recovery_intervals: Intervals after the window until it is paid back.
    """

    resource_id: str
    rungs: tuple[tuple[float, float], ...]
    power_kw: Floats
    energy_kwh: float
    last_kw: Floats
    recovery_ratio: float
    recovery_intervals: int

    def scaled(self, ratio: float) -> "StepDraft":
        """Return the draft with all quantities reduced alike."""
        return replace(
            self,
            rungs=tuple((price, kwh * ratio) for price, kwh in self.rungs),
            power_kw=self.power_kw * ratio,
            energy_kwh=self.energy_kwh * ratio,
            last_kw=self.last_kw * ratio,
        )

    @property
    def is_bound_by_energy(self) -> bool:
        """Whether it cannot give all its power in every interval."""
        return float(self.last_kw.sum()) < ENERGY_BOUND_RATIO * float(self.power_kw.sum())


def power_limit_kw(terms: ResourceTerms, direction: FlexDirection, goal: Goal) -> Floats:
    """Return the largest change in a direction, energy aside, kW. Shape (N,)."""
    is_down = direction is FlexDirection.LOAD_DOWN
    if isinstance(terms, StoreTerms):
        count = len(terms.floor_kwh)
        if is_down:
            return np.array(terms.max_discharge_kw) - own_kw(terms.own_discharge_kw, count)
        return largest_charge_kw(terms, goal) - own_kw(terms.own_charge_kw, count)
    if isinstance(terms, WorkTerms):
        width = sum(segment.width_ratio for segment in terms.segments)
        return np.array(terms.load_kw) * width if is_down else np.array(terms.catch_up_kw)
    if isinstance(terms, ThermalTerms):
        return np.array(terms.max_reduction_kw if is_down else terms.max_increase_kw)
    return np.zeros(len(terms.max_kw))


def share_limit_kw(site: SiteTerms, resource_id: str) -> Floats:
    """Return the largest reduction of a resource that shared limits allow it alone, kW. Shape (N,)."""
    most = np.full(site.interval_count, np.inf)
    for limit in site.shared_limits:
        weight = dict(limit.weight).get(resource_id, 0.0)
        if weight > 0.0:
            most = np.minimum(most, shared_limit_kw(site, limit) / weight)
    return most


def drafts(site: SiteTerms, goal: Goal, window: BidWindow, ladder: Ladder) -> list[StepDraft]:
    """Read what each resource does on each rung of a ladder."""
    drawn = []
    inside = slice(window.first, window.end)
    floor_price = max(0.0, float(window.floor_price_per_mwh) / 1000.0)
    prices = [floor_price, *(ladder.cost_per_kwh(n) for n in range(len(ladder.points) - 1))]
    for terms in site.resources:
        key = terms.resource_id
        last = np.maximum(ladder.points[-1].change_kw[key][inside], 0.0)
        energy = site.step_hours * float(last.sum())
        if energy <= TOLERANCE_KW:
            continue
        rungs, reached = [], 0.0
        for price, point in zip(prices, ladder.points, strict=True):
            here = site.step_hours * float(np.maximum(point.change_kw[key][inside], 0.0).sum())
            here = min(here, energy)
            if here > reached + TOLERANCE_KW:
                rungs.append((max(price, floor_price), here - reached))
                reached = here
        rungs = merged(rungs)
        ratio, count = _recovery(ladder, key, window, energy)
        most = power_limit_kw(terms, window.direction, goal)
        if window.direction is FlexDirection.LOAD_DOWN:
            most = np.minimum(most, share_limit_kw(site, key))
        power = np.maximum(most[inside], last)
        drawn.append(StepDraft(key, tuple(rungs), power, energy, last, ratio, count))
    return _within_room(site, window, drawn)


def room_kw(site: SiteTerms, direction: FlexDirection) -> Floats:
    """Return how far the site's net load may be moved, kW: to its limits, and up no faster than it may.

    Shape (N,).
    """
    low, high = net_bounds_kw(site)
    load = np.array(site.load_kw)
    if direction is FlexDirection.LOAD_DOWN:
        return load - low
    room = high - load
    if site.max_rise_kw:
        room = np.minimum(room, np.array(site.max_rise_kw) - np.maximum(np.diff(load, prepend=load[0]), 0.0))
    free: Floats = np.maximum(room, 0.0)
    return free


def _within_room(site: SiteTerms, window: BidWindow, drawn: list[StepDraft]) -> list[StepDraft]:
    """Share the room that is left beside the last rung, cheapest first.

    A resource bound by energy may be called for all its power in one interval and for none in the next,
    so that the powers of all, not only what they do on the last rung, fit into the site's limits.
    """
    left = room_kw(site, window.direction)[window.first : window.end]
    left = np.maximum(left - sum((draft.last_kw for draft in drawn), np.zeros(window.count)), 0.0)
    fitted = []
    for draft in sorted(drawn, key=lambda draft: (draft.rungs[0][0], draft.resource_id)):
        extra = np.minimum(draft.power_kw - draft.last_kw, left)
        left = left - extra
        fitted.append(replace(draft, power_kw=draft.last_kw + extra))
    return fitted


def merged(rungs: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return at most so many rungs: the smallest joins the next dearer one, at its price."""
    rungs = list(rungs)
    while len(rungs) > MAX_STEPS:
        n = min(range(len(rungs) - 1), key=lambda n: rungs[n][1])
        rungs[n : n + 2] = [(rungs[n + 1][0], rungs[n][1] + rungs[n + 1][1])]
    return rungs


def _recovery(ladder: Ladder, key: str, window: BidWindow, energy_kwh: float) -> tuple[float, int]:
    """Return what comes back per energy moved, and within how many intervals after the window."""
    first, last = ladder.points[0], ladder.points[-1]
    moved = last.change_kw[key][window.first : window.end].sum()
    moved -= first.change_kw[key][window.first : window.end].sum()
    after = (last.recovery_kw[key] - first.recovery_kw[key])[window.end :]
    # Only one point: all of it is moved anyway, and what comes back is what it does afterwards.
    if moved <= TOLERANCE_KW:
        moved, after = (
            last.change_kw[key][window.first : window.end].sum(),
            last.recovery_kw[key][window.end :],
        )
    back = float(after.sum())
    if back <= TOLERANCE_KW or energy_kwh <= 0.0:
        return 0.0, 0
    busy = np.flatnonzero(after > TOLERANCE_KW)
    return back / float(moved), int(busy[-1]) + 1


def step_bid(site: SiteTerms, window: BidWindow, draft: StepDraft, group: str | None) -> PlannedBid | None:
    """Write a draft as a bid; None if it is below the smallest bid.

    What costs something to be called at all is a block of what it does on the last rung, at that rung's
    price: the wire has no fixed cost of steps.

    A resource bound by energy may be asked for its power in any interval as long as the energy lasts.
    Its cheap rungs are spread evenly, so that what is taken at their price is never more energy than
    they hold; the last rung has the rest of the power.
    """
    terms = site.resource(draft.resource_id)
    if terms.start_cost > 0.0:
        return _started_block(terms, window, draft, group)
    steps = []
    hours = site.step_hours
    for n in range(window.count):
        whole = float(draft.power_kw[n] if draft.is_bound_by_energy else draft.last_kw[n])
        left, offered = whole, []
        for k, (price, kwh) in enumerate(draft.rungs):
            is_last = k == len(draft.rungs) - 1
            share = kwh / draft.energy_kwh * float(draft.last_kw[n])
            if draft.is_bound_by_energy:
                share = kwh / (window.count * hours)
            power = left if is_last else min(left, share)
            if power > TOLERANCE_KW:
                offered.append(PricedStep(power, per_mwh(price)))
                left -= power
        steps.append(tuple(offered))
    back = FlexDirection.LOAD_UP if window.direction is FlexDirection.LOAD_DOWN else FlexDirection.LOAD_DOWN
    bid = PlannedBid(
        draft.resource_id,
        terms.delivery_ratio,
        steps=tuple(steps),
        energy_limit_kwh=draft.energy_kwh if draft.is_bound_by_energy else None,
        recovery_ratio=draft.recovery_ratio,
        recovery_intervals=min(draft.recovery_intervals, window.recovery_count),
        max_recovery_kw=float(power_limit_kw(terms, back, Goal.nothing(site.interval_count)).max()),
        exclusive_group=group,
    )
    return bid if max(bid.largest_kw) >= max(window.min_bid_kw, TOLERANCE_KW) else None


def _started_block(
    terms: ResourceTerms, window: BidWindow, draft: StepDraft, group: str | None
) -> PlannedBid | None:
    """Write a draft as a block that pays its start, of which any worthwhile part may be taken."""
    kw = np.round(draft.last_kw, 6)
    most = float(kw.max())
    if most < max(window.min_bid_kw, TOLERANCE_KW):
        return None
    back = np.zeros(window.recovery_count)
    count = min(draft.recovery_intervals, window.recovery_count)
    if count:
        back[:count] = -draft.recovery_ratio * float(kw.sum()) / count
    return PlannedBid(
        draft.resource_id,
        terms.delivery_ratio,
        block_kw=tuple(np.trim_zeros(np.concatenate([kw, back]), "b").tolist()),
        price_per_mwh=per_mwh(draft.rungs[-1][0]),
        fixed_cost=Decimal(repr(round(terms.start_cost, 6))).quantize(CENT, ROUND_CEILING),
        min_acceptance_ratio=min(1.0, max(LEAST_SHARE, window.min_bid_kw / most)),
        recovery_ratio=draft.recovery_ratio,
        recovery_intervals=count,
        exclusive_group=group,
    )


def per_mwh(price_per_kwh: float) -> Decimal:
    """Return a price per MWh, rounded up to the cent, and never up for the solver's noise.

    Example:
        >>> per_mwh(0.1234567)
        Decimal('123.46')
    """
    return Decimal(repr(round(price_per_kwh * 1000.0, 6))).quantize(CENT, ROUND_CEILING)


def calls_of(draft: StepDraft, site: SiteTerms, window: BidWindow) -> Mapping[str, Values]:
    """Return ways to call all of a draft: evenly, as early and as late as possible, kW. Shape (N,) each."""
    hours, ways = site.step_hours, {}
    order = {"early": range(window.count), "late": range(window.count - 1, -1, -1)}
    for name, intervals in order.items():
        call, left_kwh = np.zeros(site.interval_count), draft.energy_kwh
        for n in intervals:
            kw = min(float(draft.power_kw[n]), left_kwh / hours)
            call[window.first + n] = kw
            left_kwh -= kw * hours
        ways[name] = tuple(call.tolist())
    return ways
