"""From a solved program to a plan."""

import numpy as np

from vpp.flexibility.bounds import TOLERANCE_KW
from vpp.flexibility.planning.assembly import ResourceColumns
from vpp.flexibility.planning.plan import Plan, WhyNot
from vpp.flexibility.planning.program import PlanProgram
from vpp.flexibility.planning.settled import stored_bounds_kwh
from vpp.flexibility.planning.terms import (
    GeneratorTerms,
    ResourceTerms,
    SiteTerms,
    StoreTerms,
    ThermalTerms,
    Values,
)
from vpp.solver.linear_program import Floats, LinearAnswer
from vpp.solver.report import gap_ratio

SHORT_KW = 1e-3
"""Missing less than this is rounding of the solver."""


def read_plan(built: PlanProgram, answer: LinearAnswer, wall_s: float) -> Plan:
    """Turn a solver's answer into a plan.

    Args:
        built: The program.
        answer: What the solver found.
        wall_s: How long building and solving took, s.
    """
    if not answer.outcome.has_solution:
        return Plan(answer.outcome, bound=answer.bound, wall_s=wall_s)
    value, at_site, count = answer.column_value, built.at_site, built.site.interval_count
    reductions = {part.resource_id: part.reduction.at(value) for part in built.parts}
    increases = {part.resource_id: part.increase.at(value) for part in built.parts}
    net = value[at_site.net]
    delivered, missing, excess = np.zeros(count), np.zeros(count), np.zeros(count)
    baseline = np.array(built.goal.baseline_kw)[at_site.measured]
    delivered[at_site.measured] = built.goal.sign * (baseline - net[at_site.measured])
    missing[at_site.measured] = value[at_site.missing]
    excess[at_site.measured] = value[at_site.excess]
    stored, is_on = {}, {}
    for part in built.parts:
        for name, columns in part.family.items():
            if name in {"stored", "air"}:
                stored[part.resource_id] = _values(value[columns])
            elif name in {"paused", "running"}:
                is_on[part.resource_id] = tuple((np.rint(value[columns]) > 0.0).tolist())
    short_at = np.flatnonzero(missing > SHORT_KW)
    why_short = {}
    if len(short_at):
        at = int(short_at[0])
        why_short = {
            part.resource_id: _why_not(built.site, terms, part, value, at)
            for part, terms in zip(built.parts, built.site.resources, strict=True)
        }
    return Plan(
        outcome=answer.outcome,
        reduction_kw={key: _values(np.maximum(each, 0.0)) for key, each in reductions.items()},
        increase_kw={key: _values(each) for key, each in increases.items()},
        net_kw=_values(net),
        delivered_kw=_values(delivered),
        shortfall_kw=_values(missing),
        excess_kw=_values(excess),
        is_on=is_on,
        stored=stored,
        why_short=why_short,
        cost=_cost(built, value),
        objective=answer.objective,
        bound=answer.bound,
        gap_ratio=gap_ratio(answer.objective, answer.bound),
        wall_s=wall_s,
    )


def _values(array: Floats) -> Values:
    """Return plain numbers, without the solver's noise around 0."""
    return tuple(np.where(np.abs(array) < TOLERANCE_KW, 0.0, array).tolist())


def _cost(built: PlanProgram, value: Floats) -> float:
    """Return what the plan costs, without what is charged for what is missing or owed."""
    penalised = np.concatenate([built.at_site.missing, built.at_site.excess, built.penalties])
    cost = built.program.cost.copy()
    cost[penalised] = 0.0
    return float(cost @ value)


def _why_not(site: SiteTerms, terms: ResourceTerms, part: ResourceColumns, value: Floats, at: int) -> WhyNot:
    """Tell what keeps a resource from giving more in an interval."""
    if isinstance(terms, GeneratorTerms) and not terms.is_allowed[at]:
        return WhyNot.PERMIT
    given = part.reduction.at(value)
    if given[at] >= part.largest_kw[at] - SHORT_KW:
        return WhyNot.POWER
    if isinstance(terms, StoreTerms):
        floor, _ = stored_bounds_kwh(terms, site.step_hours)
        later = value[part.family["stored"]][at:] - floor[at:]
        discharged = site.step_hours * float(value[part.family["discharge"]].sum())
        is_spent = later.min() <= SHORT_KW or discharged >= terms.throughput_limit_kwh - SHORT_KW
        return WhyNot.ENERGY if is_spent else WhyNot.SITE
    if isinstance(terms, ThermalTerms):
        return WhyNot.TEMPERATURE if not _is_alone(site, terms.resource_id) else WhyNot.SITE
    if isinstance(terms, GeneratorTerms):
        return WhyNot.PERMIT
    return WhyNot.DEADLINE if not _is_alone(site, terms.resource_id) else WhyNot.SITE


def _is_alone(site: SiteTerms, resource_id: str) -> bool:
    """Tell whether a resource may not be used beside another."""
    return any(resource_id in exclusion for exclusion in site.exclusions)
