"""Rows and columns of step offers, and what their duals add to the bound.

Rows:

    energy_limit(b)      hours * sum of reductions <= limit                                        kWh
    owed(b,t)            w[t] - w[t-1] - ratio * hours * reduction[t] + hours * r[t] = 0           kWh
    deadline(b,t)        w[t] - ratio * hours * reductions of the last `window` intervals <= 0     kWh
    group_step(b,t,k)    x[t,k] - quantity * y <= 0                                                kW

and those of runs (`bound_runs`). Columns: steps x, rebound r, backlog w, and y, whether a bid of
an exclusive group is accepted.
"""

import numpy as np

from vpp.auction.bid import Rebound, ReboundProfile
from vpp.auction.verification.book_arrays import BookArrays
from vpp.auction.verification.bound_parts import part_table
from vpp.auction.verification.bound_runs import bound_runs
from vpp.auction.verification.bound_worth import Worth, least, window_sums
from vpp.auction.verification.duals import Duals
from vpp.auction.verification.rebound_checks import profile_ratios
from vpp.auction.verification.telling import Floats

_NONE_KW = 1e-9  # what differences of running sums leave of nothing


def bound_steps(book: BookArrays, duals: Duals, worth: Worth, groups: Floats) -> float:
    """Return what the rows and columns of step offers add to the bound.

    Args:
        book: The book.
        duals: The duals; those of step offers are taken.
        worth: What a kW of each bid is worth by its accounts.
        groups: Duals of the exclusive groups.

    Returns:
        Duals times right-hand sides and the columns' least, in thousandths.
    """
    steps = book.steps
    value = worth.reduced[steps.bid]
    total = _energy(book, duals, value) + _chosen_rebounds(book, duals, worth, value)
    _stated_rebounds(book, worth, value)
    part_worth: dict[int, Floats] = {}
    runs, rows, of_parts = bound_runs(book, duals, value)
    total += runs + _groups(book, duals, groups, part_worth)
    if len(rows):
        part_worth.update(zip(rows.tolist(), of_parts, strict=True))
    parts = _by_cell(book, part_worth)
    hours, act = book.interval_h, book.book.terms.activation_ratio
    flat = value.ravel()
    # The share of price that all steps of a bid have alike goes to the worth of its cell.
    flat = flat - hours * np.repeat(book.availability[steps.bid], book.delivery)
    price = steps.price * (act * hours)
    for position, (cells, step) in enumerate(steps.rungs):
        reduced_cost = price[step] - flat[cells]
        if position < len(parts):
            reduced_cost -= parts[position][cells]
        total += least(reduced_cost, steps.kw[step])
    return total


def _by_cell(book: BookArrays, part_worth: dict[int, Floats]) -> list[Floats]:
    """Spread duals of rows of single steps, shape (N, K) each, over all cells, by step position."""
    if not part_worth:
        return []
    positions = max(table.shape[1] for table in part_worth.values())
    spread = [np.zeros(book.steps.ladder.shape) for _ in range(positions)]
    for row, table in part_worth.items():
        for position in range(table.shape[1]):
            spread[position][row] = table[:, position]
    return [table.ravel() for table in spread]


def _energy(book: BookArrays, duals: Duals, value: Floats) -> float:
    limited = [
        (row, limit)
        for row, i in enumerate(book.steps.bid.tolist())
        if (limit := book.bids[i].energy_limit_kwh) is not None
    ]
    rows = [row for row, _ in limited]
    heads = {book.bids[book.steps.bid[row]].bid_id: place for place, row in enumerate(rows)}
    dual = duals.table("energy_limit", heads, (), sense=-1)
    value[rows] += book.interval_h * dual[:, None]
    return float(dual @ np.array([limit for _, limit in limited], dtype=float)) if limited else 0.0


def _chosen_rebounds(book: BookArrays, duals: Duals, worth: Worth, value: Floats) -> float:
    chosen = [
        (row, rebound)
        for row, i in enumerate(book.steps.bid.tolist())
        if isinstance(rebound := book.bids[i].rebound, Rebound)
    ]
    rows = [row for row, _ in chosen]
    places = book.steps.bid[rows]
    heads = {book.bids[i].bid_id: place for place, i in enumerate(places)}
    count, hours = book.horizon, book.interval_h
    owed = duals.table("owed", heads, (count,), sense=0)
    deadline = duals.table("deadline", heads, (count,), sense=-1)
    if not chosen:
        return 0.0
    ratio = np.array([rebound.ratio for _, rebound in chosen], dtype=float)[:, None]
    window = np.array([rebound.window_intervals for _, rebound in chosen], dtype=np.int64)
    most_kw = np.array([rebound.max_return_kw for _, rebound in chosen], dtype=float)[:, None]
    value[rows] -= (ratio * hours * (owed + window_sums(deadline, window)))[:, : book.delivery]
    offered = np.zeros((len(rows), count))
    offered[:, : book.delivery] = book.steps.offered_kw[rows]
    # Only what has been deferred within the window, this interval included, can wait or come back.
    waiting = window_sums(offered[:, ::-1], window)[:, ::-1]
    due = window_sums(offered[:, ::-1], window + 1)[:, ::-1]
    returns = np.where((due > _NONE_KW) & (ratio > 0), most_kw, 0.0)
    backlog = np.maximum(ratio * hours * waiting, 0.0)
    backlog[:, -1] = 0.0
    total = least(-worth.returned[places] - hours * owed, returns)
    next_owed = np.concatenate((owed[:, 1:], np.zeros((len(rows), 1))), axis=1)
    return total + least(-owed + next_owed - deadline, backlog)


def _stated_rebounds(book: BookArrays, worth: Worth, value: Floats) -> None:
    """Charge each reduction with what its stated rebound is worth later."""
    stated = [
        (row, rebound)
        for row, i in enumerate(book.steps.bid.tolist())
        if isinstance(rebound := book.bids[i].rebound, ReboundProfile)
    ]
    if not stated:
        return
    rows = [row for row, _ in stated]
    ratios = profile_ratios([rebound for _, rebound in stated], book.horizon)
    returned = worth.returned[book.steps.bid[rows]]
    for k in range(ratios.shape[1]):
        later = returned[:, k + 1 : k + 1 + book.delivery]
        value[rows, : later.shape[1]] += ratios[:, k, None] * later


def _groups(book: BookArrays, duals: Duals, groups: Floats, part_worth: dict[int, Floats]) -> float:
    """Account for y of every step offer in a group, and price its single steps."""
    place_of_group = {key: place for place, key in enumerate(book.groups)}
    members = [
        (row, place_of_group[bid.site_id, bid.exclusive_group])
        for row, i in enumerate(book.steps.bid.tolist())
        if (bid := book.bids[i]).exclusive_group is not None
    ]
    rows = np.array([row for row, _ in members], dtype=np.int64)
    table, kw = part_table(book, duals, "group_step", rows)
    if not members:
        return 0.0
    part_worth.update(zip(rows.tolist(), table, strict=True))
    of_group = groups[[place for _, place in members]]
    return least(-of_group + (table * kw).sum(axis=(1, 2)), 1.0)
