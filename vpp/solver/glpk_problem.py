"""Writes a linear or mixed-integer program in GLPK's own problem format.

That format has no names and one number after the other, so GLPK reads it several times as fast as
MPS or LP files. Numbers are written with all their digits: what is read is what was held, bit by
bit. Each section is formatted by one call, since a book of a thousand bids has a hundred thousand
entries. Source: GLPK 5.0 reference manual, section 3.4, routine `glp_read_prob`.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vpp.solver.linear_program import Flags, Floats

Places = NDArray[np.signedinteger]

END = "e o f\n"
_FREE, _ABOVE, _BELOW, _BETWEEN, _FIXED = range(5)


def head(row_count: int, column_count: int, entry_count: int, *, has_integers: bool) -> str:
    """Return the line with the program's kind and sizes.

    Args:
        row_count: Number of rows.
        column_count: Number of columns.
        entry_count: Number of entries, without costs.
        has_integers: Whether column lines tell whole columns from others.

    Returns:
        One line of text.
    """
    return f"p {'mip' if has_integers else 'lp'} min {row_count} {column_count} {entry_count}\n"


def row_lines(low: Floats, high: Floats) -> str:
    """Return a line for each row with its bounds.

    Args:
        low: Least value of each row, or -inf. Shape (R,).
        high: Largest value of each row, or inf. Shape (R,).

    Returns:
        As many lines as rows.

    Example:
        >>> print(row_lines(np.array([1.0, -np.inf, 0.5]), np.array([np.inf, np.inf, 0.5])), end="")
        i 1 l 1.0
        i 2 f
        i 3 s 0.5
    """
    return _bound_lines("i", low, high, [""] * len(low))


def column_lines(low: Floats, high: Floats, is_integer: Flags | None) -> str:
    """Return a line for each column with its bounds.

    Args:
        low: Least value of each column, or -inf; whole for whole columns. Shape (C,).
        high: Largest value of each column, or inf; whole for whole columns. Shape (C,).
        is_integer: Which columns are whole; None in a linear program. Shape (C,).

    Returns:
        As many lines as columns.

    Example:
        >>> print(column_lines(np.zeros(2), np.array([1.0, np.inf]), np.array([True, False])), end="")
        j 1 i d 0.0 1.0
        j 2 c l 0.0
    """
    if is_integer is None:
        return _bound_lines("j", low, high, [""] * len(low))
    return _bound_lines("j", low, high, np.where(is_integer, "i ", "c ").tolist())


def cost_lines(cost: Floats) -> str:
    """Return a line for each column with a cost.

    Args:
        cost: Cost per unit of each column. Shape (C,).

    Returns:
        As many lines as costs other than zero.

    Example:
        >>> print(cost_lines(np.array([0.0, 2.5])), end="")
        a 0 2 2.5
    """
    priced = np.flatnonzero(cost)
    return _lines("a 0 %d %r\n", priced + 1, cost[priced])


def entry_lines(row: Places, column: Places, value: Floats) -> str:
    """Return a line for each entry of the matrix.

    Args:
        row: Row of each entry, from 0. Shape (E,).
        column: Column of each entry, from 0. Shape (E,).
        value: Value of each entry. Shape (E,).

    Returns:
        As many lines as entries.

    Example:
        >>> print(entry_lines(np.array([0]), np.array([4]), np.array([0.1])), end="")
        a 1 5 0.1
    """
    return _lines("a %d %d %r\n", row + 1, column + 1, value)


def _lines(pattern: str, *fields: ArrayLike) -> str:
    """Fill a pattern once for each element of the fields, in a single formatting call."""
    columns = [np.asarray(field).tolist() for field in fields]
    count, width = len(columns[0]), len(columns)
    flat = [None] * (count * width)
    for position, column in enumerate(columns):
        flat[position::width] = column
    return pattern * count % tuple(flat)


def _bound_lines(letter: str, low: Floats, high: Floats, kinds: list[str]) -> str:
    has_low, has_high = np.isfinite(low), np.isfinite(high)
    # GLPK refuses a range whose ends are equal; it wants the one value.
    form = np.where(low == high, _FIXED, has_low * _ABOVE + has_high * _BELOW)
    lines = [
        f"{letter} {number} {kind}d {least!r} {most!r}\n"
        if shape == _BETWEEN
        else f"{letter} {number} {kind}l {least!r}\n"
        if shape == _ABOVE
        else f"{letter} {number} {kind}s {least!r}\n"
        if shape == _FIXED
        else f"{letter} {number} {kind}u {most!r}\n"
        if shape == _BELOW
        else f"{letter} {number} {kind}f\n"
        for number, (kind, shape, least, most) in enumerate(
            zip(kinds, form.tolist(), low.tolist(), high.tolist(), strict=True), start=1
        )
    ]
    return "".join(lines)
