"""Bring a database to the schema that this version of the hub needs."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, Engine, text

from vpp.storage.engine import POSTGRESQL
from vpp.storage.failures import translated

MIGRATIONS = Path(__file__).with_name("migrations")
MIGRATION_LOCK = 0x7670705F6D6967  # "vpp_mig"
"""PostgreSQL advisory lock of the one hub that migrates."""


def migrate(engine: Engine) -> None:
    """Apply every migration that the database lacks; harmless if it lacks none.

    All of it is one transaction under a lock: of several hubs that start at once one migrates, the
    others wait and find nothing to do. A hub that dies on the way leaves the old schema.

    Args:
        engine: From `make_engine`.

    Raises:
        Overloaded: The database is locked or away for too long.
    """
    _run(engine, lambda config: command.upgrade(config, "head"))


def downgrade(engine: Engine, revision: str) -> None:
    """Take migrations back, with the data that only they have a place for.

    Args:
        engine: From `make_engine`.
        revision: The revision to go back to; `base` leaves an empty database.
    """
    _run(engine, lambda config: command.downgrade(config, revision))


def current_revision(engine: Engine) -> str | None:
    """Return the revision that the database is at, or None before the first migration."""
    with translated(), engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def _run(engine: Engine, action: Callable[[Config], None]) -> None:
    with translated(), _locked(engine) as connection:
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
        config.attributes["connection"] = connection
        action(config)


@contextmanager
def _locked(engine: Engine) -> Iterator[Connection]:
    """Begin a transaction that keeps other migrations out; SQLite's write lock does so by itself."""
    with engine.begin() as connection:
        if connection.dialect.name == POSTGRESQL:
            # Waiting for another hub's migration, or running a long one, is no fault.
            connection.execute(text("SET LOCAL lock_timeout = 0"))
            connection.execute(text("SET LOCAL statement_timeout = 0"))
            connection.execute(text(f"SELECT pg_advisory_xact_lock({MIGRATION_LOCK})"))
        yield connection
