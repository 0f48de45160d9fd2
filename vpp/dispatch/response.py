"""How a site answers a target: how late, how fast, how much of it, how steadily."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import numpy.typing as npt

BEGUN_RATIO = 0.1
"""Share of the target from which on a response has begun."""
FULL_RATIO = 0.9
"""Share of the target from which on it is full."""
Kw = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Response:
    """How a site answered a target; as in `SiteScore`.

    Attributes:
        reached_ratio: Delivered energy over energy asked for, each interval up to its target.
        response_delay: Until a tenth of the target; None if never.
        full_delay: Until nine tenths; None if never.
        ramp_kw_per_min: Between the two; at least this.
        steadiness_ratio: From full response on; None if fewer than two readings show it.
    """

    reached_ratio: float
    response_delay: timedelta | None
    full_delay: timedelta | None
    ramp_kw_per_min: float | None
    steadiness_ratio: float | None


def response_of(  # noqa: PLR0913  one argument per thing that is measured against
    delivered_kw: Kw, target_kw: Kw, *, start: datetime, step: timedelta, begin: datetime, per_interval: int
) -> Response:
    """Measure how a site answered.

    Args:
        delivered_kw: Baseline less metered load per metering interval, kW; NaN for a gap. Shape (M,).
        target_kw: Reduction asked for in each, kW, 0 or more. Shape (M,).
        start: Start of the first, UTC.
        step: Length of a metering interval.
        begin: When the site was to begin, UTC: the event's start and its own offset.
        per_interval: Metering intervals of a delivery interval, over which energy counts.

    Returns:
        Delays count from `begin` to the end of the metering interval that shows the response, because
        within it nothing can be told; so they are at most one interval too long.

    Example:
        >>> from datetime import UTC
        >>> noon, minute = datetime(2026, 3, 2, 12, tzinfo=UTC), timedelta(minutes=1)
        >>> asked, given = np.full(6, 100.0), np.array([0.0, 40.0, 95.0, 100.0, 100.0, 100.0])
        >>> shown = response_of(given, asked, start=noon, step=minute, begin=noon, per_interval=6)
        >>> shown.full_delay, round(shown.reached_ratio, 3), shown.ramp_kw_per_min
        (datetime.timedelta(seconds=180), 0.725, 80.0)
    """
    wanted = target_kw > 0
    begun = _first(delivered_kw >= BEGUN_RATIO * target_kw, wanted)
    full = _first(delivered_kw >= FULL_RATIO * target_kw, wanted)
    ramp = None
    if begun is not None and full is not None:
        risen_kw = (FULL_RATIO - BEGUN_RATIO) * float(target_kw[full])
        ramp = risen_kw / (max(1, full - begun) * (step / timedelta(minutes=1)))
    return Response(
        reached_ratio=_reached(delivered_kw, target_kw, per_interval),
        response_delay=_delay(begun, start, step, begin),
        full_delay=_delay(full, start, step, begin),
        ramp_kw_per_min=ramp,
        steadiness_ratio=None if full is None else _steadiness(delivered_kw[full:], target_kw[full:]),
    )


def _first(holds: npt.NDArray[np.bool_], wanted: npt.NDArray[np.bool_]) -> int | None:
    found = np.flatnonzero(holds & wanted)  # a gap compares as False
    return int(found[0]) if len(found) else None


def _delay(n: int | None, start: datetime, step: timedelta, begin: datetime) -> timedelta | None:
    return None if n is None else max(timedelta(0), start + (n + 1) * step - begin)


def _reached(delivered_kw: Kw, target_kw: Kw, per_interval: int) -> float:
    """Return the share of the energy of those intervals that are metered whole."""
    delivered = delivered_kw.reshape(-1, per_interval).mean(axis=1)
    asked = target_kw.reshape(-1, per_interval).mean(axis=1)
    seen = ~np.isnan(delivered) & (asked > 0)
    if not seen.any():
        return 0.0
    counted = np.clip(delivered[seen], 0.0, asked[seen])
    return float(counted.sum() / asked[seen].sum())


def _steadiness(delivered_kw: Kw, target_kw: Kw) -> float | None:
    seen = ~np.isnan(delivered_kw) & (target_kw > 0)
    if np.count_nonzero(seen) < 2:  # noqa: PLR2004  one reading does not vary
        return None
    strayed = float(np.std(delivered_kw[seen] - target_kw[seen]) / target_kw[seen].mean())
    return max(0.0, 1.0 - strayed)
