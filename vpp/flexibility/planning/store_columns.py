"""Columns of a store: discharge, charge and what it holds."""

import numpy as np

from vpp.flexibility.envelope import FlexDirection
from vpp.flexibility.planning.assembly import Assembly, ResourceColumns
from vpp.flexibility.planning.expression import Expression
from vpp.flexibility.planning.goal import Goal
from vpp.flexibility.planning.settled import SMALLEST_KW, own_kw, stored_bounds_kwh
from vpp.flexibility.planning.terms import StoreTerms
from vpp.flexibility.planning.waste import may_waste
from vpp.solver.columns import Integers
from vpp.solver.linear_program import Floats


def largest_charge_kw(terms: StoreTerms, goal: Goal) -> Floats:
    """Return the largest charge; one that may not serve a load-up stays within its own. Shape (N,)."""
    limit = np.maximum(terms.max_charge_kw, own_kw(terms.own_charge_kw, len(terms.max_charge_kw)))
    if terms.can_increase or goal.direction is not FlexDirection.LOAD_UP:
        return limit
    own = np.minimum(limit, own_kw(terms.own_charge_kw, len(limit)))
    return np.where(goal.is_measured, own, limit)


def append_store(assembly: Assembly, terms: StoreTerms) -> ResourceColumns:
    """Append a store.

    stored: s[t] - hold s[t-1] - h r_c y[t] + h/r_d x[t] = 0, with hold stored_kwh on the right for t = 0
    in turn: x[t]/X[t] + y[t]/Y[t] <= 1; with whole flags z[t] where waste could pay
    throughput: h sum x <= limit,   end: s[N-1] + short >= end

    Source:
        `StoreTerms`.
    """
    columns, count, hours = assembly.columns, assembly.count, assembly.hours
    own_x, own_y = own_kw(terms.own_discharge_kw, count), own_kw(terms.own_charge_kw, count)
    most_x = np.maximum(terms.max_discharge_kw, own_x)
    most_y = np.maximum(largest_charge_kw(terms, assembly.goal), 0.0)
    floor, ceiling = stored_bounds_kwh(terms, hours)
    discharge = columns.add_columns(count, low=own_x, high=most_x, cost=hours * terms.wear_cost_per_kwh)
    charge = columns.add_columns(count, low=0.0, high=most_y, cost=0.0)
    value = np.zeros(count)
    value[-1] = -terms.end_value_per_kwh
    stored = columns.add_columns(count, low=floor, high=ceiling, cost=value)
    right = np.zeros(count)
    right[0] = terms.hold_ratio * terms.stored_kwh
    rows = columns.add_rows(count, low=right, high=right)
    columns.add_entries(rows, stored, 1.0)
    columns.add_entries(rows[1:], stored[:-1], -terms.hold_ratio)
    columns.add_entries(rows, charge, -hours * terms.stored_per_charged)
    columns.add_entries(rows, discharge, hours / terms.delivered_per_stored)
    can_both = (most_x >= SMALLEST_KW) & (most_y >= SMALLEST_KW)
    if can_both.any():
        programme = np.where(own_x > 0.0, own_y, 0.0)  # an interval's own programme may do both
        _append_turns(
            assembly,
            (discharge[can_both], charge[can_both]),
            (most_x[can_both], most_y[can_both]),
            (np.where(own_y > 0.0, own_x, 0.0)[can_both], programme[can_both]),
        )
    if np.isfinite(terms.throughput_limit_kwh):
        limit = max(terms.throughput_limit_kwh, hours * float(own_x.sum()))
        row = columns.add_rows(1, low=-np.inf, high=limit)
        columns.add_entries(np.repeat(row, count), discharge, hours)
    if terms.end_kwh > 0.0:
        short = assembly.add_penalties(1, assembly.owed_cost_per_kwh)
        row = columns.add_rows(1, low=min(terms.end_kwh, terms.ceiling_kwh), high=np.inf)
        columns.add_entries(row, stored[-1:], 1.0)
        columns.add_entries(row, short, 1.0)
    part = ResourceColumns(
        terms.resource_id,
        reduction=Expression.of(discharge, np.ones(1), -own_x),
        increase=Expression.of(charge, np.ones(1), -own_y),
        largest_kw=most_x - own_x,
        family={"stored": stored, "discharge": discharge, "charge": charge},
    )
    assembly.add_start_cost(part, terms.start_cost)
    return part


def _append_turns(
    assembly: Assembly,
    both: tuple[Integers, Integers],
    most: tuple[Floats, Floats],
    own: tuple[Floats, Floats],
) -> None:
    """Let a store charge and discharge one after the other; where waste pays, not in one interval.

    Args:
        assembly: The program.
        both: Columns of discharge and charge. Shape (I,) each.
        most: Their largest values, kW. Shape (I,) each.
        own: What the own programme does of both in one interval, kW. Shape (I,) each.
    """
    columns, (discharge, charge), (most_x, most_y), (own_x, own_y) = assembly.columns, both, most, own
    in_turn = np.arange(len(discharge))
    if may_waste(assembly.site, assembly.goal):
        charging = assembly.add_flags(len(discharge))
        rows = columns.add_rows(len(discharge), low=-np.inf, high=most_x + own_x)
        columns.add_entries(rows, discharge, 1.0)
        columns.add_entries(rows, charging, most_x)
        rows = columns.add_rows(len(discharge), low=-np.inf, high=own_y)
        columns.add_entries(rows, charge, 1.0)
        columns.add_entries(rows, charging, -most_y)
        in_turn = np.flatnonzero(own_y > 0.0)  # elsewhere the flags say more
        if not len(in_turn):
            return
    share = most_x[in_turn] / most_y[in_turn]
    most_both = np.maximum(most_x[in_turn], own_x[in_turn] + share * own_y[in_turn])
    rows = columns.add_rows(len(in_turn), low=-np.inf, high=most_both)
    columns.add_entries(rows, discharge[in_turn], 1.0)
    columns.add_entries(rows, charge[in_turn], share)
