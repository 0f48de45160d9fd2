"""Readings of revenue meters: by version, found by site and window, never changed."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from sqlalchemy import Engine, text

from vpp.foundation.clock import ManualClock
from vpp.foundation.errors import AlreadyExists
from vpp.foundation.interval import Interval
from vpp.storage.migrate import downgrade, migrate
from vpp.storage.unit_of_work import SqlUnitOfWorkFactory
from vpp.telemetry.quality import MeterQuality
from vpp.workflows.ports import UnitOfWorkFactory
from vpp.workflows.revenue_records import RevenueImport, RevenuePiece, RevenueReadings

QUARTER, DAY = timedelta(minutes=15), timedelta(days=1)
START = datetime(2026, 10, 20, 23, tzinfo=UTC)
OK, MISSING = MeterQuality.OK, MeterQuality.MISSING


def readings(values_kw: list[float]) -> RevenueReadings:
    codes = [MISSING if np.isnan(value) else OK for value in values_kw]
    return RevenueReadings(START, QUARTER, np.array(values_kw), np.array(codes, dtype=np.int8))


def add(
    units: UnitOfWorkFactory, values_kw: list[float], *, device: str = "", version: int = 1
) -> RevenueImport:
    found = readings(values_kw)
    with units() as uow:
        kept = RevenueImport(
            site_id="north-1",
            device_id=device,
            version=version,
            span=found.span,
            step=found.step,
            reading_count=len(values_kw),
            source_name="märz.csv",
            sha256="ab" * 32,
            imported_by="meters",
            imported_at=uow.now,
        )
        uow.revenue.add(kept, found)
        uow.commit()
    return kept


def plain(pieces: object) -> list[tuple[object, ...]]:
    return [
        (
            piece.device_id,
            piece.version,
            piece.readings.start_at,
            piece.readings.step,
            piece.readings.net_power_kw.tobytes(),
            piece.readings.quality.tolist(),
        )
        for piece in pieces  # type: ignore[attr-defined]  # pieces
    ]


def test_an_import_comes_back_day_by_day(seeded: UnitOfWorkFactory) -> None:
    values = [0.1 + 0.2, float("nan"), 3.0, 4.0, 5.0]
    kept = add(seeded, values)
    with seeded(write=False) as uow:
        assert uow.revenue.imports("north-1") == [kept]
        assert uow.revenue.sites() == frozenset({"north-1"})
        found = uow.revenue.load_many(["north-1", "nowhere"], Interval(START, START + 5 * QUARTER))
    whole, midnight = readings(values), START + 4 * QUARTER
    parts = [
        RevenuePiece("", 1, RevenueReadings(START, QUARTER, whole.net_power_kw[:4], whole.quality[:4])),
        RevenuePiece("", 1, RevenueReadings(midnight, QUARTER, whole.net_power_kw[4:], whole.quality[4:])),
    ]
    assert {site_id: plain(pieces) for site_id, pieces in found.items()} == {"north-1": plain(parts)}


def test_only_what_touches_the_window_is_read(seeded: UnitOfWorkFactory) -> None:
    add(seeded, [1.0] * 8)
    with seeded(write=False) as uow:
        for window, count in (
            (Interval(START - DAY, START), 0),
            (Interval(START - DAY, START + QUARTER), 1),
            (Interval(START + 3 * QUARTER, START + 5 * QUARTER), 2),
            (Interval(START + 7 * QUARTER, START + DAY), 1),
            (Interval(START + 8 * QUARTER, START + DAY), 0),
        ):
            found = uow.revenue.load_many(["north-1"], window).get("north-1", [])
            assert len(found) == count, window


def test_meters_and_versions_are_told_apart(seeded: UnitOfWorkFactory, clock: ManualClock) -> None:
    first = add(seeded, [1.0])
    clock.advance_to(clock.now() + timedelta(hours=1))
    device, second = add(seeded, [2.0], device="battery"), add(seeded, [3.0], version=2)
    with seeded(write=False) as uow:
        assert uow.revenue.imports("north-1") == [first, second, device]
        assert uow.revenue.imports("north-1", "battery") == [device]
        assert uow.revenue.imports("north-1", "other") == []
        span = Interval(START, START + QUARTER)
        found = uow.revenue.load_many(["north-1"], span)["north-1"]
        assert [(piece.device_id, piece.version) for piece in found] == [("", 1), ("", 2), ("battery", 1)]
        known = uow.revenue.load_many(["north-1"], span, as_of=first.imported_at)["north-1"]
        assert [(piece.device_id, piece.version) for piece in known] == [("", 1)]


def test_a_version_is_kept_once(seeded: UnitOfWorkFactory) -> None:
    add(seeded, [1.0])
    with pytest.raises(AlreadyExists):
        add(seeded, [2.0])


@pytest.mark.parametrize("table", ["revenue_imports", "revenue_readings"])
@pytest.mark.parametrize("change", ["UPDATE {} SET version = 9", "DELETE FROM {}"])
def test_the_database_keeps_what_was_imported(
    seeded: UnitOfWorkFactory, engine: Engine, table: str, change: str
) -> None:
    add(seeded, [1.0])
    with pytest.raises(Exception, match="append-only"), engine.begin() as connection:
        connection.execute(text(change.format(table)))
    with seeded(write=False) as uow:
        assert len(uow.revenue.imports("north-1")) == 1


def test_going_back_is_refused_while_imports_are_kept(
    empty_engine: Engine, seed: Callable[[UnitOfWorkFactory], None], clock: ManualClock
) -> None:
    migrate(empty_engine)
    units = SqlUnitOfWorkFactory(empty_engine, clock)
    seed(units)
    add(units, [1.0])
    with pytest.raises(ValueError, match="1 imports of revenue meters are kept, expected none"):
        downgrade(empty_engine, "0010")
    with units(write=False) as uow:
        assert len(uow.revenue.imports("north-1")) == 1
