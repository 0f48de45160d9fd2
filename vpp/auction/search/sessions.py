"""Loads a linear program into the solver that the rules name."""

from vpp.solver.glpk_session import GlpkSession, search_with_glpk
from vpp.solver.highs_session import HighsSession, search_with_highs
from vpp.solver.linear_program import Floats, LinearAnswer, LinearProgram, LinearSession
from vpp.solver.report import SolverName


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
    """Search a mixed-integer program; GLPK cannot be given a start."""
    if solver is SolverName.HIGHS:
        return search_with_highs(program, start=start, time_limit_s=time_limit_s, relative_gap=relative_gap)
    return search_with_glpk(program, time_limit_s=time_limit_s, relative_gap=relative_gap)
