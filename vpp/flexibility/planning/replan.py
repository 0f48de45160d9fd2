"""The split of a target over the resources, planned anew on what was measured.

The first interval's powers are the commands of now; the later intervals keep the energy that will be
needed then.
"""

from collections.abc import Mapping

from vpp.flexibility.planning.goal import Goal
from vpp.flexibility.planning.held import held
from vpp.flexibility.planning.plan import Plan
from vpp.flexibility.planning.program import assemble
from vpp.flexibility.planning.reading import read_plan
from vpp.flexibility.planning.schedule import NO_RATIOS
from vpp.flexibility.planning.solving import answer_program
from vpp.flexibility.planning.terms import SiteTerms
from vpp.foundation.clock import stopwatch_s

RELATIVE_GAP = 1e-3


def replan(
    site: SiteTerms,
    goal: Goal,
    *,
    response_ratio: Mapping[str, float] = NO_RATIOS,
    decided: Mapping[str, tuple[bool, ...]] | None = None,
    time_limit_s: float = 0.05,
) -> Plan | None:
    """Plan a running event anew.

    Args:
        site: The site as it is now: what its stores hold, what is paused and since when.
        goal: What is still owed, the present interval first.
        response_ratio: Measured over commanded reduction, by resource id, in [0, 1]; 1 for a
            missing one.
        decided: Which groups are paused and which generators run, by resource id; held as they
            are. Without it, or for a missing one, that is searched for, which takes longer.
        time_limit_s: Longest time of the solver, s.

    Returns:
        The plan; None if there is no answer in time, or what was decided cannot be held.

    Raises:
        InvalidInput: The goal has another horizon than the site, or a ratio lies outside [0, 1].
    """
    began_s = stopwatch_s()
    built = assemble(site, goal, response_ratio)
    if decided:
        built = held(built, decided)
    answer = answer_program(built, None, time_limit_s=time_limit_s, relative_gap=RELATIVE_GAP)
    if not answer.outcome.has_solution:
        return None
    return read_plan(built, answer, stopwatch_s() - began_s)
