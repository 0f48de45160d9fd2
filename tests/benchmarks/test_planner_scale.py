"""How long the planner takes: a day's plan of a large site, a step of a running event, and its bids.

Times are CPU times, as ratios to what the solver alone takes on the same program in the same run: the
rest is building and reading. The reference model is timed on a smaller site, as its rows are dense.
"""

import os
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import TypeVar

import pytest
from benchmarks.support.tables import print_table
from support.large_site import evening_goal, large_site
from support.plan_sites import small_goal, small_site

from vpp.flexibility.planning.bids import plan_bids
from vpp.flexibility.planning.goal import Goal
from vpp.flexibility.planning.planned_bid import BidWindow
from vpp.flexibility.planning.program import assemble
from vpp.flexibility.planning.reference.model import build_reference
from vpp.flexibility.planning.replan import replan
from vpp.flexibility.planning.schedule import schedule
from vpp.flexibility.planning.solving import answer_program
from vpp.flexibility.planning.terms import SiteTerms
from vpp.solver.glpk_session import search_with_glpk
from vpp.solver.highs_session import HighsSession
from vpp.solver.report import SolverName
from vpp.solver.solve import solve

pytestmark = pytest.mark.timeout(0)
IS_FULL = os.environ.get("VPP_BENCH") == "full"
SIZES = ((20, 4, 96), (200, 20, 96))
SEEDS = range(1, 6) if IS_FULL else range(1, 3)
REFERENCE = (12, 4, 48)
GLPK_LIMIT_S = 120.0 if IS_FULL else 20.0
T = TypeVar("T")


def timed(run: Callable[[], T]) -> tuple[T, float]:
    """Return what a call returns and its CPU time, with that of GLPK's processes, s."""
    began_s = sum(os.times()[:4])
    result = run()
    return result, sum(os.times()[:4]) - began_s


def test_a_day_of_a_large_site() -> None:
    rows = []
    for groups, devices, count in SIZES:
        for seed in SEEDS:
            site = large_site(groups, devices, count, seed)
            goal = evening_goal(site, 0.1)
            built, build_s = timed(lambda site=site, goal=goal: assemble(site, goal, {}))
            raw, raw_s = timed(
                lambda built=built: answer_program(built, None, time_limit_s=60.0, relative_gap=1e-3)
            )
            plan, plan_s = timed(lambda site=site, goal=goal: schedule(site, goal, time_limit_s=60.0))
            short, _ = timed(lambda site=site, goal=goal: schedule(site, goal, time_limit_s=3.0))
            whole = 0 if built.program.is_integer is None else int(built.program.is_integer.sum())
            rows.append(
                [
                    f"{groups} + {devices} x {count}, {seed}",
                    f"{built.program.column_count:,} / {built.program.row_count:,} / {whole:,}",
                    f"{raw_s:.2f} s",
                    f"{plan_s / raw_s:.2f}",
                    f"{build_s / raw_s:.3f}",
                    raw.outcome.value,
                    f"{plan.gap_ratio or 0.0:.1e}",
                    "none" if short.gap_ratio is None else f"{short.gap_ratio:.1e}",
                ]
            )
    print_table(
        "A day's plan: groups + devices x intervals, seed",
        [
            "site",
            "columns / rows / whole",
            "HiGHS alone",
            "plan / HiGHS",
            "build / HiGHS",
            "ended",
            "gap",
            "gap in 3 s",
        ],
        rows,
    )


def test_arrays_and_the_reference_model_on_two_solvers() -> None:
    groups, devices, count = REFERENCE
    site = large_site(groups, devices, count, 1)
    goal = Goal.nothing(count)
    built, build_s = timed(lambda: assemble(site, goal, {}))
    raw, raw_s = timed(lambda: answer_program(built, None, time_limit_s=60.0, relative_gap=1e-4))
    rows = [["arrays, HiGHS", f"{(build_s + raw_s) / raw_s:.2f}", raw.outcome.value, f"{raw.objective:.4f}"]]
    found, glpk_s = timed(
        lambda: search_with_glpk(built.program, time_limit_s=GLPK_LIMIT_S, relative_gap=1e-4)
    )
    rows.append(["arrays, GLPK", f"{glpk_s / raw_s:.2f}", found.outcome.value, f"{found.objective}"])
    for name in SolverName:
        model, model_s = timed(lambda: build_reference(site, goal, {}))
        limit = timedelta(seconds=GLPK_LIMIT_S)
        report, solve_s = timed(
            lambda model=model, name=name, limit=limit: solve(
                model, solver=name, relative_gap=1e-4, time_limit=limit
            )
        )
        rows.append(
            [
                f"Pyomo, {name.value}: {report.wall_s:.1f} s of wall time",
                f"{(model_s + solve_s) / raw_s:.2f}",
                report.outcome.value,
                f"{report.objective}",
            ]
        )
    print_table(
        f"{groups} + {devices} x {count}: CPU time of building and solving over HiGHS alone ({raw_s:.2f} s)",
        ["how", "ratio", "ended", "objective"],
        rows,
    )


def six_by_sixteen() -> tuple[SiteTerms, Goal]:
    """Return a site of six resources without anything on or off, and what it owes over four hours."""
    site = small_site(1, count=16, hours=0.25)
    large = large_site(3, 3, 16, 1)
    resources = [replace(each, start_cost=0.0, **_running(each)) for each in large.resources]  # type: ignore[arg-type]
    site = replace(site, resources=tuple(resources), exclusions=(), shared_limits=())
    goal = replace(small_goal(site, 3), baseline_kw=site.load_kw)
    return site, replace(goal, least_kw=(150.0,) * 16, most_kw=(200.0,) * 16, price_per_kwh=())


def _running(terms: object) -> dict[str, object]:
    return {"pause": None} if getattr(terms, "pause", None) is not None else {}


def test_a_step_of_a_running_event() -> None:
    site, goal = six_by_sixteen()
    built = assemble(site, goal, {})
    assert not built.has_whole
    rounds = 100
    _, raw_s = timed(lambda: [HighsSession(built.program).solve(time_limit_s=1.0) for _ in range(rounds)])
    plans, plan_s = timed(lambda: [replan(site, goal, time_limit_s=1.0) for _ in range(rounds)])
    assert plans[0] is not None
    print_table(
        "A step: 6 resources x 16 intervals",
        ["CPU time of a plan", "over HiGHS alone"],
        [[f"{1e3 * plan_s / rounds:.2f} ms", f"{plan_s / raw_s:.2f}"]],
    )


def test_bids() -> None:
    rows = []
    for groups, devices in ((4, 4), (20, 4), *([(200, 20)] if IS_FULL else [])):
        site = large_site(groups, devices, 96, 1)
        window = BidWindow(68, 12, 16, Decimal(1000))
        built = assemble(site, Goal.nothing(96), {})
        _, raw_s = timed(lambda built=built: HighsSession(built.program).solve(time_limit_s=60.0))
        plan, plan_s = timed(lambda site=site, window=window: plan_bids(site, window, time_limit_s=120.0))
        rows.append(
            [
                f"{groups} + {devices}",
                str(len(plan.bids)),
                str(len(plan.ladder)),
                str(plan.solve_count),
                f"{plan_s:.2f} s",
                f"{plan_s / raw_s:.0f}",
            ]
        )
    print_table(
        "Bids for three hours of a day: groups + devices",
        ["site", "bids", "rungs", "programs", "CPU time", "over one relaxation"],
        rows,
    )
