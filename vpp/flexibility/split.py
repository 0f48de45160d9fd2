"""A site's reduction target, split over its flexible resources."""

import math
from collections.abc import Mapping
from decimal import Decimal

from vpp.flexibility.bounds import TOLERANCE_KW, check_within
from vpp.flexibility.joint_limits import NOTHING_JOINT, JointLimits

UNPRICED = Decimal("Infinity")


def split_target(
    target_kw: float,
    available_kw: Mapping[str, float],
    marginal_price_per_mwh: Mapping[str, Decimal],
    awarded_kw: Mapping[str, float],
    joint: JointLimits = NOTHING_JOINT,
) -> dict[str, float]:
    """Split a site's target: what was sold first, then the cheapest.

    Args:
        target_kw: Reduction that the site owes, kW, 0 or more.
        available_kw: What each flexible resource can deliver, kW, by resource id.
        marginal_price_per_mwh: What a further reduction costs, by resource id; a resource
            without a price comes last.
        awarded_kw: What was bought from each resource, kW, by resource id; none for a missing
            one. Awards beyond what is available are made good by the others.
        joint: What resources have in common; whoever comes first takes it.

    Returns:
        Reduction per resource, kW, in the order of `available_kw`. The sum is the target, or
        all that is available beside the others if that is less. If the target is below the awards,
        the cheapest awards are used first. Ties go by resource id.

    Raises:
        InvalidInput: A quantity is negative or not finite.

    Example:
        >>> prices = {"bess": Decimal(160), "chiller": Decimal(10), "gpu": Decimal(300)}
        >>> split_target(120.0, {"bess": 100.0, "chiller": 30.0, "gpu": 80.0}, prices, {"gpu": 60.0})
        {'bess': 30.0, 'chiller': 30.0, 'gpu': 60.0}
    """
    check_within(target_kw, "target_kw")
    for quantities, field in ((available_kw, "available_kw"), (awarded_kw, "awarded_kw")):
        for value in quantities.values():
            check_within(value, field)
    cheapest_first = sorted(available_kw, key=lambda key: (marginal_price_per_mwh.get(key, UNPRICED), key))
    total_kw = min(target_kw, math.fsum(available_kw.values()))
    shares_kw = dict.fromkeys(available_kw, 0.0)
    for limits_kw in (awarded_kw, available_kw):
        for resource_id in cheapest_first:
            left_kw = total_kw - math.fsum(shares_kw.values())
            limit_kw = min(limits_kw.get(resource_id, 0.0), available_kw[resource_id])
            more_kw = min(left_kw, limit_kw - shares_kw[resource_id], joint.room_kw(resource_id, shares_kw))
            if more_kw > TOLERANCE_KW:
                # Adding what is left to what was sold may round to more than there is.
                shares_kw[resource_id] = min(shares_kw[resource_id] + more_kw, available_kw[resource_id])
    return shares_kw
