r"""How the room under a site's connection lies over the day, and over the year.

    room_t = limit - l_t

Per hour of the site's own day the quantiles of the room: what rebound and load-up may count on at that
hour is the one that is there in nine cases of ten, not the mean and never the nameplate.

Source:
    Case K7 of this project's reference: rebound may use headroom, a bid may not assume nameplate.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from vpp.flexibility.bounds import check_above_zero
from vpp.flexibility.headroom import HIGH_QUANTILE, LOW_QUANTILE, quantile
from vpp.foundation.errors import InvalidInput

HOURS_PER_DAY = 24


@dataclass(frozen=True, slots=True)
class HourRoom:
    """The room at one hour of the day.

    Attributes:
        hour: The hour that begins then by the site's clock, 0..23.
        firm_kw: Room that is there in nine cases of ten, kW; below 0 where the load passed the limit.
        middle_kw: In every other case, kW.
        high_kw: In one case of ten, kW.
        reading_count: Readings that it stands on.
    """

    hour: int
    firm_kw: float
    middle_kw: float
    high_kw: float
    reading_count: int


def headroom_by_hour(limit_kw: float, load_kw: Sequence[float], hour: Sequence[int]) -> tuple[HourRoom, ...]:
    """Return the room hour by hour; hours without a reading are left out.

    Args:
        limit_kw: Largest net consumption of the connection, kW, above 0.
        load_kw: Metered net load, kW; NaN is a gap. Shape (T,).
        hour: Hour of the site's day of each, 0..23. Shape (T,).

    Raises:
        InvalidInput: Shapes differ, or an hour is none.

    Example:
        >>> headroom_by_hour(1000.0, [400.0, 600.0, 500.0], [7, 7, 8])[1]
        HourRoom(hour=8, firm_kw=500.0, middle_kw=500.0, high_kw=500.0, reading_count=1)
    """
    check_above_zero(limit_kw, "limit_kw")
    if len(load_kw) != len(hour):
        raise InvalidInput(f"hour has {len(hour)} values, expected {len(load_kw)}")
    by_hour: list[list[float]] = [[] for _ in range(HOURS_PER_DAY)]
    for load, at in zip(load_kw, hour, strict=True):
        if not 0 <= at < HOURS_PER_DAY:
            raise InvalidInput(f"hour is {at}, expected 0 to {HOURS_PER_DAY - 1}", hour=str(at))
        if math.isfinite(load):
            by_hour[at].append(limit_kw - load)
    return tuple(
        HourRoom(
            hour=at,
            firm_kw=quantile(room, LOW_QUANTILE),
            middle_kw=quantile(room, 0.5),
            high_kw=quantile(room, HIGH_QUANTILE),
            reading_count=len(room),
        )
        for at, room in enumerate(by_hour)
        if room
    )


@dataclass(frozen=True, slots=True)
class DurationPoint:
    """One point of a load-duration curve.

    Attributes:
        share_ratio: Share of the time, 0..1.
        load_kw: Load that is reached or passed for that share of it, kW.
    """

    share_ratio: float
    load_kw: float


def load_duration(load_kw: Sequence[float], point_count: int = 201) -> tuple[DurationPoint, ...]:
    """Return a load-duration curve, the largest load first; empty without readings.

    Args:
        load_kw: Metered net load, kW; NaN is a gap. Shape (T,).
        point_count: Points of the curve, 2 or more.

    Example:
        >>> [point.load_kw for point in load_duration([3.0, 1.0, 2.0], 3)]
        [3.0, 2.0, 1.0]
    """
    known = [kw for kw in load_kw if math.isfinite(kw)]
    if not known:
        return ()
    if point_count < 2:  # noqa: PLR2004  a curve has two ends
        raise InvalidInput(f"point_count is {point_count}, expected 2 or more")
    ordered = sorted(known, reverse=True)
    points = []
    for n in range(point_count):
        share = n / (point_count - 1)
        place = share * (len(ordered) - 1)
        low = min(math.floor(place), len(ordered) - 1)
        high = min(low + 1, len(ordered) - 1)
        points.append(DurationPoint(share, ordered[low] + (place - low) * (ordered[high] - ordered[low])))
    return tuple(points)
