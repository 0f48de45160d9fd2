"""Durable telemetry, as a ratio to the least code that stores the same readings in the same database."""

import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
from pytest_benchmark.fixture import BenchmarkFixture
from support.market import Market, make_market

from vpp.foundation.clock import stopwatch_s
from vpp.telemetry.batch import TelemetryBatch
from vpp.telemetry.quality import MeterQuality
from vpp.workflows.ingesting import keep_batches

FIVE = timedelta(minutes=5)
SITES, BATCHES, READINGS = 20, 50, 60
START = datetime(2026, 1, 1, tzinfo=UTC)


def batches(first_sequence: int) -> list[TelemetryBatch]:
    values = np.linspace(500.0, 1500.0, READINGS)
    return [
        TelemetryBatch(
            f"site-{site}",
            first_sequence + n,
            START + (first_sequence + n) * READINGS * FIVE,
            FIVE,
            values,
            MeterQuality.OK,
        )
        for site in range(SITES)
        for n in range(BATCHES)
    ]


def floor_s(folder: Path) -> float:
    """One executemany of packed blobs and one durable commit."""
    connection = sqlite3.connect(folder / "floor.sqlite", isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute(
        "CREATE TABLE batch (site TEXT, sequence INT, start TEXT, kw BLOB, PRIMARY KEY (site, sequence))"
    )
    rows = [(b.site_id, b.sequence, b.start_at.isoformat(), b.net_power_kw.tobytes()) for b in batches(1)]
    began = stopwatch_s()
    connection.execute("BEGIN IMMEDIATE")
    connection.executemany("INSERT INTO batch VALUES (?, ?, ?, ?)", rows)
    connection.execute("COMMIT")
    return stopwatch_s() - began


def test_bulk_writes_against_raw_inserts(tmp_path: Path, benchmark: BenchmarkFixture) -> None:
    market: Market = make_market(tmp_path)
    for site in range(SITES):
        market.enrol(f"site-{site}", days=0)
    sequences = iter(range(1000, 1_000_000, BATCHES))

    def set_up() -> tuple[tuple[object, ...], dict[str, object]]:
        return (market.units, batches(next(sequences))), {}

    benchmark.pedantic(keep_batches, setup=set_up, rounds=7)
    floor = min(floor_s(folder) for folder in (tmp_path / str(n) for n in range(5)) if folder.mkdir() is None)
    ours = benchmark.stats.stats.median
    count = SITES * BATCHES * READINGS
    print(
        f"\n{count / ours:,.0f} readings/s durable; "
        f"{ours / floor:.2f} times the raw insert's {floor * 1e3:.1f} ms"
    )
