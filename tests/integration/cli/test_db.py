"""`vpp db` from its command line."""

from pathlib import Path

import pytest
from sqlalchemy import Engine, make_url, text
from support.populated_database import populate
from typer.testing import CliRunner, Result

from vpp.cli.main import app
from vpp.foundation.errors import InvalidInput
from vpp.storage.engine import make_engine


def db(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["db", *map(str, arguments)])


@pytest.fixture
def file(sqlite_engine: Engine) -> Path:
    populate(sqlite_engine)
    return Path(str(sqlite_engine.url.database))


def test_a_file_is_backed_up_sealed_and_comes_back(file: Path, tmp_path: Path) -> None:
    key = tmp_path / "backup.key"
    made = CliRunner().invoke(app, ["keys", "create", "--sealing", "--out", str(key)])
    assert made.exit_code == 0
    backup, target = tmp_path / "backup", tmp_path / "target.sqlite"
    done = db("backup", "--sqlite", file, "--out", backup, "--key-file", key)
    assert (done.exit_code, "manifest SHA-256" in done.output) == (0, True)
    assert sorted(each.name for each in backup.iterdir()) == [
        "database.sqlite.sealed",
        "manifest.json.sealed",
    ]
    assert all(each.stat().st_mode & 0o077 == 0 for each in [backup, *backup.iterdir()])
    refused = db("restore", backup, "--sqlite", target)
    assert isinstance(refused.exception, InvalidInput)
    restored = db("restore", backup, "--sqlite", target, "--key-file", key)
    assert (restored.exit_code, "--after-restore" in restored.output) == (0, True)
    checked = db("check", "--sqlite", target)
    assert checked.exit_code == 0, checked.output
    assert "audit record: good" in checked.output


def test_a_plain_backup_says_that_it_is_one(file: Path, tmp_path: Path) -> None:
    assert (
        "whoever reads this folder reads everything"
        in db("backup", "--sqlite", file, "--out", tmp_path / "backup").output
    )


def test_a_check_that_finds_something_ends_with_1(file: Path) -> None:
    engine = make_engine(f"sqlite:///{file}")
    with engine.begin() as connection:
        connection.execute(text("UPDATE sites SET zone = 'elsewhere' WHERE site_id = 'alder'"))
    engine.dispose()
    done = db("check", "--sqlite", file)
    assert done.exit_code == 1
    assert "audit record: FAULTY" in done.output
    assert "alder" in done.output


def test_a_schema_goes_back_and_forth(tmp_path: Path) -> None:
    file = tmp_path / "new.sqlite"
    assert db("migrate", "--sqlite", file).output == "revision none -> 0016\n"
    assert db("migrate", "--sqlite", file, "--to", "0012").output == "revision 0016 -> 0012\n"
    assert db("migrate", "--sqlite", file).output == "revision 0012 -> 0016\n"
    # A database that came back by other means than ours is marked by hand, and taken for restored.
    for bad in ("yesterday", "2026-03-01T12:00:00"):
        refused = db("mark-restored", "--sqlite", file, "--as-of", bad)
        assert "expected an instant with its zone" in str(refused.exception)
    assert db("mark-restored", "--sqlite", file, "--as-of", "2026-03-01T12:00:00Z").exit_code == 0
    assert "1 restores wait" in str(db("migrate", "--sqlite", file, "--to", "0015").exception)


def test_the_hubs_user_is_set_up_as_the_containers_do(
    postgresql_engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = make_url(str(postgresql_engine.url))
    monkeypatch.setenv("VPP_DATABASE_URL", url.render_as_string(hide_password=False))
    monkeypatch.setenv("VPP_HUB_USER_PASSWORD", "a password of the hub's")
    for _ in range(2):  # a second time changes nothing
        done = db("grant", "--migrate", "--user", "hub_by_command")
        assert done.exit_code == 0, done.exception
        assert "password" not in done.output
    with postgresql_engine.connect() as connection:
        kept = connection.execute(text("SELECT rolpassword FROM pg_authid WHERE rolname = 'hub_by_command'"))
        assert str(kept.scalar_one()).startswith("SCRAM-SHA-256$")


def test_it_has_to_be_said_which_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VPP_DATABASE_URL", raising=False)
    assert "expected one of --sqlite" in str(db("check").exception)
    assert "expected one of" in str(db("backup", "--out", tmp_path / "x").exception)
