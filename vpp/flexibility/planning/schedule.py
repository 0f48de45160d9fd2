"""The schedule of a horizon: it honours what was sold at the least cost, and keeps every hard limit."""

from collections.abc import Mapping

from vpp.flexibility.planning.goal import Goal
from vpp.flexibility.planning.plan import Plan
from vpp.flexibility.planning.solving import solve_plan
from vpp.flexibility.planning.terms import SiteTerms

NO_RATIOS: Mapping[str, float] = {}


def schedule(
    site: SiteTerms,
    goal: Goal,
    *,
    time_limit_s: float = 10.0,
    relative_gap: float = 1e-3,
    response_ratio: Mapping[str, float] = NO_RATIOS,
) -> Plan:
    """Plan a horizon.

    Args:
        site: The site.
        goal: What was sold, and what is paid.
        time_limit_s: Longest time of the solver, s; then the best plan found so far is returned.
        relative_gap: Distance to the bound, as a share of the objective, at which it may stop.
        response_ratio: Share of a reduction that is delivered, by resource id; 1 for a missing one.

    Returns:
        The plan. What cannot be delivered is missing in `shortfall_kw`, with the reasons.

    Raises:
        InvalidInput: The goal has another horizon than the site, or a ratio lies outside [0, 1].

    Example:
        >>> from vpp.flexibility.planning.terms import StoreTerms, flat
        >>> bess = StoreTerms("bess", 200.0, flat(50.0, 3), 200.0, flat(100.0, 3), flat(100.0, 3))
        >>> site = SiteTerms(1.0, flat(1000.0, 3), flat(0.1, 3), flat(1200.0, 3), (bess,))
        >>> owed = Goal(flat(1000.0, 3), flat(60.0, 3), flat(60.0, 3))
        >>> plan = schedule(site, owed)
        >>> round(sum(plan.delivered_kw)), {key: why.value for key, why in plan.why_short.items()}
        (150, {'bess': 'energy'})
    """
    return solve_plan(site, goal, response_ratio, time_limit_s=time_limit_s, relative_gap=relative_gap)
