r"""By how much a site's delivery may be mismeasured because its load moves by itself.

A delivery is a difference: what the site would have drawn less what its meter shows. The first is never
metered, so how well it is known decides. Two errors of one interval, from intervals in which nothing was
asked of the site:

    like days   e_t = l_t - b_t - a_t,   b_t = mean of l at the same time on the last K days,
                                        a_t = mean of l - b over a window that ends a while before t
                s = sqrt(mean e_t^2)
    neighbours  s = sqrt(mean (l_{t+1} - l_t)^2 / 2)

The first is what a settlement by like days with a same-day adjustment is off by, and what is used where the
history is long enough. The second holds for a try that is measured against the load just before and after.
Days are counted as 24 hours, so in the ten days after a clock change the first is too large.

Source:
    Day matching with an additive same-day adjustment, as in many products' rules; placebo events. The mean
    square of successive differences is twice the variance of one value: von Neumann, 1941.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise

from vpp.flexibility.bounds import check_within
from vpp.foundation.errors import InvalidInput

LIKE_DAYS = 10
FEWEST_LIKE_DAYS = 5
WINDOW = timedelta(hours=2)
"""Length of the adjustment's window."""
LEAD = timedelta(hours=1)
"""From its end to the interval that is adjusted."""
FEWEST = 24
"""Errors from which a standard error is stated."""
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class MeteringError:
    """A standard error of one interval.

    Attributes:
        error_kw: The error, kW, 0 or more.
        source: What it was taken from, in words.
        observation_count: From how many intervals.
    """

    error_kw: float
    source: str
    observation_count: int


def metering_error(
    load_kw: Sequence[float], step: timedelta, touched: Sequence[bool] = ()
) -> MeteringError | None:
    """Return what is known of the error of a delivered kW; None if there is too little history.

    Args:
        load_kw: Net load per interval, kW; NaN is a gap. Shape (T,).
        step: Length of an interval; divides a day.
        touched: Intervals in which something was asked of the site, or it recovered. Shape (T,) or (0,).

    Raises:
        InvalidInput: The step divides no day, or shapes differ.
    """
    if step <= timedelta(0) or DAY % step:
        raise InvalidInput(f"step is {step}, expected a part of a day", step=str(step))
    if touched and len(touched) != len(load_kw):
        raise InvalidInput(f"touched has {len(touched)} values, expected {len(load_kw)}")
    quiet = [math.nan if touched and touched[n] else value for n, value in enumerate(load_kw)]
    like = like_day_errors_kw(quiet, step)
    if len(like) >= FEWEST:
        mean_square = math.fsum(each**2 for each in like) / len(like)
        source = f"mean of {LIKE_DAYS} like days with a same-day adjustment, where nothing was asked"
        return MeteringError(math.sqrt(mean_square), source, len(like))
    near = neighbour_error_kw(quiet)
    if near is None:
        return None
    changes = sum(1 for one, other in pairwise(quiet) if math.isfinite(other - one))
    return MeteringError(
        near, "the load's change from one interval to the next, where nothing was asked", changes
    )


def like_day_errors_kw(load_kw: Sequence[float], step: timedelta) -> list[float]:
    """Return by how much like days with a same-day adjustment miss the load, kW.

    Args:
        load_kw: Net load per interval, kW; NaN is a gap, or a value that is not to count. Shape (T,).
        step: Length of an interval.

    Returns:
        One value per interval for which there are enough days and a whole window. Shape (M,).
    """
    per_day, window, lead = DAY // step, max(1, WINDOW // step), max(1, LEAD // step)
    rest: list[float] = []
    for n, value in enumerate(load_kw):
        before = [load_kw[n - day * per_day] for day in range(1, LIKE_DAYS + 1) if n >= day * per_day]
        known = [kw for kw in before if math.isfinite(kw)]
        enough = len(known) >= FEWEST_LIKE_DAYS
        rest.append(value - math.fsum(known) / len(known) if enough else math.nan)
    errors = []
    for n in range(window + lead, len(rest)):
        adjusting = rest[n - lead - window : n - lead]
        error = rest[n] - math.fsum(adjusting) / window
        if math.isfinite(error):
            errors.append(error)
    return errors


def neighbour_error_kw(load_kw: Sequence[float]) -> float | None:
    """Return how much the load varies from one interval to the next, kW; None if that cannot be said.

    Example:
        >>> neighbour_error_kw([100.0, 102.0] * 20)
        1.4142135623730951
    """
    squares = [(later - earlier) ** 2 for earlier, later in pairwise(load_kw)]
    known = [each for each in squares if math.isfinite(each)]
    if len(known) < FEWEST:
        return None
    error = math.sqrt(math.fsum(known) / len(known) / 2.0)
    check_within(error, "error_kw")
    return error
