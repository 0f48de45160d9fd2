"""Which event a site's delivery counts for, where several want it: one metered kW is counted once."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import numpy as np
import numpy.typing as npt

from vpp.dispatch.instruction import Instruction, InstructionState
from vpp.foundation.direction import Direction
from vpp.foundation.interval import Interval

LEFT_OVER = -1
"""Below every purpose's rank: what nobody else wants."""
_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Claim:
    """What one event may expect of a site.

    Attributes:
        event_id: The event.
        rank: Its purpose's rank; the higher is served first.
        start: When delivery begins, UTC.
        interval: Length of one delivery interval.
        target_kw: How far it moves the site per delivery interval, in its direction, kW. Shape (N,).
        until: From this instant on it expects nothing: the end of delivery, or of a cancelled event
            the instant at which it was cancelled.
        direction: Which way it moves the site.
    """

    event_id: str
    rank: int
    start: datetime
    interval: timedelta
    target_kw: tuple[float, ...]
    until: datetime
    direction: Direction = Direction.LOAD_DOWN

    def mean_kw(self, span: Interval, step: timedelta) -> npt.NDArray[np.float64]:
        """Return the mean target on another grid, kW; 0 outside of the claim.

        Args:
            span: A whole number of `step`s.
            step: Length of one interval of the other grid.

        Returns:
            Mean kW per interval. Shape (M,).

        Example:
            >>> from datetime import UTC
            >>> noon, half = datetime(2026, 3, 2, 12, tzinfo=UTC), timedelta(minutes=30)
            >>> claim = Claim("evening", 2, noon, half, (10.0, 30.0), noon + 2 * half)
            >>> claim.mean_kw(Interval(noon, noon + 3 * half), 3 * half).round(3).tolist()
            [13.333]
        """
        edges_s = np.arange(len(self.target_kw) + 1) * (self.interval / _SECOND)
        energy = np.concatenate(([0.0], np.cumsum(self.target_kw))) * (self.interval / _SECOND)
        first_s = (span.start - self.start) / _SECOND
        wanted_s = first_s + np.arange(span.duration // step + 1) * (step / _SECOND)
        wanted_s = np.minimum(wanted_s, (self.until - self.start) / _SECOND)
        mean_kw: npt.NDArray[np.float64] = np.diff(np.interp(wanted_s, edges_s, energy)) / (step / _SECOND)
        return mean_kw


def claim_of(instruction: Instruction, *, until: datetime | None = None) -> Claim | None:
    """Return what an instruction's event may expect of its site.

    Args:
        instruction: The site's newest instruction for the event.
        until: When the event was cancelled; None if it was not.

    Returns:
        The claim; None if there is none: the site refused or did not answer in time, no device
        moves, or the event was cancelled before its start. A site that stopped still owed what it
        had agreed to.
    """
    if not instruction.purpose.moves_devices or not _has_agreed(instruction):
        return None
    whole = _told(instruction)
    end = whole.until if until is None else min(until, whole.until)
    if end <= whole.start:
        return None
    most_kw = instruction.accepted_reduction_kw
    if most_kw is None:
        return replace(whole, until=end)
    return replace(whole, until=end, target_kw=tuple(min(kw, most_kw) for kw in whole.target_kw))


def own_claim(instruction: Instruction, *, until: datetime | None = None) -> Claim:
    """Return what an event may count of its own site's delivery: the same as others see of it.

    A site that refused or did not answer was called all the same. The others see no claim of the event
    there, so it counts what they leave.

    Args:
        instruction: The site's newest instruction for the event.
        until: When the event was cancelled; None if it was not.
    """
    claim = claim_of(instruction, until=until)
    return replace(_told(instruction), rank=LEFT_OVER) if claim is None else claim


def common_step(step: timedelta, span: Interval, claims: Iterable[Claim]) -> timedelta:
    """Return the longest step on which a span and what several events want change together.

    Events of different interval lengths share a site's delivery on this grid, so that each of them
    shares alike.

    Args:
        step: Length of the intervals in which one event is measured.
        span: What is measured; a whole number of `step`s.
        claims: The other events' claims.

    Example:
        >>> from datetime import UTC
        >>> noon, quarter = datetime(2026, 3, 2, 12, tzinfo=UTC), timedelta(minutes=15)
        >>> claim = Claim("evening", 2, noon + quarter, 2 * quarter, (10.0,), noon + 3 * quarter)
        >>> common_step(2 * quarter, Interval(noon, noon + 4 * quarter), [claim])
        datetime.timedelta(seconds=900)
    """
    lengths = [step]
    for each in claims:
        lengths += [each.interval, abs(each.start - span.start)]
    return timedelta(seconds=math.gcd(*(round(length / _SECOND) for length in lengths)))


def _told(instruction: Instruction) -> Claim:
    """Return all that a site was told to do."""
    return Claim(
        event_id=instruction.event_id,
        rank=instruction.purpose.rank,
        start=instruction.delivery.start,
        interval=instruction.interval,
        target_kw=instruction.target_reduction_kw,
        until=instruction.delivery.end,
        direction=instruction.direction,
    )


def _has_agreed(instruction: Instruction) -> bool:
    """Whether the site will deliver or may have, as far as is known."""
    state = instruction.state
    if state is InstructionState.SUPERSEDED:  # nothing has taken its place: it was cancelled or withdrawn
        return instruction.answer not in {None, InstructionState.REFUSED}
    return state not in {InstructionState.REFUSED, InstructionState.EXPIRED}


def attribute(
    delivered_kw: npt.NDArray[np.float64],
    target_kw: npt.NDArray[np.float64],
    ranks: Sequence[int],
    signs: Sequence[float] | None = None,
) -> npt.NDArray[np.float64]:
    """Share a site's delivery among the events that want it.

    The highest rank is served first, up to its targets; events of one rank share in proportion to
    their targets. What is delivered beyond all targets, or moved the other way, falls to
    the lowest rank that wants anything.

    Events of different ranks may want the site moved different ways: a mandatory curtailment while
    the site has sold an increase. Each takes of what is left what lies its way; what the higher rank has
    taken, the lower one is not charged with:

        share_e = s_e * min(max(s_e * left, 0), wanted_e),   left -= share_e,   by falling rank

    What is then left goes to the lowest rank that wants the site moved that way, if there is one: who
    curtails more than it was ordered to has not delivered less than nothing of what it sold.

    Args:
        delivered_kw: How far the site moved from its baseline, kW, in the direction of those whose sign is
            1; may be negative, NaN is a gap. Shape (N,).
        target_kw: Target per event and interval, kW, 0 or more. Shape (E, N), E at least 1.
        ranks: Rank per event. Shape (E,).
        signs: 1 for an event in the direction of `delivered_kw`, -1 for one against it; None for all in
            it. Shape (E,).

    Returns:
        Delivery per event, kW, in the direction of `delivered_kw`. Shape (E, N); each column adds up to the
        site's delivery. A gap is a gap for every event. Where nobody wants anything, the lowest rank's
        events share evenly.

    Example:
        >>> one_hour = np.array([80.0])
        >>> attribute(one_hour, np.array([[50.0], [60.0], [20.0]]), [3, 2, 2]).ravel().tolist()
        [50.0, 22.5, 7.5]
        >>> attribute(np.array([-40.0]), np.array([[50.0], [30.0]]), [3, 2], [-1.0, 1.0]).ravel().tolist()
        [-40.0, 0.0]
        >>> attribute(np.array([-70.0]), np.array([[50.0], [30.0]]), [3, 2], [-1.0, 1.0]).ravel().tolist()
        [-70.0, 0.0]
    """
    left_kw = delivered_kw.astype(np.float64, copy=True)
    shares_kw = np.zeros_like(target_kw, dtype=np.float64)
    weights = np.zeros_like(shares_kw)
    ways = [1.0] * len(ranks) if signs is None else list(signs)
    weights_its_way = {sign: np.zeros_like(shares_kw) for sign in ways}
    lowest_first = sorted(set(zip(ranks, ways, strict=True)))
    for rank, sign in reversed(lowest_first):
        rows = np.flatnonzero((np.asarray(ranks) == rank) & (np.asarray(ways) == sign))
        wanted_kw = target_kw[rows].sum(axis=0)
        with np.errstate(divide="ignore", invalid="ignore"):
            parts = np.where(wanted_kw > 0.0, target_kw[rows] / wanted_kw, 0.0)
        taken_kw = np.minimum(np.maximum(sign * left_kw, 0.0), wanted_kw)
        shares_kw[rows] = parts * (sign * taken_kw)
        left_kw -= sign * taken_kw
        is_wanted = wanted_kw > 0.0
        for taking in (weights, weights_its_way[sign]):  # of all ranks that want something the lowest
            taking[:, is_wanted] = 0.0  # takes the rest
            taking[np.ix_(rows, is_wanted)] = parts[:, is_wanted]
    for sign, taking in weights_its_way.items():
        goes_its_way = (sign * left_kw > 0.0) & taking.any(axis=0)
        weights[:, goes_its_way] = taking[:, goes_its_way]
    lowest = np.flatnonzero(np.asarray(ranks) == lowest_first[0][0])
    unwanted = weights.sum(axis=0) == 0.0
    weights[np.ix_(lowest, unwanted)] = 1.0 / len(lowest)
    return shares_kw + weights * left_kw


def taken_by_others(
    own: Claim,
    others: Sequence[Claim],
    delivered_kw: npt.NDArray[np.float64],
    span: Interval,
    step: timedelta,
) -> npt.NDArray[np.float64]:
    """Return the part of a site's delivery that counts for other events.

    Args:
        own: The event that is asked about.
        others: The other events' claims on the site; those that lie elsewhere in time do no harm.
        delivered_kw: How far the site moved from the event's own baseline in its direction, kW; NaN is a
            gap. Shape (N,).
        span: A whole number of `step`s.
        step: Length of one interval.

    Returns:
        kW per interval in the event's direction, exactly 0 where no other event wants anything; below 0
        where what counts for another was moved the other way. Shape (N,). What is left of `delivered_kw`
        is the event's own.
    """
    nothing_kw = np.zeros(len(delivered_kw))
    wanted_kw = [each.mean_kw(span, step) for each in others]
    if not any(kw.any() for kw in wanted_kw):
        return nothing_kw
    targets_kw = np.vstack([own.mean_kw(span, step), *wanted_kw])
    shares_kw = attribute(
        delivered_kw,
        targets_kw,
        [own.rank, *(each.rank for each in others)],
        [1.0, *(1.0 if each.direction is own.direction else -1.0 for each in others)],
    )
    shared = targets_kw[1:].any(axis=0)
    return np.where(shared, np.where(np.isnan(delivered_kw), 0.0, shares_kw[1:].sum(axis=0)), nothing_kw)
