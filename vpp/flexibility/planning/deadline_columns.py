"""Columns of deadlines: what is owed by each date, less what has been done by then."""

import numpy as np

from vpp.flexibility.planning.assembly import Assembly
from vpp.flexibility.planning.expression import Expression
from vpp.flexibility.planning.pause_columns import must_stay_paused
from vpp.flexibility.planning.settled import due_kwh
from vpp.flexibility.planning.terms import WorkTerms
from vpp.solver.columns import Integers
from vpp.solver.linear_program import Floats


def due_dates(terms: WorkTerms) -> tuple[Integers, Floats]:
    """Return each date on which work falls due, in order, and the old backlog due on it, kWh."""
    old = due_kwh(terms)
    due = np.arange(len(terms.due_after)) + np.array(terms.due_after, dtype=np.int64)
    dates = np.unique(np.concatenate([due, np.array(sorted(old), dtype=np.int64)]))
    return dates, np.array([old.get(int(date), 0.0) for date in dates])


def beyond_kwh(terms: WorkTerms, dates: Integers, hours: float) -> Floats:
    """Return what is caught up between the horizon's end and each date, kWh."""
    count = len(terms.load_kw)
    return hours * terms.later_catch_up_kw * np.maximum(0, dates + 1 - count)


def may_break(terms: WorkTerms) -> bool:
    """Tell whether work may be late with no new cut: there is a backlog, or a pause must go on."""
    return bool(terms.backlog_kwh) or (terms.pause is not None and terms.pause.paused_for > 0)


def late_anyway_kwh(terms: WorkTerms, dates: Integers, old: Floats, hours: float) -> Floats:
    """Return what is late on each date even if all is caught up as fast as it can be, kWh. Shape (I,)."""
    count = len(terms.load_kw)
    stays = must_stay_paused(terms.pause) if terms.pause is not None else np.zeros(count)
    lost_ratio = terms.pause.lost_ratio if terms.pause is not None else 0.0
    lost = hours * lost_ratio * stays * np.array(terms.load_kw)
    due = np.arange(count) + np.array(terms.due_after, dtype=np.int64)
    owed = np.cumsum(old) + np.array([lost[due <= date].sum() for date in dates])
    done = np.cumsum(hours * np.array(terms.catch_up_kw) * (1.0 - stays))
    by_then = done[np.minimum(dates, count - 1)] + beyond_kwh(terms, dates, hours)
    late: Floats = np.maximum(owed - by_then, 0.0)
    return late


def append_deadlines(assembly: Assembly, terms: WorkTerms, lost: Expression, catch_up: Integers) -> None:
    """Append what is owed by each date.

    owed: O[i] - O[i-1] - sum_{due_j = date_i} lost[j] + h sum_{date_{i-1} < t <= date_i} g[t] = old[i]
    late: O[i] - w[i] - broken[i] <= beyond[i] + late_anyway[i]

    O[i] is work due by date i less work done by then; `broken` is there only where the site's own
    limits might keep work from being done that is owed already.

    Source:
        `WorkTerms`.
    """
    columns, count, hours = assembly.columns, assembly.count, assembly.hours
    dates, old = due_dates(terms)
    beyond = beyond_kwh(terms, dates, hours)
    owed = columns.add_columns(len(dates), low=-np.inf, high=np.inf, cost=0.0)
    rows = columns.add_rows(len(dates), low=old, high=old)
    columns.add_entries(rows, owed, 1.0)
    columns.add_entries(rows[1:], owed[:-1], -1.0)
    due = np.arange(count) + np.array(terms.due_after, dtype=np.int64)
    columns.add_entries(rows[np.searchsorted(dates, due)[lost.interval]], lost.column, -lost.value)
    within = np.searchsorted(dates, np.arange(count))
    is_before_last = within < len(dates)
    columns.add_entries(rows[within[is_before_last]], catch_up[is_before_last], hours)
    anyway = late_anyway_kwh(terms, dates, old, hours) if may_break(terms) else 0.0
    rows = columns.add_rows(len(dates), low=-np.inf, high=beyond + anyway)
    columns.add_entries(rows, owed, 1.0)
    if terms.max_late_kwh > 0.0:
        late = columns.add_columns(len(dates), low=0.0, high=terms.max_late_kwh, cost=terms.late_cost_per_kwh)
        columns.add_entries(rows, late, -1.0)
    if may_break(terms):
        broken = assembly.add_penalties(len(dates), assembly.hard_cost_per_kwh)
        columns.add_entries(rows, broken, -1.0)
