"""Reads the rows of a Pyomo model as numbers."""

import pyomo.environ as pyo
from pyomo.repn import generate_standard_repn

Row = tuple[float | None, dict[str, float], float | None]  # least, coefficient of each variable, most


def row(constraint: pyo.Constraint) -> Row:
    """One linear row, with what is constant in it brought to the bounds; fixed variables count as such."""
    body = generate_standard_repn(constraint.body, compute_values=True)
    assert body.is_linear()
    terms = {
        variable.name: coefficient
        for variable, coefficient in zip(body.linear_vars, body.linear_coefs, strict=True)
        if coefficient
    }
    low, high = constraint.lower, constraint.upper
    return (
        None if low is None else pyo.value(low) - body.constant,
        terms,
        None if high is None else pyo.value(high) - body.constant,
    )


def rows(family: pyo.Constraint) -> dict[object, Row]:
    """Every row of a family by its key."""
    return {key: row(constraint) for key, constraint in family.items()}
