"""Runs HiGHS on arrays, in this process, on one thread, without a file between.

The simplex method goes on from the last basis, so that a solve after a change of bounds or costs
takes a fraction of the first. HiGHS's presolver stays off for linear programs: on books of many
parallel columns its time grows with their square and it does not look at the clock. HiGHS must
always be given the same number of threads: changed within a process, it returns nothing.
"""

import math
from typing import Any

import highspy
import numpy as np
from scipy.sparse import csc_array, csr_array

from vpp.foundation.clock import stopwatch_s
from vpp.foundation.errors import BrokenPromise
from vpp.solver.linear_program import Flags, Floats, Indices, LinearAnswer, LinearProgram
from vpp.solver.report import Outcome

_SEED = 1
_DEVEX = 1
_DUAL, _PRIMAL = 1, 4  # HiGHS's numbers for the serial simplex methods
_QUADRATIC_RULES = 12288  # the presolve rules for parallel rows and for aggregation
_NOTHING = np.empty(0)
_SAME_COST = 1e-6

_SOLVED = {highspy.HighsModelStatus.kOptimal}
_INFEASIBLE = {highspy.HighsModelStatus.kInfeasible}
_EITHER = highspy.HighsModelStatus.kUnboundedOrInfeasible
_STOPPED = {
    highspy.HighsModelStatus.kTimeLimit,
    highspy.HighsModelStatus.kIterationLimit,
    highspy.HighsModelStatus.kSolutionLimit,
    highspy.HighsModelStatus.kInterrupt,
    highspy.HighsModelStatus.kObjectiveBound,
    highspy.HighsModelStatus.kObjectiveTarget,
    highspy.HighsModelStatus.kMemoryLimit,
}


class HighsSession:
    """A linear program held by HiGHS; implements `LinearSession`."""

    def __init__(self, program: LinearProgram, *, strategy: str = "dual") -> None:
        """Load a program; integers are relaxed.

        Args:
            program: The program.
            strategy: Which simplex method starts, `dual` or `primal`.
        """
        self._highs = _new_highs()
        self._highs.setOptionValue("presolve", "off")
        self._highs.setOptionValue("solver", "simplex")
        self._strategy = _DUAL if strategy == "dual" else _PRIMAL
        self._highs.setOptionValue("simplex_strategy", self._strategy)
        _check(self._highs.passModel(_highs_model(program, None)))

    def solve(self, *, time_limit_s: float) -> LinearAnswer:
        """Solve it as it stands now.

        Args:
            time_limit_s: Longest time HiGHS may take, s.

        Returns:
            The answer; a program stopped by its time limit has neither solution nor bound.

        Raises:
            BrokenPromise: The program is unbounded, which no well-formed market is.
        """
        began_s = stopwatch_s()
        highs = self._highs
        highs.setOptionValue("time_limit", highs.getRunTime() + time_limit_s)
        highs.run()
        # From here on a basis is kept, for which steepest-edge weights would be worked out anew.
        highs.setOptionValue("simplex_dual_edge_weight_strategy", _DEVEX)
        if highs.getModelStatus() == highspy.HighsModelStatus.kUnknown:
            # Some unbounded programs end so, when the other simplex method knows what they are.
            highs.clearSolver()
            highs.setOptionValue("simplex_strategy", _PRIMAL)
            highs.run()
            highs.setOptionValue("simplex_strategy", self._strategy)
        status = _status_told_apart(highs)
        outcome = (
            _outcome_without_columns(highs)
            if status == highspy.HighsModelStatus.kModelEmpty
            else Outcome.OPTIMAL
            if status in _SOLVED
            else Outcome.INFEASIBLE
            if status in _INFEASIBLE
            else Outcome.OUT_OF_TIME
            if status in _STOPPED
            else Outcome.CRASHED
        )
        if not outcome.has_solution:
            return LinearAnswer(
                outcome, None, None, _NOTHING, _NOTHING, _NOTHING, stopwatch_s() - began_s, version()
            )
        solution = highs.getSolution()
        objective = highs.getInfo().objective_function_value
        return LinearAnswer(
            outcome=outcome,
            objective=objective,
            bound=objective,
            column_value=np.asarray(solution.col_value, dtype=float),
            row_dual=np.asarray(solution.row_dual, dtype=float),
            reduced_cost=np.asarray(solution.col_dual, dtype=float),
            wall_s=stopwatch_s() - began_s,
            version=version(),
        )

    def set_columns(self, index: Indices, low: Floats, high: Floats) -> None:
        """Change the bounds of some columns."""
        if len(index):
            _check(self._highs.changeColsBounds(len(index), index, low, high))

    def set_rows(self, index: Indices, low: Floats, high: Floats) -> None:
        """Change the bounds of some rows."""
        if len(index):
            _check(self._highs.changeRowsBounds(len(index), index, low, high))

    def set_costs(self, index: Indices, cost: Floats) -> None:
        """Change the costs of some columns."""
        if len(index):
            _check(self._highs.changeColsCost(len(index), index, cost))

    def add_columns(self, columns: csc_array, *, cost: Floats, high: Floats) -> None:
        """Add columns from 0 to some largest value; they follow those that are there. Shape (R, K)."""
        count = columns.shape[1]
        low = np.zeros(count)
        start = columns.indptr[:-1].astype(np.int32)
        index = columns.indices.astype(np.int32)
        _check(self._highs.addCols(count, cost, low, high, columns.nnz, start, index, columns.data))

    def add_rows(self, rows: csr_array, low: Floats) -> None:
        """Add rows that must be at least so much; they follow those that are there."""
        count = rows.shape[0]
        high = np.full(count, np.inf)
        start = rows.indptr[:-1].astype(np.int32)
        index = rows.indices.astype(np.int32)
        _check(self._highs.addRows(count, low, high, rows.nnz, start, index, rows.data))


def search_with_highs(
    program: LinearProgram, *, start: Floats | None, time_limit_s: float, relative_gap: float
) -> LinearAnswer:
    """Search a mixed-integer program.

    Args:
        program: The program.
        start: A solution to begin with, which need only be right in its integers; None for none.
            Shape (C,).
        time_limit_s: Longest time, s; HiGHS's presolver looks at the clock seldom.
        relative_gap: Distance to the bound, as a share of the objective, at which it may stop.

    Returns:
        The best solution and bound; no duals.

    Raises:
        BrokenPromise: The program is unbounded.
    """
    began_s = stopwatch_s()
    highs = _new_highs()
    highs.setOptionValue("presolve", "on")
    highs.setOptionValue("presolve_rule_off", _QUADRATIC_RULES)
    highs.setOptionValue("mip_rel_gap", relative_gap)
    highs.setOptionValue("mip_abs_gap", 1e-6)
    highs.setOptionValue("time_limit", time_limit_s)
    _check(highs.passModel(_highs_model(program, program.is_integer)))
    if start is not None:
        index = np.arange(program.column_count, dtype=np.int32)
        highs.setSolution(program.column_count, index, start)
    highs.run()
    if start is not None and _has_kept_start(highs, program):
        highs.clearSolver()
        highs.run()
    status, info = _status_told_apart(highs), highs.getInfo()
    has_solution = info.primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible
    if status == highspy.HighsModelStatus.kModelEmpty:
        outcome = _outcome_without_columns(highs)
    elif status in _SOLVED:
        outcome = Outcome.OPTIMAL
    elif status in _INFEASIBLE:
        outcome = Outcome.INFEASIBLE
    elif status in _STOPPED:
        outcome = Outcome.FEASIBLE if has_solution else Outcome.OUT_OF_TIME
    else:
        outcome = Outcome.CRASHED
    bound = info.mip_dual_bound
    return LinearAnswer(
        outcome=outcome,
        objective=info.objective_function_value if outcome.has_solution else None,
        bound=bound if math.isfinite(bound) and outcome is not Outcome.INFEASIBLE else None,
        column_value=np.asarray(highs.getSolution().col_value, dtype=float)
        if outcome.has_solution
        else _NOTHING,
        row_dual=_NOTHING,
        reduced_cost=_NOTHING,
        wall_s=stopwatch_s() - began_s,
        version=version(),
    )


def _has_kept_start(highs: Any, program: LinearProgram) -> bool:  # noqa: ANN401  HiGHS's own type
    """Tell whether HiGHS returns its start beside the objective of a better solution.

    HiGHS 1.16.0 does so where its presolver alone has solved the program.
    """
    value = np.asarray(highs.getSolution().col_value, dtype=float)
    stated = highs.getInfo().objective_function_value
    if len(value) != program.column_count or not math.isfinite(stated):
        return False
    return bool(abs(float(program.cost @ value) - stated) > _SAME_COST * (1.0 + abs(stated)))


def version() -> str:
    """Return the version of HiGHS, for example 1.15.1."""
    major, minor, patch = (
        highspy.HIGHS_VERSION_MAJOR,
        highspy.HIGHS_VERSION_MINOR,
        highspy.HIGHS_VERSION_PATCH,
    )
    return f"{major}.{minor}.{patch}"


def _new_highs() -> Any:  # noqa: ANN401  HiGHS's own type
    # The public class prints a banner when it is made, before it can be told not to.
    highs = highspy.Highs.__mro__[1]()
    highs.setOptionValue("output_flag", False)  # noqa: FBT003  HiGHS's own signature
    highs.setOptionValue("threads", 1)
    highs.setOptionValue("random_seed", _SEED)
    return highs


def _highs_model(program: LinearProgram, is_integer: Flags | None) -> highspy.HighsLp:
    model = highspy.HighsLp()
    model.num_col_, model.num_row_ = program.column_count, program.row_count
    model.col_cost_ = program.cost
    model.col_lower_, model.col_upper_ = program.column_low, program.column_high
    model.row_lower_, model.row_upper_ = program.row_low, program.row_high
    model.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    model.a_matrix_.start_ = program.column_start
    model.a_matrix_.index_ = program.row_index
    model.a_matrix_.value_ = program.value
    if is_integer is not None:
        kinds = (highspy.HighsVarType.kContinuous, highspy.HighsVarType.kInteger)
        model.integrality_ = [kinds[bool(flag)] for flag in is_integer]
    return model


def _status_told_apart(highs: Any) -> highspy.HighsModelStatus:  # noqa: ANN401  HiGHS's own type
    """Return how a run ended; an unbounded program is a defect.

    HiGHS may say that a program is unbounded or infeasible, without telling which. At no cost a
    program cannot be unbounded, so that HiGHS then answers whether it has any solution.
    """
    status: highspy.HighsModelStatus = highs.getModelStatus()
    if status == _EITHER:
        cost = np.asarray(highs.getLp().col_cost_, dtype=float)
        index = np.arange(len(cost), dtype=np.int32)
        _check(highs.changeColsCost(len(cost), index, np.zeros(len(cost))))
        highs.run()
        at_no_cost: highspy.HighsModelStatus = highs.getModelStatus()
        _check(highs.changeColsCost(len(cost), index, cost))
        if at_no_cost not in _SOLVED:
            return at_no_cost
    if status in {_EITHER, highspy.HighsModelStatus.kUnbounded}:
        raise BrokenPromise("HiGHS ended with an unbounded model", termination=str(status))
    return status


def _outcome_without_columns(highs: Any) -> Outcome:  # noqa: ANN401  HiGHS's own type
    """Tell whether every row may be zero: without columns HiGHS does not look at the rows."""
    model = highs.getLp()
    low, high = np.asarray(model.row_lower_), np.asarray(model.row_upper_)
    return Outcome.OPTIMAL if bool(((low <= 0) & (high >= 0)).all()) else Outcome.INFEASIBLE


def _check(status: highspy.HighsStatus) -> None:
    if status == highspy.HighsStatus.kError:
        raise BrokenPromise("HiGHS refuses the program")
