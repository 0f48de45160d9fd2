"""What a solve says about itself: which solver, how it ended, how good the answer is."""

import enum
from dataclasses import dataclass


class SolverName(enum.Enum):
    """The solvers that the project can call."""

    GLPK = "glpk"
    HIGHS = "highs"


class Outcome(enum.Enum):
    """How a solve ended; each of these is normal.

    Attributes:
        OPTIMAL: The model holds a solution that is optimal within the gap asked for.
        FEASIBLE: Time ran out; the model holds the best solution found.
        INFEASIBLE: No solution exists; the model is as it was.
        OUT_OF_TIME: Time ran out before any solution; the model is as it was.
        CRASHED: The solver died or wrote nothing readable; the model is as it was.
    """

    OPTIMAL = "optimal"
    FEASIBLE = "feasible"
    INFEASIBLE = "infeasible"
    OUT_OF_TIME = "out_of_time"
    CRASHED = "crashed"

    @property
    def has_solution(self) -> bool:
        """Whether the model holds a solution of this solve."""
        return self in (Outcome.OPTIMAL, Outcome.FEASIBLE)


@dataclass(frozen=True, slots=True)
class SolveReport:
    """How a solve ended and how good its answer is.

    Attributes:
        outcome: How it ended.
        objective: Value of the solution held by the model; None without one.
        bound: No solution can be better than this; None if the solver proved nothing.
        gap_ratio: Distance between the two as a share of the objective, 0 or more; None if
            either is missing.
        solver: Which solver.
        version: Its version, for example 5.0.
        wall_s: How long the solve took, with writing the model and reading the answer, s.
    """

    outcome: Outcome
    objective: float | None
    bound: float | None
    gap_ratio: float | None
    solver: SolverName
    version: str
    wall_s: float


def gap_ratio(objective: float | None, bound: float | None) -> float | None:
    """Return the distance between an objective and its bound as a share of the objective.

    Example:
        >>> gap_ratio(100.0, 99.0)
        0.01
        >>> gap_ratio(0.0, 0.0)
        0.0
        >>> gap_ratio(100.0, None) is None
        True
    """
    if objective is None or bound is None:
        return None
    distance = abs(objective - bound)
    return distance / abs(objective) if objective else distance
