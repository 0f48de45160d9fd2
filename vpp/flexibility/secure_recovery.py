"""Recovery that stays inside the site's limits even if one device recovers without being told to.

A device that stops hearing its commands recovers as it would if left alone: a UPS recharges, a hall
is cooled down. The import limit must bear that. With w_i what device i would draw, a_i what it is
allowed, and H the room under the limits:

    sum_i a_i + max_i (w_i - a_i) <= H          where the second term can be kept at all

so room is kept for the largest recovery that may begin by itself. Devices that are out of control
already count in full: H is what they leave. A connection that does not bear the largest w_i at all
cannot be made secure by keeping others back; there H alone binds, or a UPS would never be charged.

Source:
    The N-1 criterion of grid operation, used inside the site; hard limits outrank revenue.
"""

from collections.abc import Collection, Mapping, Sequence

from vpp.flexibility.recovery import limit_rebound

_ROUNDS = 50
"""Halvings of the interval in which the allowed sum is sought: below a milliwatt for any site."""


def secure_rebound(
    wanted_kw: Mapping[str, float],
    urgent_first: Sequence[str],
    headroom_kw: float,
    uncontrolled: Collection[str] = (),
) -> dict[str, float]:
    """Share the room for rebound, and keep some for a device that takes it by itself.

    Args:
        wanted_kw: Recovery that each resource would draw if left alone, kW, by resource id.
        urgent_first: Resource ids by urgency.
        headroom_kw: Room under the site's limits with none of them recovering, kW, 0 or more.
        uncontrolled: Resources that cannot be told to keep still at present.

    Returns:
        Recovery each controlled resource may draw, kW; 0 for the uncontrolled.

    Raises:
        InvalidInput: A quantity is negative or not finite.

    Example:
        >>> allowed = secure_rebound({"bess": 50.0, "ups": 30.0}, ["ups", "bess"], 60.0)
        >>> {name: round(kw, 6) for name, kw in allowed.items()}
        {'bess': 0.0, 'ups': 10.0}
        >>> secure_rebound({"bess": 50.0, "ups": 30.0}, ["ups", "bess"], 80.0)
        {'bess': 50.0, 'ups': 30.0}
    """
    taken_kw = sum(wanted_kw[name] for name in wanted_kw if name in uncontrolled)
    controlled = {name: kw for name, kw in wanted_kw.items() if name not in uncontrolled}
    room_kw = max(0.0, headroom_kw - taken_kw)
    allowed = limit_rebound(controlled, urgent_first, room_kw)
    is_securable = max(controlled.values(), default=0.0) <= room_kw
    if is_securable and _at_worst_kw(controlled, allowed) > room_kw:
        low_kw, high_kw = 0.0, room_kw
        for _ in range(_ROUNDS):
            middle_kw = (low_kw + high_kw) / 2.0
            tried = limit_rebound(controlled, urgent_first, middle_kw)
            if _at_worst_kw(controlled, tried) > room_kw:
                high_kw = middle_kw
            else:
                low_kw = middle_kw
        allowed = limit_rebound(controlled, urgent_first, low_kw)
    return {name: allowed.get(name, 0.0) for name in wanted_kw}


def _at_worst_kw(wanted_kw: Mapping[str, float], allowed_kw: Mapping[str, float]) -> float:
    """Return what is drawn if the device that is held back most takes all that it wants, kW."""
    held_back_kw = max((wanted_kw[name] - allowed_kw[name] for name in wanted_kw), default=0.0)
    return sum(allowed_kw.values()) + held_back_kw
