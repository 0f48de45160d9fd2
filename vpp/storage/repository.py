"""Values of one kind in one table, each under its id, guarded by its revision."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Generic, TypeVar

from sqlalchemy import Column, Select, Table, Update, bindparam, select, update
from sqlalchemy import RowMapping as Row
from sqlalchemy.sql.dml import ReturningInsert

from vpp.foundation.errors import AlreadyExists, BrokenPromise, InvalidInput, StaleWrite
from vpp.storage.inserting import insert_into
from vpp.storage.transaction import Transaction
from vpp.workflows.ports import Stored

T = TypeVar("T")
Values = Mapping[str, Any]


@dataclass(frozen=True)
class TableMapping(Generic[T]):
    """How values of one kind become rows of a table, and rows values again.

    Attributes:
        table: A table with one key column and the columns of `schema.tracked`.
        to_row: Value to column values; the key may be left out.
        from_row: Row to value.
        filters: Columns that `page(where=...)` may compare; each begins an index.
    """

    table: Table
    to_row: Callable[[T], Values]
    from_row: Callable[[Row], T]
    filters: frozenset[str] = frozenset()

    @property
    def key(self) -> Column[Any]:
        """The column that holds the id."""
        (column,) = self.table.primary_key.columns
        return column

    @cached_property
    def select_one(self) -> Select[Any]:
        """Select the row of one id."""
        return select(self.table).where(self.key == bindparam("b_id"))

    def insert_one(self, *, sqlite: bool) -> ReturningInsert[Any]:
        """Insert a row unless its id is taken; returns the id if it was not.

        A taken id is no error to the database: on PostgreSQL an error would end the transaction.
        """
        return self._insert_for_sqlite if sqlite else self._insert_for_postgresql

    @cached_property
    def _insert_for_sqlite(self) -> ReturningInsert[Any]:
        return self._insert(sqlite=True)

    @cached_property
    def _insert_for_postgresql(self) -> ReturningInsert[Any]:
        return self._insert(sqlite=False)

    def _insert(self, *, sqlite: bool) -> ReturningInsert[Any]:
        statement = insert_into(self.table, sqlite=sqlite)
        return statement.on_conflict_do_nothing(index_elements=[self.key]).returning(self.key)

    @cached_property
    def update_one(self) -> Update:
        """Replace the row of one id and revision."""
        columns = self.table.c
        return (
            update(self.table)
            .where(self.key == bindparam("b_id"), columns.revision == bindparam("b_revision"))
            .values(revision=columns.revision + 1)
            .returning(columns.created_at)
        )


class SqlRepository(Generic[T]):
    """Values of one kind in one table; implements `workflows.ports.Repository`."""

    def __init__(self, transaction: Transaction, mapping: TableMapping[T]) -> None:
        """Work inside a transaction."""
        self._transaction = transaction
        self._mapping = mapping

    def get(self, identifier: str) -> Stored[T] | None:
        """Return the value of that id, or None."""
        row = self._transaction.read(self._mapping.select_one, {"b_id": identifier}).mappings().first()
        return None if row is None else self._stored([row])[0]

    def add(self, identifier: str, value: T) -> Stored[T]:
        """Insert a value as revision 1.

        Raises:
            AlreadyExists: The id is taken.
            InvalidInput: The value refers to something that does not exist, or a field cannot be
                kept as it is.
        """
        now = self._transaction.now
        mapping = self._mapping
        row = {
            **self._row(identifier, value),
            mapping.key.name: identifier,
            "revision": 1,
            "created_at": now,
            "updated_at": now,
        }
        inserted = self._transaction.write(mapping.insert_one(sqlite=self._transaction.is_sqlite), row)
        if inserted.scalar_one_or_none() is None:
            raise AlreadyExists(f"{mapping.table.name}/{identifier} exists already", id=identifier)
        return Stored(value, 1, now, now)

    def update(self, identifier: str, value: T, *, revision: int) -> Stored[T]:
        """Replace the value of that revision.

        Raises:
            StaleWrite: Another write came first, or there is nothing of that id.
            InvalidInput: As for `add`.
        """
        now = self._transaction.now
        mapping = self._mapping
        row = {**self._row(identifier, value), "updated_at": now, "b_id": identifier, "b_revision": revision}
        row.pop(mapping.key.name, None)
        created_at = self._transaction.write(mapping.update_one, row).scalar_one_or_none()
        if created_at is None:
            raise StaleWrite(
                f"{mapping.table.name}/{identifier} is not at revision {revision} any more; read again",
                id=identifier,
                revision=str(revision),
            )
        return Stored(value, revision + 1, created_at, now)

    def get_all(self, identifiers: Iterable[str]) -> dict[str, Stored[T]]:
        """Return those values of these ids that exist, by id."""
        found = ((identifier, self.get(identifier)) for identifier in identifiers)
        return {identifier: stored for identifier, stored in found if stored is not None}

    def add_all(self, values: Mapping[str, T]) -> None:
        """Insert values by id.

        Raises:
            AlreadyExists: An id is taken.
            InvalidInput: As for `add`.
        """
        for identifier, value in values.items():
            self.add(identifier, value)

    def update_all(self, changes: Mapping[str, tuple[T, int]]) -> None:
        """Replace values, each of that revision.

        Raises:
            StaleWrite: As for `update`.
            InvalidInput: As for `add`.
        """
        for identifier, (value, revision) in changes.items():
            self.update(identifier, value, revision=revision)

    def page(
        self, *, after: str = "", limit: int = 1000, where: Mapping[str, str] | None = None
    ) -> list[Stored[T]]:
        """List values in order of id.

        Args:
            after: The last id of the page before; empty for the first page.
            limit: Most values to return, 0 or more.
            where: Column name to the value it must have. Only indexed columns can be compared.

        Raises:
            InvalidInput: `where` names a column that cannot be compared, or `limit` is negative.
        """
        if limit < 0:
            raise InvalidInput(f"limit is {limit}, expected 0 or more", limit=str(limit))
        mapping = self._mapping
        statement = select(mapping.table).where(mapping.key > after).order_by(mapping.key).limit(limit)
        for column, wanted in (where or {}).items():
            if column not in mapping.filters:
                expected = ", ".join(sorted(mapping.filters)) or "none"
                raise InvalidInput(
                    f"cannot compare {column!r} of {mapping.table.name}, expected one of: {expected}",
                    column=column,
                )
            statement = statement.where(mapping.table.c[column] == wanted)
        return self._stored(self._transaction.read(statement).mappings().all())

    def _stored(self, rows: Sequence[Row]) -> list[Stored[T]]:
        from_row = self._mapping.from_row
        return [Stored(from_row(row), row["revision"], row["created_at"], row["updated_at"]) for row in rows]

    def _row(self, identifier: str, value: T) -> Values:
        row = self._mapping.to_row(value)
        own = row.get(self._mapping.key.name, identifier)
        if own != identifier:
            raise BrokenPromise(f"{self._mapping.table.name}/{identifier} would hold {own}", id=identifier)
        return row
