"""Bring a database to the schema that this version of the hub needs."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, text

from vpp.foundation.errors import InvalidInput
from vpp.storage.engine import POSTGRESQL
from vpp.storage.failures import translated

MIGRATIONS = Path(__file__).with_name("migrations")
MIGRATION_LOCK = 0x7670705F6D6967  # "vpp_mig"
"""PostgreSQL advisory lock of the one hub that migrates."""

_MAY_MIGRATE = text(
    "SELECT has_schema_privilege('public', 'CREATE') AND NOT EXISTS (SELECT FROM pg_tables "
    "WHERE schemaname = 'public' AND tablename = 'alembic_version' "
    "AND NOT pg_has_role(current_user, tableowner, 'USAGE'))"
)
"""Whether the user may make tables, and change those that there are."""


def migrate(engine: Engine) -> None:
    """Apply every migration that the database lacks; harmless if it lacks none.

    All of it is one transaction under a lock: of several hubs that start at once one migrates, the
    others wait and find nothing to do. A hub that dies on the way leaves the old schema.

    Args:
        engine: From `make_engine`.

    Raises:
        Overloaded: The database is locked or away for too long.
        InvalidInput: The database is at a revision that this version does not know, or it lacks
            migrations and its user may not change tables.
    """
    present = current_revision(engine)
    if present == newest_revision():
        return
    _check_known(present)
    _check_may_migrate(engine, present)
    _run(engine, lambda config: command.upgrade(config, "head"))


def newest_revision() -> str:
    """Return the revision of the schema that this version needs."""
    head = _scripts().get_current_head()
    assert head is not None, "the package brings its migrations"  # noqa: S101  for the types
    return head


def _check_known(present: str | None) -> None:
    known = {script.revision for script in _scripts().walk_revisions()}
    if present is not None and present not in known:
        raise InvalidInput(
            f"the database is at revision {present}, expected at most {newest_revision()}: "
            "a newer version has migrated it; run that one, or go back with its `vpp db migrate --to`",
            revision=present,
        )


def _check_may_migrate(engine: Engine, present: str | None) -> None:
    """Tell a hub whose user may not change tables what to do, before the database does."""
    if engine.dialect.name != POSTGRESQL:
        return
    with translated(), engine.connect() as connection:
        may: bool = connection.execute(_MAY_MIGRATE).scalar_one()
    if not may:
        raise InvalidInput(
            f"the database is at revision {present or 'none'}, expected {newest_revision()}, and user "
            f"{engine.url.username} may not change tables: run `vpp db migrate` and `vpp db grant` with "
            "the owner's URL first",
            revision=present or "",
        )


def _scripts() -> ScriptDirectory:
    return ScriptDirectory(str(MIGRATIONS))


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
