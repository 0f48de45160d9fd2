"""The site's last word: whether an instruction is carried out, in part, or not at all."""

import enum
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from vpp.flexibility.bounds import TOLERANCE_KW, check_within
from vpp.foundation.errors import InvalidInput
from vpp.foundation.interval import Interval


class GuardReason(enum.Enum):
    """Why a site refuses or delivers less; named as on the wire."""

    RESOURCE_UNAVAILABLE = "resource_unavailable"
    SITE_LIMIT = "site_limit"
    LATE = "late"
    EXPIRED = "expired"
    MAINTENANCE = "maintenance"
    LOCAL_VETO = "local_veto"
    CLOCK_SKEW = "clock_skew"
    OUTRANKED = "outranked"
    DEVICE_FAULT = "device_fault"
    STALE_METER = "stale_meter"
    NOT_CONFIRMED = "not_confirmed"


@dataclass(frozen=True, slots=True)
class SiteLimits:
    """What a site allows, whatever the hub says.

    Attributes:
        max_reduction_kw: Largest reduction of the whole site, kW.
        import_limit_kw: Largest net consumption at the point of connection, kW.
        max_clock_skew: Largest difference between the clocks of hub and site.
        late_tolerance: An instruction may arrive this long after its start.
        blackouts: Spans of planned work in which the site delivers nothing.
        vetoed_resource_ids: Flexible resources that the site has taken out.
        site_vetoed: Whether someone at the site has said no to everything.
        accepts_in_part: Whether an instruction beyond the site's means is carried out as far
            as they reach; otherwise it is refused.
    """

    max_reduction_kw: float
    import_limit_kw: float
    max_clock_skew: timedelta
    late_tolerance: timedelta = timedelta(0)
    blackouts: tuple[Interval, ...] = ()
    vetoed_resource_ids: frozenset[str] = frozenset()
    site_vetoed: bool = False
    accepts_in_part: bool = True

    def __post_init__(self) -> None:
        """Refuse negative limits."""
        check_within(self.max_reduction_kw, "max_reduction_kw")
        check_within(self.import_limit_kw, "import_limit_kw")
        if min(self.max_clock_skew, self.late_tolerance) < timedelta(0):
            raise InvalidInput("max_clock_skew and late_tolerance must not be negative")


@dataclass(frozen=True, slots=True)
class Order:
    """What the hub asks of the site.

    Attributes:
        delivery: When delivery takes place.
        target_reduction_kw: Reduction per delivery interval, kW. Shape (N,).
        expires_at: Not to be executed from this instant on.
        rebound_kw: Largest rebound that the full target would cause, kW.
        course_after_kw: Net consumption expected after delivery without rebound, kW.
    """

    delivery: Interval
    target_reduction_kw: tuple[float, ...]
    expires_at: datetime
    rebound_kw: float = 0.0
    course_after_kw: float = 0.0

    def __post_init__(self) -> None:
        """Refuse an empty target and negative quantities."""
        if not self.target_reduction_kw:
            raise InvalidInput("target_reduction_kw is empty, expected one value per delivery interval")
        for value in self.target_reduction_kw:
            check_within(value, "target_reduction_kw")
        check_within(self.rebound_kw, "rebound_kw")
        if not math.isfinite(self.course_after_kw):
            raise InvalidInput(f"course_after_kw is {self.course_after_kw}, expected a finite number")


@dataclass(frozen=True, slots=True)
class Accept:
    """The instruction is carried out in full."""


@dataclass(frozen=True, slots=True)
class Partial:
    """The instruction is carried out up to a limit.

    Attributes:
        reduction_kw: What the site delivers at most, kW, above 0.
        reason: What stands against more.
        detail: The figures, in words.
    """

    reduction_kw: float
    reason: GuardReason
    detail: str


@dataclass(frozen=True, slots=True)
class Refuse:
    """The instruction is not carried out.

    Attributes:
        reason: Why.
        detail: The figures, in words.
    """

    reason: GuardReason
    detail: str


Verdict = Accept | Partial | Refuse


def _in_time(limits: SiteLimits, order: Order, now: datetime, clock_skew: timedelta) -> Refuse | None:
    if abs(clock_skew) > limits.max_clock_skew:
        detail = f"clocks differ by {abs(clock_skew)}, at most {limits.max_clock_skew} is allowed"
        return Refuse(GuardReason.CLOCK_SKEW, detail)
    ends_at = min(order.expires_at, order.delivery.end)
    if now >= ends_at:
        return Refuse(GuardReason.EXPIRED, f"it is {now.isoformat()}, the order ended {ends_at.isoformat()}")
    latest = _due_at(order) + limits.late_tolerance
    if now > latest:
        return Refuse(GuardReason.LATE, f"it is {now.isoformat()}, the order was due by {latest.isoformat()}")
    return None


def _due_at(order: Order) -> datetime:
    """Return when something is asked for first: a site that joins an event has zeros before it does."""
    step = order.delivery.duration / len(order.target_reduction_kw)
    first = next((n for n, kw in enumerate(order.target_reduction_kw) if kw > 0.0), 0)
    return order.delivery.start + first * step


def _forbidden(limits: SiteLimits, order: Order, available_kw: Mapping[str, float]) -> Refuse | None:
    for blackout in limits.blackouts:
        if order.delivery.start < blackout.end and blackout.start < order.delivery.end:
            detail = f"planned work {blackout.start.isoformat()} to {blackout.end.isoformat()}"
            return Refuse(GuardReason.MAINTENANCE, detail)
    if limits.site_vetoed:
        return Refuse(GuardReason.LOCAL_VETO, "the site has said no to all events")
    if available_kw and limits.vetoed_resource_ids.issuperset(available_kw):
        return Refuse(GuardReason.LOCAL_VETO, f"taken out by the site: {', '.join(sorted(available_kw))}")
    return None


def judge(
    limits: SiteLimits,
    order: Order,
    available_kw: Mapping[str, float],
    *,
    now: datetime,
    clock_skew: timedelta,
) -> Verdict:
    """Decide what becomes of an instruction.

    Args:
        limits: What the site allows.
        order: What the hub asks.
        available_kw: What each flexible resource can deliver over the order, kW, by resource id.
        now: The site's clock, UTC.
        clock_skew: The hub's clock minus the site's.

    Returns:
        `Refuse` if the clocks differ too much, the order is over, expired or late, falls into
        planned work, or is vetoed; else as much of the target as resources, site limit and the
        import limit for its rebound allow. A rebound is taken to shrink with the reduction.

    Raises:
        InvalidInput: An available power is negative or not finite.

    Example:
        >>> from datetime import UTC
        >>> noon = datetime(2026, 3, 2, 12, tzinfo=UTC)
        >>> order = Order(Interval(noon, noon + timedelta(hours=1)), (500.0,), noon + timedelta(hours=1))
        >>> limits = SiteLimits(400.0, 10_000.0, timedelta(seconds=2))
        >>> judge(limits, order, {"bess": 900.0}, now=noon, clock_skew=timedelta(0)).reduction_kw
        400.0
    """
    for value in available_kw.values():
        check_within(value, "available_kw")
    refusal = _in_time(limits, order, now, clock_skew) or _forbidden(limits, order, available_kw)
    if refusal is not None:
        return refusal
    peak_kw = max(order.target_reduction_kw)
    usable_kw = math.fsum(
        kw for resource_id, kw in available_kw.items() if resource_id not in limits.vetoed_resource_ids
    )
    rebound_room_kw = max(0.0, limits.import_limit_kw - order.course_after_kw)
    by_rebound_kw = (
        peak_kw * rebound_room_kw / order.rebound_kw if order.rebound_kw > rebound_room_kw else math.inf
    )
    caps: list[tuple[float, GuardReason, str]] = [
        (usable_kw, GuardReason.RESOURCE_UNAVAILABLE, f"resources can deliver {usable_kw:.3f} kW"),
        (limits.max_reduction_kw, GuardReason.SITE_LIMIT, f"site limit {limits.max_reduction_kw:.3f} kW"),
        (by_rebound_kw, GuardReason.SITE_LIMIT, f"rebound has {rebound_room_kw:.3f} kW below import limit"),
    ]
    cap_kw, reason, detail = min(caps, key=lambda cap: cap[0])
    if cap_kw >= peak_kw - TOLERANCE_KW:
        return Accept()
    detail = f"{detail}, {peak_kw:.3f} kW asked"
    if cap_kw <= TOLERANCE_KW or not limits.accepts_in_part:
        return Refuse(reason, detail)
    return Partial(cap_kw, reason, detail)
