"""Whether an event needs more or less than it is getting, and how much in each interval."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vpp.dispatch.tracking.frame import Frame
from vpp.dispatch.tracking.rules import TrackingRules


@dataclass(frozen=True, slots=True, eq=False)
class Correction:
    """What an event needs from the present interval on.

    Attributes:
        first: The first interval that can still be changed; N if none can.
        left_ratio: Share of each interval that can still be changed, 0..1. Shape (N,).
        more_kw: Further delivery that is needed, kW, 0 or more. Shape (N,).
        less_kw: Delivery that nobody pays for, kW, 0 or more. Shape (N,).
    """

    first: int
    left_ratio: npt.NDArray[np.float64]
    more_kw: npt.NDArray[np.float64]
    less_kw: npt.NDArray[np.float64]


def correction(
    target_kw: npt.NDArray[np.float64],
    expected_kw: npt.NDArray[np.float64],
    frame: Frame,
    rules: TrackingRules,
) -> Correction:
    """Compare what is expected with the target, interval by interval.

    Within the deadband nothing is done, so that what is done does not have to be undone. Beyond it, what
    is done aims at the target itself.

    Args:
        target_kw: Reduction asked for, kW. Shape (N,).
        expected_kw: Expected delivery of all sites, kW. Shape (N,).
        frame: The grid and the present.
        rules: Deadbands and lead.

    Example:
        >>> from datetime import UTC, datetime, timedelta
        >>> from vpp.foundation.interval import Interval
        >>> noon, hour = datetime(2026, 3, 2, 12, tzinfo=UTC), timedelta(hours=1)
        >>> frame = Frame(Interval(noon, noon + 3 * hour), hour, hour, noon - hour)
        >>> found = correction(np.full(3, 100.0), np.array([99.0, 90.0, 120.0]), frame, TrackingRules())
        >>> found.more_kw.tolist(), found.less_kw.tolist()
        ([0.0, 10.0, 0.0], [0.0, 0.0, 20.0])
    """
    left_ratio = frame.left_ratio(frame.now + rules.lead)
    can_change = left_ratio > 0.0
    gap_kw = target_kw - expected_kw
    is_short = can_change & (gap_kw > rules.short_ratio * target_kw)
    is_over = can_change & (-gap_kw > rules.over_ratio * target_kw)
    changeable = np.flatnonzero(can_change)
    return Correction(
        first=int(changeable[0]) if len(changeable) else frame.interval_count,
        left_ratio=left_ratio,
        more_kw=np.where(is_short, gap_kw, 0.0),
        less_kw=np.where(is_over, -gap_kw, 0.0),
    )
