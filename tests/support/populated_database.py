"""The populated hub's rows on a database of either kind, for what must hold with data in every table."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import Engine, Integer, insert, select, text
from support.populated_hub import populated_content

from vpp.storage.engine import POSTGRESQL, SQLITE, make_engine
from vpp.storage.partitions import MAKE_MONTH, month_of
from vpp.storage.tables import METADATA
from vpp.storage.tables.telemetry import TELEMETRY_PIECES


def populate(engine: Engine) -> None:
    """Put the populated hub's rows into a migrated database in which there is nothing."""
    with TemporaryDirectory() as folder, _source(Path(folder)) as source:
        if engine.dialect.name == SQLITE:
            with engine.connect() as live, source.connect() as connection:
                assert connection.connection.driver_connection is not None
                connection.connection.driver_connection.backup(live.connection.driver_connection)
            return
        _copy(source, engine)


def rows_without(engine: Engine) -> list[str]:
    """Name the tables in which there is no row."""
    with engine.connect() as connection:
        return sorted(
            table.name
            for table in METADATA.sorted_tables
            if connection.execute(select(text("1")).select_from(table).limit(1)).first() is None
        )


@contextmanager
def _source(folder: Path) -> Iterator[Engine]:
    (folder / "hub.sqlite").write_bytes(populated_content())
    engine = make_engine(f"sqlite:///{folder / 'hub.sqlite'}")
    yield engine
    engine.dispose()


def _copy(source: Engine, engine: Engine) -> None:
    assert engine.dialect.name == POSTGRESQL
    with source.connect() as read, engine.begin() as write:
        # As they are: not checked again, not refused by triggers.
        write.execute(text("SET LOCAL session_replication_role = replica"))
        months = {month_of(at) for at in read.execute(select(TELEMETRY_PIECES.c.start_at)).scalars()}
        seen = {
            name
            for (name,) in write.execute(
                text("SELECT relname FROM pg_class WHERE relname LIKE 'telemetry_pieces_%'")
            )
        }
        for month in sorted(months):
            if f"telemetry_pieces_{month:%Y%m}" not in seen:
                write.execute(text(f"SELECT {MAKE_MONTH}(:month)"), {"month": month})
        for table in METADATA.sorted_tables:
            rows = [dict(row) for row in read.execute(select(table)).mappings()]
            if rows:
                write.execute(insert(table), rows)
            for column in table.columns:
                if column.autoincrement is True and isinstance(column.type, Integer) and rows:
                    counted = f"pg_get_serial_sequence('{table.name}', '{column.name}')"
                    last = max(row[column.name] for row in rows)
                    write.execute(text(f"SELECT setval({counted}, {last})"))
