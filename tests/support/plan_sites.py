"""Generated sites and goals for the planner: seeded, of every kind of resource, physically sensible."""

import math

import numpy as np

from vpp.flexibility.envelope import FlexDirection
from vpp.flexibility.planning.goal import Goal
from vpp.flexibility.planning.terms import (
    CutSegment,
    GeneratorTerms,
    PauseTerms,
    ResourceTerms,
    SharedLimit,
    SiteTerms,
    StoreTerms,
    ThermalTerms,
    Values,
    WorkTerms,
    flat,
)

BATCH_SEGMENTS = (CutSegment(0.1, 0.25), CutSegment(0.1, 0.38), CutSegment(0.1, 0.46))
"""Batch inference's measured response: 2.5, 6.3 and 10.9 % lost at 10, 20 and 30 % (flexibility, 6.2)."""


def battery(name: str, count: int, dice: np.random.Generator, *, power_kw: float = 500.0) -> StoreTerms:
    """Make a battery of two hours, part full, that has discharged before."""
    capacity = 2.0 * power_kw
    stored = float(dice.uniform(0.3, 0.9)) * capacity
    return StoreTerms(
        name,
        stored_kwh=stored,
        floor_kwh=flat(0.1 * capacity, count),
        ceiling_kwh=0.9 * capacity,
        max_discharge_kw=flat(power_kw, count),
        max_charge_kw=flat(power_kw, count),
        stored_per_charged=0.85,
        throughput_limit_kwh=2.0 * 0.8 * capacity,
        end_kwh=float(dice.uniform(0.1, 0.9)) * capacity,
        wear_cost_per_kwh=float(dice.uniform(0.05, 0.2)),
        delivery_ratio=0.97,
    )


def ups(name: str, count: int, dice: np.random.Generator, *, load_kw: float = 1000.0) -> StoreTerms:
    """Make a UPS of five minutes that keeps three."""
    return StoreTerms(
        name,
        stored_kwh=load_kw * 5.0 / 60.0,
        floor_kwh=flat(load_kw * 3.0 / 60.0, count),
        ceiling_kwh=load_kw * 5.0 / 60.0,
        max_discharge_kw=flat(load_kw, count),
        max_charge_kw=flat(0.25 * load_kw / 12.0, count),
        stored_per_charged=0.9,
        wear_cost_per_kwh=float(dice.uniform(0.2, 0.4)),
        can_increase=False,
        end_kwh=load_kw * 5.0 / 60.0,
        delivery_ratio=0.95,
    )


def group(
    name: str, count: int, dice: np.random.Generator, *, load_kw: float = 400.0, pausable: bool = False
) -> WorkTerms:
    """Make a group of jobs that can be capped, or capped and paused."""
    load = tuple((load_kw * dice.uniform(0.8, 1.0, count)).tolist())
    has_room = bool(dice.random() < 0.7)
    spare = 0.25 * load_kw if has_room else 0.0
    due = int(dice.integers(2, max(3, 2 * count)))
    rolling = bool(dice.random() < 0.5)
    pause = None
    if pausable:
        pause = PauseTerms(
            is_allowed=tuple((dice.random(count) < 0.6).tolist()),
            idle_power_ratio=0.15,
            restart_kwh=0.1 * load_kw,
            restart_cost=float(dice.uniform(0.0, 20.0)),
            shortest_intervals=int(dice.integers(1, 4)),
            longest_intervals=None if dice.random() < 0.5 else int(dice.integers(4, 9)),
            max_count=int(dice.integers(1, 3)),
            paused_for=int(dice.integers(0, 2)),
        )
    owes = has_room and bool(dice.random() < 0.4)
    return WorkTerms(
        name,
        load_kw=load,
        segments=BATCH_SEGMENTS,
        catch_up_kw=flat(spare, count),
        later_catch_up_kw=spare,
        due_after=flat_due(due, count, rolling=rolling),
        backlog_kwh=((int(dice.integers(0, count + 4)), 0.2 * load_kw),) if owes else (),
        ahead_kwh=0.2 * load_kw if has_room else 0.0,
        later_price_per_kwh=0.08,
        pause=pause,
        value_per_kwh=float(dice.uniform(0.2, 2.0)),
        max_late_kwh=0.0 if has_room else load_kw,
        late_cost_per_kwh=float(dice.uniform(0.1, 1.0)),
        start_cost=0.0 if dice.random() < 0.7 else 5.0,
        delivery_ratio=0.9,
    )


def flat_due(due: int, count: int, *, rolling: bool) -> tuple[int, ...]:
    """Return deadlines: so many intervals after each, or all on one date."""
    return (due,) * count if rolling else tuple(max(1, due - t) for t in range(count))


def hall(
    name: str, count: int, hours: float, dice: np.random.Generator, *, cooling_kw: float = 200.0
) -> ThermalTerms:
    """Make a hall whose loop takes up what its chillers do not: about 5 K in half an hour of a half cut."""
    per_kwh = 5.0 / (0.5 * cooling_kw * 0.5)
    mixing = math.exp(-hours / 0.2)
    keep, swap = 0.5 * (1.0 + mixing), 0.5 * (1.0 - mixing)
    gain = hours * per_kwh
    return ThermalTerms(
        name,
        start_k=(float(dice.uniform(0.0, 1.0)), float(dice.uniform(0.0, 1.0))),
        decay=(((keep, swap), (swap, keep)),) * count,
        gain_k_per_kw=((0.7 * gain, 0.3 * gain),) * count,
        over_k=flat(5.0, count),
        under_k=flat(float(dice.choice([0.0, 2.0])), count),
        rate_k=flat(20.0 * hours, count),
        max_reduction_kw=flat(0.5 * cooling_kw, count),
        max_increase_kw=flat(0.3 * cooling_kw, count),
        end_k=0.5,
        return_ratio=float(dice.uniform(0.8, 1.0)),
        cost_per_kwh=float(dice.uniform(0.0, 0.05)),
        delivery_ratio=0.92,
    )


def generator(name: str, count: int, dice: np.random.Generator, *, power_kw: float = 300.0) -> GeneratorTerms:
    """Make a generator with a few hours left in its permit."""
    return GeneratorTerms(
        name,
        min_kw=0.4 * power_kw,
        max_kw=flat(power_kw, count),
        is_allowed=tuple((dice.random(count) < 0.8).tolist()),
        permit_hours=float(dice.uniform(0.0, 4.0)),
        min_run_intervals=int(dice.integers(1, 4)),
        running_for=int(dice.integers(0, 3)),
        start_cost=30.0,
        cost_per_kwh=2.5,
    )


def small_site(seed: int, *, count: int = 8, hours: float = 0.5) -> SiteTerms:
    """Make a site with a few resources of every kind, some of which exclude each other."""
    dice = np.random.default_rng(seed)
    resources: list[ResourceTerms] = [battery("bess", count, dice), group("caps", count, dice)]
    if dice.random() < 0.6:
        resources.append(group("train", count, dice, pausable=True))
    if dice.random() < 0.6:
        resources.append(hall("hall", count, hours, dice))
    if dice.random() < 0.5:
        resources.append(ups("ups", count, dice))
    if dice.random() < 0.4:
        resources.append(generator("genset", count, dice))
    exclusions: tuple[frozenset[str], ...] = ()
    if dice.random() < 0.4:
        exclusions = (frozenset({"bess", "ups"}), frozenset({"bess", "genset", "caps"}))
    load = 2000.0 + dice.normal(0.0, 60.0, count)
    low_price = -0.05 if dice.random() < 0.2 else 0.03
    return SiteTerms(
        step_hours=hours,
        load_kw=tuple(load.tolist()),
        energy_price_per_kwh=tuple(dice.uniform(low_price, 0.2, count).tolist()),
        import_limit_kw=flat(2250.0, count),
        resources=tuple(resources),
        transformer_limit_kw=flat(2300.0, count),
        max_rise_kw=flat(300.0, count) if dice.random() < 0.5 else (),
        previous_net_kw=1900.0,
        previous_load_kw=2000.0,
        exclusions=exclusions,
        shared_limits=(SharedLimit((("hall", 1.0), ("caps", 0.1)), flat(110.0, count)),),
    )


def small_goal(site: SiteTerms, seed: int) -> Goal:
    """Make a goal in the middle of a site's horizon: owed or paid, less or more."""
    dice = np.random.default_rng(seed + 1_000_000)
    count = site.interval_count
    first, last = count // 4, count - count // 4
    is_up = bool(dice.random() < 0.3)
    most = float(dice.uniform(50.0, 250.0 if is_up else 900.0))
    least = most * float(dice.choice([0.0, 0.5, 0.9]))
    inside = [first <= t < last for t in range(count)]
    price: Values = ()
    if least < most:
        price = tuple(float(dice.uniform(0.1, 2.0)) if each else 0.0 for each in inside)
    return Goal(
        baseline_kw=tuple(
            load if each else math.nan for load, each in zip(site.load_kw, inside, strict=True)
        ),
        least_kw=tuple(least if each else 0.0 for each in inside),
        most_kw=tuple(most if each else 0.0 for each in inside),
        direction=FlexDirection.LOAD_UP if is_up else FlexDirection.LOAD_DOWN,
        price_per_kwh=price,
    )
