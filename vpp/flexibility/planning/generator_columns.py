"""Columns of a generator: output, running and starting."""

import numpy as np

from vpp.flexibility.planning.assembly import Assembly, ResourceColumns
from vpp.flexibility.planning.expression import Expression
from vpp.flexibility.planning.terms import GeneratorTerms
from vpp.solver.linear_program import Floats


def running_bounds(terms: GeneratorTerms) -> tuple[Floats, Floats]:
    """Return where a generator must and may run: a run that has begun is finished. Shape (N,) each."""
    t = np.arange(len(terms.max_kw))
    must = (terms.running_for > 0) & (t < terms.min_run_intervals - terms.running_for)
    may = np.array(terms.is_allowed) & (np.array(terms.max_kw) >= terms.min_kw)
    return must.astype(float), (must | may).astype(float)


def append_generator(assembly: Assembly, terms: GeneratorTerms) -> ResourceColumns:
    """Append a generator.

    output: P_min on[t] <= d[t] <= P_max[t] on[t];   start: on[t] - on[t-1] - v[t] <= 0
    run: sum_{j=t-m+1..t} v[j] <= on[t];   permit: h sum on <= permit

    Source:
        `GeneratorTerms`.
    """
    columns, count, hours = assembly.columns, assembly.count, assembly.hours
    must, may = running_bounds(terms)
    largest = np.array(terms.max_kw)
    output = columns.add_columns(count, low=0.0, high=largest, cost=hours * terms.cost_per_kwh)
    running = assembly.add_flags(count, low=must, high=may)
    # Starts are whole by themselves: each costs, and only a whole rise of `running` needs one.
    start = columns.add_columns(count, low=0.0, high=1.0, cost=terms.start_cost)
    rows = columns.add_rows(count, low=-np.inf, high=0.0)
    columns.add_entries(rows, output, 1.0)
    columns.add_entries(rows, running, -largest)
    rows = columns.add_rows(count, low=0.0, high=np.inf)
    columns.add_entries(rows, output, 1.0)
    columns.add_entries(rows, running, -np.minimum(terms.min_kw, largest))
    before = np.zeros(count)
    before[0] = float(terms.running_for > 0)
    rows = columns.add_rows(count, low=-np.inf, high=before)
    columns.add_entries(rows, running, 1.0)
    columns.add_entries(rows[1:], running[:-1], -1.0)
    columns.add_entries(rows, start, -1.0)
    rows = columns.add_rows(count, low=-np.inf, high=0.0)
    for back in range(min(terms.min_run_intervals, count)):
        columns.add_entries(rows[back:], start[: count - back], 1.0)
    columns.add_entries(rows, running, -1.0)
    row = columns.add_rows(1, low=-np.inf, high=max(terms.permit_hours, hours * float(must.sum())))
    columns.add_entries(np.repeat(row, count), running, hours)
    return ResourceColumns(
        terms.resource_id,
        reduction=Expression.of(output, np.ones(1), np.zeros(count)),
        increase=Expression.nothing(count),
        largest_kw=largest,
        family={"running": running},
    )
