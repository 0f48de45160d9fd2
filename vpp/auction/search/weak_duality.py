"""The bound that any duals prove, by arithmetic alone."""

import numpy as np

from vpp.solver.linear_program import Floats, LinearProgram

_NOISE = 1e-7  # thousandths per unit: what solvers leave of a reduced cost that is 0


def proven_bound(program: LinearProgram, row_dual: Floats, largest: Floats) -> float:
    """Return what no solution can cost less than, whatever the duals are.

    cost @ x = dual @ (A x) + (cost - A' dual) @ x, and each part is least at one end of its range.

    Args:
        program: The program.
        row_dual: Any duals. Shape (R,).
        largest: Bound on the size of each column that has no bound of its own. Shape (C,).

    Returns:
        The bound, in the program's unit of cost; -inf where a dual has the wrong sign for its row.

    Source:
        Weak duality of linear programs.
    """
    ends = np.where(row_dual > 0, program.row_low, program.row_high)
    used = row_dual != 0
    rows = float((row_dual[used] * ends[used]).sum())
    reduced = program.cost - program.times_transposed(row_dual)
    low = np.maximum(program.column_low, -largest)
    high = np.minimum(program.column_high, largest)
    tiny = np.abs(reduced) <= _NOISE
    ends = np.where(reduced > 0, low, high)
    # A reduced cost that is noise on a wide column is still counted, at the column's own bounds.
    columns = float((reduced * ends).sum()) if np.isfinite(ends[~tiny]).all() else -np.inf
    return rows + columns
