"""Reads what GLPK says on its output and nowhere else."""

import math
import re

_VERSION = re.compile(r"GLPSOL.*?(\d+\.\d+)")
_PROGRESS = re.compile(r"^\+.*(?:mip =|>>>>>)\s+\S.*?[>]=\s*(-?inf|[-+0-9.eE]+)", re.MULTILINE)
_PRINTED_DIGITS = 1e-9  # the log's bound has ten digits; lowered by this much it stays a bound
_NO_SOLUTION = re.compile(r"HAS NO (?:PRIMAL |INTEGER )?FEASIBLE SOLUTION")
_NO_DUAL = re.compile(r"HAS NO DUAL FEASIBLE SOLUTION|UNBOUNDED")


def version_in(log: str) -> str:
    """Return GLPK's version, or `unknown`.

    Example:
        >>> version_in("GLPSOL--GLPK LP/MIP Solver 5.0")
        '5.0'
    """
    found = _VERSION.search(log)
    return found[1] if found else "unknown"


def says_infeasible(log: str) -> bool:
    """Return whether GLPK found out that there is no solution."""
    return _NO_SOLUTION.search(log) is not None


def says_dual_infeasible(log: str) -> bool:
    """Return whether GLPK found out that the program is unbounded, or else has no solution."""
    return _NO_DUAL.search(log) is not None


def stopped_at_gap(log: str) -> bool:
    """Return whether the search ended because it was within the gap asked for."""
    return "RELATIVE MIP GAP TOLERANCE REACHED" in log


def stopped_at_time(log: str) -> bool:
    """Return whether GLPK ended because its time was over."""
    return "TIME LIMIT EXCEEDED" in log


def last_bound(log: str) -> float | None:
    """Return the last bound that branch and bound printed, lowered by its rounding.

    Example:
        >>> last_bound("+ 61: mip =   2.000000000e+01 >=   1.600000000e+01  20.0% (2; 0)")
        15.999999984
        >>> last_bound("+  1: mip =     not found yet >=              -inf        (1; 0)")
    """
    found = _PROGRESS.findall(log)
    bound = float(found[-1]) if found else -math.inf
    return bound - abs(bound) * _PRINTED_DIGITS if math.isfinite(bound) else None
