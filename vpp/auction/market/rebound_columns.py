"""Columns of rebounds whose time the clearing chooses.

returned[b,t]   rebound, 0 to its largest return, kW
backlog[b,t]    energy still owed, kWh
"""

from dataclasses import dataclass

import numpy as np

from vpp.auction.bid import Rebound
from vpp.auction.market.canonical import Integers
from vpp.auction.market.contributions import Assembly
from vpp.auction.market.step_columns import StepColumns


@dataclass(frozen=True, slots=True)
class ReboundColumns:
    """Where chosen rebounds are in a program. All of shape (K,), one entry per bid and interval.

    Attributes:
        bid: Place of the bid.
        interval: The interval.
        returned: Column of the rebound.
        backlog: Column of the energy still owed.
    """

    bid: Integers
    interval: Integers
    returned: Integers
    backlog: Integers


def append_rebounds(assembly: Assembly, steps: StepColumns) -> ReboundColumns:
    """Append the backlog of every step offer that pays back, from its first step to its last deadline.

    owed:     backlog[t] - backlog[t-1] - ratio * hours * reduction[t] + hours * returned[t] = 0, kWh
    deadline: backlog[t] - ratio * hours * sum of the last D intervals' reductions <= 0, kWh
    paid back: backlog is 0 at the end

    Source:
        Design of the auction engine, sections 2.2 and 2.3, deferrable.
    """
    canonical, columns, table = assembly.canonical, assembly.columns, assembly.canonical.steps
    hours, last = canonical.interval_h, canonical.horizon_count - 1
    spans: list[tuple[int, Rebound, int, int, slice]] = []
    for place, bid in enumerate(canonical.bids):
        if isinstance(bid.rebound, Rebound) and bid.rebound.ratio > 0:
            own = slice(*np.searchsorted(table.bid, (place, place + 1)))
            first, final = int(table.interval[own][0]), int(table.interval[own][-1])
            end = min(last, final + bid.rebound.window_intervals)
            spans.append((place, bid.rebound, first, end, own))
    lengths = np.array([end - first + 1 for _, _, first, end, _ in spans], dtype=np.int64)
    count = int(lengths.sum()) if spans else 0
    most = np.repeat([rebound.max_return_kw for _, rebound, *_ in spans], lengths) if spans else np.empty(0)
    returned = columns.add_columns(count, low=0.0, high=most, cost=0.0)
    offsets = np.concatenate(([0], np.cumsum(lengths))).astype(np.int64)
    backlog_high = np.full(count, np.inf)
    backlog_high[offsets[1:] - 1] = 0.0
    backlog = columns.add_columns(count, low=0.0, high=backlog_high, cost=0.0)
    owed = columns.add_rows(count, low=0.0, high=0.0)
    deadline = columns.add_rows(count, low=-np.inf, high=0.0)
    columns.add_entries(owed, backlog, 1.0)
    columns.add_entries(owed, returned, hours)
    columns.add_entries(deadline, backlog, 1.0)
    is_first = np.zeros(count, dtype=bool)
    is_first[offsets[:-1]] = True
    later = np.flatnonzero(~is_first)
    columns.add_entries(owed[later], backlog[later - 1], -1.0)
    bid_of, interval_of = np.empty(count, dtype=np.int64), np.empty(count, dtype=np.int64)
    rows, entries, values = [], [], []
    for (place, rebound, first, end, own), offset in zip(spans, offsets[:-1].tolist(), strict=True):
        span = slice(offset, offset + end - first + 1)
        bid_of[span] = place
        interval_of[span] = np.arange(first, end + 1)
        due = -rebound.ratio * hours
        since = table.interval[own] - first
        rows.append(owed[offset + since])
        entries.append(steps.column[own])
        values.append(np.full(len(since), due))
        for delay in range(rebound.window_intervals):
            within = since + delay <= end - first
            rows.append(deadline[offset + since[within] + delay])
            entries.append(steps.column[own][within])
            values.append(np.full(int(within.sum()), due))
    if rows:
        columns.add_entries(np.concatenate(rows), np.concatenate(entries), np.concatenate(values))
    assembly.contribute(bid_of, interval_of, returned, canonical.counted_return[bid_of])
    ids = [canonical.bids[place].bid_id for place in bid_of]
    assembly.name_rows("owed", owed, ids, interval_of)
    assembly.name_rows("deadline", deadline, ids, interval_of)
    return ReboundColumns(bid_of, interval_of, returned, backlog)
