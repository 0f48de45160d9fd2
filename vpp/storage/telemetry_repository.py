"""Raw batches of readings: written in bulk, found by site and window, forgotten by the day."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Double, Row, Select, bindparam, cast, func, select, text

from vpp.foundation.interval import Interval
from vpp.storage.column_types import UtcDateTime
from vpp.storage.copy_format import micros, piece_rows
from vpp.storage.held_batches import HeldBatches
from vpp.storage.late_days import LateDays
from vpp.storage.many_values import among, ids_parameter
from vpp.storage.packing import LITTLE_ENDIAN_DOUBLE, packed, unpacked
from vpp.storage.partitions import drop_partitions, ensure_partitions, forget_seen, month_of, next_month
from vpp.storage.tables.telemetry import TELEMETRY_PIECES
from vpp.storage.transaction import Transaction
from vpp.telemetry.batch import TelemetryBatch
from vpp.telemetry.day_cuts import day_cuts, day_of
from vpp.telemetry.quality import MeterQuality
from vpp.workflows.telemetry_ports import Heard

PIECES = TELEMETRY_PIECES.c
Cut = tuple[int, int, datetime, datetime]
"""Part of a batch on one day: its first and end position, and the instants of both."""
# In this order the values of a row are handed to the driver.
_COLUMNS = (
    PIECES.site_id,
    PIECES.start_at,
    PIECES.end_at,
    PIECES.sequence,
    PIECES.received_number,
    PIECES.sample_interval_s,
    PIECES.net_power_kw,
    PIECES.quality,
    PIECES.received_at,
)
_LENGTH_OF_INSTANT = len("2026-03-02 12:00:00.000000")
_NAMES = ", ".join(column.name for column in _COLUMNS)
_SQLITE_INSERT = f"INSERT INTO {TELEMETRY_PIECES.name} ({_NAMES}) VALUES ({', '.join('?' * len(_COLUMNS))})"  # noqa: S608  names of our own tables
_POSTGRESQL_INSERT = _SQLITE_INSERT.replace("?", "%s")
FORGOTTEN_AT_ONCE = 2000
_FORGET = text(
    f"DELETE FROM {TELEMETRY_PIECES.name} WHERE rowid IN (SELECT rowid FROM {TELEMETRY_PIECES.name} "  # noqa: S608  names of our own tables
    "WHERE site_id IN (SELECT value FROM json_each(:m_ids)) AND start_at < :m_before "
    f"LIMIT {FORGOTTEN_AT_ONCE})"
).bindparams(bindparam("m_before", type_=UtcDateTime))


class SqlTelemetryRepository:
    """Raw batches, never changed; implements `workflows.telemetry_ports.TelemetryRepository`.

    A batch is kept in pieces, one for each day UTC that it touches, so that a window is a range of one
    index however long batches are.
    """

    def __init__(self, transaction: Transaction) -> None:
        """Work inside a transaction."""
        self._transaction = transaction
        self._held = HeldBatches(transaction)

    def add(self, batches: Sequence[TelemetryBatch]) -> int:
        """Keep batches in bulk; those of a known (site, sequence) change nothing.

        Args:
            batches: Checked batches of any sites, in the order in which they were received.

        Returns:
            How many readings were new.

        Raises:
            InvalidInput: There is no such site, or an interval may lie across midnight UTC; then
                nothing is kept.
        """
        new = self._held.admit(batches) if batches else []
        if not new:
            return 0
        cuts = [
            (batch, number, cut)
            for batch, number in new
            for cut in day_cuts(batch.start_at, batch.sample_interval, len(batch.net_power_kw))
        ]
        days = LateDays(self._transaction)
        goes_on = days.first_that_goes_on()
        late = [(batch.site_id, day_of(cut[2]), number) for batch, number, cut in cuts if cut[2] < goes_on]
        days.mark(late)
        if self._transaction.is_sqlite:
            self._transaction.write_driver_sql(_SQLITE_INSERT, self._driver_rows(cuts, _sqlite_text))
        else:
            ensure_partitions(self._transaction, {month_of(at) for at in {cut[2] for *_, cut in cuts}})
            try:
                self._copy_in(cuts)
            except Exception:
                forget_seen(self._transaction)
                raise
        return sum(len(batch.net_power_kw) for batch, _ in new)

    def _copy_in(self, cuts: Sequence[tuple[TelemetryBatch, int, Cut]]) -> None:
        if self._transaction.is_narrowed:  # PostgreSQL takes no COPY under row level security
            self._transaction.write_many(_POSTGRESQL_INSERT, self._driver_rows(cuts, _as_it_is))
            return
        content = piece_rows(self._driver_rows(cuts, micros))
        self._transaction.copy_in(TELEMETRY_PIECES, _COLUMNS, content)

    def held_sequence(self, site_id: str) -> int:
        """Return the highest sequence held of a site, 0 for none."""
        return self._held.last_sequence(site_id)

    def held_sequences(self, site_ids: Iterable[str]) -> dict[str, int]:
        """Return the highest sequence held of each of these sites; those without any are left out."""
        return self._held.last_sequences(site_ids)

    def last_number(self, site_id: str) -> int:
        """Return the number under which the site's newest batch was received, 0 for none."""
        return self._held.last_number(site_id)

    def last_numbers(self, site_ids: Iterable[str]) -> dict[str, int]:
        """Return the same of each of these sites; those without any are left out."""
        return self._held.last_numbers(site_ids)

    def sites(self, *, after: str = "", limit: int = 1000) -> list[str]:
        """List sites that ever sent readings, by id, after one."""
        return self._held.sites(after, limit)

    def load(self, site_id: str, interval: Interval, *, up_to: int | None = None) -> list[TelemetryBatch]:
        """Return the batches that overlap a span, in the order they were received, cut at midnight UTC.

        Args:
            site_id: Whose readings.
            interval: The span.
            up_to: Only batches received under this number or before: what was known then.
        """
        statement = _overlapping(interval).where(PIECES.site_id == site_id)
        if up_to is not None:
            statement = statement.where(PIECES.received_number <= up_to)
        return [_piece(row) for row in self._transaction.read(statement)]

    def load_many(
        self, site_ids: Iterable[str], interval: Interval, *, as_of: datetime | None = None
    ) -> dict[str, list[TelemetryBatch]]:
        """Return the same of many sites in one statement, by site; those without any are left out.

        Args:
            site_ids: Whose readings.
            interval: The span.
            as_of: Only batches received by this instant.
        """
        sqlite = self._transaction.is_sqlite
        statement = _overlapping(interval).where(among(PIECES.site_id, sqlite=sqlite))
        if as_of is not None:
            statement = statement.where(PIECES.received_at <= as_of)
        found: dict[str, list[TelemetryBatch]] = {}
        for row in self._transaction.read(statement, ids_parameter(site_ids, sqlite=sqlite)):
            found.setdefault(row.site_id, []).append(_piece(row))
        return found

    def heard(
        self, site_ids: Iterable[str], interval: Interval, *, as_of: datetime | None = None
    ) -> dict[str, Heard]:
        """Return what was heard of many sites' readings of a span, by site; those without are left out.

        More readings than there is time between the first and the last of them are repeats.

        Args:
            site_ids: Whose readings.
            interval: The span.
            as_of: Only batches received by this instant.
        """
        sqlite = self._transaction.is_sqlite
        wanted = (among(PIECES.site_id, sqlite=sqlite), *_shares_an_instant(interval))
        if as_of is not None:
            wanted = (*wanted, PIECES.received_at <= as_of)
        size = func.sum(func.length(PIECES.net_power_kw) * cast(PIECES.sample_interval_s, Double))
        statement = (
            select(
                PIECES.site_id,
                func.max(PIECES.received_number).label("number"),
                func.max(PIECES.received_at).label("received_at"),
                func.min(PIECES.start_at).label("start_at"),
                func.max(PIECES.end_at).label("end_at"),
                (size / LITTLE_ENDIAN_DOUBLE.itemsize).label("metered_s"),
            )
            .where(*wanted)
            .group_by(PIECES.site_id)
        )
        return {
            row.site_id: Heard(
                row.number,
                row.received_at,
                round(float(row.metered_s)) > round((row.end_at - row.start_at).total_seconds()),
            )
            for row in self._transaction.read(statement, ids_parameter(site_ids, sqlite=sqlite))
        }

    def make_room(self, span: Interval) -> None:
        """Make ready for readings of a span, so that nobody has to when they come."""
        if self._transaction.is_sqlite:
            return
        months = [month_of(span.start)]
        while (following := next_month(months[-1])) < span.end:
            months.append(following)
        ensure_partitions(self._transaction, months)

    def forget(self, site_ids: Iterable[str], before: datetime) -> int:
        """Forget readings of before a midnight UTC, as much as one transaction should.

        Which batches were held stays known.

        Args:
            site_ids: Of these sites on SQLite; PostgreSQL drops whole months of all sites, and keeps
                the one that `before` is in, and those that somebody is reading.
            before: The midnight.

        Returns:
            How many rows, or months, were forgotten; 0 if nothing more can be now.
        """
        if not self._transaction.is_sqlite:
            return drop_partitions(self._transaction, before)
        parameters = {**ids_parameter(site_ids, sqlite=True), "m_before": before}
        return self._transaction.write(_FORGET, parameters).rowcount

    def _driver_rows(
        self, cuts: Sequence[tuple[TelemetryBatch, int, Cut]], instant: Callable[[datetime], Any]
    ) -> list[tuple[Any, ...]]:
        received_at = instant(self._transaction.now)
        return [
            (
                batch.site_id,
                instant(start_at),
                instant(end_at),
                batch.sequence,
                number,
                batch.sample_interval.total_seconds(),
                packed(batch.net_power_kw[first:end]),
                int(batch.quality),
                received_at,
            )
            for batch, number, (first, end, start_at, end_at) in cuts
        ]


def _overlapping(interval: Interval) -> Select[Any]:
    """Select the pieces that share an instant with a span; no piece reaches beyond its day."""
    return (
        select(
            PIECES.site_id,
            PIECES.sequence,
            PIECES.start_at,
            PIECES.sample_interval_s,
            PIECES.net_power_kw,
            PIECES.quality,
        )
        .where(*_shares_an_instant(interval))
        .order_by(PIECES.site_id, PIECES.received_number, PIECES.start_at)
    )


def _shares_an_instant(interval: Interval) -> tuple[ColumnElement[bool], ...]:
    return (
        PIECES.start_at >= day_of(interval.start),
        PIECES.start_at < interval.end,
        PIECES.end_at > interval.start,
    )


def _piece(row: Row[Any]) -> TelemetryBatch:
    return TelemetryBatch(
        site_id=row.site_id,
        sequence=row.sequence,
        start_at=row.start_at,
        sample_interval=row.sample_interval_s,
        net_power_kw=unpacked(row.net_power_kw),
        quality=MeterQuality(row.quality),
    )


def _as_it_is(instant: datetime) -> datetime:
    return instant


@lru_cache(maxsize=8192)
def _sqlite_text(instant: datetime) -> str:
    """Write an instant in UTC as `UtcDateTime` does, at a fifth of the time."""
    return instant.isoformat(" ", "microseconds")[:_LENGTH_OF_INSTANT]
