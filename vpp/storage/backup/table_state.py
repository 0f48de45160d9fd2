"""What is in each table, as a count and a sum of hashes that does not depend on the order of rows."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, inspect

from vpp.storage.engine import SQLITE

_MODULUS = 2**256
_AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class TableState:
    """What is in one table.

    Attributes:
        rows: How many rows.
        digest: Sum of the rows' SHA-256 modulo 2^256, hexadecimal. It tells a difference that came about
            by accident; whoever can change rows can change it too.
    """

    rows: int
    digest: str


def table_states(connection: Connection) -> Mapping[str, TableState]:
    """Return what is in every table, of one kind of database comparable to another of that kind.

    Args:
        connection: With a transaction that sees one state throughout.
    """
    is_sqlite = connection.dialect.name == SQLITE
    read = _rows_of_sqlite if is_sqlite else _rows_of_postgresql
    return {name: _state(read(connection, name)) for name in _tables(connection)}


def _tables(connection: Connection) -> list[str]:
    names = inspect(connection).get_table_names()
    # PostgreSQL lists the months of readings too; they are counted with their table.
    return sorted(name for name in names if not name.startswith("telemetry_pieces_"))


def _state(rows: Iterable[bytes]) -> TableState:
    count, total = 0, 0
    for row in rows:
        count += 1
        total += int.from_bytes(hashlib.sha256(row).digest())
    return TableState(count, f"{total % _MODULUS:064x}")


def _rows_of_sqlite(connection: Connection, table: str) -> Iterator[bytes]:
    found = connection.exec_driver_sql(f"SELECT * FROM {table}")  # noqa: S608  names of our own tables
    while some := found.cursor.fetchmany(_AT_ONCE):
        for row in some:
            yield repr(row).encode()


def _rows_of_postgresql(connection: Connection, table: str) -> Iterator[bytes]:
    driver: Any = connection.connection.driver_connection
    with driver.cursor() as cursor, cursor.copy(f"COPY (SELECT * FROM {table}) TO STDOUT") as copy:  # noqa: S608  names of our own tables
        yield from map(bytes, copy)
