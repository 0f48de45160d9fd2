"""The migrations make the declared schema, take it back, and run once however many hubs start."""

import threading
from concurrent.futures import ThreadPoolExecutor

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, inspect, text

from vpp.storage.engine import make_engine
from vpp.storage.migrate import current_revision, downgrade, migrate
from vpp.storage.tables import METADATA

SCHEMA_OF_SQLITE = """
    SELECT type, name, sql FROM sqlite_master
    WHERE name NOT LIKE 'sqlite_%' AND tbl_name <> 'alembic_version'
"""
SCHEMA_OF_POSTGRESQL = """
    SELECT 'column', concat_ws(' ', c.relname, a.attname),
           concat_ws(' ', format_type(a.atttypid, a.atttypmod), a.attnotnull, l.collname,
                     pg_get_expr(d.adbin, d.adrelid), col_description(c.oid, a.attnum))
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
    LEFT JOIN pg_collation l ON l.oid = a.attcollation
    LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
    WHERE n.nspname = 'public' AND c.relkind = 'r' AND c.relname <> 'alembic_version'
    UNION ALL
    SELECT 'table', relname, obj_description(oid) FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND relname <> 'alembic_version'
    UNION ALL
    SELECT 'index', indexname, indexdef FROM pg_indexes
    WHERE schemaname = 'public' AND tablename <> 'alembic_version'
    UNION ALL
    SELECT 'constraint', conname, pg_get_constraintdef(oid) FROM pg_constraint
    WHERE connamespace = 'public'::regnamespace AND conrelid <> 'alembic_version'::regclass
"""


def schema_of(engine: Engine) -> set[tuple[str, str, str]]:
    """Everything that the database itself says about its schema."""
    is_sqlite = engine.dialect.name == "sqlite"
    with engine.connect() as connection:
        rows = connection.execute(text(SCHEMA_OF_SQLITE if is_sqlite else SCHEMA_OF_POSTGRESQL)).all()
    # SQLite keeps the statement as it was written: one line per column and constraint, in any order.
    return {(kind, name, "\n".join(sorted(map(_bare, (sql or "").splitlines())))) for kind, name, sql in rows}


def _bare(line: str) -> str:
    return line.strip().rstrip(",").rstrip()


def test_the_migrated_schema_is_the_declared_one(empty_engine: Engine) -> None:
    migrate(empty_engine)
    with empty_engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, METADATA) == []
    migrated = schema_of(empty_engine)
    downgrade(empty_engine, "base")
    METADATA.create_all(empty_engine)
    assert migrated == schema_of(empty_engine)
    assert len([kind for kind, *_ in migrated if kind == "table"]) == len(METADATA.tables)


def test_migrating_twice_is_harmless(empty_engine: Engine) -> None:
    assert current_revision(empty_engine) is None
    migrate(empty_engine)
    schema, revision = schema_of(empty_engine), current_revision(empty_engine)
    migrate(empty_engine)
    assert schema_of(empty_engine) == schema
    assert current_revision(empty_engine) == revision


def test_a_downgrade_leaves_nothing_and_can_be_undone(empty_engine: Engine) -> None:
    migrate(empty_engine)
    schema = schema_of(empty_engine)
    downgrade(empty_engine, "base")
    assert inspect(empty_engine).get_table_names() == ["alembic_version"]
    assert current_revision(empty_engine) is None
    migrate(empty_engine)
    assert schema_of(empty_engine) == schema


def test_hubs_that_start_at_once_migrate_once(empty_engine: Engine) -> None:
    hubs = [make_engine(empty_engine.url.render_as_string(hide_password=False)) for _ in range(4)]
    barrier = threading.Barrier(len(hubs))

    def start(hub: Engine) -> str | None:
        barrier.wait()
        migrate(hub)
        return current_revision(hub)

    with ThreadPoolExecutor(len(hubs)) as pool:
        assert set(pool.map(start, hubs)) == {"0001"}
    for hub in hubs:
        hub.dispose()


def test_a_migration_that_fails_leaves_the_old_schema(empty_engine: Engine) -> None:
    with empty_engine.begin() as connection:  # stands in the way of a table that comes late
        connection.execute(text("CREATE TABLE instructions (number integer)"))
    failed = False
    try:
        migrate(empty_engine)
    except Exception:  # noqa: BLE001  each database has an error of its own for it
        failed = True
    assert failed
    assert inspect(empty_engine).get_table_names() == ["instructions"]
