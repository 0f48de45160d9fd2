"""Runs GLPK on arrays, as a process of its own that reads and writes files.

Linear programs go to the dual simplex method with the long-step ratio test, from Bixby's basis
and without the presolver. On the relaxation of a market that is what counts: 1000 bids x 4
intervals take 0.06 s and 1000 x 24 take 0.6 s, against 0.3 s and 8-13 s with GLPK's defaults or
with either method without the long steps. Each solution is also the basis that the next solve
starts from, which makes a solve after a change of bounds or costs four to eight times as fast.
"""

import math
from dataclasses import replace

import numpy as np
from scipy.sparse import csr_array

from vpp.foundation.clock import stopwatch_s
from vpp.foundation.errors import BrokenPromise, InvalidInput
from vpp.solver.glpk_log import (
    last_bound,
    says_dual_infeasible,
    says_infeasible,
    stopped_at_gap,
    stopped_at_time,
    version_in,
)
from vpp.solver.glpk_problem import END, column_lines, cost_lines, entry_lines, head, row_lines
from vpp.solver.glpk_solution import (
    BasicSolution,
    IntegerSolution,
    read_basic_solution,
    read_integer_solution,
    with_rows_added,
)
from vpp.solver.glpsol import Glpsol, find_glpsol
from vpp.solver.glpsol_run import GlpsolRun, run_glpsol
from vpp.solver.linear_program import Flags, Floats, Indices, LinearAnswer, LinearProgram
from vpp.solver.report import Outcome

_WARM = ("--nopresol", "--dual", "--flip")
_COLD = (*_WARM, "--bib")
_CAREFUL = ("--presol", "--primal")  # slow, and solves what the others gave up
# Not GLPK's own presolver for integers: it calls points best that break a row (-3 >= 2.5 x, x = -1).
_SEARCH = ("--nointopt", "--dual", "--flip", "--mir", "--gomory")
_GRACE_S = 2.0  # GLPK looks at its clock only between steps
_WHOLE = 1e-9  # a bound so close to a whole number is one
_OPTIMUM_RATIO = 1e-7  # GLPK drops branches that could save less than this share of the cost
_LONGEST_S = 1e6  # longer than any search, and what GLPK's clock can hold
_NOTHING = np.empty(0)

# How GLPK's solution files say what a solution is.
_FOUND, _NONE, _BEST = "f", "n", "o"


class GlpkSession:
    """A linear program that GLPK solves again and again; implements `LinearSession`.

    Attributes:
        glpsol: Which glpsol runs.
        basis: Solution file of the last solve that had a solution; None before.
    """

    def __init__(self, program: LinearProgram, *, glpsol: Glpsol | None = None) -> None:
        """Load a program; integers are relaxed.

        Args:
            program: The program.
            glpsol: Which glpsol; None to look for it.

        Raises:
            BrokenPromise: GLPK is not installed.
        """
        self._program = replace(
            program,
            cost=program.cost.copy(),
            column_low=program.column_low.copy(),
            column_high=program.column_high.copy(),
            row_low=program.row_low.copy(),
            row_high=program.row_high.copy(),
            is_integer=None,
        )
        self.glpsol = glpsol or find_glpsol()
        self.basis: bytes | None = None
        column = np.repeat(np.arange(program.column_count), np.diff(program.column_start))
        self._entries = entry_lines(program.row_index, column, program.value)
        self._entry_count = len(program.value)

    def solve(self, *, time_limit_s: float) -> LinearAnswer:
        """Solve it as it stands now.

        Args:
            time_limit_s: Longest time GLPK may take, s; it is killed then, since a linear
                program that is not finished has nothing to show.

        Returns:
            The answer; a program stopped by its time limit has neither solution nor bound.

        Raises:
            BrokenPromise: The program is unbounded, which no well-formed market is.
        """
        began_s = stopwatch_s()
        program = self._program
        if _has_empty_range(program):
            return _answer_without(Outcome.INFEASIBLE, None, began_s, "unknown")
        problem = self.problem()
        attempts: list[tuple[tuple[str, ...], bytes | None]] = [(_COLD, None), (_CAREFUL, None)]
        if self.basis is not None:
            attempts.insert(0, (_WARM, self.basis))
        for flags, basis in attempts:
            run, solution = self._run(problem, flags, basis, began_s + time_limit_s)
            outcome = self._outcome(run, solution, began_s + time_limit_s)
            if outcome is not Outcome.CRASHED:
                break
        if solution is None or not outcome.has_solution:
            return _answer_without(outcome, None, began_s, version_in(run.log))
        self.basis = run.solution
        return LinearAnswer(
            outcome=outcome,
            objective=solution.objective,
            bound=solution.objective,
            column_value=solution.column_value,
            row_dual=solution.row_dual,
            reduced_cost=solution.reduced_cost,
            wall_s=stopwatch_s() - began_s,
            version=version_in(run.log),
        )

    def set_columns(self, index: Indices, low: Floats, high: Floats) -> None:
        """Change the bounds of some columns."""
        self._program.column_low[index] = low
        self._program.column_high[index] = high

    def set_rows(self, index: Indices, low: Floats, high: Floats) -> None:
        """Change the bounds of some rows."""
        self._program.row_low[index] = low
        self._program.row_high[index] = high

    def set_costs(self, index: Indices, cost: Floats) -> None:
        """Change the costs of some columns."""
        self._program.cost[index] = cost

    def add_rows(self, rows: csr_array, low: Floats) -> None:
        """Add rows that must be at least so much; they follow those that are there."""
        before, added = self._program.row_count, rows.shape[0]
        row = np.repeat(np.arange(before, before + added), np.diff(rows.indptr))
        self._entries += entry_lines(row, rows.indices, rows.data.astype(float))
        self._entry_count += rows.nnz
        self._program = replace(
            self._program,
            row_low=np.concatenate((self._program.row_low, low)),
            row_high=np.concatenate((self._program.row_high, np.full(added, np.inf))),
        )
        if self.basis is not None:
            self.basis = with_rows_added(self.basis, before, added)

    def problem(self, is_integer: Flags | None = None, *, has_costs: bool = True) -> tuple[str, ...]:
        """Return the program as it stands now, in GLPK's own format.

        Args:
            is_integer: Which columns are whole; None for none. Shape (C,).
            has_costs: Whether columns cost what they cost, or nothing.

        Returns:
            Pieces of text, one after the other.
        """
        program = self._program
        return (
            head(
                program.row_count,
                program.column_count,
                self._entry_count,
                has_integers=is_integer is not None,
            ),
            row_lines(program.row_low, program.row_high),
            column_lines(program.column_low, program.column_high, is_integer),
            cost_lines(program.cost) if has_costs else "",
            self._entries,
            END,
        )

    def _run(
        self, problem: tuple[str, ...], flags: tuple[str, ...], basis: bytes | None, until_s: float
    ) -> tuple[GlpsolRun, BasicSolution | None]:
        left_s = max(until_s - stopwatch_s(), 0.0)
        run = run_glpsol(self.glpsol, problem, flags, kill_after_s=left_s, basis=basis)
        try:
            sizes = self._program.row_count, self._program.column_count
            return run, read_basic_solution(run.solution, *sizes)
        except InvalidInput:
            return run, None

    def _outcome(self, run: GlpsolRun, solution: BasicSolution | None, until_s: float) -> Outcome:
        if run.was_killed or stopped_at_time(run.log):
            return Outcome.OUT_OF_TIME
        if solution is None:
            return Outcome.CRASHED
        if solution.primal == solution.dual == _FOUND:
            return Outcome.OPTIMAL
        if solution.primal == _NONE or says_infeasible(run.log):
            return Outcome.INFEASIBLE
        if solution.dual == _NONE or says_dual_infeasible(run.log):
            return self._outcome_without_dual(is_feasible=solution.primal == _FOUND, until_s=until_s)
        return Outcome.CRASHED

    def _outcome_without_dual(self, *, is_feasible: bool, until_s: float) -> Outcome:
        """Tell an unbounded program from an infeasible one.

        GLPK says of both that there is no dual solution. At no cost a program cannot be
        unbounded, so that GLPK then answers whether it has any solution.
        """
        if not is_feasible:
            run, solution = self._run(self.problem(has_costs=False), _COLD, None, until_s)
            if run.was_killed:
                return Outcome.OUT_OF_TIME
            if solution is None or solution.primal not in {_FOUND, _NONE}:
                return Outcome.CRASHED
            if solution.primal == _NONE:
                return Outcome.INFEASIBLE
        raise BrokenPromise("GLPK ended with an unbounded model", termination="no dual solution")


def search_with_glpk(
    program: LinearProgram,
    *,
    time_limit_s: float,
    relative_gap: float,
    glpsol: Glpsol | None = None,
    grace_s: float = _GRACE_S,
) -> LinearAnswer:
    """Search a mixed-integer program.

    The relaxation is solved first; the search starts from its basis.

    Args:
        program: The program.
        time_limit_s: Longest time, s; of what the relaxation leaves, whole seconds count, and
            at least one.
        relative_gap: Distance to the bound, as a share of the objective, at which it may stop.
        glpsol: Which glpsol; None to look for it.
        grace_s: GLPK looks at its clock only between steps; so long after the limit it is
            killed, s, and what it had found is lost.

    Returns:
        The best solution and bound; no duals.

    Raises:
        BrokenPromise: GLPK is not installed, or the relaxation is unbounded.
    """
    began_s = stopwatch_s()
    is_integer = (
        np.zeros(program.column_count, dtype=bool) if program.is_integer is None else program.is_integer
    )
    session = GlpkSession(_with_whole_bounds(program, is_integer), glpsol=glpsol)
    relaxed = session.solve(time_limit_s=time_limit_s)
    if not relaxed.outcome.has_solution or not is_integer.any():
        return replace(relaxed, row_dual=_NOTHING, reduced_cost=_NOTHING)
    limit_s = max(int(min(began_s + time_limit_s - stopwatch_s(), _LONGEST_S)), 1)
    run = run_glpsol(
        session.glpsol,
        session.problem(is_integer),
        (*_SEARCH, "--tmlim", str(limit_s), "--mipgap", repr(float(relative_gap))),
        kill_after_s=limit_s + grace_s,
        basis=session.basis,
    )
    bound = max(bound for bound in (relaxed.bound, last_bound(run.log)) if bound is not None)
    outcome, solution = _search_outcome(run, program)
    if solution is None:
        proved = bound if outcome is Outcome.OUT_OF_TIME else None
        return _answer_without(outcome, proved, began_s, relaxed.version)
    if solution.status == _BEST:
        bound = solution.objective - _OPTIMUM_RATIO * (1.0 + abs(solution.objective))
    return LinearAnswer(
        outcome=outcome,
        objective=solution.objective,
        bound=min(bound, solution.objective),
        column_value=solution.column_value,
        row_dual=_NOTHING,
        reduced_cost=_NOTHING,
        wall_s=stopwatch_s() - began_s,
        version=relaxed.version,
    )


def _search_outcome(run: GlpsolRun, program: LinearProgram) -> tuple[Outcome, IntegerSolution | None]:
    """Say how a search ended, and with which solution."""
    if run.was_killed:
        return Outcome.OUT_OF_TIME, None
    try:
        solution = read_integer_solution(run.solution, program.row_count, program.column_count)
    except InvalidInput:
        return Outcome.CRASHED, None
    if solution.status == _BEST or (solution.status == _FOUND and stopped_at_gap(run.log)):
        return Outcome.OPTIMAL, solution
    if solution.status == _FOUND:
        return Outcome.FEASIBLE, solution
    if solution.status == _NONE:
        return Outcome.INFEASIBLE, None
    return Outcome.OUT_OF_TIME if stopped_at_time(run.log) else Outcome.CRASHED, None


def _has_empty_range(program: LinearProgram) -> bool:
    """Return whether a row or column has no value to take, which GLPK does not accept."""
    ranges = ((program.row_low, program.row_high), (program.column_low, program.column_high))
    return any(bool(((low > high) | (low == math.inf) | (high == -math.inf)).any()) for low, high in ranges)


def _with_whole_bounds(program: LinearProgram, is_integer: Flags) -> LinearProgram:
    """Round the bounds of whole columns inwards: GLPK refuses any others."""
    return replace(
        program,
        column_low=np.where(is_integer, np.ceil(program.column_low - _WHOLE), program.column_low),
        column_high=np.where(is_integer, np.floor(program.column_high + _WHOLE), program.column_high),
    )


def _answer_without(outcome: Outcome, bound: float | None, began_s: float, version: str) -> LinearAnswer:
    return LinearAnswer(outcome, None, bound, _NOTHING, _NOTHING, _NOTHING, stopwatch_s() - began_s, version)
