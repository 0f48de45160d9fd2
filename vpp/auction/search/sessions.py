"""Loads programs into the solver that the rules name, and sends integer searches where they are quickest."""

from vpp.solver.glpk_session import GlpkSession, search_with_glpk
from vpp.solver.highs_session import HighsSession, search_with_highs
from vpp.solver.linear_program import Floats, LinearAnswer, LinearProgram, LinearSession
from vpp.solver.report import SolverName

_WORTH_A_PROCESS = 400  # columns
_MOST_FOR_GLPK = 20_000  # columns


def open_session(program: LinearProgram, solver: SolverName) -> LinearSession:
    """Load a linear program; integers are relaxed."""
    return HighsSession(program) if solver is SolverName.HIGHS else GlpkSession(program)


def search_integers(
    program: LinearProgram,
    solver: SolverName,
    *,
    start: Floats | None,
    time_limit_s: float,
    relative_gap: float,
) -> LinearAnswer:
    """Search a mixed-integer program.

    With `HIGHS`, programs of middle size still go to GLPK: on parts of a market, of ten thousand
    columns and four hundred integers, its cuts find the optimum in a quarter of the time. Small ones
    are not worth a process of their own, and large ones are beyond GLPK. GLPK cannot be given a start.
    """
    in_between = _WORTH_A_PROCESS < program.column_count <= _MOST_FOR_GLPK
    if solver is SolverName.GLPK or in_between:
        return search_with_glpk(program, time_limit_s=time_limit_s, relative_gap=relative_gap)
    return search_with_highs(program, start=start, time_limit_s=time_limit_s, relative_gap=relative_gap)
