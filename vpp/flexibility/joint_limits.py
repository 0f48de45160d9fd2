r"""What resources of a site have in common while they are used: how much one leaves the others.

    sum_r w_r d_r <= L            for every shared limit: chiller power, load that the UPS carry, one store
    d_r > 0  =>  d_s = 0          for every pair that excludes each other

Source:
    `site_envelope`, which finds the largest sum under the same limits.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from vpp.flexibility.bounds import TOLERANCE_KW
from vpp.flexibility.site_envelope import SharedUse


@dataclass(frozen=True, slots=True)
class JointLimits:
    """Limits that several resources share.

    Attributes:
        shared: Weighted sums of reductions that stay below a limit.
        exclusions: Pairs of resource ids that cannot be used at the same time.

    Example:
        >>> both = JointLimits((SharedUse("one store", {"a": 1.0, "b": 1.0}, 50.0),))
        >>> both.room_kw("b", {"a": 30.0, "b": 0.0})
        20.0
        >>> JointLimits(exclusions=(frozenset({"ups", "diesel"}),)).room_kw("ups", {"diesel": 5.0})
        0.0
    """

    shared: tuple[SharedUse, ...] = ()
    exclusions: tuple[frozenset[str], ...] = ()

    def room_kw(self, resource_id: str, used_kw: Mapping[str, float]) -> float:
        """Return how much more a resource may give beside what is used already, kW; infinite for no limit.

        Args:
            resource_id: The resource.
            used_kw: What each gives already, itself included, kW, by resource id.
        """
        for pair in self.exclusions:
            others = pair - {resource_id}
            if resource_id in pair and any(used_kw.get(other, 0.0) > TOLERANCE_KW for other in others):
                return 0.0
        room_kw = math.inf
        for use in self.shared:
            weight = use.weight.get(resource_id, 0.0)
            if weight > 0.0:
                taken_kw = math.fsum(share * used_kw.get(key, 0.0) for key, share in use.weight.items())
                room_kw = min(room_kw, max(0.0, use.limit_kw - taken_kw) / weight)
        return room_kw


NOTHING_JOINT = JointLimits()
