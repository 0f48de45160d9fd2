"""A large generated site: many groups of jobs and devices over a day of quarter hours."""

import math

import numpy as np
from support.plan_sites import battery, generator, group, hall, ups

from vpp.flexibility.planning.goal import Goal
from vpp.flexibility.planning.terms import ResourceTerms, SiteTerms, flat

HOURS = 0.25
GROUP_KW = 200.0
OTHER_LOAD_KW = 20_000.0


def large_site(group_count: int, device_count: int, count: int, seed: int) -> SiteTerms:
    """Make a site; one group in four can be paused, and one device in four is of each kind.

    Args:
        group_count: Groups of jobs.
        device_count: Batteries, UPSs, halls and generators.
        count: Intervals, of a quarter of an hour.
        seed: Of the dice.
    """
    dice = np.random.default_rng(seed)
    resources: list[ResourceTerms] = [
        group(
            f"group-{n:03d}",
            count,
            dice,
            load_kw=GROUP_KW * float(dice.uniform(0.5, 1.5)),
            pausable=n % 4 == 0,
        )
        for n in range(group_count)
    ]
    for n in range(device_count):
        if n % 4 == 0:
            resources.append(battery(f"battery-{n:02d}", count, dice, power_kw=1000.0))
        elif n % 4 == 1:
            resources.append(ups(f"ups-{n:02d}", count, dice, load_kw=2000.0))
        elif n % 4 == 2:
            resources.append(hall(f"hall-{n:02d}", count, HOURS, dice, cooling_kw=600.0))
        else:
            resources.append(generator(f"genset-{n:02d}", count, dice, power_kw=500.0))
    load = OTHER_LOAD_KW + group_count * GROUP_KW * 0.9 + 300.0 * np.sin(np.arange(count) / 8.0)
    hour = np.arange(count) * HOURS % 24.0
    price = 0.08 + 0.06 * ((hour >= 8.0) & (hour < 22.0)) + 0.06 * ((hour >= 17.0) & (hour < 20.0))
    return SiteTerms(
        step_hours=HOURS,
        load_kw=tuple(load.tolist()),
        energy_price_per_kwh=tuple(price.tolist()),
        import_limit_kw=flat(1.1 * float(load.max()), count),
        resources=tuple(resources),
        max_rise_kw=flat(0.2 * float(load.max()), count),
        previous_net_kw=float(load[0]),
        previous_load_kw=float(load[0]),
    )


def evening_goal(site: SiteTerms, share: float) -> Goal:
    """Make a goal of a share of the load from 17:00 to 20:00, with a band of a fifth."""
    inside = [17.0 <= t * HOURS % 24.0 < 20.0 for t in range(site.interval_count)]
    owed = share * float(np.mean(site.load_kw))
    return Goal(
        baseline_kw=tuple(
            load if each else math.nan for load, each in zip(site.load_kw, inside, strict=True)
        ),
        least_kw=tuple(owed if each else 0.0 for each in inside),
        most_kw=tuple(1.2 * owed if each else 0.0 for each in inside),
    )
