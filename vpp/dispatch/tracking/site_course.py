"""What a site was told in the course of an event, and what its meter shows."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import numpy.typing as npt

from vpp.dispatch.instruction import InstructionState
from vpp.dispatch.tracking.frame import Frame


@dataclass(frozen=True, slots=True)
class Order:
    """What a site was told, and since when it follows.

    Attributes:
        counts_from: When the site begins to follow it.
        target_kw: How far it is to move per delivery interval of the event, kW. Shape (N,).
        limit_kw: The most it agreed to when it was told so, kW; None for all of it.
    """

    counts_from: datetime
    target_kw: tuple[float, ...]
    limit_kw: float | None = None

    @property
    def cap_kw(self) -> float:
        """The most it agreed to, kW; infinite for all of it."""
        return np.inf if self.limit_kw is None else self.limit_kw


@dataclass(frozen=True, slots=True, eq=False)
class SiteCourse:
    """One site in an event.

    Attributes:
        site_id: The site.
        state: State of its newest instruction.
        orders: What it was told, oldest first; at least one.
        was_followed: Whether the site ever agreed to deliver.
        response: From command to full effect.
        budget_kwh: Most energy by which its instructed resources move it in one activation, kWh; infinite
            if nothing limits it.
        reference_kw: What it would deliver at no consumption per sample, kW: its baseline, or in an event
            that raises consumption less than nothing; NaN where that is not known. Shape (M,).
        offset_kw: What it seemed to deliver just before it was asked to, kW: how far the baseline lay above
            its load, or below it; NaN where that is not known.
        delivered_kw: How far it moved from its baseline in the event's direction per sample, kW; NaN where
            either is not known. Shape (M,).
        is_metered: Whether each sample was metered, whatever is known of the baseline. Shape (M,).
        metering: Length of its metering intervals; None for the frame's samples. Longer ones are known
            once they are over, for all of their samples at once.
    """

    site_id: str
    state: InstructionState
    orders: tuple[Order, ...]
    was_followed: bool
    response: timedelta
    budget_kwh: float
    reference_kw: npt.NDArray[np.float64]
    offset_kw: float
    delivered_kw: npt.NDArray[np.float64]
    is_metered: npt.NDArray[np.bool_]
    metering: timedelta | None = None

    @property
    def target_kw(self) -> tuple[float, ...]:
        """Its present target per delivery interval, kW. Shape (N,)."""
        return self.orders[-1].target_kw


def asked_kw(course: SiteCourse, frame: Frame) -> npt.NDArray[np.float64]:
    """Return the power that a site's orders amount to, sample by sample.

    A target is a mean over its delivery interval. A site that is told another one in the middle of
    an interval makes up in the rest for what it was told before.

    Returns:
        kW, 0 or more. Shape (M,).
    """
    per = frame.per_interval
    first: npt.NDArray[np.float64] = _per_sample(course.orders[0], per)
    if len(course.orders) == 1:
        return first
    asked = first
    for order in course.orders[1:]:
        # A site on its way is, on the average, where it will be after half of its way.
        asked = _changed(asked, _per_sample(order, per), frame, order, course)
    return asked


def _per_sample(order: Order, per: int) -> npt.NDArray[np.float64]:
    """Return what an order asks, as far as it was agreed to. Shape (M,)."""
    asked: npt.NDArray[np.float64] = np.minimum(np.repeat(order.target_kw, per), order.cap_kw)
    return asked


def _changed(
    before_kw: npt.NDArray[np.float64],
    after_kw: npt.NDArray[np.float64],
    frame: Frame,
    order: Order,
    course: SiteCourse,
) -> npt.NDArray[np.float64]:
    """Go over from one order to another in the middle of an interval. Shape (M,)."""
    per = frame.per_interval
    place = (order.counts_from + course.response / 2 - frame.delivery.start) / frame.sample
    if place <= 0.0:
        return after_kw
    begin = int(place)
    if begin >= frame.sample_count:
        return before_kw
    part = place - begin
    first = begin // per * per
    already_kw = before_kw[first:begin].sum() + part * before_kw[begin]
    rest_kw = max(0.0, (after_kw[begin] * per - already_kw) / (first + per - place))
    rest_kw = min(rest_kw, order.cap_kw)
    changed = np.concatenate((before_kw[:begin], after_kw[begin:]))
    changed[begin] = part * before_kw[begin] + (1.0 - part) * rest_kw
    changed[begin + 1 : first + per] = rest_kw
    return changed


def samples_per_reading(course: SiteCourse, frame: Frame) -> int:
    """Return how many of the frame's samples one reading of a site covers, at least 1."""
    return 1 if course.metering is None else max(1, course.metering // frame.sample)


def newest_metered(course: SiteCourse, frame: Frame, count: int) -> tuple[int, int]:
    """Return the samples of the newest metering intervals of a site that are over.

    Args:
        course: The site.
        frame: The grid and the present.
        count: How many metering intervals.

    Returns:
        First sample, and the one after the last; fewer of them if not so many are over yet.

    Example:
        >>> from datetime import UTC
        >>> from vpp.foundation.interval import Interval
        >>> noon, five = datetime(2026, 3, 2, 12, tzinfo=UTC), timedelta(minutes=5)
        >>> frame = Frame(Interval(noon, noon + 12 * five), 3 * five, five, noon + 8 * five)
        >>> kw = np.zeros(12)
        >>> state, quarter = InstructionState.STARTED, 3 * five
        >>> site = SiteCourse("north", state, (), True, five, 1.0, kw, 0.0, kw, kw == 0, quarter)
        >>> newest_metered(site, frame, 2)
        (0, 6)
    """
    length = samples_per_reading(course, frame)
    end = frame.over_count // length * length
    return max(0, end - count * length), end


def settling(course: SiteCourse, frame: Frame) -> npt.NDArray[np.bool_]:
    """Tell in which samples a site is on its way to what it was told for half of the time or more.

    Shape (M,).
    """
    is_settling = np.zeros(frame.sample_count, dtype=np.bool_)
    for order in course.orders:
        begin = max(order.counts_from, frame.delivery.start)
        settled_at = begin + course.response
        is_settling[frame.sample_at(begin) : frame.first_sample_from(settled_at - frame.sample / 2)] = True
    return is_settling
