"""Values of one kind in one table, each under its id, guarded by its revision."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Generic, TypeVar

from sqlalchemy import Column, Select, Table, bindparam, select, update
from sqlalchemy import RowMapping as Row
from sqlalchemy.sql.dml import ReturningInsert, ReturningUpdate

from vpp.foundation.errors import AlreadyExists, BrokenPromise, InvalidInput, StaleWrite
from vpp.storage.inserting import insert_into
from vpp.storage.many_rows import ManyRows
from vpp.storage.many_values import among, ids_parameter
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

    @cached_property
    def key(self) -> Column[Any]:
        """The column that holds the id."""
        (column,) = self.table.primary_key.columns
        return column

    @cached_property
    def select_one(self) -> Select[Any]:
        """Select the row of one id."""
        return select(self.table).where(self.key == bindparam("b_id"))

    def select_many(self, *, sqlite: bool) -> Select[Any]:
        """Select the rows of many ids."""
        return self._select_many_of_sqlite if sqlite else self._select_many_of_postgresql

    @cached_property
    def _select_many_of_sqlite(self) -> Select[Any]:
        return select(self.table).where(among(self.key, sqlite=True))

    @cached_property
    def _select_many_of_postgresql(self) -> Select[Any]:
        return select(self.table).where(among(self.key, sqlite=False))

    def select_ids(self, *, sqlite: bool) -> Select[Any]:
        """Select those of many ids that exist."""
        return select(self.key).where(among(self.key, sqlite=sqlite))

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
    def many(self) -> ManyRows:
        """Insert whole rows by the thousand."""
        return ManyRows(self.table, [column.name for column in self.table.columns])

    @cached_property
    def many_changed(self) -> ManyRows:
        """Replace whole rows by the thousand."""
        kept = {self.key.name, "revision", "created_at"}
        return ManyRows(self.table, [name for name in self.table.columns.keys() if name not in kept])  # noqa: SIM118  a collection of columns

    @cached_property
    def update_one(self) -> ReturningUpdate[Any]:
        """Replace the row of one id and revision; returns when it was first written."""
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
        statement = self._mapping.insert_one(sqlite=self._transaction.is_sqlite)
        self._transaction.noted(self._mapping.table, [(identifier,)])
        inserted = self._transaction.write(statement, self._new_row(identifier, value))
        if inserted.scalar_one_or_none() is None:
            raise self._is_taken(identifier)
        return Stored(value, 1, now, now)

    def update(self, identifier: str, value: T, *, revision: int) -> Stored[T]:
        """Replace the value of that revision.

        Raises:
            StaleWrite: Another write came first, or there is nothing of that id.
            InvalidInput: As for `add`.
        """
        row = self._changed_row(identifier, value, revision)
        self._transaction.noted(self._mapping.table, [(identifier,)])
        created_at = self._transaction.write(self._mapping.update_one, row).scalar_one_or_none()
        if created_at is None:
            raise self._is_stale(identifier, revision)
        return Stored(value, revision + 1, created_at, self._transaction.now)

    def get_all(self, identifiers: Iterable[str]) -> dict[str, Stored[T]]:
        """Return those values of these ids that exist, by id."""
        wanted = dict.fromkeys(identifiers)
        if not wanted:
            return {}
        sqlite = self._transaction.is_sqlite
        statement = self._mapping.select_many(sqlite=sqlite)
        rows = self._transaction.read(statement, ids_parameter(wanted, sqlite=sqlite)).mappings().all()
        key = self._mapping.key.name
        found = dict(zip((row[key] for row in rows), self._stored(rows), strict=True))
        return {identifier: found[identifier] for identifier in wanted if identifier in found}

    def add_all(self, values: Mapping[str, T]) -> None:
        """Insert values by id, each as revision 1.

        Raises:
            AlreadyExists: An id is taken.
            InvalidInput: As for `add`.
        """
        if not values:
            return
        # Both databases could leave out rows whose id is taken, but only SQLite does so in bulk.
        if not self._transaction.is_sqlite and (taken := self._first_of(values)) is not None:
            raise self._is_taken(taken)
        rows = [self._new_row(identifier, value) for identifier, value in values.items()]
        self._transaction.noted(self._mapping.table, ((identifier,) for identifier in values))
        if self._mapping.many.insert(self._transaction, rows) == len(rows):
            return
        now = self._transaction.now
        for identifier, stored in self.get_all(values).items():
            if (stored.revision, stored.created_at) != (1, now):
                raise self._is_taken(identifier)
        raise AlreadyExists(f"one of {len(rows)} ids of {self._mapping.table.name} is taken already")

    def _first_of(self, identifiers: Iterable[str]) -> str | None:
        statement = self._mapping.select_ids(sqlite=self._transaction.is_sqlite)
        parameter = ids_parameter(identifiers, sqlite=self._transaction.is_sqlite)
        found: str | None = self._transaction.read(statement, parameter).scalars().first()
        return found

    def update_all(self, changes: Mapping[str, tuple[T, int]]) -> None:
        """Replace values, each of that revision.

        Raises:
            StaleWrite: As for `update`.
            InvalidInput: As for `add`.
        """
        if not changes:
            return
        rows = [self._changed_row(identifier, *change) for identifier, change in changes.items()]
        self._transaction.noted(self._mapping.table, ((identifier,) for identifier in changes))
        if self._mapping.many_changed.update(self._transaction, rows) == len(rows):
            return
        now_stored = self.get_all(changes)
        for identifier, (_, revision) in changes.items():
            stored = now_stored.get(identifier)
            if stored is None or stored.revision != revision + 1:
                raise self._is_stale(identifier, revision)
        raise StaleWrite(f"one of {len(rows)} rows of {self._mapping.table.name} has changed; read again")

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

    def _new_row(self, identifier: str, value: T) -> dict[str, Any]:
        now = self._transaction.now
        own = {self._mapping.key.name: identifier, "revision": 1, "created_at": now, "updated_at": now}
        return {**self._row(identifier, value), **own}

    def _changed_row(self, identifier: str, value: T, revision: int) -> dict[str, Any]:
        row = dict(self._row(identifier, value))
        row |= {"updated_at": self._transaction.now, "b_id": identifier, "b_revision": revision}
        row.pop(self._mapping.key.name, None)
        return row

    def _is_taken(self, identifier: str) -> AlreadyExists:
        return AlreadyExists(f"{self._mapping.table.name}/{identifier} exists already", id=identifier)

    def _is_stale(self, identifier: str, revision: int) -> StaleWrite:
        return StaleWrite(
            f"{self._mapping.table.name}/{identifier} is not at revision {revision} any more; read again",
            id=identifier,
            revision=str(revision),
        )

    def _row(self, identifier: str, value: T) -> Values:
        row = self._mapping.to_row(value)
        own = row.get(self._mapping.key.name, identifier)
        if own != identifier:
            raise BrokenPromise(f"{self._mapping.table.name}/{identifier} would hold {own}", id=identifier)
        return row
