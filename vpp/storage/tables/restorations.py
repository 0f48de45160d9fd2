"""When the database was restored from a backup, and who went on from there."""

from sqlalchemy import Table

from vpp.storage.column_types import UtcDateTime
from vpp.storage.tables.schema import ID, METADATA, key, optional, required, tracked

RESTORATIONS = Table(
    "restorations",
    METADATA,
    key("restoration_id", "restored-{instant}"),
    required("backup_made_at", UtcDateTime, "what the backup shows is how things were then, UTC"),
    required("restored_at", UtcDateTime, "when it was restored, UTC"),
    required("manifest_sha256", ID, "SHA-256 of the backup's manifest"),
    optional("confirmed_at", UtcDateTime, "when somebody let a hub go on from it, UTC; null until then"),
    *tracked(),
    comment="restores from backups: agents and operators may know what the hub has forgotten",
)
