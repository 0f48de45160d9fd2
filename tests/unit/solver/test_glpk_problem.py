"""Lines of GLPK's problem format."""

from random import Random

import numpy as np
import pytest

from vpp.solver.glpk_problem import column_lines, cost_lines, entry_lines, head, row_lines

INF = float("inf")


@pytest.mark.parametrize(
    ("low", "high", "line"),
    [
        (1.0, 2.0, "i 1 d 1.0 2.0\n"),
        (-1.5, INF, "i 1 l -1.5\n"),
        (-INF, 1e-300, "i 1 u 1e-300\n"),
        (-INF, INF, "i 1 f\n"),
        (3.0, 3.0, "i 1 s 3.0\n"),  # GLPK refuses a range of one point
    ],
)
def test_a_row_is_written_by_the_ends_that_it_has(low: float, high: float, line: str) -> None:
    assert row_lines(np.array([low]), np.array([high])) == line


def test_columns_tell_what_is_whole_only_in_a_mixed_integer_program() -> None:
    low, high = np.array([0.0, 0.0]), np.array([1.0, INF])
    assert column_lines(low, high, None) == "j 1 d 0.0 1.0\nj 2 l 0.0\n"
    assert column_lines(low, high, np.array([True, False])) == "j 1 i d 0.0 1.0\nj 2 c l 0.0\n"


def test_the_head_tells_the_sizes() -> None:
    assert head(3, 4, 5, has_integers=False) == "p lp min 3 4 5\n"
    assert head(3, 4, 5, has_integers=True) == "p mip min 3 4 5\n"


def test_nothing_is_written_of_nothing() -> None:
    empty, places = np.empty(0), np.empty(0, dtype=np.int32)
    assert row_lines(empty, empty) == column_lines(empty, empty, None) == cost_lines(empty) == ""
    assert entry_lines(places, places, empty) == ""


def test_no_digit_is_lost() -> None:
    random = Random(1)
    values = [random.uniform(-1, 1) * 10.0 ** random.randrange(-30, 30) for _ in range(200)]
    places = np.arange(200, dtype=np.int32)
    lines = entry_lines(places, places, np.array(values)).splitlines()
    assert [float(line.split()[3]) for line in lines] == values
    assert lines[199].split()[:3] == ["a", "200", "200"]
