"""The split of a target in the planner's words, and the planner's answer as shares."""

import math
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from vpp.agent.double_use import exclusions_of, joint_limits_of, shared_limits_of
from vpp.agent.learned import Learned
from vpp.agent.settings import AgentSettings
from vpp.agent.site_parts import exclusions_among, limits_among, one_way, owner_of, parts_by_owner, parts_of
from vpp.agent.site_tariff import SiteTariff
from vpp.agent.split_task import SplitTask
from vpp.flexibility.envelope import FlexDirection
from vpp.flexibility.planning.site_terms import ResourceTerms, SiteTerms
from vpp.flexibility.split import split_target
from vpp.foundation.direction import Direction

if TYPE_CHECKING:
    from vpp.flexibility.planning.goal import Goal
    from vpp.flexibility.planning.plan import Plan

HOUR = timedelta(hours=1)
TOLERANCE_KW = 0.01


def site_of(
    task: SplitTask, settings: AgentSettings, tariff: SiteTariff, learned: Learned | None
) -> SiteTerms | None:
    """Return the site as the planner sees it, now first; None where a resource cannot be planned."""
    count, step = 1 + len(task.later), task.step
    prices = tariff.prices().prices_over(task.now, step, count)
    resources: list[ResourceTerms] = []
    for unit in task.units:
        if task.available_kw.get(unit.resource_id, 0.0) <= 0.0:
            continue
        parts = parts_of(unit, task.state(unit), count, step, prices)
        if parts is None:
            return None
        for part in parts:
            terms = one_way(part, task.direction)
            if terms is None:
                continue
            ratio = terms.delivery_ratio
            if learned is not None:
                ratio = learned.confidence(unit.resource_id, ratio).p10_ratio
            resources.append(replace(terms, delivery_ratio=min(1.0, max(0.01, ratio))))
    if not resources:
        return None
    parts_by = parts_by_owner(resources)
    shared = shared_limits_of(task.units, count) if task.direction is Direction.LOAD_DOWN else ()
    return SiteTerms(
        step_hours=step / HOUR,
        load_kw=(task.load_kw,) * count,
        energy_price_per_kwh=tuple(float(price) for price in prices),
        import_limit_kw=(settings.site.largest_import_kw,) * count,
        resources=tuple(resources),
        previous_net_kw=task.net_kw,
        previous_load_kw=task.load_kw if task.net_kw is not None else None,
        exclusions=exclusions_among(exclusions_of(task.units), parts_by),
        shared_limits=limits_among(shared, parts_by),
    )


def goal_of(task: SplitTask, site: SiteTerms) -> "Goal":
    """Return what is owed: exactly what is wanted now, then what the events in force ask for."""
    from vpp.flexibility.planning.goal import Goal  # noqa: PLC0415  the agent's start stays light

    is_up = task.direction is Direction.LOAD_UP
    baselines, least, most = [task.load_kw], [task.wanted_kw], [task.wanted_kw]
    for n, (baseline_kw, owed_kw) in enumerate(task.later, start=1):
        baselines.append(site.load_kw[n] if baseline_kw is None else baseline_kw)
        least.append(owed_kw)
        most.append(math.inf)
    return Goal(
        baseline_kw=tuple(baselines),
        least_kw=tuple(least),
        most_kw=tuple(most),
        direction=FlexDirection.LOAD_UP if is_up else FlexDirection.LOAD_DOWN,
    )


def shares_of(
    plan: "Plan", task: SplitTask, step: timedelta, ratios: Mapping[str, float]
) -> dict[str, float]:
    """Return the shares of now, kW, by resource id; what the plan leaves open goes to the cheapest.

    No share is more than its resource has in its own model, whatever the plan says. Nor do they deliver
    more than is wanted: what the plan takes for all or nothing, a device may do in part.

    Args:
        plan: The plan.
        task: What is to be split.
        step: Length of a control step.
        ratios: What is delivered of a command, by part; 1 for a missing one.
    """
    is_up = task.direction is Direction.LOAD_UP
    planned = plan.increase_kw if is_up else plan.reduction_kw
    planned_kw: dict[str, float] = {}
    delivered_kw = math.fsum(max(0.0, values[0]) * ratios.get(key, 1.0) for key, values in planned.items())
    scale = task.wanted_kw / delivered_kw if delivered_kw > max(task.wanted_kw, TOLERANCE_KW) else 1.0
    for part_id, values in planned.items():
        share_kw = scale * max(0.0, values[0])
        planned_kw[owner_of(part_id)] = planned_kw.get(owner_of(part_id), 0.0) + share_kw
    shares_kw, room_kw = {}, {}
    for unit in task.units:
        key = unit.resource_id
        has_kw = 0.0
        if unit.is_available:
            has_kw = (unit.available_increase_kw if is_up else unit.available_kw)(unit.observed, step)
        shares_kw[key] = min(planned_kw.get(key, 0.0), has_kw)
        room_kw[key] = max(0.0, min(has_kw, task.available_kw.get(key, 0.0)) - shares_kw[key])
    missing_kw = task.wanted_kw - math.fsum(shares_kw.values())
    if missing_kw > TOLERANCE_KW:
        # The plan's shares count as awards: what they leave of the joint limits is there for the rest.
        most_kw = {key: kw + room_kw[key] for key, kw in shares_kw.items()}
        joint = joint_limits_of(task.units, task.direction)
        return split_target(task.wanted_kw, most_kw, task.price_per_mwh, shares_kw, joint)
    return shares_kw
