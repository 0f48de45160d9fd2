"""Plans of generated sites: equal to the reference model's, and within every limit, played by hand."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.plan_limits import broken_limits
from support.plan_sites import small_goal, small_site

from vpp.flexibility.planning.held import rounded
from vpp.flexibility.planning.program import assemble
from vpp.flexibility.planning.reading import read_plan
from vpp.flexibility.planning.reference.model import build_reference
from vpp.flexibility.planning.replan import replan
from vpp.flexibility.planning.schedule import schedule
from vpp.flexibility.planning.terms import SiteTerms
from vpp.solver.highs_session import HighsSession
from vpp.solver.report import SolverName
from vpp.solver.solve import solve

seeds = st.integers(0, 1_000_000)


def ratios(site: SiteTerms, seed: int) -> Mapping[str, float]:
    return {each.resource_id: each.delivery_ratio for each in site.resources} if seed % 2 else {}


@settings(max_examples=20)
@given(seed=seeds)
def test_the_fast_program_finds_what_the_reference_model_finds(seed: int) -> None:
    site = small_site(seed)
    goal, ratio = small_goal(site, seed), ratios(site, seed)
    plan = schedule(site, goal, relative_gap=1e-9, response_ratio=ratio, time_limit_s=30.0)
    model = build_reference(site, goal, ratio)
    report = solve(model, solver=SolverName.HIGHS, relative_gap=1e-9, time_limit=timedelta(seconds=30))
    assert plan.outcome is report.outcome
    assert plan.objective == pytest.approx(report.objective, rel=1e-5, abs=1e-4)


@settings(max_examples=6)
@given(seed=seeds)
def test_glpk_finds_the_same(seed: int) -> None:
    site = small_site(seed, count=6)
    goal = small_goal(site, seed)
    plan = schedule(site, goal, relative_gap=1e-9, time_limit_s=30.0)
    report = solve(build_reference(site, goal, {}), solver=SolverName.GLPK, relative_gap=1e-7)
    if report.bound is not None and report.objective is not None:  # else GLPK ran out of time
        assert plan.objective == pytest.approx(report.objective, rel=1e-4, abs=1e-2)


@settings(max_examples=30)
@given(seed=seeds)
def test_no_plan_breaks_a_limit(seed: int) -> None:
    site = small_site(seed)
    goal, ratio = small_goal(site, seed), ratios(site, seed)
    plan = schedule(site, goal, response_ratio=ratio)
    assert plan.outcome.has_solution
    assert broken_limits(site, goal, plan, ratio) == []


@settings(max_examples=20)
@given(seed=seeds)
def test_a_plan_whose_pauses_are_decided_costs_no_less_and_breaks_nothing(seed: int) -> None:
    site = small_site(seed)
    goal = small_goal(site, seed)
    best = schedule(site, goal, relative_gap=1e-9)
    again = replan(site, goal, decided=best.is_on, time_limit_s=10.0)
    assert again is not None
    assert again.is_on == best.is_on
    assert broken_limits(site, goal, again, {}) == []
    assert again.objective == pytest.approx(best.objective, rel=1e-3, abs=1e-2)


@settings(max_examples=10)
@given(seed=seeds)
def test_half_a_target_never_costs_more(seed: int) -> None:
    site = small_site(seed)
    goal = small_goal(site, seed)
    whole = schedule(site, goal, relative_gap=1e-9)
    half = schedule(site, replace(goal, least_kw=tuple(kw / 2.0 for kw in goal.least_kw)), relative_gap=1e-9)
    assert half.objective is not None
    assert whole.objective is not None
    assert half.objective <= whole.objective + 1e-4 * (1.0 + abs(whole.objective))


@settings(max_examples=5)
@given(seed=seeds)
def test_playing_by_hand_sees_a_battery_that_gives_what_it_has_not(seed: int) -> None:
    site = small_site(seed)
    goal = small_goal(site, seed)
    plan = schedule(site, goal)
    most = site.load_kw[0]
    given_kw = {**plan.reduction_kw, "bess": (most,) * site.interval_count}
    assert "bess: gives more than its power at 0" in broken_limits(
        site, goal, replace(plan, reduction_kw=given_kw), {}
    )


@settings(max_examples=10)
@given(seed=seeds)
def test_a_first_answer_breaks_no_limit_and_costs_no_less_than_the_best(seed: int) -> None:
    site = small_site(seed)
    goal = small_goal(site, seed)
    built = assemble(site, goal, {})
    relaxed = HighsSession(built.program).solve(time_limit_s=10.0)
    answer = HighsSession(rounded(built, relaxed.column_value).program).solve(time_limit_s=10.0)
    first = read_plan(built, answer, 0.0)
    best = schedule(site, goal, relative_gap=1e-9)
    assert first.objective is not None
    assert best.objective is not None
    assert first.objective >= best.objective - 1e-4 * (1.0 + abs(best.objective))
    assert broken_limits(site, goal, first, {}) == []
