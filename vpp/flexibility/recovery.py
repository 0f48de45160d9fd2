"""How much rebound a site allows itself, so that recovery trips no limit.

A reduction that is paid back all at once can be the site's next peak. Recovery therefore shares
the room under the import limit and under the ramp limit, most urgent resource first.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from vpp.flexibility.bounds import check_within, hours_of

MINUTES_PER_HOUR = 60.0


@dataclass(frozen=True, slots=True)
class RecoveryLimits:
    """What bounds a site's consumption while it recovers.

    Attributes:
        import_limit_kw: Largest net consumption at the point of connection, kW.
        max_ramp_kw_per_min: Fastest rise of the net consumption, kW per minute; infinite for
            no limit.
        max_rebound_kw: Largest rebound of all resources together, kW; infinite for no limit
            but the import limit's.
        transformer_limit_kw: Largest net consumption that the transformer takes, kW; infinite where
            it is not known. The lower of this and the import limit binds.
    """

    import_limit_kw: float
    max_ramp_kw_per_min: float = math.inf
    max_rebound_kw: float = math.inf
    transformer_limit_kw: float = math.inf

    def __post_init__(self) -> None:
        """Refuse negative limits."""
        check_within(self.import_limit_kw, "import_limit_kw")
        for field in ("max_ramp_kw_per_min", "max_rebound_kw", "transformer_limit_kw"):
            if getattr(self, field) != math.inf:
                check_within(getattr(self, field), field)


def rebound_headroom_kw(
    limits: RecoveryLimits, course_kw: float, previous_net_kw: float, step: timedelta
) -> float:
    """Return the room that a site's rebound has in the next step.

    Args:
        limits: The site's limits.
        course_kw: Net consumption that the next step would have without any rebound, kW:
            without reductions the normal load, with some still held the load less them.
        previous_net_kw: Net consumption of the step before, kW.
        step: Length of the step.

    Returns:
        Largest sum of all rebounds, kW; 0 where the course alone is at a limit.

    Example:
        >>> limits = RecoveryLimits(import_limit_kw=1000.0, max_ramp_kw_per_min=50.0)
        >>> rebound_headroom_kw(limits, 900.0, 870.0, timedelta(minutes=1))
        20.0
    """
    minutes = hours_of(step) * MINUTES_PER_HOUR
    by_ramp_kw = previous_net_kw + limits.max_ramp_kw_per_min * minutes - course_kw
    by_import_kw = min(limits.import_limit_kw, limits.transformer_limit_kw) - course_kw
    return max(0.0, min(by_ramp_kw, by_import_kw, limits.max_rebound_kw))


def limit_rebound(
    wanted_kw: Mapping[str, float], urgent_first: Sequence[str], headroom_kw: float
) -> dict[str, float]:
    """Share the room for rebound, most urgent resource first.

    Args:
        wanted_kw: Recovery that each resource would draw if left alone, kW, by resource id.
        urgent_first: Resource ids by urgency, for example a UPS, then work with deadlines,
            then cooling, then the battery. Ids that are missing come last, by name.
        headroom_kw: Largest sum, kW.

    Returns:
        Recovery each resource may draw, kW, at most what it wants. In the order of
        `wanted_kw`; the sum is the headroom, or all that is wanted if that is less.

    Raises:
        InvalidInput: A quantity is negative or not finite.

    Example:
        >>> limit_rebound({"bess": 50.0, "ups": 30.0}, ["ups", "bess"], 60.0)
        {'bess': 30.0, 'ups': 30.0}
    """
    check_within(headroom_kw, "headroom_kw")
    for value in wanted_kw.values():
        check_within(value, "wanted_kw")
    rank = {resource_id: n for n, resource_id in enumerate(urgent_first)}
    allowed_kw = dict.fromkeys(wanted_kw, 0.0)
    left_kw = headroom_kw
    for resource_id in sorted(wanted_kw, key=lambda key: (rank.get(key, len(rank)), key)):
        allowed_kw[resource_id] = min(wanted_kw[resource_id], left_kw)
        left_kw = max(0.0, left_kw - allowed_kw[resource_id])
    return allowed_kw
