"""Solves a plan's program within a time limit."""

from collections.abc import Mapping
from dataclasses import replace

from vpp.flexibility.planning.goal import Goal
from vpp.flexibility.planning.held import rounded
from vpp.flexibility.planning.plan import Plan
from vpp.flexibility.planning.program import PlanProgram, assemble
from vpp.flexibility.planning.reading import read_plan
from vpp.flexibility.planning.terms import SiteTerms
from vpp.foundation.clock import stopwatch_s
from vpp.solver.highs_session import HighsSession, search_with_highs
from vpp.solver.linear_program import Floats, LinearAnswer
from vpp.solver.report import Outcome, gap_ratio

LARGE = 5000
"""Columns from which on a first answer is made before the search, which may find none in time."""
SHORTEST_SEARCH_S = 0.05


def solve_plan(
    site: SiteTerms,
    goal: Goal,
    response_ratio: Mapping[str, float],
    *,
    time_limit_s: float,
    relative_gap: float,
) -> Plan:
    """Assemble and solve a plan; what is on or off is searched for.

    Args:
        site: The site.
        goal: What the plan is for.
        response_ratio: Share of a reduction that is delivered, by resource id; 1 for a missing one.
        time_limit_s: Longest time of building and solving, s; a little more where the solver looks at the
            clock seldom.
        relative_gap: Distance to the bound, as a share of the objective, at which it may stop.
    """
    began_s = stopwatch_s()
    built = assemble(site, goal, response_ratio)
    first = None
    if built.has_whole and built.program.column_count > LARGE:
        first = _first_answer(built, time_limit_s=max(0.0, time_limit_s - (stopwatch_s() - began_s)))
    left_s = time_limit_s - (stopwatch_s() - began_s)
    if first is not None and (left_s < SHORTEST_SEARCH_S or _is_close(first, relative_gap)):
        return read_plan(built, first, stopwatch_s() - began_s)
    start = None if first is None else first.column_value
    answer = answer_program(
        built, start, time_limit_s=max(left_s, SHORTEST_SEARCH_S), relative_gap=relative_gap
    )
    if first is not None and not answer.outcome.has_solution:
        answer = first
    return read_plan(built, answer, stopwatch_s() - began_s)


def _first_answer(built: PlanProgram, *, time_limit_s: float) -> LinearAnswer | None:
    """Return a plan in which nothing begins that is on or off, with the relaxation's bound."""
    began_s = stopwatch_s()
    relaxed = HighsSession(built.program).solve(time_limit_s=time_limit_s)
    left_s = time_limit_s - (stopwatch_s() - began_s)
    if not relaxed.outcome.has_solution or left_s <= 0.0:
        return None
    plain = HighsSession(rounded(built, relaxed.column_value).program).solve(time_limit_s=left_s)
    if not plain.outcome.has_solution:
        return None
    return replace(plain, outcome=Outcome.FEASIBLE, bound=relaxed.bound)


def _is_close(answer: LinearAnswer, relative_gap: float) -> bool:
    gap = gap_ratio(answer.objective, answer.bound)
    return gap is not None and gap <= relative_gap


def answer_program(
    built: PlanProgram, start: Floats | None, *, time_limit_s: float, relative_gap: float
) -> LinearAnswer:
    """Solve a program, by the simplex method if nothing in it is on or off."""
    if built.has_whole:
        return search_with_highs(
            built.program, start=start, time_limit_s=time_limit_s, relative_gap=relative_gap
        )
    return HighsSession(built.program).solve(time_limit_s=time_limit_s)
