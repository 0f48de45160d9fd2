"""Restores from backups as rows."""

from sqlalchemy import RowMapping as Row

from vpp.storage.repository import TableMapping, Values
from vpp.storage.tables.restorations import RESTORATIONS
from vpp.workflows.restoration_records import Restoration


def _row(restoration: Restoration) -> Values:
    return {
        "restoration_id": restoration.restoration_id,
        "backup_made_at": restoration.backup_made_at,
        "restored_at": restoration.restored_at,
        "manifest_sha256": restoration.manifest_sha256,
        "confirmed_at": restoration.confirmed_at,
    }


def _restoration(row: Row) -> Restoration:
    return Restoration(
        row["restoration_id"],
        row["backup_made_at"],
        row["restored_at"],
        row["manifest_sha256"],
        row["confirmed_at"],
    )


RESTORATION_MAPPING = TableMapping(RESTORATIONS, _row, _restoration)
