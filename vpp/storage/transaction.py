"""One transaction on one connection, in which statements read or write."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, CursorResult, Executable

from vpp.foundation.errors import BrokenPromise
from vpp.storage.engine import SQLITE
from vpp.storage.failures import translated

Parameters = Mapping[str, Any] | Sequence[Mapping[str, Any]] | None


class Transaction:
    """What repositories need of a unit of work.

    Attributes:
        connection: The connection, with its transaction begun.
        now: The unit of work's present instant, UTC.
        writes: Whether it may write.
        is_open: Whether it has neither been committed nor rolled back.
    """

    def __init__(self, connection: Connection, now: datetime, *, writes: bool) -> None:
        """Take over a connection whose transaction has begun."""
        self.connection = connection
        self.now = now
        self.writes = writes
        self.is_open = True

    @property
    def is_sqlite(self) -> bool:
        """Whether the database is SQLite; else it is PostgreSQL."""
        return self.connection.dialect.name == SQLITE

    def read(self, statement: Executable, parameters: Parameters = None) -> CursorResult[Any]:
        """Run a statement that changes nothing."""
        self._check_open()
        with translated():
            return self.connection.execute(statement, parameters)

    def write(self, statement: Executable, parameters: Parameters = None) -> CursorResult[Any]:
        """Run a statement that changes rows.

        Raises:
            BrokenPromise: The unit of work was made to read only.
        """
        self._check_writes()
        with translated():
            return self.connection.execute(statement, parameters)

    def write_driver_sql(self, sql: str, parameters: Any) -> CursorResult[Any]:  # noqa: ANN401  the driver's own
        """Run bulk SQL with the driver's own parameters: several times faster than mappings."""
        self._check_writes()
        with translated():
            return self.connection.exec_driver_sql(sql, parameters)

    def _check_open(self) -> None:
        if not self.is_open:
            raise BrokenPromise("the unit of work is over; begin another one")

    def _check_writes(self) -> None:
        self._check_open()
        if not self.writes:
            raise BrokenPromise("the unit of work was made to read only")
