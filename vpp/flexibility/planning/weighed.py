"""A goal whose penalties outweigh the site's own costs, in whatever currency these are.

A job's kWh may be worth a hundred times more in one currency than in another, so that no fixed price of a
shortfall is above all resources everywhere. Reliability comes before revenue: a kWh that is missing
costs more than any kWh that a resource could give, and than any start or pause, within reason; one beyond
the band costs more than it saves.
"""

from dataclasses import replace

from vpp.flexibility.planning.goal import Goal
from vpp.flexibility.planning.terms import (
    GeneratorTerms,
    ResourceTerms,
    SiteTerms,
    StoreTerms,
    WorkTerms,
)

OUTWEIGHS = 2.0
MOST_ONCE = 1e4
"""What is paid once outweighs a missing kWh beyond this: higher costs would trouble the solver."""


def weighed(goal: Goal, site: SiteTerms) -> Goal:
    """Return the goal with penalties of at least twice what anything at the site costs."""
    price = max(abs(each) for each in site.energy_price_per_kwh)
    dearest = price + max((_dearest_per_kwh(each) for each in site.resources), default=0.0)
    once = min(MOST_ONCE, max((_paid_once(each, site.step_hours) for each in site.resources), default=0.0))
    excess = goal.excess_cost_per_kwh
    return replace(
        goal,
        shortfall_cost_per_kwh=max(goal.shortfall_cost_per_kwh, OUTWEIGHS * dearest, OUTWEIGHS * once),
        excess_cost_per_kwh=max(excess, OUTWEIGHS * price) if excess > 0.0 else 0.0,
    )


def _dearest_per_kwh(terms: ResourceTerms) -> float:
    """Return the most that a kWh of a resource's change costs, beside energy; what is paid once left out."""
    if isinstance(terms, StoreTerms):
        return terms.wear_cost_per_kwh + abs(terms.end_value_per_kwh) / terms.delivered_per_stored
    if isinstance(terms, WorkTerms):
        per_lost = terms.value_per_kwh + abs(terms.later_price_per_kwh) + terms.late_cost_per_kwh
        lost = max((segment.lost_ratio for segment in terms.segments), default=0.0)
        if terms.pause is not None and terms.pause.idle_power_ratio < 1.0:
            lost = max(lost, terms.pause.lost_ratio / (1.0 - terms.pause.idle_power_ratio))
        return lost * per_lost + abs(terms.cost_per_kwh)
    return terms.cost_per_kwh


def _paid_once(terms: ResourceTerms, step_hours: float) -> float:
    """Return what it costs to call a resource at all: its start, its restart, its shortest run."""
    if isinstance(terms, GeneratorTerms):
        least_kwh = terms.min_kw * terms.min_run_intervals * step_hours
        return terms.start_cost + terms.cost_per_kwh * least_kwh
    if isinstance(terms, WorkTerms) and terms.pause is not None:
        per_lost = terms.value_per_kwh + abs(terms.later_price_per_kwh)
        return terms.start_cost + terms.pause.restart_cost + per_lost * terms.pause.restart_kwh
    return terms.start_cost
