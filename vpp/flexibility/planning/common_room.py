"""What a site leaves for bids that are all accepted: its own load, and what its resources share.

Of bids that exclude each other at most one is accepted, so that with the bids B_g of each exclusive group g

    sum_g max_{b in B_g} kw_b,t  <=  room_t,     sum_g max_{b in B_g} weight_b kw_b,t  <=  limit_t

for every interval t of the window and every shared limit. Whatever is accepted then fits.
"""

from collections.abc import Mapping

import numpy as np

from vpp.flexibility.bounds import TOLERANCE_KW
from vpp.flexibility.planning.forced import shared_limit_kw
from vpp.flexibility.planning.planned_bid import BidWindow, PlannedBid
from vpp.flexibility.planning.step_bids import room_kw
from vpp.flexibility.planning.terms import SiteTerms
from vpp.solver.linear_program import Floats

EVERYONE: Mapping[str, float] = {}


class CommonRoom:
    """The room of a window, and what the bids made so far take of it."""

    def __init__(self, site: SiteTerms, window: BidWindow) -> None:
        """Begin with nothing taken."""
        inside = slice(window.first, window.end)
        self._limits = [(EVERYONE, room_kw(site, window.direction)[inside])]
        self._limits += [
            (dict(each.weight), shared_limit_kw(site, each)[inside]) for each in site.shared_limits
        ]
        self._taken: list[dict[str, Floats]] = [{} for _ in self._limits]

    def left_kw(self, group: str, resource_id: str) -> Floats:
        """Return the most that a further bid of a group may be in each interval, kW. Shape (count,)."""
        left = np.full(len(self._limits[0][1]), np.inf)
        for (weight, limit), taken in zip(self._limits, self._taken, strict=True):
            each = 1.0 if weight is EVERYONE else weight.get(resource_id, 0.0)
            if each > 0.0:
                others = sum((kw for key, kw in taken.items() if key != group), np.zeros(len(limit)))
                left = np.minimum(left, np.maximum(limit - others, 0.0) / each)
        return left

    def fits(self, bid: PlannedBid) -> bool:
        """Tell whether a further bid fits beside those of other groups."""
        left = self.left_kw(group_of(bid), bid.resource_id)
        return bool((self.most_kw(bid) <= left * (1.0 + 1e-9) + TOLERANCE_KW).all())

    def take(self, bid: PlannedBid) -> None:
        """Count a bid."""
        kw, group = self.most_kw(bid), group_of(bid)
        for (weight, limit), taken in zip(self._limits, self._taken, strict=True):
            each = 1.0 if weight is EVERYONE else weight.get(bid.resource_id, 0.0)
            taken[group] = np.maximum(taken.get(group, np.zeros(len(limit))), each * kw)

    def most_kw(self, bid: PlannedBid) -> Floats:
        """Return the most that a bid may give in each delivery interval, kW. Shape (count,)."""
        kw = np.zeros(len(self._limits[0][1]))
        given = bid.largest_kw[: len(kw)]
        kw[: len(given)] = given
        return kw


def group_of(bid: PlannedBid) -> str:
    """Return the key under which a bid excludes others: its own if it excludes none."""
    return bid.exclusive_group or f"alone {bid.resource_id}"
