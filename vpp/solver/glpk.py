"""Runs GLPK on a Pyomo model and reads what it really said.

Pyomo gives a GLPK run the status "ok" when the model is infeasible, unbounded or out of time as
well. Loading by itself, it then says nothing: an infeasible model keeps the values of an earlier
solve, and an unproven solution looks like the optimum. So nothing is loaded before the
termination condition has been read, and what Pyomo does not pass on (the bound, and whether a
search stopped at its gap or at its time) is read from GLPK's log.
"""

import math
import os
import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyomo.environ as pyo
from pyomo.common.errors import ApplicationError
from pyomo.common.tempfiles import TempfileManager
from pyomo.opt import TerminationCondition
from pyomo.solvers.plugins.solvers.GLPK import GLPKSHELL

from vpp.foundation.clock import stopwatch_s
from vpp.foundation.errors import BrokenPromise
from vpp.solver.glpsol import Glpsol, find_glpsol
from vpp.solver.report import Outcome, SolveReport, SolverName, gap_ratio

_PROGRESS = re.compile(r"^\+.*(?:mip =|>>>>>)\s+\S.*?[>]=\s*(-?inf|[-+0-9.eE]+)", re.MULTILINE)
_PRINTED_DIGITS = 1e-9  # the log's bound has ten digits; lowered by this much it stays a bound
_AT_GAP = "RELATIVE MIP GAP TOLERANCE REACHED"
_NO_SOLUTION = re.compile(r"HAS NO (?:PRIMAL |INTEGER )?FEASIBLE SOLUTION")
_UNBOUNDED = re.compile(r"HAS NO DUAL FEASIBLE SOLUTION|UNBOUNDED")


@contextmanager
def _files_removed_on_error() -> Iterator[None]:
    """Remove a run's temporary files when it fails: Pyomo does so only when it succeeds."""
    try:
        yield
    except BaseException:
        TempfileManager.pop()
        raise


class _Shell(GLPKSHELL):  # type: ignore[misc]  # Pyomo ships no types
    """Pyomo's GLPK interface, started in the program's own environment, keeping the log."""

    log_text = ""

    def __init__(self, program: Glpsol, kill_after_s: float) -> None:
        self._program = program
        self._kill_after_s = kill_after_s
        super().__init__(executable=str(program.executable))

    def _get_version(self, executable: str | None = None) -> tuple[int, ...]:
        """Ask the program for its version; Pyomo would ask without the library folder."""
        answer = subprocess.run(  # noqa: S603  the program was found by find_glpsol
            [executable or str(self._program.executable), "--version"],
            env=self._program.environment(),
            capture_output=True,
            text=True,
            check=False,
            timeout=10,
        )
        found = re.search(r"(\d+)\.(\d+)", answer.stdout)
        if found is None:
            raise ApplicationError(f"no GLPK version in {answer.stdout!r} {answer.stderr!r}")
        return int(found[1]), int(found[2])

    def create_command_line(self, executable: str, problem_files: list[str]) -> Any:  # noqa: ANN401  Pyomo's type
        command = super().create_command_line(executable, problem_files)
        command.env = self._program.environment()
        return command

    def _apply_solver(self) -> Any:  # noqa: ANN401  Pyomo's type
        with _files_removed_on_error():
            return super()._apply_solver()

    def _postsolve(self) -> Any:  # noqa: ANN401  Pyomo's type
        with _files_removed_on_error():
            return super()._postsolve()

    def _execute_command(self, command: Any) -> list[Any]:  # noqa: ANN401  Pyomo's type
        """Run the program; kill it, with whatever it started, when it overruns."""
        with subprocess.Popen(  # noqa: S603  the program was found by find_glpsol
            command.cmd,
            env=command.env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        ) as process:
            try:
                log, _ = process.communicate(timeout=self._kill_after_s)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                raise
        if process.returncode:
            raise ApplicationError(f"glpsol ended with {process.returncode}: {log[-200:]}")
        return [process.returncode, log]

    def process_logfile(self) -> Any:  # noqa: ANN401  Pyomo's type
        self.log_text = Path(self._log_file).read_text(encoding="utf-8", errors="replace")
        return super().process_logfile()


def solve_with_glpk(
    model: pyo.ConcreteModel,
    *,
    time_limit: timedelta,
    relative_gap: float,
    program: Glpsol | None = None,
    grace: timedelta = timedelta(seconds=2),
) -> SolveReport:
    """Solve a model with GLPK.

    Args:
        model: The model; its variables are set only if the outcome has a solution.
        time_limit: Longest time GLPK may take; whole seconds count.
        relative_gap: Distance to the bound at which a mixed-integer search may stop.
        program: Which glpsol; None to look for it.
        grace: GLPK looks at its clock only between steps; so long after the limit it is killed.

    Returns:
        How the solve ended.

    Raises:
        BrokenPromise: GLPK is not installed, or the model is unbounded.
    """
    began_s = stopwatch_s()
    shell = _Shell(program or find_glpsol(), (time_limit + grace).total_seconds())
    version, objective, bound = "unknown", None, None
    try:
        version = ".".join(str(part) for part in shell.version())
        options = {"mipgap": relative_gap, "tmlim": int(time_limit.total_seconds())}
        results = shell.solve(model, load_solutions=False, options=options)
        outcome = _outcome(results.solver.termination_condition, shell.log_text)
    except subprocess.TimeoutExpired:
        outcome = Outcome.OUT_OF_TIME
    except (ApplicationError, OSError, ValueError, RuntimeError, StopIteration):
        # The program is no glpsol, died, or left files that do not parse.
        outcome = Outcome.CRASHED
    if outcome.has_solution:
        objective = float(next(iter(results.solution(0).objective.values()))["Value"])
        model.solutions.load_from(results)
        bound = _bound(results, shell.log_text, objective)
    return SolveReport(
        outcome=outcome,
        objective=objective,
        bound=bound,
        gap_ratio=gap_ratio(objective, bound),
        solver=SolverName.GLPK,
        version=version,
        wall_s=stopwatch_s() - began_s,
    )


def _outcome(condition: TerminationCondition, log_text: str) -> Outcome:
    """Translate what Pyomo and the log say; an unbounded model is a defect, never an outcome."""
    if condition is TerminationCondition.optimal:
        return Outcome.OPTIMAL
    if condition is TerminationCondition.feasible:
        return Outcome.OPTIMAL if _AT_GAP in log_text else Outcome.FEASIBLE
    # Pyomo calls a linear model without a feasible point unbounded when the simplex method finds
    # out, and only when the presolver does infeasible: the log tells the two apart.
    if condition is TerminationCondition.infeasible or _NO_SOLUTION.search(log_text):
        return Outcome.INFEASIBLE
    if condition is TerminationCondition.maxTimeLimit:
        return Outcome.OUT_OF_TIME
    if condition is TerminationCondition.unbounded or _UNBOUNDED.search(log_text):
        raise BrokenPromise("GLPK ended with an unbounded model", termination=str(condition))
    return Outcome.CRASHED


def _bound(results: Any, log_text: str, objective: float) -> float | None:  # noqa: ANN401  Pyomo's type
    """Return the best bound that GLPK proved: the optimum itself, or the log's last one."""
    if results.solver.termination_condition is TerminationCondition.optimal:
        return objective
    found = _PROGRESS.findall(log_text)
    bound = float(found[-1]) if found else -math.inf
    return bound - abs(bound) * _PRINTED_DIGITS if math.isfinite(bound) else None
