r"""How far a site's load lies below what its connection takes, and what may be built on that.

With the metered net load l_t, the limit L of import and transformer, nameplate powers P_r:

    load factor = mean(l) / L                         about 30 % in many compute centres
    rebound may use       L - q90(l)                  the room left in nine cases of ten
    a bid may assume      min(sum P_r, q10(l) - l_min)   what is there to be shed, never the nameplate

Source:
    Case K7 of this project's reference: transformer load factor about 30 %; rebound may use headroom,
    a bid may not assume nameplate.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from vpp.flexibility.bounds import check_above_zero, check_within
from vpp.flexibility.connection_limits import ConnectionLimits
from vpp.foundation.errors import InvalidInput

LOW_QUANTILE = 0.1
HIGH_QUANTILE = 0.9


@dataclass(frozen=True, slots=True)
class HeadroomReport:
    """How a site's load lies under its connection.

    Attributes:
        limit_kw: Largest net consumption, kW.
        load_factor_ratio: Mean load over the limit.
        peak_ratio: Largest load over the limit.
        rebound_room_kw: Room for rebound and load-up in nine cases of ten, kW, 0 or more.
        biddable_kw: What a bid may assume, kW, 0 or more.
        nameplate_kw: What the nameplates of the resources add up to, kW.
        covered_ratio: Share of the intervals that had a reading.
    """

    limit_kw: float
    load_factor_ratio: float
    peak_ratio: float
    rebound_room_kw: float
    biddable_kw: float
    nameplate_kw: float
    covered_ratio: float


def quantile(values: Sequence[float], ratio: float) -> float:
    """Return a quantile of some values, linear between neighbours.

    Raises:
        InvalidInput: No values, or a ratio outside 0..1.

    Example:
        >>> quantile([4.0, 1.0, 3.0, 2.0], 0.5)
        2.5
    """
    check_within(ratio, "ratio", 0.0, 1.0)
    if not values:
        raise InvalidInput("values are empty, expected at least one")
    ordered = sorted(values)
    place = ratio * (len(ordered) - 1)
    low = math.floor(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (place - low) * (ordered[high] - ordered[low])


def headroom(
    limits: ConnectionLimits,
    load_kw: Sequence[float],
    *,
    nameplate_kw: float,
    minimum_load_kw: float = 0.0,
) -> HeadroomReport:
    """Report how much room a site's connection leaves.

    Args:
        limits: What the connection takes.
        load_kw: Metered net load, kW; NaN is a gap. Shape (N,).
        nameplate_kw: Sum of the resources' nameplate powers, kW.
        minimum_load_kw: Net consumption that is never shed, kW.

    Raises:
        InvalidInput: There is no reading, or no finite limit above zero.

    Example:
        >>> report = headroom(ConnectionLimits(5000.0), [1400.0, 1500.0, 1600.0], nameplate_kw=4000.0)
        >>> report.load_factor_ratio, report.rebound_room_kw, report.biddable_kw
        (0.3, 3420.0, 1420.0)
    """
    limit_kw = limits.largest_import_kw
    check_above_zero(limit_kw, "limit_kw")
    check_within(nameplate_kw, "nameplate_kw")
    known_kw = [kw for kw in load_kw if math.isfinite(kw)]
    if not known_kw:
        raise InvalidInput(f"load_kw has {len(load_kw)} values and no reading, expected at least one")
    return HeadroomReport(
        limit_kw=limit_kw,
        load_factor_ratio=math.fsum(known_kw) / len(known_kw) / limit_kw,
        peak_ratio=max(known_kw) / limit_kw,
        rebound_room_kw=max(0.0, limit_kw - quantile(known_kw, HIGH_QUANTILE)),
        biddable_kw=max(0.0, min(nameplate_kw, quantile(known_kw, LOW_QUANTILE) - minimum_load_kw)),
        nameplate_kw=nameplate_kw,
        covered_ratio=len(known_kw) / len(load_kw),
    )
