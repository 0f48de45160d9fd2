"""Sites that are legal and odd: next to no load, one interval, export, limits of 0, runs that must go on."""

import math
from dataclasses import replace

import numpy as np
from support.plan_sites import battery, generator, group, hall, small_site, ups

from vpp.flexibility.envelope import FlexDirection
from vpp.flexibility.planning.goal import Goal
from vpp.flexibility.planning.terms import (
    GeneratorTerms,
    ResourceTerms,
    SharedLimit,
    SiteTerms,
    StoreTerms,
    WorkTerms,
    flat,
)

LOADS_KW = (0.0, 1e-9, 40.0, 400.0, 2000.0, 1e5)


def odd_site(seed: int) -> SiteTerms:
    """Make a site that keeps every rule of the terms and little else."""
    dice = np.random.default_rng(seed)
    count, hours = int(dice.choice([1, 2, 6])), float(dice.choice([1.0 / 60.0, 0.25, 1.0, 24.0]))
    load = float(dice.choice(LOADS_KW))
    resources = [each for each in _resources(count, hours, load, dice) if dice.random() < 0.6]
    exports = bool(dice.random() < 0.3)
    net = -load if exports and dice.random() < 0.5 else load
    price = float(dice.choice([0.0, 0.1, -0.3, 300.0, -1e4]))
    ids = [each.resource_id for each in resources]
    pairs = int(dice.integers(0, 3)) if len(ids) > 1 else 0
    exclusions = tuple(frozenset(dice.choice(ids, size=2, replace=False).tolist()) for _ in range(pairs))
    limit = flat(float(dice.choice([0.0, 30.0, 1e4])), count)
    shared = SharedLimit(tuple((key, float(dice.uniform(0.1, 1.0))) for key in ids), limit)
    return SiteTerms(
        step_hours=hours,
        load_kw=tuple((net * dice.uniform(0.9, 1.1, count)).tolist()),
        energy_price_per_kwh=tuple((price * dice.uniform(0.5, 1.5, count)).tolist()),
        import_limit_kw=flat(float(dice.choice([0.0, 0.5, 1.2])) * load, count),
        resources=tuple(resources),
        export_limit_kw=flat(load, count) if exports else (),
        max_rise_kw=flat(float(dice.choice([0.0, 20.0, 500.0])), count) if dice.random() < 0.4 else (),
        previous_net_kw=net if dice.random() < 0.5 else None,
        previous_load_kw=net,
        exclusions=exclusions,
        shared_limits=(shared,) if ids and dice.random() < 0.5 else (),
    )


def _resources(count: int, hours: float, load: float, dice: np.random.Generator) -> list[ResourceTerms]:
    size = float(dice.choice([1e-7, 0.3, 3.0])) * load
    bess = battery("bess", count, dice, power_kw=max(size, 1.0))
    if dice.random() < 0.5:
        bess = replace(
            bess,
            stored_kwh=float(dice.choice([0.0, 2.0])) * bess.ceiling_kwh,
            own_discharge_kw=tuple((bess.max_discharge_kw[0] * dice.uniform(0.0, 1.5, count)).tolist()),
            own_charge_kw=tuple((bess.max_charge_kw[0] * dice.uniform(0.0, 1.5, count)).tolist()),
        )
    train = group("train", count, dice, load_kw=size, pausable=True)
    if train.pause is not None:
        longest = int(dice.integers(1, 4))
        train = replace(
            train,
            value_per_kwh=float(dice.choice([0.0, 3.0, 5e4])),
            pause=replace(
                train.pause,
                shortest_intervals=int(dice.integers(1, longest + 1)),
                longest_intervals=longest if dice.random() < 0.6 else None,
                paused_for=int(dice.integers(0, 4)),
            ),
        )
    genset = replace(
        generator("genset", count, dice, power_kw=max(size, 1.0)),
        running_for=int(dice.integers(0, 3)),
        min_run_intervals=int(dice.integers(1, 9)),
        permit_hours=float(dice.choice([0.0, 1.0, 50.0])),
    )
    return [
        bess,
        train,
        genset,
        group("caps", count, dice, load_kw=size),
        hall("hall", count, min(hours, 1.0), dice, cooling_kw=max(size, 1.0)),
        ups("ups", count, dice, load_kw=max(size, 1.0)),
    ]


def odd_goal(site: SiteTerms, seed: int) -> Goal:
    """Make a goal that may be far beyond the site."""
    dice = np.random.default_rng(seed + 2_000_000)
    count = site.interval_count
    most = float(dice.choice([0.0, 1e-8, 10.0, 1e5]))
    least = most * float(dice.choice([0.0, 1.0]))
    return Goal(
        baseline_kw=tuple(
            math.nan if dice.random() < 0.3 else load * float(dice.uniform(0.8, 1.2)) for load in site.load_kw
        ),
        least_kw=flat(least, count),
        most_kw=flat(most if dice.random() < 0.7 else math.inf, count),
        direction=FlexDirection.LOAD_UP if dice.random() < 0.3 else FlexDirection.LOAD_DOWN,
        price_per_kwh=flat(float(dice.choice([0.0, 5.0])), count) if dice.random() < 0.5 else (),
    )


def crowded_site(seed: int) -> SiteTerms:
    """Make a site whose resources together are more than its load, its cooling or its connection takes."""
    dice = np.random.default_rng(seed)
    site = small_site(seed, count=12, hours=0.5)
    load = float(dice.uniform(250.0, 900.0))
    limit = load * float(dice.uniform(1.02, 1.3))
    kinds: list[ResourceTerms] = [group("second", 12, dice, pausable=True), generator("genset", 12, dice)]
    known = {each.resource_id for each in site.resources}
    resources = (*site.resources, *(each for each in kinds if each.resource_id not in known))
    weights = tuple(
        (each.resource_id, 1.0 if isinstance(each, StoreTerms) else 0.5)
        for each in resources
        if isinstance(each, StoreTerms | WorkTerms)
    )
    exports = 150.0 if dice.random() < 0.3 else 0.0
    return replace(
        site,
        load_kw=tuple((load + dice.normal(0.0, 10.0, 12)).tolist()),
        import_limit_kw=flat(limit, 12),
        transformer_limit_kw=(),
        export_limit_kw=flat(exports, 12),
        max_rise_kw=(),
        resources=tuple(
            replace(each, permit_hours=50.0) if isinstance(each, GeneratorTerms) else each
            for each in resources
        ),
        shared_limits=(
            *site.shared_limits,
            SharedLimit(weights, flat(float(dice.uniform(100.0, 600.0)), 12)),
        ),
    )
