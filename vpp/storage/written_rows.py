"""What a transaction has written, read back before it commits: the digest of what the database then holds."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import chain, groupby, islice
from typing import Any

from sqlalchemy import ColumnElement, Select, Table, literal_column, select, tuple_

from vpp.foundation.audit_chain import RowChange, row_digest
from vpp.storage.audited_tables import AuditedTable, audited
from vpp.storage.driver_lists import among_ids, read_by_ids
from vpp.storage.transaction import Transaction

KEYS_PER_QUERY = 200
"""Keys of several columns that one statement asks for: below SQLite's limit of bound values."""
REVISION = "revision"


@dataclass(frozen=True, slots=True)
class WrittenRow:
    """What was written under one key, and what says whom it concerns.

    Attributes:
        change: What enters the record.
        concerns: Column and value of what says whom it concerns.
        is_callers: Whether it concerns whoever is calling.
    """

    change: RowChange
    concerns: tuple[tuple[str, str], ...]
    is_callers: bool


def written_rows(transaction: Transaction) -> Iterator[WrittenRow]:
    """Read back what a transaction has written, by table and key."""
    for table in sorted(transaction.written, key=lambda each: each.name):
        how = audited(table)
        keys = transaction.written[table]
        if how is not None and keys:
            yield from _of_table(transaction, how, list(keys))


def stored_rows(transaction: Transaction, table: Table) -> Iterator[WrittenRow]:
    """Read all that a covered table holds, by key."""
    how = audited(table)
    if how is not None:
        yield from _rows(how, transaction.stream(_everything(how, is_sqlite=transaction.is_sqlite)))


def _of_table(
    transaction: Transaction, how: AuditedTable, keys: Sequence[tuple[Any, ...]]
) -> Iterator[WrittenRow]:
    if not how.is_row:  # what is kept together can be a month of entries: never all of it at once
        found = list(_by_parts(transaction, how, keys))
    else:
        ids = [key[0] for key in keys]
        found = list(_rows(how, read_by_ids(transaction, _sql_by_ids(how, transaction.is_sqlite), ids)))
        if len(found) < len(ids):
            there = {row.change.key for row in found}
            gone = [RowChange(how.table.name, key, 0, "") for key in ids if key not in there]
            found += [WrittenRow(change, (), how.is_callers) for change in gone]
    yield from sorted(found, key=lambda row: row.change.key)


def _by_parts(
    transaction: Transaction, how: AuditedTable, keys: Sequence[tuple[Any, ...]]
) -> Iterator[WrittenRow]:
    columns = tuple_(*(how.table.c[name] for name in how.unit))
    left = iter(keys)
    while some := list(islice(left, KEYS_PER_QUERY)):
        statement = _everything(how, is_sqlite=transaction.is_sqlite).where(columns.in_(some))
        yield from _rows(how, transaction.stream(statement))


def _rows(how: AuditedTable, rows: Iterable[Any]) -> Iterator[WrittenRow]:
    """Digest rows, which come with the rows of one key side by side."""
    names = _names(how)
    places = [names.index(name) for name in how.unit]
    concerns = [(name, names.index(name)) for name in how.concerns]
    counted = names.index(REVISION) if REVISION in names else None
    table = how.table.name
    # Under its primary key a row is alone; then there is nothing to put together.
    groups = _each(rows, places[0]) if how.is_row else _groups(rows, places)
    for key, first, of_key in groups:
        revision = 0 if counted is None else _counted(first[counted])
        change = RowChange(table, key, revision, row_digest(names, of_key))
        about = tuple([(name, str(first[place])) for name, place in concerns if first[place] is not None])
        yield WrittenRow(change, about, how.is_callers)


def _counted(value: object) -> int:
    """Return a revision; one of its own for what somebody has made of it behind the record."""
    text = str(value)
    return int(text) if text.isdecimal() else -1


def _each(rows: Iterable[Any], place: int) -> Iterator[tuple[str, Any, Iterable[Any]]]:
    for row in rows:
        yield str(row[place]), row, (row,)


def _groups(rows: Iterable[Any], places: Sequence[int]) -> Iterator[tuple[str, Any, Iterable[Any]]]:
    """Return key, first row and all rows of each group; a group's rows are read while it is at hand."""
    for key, group in groupby(rows, key=lambda row: "|".join([str(row[place]) for place in places])):
        first = next(group)
        yield key, first, chain((first,), group)  # noqa: B031  the rest of the same group, once


@cache
def _names(how: AuditedTable) -> tuple[str, ...]:
    """Return a table's columns by name, so that the order in which they were added says nothing."""
    return tuple(sorted(column.name for column in how.table.columns))


@cache
def _columns_sql(how: AuditedTable, *, is_sqlite: bool) -> tuple[str, ...]:
    """Return the columns as the database holds them: SQLite's own values, PostgreSQL's text."""
    end = "" if is_sqlite else "::text"
    return tuple(f"{how.table.name}.{name}{end}" for name in _names(how))


@cache
def _sql_by_ids(how: AuditedTable, is_sqlite: bool) -> str:  # noqa: FBT001  a key of the cache
    (name,) = how.unit
    keys = dict.fromkeys([*how.unit, *(column.name for column in how.table.primary_key.columns)])
    order = ", ".join(f"{how.table.name}.{each}" for each in keys)
    return (
        f"SELECT {', '.join(_columns_sql(how, is_sqlite=is_sqlite))} FROM {how.table.name} "  # noqa: S608  our own names
        f"WHERE {among_ids(f'{how.table.name}.{name}', is_sqlite=is_sqlite)} ORDER BY {order}"
    )


@cache
def _everything(how: AuditedTable, *, is_sqlite: bool) -> Select[Any]:
    columns: list[ColumnElement[Any]] = [
        literal_column(sql).label(name)
        for name, sql in zip(_names(how), _columns_sql(how, is_sqlite=is_sqlite), strict=True)
    ]
    keys = dict.fromkeys([*how.unit, *(column.name for column in how.table.primary_key.columns)])
    return select(*columns).select_from(how.table).order_by(*(how.table.c[name] for name in keys))
