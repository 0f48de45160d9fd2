"""Groups of jobs.

Variables, all 0 or more:

    cut[r,k,t]     0 to width_k l, kW
    catch_up[r,t]  0 to G, kW
    late[r,i]      0 to max_late, kWh, at due date i
    broken[r,i]    late whatever is done, kWh; see `may_break`
    paused[r,t]    0 or 1
    begins[r,t]    0 or 1
"""

import pyomo.environ as pyo

from vpp.flexibility.planning.deadline_columns import due_dates, late_anyway_kwh, may_break
from vpp.flexibility.planning.pause_columns import may_stay_paused, must_stay_paused
from vpp.flexibility.planning.reference.view import PlanView
from vpp.flexibility.planning.terms import PauseTerms, WorkTerms


def pause_of(work: WorkTerms) -> PauseTerms | None:
    """Return how a group is paused; None if pausing it would save nothing."""
    pause = work.pause
    return pause if pause is not None and pause.idle_power_ratio < 1.0 else None


def dates_of(work: WorkTerms) -> list[int]:
    """Return each date on which work falls due, in order."""
    due = {t + after for t, after in enumerate(work.due_after)}
    return sorted(due | {index for index, _ in work.backlog_kwh})


def add_work_variables(model: pyo.ConcreteModel, view: PlanView) -> None:
    """Add the variables of groups."""
    groups, horizon = view.groups, view.horizon
    segments = [(r, k, t) for r, work in groups.items() for k in range(len(work.segments)) for t in horizon]
    model.cut = pyo.Var(
        segments,
        bounds=lambda _, r, k, t: (0.0, groups[r].segments[k].width_ratio * groups[r].load_kw[t]),
    )
    model.catch_up = pyo.Var(
        [(r, t) for r in groups for t in horizon], bounds=lambda _, r, t: (0.0, groups[r].catch_up_kw[t])
    )
    dates = [(r, date) for r, work in groups.items() for date in dates_of(work)]
    model.late = pyo.Var(dates, bounds=lambda _, r, __: (0.0, groups[r].max_late_kwh))
    owing = [(r, date) for r, date in dates if may_break(groups[r])]
    model.broken = pyo.Var(owing, domain=pyo.NonNegativeReals)
    pausing = [(r, t) for r, work in groups.items() if pause_of(work) for t in horizon]
    model.paused = pyo.Var(pausing, domain=pyo.Binary)
    model.begins = pyo.Var(pausing, domain=pyo.Binary)


def add_work(model: pyo.ConcreteModel, view: PlanView) -> None:
    """Add the rows of groups."""
    groups = view.groups
    both = [(r, t) for r in groups for t in view.horizon]
    model.work_in_turn = pyo.Constraint(both, rule=lambda m, r, t: work_in_turn(m, view, r, t))
    model.ahead = pyo.Constraint(both, rule=lambda m, r, t: ahead(m, view, r, t))
    model.in_time = pyo.Constraint(list(model.late), rule=lambda m, r, date: in_time(m, view, r, date))
    pausing = list(model.paused)
    model.begin = pyo.Constraint(pausing, rule=lambda m, r, t: begin(m, view, r, t))
    model.allowed = pyo.Constraint(pausing, rule=lambda m, r, t: allowed(m, view, r, t))
    model.held = pyo.Constraint(pausing, rule=lambda m, r, t: held(m, view, r, t))
    model.shortest = pyo.Constraint(pausing, rule=lambda m, r, t: shortest(m, view, r, t))
    model.longest = pyo.Constraint(pausing, rule=lambda m, r, t: longest(m, view, r, t))
    model.apart = pyo.Constraint(pausing, rule=lambda m, r, t: apart(m, view, r, t))
    model.pause_count = pyo.Constraint(
        sorted({r for r, _ in pausing}), rule=lambda m, r: pause_count(m, view, r)
    )


def lost(model: pyo.ConcreteModel, view: PlanView, r: str, t: int) -> pyo.Expression:
    """Return the work lost in an interval: h (sum_k lost_k cut + lost_p l paused) + restart begins, kWh."""
    work = view.groups[r]
    total = view.hours * pyo.quicksum(
        segment.lost_ratio * model.cut[r, k, t] for k, segment in enumerate(work.segments)
    )
    pause = pause_of(work)
    if pause is not None:
        total += view.hours * pause.lost_ratio * work.load_kw[t] * model.paused[r, t]
        total += pause.restart_kwh * model.begins[r, t]
    return total


def work_in_turn(model: pyo.ConcreteModel, view: PlanView, r: str, t: int) -> pyo.Constraint:
    """One after the other: sum_k cut / (l sum_k width) + paused + catch_up / G <= 1."""
    work = view.groups[r]
    load, most = work.load_kw[t], work.catch_up_kw[t]
    width = sum(segment.width_ratio for segment in work.segments) if work.segments else 1.0
    pause = pause_of(work)
    if load * width <= 0.0 or (most <= 0.0 and pause is None):
        return pyo.Constraint.Skip
    total = pyo.quicksum(model.cut[r, k, t] for k in range(len(work.segments))) / (load * width)
    if most > 0.0:
        total += model.catch_up[r, t] / most
    if pause is not None:
        total += model.paused[r, t]
    return total <= 1.0


def ahead(model: pyo.ConcreteModel, view: PlanView, r: str, t: int) -> pyo.Constraint:
    """Work done ahead: B + sum_{j<=t} (lost[j] - h catch_up[j]) >= -ahead, kWh."""
    work = view.groups[r]
    if max(work.catch_up_kw) <= 0.0:
        return pyo.Constraint.Skip
    put_off = sum(kwh for _, kwh in work.backlog_kwh) + pyo.quicksum(
        lost(model, view, r, j) - view.hours * model.catch_up[r, j] for j in range(t + 1)
    )
    return put_off >= -work.ahead_kwh


def in_time(model: pyo.ConcreteModel, view: PlanView, r: str, date: int) -> pyo.Constraint:
    """Deadline: what is due by a date, less what is done by then, is at most late, kWh.

    D[date] + sum_{due_j <= date} lost[j] - h sum_{j <= date} catch_up[j]
        - h max(0, date + 1 - N) G_N <= late[date] + broken[date] + late_anyway[date]
    """
    work, count = view.groups[r], view.site.interval_count
    owed = sum(kwh for index, kwh in work.backlog_kwh if index <= date)
    owed += pyo.quicksum(lost(model, view, r, j) for j in view.horizon if j + work.due_after[j] <= date)
    done = view.hours * pyo.quicksum(model.catch_up[r, j] for j in view.horizon if j <= date)
    later = view.hours * max(0, date + 1 - count) * work.later_catch_up_kw
    allowed_kwh = model.late[r, date]
    if may_break(work):
        dates, old = due_dates(work)
        anyway = late_anyway_kwh(work, dates, old, view.hours)[dates.searchsorted(date)]
        allowed_kwh += model.broken[r, date] + float(anyway)
    return owed - done - later <= allowed_kwh


def was_paused(view: PlanView, r: str) -> float:
    """Return whether a group is paused when the horizon begins, 1 or 0."""
    pause = view.groups[r].pause
    return float(pause is not None and pause.paused_for > 0)


def _pause(view: PlanView, r: str) -> PauseTerms:
    pause = view.groups[r].pause
    assert pause is not None  # noqa: S101  only groups that can be paused have these rows
    return pause


def begin(model: pyo.ConcreteModel, view: PlanView, r: str, t: int) -> pyo.Constraint:
    """Begin: paused[t] - paused[t-1] <= begins[t]."""
    before = model.paused[r, t - 1] if t else was_paused(view, r)
    return model.paused[r, t] - before <= model.begins[r, t]


def allowed(model: pyo.ConcreteModel, view: PlanView, r: str, t: int) -> pyo.Constraint:
    """Notice: begins[t] <= allowed[t]."""
    return model.begins[r, t] <= float(_pause(view, r).is_allowed[t])


def held(model: pyo.ConcreteModel, view: PlanView, r: str, t: int) -> pyo.Constraint:
    """A running pause lasts its shortest: paused[t] >= 1 until then."""
    must = float(must_stay_paused(_pause(view, r))[t])
    return model.paused[r, t] >= must if must else pyo.Constraint.Skip


def shortest(model: pyo.ConcreteModel, view: PlanView, r: str, t: int) -> pyo.Constraint:
    """Shortest pause m: sum_{j=t-m+1..t} begins[j] <= paused[t]."""
    since = max(0, t - _pause(view, r).shortest_intervals + 1)
    return pyo.quicksum(model.begins[r, j] for j in range(since, t + 1)) <= model.paused[r, t]


def longest(model: pyo.ConcreteModel, view: PlanView, r: str, t: int) -> pyo.Constraint:
    """Longest pause M: paused[t] <= sum_{j=t-M+1..t} begins[j], or the running pause's rest."""
    pause = _pause(view, r)
    if pause.longest_intervals is None:
        return pyo.Constraint.Skip
    since = max(0, t - pause.longest_intervals + 1)
    begun = pyo.quicksum(model.begins[r, j] for j in range(since, t + 1))
    return model.paused[r, t] <= begun + float(may_stay_paused(pause)[t])


def apart(model: pyo.ConcreteModel, view: PlanView, r: str, t: int) -> pyo.Constraint:
    """No pause begins inside another: begins[t] + paused[t-1] <= 1."""
    before = model.paused[r, t - 1] if t else was_paused(view, r)
    return model.begins[r, t] + before <= 1.0


def pause_count(model: pyo.ConcreteModel, view: PlanView, r: str) -> pyo.Constraint:
    """Count: sum_t begins[t] <= max_count."""
    return pyo.quicksum(model.begins[r, t] for t in view.horizon) <= _pause(view, r).max_count


def work_reduction(model: pyo.ConcreteModel, view: PlanView, r: str, t: int) -> pyo.Expression:
    """Return a group's reduction: sum_k cut + (1 - idle) l paused, kW."""
    work = view.groups[r]
    total = pyo.quicksum(model.cut[r, k, t] for k in range(len(work.segments)))
    pause = pause_of(work)
    if pause is not None:
        total += (1.0 - pause.idle_power_ratio) * work.load_kw[t] * model.paused[r, t]
    return total


def work_cost(model: pyo.ConcreteModel, view: PlanView) -> pyo.Expression:
    """Work put off, what it draws after the horizon, restarts, and what is late."""
    terms = []
    for r, work in view.groups.items():
        per_lost = work.value_per_kwh + work.later_price_per_kwh
        for t in view.horizon:
            terms.append(per_lost * lost(model, view, r, t))
            terms.append(view.hours * work.cost_per_kwh * work_reduction(model, view, r, t))
            terms.append(-view.hours * work.later_price_per_kwh * model.catch_up[r, t])
            if pause_of(work) is not None:
                terms.append(_pause(view, r).restart_cost * model.begins[r, t])
    terms += [view.groups[r].late_cost_per_kwh * model.late[r, date] for r, date in model.late]
    terms += [view.hard_cost * broken for broken in model.broken.values()]
    return pyo.quicksum(terms)
