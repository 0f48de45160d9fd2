"""GLPK's solution files, whole and damaged."""

import pytest

from vpp.foundation.errors import InvalidInput
from vpp.solver.glpk_solution import read_basic_solution, read_integer_solution, with_rows_added

BASIC = b"""c Problem:
c Status:     OPTIMAL
c
s bas 2 3 f f 1400
i 1 l 120 20
i 2 b 1e-05 0
j 1 u 100 -10
j 2 b 20 0
j 3 l 0 1.5e+01
e o f
"""
INTEGER = b"c\ns mip 1 2 f -2.5e+00\ni 1 3\nj 1 1\nj 2 2\ne o f\n"


def test_a_basic_solution_is_read() -> None:
    solution = read_basic_solution(BASIC, 2, 3)
    assert (solution.primal, solution.dual, solution.objective) == ("f", "f", 1400.0)
    assert solution.column_value.tolist() == [100.0, 20.0, 0.0]
    assert solution.row_dual.tolist() == [20.0, 0.0]
    assert solution.reduced_cost.tolist() == [-10.0, 0.0, 15.0]


def test_an_integer_solution_is_read() -> None:
    solution = read_integer_solution(INTEGER, 1, 2)
    assert (solution.status, solution.objective) == ("f", -2.5)
    assert solution.column_value.tolist() == [1.0, 2.0]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"nonsense",
        INTEGER,
        BASIC[: len(BASIC) // 2],  # the disk was full
        BASIC.replace(b"s bas 2 3", b"s bas 3 3"),
        BASIC.replace(b"s bas 2 3 f f 1400", b"s bas 2 3"),
        BASIC.replace(b"1400", b"many"),
        BASIC.replace(b"j 2 b 20 0\n", b""),
        BASIC.replace(b"1e-05", b"1e-x5"),
        BASIC.replace(b"j 2 b 20 0", b"j 2 b 1e999 0"),
    ],
)
def test_a_damaged_solution_is_refused(content: bytes) -> None:
    with pytest.raises(InvalidInput, match="GLPK wrote"):
        read_basic_solution(content, 2, 3)


def test_a_basis_grows_by_rows() -> None:
    grown = read_basic_solution(with_rows_added(BASIC, 2, 2), 4, 3)
    assert grown.row_dual.tolist() == [20.0, 0.0, 0.0, 0.0]
    assert grown.reduced_cost.tolist() == [-10.0, 0.0, 15.0]


def test_a_basis_without_columns_grows_as_well() -> None:
    grown = with_rows_added(b"s bas 1 0 f f 0\ni 1 b 0 0\ne o f\n", 1, 1)
    assert read_basic_solution(grown, 2, 0).row_dual.tolist() == [0.0, 0.0]
