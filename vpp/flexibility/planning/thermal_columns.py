"""Columns of cooling that may drift: reduction, increase and the two deviations."""

import numpy as np

from vpp.flexibility.planning.assembly import Assembly, ResourceColumns
from vpp.flexibility.planning.expression import Expression
from vpp.flexibility.planning.settled import air_limits_k
from vpp.flexibility.planning.terms import ThermalTerms


def append_thermal(assembly: Assembly, terms: ThermalTerms) -> ResourceColumns:
    """Append a hall and its cooling.

    deviation: z[t,i] - sum_j A[t,i,j] z[t-1,j] - g[t,i] (d[t] - b u[t]) = 0, with A z_start for t = 0
    rise: z[t,air] - z[t-1,air] <= rate[t],   end: z[N-1,i] - left[i] <= end

    Source:
        `ThermalTerms`.
    """
    columns, count, hours = assembly.columns, assembly.count, assembly.hours
    largest = np.array(terms.max_reduction_kw)
    reduction = columns.add_columns(count, low=0.0, high=largest, cost=hours * terms.cost_per_kwh)
    increase = columns.add_columns(count, low=0.0, high=np.array(terms.max_increase_kw), cost=0.0)
    under, over, rate = air_limits_k(terms)
    water = columns.add_columns(count, low=-np.inf, high=np.inf, cost=0.0)
    air = columns.add_columns(count, low=under, high=over, cost=0.0)
    decay, gain, start = np.array(terms.decay), np.array(terms.gain_k_per_kw), np.array(terms.start_k)
    for node, own in enumerate((water, air)):
        right = np.zeros(count)
        right[0] = float(decay[0, node] @ start)
        rows = columns.add_rows(count, low=right, high=right)
        columns.add_entries(rows, own, 1.0)
        columns.add_entries(rows[1:], water[:-1], -decay[1:, node, 0])
        columns.add_entries(rows[1:], air[:-1], -decay[1:, node, 1])
        columns.add_entries(rows, reduction, -gain[:, node])
        columns.add_entries(rows, increase, terms.return_ratio * gain[:, node])
    limit = rate.copy()
    limit[0] += start[1]
    rows = columns.add_rows(count, low=-np.inf, high=limit)
    columns.add_entries(rows, air, 1.0)
    columns.add_entries(rows[1:], air[:-1], -1.0)
    for node, own in enumerate((water, air)):
        cost = assembly.owed_cost_per_kwh * kwh_per_k(terms, node, hours)
        left = assembly.add_penalties(1, cost)
        row = columns.add_rows(1, low=-np.inf, high=terms.end_k)
        columns.add_entries(row, own[-1:], 1.0)
        columns.add_entries(row, left, -1.0)
    part = ResourceColumns(
        terms.resource_id,
        reduction=Expression.of(reduction, np.ones(1), np.zeros(count)),
        increase=Expression.of(increase, np.ones(1), np.zeros(count)),
        largest_kw=largest,
        family={"water": water, "air": air},
    )
    assembly.add_start_cost(part, terms.start_cost)
    return part


def kwh_per_k(terms: ThermalTerms, node: int, hours: float) -> float:
    """Return about how much electric energy a node's deviation stands for, kWh/K."""
    gain = abs(terms.gain_k_per_kw[-1][node])
    return hours / gain if gain > 0.0 else 0.0
