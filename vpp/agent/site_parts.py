"""The parts in which the planner sees a site's resources: a cluster group by group, the others whole.

What is decided of groups stays at the site: the hub knows clusters only.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from itertools import product
from typing import Any

from vpp.agent.job_groups_unit import JobGroupsUnit
from vpp.agent.unit import Unit
from vpp.flexibility.job_group_terms import ID_SEPARATOR
from vpp.flexibility.knob import Knob
from vpp.flexibility.planning.generator_terms import GeneratorTerms
from vpp.flexibility.planning.site_terms import ResourceTerms, SharedLimit, SiteTerms
from vpp.flexibility.planning.store_terms import StoreTerms
from vpp.flexibility.planning.thermal_terms import ThermalTerms
from vpp.flexibility.planning.values import Values
from vpp.flexibility.planning.work_terms import WorkTerms
from vpp.foundation.direction import Direction

MOST_GROUPS = 12
"""Of a cluster with more groups the plan would take too long; it is planned as one, without its pauses."""


def parts_of(
    unit: Unit[Any],
    state: Any,  # noqa: ANN401  each kind's own
    interval_count: int,
    step: timedelta,
    prices_per_kwh: Sequence[Decimal],
) -> tuple[ResourceTerms, ...] | None:
    """Return what the planner sees of a resource; None if its kind is not planned.

    Args:
        unit: The resource.
        state: At the start of the horizon.
        interval_count: Intervals of the horizon, N.
        step: Length of an interval.
        prices_per_kwh: What a kWh costs the site. Shape (N,).
    """
    if isinstance(unit, JobGroupsUnit) and _can_pause(unit):
        return unit.group_terms(state, interval_count, step)
    terms = unit.terms(state, interval_count, step, prices_per_kwh)
    return None if terms is None else (terms,)


def _can_pause(unit: JobGroupsUnit) -> bool:
    params = unit.params
    has_pauses = Knob.PAUSE in params.knobs and any(group.pause is not None for group in params.groups)
    return has_pauses and len(params.groups) <= MOST_GROUPS


def owner_of(part_id: str) -> str:
    """Return the resource that a part belongs to.

    Example:
        >>> owner_of("cluster/night-training"), owner_of("bess")
        ('cluster', 'bess')
    """
    return part_id.partition(ID_SEPARATOR)[0]


def parts_by_owner(resources: Iterable[ResourceTerms]) -> dict[str, tuple[str, ...]]:
    """Return the ids of each resource's parts, by resource id."""
    found: dict[str, tuple[str, ...]] = {}
    for each in resources:
        owner = owner_of(each.resource_id)
        found[owner] = (*found.get(owner, ()), each.resource_id)
    return found


def exclusions_among(
    pairs: Iterable[frozenset[str]], parts: Mapping[str, Sequence[str]]
) -> tuple[frozenset[str], ...]:
    """Return exclusions of resources as exclusions of their parts; those of no part are left out."""
    return tuple(
        frozenset(chosen)
        for pair in pairs
        if all(owner in parts for owner in pair)
        for chosen in product(*(parts[owner] for owner in sorted(pair)))
    )


def limits_among(
    limits: Iterable[SharedLimit], parts: Mapping[str, Sequence[str]]
) -> tuple[SharedLimit, ...]:
    """Return what resources share as what their parts share; a resource that is not planned takes nothing."""
    return tuple(
        SharedLimit(
            tuple((part, weight) for owner, weight in limit.weight for part in parts.get(owner, ())),
            limit.limit_kw,
        )
        for limit in limits
    )


def one_way(terms: ResourceTerms, direction: Direction) -> ResourceTerms | None:
    """Return a part as it may move during a delivery: nobody recovers then, and nothing moves the other way.

    Args:
        terms: The part.
        direction: Which way the site moves.

    Returns:
        The part; None if it cannot move that way at all.
    """
    is_down = direction is Direction.LOAD_DOWN
    match terms:
        case StoreTerms() if is_down:
            charge_kw = terms.own_charge_kw or _nothing(terms.max_charge_kw)
            return replace(terms, max_charge_kw=charge_kw, end_kwh=0.0)
        case StoreTerms():
            discharge_kw = terms.own_discharge_kw or _nothing(terms.max_discharge_kw)
            return replace(terms, max_discharge_kw=discharge_kw)
        case WorkTerms():
            cut = replace(terms, catch_up_kw=_nothing(terms.catch_up_kw))
            return cut if is_down else replace(terms, segments=(), pause=None)
        case ThermalTerms():
            warm = replace(terms, max_increase_kw=_nothing(terms.max_increase_kw))
            return warm if is_down else replace(terms, max_reduction_kw=_nothing(terms.max_reduction_kw))
        case GeneratorTerms():
            return terms if is_down else None


def _nothing(values: Values) -> Values:
    return (0.0,) * len(values)


def has_decisions(site: SiteTerms) -> bool:
    """Tell whether anything is to be decided that is on or off: a pause, or a generator's run."""
    return any(
        isinstance(each, GeneratorTerms) or (isinstance(each, WorkTerms) and each.pause is not None)
        for each in site.resources
    )
