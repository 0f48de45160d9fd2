"""Readings of revenue meters: written once, found by site and window."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import numpy as np
from sqlalchemy import Row, insert, select

from vpp.foundation.interval import Interval
from vpp.storage.many_values import among, ids_parameter
from vpp.storage.packing import packed, unpacked
from vpp.storage.tables.revenue import REVENUE_IMPORTS, REVENUE_READINGS
from vpp.storage.transaction import Transaction
from vpp.telemetry.day_cuts import day_cuts, day_of
from vpp.workflows.revenue_records import RevenueImport, RevenuePiece, RevenueReadings

IMPORTS, READINGS = REVENUE_IMPORTS.c, REVENUE_READINGS.c


class SqlRevenueRepository:
    """Imports of revenue meters; implements `workflows.revenue_ports.RevenueRepository`.

    As telemetry, they are kept in pieces of a day UTC, so that a window is a range of one index.
    """

    def __init__(self, transaction: Transaction) -> None:
        """Work inside a transaction."""
        self._transaction = transaction

    def add(self, revenue_import: RevenueImport, readings: RevenueReadings) -> None:
        """Keep an import.

        Raises:
            AlreadyExists: That version of the meter is known.
        """
        version = (revenue_import.site_id, revenue_import.device_id, revenue_import.version)
        self._transaction.noted(REVENUE_IMPORTS, [version])
        self._transaction.noted(REVENUE_READINGS, [version])
        self._transaction.write(
            insert(REVENUE_IMPORTS),
            [
                {
                    "site_id": revenue_import.site_id,
                    "device_id": revenue_import.device_id,
                    "version": revenue_import.version,
                    "start_at": revenue_import.span.start,
                    "end_at": revenue_import.span.end,
                    "step_s": revenue_import.step,
                    "reading_count": revenue_import.reading_count,
                    "source_name": revenue_import.source_name,
                    "sha256": revenue_import.sha256,
                    "imported_by": revenue_import.imported_by,
                    "imported_at": revenue_import.imported_at,
                }
            ],
        )
        cuts = day_cuts(readings.start_at, readings.step, len(readings.net_power_kw))
        self._transaction.write(
            insert(REVENUE_READINGS),
            [
                {
                    "site_id": revenue_import.site_id,
                    "device_id": revenue_import.device_id,
                    "start_at": start_at,
                    "version": revenue_import.version,
                    "end_at": end_at,
                    "step_s": readings.step,
                    "net_power_kw": packed(readings.net_power_kw[first:end]),
                    "quality": readings.quality[first:end].astype(np.int8).tobytes(),
                    "imported_at": revenue_import.imported_at,
                }
                for first, end, start_at, end_at in cuts
            ],
        )

    def imports(self, site_id: str, device_id: str | None = None) -> list[RevenueImport]:
        """Return a site's imports, of one meter or of all, by device and version."""
        statement = (
            select(REVENUE_IMPORTS)
            .where(IMPORTS.site_id == site_id)
            .order_by(IMPORTS.device_id, IMPORTS.version)
        )
        if device_id is not None:
            statement = statement.where(IMPORTS.device_id == device_id)
        return [_import(row) for row in self._transaction.read(statement)]

    def load_many(
        self, site_ids: Iterable[str], interval: Interval, *, as_of: datetime | None = None
    ) -> dict[str, list[RevenuePiece]]:
        """Return the pieces that overlap a span by site, by device, version and time.

        Args:
            site_ids: Whose readings.
            interval: The span.
            as_of: Only those imported by this instant.
        """
        sqlite = self._transaction.is_sqlite
        statement = (
            select(REVENUE_READINGS)
            .where(
                among(READINGS.site_id, sqlite=sqlite),
                READINGS.start_at >= day_of(interval.start),
                READINGS.start_at < interval.end,
                READINGS.end_at > interval.start,
            )
            .order_by(READINGS.site_id, READINGS.device_id, READINGS.version, READINGS.start_at)
        )
        if as_of is not None:
            statement = statement.where(READINGS.imported_at <= as_of)
        found: dict[str, list[RevenuePiece]] = {}
        for row in self._transaction.read(statement, ids_parameter(site_ids, sqlite=sqlite)):
            found.setdefault(row.site_id, []).append(_piece(row))
        return found

    def sites(self) -> frozenset[str]:
        """Return the sites that have an import."""
        rows = self._transaction.read(select(IMPORTS.site_id).distinct())
        return frozenset(rows.scalars())


def _import(row: Row[Any]) -> RevenueImport:
    return RevenueImport(
        site_id=row.site_id,
        device_id=row.device_id,
        version=row.version,
        span=Interval(row.start_at, row.end_at),
        step=row.step_s,
        reading_count=row.reading_count,
        source_name=row.source_name,
        sha256=row.sha256,
        imported_by=row.imported_by,
        imported_at=row.imported_at,
    )


def _piece(row: Row[Any]) -> RevenuePiece:
    readings = RevenueReadings(
        row.start_at, row.step_s, unpacked(row.net_power_kw), np.frombuffer(row.quality, dtype=np.int8)
    )
    return RevenuePiece(row.device_id, row.version, readings)
