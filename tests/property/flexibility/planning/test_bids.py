"""Bids of generated sites are promises that can be kept, whatever part of them is accepted."""

import math
from dataclasses import replace
from decimal import Decimal
from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from support.odd_plan_sites import crowded_site
from support.plan_sites import small_site

from vpp.flexibility.envelope import FlexDirection
from vpp.flexibility.planning.bids import plan_bids
from vpp.flexibility.planning.goal import Goal
from vpp.flexibility.planning.planned_bid import BidPlan, BidWindow, PlannedBid
from vpp.flexibility.planning.schedule import schedule
from vpp.flexibility.planning.terms import SiteTerms

COUNT, FIRST, WINDOW = 12, 3, 4
HOURS = 0.5
CAP = Decimal(1500)
seeds = st.integers(0, 1_000_000)


def site_and_window(seed: int) -> tuple[SiteTerms, BidWindow]:
    """Return a site without a ramp limit, which a bid cannot state, and a window in its middle."""
    site = replace(small_site(seed, count=COUNT, hours=HOURS), max_rise_kw=())
    direction = FlexDirection.LOAD_UP if seed % 4 == 0 else FlexDirection.LOAD_DOWN
    return site, BidWindow(FIRST, WINDOW, 5, CAP, direction=direction)


def taken_kw(bid: PlannedBid, dice: np.random.Generator) -> np.ndarray:
    """Return what is accepted of a bid, anything that it allows."""
    taken = np.zeros(WINDOW)
    if not bid.steps:
        block = np.maximum(bid.block_kw[:WINDOW], 0.0)
        taken[: len(block)] = block
        return taken
    taken = np.array(bid.largest_kw) * np.where(dice.random(WINDOW) < 0.5, 1.0, dice.random(WINDOW))
    left_kwh = math.inf if bid.energy_limit_kwh is None else bid.energy_limit_kwh
    for n in dice.permutation(WINDOW).tolist():
        taken[n] = min(taken[n], left_kwh / HOURS)
        left_kwh -= taken[n] * HOURS
    return taken


def accepted_kw(plan: BidPlan, dice: np.random.Generator) -> np.ndarray:
    """Return what an auction accepts: any bids, at most one of each exclusive group."""
    total, taken_groups = np.zeros(COUNT), set[str]()
    for index in dice.permutation(len(plan.bids)).tolist():
        bid = plan.bids[index]
        if bid.exclusive_group in taken_groups or dice.random() < 0.2:
            continue
        if bid.exclusive_group is not None:
            taken_groups.add(bid.exclusive_group)
        total[FIRST : FIRST + WINDOW] += taken_kw(bid, dice)
    return total


@settings(max_examples=15)
@given(seed=seeds)
def test_whatever_is_accepted_can_be_delivered(seed: int) -> None:
    site, window = site_and_window(seed)
    assert_deliverable(site, window, seed)


@settings(max_examples=15)
@given(seed=seeds)
def test_a_crowded_site_delivers_whatever_is_accepted(seed: int) -> None:
    direction = FlexDirection.LOAD_UP if seed % 4 == 0 else FlexDirection.LOAD_DOWN
    assert_deliverable(
        crowded_site(seed), BidWindow(FIRST, WINDOW, 5, Decimal(5000), direction=direction), seed
    )


def assert_deliverable(site: SiteTerms, window: BidWindow, seed: int) -> None:
    plan = plan_bids(site, window)
    dice = np.random.default_rng(seed)
    inside = [FIRST <= t < FIRST + WINDOW for t in range(COUNT)]
    for _ in range(2):
        goal = Goal(
            baseline_kw=tuple(
                load if each else math.nan for load, each in zip(site.load_kw, inside, strict=True)
            ),
            least_kw=tuple(accepted_kw(plan, dice).tolist()),
            most_kw=(math.inf,) * COUNT,
            direction=window.direction,
            shortfall_cost_per_kwh=1e4,  # a little missing is not worth it even where a generator must start
            excess_cost_per_kwh=0.0,
        )
        assert schedule(site, goal).largest_shortfall_kw <= 1e-3


@settings(max_examples=8)
@given(seed=seeds)
def test_prices_rise_and_stay_within_the_window_s(seed: int) -> None:
    site, window = site_and_window(seed)
    plan = plan_bids(site, replace(window, floor_price_per_mwh=Decimal(20), min_bid_kw=10.0))
    assert all(low.cost_per_kwh <= high.cost_per_kwh + 1e-9 for low, high in pairwise(plan.ladder))
    for bid in plan.bids:
        assert max(bid.largest_kw) >= 10.0
        prices = [[step.price_per_mwh for step in each] for each in bid.steps] or [[bid.price_per_mwh]]
        for each in prices:
            assert each == sorted(each)
            assert all(20 <= price <= CAP for price in each)


@settings(max_examples=10)
@given(seed=seeds)
def test_what_was_sold_of_a_battery_is_not_offered_again(seed: int) -> None:
    site = replace(
        small_site(seed, count=COUNT, hours=HOURS),
        exclusions=(),
        resources=small_site(seed, count=COUNT).resources[:1],
    )
    window = BidWindow(FIRST, WINDOW, 5, CAP)
    sold = tuple(100.0 if FIRST <= t < FIRST + WINDOW else 0.0 for t in range(COUNT))
    free = plan_bids(site, window)
    rest = plan_bids(site, window, sold_kw={"bess": sold})

    def energy_kwh(plan: BidPlan) -> float:
        bids = [bid for bid in plan.bids if bid.resource_id == "bess"]
        whole = [HOURS * sum(bid.largest_kw) for bid in bids]
        return sum(
            most if bid.energy_limit_kwh is None else min(most, bid.energy_limit_kwh)
            for bid, most in zip(bids, whole, strict=True)
        )

    assert energy_kwh(rest) <= energy_kwh(free) + 1e-3
    assert all(max(bid.largest_kw) <= 400.0 + 1e-6 for bid in rest.bids)
