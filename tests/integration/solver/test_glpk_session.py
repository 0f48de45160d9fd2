"""GLPK on arrays: the same answers as HiGHS, and what becomes of a process that fails."""

import stat
import tempfile
from dataclasses import replace
from pathlib import Path
from random import Random

import numpy as np
import pytest
from scipy.sparse import csr_array
from support.linear_programs import (
    INF,
    assert_is_optimal,
    cheapest_supply,
    dense_program,
    knapsack,
    market_split,
    program,
    random_bounds,
    random_program,
)

from vpp.foundation.errors import BrokenPromise
from vpp.solver.glpk_session import GlpkSession, search_with_glpk
from vpp.solver.glpsol import Glpsol, find_glpsol
from vpp.solver.highs_session import HighsSession, search_with_highs
from vpp.solver.linear_program import LinearAnswer, LinearSession
from vpp.solver.report import Outcome

CASES = 60


@pytest.fixture(autouse=True)
def temporary_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where runs put their files, so that a test sees what they leave behind."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def script(folder: Path, body: str) -> Glpsol:
    """A program in glpsol's place."""
    path = folder / "glpsol"
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return Glpsol(path)


def glpsol_that(folder: Path, *, meets: str, does: str) -> Glpsol:
    """The real glpsol, unless its command line holds a word."""
    real = find_glpsol()
    run = f'LD_LIBRARY_PATH={real.library_folder} exec {real.executable} "$@"'
    return script(folder, f'case "$*" in *{meets}*) {does};; esac\n{run}')


def answer_or_none(session: LinearSession) -> LinearAnswer | None:
    """The answer; None for an unbounded program."""
    try:
        return session.solve(time_limit_s=20.0)
    except BrokenPromise:
        return None


def test_a_linear_program_comes_back_with_prices_and_reduced_costs() -> None:
    answer = GlpkSession(cheapest_supply(120.0)).solve(time_limit_s=5.0)
    assert (answer.outcome, answer.version) == (Outcome.OPTIMAL, "5.0")
    assert answer.objective == answer.bound == 1400.0
    assert answer.column_value.tolist() == [100.0, 20.0, 0.0]
    assert answer.row_dual.tolist() == [20.0]
    assert answer.reduced_cost.tolist() == [-10.0, 0.0, 10.0]
    assert 0.0 < answer.wall_s < 5.0


@pytest.mark.parametrize("seed", range(CASES))
def test_every_kind_of_program_ends_as_with_highs_also_after_changes(seed: int) -> None:
    random = Random(seed)
    linear = random_program(random)
    glpk, highs = GlpkSession(linear), HighsSession(linear)
    places = np.arange(linear.column_count, dtype=np.int32)
    for _ in range(3):
        found, expected = answer_or_none(glpk), answer_or_none(highs)
        assert (found and found.outcome) == (expected and expected.outcome)
        if found is not None and expected is not None and found.outcome.has_solution:
            assert found.objective == pytest.approx(expected.objective, rel=1e-7, abs=1e-6)
            assert_is_optimal(linear, found)
            assert_is_optimal(linear, expected)
        columns = [random_bounds(random, float(random.randrange(-3, 4))) for _ in places]
        rows = [random_bounds(random, float(random.randrange(-3, 4))) for _ in range(linear.row_count)]
        linear = replace(
            linear,
            cost=np.array([float(random.randrange(-4, 5)) for _ in places]),
            column_low=np.array([low for low, _ in columns]),
            column_high=np.array([high for _, high in columns]),
            row_low=np.array([low for low, _ in rows]),
            row_high=np.array([high for _, high in rows]),
        )
        for session in (glpk, highs):
            session.set_columns(places, linear.column_low, linear.column_high)
            session.set_rows(np.arange(linear.row_count, dtype=np.int32), linear.row_low, linear.row_high)
            session.set_costs(places, linear.cost)


@pytest.mark.parametrize("seed", range(CASES))
def test_every_mixed_integer_program_ends_as_with_highs(seed: int) -> None:
    linear = random_program(Random(seed), whole=True)
    try:
        expected = search_with_highs(linear, start=None, time_limit_s=10.0, relative_gap=0.0)
        found = search_with_glpk(linear, time_limit_s=10.0, relative_gap=0.0)
    except BrokenPromise:
        with pytest.raises(BrokenPromise):
            search_with_glpk(linear, time_limit_s=10.0, relative_gap=0.0)
        return
    assert found.outcome is expected.outcome
    if found.outcome.has_solution:
        assert found.objective == pytest.approx(expected.objective, rel=1e-6, abs=1e-6)
        assert linear.is_integer is not None
        whole = found.column_value[linear.is_integer]
        np.testing.assert_allclose(whole, np.round(whole), atol=1e-5)
        rows = linear.times(found.column_value)
        assert (rows >= linear.row_low - 1e-5).all()
        assert (rows <= linear.row_high + 1e-5).all()
        assert found.bound == pytest.approx(found.objective, rel=1e-6, abs=1e-6)


def test_the_session_keeps_its_own_copy() -> None:
    linear = cheapest_supply(120.0)
    session = GlpkSession(linear)
    session.set_columns(np.array([0], np.int32), np.array([0.0]), np.array([60.0]))
    session.set_rows(np.array([0], np.int32), np.array([100.0]), np.array([INF]))
    session.set_costs(np.array([2], np.int32), np.array([5.0]))
    assert session.solve(time_limit_s=5.0).objective == 50 * 10 + 50 * 5
    assert (linear.column_high[0], linear.row_low[0], linear.cost[2]) == (100.0, 120.0, 30.0)


def test_rows_can_be_added_before_and_after_a_solve() -> None:
    linear = cheapest_supply(120.0)
    glpk, highs = GlpkSession(linear), HighsSession(linear)
    third_at_least = csr_array(np.array([[0.0, 0.0, 1.0], [0.0, 1.0, 1.0]]))
    for _ in range(2):
        for session in (glpk, highs):
            session.add_rows(third_at_least, np.array([5.0, 35.0]))
        found, expected = glpk.solve(time_limit_s=5.0), highs.solve(time_limit_s=5.0)
        assert found.objective == expected.objective == 850 + 600 + 150
        np.testing.assert_allclose(found.reduced_cost, expected.reduced_cost, atol=1e-9)
    assert len(found.row_dual) == 5


def test_small_numbers_arrive_whole() -> None:
    third = 1.0 / 3.0
    linear = program([1.0], [(0.0, INF)], [([third], third * (1 + 2**-50), INF)])
    assert GlpkSession(linear).solve(time_limit_s=5.0).column_value[0] == pytest.approx(1.0, abs=1e-14)


def test_infeasible_is_an_outcome_and_a_later_solve_works() -> None:
    session = GlpkSession(cheapest_supply(201.0))
    answer = session.solve(time_limit_s=5.0)
    assert (answer.outcome, answer.objective, answer.bound) == (Outcome.INFEASIBLE, None, None)
    assert len(answer.column_value) == len(answer.row_dual) == len(answer.reduced_cost) == 0
    session.set_rows(np.array([0], np.int32), np.array([200.0]), np.array([INF]))
    assert session.solve(time_limit_s=5.0).outcome is Outcome.OPTIMAL


@pytest.mark.parametrize("column", [(2.0, 1.0), (INF, INF), (-INF, -INF)])
def test_a_column_without_a_value_is_infeasible(column: tuple[float, float]) -> None:
    linear = program([1.0], [column], [([1.0], -INF, INF)], [True])
    assert GlpkSession(linear).solve(time_limit_s=5.0).outcome is Outcome.INFEASIBLE
    assert search_with_glpk(linear, time_limit_s=5.0, relative_gap=0.0).outcome is Outcome.INFEASIBLE


def test_a_whole_column_between_two_whole_numbers_is_infeasible() -> None:
    linear = program([1.0], [(0.2, 0.8)], [], [True])
    assert search_with_glpk(linear, time_limit_s=5.0, relative_gap=0.0).outcome is Outcome.INFEASIBLE


def test_bounds_of_whole_columns_are_rounded_inwards() -> None:
    linear = program([1.0, -1.0], [(0.5, 9.0), (0.0, 2.7)], [], [True, True])
    answer = search_with_glpk(linear, time_limit_s=5.0, relative_gap=0.0)
    assert answer.column_value.tolist() == [1.0, 2.0]


def test_unbounded_is_a_defect() -> None:
    linear = program([-1.0], [(0.0, INF)], [([1.0], 1.0, INF)], [True])
    with pytest.raises(BrokenPromise, match="unbounded"):
        GlpkSession(linear).solve(time_limit_s=5.0)
    with pytest.raises(BrokenPromise, match="unbounded"):
        search_with_glpk(linear, time_limit_s=5.0, relative_gap=0.0)


def test_infeasible_is_not_called_unbounded_where_no_dual_solution_exists_either() -> None:
    # Nothing keeps the last column from falling, and the rows contradict each other.
    rows = [([1.0, 1.0, 0.0], 5.0, INF), ([1.0, 1.0, 0.0], -INF, 4.0)]
    linear = program([0.0, 0.0, -1.0], [(0.0, INF)] * 3, rows)
    assert GlpkSession(linear).solve(time_limit_s=5.0).outcome is Outcome.INFEASIBLE


def test_glpks_own_presolver_for_integers_is_not_believed() -> None:
    # It answers x = -1, which breaks the first row: 2.5 x <= -3 needs -1.2, and x >= -1.99 no -2.
    rows = [([2.51649665], -5.0, -3.0), ([1.21063047], -INF, 4.0)]
    linear = program([3.12967273], [(-4.0, -1.0)], rows, [True])
    assert search_with_glpk(linear, time_limit_s=5.0, relative_gap=0.0).outcome is Outcome.INFEASIBLE


def test_a_search_without_integers_is_a_linear_program_without_duals() -> None:
    answer = search_with_glpk(cheapest_supply(120.0), time_limit_s=5.0, relative_gap=0.0)
    assert (answer.outcome, answer.objective, len(answer.row_dual)) == (Outcome.OPTIMAL, 1400.0, 0)


def test_a_search_may_stop_at_its_gap_and_tells_its_bound() -> None:
    exact = search_with_glpk(knapsack(Random(3)), time_limit_s=20.0, relative_gap=0.0)
    rough = search_with_glpk(knapsack(Random(3)), time_limit_s=20.0, relative_gap=0.05)
    assert exact.outcome is rough.outcome is Outcome.OPTIMAL
    assert exact.objective is not None
    assert rough.objective is not None
    assert rough.bound is not None
    assert rough.bound <= exact.objective <= rough.objective
    assert rough.bound < rough.objective <= rough.bound * 1.06


@pytest.mark.parametrize(("may_miss", "outcome"), [(True, Outcome.FEASIBLE), (False, Outcome.OUT_OF_TIME)])
def test_a_search_out_of_time_tells_what_it_has(*, may_miss: bool, outcome: Outcome) -> None:
    answer = search_with_glpk(market_split(Random(1), may_miss=may_miss), time_limit_s=1.0, relative_gap=0.0)
    assert answer.outcome is outcome
    assert answer.bound is not None
    assert (answer.objective is not None) is may_miss
    assert answer.bound < (answer.objective or INF)
    assert answer.wall_s < 10.0


def test_a_linear_program_out_of_time_is_killed(temporary_folder: Path) -> None:
    answer = GlpkSession(dense_program(Random(1), 300)).solve(time_limit_s=0.05)
    assert (answer.outcome, answer.objective, answer.bound) == (Outcome.OUT_OF_TIME, None, None)
    assert list(temporary_folder.iterdir()) == []


def test_no_time_is_enough_for_nothing() -> None:
    assert GlpkSession(cheapest_supply(1.0)).solve(time_limit_s=0.0).outcome is Outcome.OUT_OF_TIME


def test_endless_time_is_possible() -> None:
    answer = search_with_glpk(cheapest_supply(120.0, whole=True), time_limit_s=INF, relative_gap=0.0)
    assert answer.outcome is Outcome.OPTIMAL


@pytest.mark.parametrize(
    "body",
    [
        "exit 3",
        "kill -9 $$",
        "echo nonsense; exit 0",
        "echo nonsense > $4; exit 0",
        "printf 's bas 1 3 u u 0\\ni 1 b 0 0\\nj 1 b 0 0\\nj 2 b 0 0\\nj 3 b 0 0\\ne o f\\n' > $4",
    ],
)
def test_a_solver_that_dies_or_writes_nonsense_has_crashed(
    tmp_path: Path, temporary_folder: Path, body: str
) -> None:
    program_in_place = script(tmp_path, body)
    answer = GlpkSession(cheapest_supply(1.0), glpsol=program_in_place).solve(time_limit_s=5.0)
    assert (answer.outcome, answer.version) == (Outcome.CRASHED, "unknown")
    linear = cheapest_supply(1.0, whole=True)
    answer = search_with_glpk(linear, time_limit_s=5.0, relative_gap=0.0, glpsol=program_in_place)
    assert answer.outcome is Outcome.CRASHED
    assert list(temporary_folder.iterdir()) == []


def test_a_search_that_dies_after_its_relaxation_has_crashed(tmp_path: Path) -> None:
    linear, glpsol = cheapest_supply(1.5, whole=True), glpsol_that(tmp_path, meets="--tmlim", does="exit 1")
    answer = search_with_glpk(linear, time_limit_s=5.0, relative_gap=0.0, glpsol=glpsol)
    assert (answer.outcome, answer.objective, answer.bound) == (Outcome.CRASHED, None, None)


def test_a_start_that_fails_is_followed_by_a_fresh_one(tmp_path: Path) -> None:
    glpsol = glpsol_that(tmp_path, meets="--ini", does="exit 1")
    session = GlpkSession(cheapest_supply(120.0), glpsol=glpsol)
    assert session.solve(time_limit_s=5.0).objective == session.solve(time_limit_s=5.0).objective == 1400.0


def test_a_program_that_cannot_be_started_has_crashed(tmp_path: Path) -> None:
    session = GlpkSession(cheapest_supply(1.0), glpsol=Glpsol(tmp_path / "nothing"))
    assert session.solve(time_limit_s=5.0).outcome is Outcome.CRASHED


def test_a_solver_deaf_to_its_limit_is_killed_with_what_it_started(
    tmp_path: Path, temporary_folder: Path
) -> None:
    # Only the search is deaf; its child holds the output open until it is dead as well.
    answer = search_with_glpk(
        cheapest_supply(120.0, whole=True),
        time_limit_s=1.0,
        relative_gap=0.0,
        glpsol=glpsol_that(tmp_path, meets="--tmlim", does="sleep 20 & sleep 20"),
        grace_s=0.2,
    )
    assert (answer.outcome, answer.objective) == (Outcome.OUT_OF_TIME, None)
    assert answer.bound == 1400.0  # of the relaxation
    assert 1.0 < answer.wall_s < 10.0
    assert list(temporary_folder.iterdir()) == []
