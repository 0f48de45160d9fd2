"""What a site's resources have in common, in the planner's words: nothing is to be counted twice.

A kW that the cooling has saved because computers were cut cannot be saved by a warmer hall again, and a
UPS cannot take over a load that was switched off; see `vpp.flexibility.site_envelope`.
"""

import math
from collections.abc import Sequence
from typing import Any

from vpp.agent.unit import Unit
from vpp.agent.ups_unit import UpsUnit
from vpp.flexibility.joint_limits import JointLimits
from vpp.flexibility.planning.site_terms import SharedLimit
from vpp.flexibility.site_envelope import SharedUse, shared_carried_load, shared_cooling
from vpp.foundation.direction import Direction


def shared_uses_of(units: Sequence[Unit[Any]]) -> tuple[SharedUse, ...]:
    """Return the limits that observed resources share at present.

    Where several cuts of computers have different overheads, the largest counts for the cooling and the
    smallest for the UPS: both on the safe side. What computers are cut by at present is missing from the
    loads that instruments show, and is added again: limits are meant for the site without any cut.

    Args:
        units: The site's resources; one without an observation is left out.
    """
    seen = [unit for unit in units if unit.state is not None]
    slopes = {
        unit.resource_id: unit.overhead_slope_ratio for unit in seen if unit.overhead_slope_ratio is not None
    }
    drawn_kw = {unit.resource_id: unit.chiller_power_kw(unit.observed) for unit in seen}
    relieving = {resource_id: kw for resource_id, kw in drawn_kw.items() if kw is not None}
    carrying = {unit.resource_id: unit.observed.load_kw for unit in seen if isinstance(unit, UpsUnit)}
    cut_kw = math.fsum(max(0.0, unit.reduction_kw) for unit in seen if unit.resource_id in slopes)
    uses = []
    if relieving and len(relieving) + len(slopes) > 1:
        most = max(slopes.values(), default=0.0)
        full_kw = max(relieving.values()) + cut_kw * most / (1.0 + most)
        uses.append(shared_cooling(full_kw, tuple(relieving), tuple(slopes), most))
    if carrying and slopes:
        least = min(slopes.values())
        full_kw = math.fsum(carrying.values()) + cut_kw / (1.0 + least)
        uses.append(shared_carried_load(full_kw, tuple(carrying), tuple(slopes), least))
    return tuple(uses)


def shared_limits_of(units: Sequence[Unit[Any]], interval_count: int) -> tuple[SharedLimit, ...]:
    """Return the same for a horizon, the present limit in every interval."""
    return tuple(
        SharedLimit(tuple(use.weight.items()), (use.limit_kw,) * interval_count)
        for use in shared_uses_of(units)
    )


def joint_limits_of(units: Sequence[Unit[Any]], direction: Direction = Direction.LOAD_DOWN) -> JointLimits:
    """Return what a site's resources have in common; upwards only what cannot be used together."""
    shared = shared_uses_of(units) if direction is Direction.LOAD_DOWN else ()
    return JointLimits(shared, exclusions_of(units))


def exclusions_of(units: Sequence[Unit[Any]]) -> tuple[frozenset[str], ...]:
    """Return the pairs of resources that cannot be used at the same time."""
    ids = {unit.resource_id for unit in units}
    pairs = {
        frozenset({unit.resource_id, other})
        for unit in units
        if unit.state is not None
        for other in unit.present_envelope().excludes & ids
    }
    return tuple(sorted(pairs, key=sorted))
