"""Connections to the two databases, set so that a commit is durable."""

import json
import sqlite3
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError

from vpp.foundation.errors import InvalidInput

Database = Engine
"""What `make_engine` makes, for rooms that hand it on and know nothing of SQLAlchemy."""

SQLITE = "sqlite"
POSTGRESQL = "postgresql"
READ_ONLY = "vpp_read_only"
"""Execution option of a connection whose transaction only reads."""

BUSY_TIMEOUT_S = 5
WAL_ATTEMPTS = 20
CHECKPOINT_PAGES = 4000
POSTGRESQL_SETTINGS = {
    "synchronous_commit": "on",
    "lock_timeout": "5s",
    "statement_timeout": "30s",
    # A hub that hangs inside a transaction must not keep the others waiting for its locks.
    "idle_in_transaction_session_timeout": "60s",
    "timezone": "UTC",
    # How values become text must not depend on a server's or a user's settings: digests of rows rest on it.
    "datestyle": "ISO",
    "intervalstyle": "postgres",
    "extra_float_digits": "1",
    "bytea_output": "hex",
}


_ENCODER = json.JSONEncoder(allow_nan=False, ensure_ascii=False, separators=(",", ":"))
"""Made once: `json.dumps` makes another one for every value."""


def make_engine(
    url: str, *, pool_size: int = 5, max_overflow: int = 5, application_name: str = "vpp"
) -> Engine:
    """Make the engine for a hub's database.

    Args:
        url: `sqlite:///path/to/file` or `postgresql+psycopg://...`.
        pool_size: Connections that are kept open.
        max_overflow: Connections opened above that for as long as they are needed.
        application_name: How the hub shows itself in PostgreSQL's list of activity.

    Returns:
        The engine. It has not connected yet.

    Raises:
        InvalidInput: The URL cannot be read, names another kind of database, or a SQLite database in
            memory, which vanishes with the connection that holds it. The text shows nothing of the URL
            but its kind: it may hold a password.
    """
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        raise InvalidInput(
            "the database's URL cannot be read, expected sqlite:///file or "
            "postgresql+psycopg://user:password@host:port/database"
        ) from None  # the cause may hold part of a password
    if parsed.drivername in {"sqlite", "sqlite+pysqlite"}:
        return _sqlite_engine(parsed, pool_size, max_overflow)
    if parsed.drivername == "postgresql+psycopg":
        return _postgresql_engine(parsed, pool_size, max_overflow, application_name)
    raise InvalidInput(
        f"database is {parsed.drivername}, expected sqlite:///file or postgresql+psycopg://",
        database=parsed.drivername,
    )


def _sqlite_engine(url: URL, pool_size: int, max_overflow: int) -> Engine:
    in_memory = not url.database or ":memory:" in url.database or url.query.get("mode") == "memory"
    if in_memory:
        raise InvalidInput("SQLite is in memory, expected a file", database=str(url.database))
    engine = create_engine(
        url,
        pool_size=pool_size,
        max_overflow=max_overflow,
        hide_parameters=True,  # an error's text goes to logs, which hold no bids, prices or readings
        json_serializer=json_text,
        json_deserializer=json.loads,
    )
    event.listen(engine, "connect", _set_up_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _set_up_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    # The driver's own transaction handling hides where a transaction begins; we say it ourselves.
    connection.isolation_level = None
    connection.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_S * 1000}")
    _use_write_ahead_log(connection)
    connection.execute("PRAGMA synchronous = FULL")
    # Readings fill the usual 1000 pages with every commit, which would then write all of it twice.
    connection.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}")
    connection.execute("PRAGMA foreign_keys = ON")


def _use_write_ahead_log(connection: sqlite3.Connection) -> None:
    """Switch a file to its write-ahead log, unless another connection has done so.

    The switch needs the file for itself and does not wait for it. So whoever finds it taken waits
    for the write lock instead, for as long as the busy time-out, and tries again.
    """
    for attempts_left in reversed(range(WAL_ATTEMPTS)):
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if not attempts_left or not error.sqlite_errorname.startswith("SQLITE_BUSY"):
                raise
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("ROLLBACK")
        else:
            return


def _begin_sqlite(connection: Connection) -> None:
    # A transaction that reads first and writes later could be refused in between; so writers
    # take the write lock at once.
    reads_only = connection.get_execution_options().get(READ_ONLY, False)
    connection.exec_driver_sql("BEGIN" if reads_only else "BEGIN IMMEDIATE")


def _postgresql_engine(url: URL, pool_size: int, max_overflow: int, application_name: str) -> Engine:
    settings = " ".join(f"-c {name}={value}" for name, value in POSTGRESQL_SETTINGS.items())
    own = url.query.get("options", "")
    return create_engine(
        url,
        pool_size=pool_size,
        max_overflow=max_overflow,
        hide_parameters=True,  # as above
        pool_pre_ping=True,  # a connection that died with the server is replaced before use
        connect_args={"application_name": application_name, "options": f"{settings} {own}".strip()},
        json_serializer=json_text,
        json_deserializer=json.loads,
    )


def json_text(value: Any) -> str:  # noqa: ANN401  whatever JSON can say
    """Write JSON.

    Raises:
        InvalidInput: JSON cannot say it.
    """
    try:
        return _ENCODER.encode(value)
    except (TypeError, ValueError) as error:
        raise InvalidInput(f"{error}; expected what JSON can say") from error
