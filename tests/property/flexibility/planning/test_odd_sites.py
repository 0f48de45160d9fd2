"""Sites that are legal and odd always have a plan, and one that breaks nothing that could be kept."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.odd_plan_sites import odd_goal, odd_site
from support.plan_limits import TOO_FAR_AHEAD, broken_limits

from vpp.flexibility.planning.reference.model import build_reference
from vpp.flexibility.planning.schedule import schedule
from vpp.flexibility.planning.terms import WorkTerms
from vpp.solver.report import SolverName
from vpp.solver.solve import solve

seeds = st.integers(0, 1_000_000)
BIG_KW = 1e4
"""Above it a flag's tolerance, a millionth, is more than the play forgives."""


@settings(max_examples=150)
@given(seed=seeds)
def test_an_odd_site_has_a_plan_that_keeps_every_limit(seed: int) -> None:
    site = odd_site(seed)
    goal = odd_goal(site, seed)
    plan = schedule(site, goal)
    assert plan.outcome.has_solution
    if max(map(abs, site.load_kw)) < BIG_KW:
        found = broken_limits(site, goal, plan, {})
        assert [each for each in found if TOO_FAR_AHEAD not in each] == []


@settings(max_examples=20)
@given(seed=seeds)
def test_the_reference_model_agrees(seed: int) -> None:
    site = odd_site(seed)
    powers = [kw for each in site.resources if isinstance(each, WorkTerms) for kw in each.load_kw]
    if not 1.0 < max(map(abs, site.load_kw)) < BIG_KW or min(powers, default=1.0) < 1e-2:
        return  # powers below a watt are none to the planner, and something to the reference
    goal = odd_goal(site, seed)
    plan = schedule(site, goal, relative_gap=1e-9)
    report = solve(build_reference(site, goal, {}), solver=SolverName.HIGHS, relative_gap=1e-9)
    assert plan.outcome.has_solution
    assert report.outcome.has_solution
    assert plan.objective == pytest.approx(report.objective, rel=1e-4, abs=1e-3)
