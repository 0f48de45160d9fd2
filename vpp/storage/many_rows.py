"""Thousands of rows in one statement, handed to the driver as it takes them.

SQLAlchemy prepares every value of every row by itself, which costs more than the database needs to
write it. Here a statement is written once, and values are prepared column by column.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property, partial
from operator import itemgetter
from typing import Any

from sqlalchemy import JSON, BigInteger, Boolean, Column, DateTime, Dialect, Double, Integer, Table, Text
from sqlalchemy.types import TypeDecorator, TypeEngine

from vpp.storage.column_types import Profile, profile_text
from vpp.storage.engine import SQLITE, json_text
from vpp.storage.transaction import Transaction

_KINDS: Mapping[type[TypeEngine[Any]], str] = {
    JSON: "json",
    DateTime: "timestamptz",
    Double: "float8",
    BigInteger: "int8",
    Integer: "int8",
    Boolean: "bool",
    Text: "text",
}
Rows = Sequence[Mapping[str, Any]]


class ManyRows:
    """Inserts and updates of one table, always of the same columns."""

    def __init__(self, table: Table, names: Sequence[str], *, kept: frozenset[str] = frozenset()) -> None:
        """Take the columns.

        Args:
            table: The table.
            names: Columns that every row has a value of, in whatever order.
            kept: Columns that an update leaves as they are where it gives None.
        """
        self._kept = kept
        self._table = table
        self._columns = [table.c[name] for name in names]
        self._names = ", ".join(column.name for column in self._columns)

    def insert(self, transaction: Transaction, rows: Rows) -> int:
        """Append rows; returns how many were.

        On SQLite, rows whose primary key is taken are left out. On PostgreSQL they are an error, so
        whoever may have some asks before.

        Raises:
            InvalidInput: A value cannot be kept, or refers to something that does not exist.
            AlreadyExists: A key is taken, on PostgreSQL.
        """
        transaction.touched.add(self._table)
        values = zip(*self._prepared(transaction, rows), strict=True)
        if transaction.is_sqlite:
            return transaction.write_many(self._sqlite_insert, list(values))
        transaction.copy_text(self._table.name, self._names, values)
        return len(rows)

    def update(self, transaction: Transaction, rows: Rows) -> int:
        """Replace columns where key and revision are `b_id` and `b_revision`; counts the revision up.

        Returns:
            How many rows were found.

        Raises:
            InvalidInput: As for `insert`.
        """
        transaction.touched.add(self._table)
        prepared = self._prepared(transaction, rows)
        prepared += [list(map(itemgetter(name), rows)) for name in ("b_id", "b_revision")]
        if transaction.is_sqlite:
            return transaction.write_many(self._sqlite_update, list(zip(*prepared, strict=True)))
        return transaction.write_driver_sql(self._postgresql_update, tuple(prepared)).rowcount

    def _prepared(self, transaction: Transaction, rows: Rows) -> list[list[Any]]:
        dialect = transaction.connection.dialect
        columns = []
        for column in self._columns:
            values = list(map(itemgetter(column.name), rows))
            prepare = _preparation(column.type, dialect)
            columns.append(values if prepare is None else list(map(prepare, values)))
        return columns

    @cached_property
    def _sqlite_insert(self) -> str:
        marks = ", ".join("?" * len(self._columns))
        return f"INSERT INTO {self._table.name} ({self._names}) VALUES ({marks}) ON CONFLICT DO NOTHING"  # noqa: S608  our own names

    @cached_property
    def _sqlite_update(self) -> str:
        changes = ", ".join(f"{column.name} = {self._new(column, '?')}" for column in self._columns)
        return (
            f"UPDATE {self._table.name} SET {changes}, revision = revision + 1 "  # noqa: S608  our own names
            f"WHERE {self._key} = ? AND revision = ?"
        )

    @cached_property
    def _postgresql_update(self) -> str:
        given = {column.name: self._new(column, f"given.{column.name}") for column in self._columns}
        changes = ", ".join(f"{name} = {new}" for name, new in given.items())
        arrays = ", ".join(f"%s::{_kind(column)}[]" for column in self._columns)
        table = self._table.name
        return (
            f"UPDATE {table} SET {changes}, revision = {table}.revision + 1 "  # noqa: S608  our own names
            f"FROM unnest({arrays}, %s::text[], %s::int8[]) AS given({self._names}, b_id, b_revision) "
            f"WHERE {table}.{self._key} = given.b_id AND {table}.revision = given.b_revision"
        )

    def _new(self, column: Column[Any], given: str) -> str:
        is_kept = column.name in self._kept
        return f"COALESCE({given}, {self._table.name}.{column.name})" if is_kept else given

    @property
    def _key(self) -> str:
        (column,) = self._table.primary_key.columns
        return column.name


def _kind(column: Column[Any]) -> str:
    """Return what PostgreSQL calls a column's type."""
    kind = _stored_as(column.type)
    return next(name for known, name in _KINDS.items() if isinstance(kind, known))


def _stored_as(kind: TypeEngine[Any]) -> TypeEngine[Any]:
    return kind.impl_instance if isinstance(kind, TypeDecorator) else kind


def _preparation(kind: TypeEngine[Any], dialect: Dialect) -> Callable[[Any], Any] | None:
    """Return what makes a value into one that the driver takes; None if nothing has to be done."""
    if isinstance(kind, Profile):
        return profile_text
    stored_as = _stored_as(kind)
    if not isinstance(stored_as, JSON) and dialect.name == SQLITE:
        return kind.dialect_impl(dialect).bind_processor(dialect)
    check = partial(_checked, kind, dialect) if isinstance(kind, TypeDecorator) else None
    if not isinstance(stored_as, JSON):
        return check
    is_null = stored_as.none_as_null

    def written(value: Any) -> str | None:  # noqa: ANN401  whatever JSON can say
        if value == {}:  # most records have no figures
            return "{}"
        checked = value if check is None else check(value)
        return None if checked is None and is_null else json_text(checked)

    return written


def _checked(kind: TypeDecorator[Any], dialect: Dialect, value: Any) -> Any:  # noqa: ANN401  a value of that type
    return kind.process_bind_param(value, dialect)
