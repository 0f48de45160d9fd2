"""One transaction on one connection, in which statements read or write."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Connection, CursorResult, Executable, Table, text
from sqlalchemy.exc import DBAPIError

from vpp.foundation.audit_chain import RowChange
from vpp.foundation.errors import BrokenPromise
from vpp.storage.engine import SQLITE
from vpp.storage.failures import translated

Parameters = Mapping[str, Any] | Sequence[Mapping[str, Any]] | None
ROWS_AT_ONCE = 1000
"""Rows that a stream holds."""


class Transaction:
    """What repositories need of a unit of work.

    Attributes:
        connection: The connection, with its transaction begun.
        now: The unit of work's present instant, UTC.
        writes: Whether it may write.
        is_only_writer: Whether no other transaction can write until it ends.
        is_narrowed: Whether it reaches a caller's own rows alone.
        is_open: Whether it has neither been committed nor rolled back.
        written: The rows that it wrote, by table and by what they are kept under (`audited_tables`).
        touched: Tables that it wrote to.
        digests: What it wrote that no row stands for in the audit record, by chain.
    """

    def __init__(
        self,
        connection: Connection,
        now: datetime,
        *,
        writes: bool,
        is_only_writer: bool = False,
        is_narrowed: bool = False,
    ) -> None:
        """Take over a connection whose transaction has begun."""
        self.connection = connection
        self.now = now
        self.writes = writes
        self.is_only_writer = is_only_writer
        self.is_narrowed = is_narrowed
        self.is_open = True
        self.written: dict[Table, dict[tuple[Any, ...], None]] = {}
        self.touched: set[Table] = set()
        self.digests: list[tuple[str, RowChange]] = []

    @property
    def is_sqlite(self) -> bool:
        """Whether the database is SQLite; else it is PostgreSQL."""
        return self.connection.dialect.name == SQLITE

    def read(self, statement: Executable, parameters: Parameters = None) -> CursorResult[Any]:
        """Run a statement that changes nothing."""
        self._check_open()
        with translated():
            return self.connection.execute(statement, parameters)

    def stream(self, statement: Executable) -> Iterator[Any]:
        """Run a statement that changes nothing and may find more rows than memory should hold at once."""
        self._check_open()
        with translated():
            yield from self.connection.execute(statement, execution_options={"yield_per": ROWS_AT_ONCE})

    def take_any_time(self) -> None:
        """Let statements of this transaction run for as long as they need: somebody waits for the whole."""
        if not self.is_sqlite:
            with translated():
                self.connection.execute(text("SET LOCAL statement_timeout = 0"))

    def write(self, statement: Executable, parameters: Parameters = None) -> CursorResult[Any]:
        """Run a statement that changes rows.

        Raises:
            BrokenPromise: The unit of work was made to read only.
        """
        self._check_writes()
        table = getattr(statement, "table", None)
        if isinstance(table, Table):
            self.touched.add(table)
        with translated():
            return self.connection.execute(statement, parameters)

    def noted(self, table: Table, keys: Iterable[tuple[Any, ...]]) -> None:
        """Say which rows are written, by key or what they are kept under: the audit record covers them.

        Said of rows that turn out not to be written, it does no harm.
        """
        self.written.setdefault(table, {}).update(dict.fromkeys(keys))

    def read_driver_sql(self, sql: str, parameters: Any) -> Sequence[tuple[Any, ...]]:  # noqa: ANN401  the driver's own
        """Run SQL that changes nothing with the driver's own parameters and return its own rows."""
        self._check_open()
        with translated():
            return self.connection.exec_driver_sql(sql, parameters).cursor.fetchall()

    def write_driver_sql(self, sql: str, parameters: Any) -> CursorResult[Any]:  # noqa: ANN401  the driver's own
        """Run bulk SQL with the driver's own parameters: several times faster than mappings."""
        self._check_writes()
        with translated():
            return self.connection.exec_driver_sql(sql, parameters)

    def write_many(self, sql: str, rows: Sequence[tuple[Any, ...]]) -> int:
        """Run SQL that changes rows once for each row of the driver's own parameters.

        Returns:
            How many rows it changed in all.
        """
        self._check_writes()
        with translated():
            done = self.connection.exec_driver_sql(sql, list(rows), {"preserve_rowcount": True})
            return done.rowcount

    def copy_text(self, table: str, names: str, rows: Iterable[Sequence[Any]]) -> None:
        """Append rows with PostgreSQL's COPY in its text form, which knows every type by itself.

        A narrowed transaction inserts them: PostgreSQL takes no COPY under row level security.

        Args:
            table: Where to.
            names: Its columns, separated by commas, in the order of a row's values.
            rows: Values as the driver takes them.
        """
        if self.is_narrowed:
            marks = ", ".join(["%s"] * len(names.split(",")))
            self.write_many(f"INSERT INTO {table} ({names}) VALUES ({marks})", list(map(tuple, rows)))  # noqa: S608  our own names
            return

        def write(copy: Any) -> None:  # noqa: ANN401  the driver's own
            for row in rows:
                copy.write_row(row)

        self._copy(f"COPY {table} ({names}) FROM STDIN", write)

    def returned_driver_sql(self, sql: str, parameters: Any) -> Sequence[tuple[Any, ...]]:  # noqa: ANN401  the driver's own
        """Run SQL that changes rows with the driver's own parameters and return what it says of them."""
        self._check_writes()
        return self.read_driver_sql(sql, parameters)

    def copy_in(self, table: Table, columns: Sequence[Column[Any]], content: bytes) -> None:
        """Append rows with PostgreSQL's COPY in its binary form: the quickest way in.

        Args:
            table: Where to; without constraints that a row could break.
            columns: Its columns, in the order of a row's values.
            content: The rows, as `copy_format` writes them.
        """
        names = ", ".join(column.name for column in columns)
        statement = f"COPY {table.name} ({names}) FROM STDIN (FORMAT BINARY)"
        self._copy(statement, lambda copy: copy.write(content))

    def _copy(self, statement: str, write: Callable[[Any], None]) -> None:
        self._check_writes()
        driver: Any = self.connection.dialect.dbapi
        connection: Any = self.connection.connection.driver_connection
        with translated():
            try:
                with connection.cursor() as cursor, cursor.copy(statement) as copy:
                    write(copy)
            except driver.Error as error:  # SQLAlchemy sees nothing of it
                raise DBAPIError.instance(
                    statement, None, error, driver.Error, dialect=self.connection.dialect
                ) from error

    def _check_open(self) -> None:
        if not self.is_open:
            raise BrokenPromise("the unit of work is over; begin another one")

    def _check_writes(self) -> None:
        self._check_open()
        if not self.writes:
            raise BrokenPromise("the unit of work was made to read only")
