"""Connections are set so that a commit is durable, and only databases that keep it are taken."""

import logging
from io import StringIO

import pytest
from sqlalchemy import Engine, text

from vpp.foundation.errors import BrokenPromise, InvalidInput, Overloaded
from vpp.foundation.log_format import log_handler
from vpp.storage.engine import make_engine
from vpp.storage.failures import translated


@pytest.mark.parametrize(
    "url",
    [
        "sqlite://",
        "sqlite:///:memory:",
        "sqlite:///file::memory:?cache=shared&uri=true",
        "sqlite:///file:x?mode=memory&uri=true",
        "mysql://somewhere/vpp",
        "postgresql://somewhere/vpp",
    ],
)
def test_a_database_that_would_not_keep_it_is_refused(url: str) -> None:
    with pytest.raises(InvalidInput, match="expected"):
        make_engine(url)


def test_sqlite_is_durable(sqlite_engine: Engine) -> None:
    with sqlite_engine.connect() as connection:
        values = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
    assert values == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 5000}


def test_postgresql_is_durable(postgresql_engine: Engine) -> None:
    named = make_engine(
        postgresql_engine.url.render_as_string(hide_password=False), application_name="hub of a test"
    )
    with named.connect() as connection:
        values = {
            name: connection.execute(text(f"SHOW {name}")).scalar_one()
            for name in (
                "synchronous_commit",
                "lock_timeout",
                "statement_timeout",
                "idle_in_transaction_session_timeout",
                "TimeZone",
                "application_name",
            )
        }
    named.dispose()
    assert values == {
        "synchronous_commit": "on",
        "lock_timeout": "5s",
        "statement_timeout": "30s",
        "idle_in_transaction_session_timeout": "1min",
        "TimeZone": "UTC",
        "application_name": "hub of a test",
    }


def test_a_pool_that_is_used_up_is_overloaded(sqlite_engine: Engine) -> None:
    small = make_engine(str(sqlite_engine.url), pool_size=1, max_overflow=0)
    small.pool._timeout = 0  # noqa: SLF001  half a minute by default
    with small.connect(), pytest.raises(Overloaded, match="every database connection"), translated():
        small.connect()
    small.dispose()


def test_a_server_that_is_away_is_overloaded() -> None:
    away = make_engine("postgresql+psycopg://nobody@127.0.0.1:1/vpp")
    with pytest.raises(Overloaded, match="retry later"), translated():
        away.connect()


def test_an_errors_text_holds_none_of_a_rows_values(engine: Engine) -> None:
    """It goes to logs with its whole chain of causes; PostgreSQL quotes the row that it refuses."""
    stream, row = StringIO(), {"price": 6117, "said": "canary"}  # apart: tracebacks show lines of code
    logger, handler = logging.getLogger("a test's"), log_handler(stream, "text")
    logger.addHandler(handler)
    with engine.connect() as connection:
        connection.exec_driver_sql("CREATE TEMP TABLE offers (price integer CHECK (price < 5), said text)")
        try:
            with translated():
                connection.execute(text("INSERT INTO offers VALUES (:price, :said)"), row)
        except BrokenPromise:
            logger.exception("it failed")
    logger.removeHandler(handler)
    assert "IntegrityError" in stream.getvalue()
    assert "canary" not in stream.getvalue()
    assert "6117" not in stream.getvalue()
