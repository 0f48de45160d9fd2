"""Columns and rows of the site: its net load, its limits, and what it delivers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from vpp.flexibility.planning.assembly import Assembly, ResourceColumns
from vpp.flexibility.planning.forced import most_used, shared_limit_kw
from vpp.flexibility.planning.settled import net_bounds_kw, rise_limits_kw
from vpp.solver.columns import Integers


@dataclass(frozen=True, slots=True)
class SiteColumns:
    """Where the site is in a program.

    Attributes:
        net: Net load. Shape (N,).
        measured: Intervals in which deliveries are measured. Shape (M,).
        paid: What is delivered within the band. Shape (M,).
        excess: What is delivered beyond it. Shape (M,).
        missing: What is owed and not delivered. Shape (M,).
    """

    net: Integers
    measured: Integers
    paid: Integers
    excess: Integers
    missing: Integers


def append_site(
    assembly: Assembly, parts: Sequence[ResourceColumns], response_ratio: Mapping[str, float]
) -> SiteColumns:
    """Append the net load, its limits and what all resources share.

    balance: n[t] + sum_r ratio_r d[r,t] - sum_r u[r,t] = l[t]
    rise: n[t] - n[t-1] <= rise[t], with the net load before on the right for t = 0
    shared: sum_r weight_r d[r,t] <= limit[t]

    Args:
        assembly: The program, with all resources appended.
        parts: The resources.
        response_ratio: Share of a reduction that is delivered, by resource id; 1 for a missing one.

    Source:
        `SiteTerms` and `Goal`.
    """
    site, columns, count = assembly.site, assembly.columns, assembly.count
    low, high = net_bounds_kw(site)
    net = columns.add_columns(
        count, low=low, high=high, cost=assembly.hours * np.array(site.energy_price_per_kwh)
    )
    right = np.array(site.load_kw)
    for part in parts:
        ratio = response_ratio.get(part.resource_id, 1.0)
        right = right - ratio * part.reduction.constant + part.increase.constant
    rows = columns.add_rows(count, low=right, high=right)
    columns.add_entries(rows, net, 1.0)
    for part in parts:
        assembly.hold_below(rows, part.reduction, response_ratio.get(part.resource_id, 1.0))
        assembly.hold_below(rows, part.increase, -1.0)
    _append_rise(assembly, net)
    by_id = {part.resource_id: part for part in parts}
    for limit in site.shared_limits:
        sharers = [(by_id[key], weight) for key, weight in limit.weight if key in by_id]
        constant = sum((weight * part.reduction.constant for part, weight in sharers), np.zeros(count))
        rows = columns.add_rows(count, low=-np.inf, high=shared_limit_kw(site, limit) - constant)
        for part, weight in sharers:
            assembly.hold_below(rows, part.reduction, weight)
    _append_exclusions(assembly, by_id)
    return _append_goal(assembly, net)


def _append_rise(assembly: Assembly, net: Integers) -> None:
    """Bound how fast the net load rises; the first rise may be beyond what can be held back."""
    limits, columns = rise_limits_kw(assembly.site), assembly.columns
    if not np.isfinite(limits).any():
        return
    previous = assembly.site.previous_net_kw
    limits[0] += 0.0 if previous is None else previous
    rows = columns.add_rows(assembly.count, low=-np.inf, high=limits)
    columns.add_entries(rows, net, 1.0)
    columns.add_entries(rows[1:], net[:-1], -1.0)
    beyond = assembly.add_penalties(1, assembly.hours * assembly.hard_cost_per_kwh)
    columns.add_entries(rows[:1], beyond, -1.0)


def _append_exclusions(assembly: Assembly, by_id: Mapping[str, ResourceColumns]) -> None:
    """Let at most one resource of each exclusion reduce in an interval: sum_r flag[r,t] <= most[t]."""
    columns, count = assembly.columns, assembly.count
    flags = assembly.used
    for exclusion in assembly.site.exclusions:
        members = sorted(key for key in exclusion if key in by_id)
        rows = columns.add_rows(count, low=-np.inf, high=most_used(assembly.site, exclusion))
        for key in members:
            if key not in flags:
                flags[key] = assembly.add_flags(count)
                assembly.gate(by_id[key], flags[key])
            columns.add_entries(rows, flags[key], 1.0)


def _append_goal(assembly: Assembly, net: Integers) -> SiteColumns:
    """Append what is delivered: s n[t] + q[t] + e[t] - w[t] = s B[t], where it is measured."""
    goal, columns, hours = assembly.goal, assembly.columns, assembly.hours
    measured = np.flatnonzero(goal.is_measured)
    price = np.array(goal.price_per_kwh)[measured] if goal.price_per_kwh else np.zeros(len(measured))
    least, most = np.array(goal.least_kw)[measured], np.array(goal.most_kw)[measured]
    paid = columns.add_columns(len(measured), low=least, high=most, cost=-hours * price)
    excess = columns.add_columns(len(measured), low=0.0, high=np.inf, cost=hours * goal.excess_cost_per_kwh)
    missing = columns.add_columns(
        len(measured), low=0.0, high=np.inf, cost=hours * (goal.shortfall_cost_per_kwh + np.abs(price))
    )
    right = goal.sign * np.array(goal.baseline_kw)[measured]
    rows = columns.add_rows(len(measured), low=right, high=right)
    columns.add_entries(rows, net[measured], goal.sign)
    columns.add_entries(rows, paid, 1.0)
    columns.add_entries(rows, excess, 1.0)
    columns.add_entries(rows, missing, -1.0)
    return SiteColumns(net, measured, paid, excess, missing)
