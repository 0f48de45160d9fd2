"""Rows and columns of runs, and what their duals add to the bound.

Rows, with v whether a bid is on and s whether it starts, t a delivery interval, U the shortest
run, M the longest, R the rest:

    run_max(b,t,k)   x[t,k] - quantity * v[t] <= 0                                kW
    run_min(b,t)     sum of x[t,k] - min_level * v[t] >= 0                        kW
    start(b,t)       v[t] - v[t-1] - s[t] <= 0
    min_run(b,t)     s[t-U+1] + ... + s[t] - v[t] <= 0
    max_run(b,t)     v[t] - (s[t-M+1] + ... + s[t]) <= 0
    rest(b,t)        s[t-R+1] + ... + s[t] + v[t-R] <= 1
    calls(b)         sum of s <= max_calls

v is 0 where nothing is offered and before delivery; s is 0 where a shortest run has no room or no
offer. Two runs have an interval between them, so with a longest run R is 1 at least.
"""

import numpy as np

from vpp.auction.bid import RunLimits
from vpp.auction.verification.book_arrays import BookArrays
from vpp.auction.verification.bound_parts import part_table
from vpp.auction.verification.bound_worth import least, window_sums
from vpp.auction.verification.duals import Duals
from vpp.auction.verification.telling import Flags, Floats, Integers


def bound_runs(book: BookArrays, duals: Duals, value: Floats) -> tuple[float, Integers, Floats]:
    """Return what rows and columns of runs add to the bound, beside the steps themselves.

    Args:
        book: The book.
        duals: The duals; those of runs are taken.
        value: Worth of a reduced kW of each step offer; the least level's is added. Shape (m, N).

    Returns:
        Duals times right-hand sides and the columns' least, in thousandths; the step offers that
        run; and the duals of their single steps' rows, shape (runs, N, K).
    """
    limited = [
        (row, limits)
        for row, i in enumerate(book.steps.bid.tolist())
        if (limits := book.bids[i].run_limits) is not None
    ]
    rows = np.array([row for row, _ in limited], dtype=np.int64)
    terms = _Terms(book, [limits for _, limits in limited], book.steps.offered_kw[rows] > 0)
    heads = {book.bids[i].bid_id: place for place, i in enumerate(book.steps.bid[rows].tolist())}
    sizes = (book.delivery,)
    run_max, kw = part_table(book, duals, "run_max", rows)
    run_min = duals.table("run_min", heads, sizes, sense=1)
    start = duals.table("start", heads, sizes, sense=-1)
    min_run = duals.table("min_run", heads, sizes, sense=-1)
    max_run = duals.table("max_run", heads, sizes, sense=-1, is_row=terms.has_longest)
    rest = duals.table("rest", heads, sizes, sense=-1, is_row=terms.has_rest)
    calls = duals.table("calls", heads, (), sense=-1, is_row=np.isfinite(terms.calls))
    if not limited:
        return 0.0, rows, run_max
    value[rows] += run_min
    total = float(rest.sum()) + float(calls @ np.where(np.isfinite(terms.calls), terms.calls, 0.0))
    none = np.zeros((len(rows), 1))
    of_on = -(run_max * kw).sum(axis=2) - terms.level_kw[:, None] * run_min
    of_on += start - np.concatenate((start[:, 1:], none), axis=1) - min_run + max_run
    reach = np.arange(book.delivery) + terms.rest[:, None]
    resting = np.take_along_axis(rest, np.minimum(reach, book.delivery - 1), axis=1)
    of_on += np.where((reach < book.delivery) & (terms.rest > 0)[:, None], resting, 0.0)
    total += least(-of_on, terms.may_run)
    of_start = -start + window_sums(min_run, terms.shortest) - window_sums(max_run, terms.longest)
    of_start += window_sums(rest, terms.rest) + calls[:, None]
    return total + least(1000 * terms.start_cost[:, None] - of_start, terms.may_start), rows, run_max


class _Terms:
    """Run limits as arrays, one entry per bid."""

    def __init__(self, book: BookArrays, limits: list[RunLimits], offered: Flags) -> None:
        count = book.delivery
        self.level_kw = np.array([limit.min_level_kw for limit in limits], dtype=float)
        self.shortest = np.array([limit.min_run_intervals for limit in limits], dtype=np.int64)
        is_long = np.array([limit.max_run_intervals is not None for limit in limits], dtype=bool)
        self.longest = np.array([limit.max_run_intervals or count for limit in limits], dtype=np.int64)
        stated = np.array([limit.rest_intervals for limit in limits], dtype=np.int64)
        self.rest = np.maximum(stated, is_long)
        calls = [np.inf if limit.max_calls is None else limit.max_calls for limit in limits]
        self.calls = np.array(calls, dtype=float)
        self.start_cost = np.array([float(limit.start_cost) for limit in limits], dtype=float)
        self.has_longest = np.broadcast_to(is_long[:, None], offered.shape)
        self.has_rest = np.broadcast_to((self.rest > 0)[:, None], offered.shape)
        self.may_run = offered.astype(float)
        room = window_sums(self.may_run, self.shortest) >= self.shortest[:, None] - 0.5
        self.may_start = room.astype(float)
