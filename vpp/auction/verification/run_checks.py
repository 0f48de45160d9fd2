"""Promises about runs: how long, how often, how strongly, and how long the rest between them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from vpp.auction.bid import RunLimits
from vpp.auction.verification.award_arrays import AwardArrays
from vpp.auction.verification.telling import KW, Flags, Floats, told

_ON_KW = 1e-3  # less is what a solver leaves of an interval that is off


@dataclass(frozen=True, slots=True)
class Runs:
    """How often bids with run limits start, one entry per such bid.

    Attributes:
        places: Places of their bids.
        fewest: Starts that have to be paid at least: where the least level is 0, a bid may idle
            through a pause instead of starting anew.
        most: Starts that can be paid at most: unbroken spans of reduction.
    """

    places: list[int]
    fewest: Floats
    most: Floats


def run_limits(awards: AwardArrays) -> Iterator[str]:
    """Every run keeps its least level, its least and longest time, its rest and its number.

    A run is an unbroken span of reductions. Where the least level is 0, a bid may also idle at 0
    within a run, as long as it offers something; then only that no reading of the award keeps
    the limits is a broken promise.

    Args:
        awards: The awards.

    Yields:
        Every promise that is broken.

    Source:
        Design of the auction engine, section 2.2, committed deferrable.
    """
    places, limits, on, offered = _patterns(awards)
    if not places:
        return
    ids = [awards.book.bids[i].bid_id for i in places]
    level_kw = np.array([limit.min_level_kw for limit in limits])
    reduction_kw = awards.reduction_kw[places]
    yield from told(
        on & (reduction_kw < level_kw[:, None] - KW),
        lambda row, t: (
            f"{ids[row]} runs at {reduction_kw[row, t]:.9g} kW in interval {t}, "
            f"its least is {level_kw[row]:.9g}"
        ),
    )
    for row in np.flatnonzero(_is_off_limits(on, limits)).tolist():
        if level_kw[row] > 0 or fewest_starts(on[row].tolist(), offered[row].tolist(), limits[row]) is None:
            yield f"{ids[row]} {_told_run(on[row].tolist(), limits[row])}"


def starts_paid(awards: AwardArrays) -> Runs:
    """Return how many starts the awards of bids with run limits can mean.

    Args:
        awards: The awards.

    Returns:
        Their fewest and most.
    """
    places, limits, on, offered = _patterns(awards)
    before = np.zeros_like(on)
    before[:, 1:] = on[:, :-1]
    most = (on & ~before).sum(axis=1).astype(float)
    fewest = most.copy()
    for row, limit in enumerate(limits):
        if limit.min_level_kw == 0 and limit.start_cost and most[row] > 1:
            found = fewest_starts(on[row].tolist(), offered[row].tolist(), limit)
            fewest[row] = most[row] if found is None else found
    return Runs(places, fewest, most)


def _patterns(awards: AwardArrays) -> tuple[list[int], list[RunLimits], Flags, Flags]:
    """Bids with run limits: places, limits, where they run, where they offer anything."""
    book = awards.book
    rows, places, limits = [], [], []
    for row, i in enumerate(book.steps.bid.tolist()):
        limit = book.bids[i].run_limits
        if limit is not None:
            rows.append(row)
            places.append(i)
            limits.append(limit)
    return places, limits, awards.reduction_kw[places] > _ON_KW, book.steps.offered_kw[rows] > 0


def _is_off_limits(on: Flags, limits: Sequence[RunLimits]) -> Flags:
    """Tell which on/off patterns break a limit, taken literally."""
    count = on.shape[1]
    shortest = np.array([limit.min_run_intervals for limit in limits])
    longest = np.array([limit.max_run_intervals or count for limit in limits])
    rest = np.array([limit.rest_intervals for limit in limits])
    calls = np.array([count if limit.max_calls is None else limit.max_calls for limit in limits])
    broken = np.zeros(len(limits), dtype=bool)
    run, pause, starts = (np.zeros(len(limits), dtype=np.int64) for _ in range(3))
    for t in range(count):
        begins = on[:, t] & (run == 0)
        broken |= begins & (starts > 0) & (pause < rest)
        ends = ~on[:, t] & (run > 0)
        broken |= ends & (run < shortest)
        starts += begins
        run = np.where(on[:, t], run + 1, 0)
        pause = np.where(on[:, t], 0, pause + 1)
        broken |= run > longest
    return broken | ((run > 0) & (run < shortest)) | (starts > calls)


def _told_run(on: list[bool], limits: RunLimits) -> str:
    spans: list[str] = []
    begin = None
    for t, is_on in enumerate([*on, False]):
        if is_on and begin is None:
            begin = t
        elif not is_on and begin is not None:
            spans.append(f"{begin} to {t - 1}")
            begin = None
    terms = [f"runs of {limits.min_run_intervals} to {limits.max_run_intervals or 'any'} intervals"]
    terms.append(f"rests of {limits.rest_intervals}")
    terms.append(f"{limits.max_calls or 'any number of'} calls")
    return f"runs in intervals {', '.join(spans)}; its limits are {', '.join(terms)}"


def fewest_starts(must: Sequence[bool], may: Sequence[bool], limits: RunLimits) -> int | None:
    """Return the fewest starts of a bid that may idle at 0, or None if no pattern keeps its limits.

    Args:
        must: Where it reduces, so that it must be on. Shape (N,).
        may: Where it offers something, so that it may be on. Shape (N,).
        limits: Its limits.

    Returns:
        The fewest starts, at most its calls.

    Example:
        >>> fewest_starts([True, False, True], [True] * 3, RunLimits(min_run_intervals=2))
        1
        >>> fewest_starts([True, False, True], [True, False, True], RunLimits(min_run_intervals=2)) is None
        True
    """
    shortest, rest = limits.min_run_intervals, limits.rest_intervals
    longest = len(must) if limits.max_run_intervals is None else limits.max_run_intervals
    states = {(False, rest): 0}  # on or off, and for how long; before delivery it has rested
    for must_run, may_run in zip(must, may, strict=True):
        after: dict[tuple[bool, int], int] = {}
        for (is_on, length), starts in states.items():
            if not must_run and (not is_on or length >= shortest):
                state = (False, min(rest, 1 if is_on else length + 1))
                after[state] = min(starts, after.get(state, starts))
            if may_run and (length < longest if is_on else length >= rest):
                state, count = (True, length + 1 if is_on else 1), starts + (not is_on)
                after[state] = min(count, after.get(state, count))
        states = after
    whole = [starts for (is_on, length), starts in states.items() if not is_on or length >= shortest]
    found = min(whole, default=None)
    return None if found is None or found > (limits.max_calls or found) else found
