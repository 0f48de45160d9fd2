"""Begins transactions that reach everything, or a caller's own alone."""

from threading import Lock

from sqlalchemy import Connection, Engine, event, text

from vpp.storage.caller_scope import CallerScope
from vpp.storage.engine import POSTGRESQL, READ_ONLY, SQLITE, make_engine
from vpp.storage.row_security_postgresql import become_tenant
from vpp.storage.row_security_sqlite import become_caller, narrow_reads, narrow_writes

WRITER_LOCK = 0x7670705F777269  # "vpp_wri"
"""PostgreSQL advisory lock that the one writer holds."""


class Reach:
    """Connections of one database whose transactions have begun."""

    def __init__(self, engine: Engine) -> None:
        """Take the engine; on SQLite it is joined by others, for callers, when the first one calls."""
        self._engine = engine
        self._lock = Lock()
        self._narrowed: dict[bool, Engine] = {}

    def begun(self, scope: CallerScope | None, *, writes: bool, is_only_writer: bool) -> Connection:
        """Return a connection whose transaction has begun.

        Args:
            scope: Whose rows it reaches; None for all.
            writes: Whether it may write.
            is_only_writer: Whether writers of all hubs take turns, on PostgreSQL.
        """
        is_sqlite = self._engine.dialect.name == SQLITE
        engine = self._engine if scope is None or not is_sqlite else self._narrow(writes=writes)
        connection = engine.connect()
        try:
            if scope is not None and is_sqlite:
                become_caller(connection, scope)
            _begin(connection, writes=writes, is_only_writer=is_only_writer)
            if scope is not None and not is_sqlite:
                become_tenant(connection, scope, writes=writes)
        except BaseException:
            connection.close()
            raise
        return connection

    def _narrow(self, *, writes: bool) -> Engine:
        with self._lock:
            if writes not in self._narrowed:
                url = self._engine.url.render_as_string(hide_password=False)
                narrowed = make_engine(url, pool_size=self._engine.pool.size())  # type: ignore[attr-defined]  # of the pool that SQLite files get
                (narrow_writes if writes else narrow_reads)(narrowed)
                event.listen(self._engine, "engine_disposed", lambda _: narrowed.dispose())
                self._narrowed[writes] = narrowed
            return self._narrowed[writes]


def _begin(connection: Connection, *, writes: bool, is_only_writer: bool) -> None:
    is_postgresql = connection.dialect.name == POSTGRESQL
    if not writes:
        connection.execution_options(**{READ_ONLY: True})
        if is_postgresql:  # every statement sees the same state, as on SQLite
            connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
    connection.begin()
    if is_postgresql and writes and is_only_writer:
        connection.execute(text(f"SELECT pg_advisory_xact_lock({WRITER_LOCK})"))
