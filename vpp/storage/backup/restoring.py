"""Restores a backup into an empty place, and checks that everything has arrived."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import copyfile
from tempfile import TemporaryDirectory

from sqlalchemy import Engine, inspect, text

from vpp.foundation.clock import Clock
from vpp.foundation.errors import BrokenPromise, InvalidInput, WrongState
from vpp.foundation.sealing_keys import SealingKeys
from vpp.storage.backup.backing_up import BACKUP_SCOPE, COPIES, MANIFEST, SEALED
from vpp.storage.backup.copying import state_of
from vpp.storage.backup.manifest import BackupManifest, read_manifest
from vpp.storage.backup.postgresql_tools import run_tool
from vpp.storage.backup.sealed_copy import open_file, sha256_of
from vpp.storage.engine import POSTGRESQL, make_engine
from vpp.storage.failures import translated
from vpp.storage.row_security_postgresql import grant_tenant, make_tenant_role
from vpp.storage.unit_of_work import SqlUnitOfWorkFactory
from vpp.workflows.restoration import note_restore

_BESIDE_A_FILE = ("-wal", "-shm", "-journal")
_UNDER_WAY = "restore_under_way"
_IS_UNDER_WAY = text(f"SELECT to_regclass('public.{_UNDER_WAY}') IS NOT NULL")


def manifest_of(folder: Path, keys: SealingKeys | None = None) -> BackupManifest:
    """Return what a backup says of itself.

    Raises:
        InvalidInput: The folder holds no backup, one that needs a key, or one that is not sealed though a
            key is given.
    """
    plain, sealed = folder / MANIFEST, folder / (MANIFEST + SEALED)
    if not sealed.is_file():
        if not plain.is_file():
            raise InvalidInput(f"{folder} holds no manifest, expected a finished backup", folder=str(folder))
        if keys is not None:  # or a forged one could stand where the sealed one was
            raise InvalidInput(
                f"{folder} is not sealed, expected a sealed backup because a key file is given",
                folder=str(folder),
            )
        return read_manifest(plain.read_bytes())
    if keys is None:
        raise InvalidInput(
            f"{folder} is sealed, expected the key file that it was made with", folder=str(folder)
        )
    return read_manifest(keys.open(sealed.read_bytes(), BACKUP_SCOPE, b""))


def restore(folder: Path, engine: Engine, clock: Clock, keys: SealingKeys | None = None) -> BackupManifest:
    """Restore a backup; the target must be empty, and a hub on it does not start until that is confirmed.

    Args:
        folder: The backup.
        engine: From `make_engine`: a SQLite file that does not exist, or a PostgreSQL database without
            tables, of the user who will own them.
        clock: Says when.
        keys: What a sealed backup is opened with.

    Raises:
        InvalidInput: The folder holds no backup of that kind of database, its copy is not what its
            manifest says, the target is not empty, or a key or PostgreSQL's programs are missing.
        BrokenPromise: What was restored is not what was backed up.
    """
    manifest = manifest_of(folder, keys)
    if manifest.kind != engine.dialect.name:
        raise InvalidInput(
            f"the backup is of {manifest.kind}, expected {engine.dialect.name} as the target is",
            database=engine.dialect.name,
        )
    _check_empty(engine)
    in_place = _in_server if manifest.kind == POSTGRESQL else _in_file
    with TemporaryDirectory(prefix="vpp-restore-") as opened:
        copy = _checked_copy(folder, manifest, keys, Path(opened))
        with in_place(engine, copy) as restored:
            _check_arrived(restored, manifest)
            note_restore(SqlUnitOfWorkFactory(restored, clock), manifest.made_at, manifest.digest)
    return manifest


def check_restore_is_over(engine: Engine) -> None:
    """Refuse a database in which a restore was interrupted, before it was proved and noted.

    Raises:
        WrongState: It was.
    """
    if engine.dialect.name != POSTGRESQL:  # a file has its name only when all is done
        return
    with translated(), engine.connect() as connection:
        is_under_way = connection.execute(_IS_UNDER_WAY).scalar_one()
    if is_under_way:
        raise WrongState(
            "a restore into the database is under way or was interrupted, expected a finished one: "
            "restore the backup into another empty database"
        )


def _check_arrived(restored: Engine, manifest: BackupManifest) -> None:
    found = state_of(restored)
    differing = sorted(
        name
        for name in (manifest.tables.keys() | found.tables.keys()) - {_UNDER_WAY}
        if manifest.tables.get(name) != found.tables.get(name)
    )
    if differing or found.audit_heads != manifest.audit_heads:
        raise BrokenPromise(f"restored, and not as it was in: {', '.join(differing) or 'the audit record'}")


def _checked_copy(folder: Path, manifest: BackupManifest, keys: SealingKeys | None, opened: Path) -> Path:
    copy = folder / COPIES[manifest.kind]
    sealed = folder / (copy.name + SEALED)
    if keys is not None:
        if not sealed.is_file():
            raise InvalidInput(f"{sealed} is missing, expected the sealed copy", file=str(sealed))
        copy = opened / copy.name
        open_file(sealed, copy, keys, manifest.backup_id)
    if not copy.is_file():
        raise InvalidInput(f"{copy} is missing, expected the copy of the database", file=str(copy))
    if (copy.stat().st_size, sha256_of(copy)) != (manifest.size, manifest.sha256):
        raise InvalidInput(f"{copy} is not what its manifest says; it was changed since", file=str(copy))
    return copy


def _check_empty(engine: Engine) -> None:
    if engine.dialect.name == POSTGRESQL:
        with translated(), engine.connect() as connection:
            is_empty = not inspect(connection).get_table_names()
    else:
        # A log that a lost file has left behind would be played onto what is restored.
        target = str(engine.url.database)
        is_empty = not any(Path(target + suffix).exists() for suffix in ("", *_BESIDE_A_FILE))
    if not is_empty:
        raise InvalidInput(
            "the target is not empty, expected a place of its own: nothing is ever restored over anything",
            target=engine.url.render_as_string(hide_password=True),
        )


@contextmanager
def _in_file(engine: Engine, copy: Path) -> Iterator[Engine]:
    """Give the file its name last, so that no hub starts on one that nobody has noted as restored."""
    target = Path(str(engine.url.database))
    unfinished = target.with_name(target.name + ".restoring")
    _remove(unfinished)  # of a restore that was interrupted
    copyfile(copy, unfinished)
    restored = make_engine(f"sqlite:///{unfinished}")
    try:
        yield restored
        restored.dispose()  # brings its log home
        unfinished.rename(target)
    finally:
        restored.dispose()
        _remove(unfinished)


def _remove(file: Path) -> None:
    for suffix in ("", *_BESIDE_A_FILE):
        Path(f"{file}{suffix}").unlink(missing_ok=True)


@contextmanager
def _in_server(engine: Engine, copy: Path) -> Iterator[Engine]:
    """Mark the database before anything is in it: a hub that finds the mark does not start."""
    with translated(), engine.begin() as connection:
        connection.execute(text(make_tenant_role()))
        connection.execute(text(f"CREATE TABLE {_UNDER_WAY} ()"))
    name = str(engine.url.database)
    run_tool(
        "pg_restore",
        [
            "--no-owner",
            "--no-privileges",
            "--exit-on-error",
            "--single-transaction",
            f"--dbname={name}",
            str(copy),
        ],
        engine.url,
    )
    with translated(), engine.begin() as connection:
        for statement in grant_tenant(inspect(connection).get_table_names()):
            connection.exec_driver_sql(statement)
    yield engine
    with translated(), engine.begin() as connection:
        connection.execute(text(f"DROP TABLE {_UNDER_WAY}"))
