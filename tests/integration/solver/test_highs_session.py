"""HiGHS on arrays: its outcomes, its warm starts, its silence."""

from dataclasses import replace
from random import Random

import numpy as np
import pytest
from scipy.sparse import csr_array
from support.linear_programs import (
    INF,
    assert_is_optimal,
    cheapest_supply,
    dense_program,
    market_split,
    program,
    random_program,
)

from vpp.foundation.errors import BrokenPromise
from vpp.solver.highs_session import HighsSession, search_with_highs, version
from vpp.solver.report import Outcome


@pytest.mark.parametrize("strategy", ["dual", "primal"])
def test_a_linear_program_comes_back_with_prices_and_reduced_costs(strategy: str) -> None:
    linear = cheapest_supply(120.0, whole=True)
    answer = HighsSession(linear, strategy=strategy).solve(time_limit_s=5.0)
    assert (answer.outcome, answer.version) == (Outcome.OPTIMAL, version())
    assert answer.objective == answer.bound == 1400.0
    assert answer.column_value.tolist() == [100.0, 20.0, 0.0]
    assert answer.row_dual.tolist() == [20.0]
    assert answer.reduced_cost.tolist() == [-10.0, 0.0, 10.0]
    assert_is_optimal(linear, answer)


def test_infeasible_is_an_outcome_and_a_later_solve_works() -> None:
    session = HighsSession(cheapest_supply(201.0))
    answer = session.solve(time_limit_s=5.0)
    assert (answer.outcome, answer.objective, answer.bound) == (Outcome.INFEASIBLE, None, None)
    assert len(answer.column_value) == len(answer.row_dual) == len(answer.reduced_cost) == 0
    session.set_rows(np.array([0], np.int32), np.array([200.0]), np.array([INF]))
    assert session.solve(time_limit_s=5.0).outcome is Outcome.OPTIMAL


@pytest.mark.parametrize(("low", "outcome"), [(0.0, Outcome.OPTIMAL), (1.0, Outcome.INFEASIBLE)])
def test_rows_count_in_a_program_without_columns(low: float, outcome: Outcome) -> None:
    linear = program([], [], [([], low, INF)])
    assert HighsSession(linear).solve(time_limit_s=5.0).outcome is outcome
    answer = search_with_highs(linear, start=None, time_limit_s=5.0, relative_gap=0.0)
    assert answer.outcome is outcome


def test_unbounded_is_a_defect() -> None:
    linear = program([-1.0], [(0.0, INF)], [([1.0], 1.0, INF)], [True])
    with pytest.raises(BrokenPromise, match="unbounded"):
        HighsSession(linear).solve(time_limit_s=5.0)
    with pytest.raises(BrokenPromise, match="unbounded"):
        search_with_highs(linear, start=None, time_limit_s=5.0, relative_gap=0.0)


def test_unbounded_is_told_also_where_the_dual_method_knows_nothing() -> None:
    linear = program(
        [0.0, -3.0, 3.0, -1.0, 5.0],
        [(-INF, INF), (-INF, 0.0), (-INF, INF), (-INF, INF), (-INF, -3.0)],
        [
            ([0.0, 0.0, 0.0, 0.0, 0.26702898], -1.80108694, 1.19891306),
            ([0.0, -1.39073224, 0.0, 1.36722902, -0.30102574], -1.83138082, -1.83138082),
        ],
    )
    with pytest.raises(BrokenPromise, match="unbounded"):
        HighsSession(linear).solve(time_limit_s=5.0)


def test_an_infeasible_search_is_not_called_unbounded() -> None:
    # Here HiGHS itself only says "unbounded or infeasible": nothing keeps a column from falling,
    # and the two rows with bounds contradict each other.
    linear = program(
        [-1.0, -1.0, 1.0, 3.0, 1.9],
        [(-3.0, -3.0), (0.0, 0.0), (-INF, INF), (-INF, 6.0), (-INF, 5.0)],
        [
            ([1.1, 1.0, 0.6, 1.1, -2.0], -INF, INF),
            ([1.0, 0.0, -2.0, 0.0, 1.0], -2.0, -2.0),
            ([0.0, 1.0, -2.0, 0.0, 1.0], 3.5, INF),
        ],
        [True, False, True, False, True],
    )
    answer = search_with_highs(linear, start=None, time_limit_s=5.0, relative_gap=0.0)
    assert (answer.outcome, answer.bound) == (Outcome.INFEASIBLE, None)


def test_out_of_time_leaves_nothing_and_a_later_solve_goes_on() -> None:
    linear = dense_program(Random(1), 300)
    session = HighsSession(linear)
    answer = session.solve(time_limit_s=0.01)
    assert (answer.outcome, answer.objective, answer.bound) == (Outcome.OUT_OF_TIME, None, None)
    # The limit counts anew with each solve, whatever earlier ones took.
    assert session.solve(time_limit_s=30.0).outcome is Outcome.OPTIMAL


@pytest.mark.parametrize("seed", range(20))
def test_a_warm_solve_costs_what_a_cold_one_does(seed: int) -> None:
    random = Random(seed)
    linear = random_program(random)
    places = np.arange(linear.column_count, dtype=np.int32)
    low, high = np.full(len(places), -2.0), np.full(len(places), 3.0)
    cost = np.array([random.uniform(-1.0, 1.0) for _ in places])
    changed = replace(linear, cost=cost, column_low=low, column_high=high)
    warm = HighsSession(linear)
    warm.set_columns(places, low, high)
    warm.solve(time_limit_s=5.0)
    warm.set_costs(places, cost)
    found, expected = warm.solve(time_limit_s=5.0), HighsSession(changed).solve(time_limit_s=5.0)
    assert found.outcome is expected.outcome
    if found.outcome.has_solution:
        assert found.objective == pytest.approx(expected.objective, rel=1e-9, abs=1e-9)
        assert_is_optimal(changed, found)


def test_rows_can_be_added() -> None:
    session = HighsSession(cheapest_supply(120.0))
    session.solve(time_limit_s=5.0)
    session.add_rows(csr_array(np.array([[0.0, 0.0, 1.0]])), np.array([5.0]))
    answer = session.solve(time_limit_s=5.0)
    assert answer.objective == 1000 + 15 * 20 + 5 * 30
    assert answer.row_dual.tolist() == [20.0, 10.0]


def test_a_search_finds_whole_numbers() -> None:
    answer = search_with_highs(
        cheapest_supply(120.5, whole=True), start=None, time_limit_s=5.0, relative_gap=0.0
    )
    assert (answer.outcome, answer.objective) == (Outcome.OPTIMAL, pytest.approx(1420.0))
    assert answer.bound == pytest.approx(1420.0)
    assert len(answer.row_dual) == len(answer.reduced_cost) == 0


def test_a_search_starts_from_what_it_is_given() -> None:
    linear = market_split(Random(1), may_miss=True)
    taken = np.zeros(60)
    short = linear.row_low - linear.times(taken)
    taken[50::2] = short
    answer = search_with_highs(linear, start=taken, time_limit_s=0.2, relative_gap=0.0)
    assert answer.outcome is Outcome.FEASIBLE
    assert answer.objective is not None
    assert answer.objective <= short.sum()


def test_a_search_out_of_time_without_a_solution_says_so() -> None:
    linear = market_split(Random(1), may_miss=False)
    answer = search_with_highs(linear, start=None, time_limit_s=1.0, relative_gap=0.0)
    assert (answer.outcome, answer.objective) == (Outcome.OUT_OF_TIME, None)
    assert len(answer.column_value) == 0


def test_the_same_program_gives_the_same_answer() -> None:
    linear = dense_program(Random(2), 60)
    first, second = (HighsSession(linear).solve(time_limit_s=20.0) for _ in range(2))
    assert first.column_value.tobytes() == second.column_value.tobytes()
    assert first.row_dual.tobytes() == second.row_dual.tobytes()


def test_nothing_is_printed(capfd: pytest.CaptureFixture[str]) -> None:
    HighsSession(cheapest_supply(120.0)).solve(time_limit_s=5.0)
    HighsSession(cheapest_supply(201.0)).solve(time_limit_s=5.0)
    search_with_highs(
        cheapest_supply(120.5, whole=True), start=np.zeros(3), time_limit_s=5.0, relative_gap=0.0
    )
    assert capfd.readouterr() == ("", "")


def test_a_program_solved_by_the_presolver_alone_returns_its_own_solution() -> None:
    """HiGHS 1.16.0 returns the start, which costs 237.5, beside an objective of 0."""
    rows = [
        ([-1.0, 1.0, 1.0, -1.0, 0.0, 0.0, 0.0, 0.0], 0.0, 0.0),
        ([0.0, 0.0, 0.3125, -0.2, 1.0, 0.0, 0.0, 0.0], 280.0, 280.0),
        ([0.0, 0.0, 0.0, 0.0, -1.0, 1.0, 0.0, 0.0], 0.0, 0.0),
        ([0.0, 0.0, 0.0, 0.0, 0.0, -1.0, 1.0, 0.0], 0.0, 0.0),
    ]
    ends = [(-50.0, 10.0), *((0.0, high) for high in (380.0, 20.0, 200.0, 280.0, 280.0, 280.0, 1.0))]
    whole = [False] * 7 + [True]
    stores = program([0.0, 23.75, 30.0, 0.0, 0.0, 0.0, 0.0, 0.0], ends, rows, whole)
    start = np.array([10.0, 10.0, 0.0, 0.0, 280.0, 280.0, 280.0, 0.0])
    answer = search_with_highs(stores, start=start, time_limit_s=10.0, relative_gap=1e-9)
    assert answer.objective == pytest.approx(0.0)
    assert float(stores.cost @ answer.column_value) == pytest.approx(0.0)
