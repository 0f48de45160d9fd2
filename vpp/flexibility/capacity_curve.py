r"""A virtual capacity curve: hourly caps on flexible work that follow carbon and price.

Flexible work arrives as a_h (kWh in hour h) and may wait L hours, at most until the day's end. Hour h has
room r_h beside what is not flexible, and costs c_h per kWh. With x_h the work done in hour h and
E(x) = the work that can be done under the caps x, first come first served:

    minimise  sum_h c_h x_h
    0 <= x_h <= r_h,    sum_h x_h = sum_h a_h,    work of hour a done in a .. min(a + L, N - 1)
    cap = the same for (1 + margin) a, so that sum_h cap_h = (1 + margin) sum_h a_h;  x under the caps

The sets of work that fit into the hours form a polymatroid, so opening the cheapest hour first, each
as far as it lets more work be done, is optimal. The day's total is preserved; the margin keeps room for
a forecast that was too low.

Source:
    Carbon-aware computing for datacenters (arXiv 2106.11750), abstract: hourly limits on the resource
    available to flexible work from day-ahead carbon and demand forecasts, daily total preserved. The
    formulation is a design of this project.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from vpp.flexibility.bounds import check_above_zero, check_within
from vpp.foundation.errors import InvalidInput

ROUNDING_KWH = 1e-6
HALVINGS = 20


@dataclass(frozen=True, slots=True)
class CapacityCurve:
    """Caps on flexible work, and the work planned under them.

    Attributes:
        cap_kw: Largest power of flexible work by hour, kW at the point of connection. Shape (N,).
        planned_kw: Flexible work as forecast, moved under the caps, kW. Shape (N,).
        cost: What the planned work costs, in the unit of the cost forecast.
        cost_if_left_alone: What it would cost if it were done as it arrives.
    """

    cap_kw: tuple[float, ...]
    planned_kw: tuple[float, ...]
    cost: float
    cost_if_left_alone: float


@dataclass(frozen=True, slots=True)
class CapacityShortfall:
    """No caps keep the day's total: the room does not hold the work in time.

    Attributes:
        missing_kwh: Work that cannot be done in time, kWh.
    """

    missing_kwh: float


@dataclass(frozen=True, slots=True)
class FlexibleDay:
    """Forecast of a day's flexible work; days of 23 or 25 hours are as good as any.

    Attributes:
        arriving_kw: Flexible work that arrives, kW at full speed. Shape (N,).
        room_kw: What flexible work may draw at most: capacity less what is not flexible, kW.
            Shape (N,).
        cost_per_kwh: What a kWh costs in each hour: price, carbon, or both. Shape (N,).
        longest_delay_hours: Hours that work may wait; a day or more lets it wait until the day's end.
        step_hours: Length of a step, h.
    """

    arriving_kw: tuple[float, ...]
    room_kw: tuple[float, ...]
    cost_per_kwh: tuple[float, ...]
    longest_delay_hours: int = 24
    step_hours: float = 1.0

    def __post_init__(self) -> None:
        """Refuse shapes that differ and quantities that are negative."""
        count = len(self.arriving_kw)
        if not count or {len(self.room_kw), len(self.cost_per_kwh)} != {count}:
            raise InvalidInput(
                f"arriving_kw has {count} values, room_kw {len(self.room_kw)} and cost_per_kwh "
                f"{len(self.cost_per_kwh)}, expected as many, and at least one"
            )
        for name in ("arriving_kw", "room_kw"):
            for value in getattr(self, name):
                check_within(value, name)
        for value in self.cost_per_kwh:
            check_within(abs(value), "cost_per_kwh")
        check_within(self.longest_delay_hours, "longest_delay_hours")
        check_above_zero(self.step_hours, "step_hours")


def capacity_curve(day: FlexibleDay, margin_ratio: float = 0.0) -> CapacityCurve | CapacityShortfall:
    """Return the caps under which a day's flexible work costs least.

    Args:
        day: The forecast.
        margin_ratio: How much too low the forecast may be, as a share of its work, with all of it
            still done in time; as far as there is room.

    Returns:
        The caps, or how much work no caps could get done in time.

    Raises:
        InvalidInput: The margin is negative.

    Example:
        >>> day = FlexibleDay((10.0, 10.0, 0.0), (30.0, 30.0, 30.0), (3.0, 2.0, 1.0))
        >>> capacity_curve(day).planned_kw
        (0.0, 0.0, 20.0)
    """
    check_within(margin_ratio, "margin_ratio")
    total_kw = sum(day.arriving_kw)
    done_kw = sum(done_under(day, day.room_kw))
    if total_kw - done_kw > ROUNDING_KWH / day.step_hours:
        return CapacityShortfall((total_kw - done_kw) * day.step_hours)
    cap_kw = _cheapest_kw(_grown(day, _usable_margin_ratio(day, margin_ratio)))
    planned_kw = _cheapest_kw(replace(day, room_kw=cap_kw))
    return CapacityCurve(
        cap_kw,
        planned_kw,
        cost=_cost(day, planned_kw),
        cost_if_left_alone=_cost(day, done_under(day, day.room_kw)),
    )


def _cheapest_kw(day: FlexibleDay) -> tuple[float, ...]:
    """Open the cheapest hour first, each as far as it lets more work be done."""
    caps = [0.0] * len(day.room_kw)
    reached_kw = 0.0
    for hour in sorted(range(len(caps)), key=lambda hour: (day.cost_per_kwh[hour], hour)):
        caps[hour] = day.room_kw[hour]
        now_kw = sum(done_under(day, caps))
        caps[hour] = max(0.0, min(day.room_kw[hour], now_kw - reached_kw))
        reached_kw = max(reached_kw, now_kw)
    return tuple(caps)


def _grown(day: FlexibleDay, margin_ratio: float) -> FlexibleDay:
    return replace(day, arriving_kw=tuple(kw * (1.0 + margin_ratio) for kw in day.arriving_kw))


def _usable_margin_ratio(day: FlexibleDay, margin_ratio: float) -> float:
    """Return the margin for which there is still room, by halving."""
    low, high = 0.0, margin_ratio
    if _fits(_grown(day, high)):
        return high
    for _ in range(HALVINGS):
        middle = (low + high) / 2.0
        low, high = (middle, high) if _fits(_grown(day, middle)) else (low, middle)
    return low


def _fits(day: FlexibleDay) -> bool:
    return sum(day.arriving_kw) - sum(done_under(day, day.room_kw)) <= ROUNDING_KWH / day.step_hours


def done_under(day: FlexibleDay, cap_kw: Sequence[float]) -> list[float]:
    """Return the flexible work that gets done under caps, first come first served, kW by hour.

    Work that cannot be done in time is left undone; the sum tells how much that is.

    Args:
        day: The day's work, as forecast or as it came.
        cap_kw: Largest power of flexible work by hour, kW. Shape (N,).
    """
    last = len(day.arriving_kw) - 1
    queue: list[list[float]] = []
    done: list[float] = []
    for hour, arriving_kw in enumerate(day.arriving_kw):
        queue.append([min(hour + day.longest_delay_hours, last), arriving_kw])
        queue = [entry for entry in queue if entry[0] >= hour and entry[1] > 0.0]
        left_kw = max(0.0, cap_kw[hour])
        for entry in queue:
            part_kw = min(entry[1], left_kw)
            entry[1] -= part_kw
            left_kw -= part_kw
        done.append(max(0.0, cap_kw[hour]) - left_kw)
    return done


def _cost(day: FlexibleDay, planned_kw: Sequence[float]) -> float:
    return sum(kw * cost * day.step_hours for kw, cost in zip(planned_kw, day.cost_per_kwh, strict=True))
