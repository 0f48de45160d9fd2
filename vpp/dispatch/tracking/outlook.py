"""What an event has delivered so far, and what is to be expected of the rest."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import numpy.typing as npt

from vpp.dispatch.instruction import InstructionState
from vpp.dispatch.tracking.delivery_state import (
    OUT_STATES,
    SMALLEST_ASKED_KW,
    Band,
    DeliveryState,
    state_of,
)
from vpp.dispatch.tracking.frame import Frame
from vpp.dispatch.tracking.making_up import makes_up, owed_kw
from vpp.dispatch.tracking.site_course import (
    SiteCourse,
    asked_kw,
    newest_metered,
    samples_per_reading,
    settling,
)
from vpp.foundation.series import hours

NOTICED_IN = 2
"""Metering intervals after which it is noticed that a site does not deliver, or that its meter is silent."""
LEVEL_OF = timedelta(minutes=5)
"""What a site does at present is the mean of the samples of this time, or of one that is longer."""
LEAST_GAIN = 0.5
"""However little a site seems to deliver: its baseline may be to blame, so that it would do more."""
RESPONSIVE_RATIO = 0.8
"""A site that falls short but moved by this share of what it was asked falls short for its baseline."""
STANDING_RATIO = 0.2
"""One that moved so at the start and still shows this share is taken to respond: since then its load has
changed, which its baseline could not know, and its load before the start says less and less."""
NO_CLAIM = frozenset({InstructionState.REFUSED, InstructionState.EXPIRED})
"""States of an instruction that was never followed: what the meter shows is no delivery."""

Matrix = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Outlook:
    """What sites have delivered, and what is to be expected of them.

    Attributes:
        frame: The grid.
        site_ids: The sites, in the order of the rows below.
        states: What each makes of its instruction. Shape (S,).
        asked_kw: What each was asked, kW. Shape (S, M).
        delivered_kw: What each delivered, kW; NaN where it is not known. Shape (S, M).
        expected_kw: The same, with what is expected where it is not known, kW. Shape (S, M).
        gain: Share of a further kW that each is expected to deliver, 0..1. Shape (S,).
        responds: Whether each moves as it is asked, whatever its baseline makes of that. Shape (S,).
        instructed_kw: What each is told at present, kW; 0 for those that are out. Shape (S, N).
        trusts_silence: Whether a silent meter was taken to say something of its site.
    """

    frame: Frame
    site_ids: tuple[str, ...]
    states: tuple[DeliveryState, ...]
    asked_kw: Matrix
    delivered_kw: Matrix
    expected_kw: Matrix
    gain: npt.NDArray[np.float64]
    responds: npt.NDArray[np.bool_]
    instructed_kw: Matrix
    trusts_silence: bool = True

    @property
    def expected_by_interval_kw(self) -> npt.NDArray[np.float64]:
        """Expected delivery of all sites per delivery interval, kW. Shape (N,)."""
        total: npt.NDArray[np.float64] = self.frame.by_interval(self.expected_kw).sum(axis=0)
        return total

    @property
    def instructed_by_interval_kw(self) -> npt.NDArray[np.float64]:
        """What all sites are told together, kW. Shape (N,)."""
        total: npt.NDArray[np.float64] = self.instructed_kw.sum(axis=0)
        return total

    @property
    def delivered_by_interval_kw(self) -> npt.NDArray[np.float64]:
        """Delivered so far per interval over the sites that were metered in it, kW; 0 if none. Shape (N,)."""
        shape = (len(self.site_ids), self.frame.interval_count, self.frame.per_interval)
        known = ~np.isnan(self.delivered_kw).reshape(shape)
        sums = np.nan_to_num(self.delivered_kw).reshape(shape).sum(axis=2)
        means: npt.NDArray[np.float64] = (sums / np.maximum(known.sum(axis=2), 1)).sum(axis=0)
        return means

    @property
    def metered_ratio(self) -> npt.NDArray[np.float64]:
        """Share of the samples of each interval that are known, 0..1. Shape (N,)."""
        if not self.site_ids:
            return np.zeros(self.frame.interval_count)
        ratio: npt.NDArray[np.float64] = self.frame.by_interval(
            (~np.isnan(self.delivered_kw)).astype(np.float64)
        ).mean(axis=0)
        return ratio


def look_ahead(
    courses: Sequence[SiteCourse], frame: Frame, band: Band, *, trusts_silence: bool = True
) -> Outlook:
    """Say what sites have delivered, and what is to be expected of them.

    A site's load is expected to stay as it is now, but for what its orders change: what counts as
    delivered is the told baseline less that. Of a change in what it is asked a site is expected to follow
    all, or the share by which it moved at the start if it falls short. A site that was not judged yet is
    taken at its word. Nothing is expected of sites that refused, stopped, expired, or whose meters are
    silent; no more than their energy lasts for of the others.

    Args:
        courses: The sites.
        frame: The grid and the present.
        band: What counts as on target.
        trusts_silence: Whether a silent meter says something of its site. It does not where hardly any
            meter is heard: then sites are expected to go on as they did when they were heard last.
    """
    site_count, samples = len(courses), frame.sample_count
    if not site_count:
        nothing = np.zeros((0, samples))
        return Outlook(
            frame,
            (),
            (),
            nothing,
            nothing,
            nothing,
            np.zeros(0),
            np.zeros(0, dtype=np.bool_),
            np.zeros((0, frame.interval_count)),
        )
    asked = np.vstack([asked_kw(course, frame) for course in courses])
    delivered = np.vstack([course.delivered_kw for course in courses])
    is_settling = np.vstack([settling(course, frame) for course in courses])
    over = frame.over_count
    # A site that was following and refuses to do more did deliver before.
    never = np.array([course.state in NO_CLAIM and not course.was_followed for course in courses])
    out = np.array(
        [course.state in OUT_STATES or course.state is InstructionState.COMPLETED for course in courses]
    )
    delivered[:, over:] = np.nan
    delivered[never] = np.where(np.arange(samples) < over, 0.0, np.nan)
    usable = ~np.isnan(delivered) & ~is_settling
    reference = np.vstack([course.reference_kw for course in courses])
    level_count = max(1, LEVEL_OF // frame.sample)
    owed = owed_kw(delivered, asked, frame)
    newest = _newest(usable, level_count)
    now = _Lately.of(newest, delivered, asked, reference)
    owed_now = _Lately.of(newest, owed, asked, reference).delivered
    is_making_up = makes_up(now.delivered - now.asked, owed_now, now.asked)
    level = delivered - np.where(is_making_up[:, None], owed, 0.0)
    now = _Lately.of(newest, level, asked, reference)
    recent = _Lately.of(_within(usable, courses, frame), level, asked, reference)
    is_silent = silent(courses, frame)
    states = tuple(
        state_of(
            course.state,
            band,
            (float(recent.delivered[row]), float(recent.asked[row])) if recent.is_known[row] else None,
            has_begun=over > 0,
            is_silent=bool(is_silent[row]),
        )
        for row, course in enumerate(courses)
    )
    initial = _Lately.of(_oldest(usable, level_count + 1), delivered, asked, reference)
    gain, responds = _response(courses, states, recent, initial)
    change = gain[:, None] * (asked - now.asked[:, None])
    drift = np.nan_to_num(reference - now.reference[:, None])
    # One sample is believed by half: a site that has only begun is on its way, or makes it up yet.
    belief = np.minimum(1.0, usable.sum(axis=1) / (2.0 * level_count))[:, None]
    seen = now.delivered[:, None] + drift + change
    seen += np.where(is_making_up[:, None], owed, 0.0)
    ahead = np.where(now.is_known[:, None], belief * seen + (1.0 - belief) * asked, asked)
    ahead = _within_energy(ahead, delivered, asked, courses, frame)
    ahead[out | is_silent if trusts_silence else out] = 0.0
    gain[out | is_silent] = 0.0
    # Of whom nothing is asked, what the meter shows beside the baseline is no delivery.
    # As in settlement that goes by whole delivery intervals.
    instructed = np.vstack([course.target_kw for course in courses]).astype(np.float64)
    is_idle = np.repeat(instructed <= SMALLEST_ASKED_KW, frame.per_interval, axis=1)
    delivered[is_idle & ~np.isnan(delivered)] = 0.0
    ahead[is_idle] = 0.0
    expected = np.where(np.isnan(delivered), ahead, delivered)
    instructed[out] = 0.0
    site_ids = tuple(course.site_id for course in courses)
    return Outlook(
        frame, site_ids, states, asked, delivered, expected, gain, responds, instructed, trusts_silence
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Lately:
    """Means over some samples, kW; and of which sites there are any. Shape (S,) each."""

    delivered: npt.NDArray[np.float64]
    asked: npt.NDArray[np.float64]
    reference: npt.NDArray[np.float64]
    is_known: npt.NDArray[np.bool_]

    @classmethod
    def of(
        cls, is_used: npt.NDArray[np.bool_], delivered: Matrix, asked: Matrix, reference: Matrix
    ) -> "_Lately":
        """Average over the samples that are used."""
        number = is_used.sum(axis=1)

        def mean(values: Matrix) -> npt.NDArray[np.float64]:
            means: npt.NDArray[np.float64] = np.where(is_used, values, 0.0).sum(axis=1) / np.maximum(
                number, 1
            )
            return means

        return cls(mean(delivered), mean(asked), mean(reference), number > 0)


def _newest(usable: npt.NDArray[np.bool_], count: int) -> npt.NDArray[np.bool_]:
    """Choose the newest samples that can be judged, so many of each site."""
    from_behind = np.cumsum(usable[:, ::-1], axis=1)[:, ::-1]
    chosen: npt.NDArray[np.bool_] = usable & (from_behind <= count)
    return chosen


def _oldest(usable: npt.NDArray[np.bool_], count: int) -> npt.NDArray[np.bool_]:
    """Choose the first samples that can be judged, so many of each site."""
    chosen: npt.NDArray[np.bool_] = usable & (np.cumsum(usable, axis=1) <= count)
    return chosen


def _within(
    usable: npt.NDArray[np.bool_], courses: Sequence[SiteCourse], frame: Frame
) -> npt.NDArray[np.bool_]:
    """Choose the samples that can be judged of the newest metering intervals, and what came since."""
    firsts = np.array([newest_metered(one, frame, NOTICED_IN)[0] for one in courses])
    chosen: npt.NDArray[np.bool_] = usable & (np.arange(usable.shape[1]) >= firsts[:, None])
    return chosen


def _response(
    courses: Sequence[SiteCourse], states: Sequence[DeliveryState], recent: _Lately, initial: _Lately
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
    """Say what share of a change each site follows, and who moves as it is asked."""
    offset = np.nan_to_num(np.array([course.offset_kw for course in courses]))
    now, at_first = _moved_ratio(recent, offset), _moved_ratio(initial, offset)
    is_short = np.array([state is DeliveryState.UNDER for state in states])
    responds = ~is_short | (now >= RESPONSIVE_RATIO)
    responds |= (at_first >= RESPONSIVE_RATIO) & (now >= STANDING_RATIO)
    gain = np.where(responds, 1.0, np.clip(now, LEAST_GAIN, 1.0))
    return gain, responds


def _moved_ratio(lately: _Lately, offset_kw: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return by which share of what they were asked sites moved; 1 where nothing is known. Shape (S,)."""
    is_asked = lately.is_known & (lately.asked > SMALLEST_ASKED_KW)
    ratio: npt.NDArray[np.float64] = np.where(
        is_asked, (lately.delivered - offset_kw) / np.where(is_asked, lately.asked, 1.0), 1.0
    )
    return ratio


def silent(courses: Sequence[SiteCourse], frame: Frame) -> npt.NDArray[np.bool_]:
    """Tell whose meter has said nothing for two of its metering intervals of delivery. Shape (S,)."""
    found = np.zeros(len(courses), dtype=np.bool_)
    for row, course in enumerate(courses):
        first, end = newest_metered(course, frame, NOTICED_IN)
        is_over = end - first == NOTICED_IN * samples_per_reading(course, frame)
        found[row] = is_over and not course.is_metered[first:end].any()
    return found


def _within_energy(
    ahead: Matrix, delivered: Matrix, asked: Matrix, courses: Sequence[SiteCourse], frame: Frame
) -> Matrix:
    """Expect nothing more of a site's devices once their energy is used up.

    They spend what they are asked. What the meter shows beyond that is the baseline's error, which costs
    them nothing and goes on.
    """
    budget = np.array([course.budget_kwh for course in courses])
    if not np.isfinite(budget).any():
        return ahead
    is_open = np.isnan(delivered)
    spent = np.where(is_open, asked, np.clip(delivered, 0.0, asked)) * hours(frame.sample)
    left = np.maximum(0.0, budget[:, None] - (np.cumsum(spent, axis=1) - spent))
    is_spending = spent > 0.0
    lasts_for = np.where(is_spending, np.minimum(1.0, left / np.where(is_spending, spent, 1.0)), 1.0)
    return ahead - np.where(is_open, (1.0 - lasts_for) * asked, 0.0)
