"""Prices and reduced costs of a solved linear model."""

import pyomo.environ as pyo


def want_duals(model: pyo.ConcreteModel) -> None:
    """Have the next solves of a linear model bring back its duals and reduced costs."""
    model.dual = pyo.Suffix(direction=pyo.Suffix.IMPORT)
    model.rc = pyo.Suffix(direction=pyo.Suffix.IMPORT)


def fix_discrete(model: pyo.ConcreteModel) -> None:
    """Turn a solved mixed-integer model into a linear one: its integers become constants.

    Solvers return 0.9999999 for 1, so values are rounded first. The domain is changed as well:
    HiGHS gives no duals while a variable is declared integer, fixed or not.
    """
    for variable in model.component_data_objects(pyo.Var):
        if not variable.is_continuous():
            variable.fix(round(pyo.value(variable)))
            variable.domain = pyo.Reals


def relax_discrete(model: pyo.ConcreteModel) -> None:
    """Let every integer of a model take any value within its bounds."""
    for variable in model.component_data_objects(pyo.Var):
        if not variable.is_continuous():
            low, high = variable.bounds
            variable.domain = pyo.Reals
            variable.bounds = (low, high)


def dual(model: pyo.ConcreteModel, row: pyo.Constraint) -> float:
    """Return by how much the objective rises per unit of a row's right-hand side.

    Args:
        model: A solved linear model that `want_duals` was called on.
        row: One row; a row that no solver saw, having no variable, is worth nothing.

    Returns:
        The dual, in the objective's unit per unit of the row; never -0.0. When minimising, a
        `>=` row's is 0 or more.
    """
    return float(model.dual.get(row, 0.0)) + 0.0


def reduced_cost(model: pyo.ConcreteModel, variable: pyo.Var) -> float:
    """Return by how much the objective rises per unit of a variable at its bound; 0 if fixed."""
    return float(model.rc.get(variable, 0.0)) + 0.0
