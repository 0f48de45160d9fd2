"""How much to change now, so that the delivery interval's mean meets the target."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vpp.foundation.direction import Direction


@dataclass(frozen=True, slots=True)
class Course:
    """Where a delivery interval stands.

    Attributes:
        baseline_kw: What the site is measured against, kW; None if it is not known.
        target_kw: Change owed in `direction`, kW, 0 or more.
        metered_kw: Net power of the metering intervals that are over, kW; NaN where the meter
            has nothing. Shape (K,).
        step_count: Metering intervals in the delivery interval; above K.
        load_kw: Net power expected in the next metering interval without any command, kW.
        direction: Which way consumption is moved.
    """

    baseline_kw: float | None
    target_kw: float
    metered_kw: Sequence[float]
    step_count: int
    load_kw: float
    direction: Direction = Direction.LOAD_DOWN


def required_change_kw(course: Course, *, aim_ratio: float, correction_limit_ratio: float) -> float:
    """Return the change to command in the next metering interval.

    With a baseline, the mean net power of the delivery interval is steered to baseline less (load-up:
    plus) `aim_ratio` x target: what the metering intervals so far have missed is spread over those
    that are left. Without one, the target is taken off the site's own recent load, or added to it.

    Args:
        course: Where the delivery interval stands.
        aim_ratio: Share of the target that is aimed at.
        correction_limit_ratio: Most that may be made up per metering interval, as a share of
            the target; a wrong reading must not empty the batteries.

    Returns:
        Change in the course's direction, kW, 0 or more: a site that is beyond its aim already does
        nothing.

    Example:
        >>> course = Course(1000.0, 200.0, [820.0], 3, load_kw=1010.0)
        >>> required_change_kw(course, aim_ratio=1.0, correction_limit_ratio=1.0)
        220.0
    """
    aim_kw = course.target_kw * aim_ratio
    if course.baseline_kw is None:
        return aim_kw
    direction = course.direction
    wanted_net_kw = direction.level(course.baseline_kw, aim_kw)
    known = [value for value in course.metered_kw if np.isfinite(value)]
    left_count = course.step_count - len(course.metered_kw)
    missed_kw = sum(direction.delivered(value, wanted_net_kw) for value in known) / left_count
    limit_kw = correction_limit_ratio * course.target_kw
    missed_kw = min(max(missed_kw, -limit_kw), limit_kw)
    return max(0.0, direction.delivered(course.load_kw, wanted_net_kw) + missed_kw)


def usable_kw(
    available_kw: float, energy_kwh: float, awarded_kw: Sequence[float], interval_hours: float
) -> float:
    """Return what a resource may give now without eating into what it owes later.

    Args:
        available_kw: Largest reduction of the next step, kW.
        energy_kwh: Energy left, kWh; infinite if only power is limited.
        awarded_kw: What was bought from it in the present and the following delivery intervals,
            kW. Shape (N,), N at least 1.
        interval_hours: Length of a delivery interval, h.

    Returns:
        Its award, and an even share of the energy that is not owed, kW; at most `available_kw`.

    Example:
        >>> usable_kw(100.0, 60.0, [40.0, 40.0], 0.5)
        60.0
    """
    owed_kwh = sum(awarded_kw) * interval_hours
    spare_kw = max(0.0, energy_kwh - owed_kwh) / (len(awarded_kw) * interval_hours)
    return min(available_kw, awarded_kw[0] + spare_kw)
