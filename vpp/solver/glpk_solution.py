"""Reads the solution files that GLPK writes.

Such a file has a line `s bas rows columns primal dual objective`, or `s mip rows columns status
objective`, then one line for each row (`i`) and each column (`j`). Source: GLPK 5.0 reference
manual, section 3.5, routines `glp_write_sol` and `glp_write_mip`.
"""

from dataclasses import dataclass

import numpy as np

from vpp.foundation.errors import InvalidInput
from vpp.solver.linear_program import Floats

_BASIC_HEAD, _INTEGER_HEAD = b"s bas ", b"s mip "
_END = b"e o f"
_LETTERS_AS_SPACES = bytes.maketrans(b"ijblufs", b"       ")


@dataclass(frozen=True, slots=True)
class BasicSolution:
    """What the simplex method ended with.

    Attributes:
        primal: `f` feasible, `n` proved that nothing is, `i` infeasible, `u` undefined.
        dual: The same for the dual solution.
        objective: Cost of the columns.
        column_value: Value of each column. Shape (C,).
        row_dual: Rise of cost per unit of a row's right-hand side. Shape (R,).
        reduced_cost: Rise of cost per unit of a column. Shape (C,).
    """

    primal: str
    dual: str
    objective: float
    column_value: Floats
    row_dual: Floats
    reduced_cost: Floats


@dataclass(frozen=True, slots=True)
class IntegerSolution:
    """What branch and bound ended with.

    Attributes:
        status: `o` optimal, `f` feasible, `n` proved that nothing is, `u` undefined.
        objective: Cost of the columns.
        column_value: Value of each column. Shape (C,).
    """

    status: str
    objective: float
    column_value: Floats


def read_basic_solution(content: bytes, row_count: int, column_count: int) -> BasicSolution:
    r"""Read a file that the simplex method wrote.

    Args:
        content: The file.
        row_count: Number of rows that it must have.
        column_count: Number of columns that it must have.

    Returns:
        The solution.

    Raises:
        InvalidInput: The file is no such solution.

    Example:
        >>> read_basic_solution(b"s bas 0 1 f f 6\nj 1 l 2 3\ne o f\n", 0, 1).reduced_cost.tolist()
        [3.0]
    """
    head, numbers = _parts(content, _BASIC_HEAD, (row_count, column_count), head_size=3, width=3)
    return BasicSolution(
        primal=head[0],
        dual=head[1],
        objective=_number(head[2]),
        column_value=numbers[row_count:, 1],
        row_dual=numbers[:row_count, 2],
        reduced_cost=numbers[row_count:, 2],
    )


def with_rows_added(content: bytes, row_count: int, added: int) -> bytes:
    r"""Return a basis for a program with more rows: the new ones are in the basis.

    Args:
        content: The file of a basic solution.
        row_count: Number of its rows.
        added: Number of rows to add.

    Returns:
        A file to start from.

    Example:
        >>> with_rows_added(b"s bas 1 1 f f 6\ni 1 b 2 0\nj 1 l 2 3\ne o f\n", 1, 1)
        b's bas 2 1 f f 6\ni 1 b 2 0\ni 2 b 0 0\nj 1 l 2 3\ne o f\n'
    """
    total = row_count + added
    content = content.replace(_BASIC_HEAD + b"%d " % row_count, _BASIC_HEAD + b"%d " % total, 1)
    lines = b"".join(b"\ni %d b 0 0" % number for number in range(row_count + 1, total + 1))
    rows_end = content.find(b"\nj ") if b"\nj " in content else content.rfind(b"\n" + _END)
    return content[:rows_end] + lines + content[rows_end:]


def read_integer_solution(content: bytes, row_count: int, column_count: int) -> IntegerSolution:
    r"""Read a file that branch and bound wrote.

    Args:
        content: The file.
        row_count: Number of rows that it must have.
        column_count: Number of columns that it must have.

    Returns:
        The solution.

    Raises:
        InvalidInput: The file is no such solution.

    Example:
        >>> read_integer_solution(b"s mip 0 1 o 6\nj 1 2\ne o f\n", 0, 1).column_value.tolist()
        [2.0]
    """
    head, numbers = _parts(content, _INTEGER_HEAD, (row_count, column_count), head_size=2, width=2)
    return IntegerSolution(status=head[0], objective=_number(head[1]), column_value=numbers[row_count:, 1])


def _parts(
    content: bytes, mark: bytes, shape: tuple[int, int], *, head_size: int, width: int
) -> tuple[list[str], Floats]:
    """Return the fields of the head after the sizes, and the numbers of each line."""
    begin = content.find(mark)
    head_end, end = content.find(b"\n", begin), content.rfind(_END)
    if begin < 0 or end < head_end:
        raise InvalidInput("GLPK wrote no whole solution")
    head = content[begin + len(mark) : head_end].decode(errors="replace").split()
    if len(head) != head_size + 2 or head[:2] != [str(size) for size in shape]:
        raise InvalidInput("GLPK wrote another program's solution", head=" ".join(head))
    words = content[head_end:end].translate(_LETTERS_AS_SPACES).split()
    count = sum(shape) * width
    if len(words) != count:
        raise InvalidInput(f"GLPK wrote {len(words)} numbers, must be {count}")
    try:
        numbers = np.fromiter(map(float, words), dtype=float, count=count)
    except ValueError as error:
        raise InvalidInput("GLPK wrote something that is no number") from error
    if not np.isfinite(numbers).all():
        raise InvalidInput("GLPK wrote numbers that are not finite")
    return head[2:], numbers.reshape(-1, width)


def _number(word: str) -> float:
    try:
        return float(word)
    except ValueError as error:
        raise InvalidInput("GLPK wrote an objective that is no number", objective=word) from error
