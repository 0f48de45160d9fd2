r"""The lowest import that a site can promise to stay under for some hours: firm capacity as a product.

A site that promises "below X kW from 17 to 20" lets the grid keep less capacity ready for it. With the
load l_t that is exceeded in one case of ten, what resources deliver nine times in ten r_t <= R_t, and
their energy E:

    min X   such that   l_t - r_t <= X,   0 <= r_t <= R_t,   h sum_t r_t <= E

The lowest cap with energy alone fills the load's peaks like water turned upside down; the lowest with
power alone is max(l_t - R_t); the answer is the higher of both, found exactly by sorting.

Source:
    Firm import limit as a product: requirement F42 of this project's reference.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from vpp.flexibility.bounds import TOLERANCE_KW, check_within, hours_of
from vpp.foundation.errors import InvalidInput


@dataclass(frozen=True, slots=True)
class ImportCap:
    """A limit on a site's import and how it is held.

    Attributes:
        cap_kw: Net consumption that is not exceeded, kW.
        reduction_kw: What the site's resources do for it, kW. Shape (N,).
        lowered_by_kw: How far it lies below the largest load without them, kW.
    """

    cap_kw: float
    reduction_kw: tuple[float, ...]
    lowered_by_kw: float


def lowest_import_cap(
    high_load_kw: Sequence[float], promised_kw: Sequence[float], energy_kwh: float, step: timedelta
) -> ImportCap:
    """Return the lowest import that can be promised.

    Args:
        high_load_kw: Load exceeded in one case of ten, kW. Shape (N,).
        promised_kw: What resources deliver nine times in ten, kW. Shape (N,).
        energy_kwh: What they deliver over all hours, kWh; infinite for no limit.
        step: Length of an interval.

    Raises:
        InvalidInput: No interval, different lengths, or a quantity that is negative or not finite.

    Example:
        >>> cap = lowest_import_cap([900.0, 1000.0, 800.0], [200.0] * 3, 50.0, timedelta(minutes=15))
        >>> cap.cap_kw, cap.reduction_kw
        (850.0, (50.0, 150.0, 0.0))
    """
    if not high_load_kw or len(high_load_kw) != len(promised_kw):
        raise InvalidInput(
            f"high_load_kw has {len(high_load_kw)} and promised_kw {len(promised_kw)} values, expected the "
            "same number, at least one"
        )
    for load in high_load_kw:
        check_within(load, "high_load_kw", -math.inf)
    for kw in promised_kw:
        check_within(kw, "promised_kw")
    by_power_kw = max(load - kw for load, kw in zip(high_load_kw, promised_kw, strict=True))
    by_energy_kw = -math.inf
    if energy_kwh != math.inf:
        check_within(energy_kwh, "energy_kwh")
        by_energy_kw = _by_energy_kw(high_load_kw, energy_kwh / hours_of(step))
    cap_kw = max(by_power_kw, by_energy_kw)
    reduction_kw = tuple(max(0.0, load - cap_kw) for load in high_load_kw)
    return ImportCap(cap_kw, reduction_kw, max(0.0, max(high_load_kw) - cap_kw))


def _by_energy_kw(loads_kw: Sequence[float], sum_kw: float) -> float:
    """Return the level whose excess over all intervals sums up to `sum_kw`."""
    highest_first = sorted(loads_kw, reverse=True)
    above_kw = 0.0
    for count, load in enumerate(highest_first, start=1):
        above_kw += load
        level_kw = (above_kw - sum_kw) / count
        if count == len(highest_first) or level_kw >= highest_first[count]:
            return level_kw
    return highest_first[0]


def breached_intervals(cap_kw: float, net_kw: Sequence[float]) -> tuple[int, ...]:
    """Return the intervals in which a metered import exceeded a cap; a gap breaches nothing.

    Example:
        >>> breached_intervals(850.0, [849.0, 851.0, float("nan")])
        (1,)
    """
    return tuple(n for n, kw in enumerate(net_kw) if kw > cap_kw + TOLERANCE_KW)
