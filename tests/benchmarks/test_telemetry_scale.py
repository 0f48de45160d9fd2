"""Durable readings per second and queries, on both databases, beside the least code on the same database.

    .venv/bin/pytest tests/benchmarks/test_telemetry_scale.py -s -n 0                  # 10 million readings
    VPP_BENCH=full .venv/bin/pytest tests/benchmarks/test_telemetry_scale.py -s -n 0   # 100 million; an hour

The floor is one bulk insert of the same packed values, under a key of site and sequence, and one durable
commit. Both take turns in the same run, and the database grows tenfold meanwhile.
"""

import os
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import pytest
from benchmarks.support.session_hub import cpu_s, session_hub
from benchmarks.support.tables import print_table, span
from benchmarks.support.telemetry_pump import Pump, pumped
from sqlalchemy import Engine, text

from vpp.foundation.clock import ManualClock, stopwatch_s
from vpp.foundation.interval import Interval
from vpp.portfolio.party import Party, PartyKind
from vpp.portfolio.site import Site
from vpp.storage.unit_of_work import SqlUnitOfWorkFactory
from vpp.telemetry.batch import TelemetryBatch
from vpp.telemetry.quality import MeterQuality
from vpp.workflows.ingesting import keep_batches
from vpp.workflows.keeping_telemetry import keep_telemetry
from vpp.workflows.site_load import site_load
from vpp.workflows.telemetry_rules import TelemetryRules

IS_FULL = os.environ.get("VPP_BENCH") == "full"
NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
TODAY = NOON.replace(hour=0)
SECOND, FIVE, DAY = timedelta(seconds=1), timedelta(minutes=5), timedelta(days=1)
SITES = 500
ROUNDS = 400 if IS_FULL else 60
QUERIED_SITES = 1000 if IS_FULL else 100
QUERIED_DAYS = 347  # of five minutes: 100,000 readings of each site
STREAMS = (100, 1000) if IS_FULL else (50, 500)
MEASURED_S = 30.0 if IS_FULL else 5.0
ASKED = 20
pytestmark = pytest.mark.timeout(0)


def site_id(number: int) -> str:
    return f"site-{number:04}"


def filled(engine: Engine, clock: ManualClock, count: int, step: timedelta) -> SqlUnitOfWorkFactory:
    units = SqlUnitOfWorkFactory(engine, clock)
    with units() as uow:
        uow.parties.add("owner", Party("owner", "Owner", PartyKind.SITE_OWNER))
        uow.sites.add_all(
            {
                site_id(n): Site(site_id(n), "owner", "Site", "north", "Europe/London", 3000.0, step)
                for n in range(count)
            }
        )
        uow.commit()
    return units


def live(sequence: int, readings: int) -> list[TelemetryBatch]:
    """One batch of every site, all of the same span, as meters on one grid send them."""
    values_kw = np.linspace(500.0, 1500.0, readings)
    start = TODAY + (sequence * readings % 36_000) * SECOND
    return [
        TelemetryBatch(site_id(n), sequence, start, SECOND, values_kw, MeterQuality.OK) for n in range(SITES)
    ]


def raw_insert(engine: Engine) -> Callable[[list[TelemetryBatch]], float]:
    """Make the floor: a bulk insert of packed values under a key, as quick as the driver can."""
    is_sqlite = engine.dialect.name == "sqlite"
    kinds = ("text", "int8", "float8", "bytea")
    columns = (
        "site TEXT, sequence INTEGER, start REAL, kw BLOB"
        if is_sqlite
        else 'site text COLLATE "C", sequence int8, start float8, kw bytea'
    )
    with engine.begin() as connection:
        connection.execute(text("DROP TABLE IF EXISTS floor"))
        connection.execute(text(f"CREATE TABLE floor ({columns}, PRIMARY KEY (site, sequence))"))

    def insert(batches: list[TelemetryBatch]) -> float:
        rows = [(b.site_id, b.sequence, b.start_at.timestamp(), b.net_power_kw.tobytes()) for b in batches]
        began_s = stopwatch_s()
        with engine.begin() as connection:
            if is_sqlite:
                connection.exec_driver_sql("INSERT INTO floor VALUES (?, ?, ?, ?)", rows)
            else:
                driver: Any = connection.connection.driver_connection
                with driver.cursor() as cursor, cursor.copy("COPY floor FROM STDIN (FORMAT BINARY)") as copy:
                    copy.set_types(kinds)
                    for row in rows:
                        copy.write_row(row)
        return stopwatch_s() - began_s

    return insert


@pytest.mark.parametrize("readings", [12, 60, 600])
def test_storage_beside_raw_inserts(engine: Engine, readings: int) -> None:
    units, floor = filled(engine, ManualClock(NOON), SITES, SECOND), raw_insert(engine)
    ours_s, floor_s, ours_cpu_s, floor_cpu_s = [], [], [], []
    for sequence in range(1, ROUNDS + 1):
        batches = live(sequence, readings)
        before_s = cpu_s()
        floor_s.append(floor(batches))
        between_s, began_s = cpu_s(), stopwatch_s()
        keep_batches(units, batches)
        ours_s.append(stopwatch_s() - began_s)
        floor_cpu_s.append(between_s - before_s)
        ours_cpu_s.append(cpu_s() - between_s)
    rows = []
    tenth = max(1, ROUNDS // 10)
    for name, part in (("first tenth", slice(0, tenth)), ("last tenth", slice(-tenth, None))):
        ours, raw = median(ours_s[part]), median(floor_s[part])
        cpu = f"{median(ours_cpu_s[part]) * 1e3:.2g} / {median(floor_cpu_s[part]) * 1e3:.2g} ms"
        count = SITES * readings
        rows.append([name, f"{count / ours:,.0f}", f"{count / raw:,.0f}", f"{raw / ours:.0%}", cpu])
    print_table(
        f"{engine.dialect.name}: {SITES} sites, {readings} readings each, per transaction",
        ["", "readings/s durable", "raw insert", "share of raw", "CPU of the hub / of raw"],
        rows,
    )


@pytest.mark.parametrize("readings", [60, 600])
async def test_from_the_stream_to_the_acknowledgement(engine: Engine, tmp_path: Path, readings: int) -> None:
    rows = []
    async with session_hub(engine, tmp_path, max(STREAMS)) as served:
        for count in STREAMS:
            before_s, began_s = cpu_s(), stopwatch_s()
            found = await pumped(Pump(served.address, count, readings, measured_s=MEASURED_S))
            load = (cpu_s() - before_s) / (stopwatch_s() - began_s)
            rows.append(
                [
                    f"{count}",
                    f"{found['readings'] / found['took_s']:,.0f}",
                    f"{load:.2f}",
                    f"{found['refusals']}",
                ]
            )
            await served.hub.telemetry.drained()
    print_table(
        f"{engine.dialect.name}: streams that send {readings} readings per message as fast as they are held",
        ["streams", "readings/s acknowledged", "cores of the hub", "refused for now"],
        rows,
    )


def fill_history(units: SqlUnitOfWorkFactory) -> float:
    """Store the year in batches of a day; returns how long it took, s."""
    rng = np.random.default_rng(7)
    values_kw = rng.uniform(0.0, 2500.0, (QUERIED_SITES, 288))
    began_s = stopwatch_s()
    for day in range(QUERIED_DAYS):
        start = TODAY - (QUERIED_DAYS - day) * DAY
        # As they come live: six hours at a time.
        batches = [
            TelemetryBatch(
                site_id(n),
                1 + 4 * day + quarter,
                start + quarter * DAY / 4,
                FIVE,
                values_kw[n, quarter * 72 : quarter * 72 + 72],
                MeterQuality.OK,
            )
            for quarter in range(4)
            for n in range(QUERIED_SITES)
        ]
        keep_batches(units, batches)
    return stopwatch_s() - began_s


def asked_s(question: Callable[[int], object]) -> str:
    """Ask about several sites; median and worst time."""
    times = []
    for number in range(ASKED):
        began_s = stopwatch_s()
        question(number * QUERIED_SITES // ASKED)
        times.append(stopwatch_s() - began_s)
    return f"{span(median(times))} / {span(max(times))}"


def test_queries_by_site_and_window(engine: Engine) -> None:
    units = filled(engine, ManualClock(NOON), QUERIED_SITES, FIVE)
    stored_s = fill_history(units)
    windows = {"a day": 1, "30 days": 30, "100 days": 100, "all 347 days": QUERIED_DAYS}

    def load(number: int, days: int) -> int:
        with units(write=False) as uow:
            site = uow.sites.get(site_id(number))
            assert site is not None
            return len(site_load(uow, site.value, Interval(TODAY - days * DAY, TODAY)).quality)

    def newest(_: int) -> int:
        with units(write=False) as uow:
            hour = Interval(TODAY - timedelta(hours=1), TODAY)
            return len(uow.telemetry.load_many([site_id(n) for n in range(QUERIED_SITES)], hour))

    def asked() -> list[str]:
        return [asked_s(lambda number, days=days: load(number, days)) for days in windows.values()]  # type: ignore[misc]  # bound now

    raw = asked()
    began_s = stopwatch_s()
    keep_telemetry(units, replace(TelemetryRules(), upkeep_delay=timedelta(0)), f"{TODAY - DAY:%Y-%m-%d}")
    upkeep_s = stopwatch_s() - began_s
    summed = asked()
    count = QUERIED_SITES * QUERIED_DAYS * 288
    print_table(
        f"{engine.dialect.name}: {count:,} readings of {QUERIED_SITES} sites, "
        f"stored in {stored_s:.0f} s, {QUERIED_SITES * QUERIED_DAYS:,} days of sites summed up in "
        f"{upkeep_s:.0f} s; median / worst",
        ["one site's load of", "from batches", "from days summed up"],
        [list(row) for row in zip(windows, raw, summed, strict=True)],
    )
    print(f"\nthe newest hour of all {QUERIED_SITES} sites at once: {asked_s(newest)}")
