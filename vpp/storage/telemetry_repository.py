"""Raw batches of readings, written in bulk."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from vpp.foundation.interval import Interval
from vpp.storage.packing import packed, unpacked
from vpp.storage.tables.telemetry import TELEMETRY
from vpp.storage.transaction import Transaction
from vpp.telemetry.batch import TelemetryBatch
from vpp.telemetry.quality import MeterQuality

# In this order the values of a row are handed to the driver.
_COLUMNS = (
    TELEMETRY.c.site_id,
    TELEMETRY.c.sequence,
    TELEMETRY.c.start_at,
    TELEMETRY.c.end_at,
    TELEMETRY.c.sample_interval_s,
    TELEMETRY.c.sample_count,
    TELEMETRY.c.net_power_kw,
    TELEMETRY.c.quality,
    TELEMETRY.c.received_at,
)
_NAMES = ", ".join(column.name for column in _COLUMNS)
_SQLITE_INSERT = (
    f"INSERT INTO {TELEMETRY.name} ({_NAMES}) VALUES ({', '.join('?' * len(_COLUMNS))}) "  # noqa: S608  names of our own tables
    "ON CONFLICT (site_id, sequence) DO NOTHING"
)
_POSTGRESQL_ARRAYS = (
    "%s::text[], %s::bigint[], %s::timestamptz[], %s::timestamptz[], %s::float8[], %s::int4[], "
    "%s::bytea[], %s::int2[], %s::timestamptz[]"
)
# Rows are numbered in the order in which they are selected, which is that of the arrays.
_POSTGRESQL_INSERT = (
    f"INSERT INTO {TELEMETRY.name} ({_NAMES}) "  # noqa: S608  names of our own tables
    f"SELECT {_NAMES} FROM unnest({_POSTGRESQL_ARRAYS}) WITH ORDINALITY AS batch({_NAMES}, position) "
    "ORDER BY position ON CONFLICT (site_id, sequence) DO NOTHING RETURNING sample_count"
)


class SqlTelemetryRepository:
    """Raw batches, never changed; implements `workflows.ports.TelemetryRepository`."""

    def __init__(self, transaction: Transaction) -> None:
        """Work inside a transaction."""
        self._transaction = transaction

    def add(self, batches: Sequence[TelemetryBatch]) -> int:
        """Keep batches in bulk; those of a known (site, sequence) change nothing.

        Args:
            batches: Checked batches of any sites, in the order in which they were received.

        Returns:
            How many readings were new.

        Raises:
            InvalidInput: There is no such site; then nothing is kept.
        """
        if not batches:
            return 0
        if self._transaction.is_sqlite:
            return self._add_to_sqlite(batches)
        return self._add_to_postgresql(batches)

    def held_sequence(self, site_id: str) -> int:
        """Return the highest sequence held of a site, 0 for none."""
        statement = select(func.max(TELEMETRY.c.sequence)).where(TELEMETRY.c.site_id == site_id)
        return self._transaction.read(statement).scalar_one() or 0

    def held_sequences(self, site_ids: Iterable[str]) -> dict[str, int]:
        """Return the highest sequence held of each of these sites; those without any are left out."""
        held = ((site_id, self.held_sequence(site_id)) for site_id in site_ids)
        return {site_id: sequence for site_id, sequence in held if sequence}

    def last_number(self, site_id: str) -> int:
        """Return the number under which the site's newest batch was received, 0 for none."""
        columns = TELEMETRY.c
        newest = select(func.max(columns.received_number)).where(columns.site_id == site_id)
        return self._transaction.read(newest).scalar_one() or 0

    def load(self, site_id: str, interval: Interval, *, up_to: int | None = None) -> list[TelemetryBatch]:
        """Return the batches that overlap a span, in the order they were received.

        Args:
            site_id: Whose readings.
            interval: The span.
            up_to: Only batches received under this number or before: what was known then.
        """
        columns = TELEMETRY.c
        statement = (
            select(
                columns.sequence,
                columns.start_at,
                columns.sample_interval_s,
                columns.net_power_kw,
                columns.quality,
            )
            .where(
                columns.site_id == site_id,
                columns.end_at > interval.start,
                columns.start_at < interval.end,
            )
            .order_by(columns.received_number)
        )
        if up_to is not None:
            statement = statement.where(columns.received_number <= up_to)
        return [
            TelemetryBatch(
                site_id=site_id,
                sequence=row.sequence,
                start_at=row.start_at,
                sample_interval=row.sample_interval_s,
                net_power_kw=unpacked(row.net_power_kw),
                quality=MeterQuality(row.quality),
            )
            for row in self._transaction.read(statement)
        ]

    def _add_to_sqlite(self, batches: Sequence[TelemetryBatch]) -> int:
        before = self._last_number()
        self._transaction.write_driver_sql(_SQLITE_INSERT, self._driver_rows(batches))
        # The write lock is ours, so whatever has a higher number is new from this call.
        new = select(func.sum(TELEMETRY.c.sample_count)).where(TELEMETRY.c.received_number > before)
        return self._transaction.read(new).scalar_one() or 0

    def _add_to_postgresql(self, batches: Sequence[TelemetryBatch]) -> int:
        arrays = tuple(list(column) for column in zip(*self._driver_rows(batches), strict=True))
        inserted = self._transaction.write_driver_sql(_POSTGRESQL_INSERT, arrays)
        return sum(inserted.scalars())

    def _last_number(self) -> int:
        return self._transaction.read(select(func.max(TELEMETRY.c.received_number))).scalar_one() or 0

    def _driver_rows(self, batches: Sequence[TelemetryBatch]) -> list[tuple[Any, ...]]:
        dialect = self._transaction.connection.dialect
        instant = TELEMETRY.c.start_at.type.dialect_impl(dialect).bind_processor(dialect) or _unchanged
        received_at = instant(self._transaction.now)
        return [
            (
                batch.site_id,
                batch.sequence,
                instant(batch.start_at),
                instant(batch.end_at),
                batch.sample_interval.total_seconds(),
                len(batch.net_power_kw),
                packed(batch.net_power_kw),
                int(batch.quality),
                received_at,
            )
            for batch in batches
        ]


def _unchanged(instant: datetime) -> datetime:
    return instant
