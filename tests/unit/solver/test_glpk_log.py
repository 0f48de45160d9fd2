"""What is read from GLPK's output."""

import pytest

from vpp.solver.glpk_log import (
    last_bound,
    says_dual_infeasible,
    says_infeasible,
    stopped_at_gap,
    stopped_at_time,
    version_in,
)

LOG = """GLPSOL--GLPK LP/MIP Solver 5.0
Integer optimization begins...
+    10: mip =     not found yet >=              -inf        (1; 0)
+    20: >>>>>   3.500000000e+01 >=   1.700000000e+01  51.4% (2; 0)
+    61: mip =   2.000000000e+01 >=   1.600000000e+01  20.0% (2; 0)
"""


def test_the_last_bound_counts_less_its_rounding() -> None:
    assert last_bound(LOG) == pytest.approx(16.0, rel=1e-8)
    assert (last_bound(LOG) or 16.0) < 16.0


def test_a_negative_bound_is_lowered_too() -> None:
    bound = last_bound("+ 1: >>>>>  -3.0e+01 >=  -4.000000000e+01  25.0% (2; 0)")
    assert bound is not None
    assert -40.0000001 < bound < -40.0


@pytest.mark.parametrize("log", ["", LOG.partition("+    20")[0]])
def test_without_a_finite_bound_there_is_none(log: str) -> None:
    assert last_bound(log) is None


@pytest.mark.parametrize(
    "line",
    [
        "PROBLEM HAS NO FEASIBLE SOLUTION",
        "PROBLEM HAS NO PRIMAL FEASIBLE SOLUTION",
        "LP HAS NO PRIMAL FEASIBLE SOLUTION",
        "PROBLEM HAS NO INTEGER FEASIBLE SOLUTION",
    ],
)
def test_every_wording_of_infeasible_is_known(line: str) -> None:
    assert says_infeasible(line)
    assert not says_dual_infeasible(line)


@pytest.mark.parametrize(
    "line",
    [
        "LP HAS NO DUAL FEASIBLE SOLUTION",
        "LP RELAXATION HAS NO DUAL FEASIBLE SOLUTION",
        "LP HAS UNBOUNDED PRIMAL SOLUTION",
    ],
)
def test_every_wording_of_unbounded_is_known(line: str) -> None:
    assert says_dual_infeasible(line)
    assert not says_infeasible(line)


def test_why_it_stopped() -> None:
    assert stopped_at_gap("RELATIVE MIP GAP TOLERANCE REACHED; SEARCH TERMINATED")
    assert stopped_at_time("TIME LIMIT EXCEEDED; SEARCH TERMINATED")
    assert not stopped_at_gap(LOG)
    assert not stopped_at_time(LOG)


def test_the_version_is_that_of_the_first_line() -> None:
    assert version_in(LOG) == "5.0"
    assert version_in("sh: not found") == "unknown"
