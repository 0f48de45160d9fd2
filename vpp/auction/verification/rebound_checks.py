"""Promises about rebounds: what is deferred comes back, not early, not late, not too fast, and all of it."""

from collections.abc import Iterator

import numpy as np

from vpp.auction.bid import Rebound, ReboundProfile
from vpp.auction.verification.award_arrays import AwardArrays
from vpp.auction.verification.telling import KW, Floats, Integers, any_of, told


def rebounds(awards: AwardArrays) -> Iterator[str]:
    """Steps pay back what they owe within its window, or exactly as their profile says.

    Args:
        awards: The awards.

    Yields:
        Every promise that is broken.
    """
    bids = awards.book.bids
    chosen: list[int] = []
    stated: list[int] = []
    none: list[int] = []
    for i in awards.book.steps.bid.tolist():
        rebound = bids[i].rebound
        kind = none if rebound is None else chosen if isinstance(rebound, Rebound) else stated
        kind.append(i)
    returned_kw = awards.rebound_kw[none]
    yield from told(
        any_of(returned_kw),
        lambda row: f"{bids[none[row]].bid_id} has no rebound and yet returns {returned_kw[row].tolist()} kW",
    )
    if chosen:
        yield from _chosen(awards, chosen)
    if stated:
        yield from _stated(awards, stated)


def _shed_kw(awards: AwardArrays, places: list[int]) -> Floats:
    """Reduction over the whole horizon, kW."""
    shed = np.zeros((len(places), awards.book.horizon))
    shed[:, : awards.book.delivery] = awards.reduction_kw[places]
    return shed


def _chosen(awards: AwardArrays, places: list[int]) -> Iterator[str]:
    terms = [rebound for i in places if isinstance(rebound := awards.book.bids[i].rebound, Rebound)]
    ids = [awards.book.bids[i].bid_id for i in places]
    ratio = np.array([term.ratio for term in terms], dtype=float)
    most_kw = np.array([term.max_return_kw for term in terms], dtype=float)
    window = np.array([term.window_intervals for term in terms], dtype=np.int64)
    back_kw = awards.rebound_kw[places]
    fastest = back_kw.max(axis=1)
    yield from told(
        fastest > most_kw + KW,
        lambda row: f"{ids[row]} returns {fastest[row]:.9g} kW, its limit is {most_kw[row]:.9g}",
    )
    deferred = ratio[:, None] * np.cumsum(_shed_kw(awards, places), axis=1)
    overdue = earlier(deferred, window)
    returned = np.cumsum(back_kw, axis=1)
    slack = KW * np.arange(1, awards.book.horizon + 1)
    yield from told(
        (returned < overdue - slack) | (returned > deferred + slack),
        lambda row, t: (
            f"{ids[row]} has returned {returned[row, t]:.9g} of {deferred[row, t]:.9g} kW-intervals "
            f"by interval {t}, {overdue[row, t]:.9g} of them were due"
        ),
    )
    owed = np.abs(deferred[:, -1] - returned[:, -1])
    yield from told(
        owed > slack[-1], lambda row: f"{ids[row]} still owes energy at the end: {owed[row]:.9g} kW-intervals"
    )


def earlier(running: Floats, window: Integers) -> Floats:
    """Shift each row of running totals to the right by its own window; 0 comes in.

    Args:
        running: Running totals. Shape (m, T).
        window: By how many intervals. Shape (m,).

    Returns:
        The shifted totals. Shape (m, T).

    Example:
        >>> earlier(np.array([[1.0, 3.0, 4.0]]), np.array([2])).tolist()
        [[0.0, 0.0, 1.0]]
    """
    source = np.arange(running.shape[1]) - window[:, None]
    moved = np.take_along_axis(running, np.maximum(source, 0), axis=1)
    return np.where(source >= 0, moved, 0.0)


def _stated(awards: AwardArrays, places: list[int]) -> Iterator[str]:
    ids = [awards.book.bids[i].bid_id for i in places]
    ratios = profile_ratios(
        [rebound for i in places if isinstance(rebound := awards.book.bids[i].rebound, ReboundProfile)],
        awards.book.horizon,
    )
    shed_kw, back_kw = _shed_kw(awards, places), awards.rebound_kw[places]
    expected_kw = np.zeros_like(shed_kw)
    for k in range(ratios.shape[1]):
        expected_kw[:, k + 1 :] += ratios[:, k, None] * shed_kw[:, : -k - 1]
    slack = KW * (1 + ratios.sum(axis=1))
    yield from told(
        np.abs(back_kw - expected_kw) > slack[:, None],
        lambda row, t: (
            f"{ids[row]} returns {back_kw[row, t]:.9g} kW in interval {t}, "
            f"its profile says {expected_kw[row, t]:.9g}"
        ),
    )


def profile_ratios(profiles: list[ReboundProfile], horizon: int) -> Floats:
    """Return the ratios of stated rebounds, as far as they can fall within a horizon.

    Args:
        profiles: The profiles, m of them.
        horizon: Number of intervals of the horizon.

    Returns:
        Ratios one, two, ... intervals later. Shape (m, K).
    """
    longest = min(horizon - 1, max((len(profile.ratios) for profile in profiles), default=0))
    table = np.zeros((len(profiles), max(longest, 0)))
    for row, profile in enumerate(profiles):
        within = profile.ratios[:longest]
        table[row, : len(within)] = within
    return table
