"""Makes a backup: a folder with a copy of the database and a manifest, sealed if there is a key."""

import os
from datetime import UTC
from importlib.metadata import version
from pathlib import Path

from sqlalchemy import Engine

from vpp.foundation.clock import Clock
from vpp.foundation.errors import InvalidInput
from vpp.foundation.sealing_keys import SealingKeys
from vpp.storage.backup.copying import copy_database
from vpp.storage.backup.manifest import BackupManifest
from vpp.storage.backup.sealed_copy import seal_file, sha256_of
from vpp.storage.migrate import current_revision, newest_revision

MANIFEST = "manifest.json"
COPIES = {"sqlite": "database.sqlite", "postgresql": "database.dump"}
SEALED = ".sealed"
BACKUP_SCOPE = "backup manifest"
ITS_OWNER = 0o700


def back_up(engine: Engine, folder: Path, clock: Clock, keys: SealingKeys | None = None) -> BackupManifest:
    """Make a backup of a database that may be in use.

    Args:
        engine: From `make_engine`; on PostgreSQL, of the tables' owner.
        folder: Where to; it must not exist.
        clock: Says when.
        keys: Seal everything with the first one; None leaves copy and manifest as they are.

    Returns:
        What the backup says of itself.

    Raises:
        InvalidInput: The folder exists, the database is not at this version's schema, or PostgreSQL's
            programs are not on this machine.
        BrokenPromise: One of them failed.
    """
    revision = current_revision(engine)
    if revision != newest_revision():
        raise InvalidInput(
            f"the database is at revision {revision or 'none'}, expected {newest_revision()}: run "
            "`vpp db migrate` first, or back it up with the version that it belongs to",
            revision=revision or "",
        )
    try:
        folder.mkdir(parents=True, mode=ITS_OWNER)
    except FileExistsError:
        raise InvalidInput(f"{folder} exists, expected a new folder", folder=str(folder)) from None
    # What the copy shows was so at an instant after this one: nothing acknowledged before is missing.
    made_at = clock.now().astimezone(UTC)
    kind = engine.dialect.name
    copy = folder / COPIES[kind]
    mask = os.umask(0o077)
    try:
        state = copy_database(engine, copy)
        manifest = BackupManifest(
            backup_id=f"backup-{made_at:%Y%m%dt%H%M%S%f}",
            made_at=made_at,
            kind=kind,
            revision=revision,
            version=version("vpp"),
            size=copy.stat().st_size,
            sha256=sha256_of(copy),
            tables=state.tables,
            audit_heads=state.audit_heads,
        )
        if keys is None:
            _write(folder / MANIFEST, manifest.to_bytes())
            return manifest
        seal_file(copy, folder / (copy.name + SEALED), keys, manifest.backup_id)
        copy.unlink()
        _write(folder / (MANIFEST + SEALED), keys.seal(manifest.to_bytes(), BACKUP_SCOPE, b""))
    finally:
        os.umask(mask)
    return manifest


def _write(file: Path, content: bytes) -> None:
    """Write the manifest last and durably: a folder without one is no backup."""
    with file.open("xb") as written:
        written.write(content)
        written.flush()
        os.fsync(written.fileno())
