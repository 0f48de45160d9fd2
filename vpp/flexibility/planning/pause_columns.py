"""Columns of pauses: whether a group is paused, and when a pause begins."""

import numpy as np

from vpp.flexibility.planning.assembly import Assembly
from vpp.flexibility.planning.terms import PauseTerms, WorkTerms
from vpp.solver.columns import Integers
from vpp.solver.linear_program import Floats


def must_stay_paused(pause: PauseTerms) -> Floats:
    """Return where a pause that runs must go on, 1 or 0: it has not lasted its shortest. Shape (N,)."""
    t = np.arange(len(pause.is_allowed))
    return ((pause.paused_for > 0) & (t < pause.shortest_intervals - pause.paused_for)).astype(float)


def may_stay_paused(pause: PauseTerms) -> Floats:
    """Return where a pause that runs may go on, 1 or 0: it has not lasted its longest. Shape (N,)."""
    t = np.arange(len(pause.is_allowed))
    if pause.longest_intervals is None:
        return np.full(len(t), float(pause.paused_for > 0))
    return ((pause.paused_for > 0) & (t < pause.longest_intervals - pause.paused_for)).astype(float)


def append_pauses(assembly: Assembly, terms: WorkTerms, pause: PauseTerms) -> tuple[Integers, Integers]:
    """Append a group's pauses.

    begin: p[t] - p[t-1] - b[t] <= 0;   count: sum b <= max_count
    shortest: sum_{j=t-m+1..t} b[j] - p[t] <= 0;   longest: p[t] - sum_{j=t-M+1..t} b[j] <= running pause,
    and b[t] + p[t-1] <= 1, so that no pause begins inside another

    Returns:
        The columns of p, whether paused, and of b, whether a pause begins.

    Source:
        `WorkTerms`.
    """
    columns, count, hours = assembly.columns, assembly.count, assembly.hours
    load = np.array(terms.load_kw)
    per_lost = terms.value_per_kwh + terms.later_price_per_kwh
    saved = (1.0 - pause.idle_power_ratio) * terms.cost_per_kwh
    must = must_stay_paused(pause)
    can_begin = np.array(pause.is_allowed, dtype=float)
    may = (may_stay_paused(pause) > 0.0) | (np.cumsum(can_begin) > 0.0)
    paused = columns.add_columns(
        count,
        low=must,
        high=np.maximum(must, may),
        cost=hours * load * (per_lost * pause.lost_ratio + saved),
    )
    assembly.whole.append(paused)
    # Beginnings are whole by themselves wherever `paused` is, as each costs; nothing gains by more.
    begins = columns.add_columns(
        count, low=0.0, high=can_begin, cost=per_lost * pause.restart_kwh + pause.restart_cost
    )
    before = np.zeros(count)
    before[0] = float(pause.paused_for > 0)
    rows = columns.add_rows(count, low=-np.inf, high=before)
    columns.add_entries(rows, paused, 1.0)
    columns.add_entries(rows[1:], paused[:-1], -1.0)
    columns.add_entries(rows, begins, -1.0)
    rows = columns.add_rows(count, low=-np.inf, high=0.0)
    for back in range(min(pause.shortest_intervals, count)):
        columns.add_entries(rows[back:], begins[: count - back], 1.0)
    columns.add_entries(rows, paused, -1.0)
    if pause.longest_intervals is not None:
        rows = columns.add_rows(count, low=-np.inf, high=may_stay_paused(pause))
        columns.add_entries(rows, paused, 1.0)
        for back in range(min(pause.longest_intervals, count)):
            columns.add_entries(rows[back:], begins[: count - back], -1.0)
        rows = columns.add_rows(count, low=-np.inf, high=1.0 - before)
        columns.add_entries(rows, begins, 1.0)
        columns.add_entries(rows[1:], paused[:-1], 1.0)
    row = columns.add_rows(1, low=-np.inf, high=float(pause.max_count))
    columns.add_entries(np.repeat(row, count), begins, 1.0)
    return paused, begins
