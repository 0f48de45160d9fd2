"""Linear programs written out row by row, drawn at random, and hard ones."""

from random import Random

import numpy as np

from vpp.solver.linear_program import Floats, LinearAnswer, LinearProgram

INF = float("inf")


def program(
    cost: list[float],
    columns: list[tuple[float, float]],
    rows: list[tuple[list[float], float, float]],
    whole: list[bool] | None = None,
) -> LinearProgram:
    """A program from its columns' bounds and its rows, each with coefficients and bounds."""
    dense = np.array([row for row, _, _ in rows], dtype=float).reshape(len(rows), len(cost))
    held = [np.flatnonzero(dense[:, column]) for column in range(len(cost))]
    starts = np.cumsum([0, *(len(index) for index in held)])
    return LinearProgram(
        cost=np.array(cost, dtype=float),
        column_low=np.array([low for low, _ in columns], dtype=float),
        column_high=np.array([high for _, high in columns], dtype=float),
        row_low=np.array([low for _, low, _ in rows], dtype=float),
        row_high=np.array([high for _, _, high in rows], dtype=float),
        column_start=starts.astype(np.int32),
        row_index=np.concatenate([np.empty(0, int), *held]).astype(np.int32),
        value=dense.T[dense.T != 0],
        is_integer=None if whole is None else np.array(whole, dtype=bool),
    )


def cheapest_supply(required: float, *, whole: bool = False) -> LinearProgram:
    """Buy at least so much of 100 at 10, 50 at 20 and 50 at 30."""
    return program(
        [10.0, 20.0, 30.0],
        [(0.0, 100.0), (0.0, 50.0), (0.0, 50.0)],
        [([1.0, 1.0, 1.0], required, INF)],
        [True] * 3 if whole else None,
    )


def random_bounds(random: Random, inside: float) -> tuple[float, float]:
    """A range of any kind around a value: two ends, one, none, or a single point."""
    low, high = inside - random.randrange(4), inside + random.randrange(4)
    return random.choice([(low, high), (low, INF), (-INF, high), (-INF, INF), (inside, inside)])


def random_program(random: Random, *, whole: bool = False) -> LinearProgram:
    """A small program, often with a solution, with empty rows and columns among the others."""
    column_count, row_count = random.randrange(9), random.randrange(9)
    inside = [float(random.randrange(-3, 4)) for _ in range(column_count)]
    rows = []
    for _ in range(row_count):
        row = [random.choice([0.0, 0.0, 1.0, -2.0, random.uniform(-3, 3)]) for _ in inside]
        activity = sum(a * x for a, x in zip(row, inside, strict=True))
        rows.append((row, *random_bounds(random, activity + random.choice([0.0, 0.0, 0.0, 2.5]))))
    columns = [
        (low, high) if random.random() < 0.4 else (low if low > -INF else -9.0, high if high < INF else 9.0)
        for low, high in (random_bounds(random, x) for x in inside)
    ]
    cost = [random.choice([0.0, random.uniform(-5, 5), float(random.randrange(-4, 5))]) for _ in inside]
    return program(cost, columns, rows, [random.random() < 0.6 for _ in inside] if whole else None)


def market_split(random: Random, *, may_miss: bool) -> LinearProgram:
    """Small, and far beyond a few seconds of branch and bound."""
    most_missed = INF if may_miss else 0.0
    rows = []
    for number in range(5):
        weights = [float(random.randrange(100)) for _ in range(50)]
        misses = [sign if row == number else 0.0 for row in range(5) for sign in (1.0, -1.0)]
        half = float(sum(weights) // 2)
        rows.append((weights + misses, half, half))
    columns = [(0.0, 1.0)] * 50 + [(0.0, most_missed)] * 10
    return program([0.0] * 50 + [1.0] * 10, columns, rows, [True] * 50 + [False] * 10)


def knapsack(random: Random) -> LinearProgram:
    """Take items whose cost is nearly their weight, at least so much."""
    weights = [random.uniform(5.0, 40.0) for _ in range(40)]
    cost = [weight * random.uniform(0.9, 1.1) for weight in weights]
    return program(cost, [(0.0, 1.0)] * 40, [(weights, 301.0, INF)], [True] * 40)


def dense_program(random: Random, size: int) -> LinearProgram:
    """A linear program that takes the simplex method a while: cover every row."""
    rows = [([random.random() for _ in range(size)], 1.0, INF) for _ in range(size)]
    return program([random.uniform(0.9, 1.1) for _ in range(size)], [(0.0, INF)] * size, rows)


def assert_is_optimal(linear: LinearProgram, answer: LinearAnswer) -> None:
    """Check an answer by the conditions that make it the best: bounds, signs, reduced costs."""
    prices, values = answer.row_dual, answer.column_value
    np.testing.assert_allclose(answer.reduced_cost, linear.cost - linear.times_transposed(prices), atol=1e-7)
    assert answer.objective is not None
    assert abs(float(linear.cost @ values) - answer.objective) < 1e-6 * (1 + abs(answer.objective))
    _assert_complementary(values, linear.column_low, linear.column_high, answer.reduced_cost)
    _assert_complementary(linear.times(values), linear.row_low, linear.row_high, prices)


def _assert_complementary(value: Floats, low: Floats, high: Floats, rise: Floats) -> None:
    near = 1e-6
    assert (value >= low - near).all()
    assert (value <= high + near).all()
    assert (rise[value > low + near] <= near).all()  # away from its least value, more must not cost more
    assert (rise[value < high - near] >= -near).all()
