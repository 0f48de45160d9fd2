"""What a resource can bid upwards: more consumption in the hours of a surplus.

A resource's own model says how much it can raise consumption in a step from a state. Held over a
window, that is played through step by step, so that what is promised late is still there after what was
promised early. What comes back is the mirror of a reduction: where r kWh are drawn later per kWh saved,
1/r kWh are saved later per kWh drawn.
"""

from datetime import timedelta
from decimal import Decimal
from typing import Any

from vpp.agent.unit import Unit
from vpp.flexibility.interval_prices import reservation_prices_per_mwh
from vpp.flexibility.offer import Offer, exact_ratio
from vpp.flexibility.opportunity_cost import OpportunityCost
from vpp.foundation.direction import Direction

LEAST_KW = 1e-6
HALVINGS = 20


def increase_offer(
    unit: Unit[Any],
    state: Any,  # noqa: ANN401  each kind's own
    interval_count: int,
    step: timedelta,
    price_per_kwh: Decimal,
) -> Offer | None:
    """Return an offer of the largest increase that holds over a whole window.

    Args:
        unit: The resource.
        state: Its state at the start of the window.
        interval_count: Delivery intervals of the window, N.
        step: Length of one interval.
        price_per_kwh: What a kWh costs meanwhile.

    Returns:
        A divisible offer, or None if the resource cannot raise consumption at present.

    Raises:
        InvalidInput: The resource cannot make an offer of its state.
    """
    increase_kw = lasting_increase_kw(unit, state, interval_count, step)
    if increase_kw <= LEAST_KW:
        return None
    down = unit.offer(state, interval_count, step, price_per_kwh)
    cost = OpportunityCost(recovery_ratio=Decimal(1))
    if down is not None and down.cost is not None:
        back = down.cost.recovery_ratio
        cost = OpportunityCost(
            wear_per_kwh=down.cost.wear_per_kwh,
            recovery_ratio=exact_ratio(float(1 / back)) if back > 0 else Decimal(1),
        )
    (price,) = reservation_prices_per_mwh(cost, [price_per_kwh], direction=Direction.LOAD_UP)
    return Offer(
        resource_id=unit.resource_id,
        reduction_kw=(increase_kw,) * interval_count,
        price_per_mwh=price,
        divisible=True,
        min_acceptance_ratio=0.0,
        energy_limit_kwh=increase_kw * interval_count * (step / timedelta(hours=1)),
        recovery_ratio=0.0,  # what is saved later is not bound to the hours after the event
        recovery_intervals=0,
        max_recovery_kw=0.0,
        fixed_cost=Decimal(0),
        delivery_ratio=unit.present_envelope().confidence.p10_ratio,
        direction=Direction.LOAD_UP,
        cost=cost,
    )


def lasting_increase_kw(
    unit: Unit[Any],
    state: Any,  # noqa: ANN401  each kind's own
    interval_count: int,
    step: timedelta,
) -> float:
    """Return the largest increase that a resource can hold in every interval of a window, kW."""

    def holds(increase_kw: float) -> bool:
        at = state
        for _ in range(interval_count):
            if unit.available_increase_kw(at, step) < increase_kw - LEAST_KW:
                return False
            at, _ = unit.increase(at, increase_kw, step)
        return True

    high_kw = unit.available_increase_kw(state, step)
    if high_kw <= LEAST_KW or holds(high_kw):
        return max(0.0, high_kw)
    low_kw = 0.0
    for _ in range(HALVINGS):
        middle_kw = (low_kw + high_kw) / 2.0
        low_kw, high_kw = (middle_kw, high_kw) if holds(middle_kw) else (low_kw, middle_kw)
    return low_kw
