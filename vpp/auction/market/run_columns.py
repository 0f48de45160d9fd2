"""Columns of step offers that run and rest.

on[b,t]      whether it runs, 0 to 1
start[b,t]   whether a run begins, 0 to 1
"""

from dataclasses import dataclass

import numpy as np

from vpp.auction.bid import RunLimits
from vpp.auction.market.canonical import MILLI, Integers
from vpp.auction.market.contributions import Assembly
from vpp.auction.market.step_columns import StepColumns
from vpp.solver.linear_program import Flags


@dataclass(frozen=True, slots=True)
class _Run:
    """One bid's span: its limits, its first interval, and its columns."""

    bid_id: str
    limits: RunLimits
    first: int
    on: Integers
    start: Integers


@dataclass(frozen=True, slots=True)
class RunColumns:
    """Where runs are in a program, one entry for each interval of a bid's span.

    Attributes:
        bid: Place of the bid. Shape (K,).
        interval: Delivery interval. Shape (K,).
        on: Column of running. Shape (K,).
        start: Column of starting. Shape (K,).
    """

    bid: Integers
    interval: Integers
    on: Integers
    start: Integers


def append_runs(assembly: Assembly, steps: StepColumns) -> RunColumns:
    """Append running and starting of every step offer with run limits, over the span of its offer.

    Source:
        Design of the auction engine, section 2.2, committed deferrable; the functions below state
        one inequality each.
    """
    canonical, columns, table = assembly.canonical, assembly.columns, assembly.canonical.steps
    bid_of: list[int] = []
    interval_of: list[int] = []
    spans: list[tuple[int, RunLimits, int, int, slice]] = []
    for place, bid in enumerate(canonical.bids):
        if bid.run_limits is None:
            continue
        own = slice(*np.searchsorted(table.bid, (place, place + 1)))
        first, final = int(table.interval[own][0]), int(table.interval[own][-1])
        spans.append((place, bid.run_limits, first, final, own))
        bid_of.extend([place] * (final - first + 1))
        interval_of.extend(range(first, final + 1))
    bids, intervals = np.array(bid_of, dtype=np.int64), np.array(interval_of, dtype=np.int64)
    count = len(bids)
    on_high, start_high, start_cost = np.ones(count), np.ones(count), np.zeros(count)
    offset = 0
    for _, limits, first, final, own in spans:
        span = slice(offset, offset + final - first + 1)
        offered = np.isin(np.arange(first, final + 1), table.interval[own])
        on_high[span] = offered
        start_high[span] = _may_start(offered, limits.min_run_intervals)
        start_cost[span] = float(limits.start_cost) * MILLI
        offset = span.stop
    on = columns.add_columns(count, low=0.0, high=on_high, cost=0.0)
    start = columns.add_columns(count, low=0.0, high=start_high, cost=start_cost)
    offset = 0
    for place, limits, first, final, own in spans:
        span = slice(offset, offset + final - first + 1)
        run = _Run(canonical.bids[place].bid_id, limits, first, on[span], start[span])
        _levels(assembly, run, own, steps.column[own])
        for append in (_starts, _shortest_run, _longest_run, _rest, _calls):
            append(assembly, run)
        offset = span.stop
    return RunColumns(bids, intervals, on, start)


def _levels(assembly: Assembly, run: _Run, steps: slice, column: Integers) -> None:
    """Levels: step[t,k] - quantity * on[t] <= 0 and sum of step[t,k] - min_level * on[t] >= 0, kW."""
    columns, table = assembly.columns, assembly.canonical.steps
    interval = table.interval[steps]
    rows = columns.add_rows(len(column), low=-np.inf, high=0.0)
    columns.add_entries(rows, column, 1.0)
    columns.add_entries(rows, run.on[interval - run.first], -table.quantity_kw[steps])
    assembly.name_rows("run_max", rows, [run.bid_id] * len(rows), interval, table.position[steps])
    if run.limits.min_level_kw > 0:
        offered = np.unique(interval)
        rows = columns.add_rows(len(offered), low=0.0, high=np.inf)
        columns.add_entries(rows[np.searchsorted(offered, interval)], column, 1.0)
        columns.add_entries(rows, run.on[offered - run.first], -run.limits.min_level_kw)
        assembly.name_rows("run_min", rows, [run.bid_id] * len(rows), offered)


def _starts(assembly: Assembly, run: _Run) -> None:
    """Start: on[t] - on[t-1] - start[t] <= 0, without unit; it does not run before its span."""
    rows = assembly.columns.add_rows(len(run.on), low=-np.inf, high=0.0)
    assembly.columns.add_entries(rows, run.on, 1.0)
    assembly.columns.add_entries(rows[1:], run.on[:-1], -1.0)
    assembly.columns.add_entries(rows, run.start, -1.0)
    _name(assembly, "start", run, rows)


def _shortest_run(assembly: Assembly, run: _Run) -> None:
    """Shortest run: sum of start[k], k = t-U+1..t, - on[t] <= 0, without unit."""
    if run.limits.min_run_intervals > 1:
        rows = assembly.columns.add_rows(len(run.on), low=-np.inf, high=0.0)
        _running_sum(assembly, rows, run.start, run.limits.min_run_intervals, 1.0)
        assembly.columns.add_entries(rows, run.on, -1.0)
        _name(assembly, "min_run", run, rows)


def _longest_run(assembly: Assembly, run: _Run) -> None:
    """Longest run: on[t] - sum of start[k], k = t-M+1..t, <= 0, without unit."""
    longest = run.limits.max_run_intervals
    if longest is not None and longest < len(run.on):
        rows = assembly.columns.add_rows(len(run.on), low=-np.inf, high=0.0)
        assembly.columns.add_entries(rows, run.on, 1.0)
        _running_sum(assembly, rows, run.start, longest, -1.0)
        _name(assembly, "max_run", run, rows)


def _rest(assembly: Assembly, run: _Run) -> None:
    """Rest: sum of start[k], k = t-R+1..t, + on[t-R] <= 1, without unit; on is 0 before its span.

    A longest run without rest still needs one interval off, or the next run would go on from it.
    """
    rest = max(run.limits.rest_intervals, 1 if run.limits.max_run_intervals is not None else 0)
    if not rest:
        return
    rows = assembly.columns.add_rows(len(run.on), low=-np.inf, high=1.0)
    _running_sum(assembly, rows, run.start, rest, 1.0)
    if rest < len(run.on):
        assembly.columns.add_entries(rows[rest:], run.on[: len(run.on) - rest], 1.0)
    _name(assembly, "rest", run, rows)


def _calls(assembly: Assembly, run: _Run) -> None:
    """Calls: sum of start[t] <= max_calls, without unit."""
    if run.limits.max_calls is not None:
        rows = assembly.columns.add_rows(1, low=-np.inf, high=float(run.limits.max_calls))
        assembly.columns.add_entries(np.repeat(rows, len(run.start)), run.start, 1.0)
        assembly.name_rows("calls", rows, [run.bid_id])


def _may_start(offered: Flags, shortest: int) -> Flags:
    """Tell in which intervals a run may begin: as many as the shortest run must be offered from there on.

    Example:
        >>> _may_start(np.array([True, True, False, True]), 2).tolist()
        [True, False, False, False]
    """
    run = np.concatenate(([0], np.cumsum(offered)))
    ends = np.arange(len(offered)) + shortest
    last = np.minimum(ends, len(offered))
    may: Flags = (ends <= len(offered)) & (run[last] - run[:-1] == shortest)
    return may


def _running_sum(assembly: Assembly, rows: Integers, columns: Integers, width: int, value: float) -> None:
    for back in range(min(width, len(columns))):
        assembly.columns.add_entries(rows[back:], columns[: len(columns) - back], value)


def _name(assembly: Assembly, family: str, run: _Run, rows: Integers) -> None:
    intervals = np.arange(run.first, run.first + len(rows))
    assembly.name_rows(family, rows, [run.bid_id] * len(rows), intervals)
