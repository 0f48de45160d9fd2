"""The columns of a statement's file: how whole columns of values become cells, and cells values again.

A month of a thousand sites has most of a million lines of nearly fifty cells. Columns repeat few texts, so
each text, instant and enumeration is written once and looked up afterwards.
"""

import enum
import re
import types
import typing
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from vpp.foundation.errors import InvalidInput
from vpp.portfolio.money_rules import PayRule
from vpp.settlement.csv_cell import cell_text, unguarded
from vpp.settlement.statement_line import StatementLine

COLUMNS = StatementLine._fields
LATER_COLUMNS = ("adjustment_id",)
"""Columns that files of earlier versions of the program do not have; each is empty text there."""
NUMBER = re.compile(r"-?[0-9]+([.][0-9]+)?", re.ASCII)
_INSTANT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z", re.ASCII)

Writer = Callable[[Sequence[Any]], list[str]]
Reader = Callable[[Sequence[str]], list[Any]]


def writers() -> list[Writer]:
    """Return how each column is written, quotes in text already doubled. Shape (columns,)."""
    return [_writer(kind) for kind, _ in column_kinds()]


def readers() -> list[Reader]:
    """Return how each column is read; a cell that cannot be raises ValueError or KeyError."""
    return [_reader(kind, may_be_empty=may_be_empty) for kind, may_be_empty in column_kinds()]


def known_columns(header: Sequence[str]) -> int:
    """Return how many columns a file has, this program's or those of an earlier one.

    Raises:
        InvalidInput: They are not the columns of a statement.
    """
    count = len(header)
    is_enough = count >= len(COLUMNS) - len(LATER_COLUMNS)
    if not is_enough or tuple(header) != COLUMNS[:count]:
        raise InvalidInput("file does not have the columns of a statement")
    return count


def column_kinds() -> list[tuple[type, bool]]:
    """Return the type of each column, and whether it may be empty."""
    hints = typing.get_type_hints(StatementLine)
    kinds = []
    for column in COLUMNS:
        hint = hints[column]
        choices = typing.get_args(hint) if isinstance(hint, types.UnionType) else (hint,)
        kinds.append((choices[0], types.NoneType in choices))
    return kinds


def _writer(kind: type) -> Writer:
    if kind is Decimal:
        return _numbers
    if kind is int:
        return _whole_numbers
    if issubclass(kind, enum.Enum):
        return _enumerations(kind)
    return _repeated


def _numbers(column: Sequence[Decimal | None]) -> list[str]:
    """Write numbers with all their digits and no exponent."""
    texts = ["" if value is None else str(value) for value in column]
    digits = "".join(texts).replace(".", "").replace("-", "")
    if digits and not digits.isdigit():  # an exponent, or no number at all
        return [cell_text(value) for value in column]
    return texts


def _whole_numbers(column: Sequence[int | None]) -> list[str]:
    return ["" if value is None else str(value) for value in column]


def _enumerations(kind: type[enum.Enum]) -> Writer:
    """Return how members are written; told apart by identity, because hashing them is slow."""
    texts = {id(member): cell_text(member) for member in kind} | {id(None): ""}

    def write_column(column: Sequence[enum.Enum | None]) -> list[str]:
        return [texts[known] for known in map(id, column)]

    return write_column


def _repeated(column: Sequence[str | datetime]) -> list[str]:
    """Write texts and instants, each different one once."""
    texts = {value: cell_text(value).replace('"', '""') for value in set(column)}
    return [texts[value] for value in column]


def _reader(kind: type, *, may_be_empty: bool) -> Reader:
    """Return how the cells of a column of that type are read."""
    read: Callable[[str], Any]
    if kind is str:
        read = unguarded
    elif kind is Decimal:
        read = _number
    elif kind is int:
        read = _whole_number
    elif kind is datetime:
        read = _instant
    elif kind is PayRule:
        read = PayRule
    elif issubclass(kind, enum.Enum):
        read = kind.__members__.__getitem__
    else:
        raise InvalidInput(f"no reader for a column of type {kind!r}")

    def read_column(texts: Sequence[str]) -> list[Any]:
        values: dict[str, Any] = {text: read(text) for text in set(texts) - {""}}
        values[""] = None if may_be_empty else read("") if "" in texts else None
        return [values[text] for text in texts]

    return read_column


def _number(text: str) -> Decimal:
    """Read a number as it is written: no exponent, no spaces, no digits of other scripts."""
    if not NUMBER.fullmatch(text):
        raise ValueError(text)
    return Decimal(text)


def _whole_number(text: str) -> int:
    if not NUMBER.fullmatch(text):
        raise ValueError(text)
    return int(text)


def _instant(text: str) -> datetime:
    """Read an instant with a Z."""
    if not _INSTANT.fullmatch(text):
        raise ValueError(text)
    return datetime.fromisoformat(text).astimezone(UTC)
