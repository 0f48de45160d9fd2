"""What is left of a standing bid in the course of an event that has bought of it, or of its resource."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import numpy as np
import numpy.typing as npt

from vpp.auction.bid import Bid, PriceStep, StepOffer, StoreOffer
from vpp.foundation.series import hours
from vpp.workflows.records import AwardRecord

SMALLEST_KW = 1e-3
"""Less than this is rounding and no offer."""
Profile = npt.NDArray[np.float64]


def left_of_bid(  # noqa: PLR0913  what is left depends on what was bought, of what, and when
    bid: Bid,
    awards: Sequence[AwardRecord],
    *,
    first: int,
    room_kw: Profile,
    reach_ratio: Profile,
    price_cap_per_mwh: Decimal,
    step: timedelta,
) -> Bid | None:
    """Cut a standing bid down to what is left of it.

    Args:
        bid: The standing bid, as it was entered.
        awards: What the event has bought of its resource.
        first: The event's interval from which on something can be bought.
        room_kw: What is left of the resource from there on, kW. Shape (N - first,).
        reach_ratio: Share of each of these intervals in which the resource can still follow, 0..1. Shape
            (N - first,).
        price_cap_per_mwh: What is dearer is not bought.
        step: Length of a delivery interval.

    Returns:
        The bid with one tuple of steps per interval; None if nothing is left. Quantities are means over
        whole intervals, so that a part of one counts as the part it is. A store is offered only while
        nothing of its resource was bought and all intervals can be reached: how full it would be else
        nobody knows.
    """
    limit_kwh = bid.energy_limit_kwh
    if limit_kwh is not None:
        limit_kwh -= sum(sum(award.reduction_kw) for award in awards) * hours(step)
        if limit_kwh <= 0.0:
            return None
    if isinstance(bid.offer, StoreOffer):
        is_whole = not awards and bool(np.all(reach_ratio >= 1.0))
        return bid if is_whole and bid.offer.price_per_mwh <= price_cap_per_mwh else None
    if not isinstance(bid.offer, StepOffer):
        return None
    used_kw = np.zeros(first + len(room_kw))
    for award in awards:
        if award.bid_id == bid.bid_id:
            used_kw += np.array([*award.reduction_kw, *(0.0,) * len(used_kw)])[: len(used_kw)]
    steps = tuple(
        _left_of_steps(bid.offer.steps[0], used_kw[first + n], room_kw[n], reach_ratio[n], price_cap_per_mwh)
        for n in range(len(room_kw))
    )
    if not any(steps):
        return None
    # A resource that is running already neither starts nor rests again.
    run_limits = None if awards else bid.run_limits
    return replace(bid, offer=StepOffer(steps), energy_limit_kwh=limit_kwh, run_limits=run_limits)


def _left_of_steps(
    steps: Sequence[PriceStep], used_kw: float, room_kw: float, reach_ratio: float, cap: Decimal
) -> tuple[PriceStep, ...]:
    left, room = [], max(0.0, float(room_kw))
    for step in steps:
        kw = max(0.0, step.reduction_kw - used_kw)
        used_kw = max(0.0, used_kw - step.reduction_kw)
        kw = min(kw, room)
        room -= kw
        kw *= float(reach_ratio)
        if kw >= SMALLEST_KW and step.price_per_mwh <= cap:
            left.append(PriceStep(kw, step.price_per_mwh))
    return tuple(left)
