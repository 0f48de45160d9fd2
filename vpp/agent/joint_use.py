"""What a site's resources leave each other in an auction: no two bids for one and the same kW.

Every bid may be taken beside every other. What resources have in common (`vpp.agent.double_use`) therefore
goes to whoever bids first: the cheapest, after all that has been sold.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from vpp.agent.bidding import Window
from vpp.agent.commitment import Commitment
from vpp.agent.double_use import joint_limits_of
from vpp.agent.unit import Unit
from vpp.flexibility.bounds import TOLERANCE_KW
from vpp.flexibility.offer import Offer


class JointUse:
    """Bounds each offer by what the bids before it leave."""

    def __init__(
        self, units: Sequence[Unit[Any]], window: Window, sold: Mapping[str, Iterable[Commitment]]
    ) -> None:
        """Begin with what is sold already.

        Args:
            units: The resources that may be offered.
            window: What is bid for.
            sold: What has been sold or is on offer elsewhere of each, by resource id.
        """
        self._limits = joint_limits_of(units, window.direction)
        self._spans = [window.span(n) for n in range(window.interval_count)]
        self._direction = window.direction
        self._used_kw: list[dict[str, float]] = [{} for _ in self._spans]
        for commitments in sold.values():
            self.take(commitments)

    def take(self, commitments: Iterable[Commitment]) -> None:
        """Count what is sold or bid."""
        for each in commitments:
            if each.direction is not self._direction:
                continue
            for span, used_kw in zip(self._spans, self._used_kw, strict=True):
                used_kw[each.resource_id] = used_kw.get(each.resource_id, 0.0) + each.peak_kw(span)

    def bounded(self, offer: Offer) -> Offer | None:
        """Return what of an offer is not taken by others; None if nothing worth offering.

        An indivisible offer shrinks in all intervals by the same share, or is left out where the rest is
        less than may be taken of it.
        """
        rooms_kw = [self._limits.room_kw(offer.resource_id, used_kw) for used_kw in self._used_kw]
        if min(rooms_kw) == math.inf:
            return offer
        if offer.divisible:
            left_kw = tuple(min(pair) for pair in zip(offer.reduction_kw, rooms_kw, strict=True))
            if max(left_kw) <= TOLERANCE_KW:
                return None
            return replace(offer, reduction_kw=left_kw)
        share = min(
            [room / kw for kw, room in zip(offer.reduction_kw, rooms_kw, strict=True) if kw > 0.0] + [1.0]
        )
        if share <= 0.0 or share < offer.min_acceptance_ratio:
            return None
        return replace(
            offer,
            reduction_kw=tuple(share * kw for kw in offer.reduction_kw),
            min_acceptance_ratio=offer.min_acceptance_ratio / share,
        )
