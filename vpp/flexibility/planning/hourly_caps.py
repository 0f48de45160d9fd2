r"""A capacity curve, turned into what each resource may draw in each interval.

With the curve c_t at the point of connection, every plan keeps n_t <= c_t as far as it can, and all
work of the horizon is done within it:

    n_t - w_t <= c_t,   sum_t (lost_t - h g_t) + backlog <= 0 for every group,   w_t >= 0 missing

The day's total of work is so preserved: the curve moves work, it takes none away. A curve can be kept
only where sum_t c_t is at least the demand.

Source:
    Radovanovic et al., Carbon-aware computing for datacenters, arXiv 2106.11750: hourly limits from a
    day-ahead forecast, daily total preserved.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from vpp.flexibility.planning.goal import Goal
from vpp.flexibility.planning.plan import Plan
from vpp.flexibility.planning.schedule import NO_RATIOS
from vpp.flexibility.planning.solving import solve_plan
from vpp.flexibility.planning.terms import ResourceTerms, SiteTerms, Values, WorkTerms
from vpp.foundation.errors import InvalidInput

RELATIVE_GAP = 1e-3


@dataclass(frozen=True, slots=True)
class HourlyCaps:
    """What each resource may draw under a capacity curve.

    Attributes:
        plan: The plan behind it; its shortfall is what stands above the curve.
        cap_kw: What each group of jobs may draw, kW, by resource id. Shape (N,) each.
        moved_kwh: Work put off or done ahead by each group, kWh at full speed, by resource id.
    """

    plan: Plan
    cap_kw: Mapping[str, Values]
    moved_kwh: Mapping[str, float]

    @property
    def is_kept(self) -> bool:
        """Whether the whole curve is kept."""
        return self.plan.outcome.has_solution and self.plan.largest_shortfall_kw <= 0.0


def hourly_caps(site: SiteTerms, capacity_kw: Values, *, time_limit_s: float = 10.0) -> HourlyCaps:
    """Share a capacity curve out among a site's resources.

    Args:
        site: The site over the curve's horizon, for example 24 hours.
        capacity_kw: The curve, kW at the point of connection. Shape (N,).
        time_limit_s: Longest time of the solver, s.

    Raises:
        InvalidInput: The curve has another horizon than the site.

    Example:
        >>> from vpp.flexibility.planning.terms import CutSegment, flat
        >>> batch = WorkTerms("batch", flat(100.0, 3), (CutSegment(1.0, 1.0),), flat(60.0, 3), 0.0,
        ...     (2, 1, 0))
        >>> site = SiteTerms(1.0, flat(400.0, 3), flat(0.1, 3), flat(500.0, 3), (batch,))
        >>> caps = hourly_caps(site, (340.0, 430.0, 430.0))
        >>> caps.is_kept, [round(kw) for kw in caps.cap_kw["batch"]]
        (True, [40, 130, 130])
    """
    if len(capacity_kw) != site.interval_count:
        raise InvalidInput(
            f"capacity_kw has {len(capacity_kw)} values, expected the site's {site.interval_count}"
        )
    count = site.interval_count
    goal = Goal(
        baseline_kw=capacity_kw,
        least_kw=(0.0,) * count,
        most_kw=(float("inf"),) * count,
        excess_cost_per_kwh=0.0,
    )
    inside = replace(site, resources=tuple(_within(each, count) for each in site.resources))
    plan = solve_plan(inside, goal, NO_RATIOS, time_limit_s=time_limit_s, relative_gap=RELATIVE_GAP)
    caps, moved = {}, {}
    for terms in site.resources:
        if isinstance(terms, WorkTerms) and plan.outcome.has_solution:
            more = np.array(plan.increase_kw[terms.resource_id])
            less = np.array(plan.reduction_kw[terms.resource_id])
            caps[terms.resource_id] = tuple((np.array(terms.load_kw) - less + more).tolist())
            moved[terms.resource_id] = site.step_hours * float(more.sum())
    return HourlyCaps(plan, caps, moved)


def _within(terms: ResourceTerms, count: int) -> ResourceTerms:
    """Return a group whose work must be done within the horizon."""
    if not isinstance(terms, WorkTerms):
        return terms
    return replace(
        terms,
        due_after=tuple(min(after, count - 1 - t) for t, after in enumerate(terms.due_after)),
        backlog_kwh=tuple((min(index, count - 1), kwh) for index, kwh in terms.backlog_kwh),
        later_catch_up_kw=0.0,
        max_late_kwh=0.0,
    )
