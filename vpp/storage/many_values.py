"""Lists as parameters, so that a statement about thousands of rows is compiled once and sent once."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import BigInteger, Column, ColumnElement, Text, any_, bindparam, func, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.sql.selectable import FromClause

_IDS = "m_ids"
_NUMBERS = "m_numbers"


def among(column: Column[Any], *, sqlite: bool) -> ColumnElement[bool]:
    """Compare a column of ids with those that `ids_parameter` gives.

    Args:
        column: The column; an index that begins with it is used.
        sqlite: Whether the database is SQLite; else it is PostgreSQL.
    """
    if sqlite:
        ids = func.json_each(bindparam(_IDS, type_=Text)).table_valued("value")
        return column.in_(select(ids.c.value))
    return column == any_(bindparam(_IDS, type_=ARRAY(Text)))


def ids_parameter(ids: Iterable[str], *, sqlite: bool) -> dict[str, Any]:
    """Return the parameter of a statement with `among`."""
    wanted = list(ids)
    return {_IDS: json.dumps(wanted) if sqlite else wanted}


def numbered_ids(*, sqlite: bool) -> FromClause:
    """Return what `numbers_parameter` gives as a table with the columns `id` and `number`."""
    if sqlite:
        each = func.json_each(bindparam(_IDS, type_=Text)).table_valued("key", "value")
        return select(each.c.key.label("id"), each.c.value.label("number")).subquery("given")
    pairs = func.unnest(bindparam(_IDS, type_=ARRAY(Text)), bindparam(_NUMBERS, type_=ARRAY(BigInteger)))
    return pairs.table_valued("id", "number").render_derived()


def numbers_parameter(numbers: Mapping[str, int], *, sqlite: bool) -> dict[str, Any]:
    """Return the parameters of a statement with `numbered_ids`: one number per id."""
    if sqlite:
        return {_IDS: json.dumps(dict(numbers))}
    return {_IDS: list(numbers), _NUMBERS: list(numbers.values())}
