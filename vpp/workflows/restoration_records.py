"""Restores of the database from backups."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Restoration:
    """One restore from a backup.

    Attributes:
        restoration_id: Its id.
        backup_made_at: What the backup shows is how things were then, UTC.
        restored_at: When it was restored, UTC.
        manifest_sha256: SHA-256 of the backup's manifest.
        confirmed_at: When its owner let a hub go on from it, UTC; None until then.
    """

    restoration_id: str
    backup_made_at: datetime
    restored_at: datetime
    manifest_sha256: str
    confirmed_at: datetime | None = None
