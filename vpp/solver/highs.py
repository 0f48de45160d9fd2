"""Runs HiGHS on a Pyomo model, in this process, on one thread.

A fresh solver object is made for each solve: Pyomo's persistent one compares the whole model
again after integers have been fixed, which takes longer than starting over. HiGHS must always be
given the same number of threads: changed within a process, it returns nothing.
"""

import math
from datetime import timedelta
from typing import Any

import pyomo.environ as pyo
from pyomo.contrib.solver.common.results import SolutionStatus, TerminationCondition
from pyomo.contrib.solver.common.util import NoDualsError, NoReducedCostsError
from pyomo.contrib.solver.solvers.highs import Highs

from vpp.foundation.clock import stopwatch_s
from vpp.foundation.errors import BrokenPromise
from vpp.solver.report import Outcome, SolveReport, SolverName, gap_ratio

_SEED = 1


def solve_with_highs(model: pyo.ConcreteModel, *, time_limit: timedelta, relative_gap: float) -> SolveReport:
    """Solve a model with HiGHS.

    Args:
        model: The model; its variables are set only if the outcome has a solution.
        time_limit: Longest time HiGHS may take; its presolver does not look at the clock.
        relative_gap: Distance to the bound at which a mixed-integer search may stop.

    Returns:
        How the solve ended.

    Raises:
        BrokenPromise: The model is unbounded, or HiGHS refuses it.
    """
    began_s = stopwatch_s()
    results = _run(model, time_limit, relative_gap, presolve="choose")
    if results.termination_condition is TerminationCondition.infeasibleOrUnbounded:
        results = _run(model, time_limit, relative_gap, presolve="off")  # it can tell which
    outcome = _outcome(results)
    objective, bound = None, None
    if outcome.has_solution:
        results.solution_loader.load_vars()
        _load_duals(model, results.solution_loader)
        objective = results.incumbent_objective
        bound = results.objective_bound
        if bound is None or not math.isfinite(bound):
            bound = objective if outcome is Outcome.OPTIMAL else None
    return SolveReport(
        outcome=outcome,
        objective=objective,
        bound=bound,
        gap_ratio=gap_ratio(objective, bound),
        solver=SolverName.HIGHS,
        version=".".join(str(part) for part in results.solver_version),
        wall_s=stopwatch_s() - began_s,
    )


def _run(model: pyo.ConcreteModel, time_limit: timedelta, relative_gap: float, *, presolve: str) -> Any:  # noqa: ANN401  Pyomo's type
    return Highs().solve(
        model,
        load_solutions=False,
        raise_exception_on_nonoptimal_result=False,
        threads=1,
        time_limit=time_limit.total_seconds(),
        rel_gap=relative_gap,
        solver_options={"random_seed": _SEED, "presolve": presolve},
    )


def _outcome(results: Any) -> Outcome:  # noqa: ANN401  Pyomo's type
    """Translate HiGHS's termination; an unbounded model is a defect, never an outcome."""
    condition = results.termination_condition
    is_feasible = results.solution_status in (SolutionStatus.feasible, SolutionStatus.optimal)
    if condition is TerminationCondition.convergenceCriteriaSatisfied and is_feasible:
        return Outcome.OPTIMAL
    if condition is TerminationCondition.provenInfeasible:
        return Outcome.INFEASIBLE
    if condition is TerminationCondition.maxTimeLimit:
        return Outcome.FEASIBLE if is_feasible else Outcome.OUT_OF_TIME
    if condition in (TerminationCondition.unbounded, TerminationCondition.infeasibleOrUnbounded):
        raise BrokenPromise("HiGHS ended with an unbounded model", termination=str(condition))
    return Outcome.CRASHED


def _load_duals(model: pyo.ConcreteModel, loader: Any) -> None:  # noqa: ANN401  Pyomo's type
    """Fill the suffixes `dual` and `rc`, as Pyomo does for GLPK; a mixed-integer model has none."""
    for name, read in (("dual", loader.get_duals), ("rc", loader.get_reduced_costs)):
        suffix = model.component(name)
        if isinstance(suffix, pyo.Suffix) and suffix.import_enabled():
            suffix.clear()
            try:
                suffix.update(read())
            except (NoDualsError, NoReducedCostsError):
                continue
