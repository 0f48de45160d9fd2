"""Where drawing energy pays, so that a plan might waste it in ways that no equipment has.

A store that charges and discharges at once burns energy, so that its turns then need whole numbers. A
group of jobs that is cut in its worst segment first makes work to do again; its cap response is then
taken as one straight line: a share of the interval at the lowest cap, the rest at none.
"""

from dataclasses import replace

from vpp.flexibility.envelope import FlexDirection
from vpp.flexibility.planning.goal import Goal
from vpp.flexibility.planning.terms import CutSegment, SiteTerms, WorkTerms

LEAST_LOST_RATIO = 0.02
"""A cut that loses work loses at least this per kWh: else a plan would miss a deadline, which costs a hundred
shortfalls, for a reduction of more than a hundred kWh per kWh late."""


def may_waste(site: SiteTerms, goal: Goal) -> bool:
    """Tell whether wasting energy could pay: at a price below 0, for a load-up, beyond the feed-in limit."""
    is_up = goal.direction is FlexDirection.LOAD_UP and any(goal.is_measured)
    most = site.export_limit_kw or (0.0,) * site.interval_count
    overflows = any(load < -limit for load, limit in zip(site.load_kw, most, strict=True))
    return is_up or overflows or min(site.energy_price_per_kwh) < 0.0


def segments_in_use(terms: WorkTerms, site: SiteTerms, goal: Goal) -> tuple[CutSegment, ...]:
    """Return a group's cap response as a plan may use it."""
    segments = tuple(
        replace(each, lost_ratio=max(each.lost_ratio, LEAST_LOST_RATIO)) if each.lost_ratio > 0.0 else each
        for each in terms.segments
    )
    width = sum(segment.width_ratio for segment in segments)
    if not may_waste(site, goal) or width <= 0.0:
        return segments
    lost = sum(segment.width_ratio * segment.lost_ratio for segment in segments)
    return (CutSegment(min(width, 1.0), lost / width),)
