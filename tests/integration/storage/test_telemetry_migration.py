"""Readings that were stored by an older hub are read by the newer one, and the other way round."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
from sqlalchemy import Connection, Engine, text

from vpp.foundation.clock import ManualClock
from vpp.foundation.interval import Interval
from vpp.storage.migrate import downgrade, migrate
from vpp.storage.unit_of_work import SqlUnitOfWorkFactory

HOUR = timedelta(hours=1)
START = datetime(2026, 1, 30, 22, tzinfo=UTC)
THREE_DAYS = np.arange(72, dtype="<f8").tobytes()
PARTY = "INSERT INTO parties VALUES ('grid', 'Grid', 'operator', 1, '2026-01-01', '2026-01-01')"
SITE = """
    INSERT INTO sites VALUES ('north-1', 'grid', 'North', 'north', 'Europe/London', 100.0, 3600.0, 1,
    '2026-01-01 10:00:00', '2026-01-01 10:00:00')
"""
ENVELOPE = """
    INSERT INTO telemetry_envelopes (received_number, site_id, sequence, start_at, end_at,
    sample_interval_s, sample_count, net_power_kw, quality, received_at)
    VALUES (:number, 'north-1', :sequence, :start_at, :end_at, 3600.0, :count, :content, 4, :received_at)
"""
BATCHES = ((3, 1, START, 72), (5, 2, START + 72 * HOUR, 1), (9, 7, START + 73 * HOUR, 1))
"""Number, sequence, start and count of values."""


def instant(connection: Connection, at: datetime) -> object:
    """An instant as the database takes it; SQLite has none of its own."""
    return f"{at:%Y-%m-%d %H:%M:%S.%f}" if connection.dialect.name == "sqlite" else at


def store(connection: Connection) -> None:
    for statement in (PARTY.replace("'2026-01-01'", "'2026-01-01 10:00:00'"), SITE):
        connection.execute(text(statement))
    for number, sequence, start_at, count in BATCHES:
        values = {
            "number": number,
            "sequence": sequence,
            "start_at": instant(connection, start_at),
            "end_at": instant(connection, start_at + count * HOUR),
            "count": count,
            "content": THREE_DAYS[: 8 * count],
            "received_at": instant(connection, START + 100 * HOUR),
        }
        connection.execute(text(ENVELOPE), values)


def stored(connection: Connection) -> list[tuple[object, ...]]:
    rows = connection.execute(
        text(
            "SELECT site_id, sequence, start_at, end_at, sample_interval_s, sample_count, net_power_kw, "
            "quality, received_at FROM telemetry_envelopes ORDER BY received_number"
        )
    )
    return [tuple(row) for row in rows]


def test_readings_are_moved_into_days_and_back(empty_engine: Engine) -> None:
    migrate(empty_engine)
    downgrade(empty_engine, "0001")
    with empty_engine.begin() as connection:
        store(connection)
        before = stored(connection)
    migrate(empty_engine)
    units = SqlUnitOfWorkFactory(empty_engine, ManualClock(datetime(2026, 3, 1, tzinfo=UTC)))
    span = Interval(START, START + 74 * HOUR)
    with units(write=False) as uow:
        pieces = uow.telemetry.load("north-1", span)
        assert [(piece.sequence, piece.start_at.day, len(piece.net_power_kw)) for piece in pieces] == [
            (1, 30, 2),
            (1, 31, 24),
            (1, 1, 24),
            (1, 2, 22),
            (2, 2, 1),
            (7, 2, 1),
        ]
        assert b"".join(piece.net_power_kw.tobytes() for piece in pieces[:4]) == THREE_DAYS
        assert (uow.telemetry.held_sequence("north-1"), uow.telemetry.last_number("north-1")) == (7, 9)
        # A baseline made before knows by the old numbers what was known to it.
        assert len(uow.telemetry.load("north-1", span, up_to=5)) == 5
        late = uow.roll_ups.late_days(Interval(START - 24 * HOUR, span.end))
        assert [day_at.day for _, day_at in late] == [30, 31, 1, 2]
    with units() as uow:
        assert uow.telemetry.add([replace(pieces[0], sequence=sequence) for sequence in (1, 2, 7)]) == 0
        assert uow.telemetry.add([replace(pieces[0], sequence=3)]) == 2
    downgrade(empty_engine, "0005")
    with empty_engine.connect() as connection:
        assert stored(connection) == before


def test_a_site_whose_first_batch_is_missing_has_a_first_range_all_the_same(empty_engine: Engine) -> None:
    migrate(empty_engine)
    downgrade(empty_engine, "0001")
    with empty_engine.begin() as connection:
        store(connection)
        connection.execute(text("DELETE FROM telemetry_envelopes WHERE sequence = 1"))
    migrate(empty_engine)
    with empty_engine.connect() as connection:
        held = connection.execute(
            text("SELECT first_sequence, last_sequence, last_number FROM telemetry_held ORDER BY 1")
        )
        assert [tuple(row) for row in held] == [(0, 0, 9), (2, 2, 0), (7, 7, 0)]
