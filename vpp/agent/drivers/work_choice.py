"""Which works stand still for a wanted reduction: the most flexible first, with the least overshoot.

    s_i        what work i saves while it stands still, kW at the point of connection
    f_i        how flexible it is (its tier); work of less flexibility is taken only once all of more is
    H          works that this driver has paused already, held = sum of s over H
    more:      wanted > held: add works, tier by tier, until the sum reaches wanted; within the last tier
               those whose sum goes beyond it by least
    less:      held > wanted and less is wanted than before: resume works of H, the least flexible first, as
               long as what is left still reaches wanted
    otherwise  H stays as it is: a restart costs work, so a little too much is not given back

Said twice with the same wish nothing changes. Works that somebody else paused take no part.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

TOLERANCE_KW = 1e-6
LEVELS = 10_000
"""In how many parts a missing reduction is counted where works are put together."""
MOST_COMBINED = 200
"""Of more works those that come first are taken as they come; only the last so many are put together."""


@dataclass(frozen=True, slots=True)
class Work:
    """A work that may stand still.

    Attributes:
        key: Its name within the driver; stays at the site.
        saved_kw: What it saves while it stands still, kW at the point of connection.
        flexibility_ratio: Largest cut that its tier allows, 0..1: the larger, the sooner it is paused.
        priority: Among equals, lower ones are paused first and resumed last.
        is_ours: Whether this driver has paused it.
    """

    key: str
    saved_kw: float
    flexibility_ratio: float
    priority: float = 0.0
    is_ours: bool = False


@dataclass(frozen=True, slots=True)
class Choice:
    """What is to be done to which works.

    Attributes:
        pause: Works to pause, by key.
        resume: Works to resume, by key.
        saved_kw: What then stands still saves together, kW.
    """

    pause: tuple[str, ...] = ()
    resume: tuple[str, ...] = ()
    saved_kw: float = 0.0


def chosen_works(works: Sequence[Work], wanted_kw: float, *, wanted_before_kw: float = math.inf) -> Choice:
    """Choose which works stand still.

    Args:
        works: All that stand still by this driver's doing, and all that it could pause.
        wanted_kw: What they are to save, kW, 0 or more.
        wanted_before_kw: What was wanted last, kW; infinite if that is not known.

    Example:
        >>> works = [Work("a", 30.0, 0.5), Work("b", 20.0, 0.5), Work("c", 40.0, 0.1)]
        >>> chosen_works(works, 25.0)
        Choice(pause=('a',), resume=(), saved_kw=30.0)
        >>> chosen_works(works, 60.0).pause
        ('a', 'c')
    """
    ours = [work for work in works if work.is_ours]
    held_kw = math.fsum(work.saved_kw for work in ours)
    if held_kw >= wanted_kw - TOLERANCE_KW:
        resumed = _spare(ours, held_kw, wanted_kw) if wanted_kw < wanted_before_kw else []
        left_kw = held_kw - math.fsum(work.saved_kw for work in resumed)
        return Choice(resume=tuple(work.key for work in resumed), saved_kw=left_kw)
    taken: list[Work] = []
    missing_kw = wanted_kw - held_kw
    free = [work for work in works if not work.is_ours and work.saved_kw > TOLERANCE_KW]
    for flexibility in sorted({work.flexibility_ratio for work in free}, reverse=True):
        if missing_kw <= TOLERANCE_KW:
            break
        alike = [work for work in free if work.flexibility_ratio == flexibility]
        picked = _least_beyond(alike, missing_kw)
        taken += picked
        missing_kw -= math.fsum(work.saved_kw for work in picked)
    # Works of more flexibility that those of less have made superfluous run on.
    superfluous = {
        work.key for work in _spare(taken, held_kw + math.fsum(work.saved_kw for work in taken), wanted_kw)
    }
    kept = sorted((work for work in taken if work.key not in superfluous), key=_pause_order)
    saved_kw = held_kw + math.fsum(work.saved_kw for work in kept)
    return Choice(pause=tuple(work.key for work in kept), saved_kw=saved_kw)


def _pause_order(work: Work) -> tuple[float, float, str]:
    return (-work.flexibility_ratio, work.priority, work.key)


def _spare(works: Sequence[Work], held_kw: float, wanted_kw: float) -> list[Work]:
    """Return works without which what is held still reaches what is wanted."""
    spare: list[Work] = []
    for work in sorted(works, key=_pause_order, reverse=True):
        if held_kw - work.saved_kw >= wanted_kw - TOLERANCE_KW:
            spare.append(work)
            held_kw -= work.saved_kw
    return spare


def _least_beyond(works: Sequence[Work], missing_kw: float) -> list[Work]:
    """Return works that reach a sum and go beyond it by least, or all if they do not reach it.

    Either one work that is enough alone, or several smaller ones. Which sums the smaller ones reach is found
    in whole numbers, `LEVELS` to the sum that is missing; what is found is judged by its true sum. So the
    least excess is found up to half a level for every work. Of very many works the first ones are simply
    taken, and the last `MOST_COMBINED` around the sum are put together for what is still missing then.
    """
    if math.fsum(work.saved_kw for work in works) <= missing_kw:
        return list(works)
    order = sorted(works, key=lambda work: (work.priority, work.key))
    alone = [work for work in order if work.saved_kw >= missing_kw - TOLERANCE_KW]
    best = list(order) if not alone else [min(alone, key=lambda work: work.saved_kw)]
    beyond_kw = math.fsum(work.saved_kw for work in best) - missing_kw
    smaller = [work for work in order if work.saved_kw < missing_kw - TOLERANCE_KW]
    if len(smaller) > MOST_COMBINED:
        first = max(0, _reaching(smaller, missing_kw) - MOST_COMBINED // 2)
        first = min(first, len(smaller) - MOST_COMBINED)
        rest_kw = missing_kw - math.fsum(work.saved_kw for work in smaller[:first])
        if first:
            picked = smaller[:first] + _least_beyond(smaller[first : first + MOST_COMBINED], rest_kw)
            over_kw = math.fsum(work.saved_kw for work in picked) - missing_kw
            return picked if -TOLERANCE_KW <= over_kw < beyond_kw else best
        smaller = smaller[:MOST_COMBINED]
    unit_kw = missing_kw / LEVELS
    weights = [round(work.saved_kw / unit_kw) for work in smaller]
    rounding = math.ceil(len(smaller) / 2)
    # Two works of nearly all that is missing are rounded up to twice the levels, or a little beyond.
    end = 2 * LEVELS + rounding + 1
    sums = _reachable_sums(weights, end)
    for level in range(LEVELS - rounding, end):
        if beyond_kw <= TOLERANCE_KW or (level - rounding) * unit_kw - missing_kw > beyond_kw:
            break
        if not sums[-1] >> level & 1:
            continue
        picked = _picked(smaller, weights, sums, level)
        over_kw = math.fsum(work.saved_kw for work in picked) - missing_kw
        if -TOLERANCE_KW <= over_kw < beyond_kw - TOLERANCE_KW:
            best, beyond_kw = picked, over_kw
    return best


def _reaching(works: Sequence[Work], missing_kw: float) -> int:
    """Return how many works from the first on it takes to reach a sum, or all."""
    sum_kw = 0.0
    for count, work in enumerate(works, start=1):
        sum_kw += work.saved_kw
        if sum_kw >= missing_kw:
            return count
    return len(works)


def _reachable_sums(weights: Sequence[int], end: int) -> list[int]:
    """Return, for the first n weights, n = 0, 1 ..., the sums below `end` of some, as bits of a number."""
    mask = (1 << end) - 1
    sums = [1]
    for weight in weights:
        sums.append((sums[-1] | sums[-1] << weight) & mask)
    return sums


def _picked(works: Sequence[Work], weights: Sequence[int], sums: Sequence[int], level: int) -> list[Work]:
    """Return works whose weights have a sum; of works that weigh the same the first ones."""
    picked = []
    for n in reversed(range(len(works))):
        if not sums[n] >> level & 1:
            picked.append(works[n])
            level -= weights[n]
    return picked
