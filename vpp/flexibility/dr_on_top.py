r"""What a battery can sell to an event without missing its own discharges, and what missing them costs.

With the stored energy S_t of the own schedule, floor F, round trip r, the free charging power f_t (kW) and a
window W of intervals, an extra discharge of E in the window lowers every later S_t by E less what has
been recharged until then:

    E <= min over t >= end of W of (S_t - F + h sum_{j after W, j <= t} r f_j),    E <= S_t - F inside W

The last term is what makes the second cycle of a day and an event in between possible at once; it
counts only intervals in which a recharged kWh costs less than any own discharge that follows earns. More
than that displaces own discharges, the least valuable first, and each displaced kWh is priced.

Source:
    Check case C5 of this project: the floor is kept, the second discharge is done or its loss priced.
"""

import heapq
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from vpp.flexibility.battery import BatteryParameters
from vpp.flexibility.bounds import check_within, hours_of
from vpp.flexibility.own_schedule import SMALLEST_KWH, OwnSchedule


@dataclass(frozen=True, slots=True)
class OnTop:
    """What is there for an event on top of a battery's own schedule.

    Attributes:
        power_kw: Discharge beside the own one, kW. Shape (T,).
        free_kwh: Energy that no later own discharge misses, kWh.
        recharged_at_per_kwh: What the dearest of the recharged kWh costs, per kWh given; 0 if none is.
        displaceable_kwh: Further energy that own discharges after the window would miss, kWh.
        displaced_value_per_kwh: What the dearest of the displaced kWh would have earned; priced for
            all of them. 0 if nothing can be displaced.
    """

    power_kw: tuple[float, ...]
    free_kwh: float
    recharged_at_per_kwh: float
    displaceable_kwh: float
    displaced_value_per_kwh: float


def on_top(  # noqa: PLR0913  a window is two numbers
    params: BatteryParameters,
    schedule: OwnSchedule,
    price_per_kwh: Sequence[float],
    step: timedelta,
    *,
    first: int,
    count: int,
) -> OnTop:
    """Return what a window can take on top of the own schedule.

    Args:
        params: The battery.
        schedule: Its own schedule. Shape (N,).
        price_per_kwh: Prices the schedule was made for. Shape (N,).
        step: Length of an interval.
        first: Index of the window's first interval.
        count: Intervals in the window; at least 1.
    """
    horizon = len(schedule.stored_kwh)
    check_within(first, "first", 0, horizon - 1)
    check_within(count, "count", 1, horizon - first)
    hours, end = hours_of(step), first + count
    spare_kwh = _worthwhile_recharge_kwh(params, schedule, price_per_kwh, hours)
    lowest_kwh = min(schedule.stored_kwh[first:end])
    limits_kwh = [lowest_kwh - params.floor_kwh]
    recharged_kwh = 0.0
    for n in range(end, horizon):
        recharged_kwh += spare_kwh[n]
        limits_kwh.append(schedule.stored_kwh[n] - params.floor_kwh + recharged_kwh)
    power_kw = tuple(
        max(0.0, params.max_discharge_kw - own_kw) for own_kw in schedule.discharge_kw[first:end]
    )
    free_kwh = min(max(0.0, min(limits_kwh)), hours * math.fsum(power_kw))
    most_kwh = min(max(0.0, lowest_kwh - params.floor_kwh), hours * math.fsum(power_kw))
    later = [n for n in range(end, horizon) if schedule.discharge_kw[n] > 0.0]
    displaceable_kwh = min(most_kwh - free_kwh, hours * math.fsum(schedule.discharge_kw[n] for n in later))
    value_per_kwh, left_kwh = 0.0, displaceable_kwh
    for n in sorted(later, key=lambda each: price_per_kwh[each]):
        if left_kwh <= 0.0:
            break
        value_per_kwh = price_per_kwh[n]
        left_kwh -= hours * schedule.discharge_kw[n]
    needed_kwh = [free_kwh - (kwh - params.floor_kwh) for kwh in schedule.stored_kwh[end:]]
    recharged_at = _dearest_recharge(spare_kwh[end:], price_per_kwh[end:], needed_kwh, free_kwh)
    recharged_at /= params.round_trip_ratio
    return OnTop(power_kw, free_kwh, recharged_at, max(0.0, displaceable_kwh), value_per_kwh)


def _worthwhile_recharge_kwh(
    params: BatteryParameters, schedule: OwnSchedule, price_per_kwh: Sequence[float], hours: float
) -> list[float]:
    """Return what each interval can recharge for less than the discharges after it earn, kWh. Shape (N,)."""
    found = [0.0] * len(price_per_kwh)
    least_earned = math.inf
    for n in range(len(price_per_kwh) - 1, -1, -1):
        if schedule.discharge_kw[n] > 0.0:
            least_earned = min(least_earned, price_per_kwh[n])
        elif price_per_kwh[n] / params.round_trip_ratio < least_earned:
            found[n] = hours * params.round_trip_ratio * (params.max_charge_kw - schedule.charge_kw[n])
    return found


def _dearest_recharge(
    spare_kwh: Sequence[float], price_per_kwh: Sequence[float], needed_kwh: Sequence[float], given_kwh: float
) -> float:
    """Return the highest price among the cheapest intervals that recharge in time; 0 without any.

    Args:
        spare_kwh: What each interval after the window can recharge, kWh.
        price_per_kwh: Its price.
        needed_kwh: What must be recharged by its end so that own discharges find enough, kWh.
        given_kwh: What is to be back in the end, as far as there is room, kWh.
    """
    open_intervals: list[tuple[float, float]] = []
    recharged_kwh, dearest = 0.0, 0.0
    for n, later in enumerate(zip(price_per_kwh, spare_kwh, strict=True)):
        if later[1] > 0.0:
            heapq.heappush(open_intervals, later)
        is_last = n == len(spare_kwh) - 1
        wanted_kwh = max(needed_kwh[n], given_kwh) if is_last else needed_kwh[n]
        while open_intervals and recharged_kwh < wanted_kwh - SMALLEST_KWH:
            price, spare = heapq.heappop(open_intervals)
            taken_kwh = min(spare, wanted_kwh - recharged_kwh)
            recharged_kwh, dearest = recharged_kwh + taken_kwh, max(dearest, price)
            if spare > taken_kwh:
                heapq.heappush(open_intervals, (price, spare - taken_kwh))
    return dearest
