"""Plays a plan on the terms of its site, by hand, and tells which limit it breaks.

Written from the docstrings of the terms, and knows nothing of the planner's program.
"""

from collections.abc import Mapping
from dataclasses import replace
from itertools import combinations

import numpy as np

from vpp.flexibility.planning.goal import Goal
from vpp.flexibility.planning.plan import Plan
from vpp.flexibility.planning.terms import (
    GeneratorTerms,
    ResourceTerms,
    SiteTerms,
    StoreTerms,
    ThermalTerms,
    WorkTerms,
)
from vpp.flexibility.planning.waste import segments_in_use

SLACK = 1e-4
"""kW, kWh and K that a solver's tolerance may add up to."""
USED_KW = 1e-3
"""A resource that changes less than a watt is not used: a solver's flags are whole to its tolerance."""

TOO_FAR_AHEAD = "works further ahead than it has work"


def broken_limits(site: SiteTerms, goal: Goal, plan: Plan, response_ratio: Mapping[str, float]) -> list[str]:
    """Return what a plan breaks, in words; nothing for a plan that keeps every limit."""
    broken: list[str] = []
    net = np.array(site.load_kw)
    for terms in site.resources:
        less = np.array(plan.reduction_kw[terms.resource_id])
        more = np.array(plan.increase_kw[terms.resource_id])
        net = net - response_ratio.get(terms.resource_id, 1.0) * less + more
        if isinstance(terms, StoreTerms):
            found = _store(terms, less, more, site.step_hours)
        elif isinstance(terms, ThermalTerms):
            found = _hall(terms, less, more)
        elif isinstance(terms, GeneratorTerms):
            found = _generator(terms, less, np.array(plan.is_on[terms.resource_id]), site.step_hours)
        else:
            on = plan.is_on.get(terms.resource_id, ())
            used = replace(terms, segments=segments_in_use(terms, site, goal))
            # Beyond the band, waste could pay a little: it is charged more than energy costs.
            may_waste = max(plan.excess_kw, default=0.0) > SLACK
            found = _work(used, less, more, on, site.step_hours)
            found = [each for each in found if not (may_waste and each == TOO_FAR_AHEAD)]
        broken += [f"{terms.resource_id}: {each}" for each in found]
    if np.abs(net - np.array(plan.net_kw)).max() > SLACK:
        broken.append("net load is not the sum of what the resources do")
    return broken + _site(site, plan, net)


def _store(terms: StoreTerms, less: np.ndarray, more: np.ndarray, hours: float) -> list[str]:
    count = len(less)
    own_out = np.array(terms.own_discharge_kw or (0.0,) * count)
    own_in = np.array(terms.own_charge_kw or (0.0,) * count)
    given, taken = own_out + less, own_in + more
    held = alone = terms.stored_kwh
    broken = []
    for t in range(count):
        held = terms.hold_ratio * held + hours * (
            terms.stored_per_charged * taken[t] - given[t] / terms.delivered_per_stored
        )
        alone = terms.hold_ratio * alone + hours * (
            terms.stored_per_charged * own_in[t] - own_out[t] / terms.delivered_per_stored
        )
        if held < min(terms.floor_kwh[t], alone) - SLACK:
            broken.append(f"holds {held} below its floor at {t}")
        if held > max(terms.ceiling_kwh, alone) + SLACK:
            broken.append(f"holds {held} above its ceiling at {t}")
        if given[t] > max(terms.max_discharge_kw[t], own_out[t]) + SLACK or taken[t] < -SLACK:
            broken.append(f"gives more than its power at {t}")
        if taken[t] > max(terms.max_charge_kw[t], own_in[t]) + SLACK:
            broken.append(f"takes more than its power at {t}")
    if hours * given.sum() > max(terms.throughput_limit_kwh, hours * own_out.sum()) + SLACK:
        broken.append("cycles too much")
    return broken


def _hall(terms: ThermalTerms, less: np.ndarray, more: np.ndarray) -> list[str]:
    broken = []
    now = alone = np.array(terms.start_k)
    for t in range(len(less)):
        before, alone_before = now, alone
        now = np.array(terms.decay[t]) @ now + np.array(terms.gain_k_per_kw[t]) * (
            less[t] - terms.return_ratio * more[t]
        )
        alone = np.array(terms.decay[t]) @ alone
        if not min(-terms.under_k[t], alone[1]) - SLACK <= now[1] <= max(terms.over_k[t], alone[1]) + SLACK:
            broken.append(f"is {now[1]} K off at {t}")
        if now[1] - before[1] > max(terms.rate_k[t], alone[1] - alone_before[1]) + SLACK:
            broken.append(f"warms too fast at {t}")
        if less[t] > terms.max_reduction_kw[t] + SLACK or more[t] > terms.max_increase_kw[t] + SLACK:
            broken.append(f"moves more than its power at {t}")
    return broken


def _runs(is_on: np.ndarray, before: int) -> list[tuple[int, int]]:
    """List runs as (start, end), a run that began before the horizon with a start below 0."""
    runs, start = [], -before if before else None
    for t, on in enumerate(is_on):
        if on and start is None:
            start = t
        if not on and start is not None:
            runs.append((start, t))
            start = None
    return runs if start is None else [*runs, (start, len(is_on) + 10_000)]


def _generator(terms: GeneratorTerms, less: np.ndarray, on: np.ndarray, hours: float) -> list[str]:
    broken = []
    must = max(0, terms.min_run_intervals - terms.running_for) if terms.running_for else 0
    for t in range(len(less)):
        low, high = (terms.min_kw, terms.max_kw[t]) if on[t] else (0.0, 0.0)
        if not min(low, high) - SLACK <= less[t] <= high + SLACK:
            broken.append(f"makes {less[t]} at {t}")
        if on[t] and not terms.is_allowed[t] and t >= must:
            broken.append(f"runs at {t}, where it may not")
    if any(end - start < terms.min_run_intervals for start, end in _runs(on, terms.running_for)):
        broken.append("runs too short")
    if hours * on.sum() > max(terms.permit_hours, hours * must) + SLACK:
        broken.append("runs beyond its permit")
    return broken


def _work(
    terms: WorkTerms,
    less: np.ndarray,
    more: np.ndarray,
    paused: tuple[bool, ...],
    hours: float,
) -> list[str]:
    broken, count = [], len(less)
    on = np.array(paused or (False,) * count)
    begins = np.diff(on.astype(int), prepend=int(terms.pause is not None and terms.pause.paused_for > 0)) > 0
    lost = np.zeros(count)
    for t in range(count):
        cut = less[t]
        if on[t] and terms.pause is not None:
            cut -= (1.0 - terms.pause.idle_power_ratio) * terms.load_kw[t]
            lost[t] += hours * terms.pause.lost_ratio * terms.load_kw[t]
            if more[t] > SLACK or cut > SLACK:
                broken.append(f"is paused, and cut or catching up, at {t}")
        if begins[t] and terms.pause is not None:
            lost[t] += terms.pause.restart_kwh
            if not terms.pause.is_allowed[t]:
                broken.append(f"is paused at {t}, where it may not")
        for segment in terms.segments:
            width = min(max(cut, 0.0), segment.width_ratio * terms.load_kw[t])
            lost[t] += hours * segment.lost_ratio * width
            cut -= width
        if cut > SLACK or more[t] > terms.catch_up_kw[t] + SLACK:
            broken.append(f"moves more than it can at {t}")
    return broken + _pauses(terms, on, begins) + _deadlines(terms, lost, more, hours)


def _pauses(terms: WorkTerms, on: np.ndarray, begins: np.ndarray) -> list[str]:
    broken, pause = [], terms.pause
    if pause is None:
        return []
    if begins.sum() > pause.max_count:
        broken.append("is paused too often")
    for start, end in _runs(on, pause.paused_for):
        if end - start < pause.shortest_intervals:
            broken.append(f"is paused too short from {start}")
        is_over = end < 10_000
        longest = None if pause.longest_intervals is None else max(pause.longest_intervals, -start)
        if longest is not None and is_over and end - start > longest:
            broken.append(f"is paused too long from {start}")
    return broken


def _deadlines(terms: WorkTerms, lost: np.ndarray, more: np.ndarray, hours: float) -> list[str]:
    broken, count = [], len(lost)
    put_off = sum(kwh for _, kwh in terms.backlog_kwh)
    done = np.cumsum(hours * more)
    if (put_off + np.cumsum(lost) - done).min() < -terms.ahead_kwh - SLACK and more.max() > SLACK:
        broken.append(TOO_FAR_AHEAD)
    if terms.backlog_kwh or (terms.pause is not None and terms.pause.paused_for):
        return broken  # late whatever is done, perhaps
    due = np.arange(count) + np.array(terms.due_after)
    for date in sorted(set(due.tolist())):
        owed = lost[due <= date].sum()
        by_then = done[min(date, count - 1)] + hours * max(0, date + 1 - count) * terms.later_catch_up_kw
        if owed - by_then > terms.max_late_kwh + SLACK:
            broken.append(f"is {owed - by_then} kWh late at {date}")
    return broken


def _forced(terms: ResourceTerms, count: int) -> np.ndarray:
    """Return the reduction of a pause or a run that has not lasted its shortest, whatever is decided."""
    if isinstance(terms, GeneratorTerms):
        left = terms.min_run_intervals - terms.running_for if terms.running_for else 0
        kw = np.minimum(terms.min_kw, terms.max_kw)
    elif isinstance(terms, WorkTerms) and terms.pause is not None:
        left = terms.pause.shortest_intervals - terms.pause.paused_for if terms.pause.paused_for else 0
        kw = (1.0 - terms.pause.idle_power_ratio) * np.array(terms.load_kw)
    else:
        return np.zeros(count)
    return np.where(np.arange(len(kw)) < left, kw, 0.0)


def _site(site: SiteTerms, plan: Plan, net: np.ndarray) -> list[str]:
    broken, load = [], np.array(site.load_kw)
    forced = {each.resource_id: _forced(each, len(load)) for each in site.resources}
    left = load - sum(forced.values(), np.zeros(len(load)))
    high = np.minimum(site.import_limit_kw, site.transformer_limit_kw or np.inf)
    low = -np.array(site.export_limit_kw or np.zeros(len(load)))
    if (net > np.maximum(high, load) + SLACK).any() or (net < np.minimum(low, left) - SLACK).any():
        broken.append("the connection's limits are broken")
    if site.max_rise_kw:
        natural = np.maximum(np.diff(load), np.diff(left))
        if (np.diff(net) > np.maximum(site.max_rise_kw[1:], natural) + SLACK).any():
            broken.append("the net load rises too fast")
    for exclusion in site.exclusions:
        members = [key for key in exclusion if key in plan.reduction_kw]
        used = {key: np.where(forced[key] > 0.0, 0.0, plan.reduction_kw[key]) for key in members}
        beside = sum((forced[key] for key in members), np.zeros(len(load)))
        if any(
            np.minimum(one, other).max() > USED_KW for one, other in combinations(used.values(), 2)
        ) or any(np.minimum(one, beside).max() > USED_KW for one in used.values()):
            broken.append(f"{sorted(exclusion)} are used at once")
    for limit in site.shared_limits:
        sharing = [
            weight * np.array(plan.reduction_kw[key])
            for key, weight in limit.weight
            if key in plan.reduction_kw
        ]
        must = sum((weight * forced.get(key, 0.0) for key, weight in limit.weight), np.zeros(len(load)))
        if (np.sum(sharing, axis=0) > np.maximum(limit.limit_kw, must) + SLACK).any():
            broken.append("a shared limit is broken")
    return broken
