"""Secrets planted in every place where they live; nothing that comes out shows one."""

import logging
from io import StringIO
from pathlib import Path

import pytest
from typer.testing import CliRunner

from vpp.cli.main import app
from vpp.foundation.command_keys import new_key_pair
from vpp.foundation.errors import VppError
from vpp.foundation.log_format import log_handler
from vpp.hub.load_settings import load_settings
from vpp.hub.preparation import prepare
from vpp.storage.engine import make_engine
from vpp.storage.migrate import migrate

CANARY = "c4nary-Of-A-Secret"
SETTINGS = """
[server]
plaintext = true
port = 0
[database]
{database}
[market]
aggregator_party_id = "hub"
[signing]
key_file = "signing.key"
[[parties]]
party_id = "hub"
display_name = "Hub"
kind = "aggregator"
[[principals]]
principal_id = "operator"
party_id = "hub"
roles = ["market_operator"]
{token}
"""
FROM_FILE = 'token_file = "token"'
URL = f"postgresql+psycopg://vpp:{CANARY}@127.0.0.1:1/vpp"
BY_URL, BY_FILE = f'url = "{URL}"', 'url_file = "url"'


def folder_with(tmp_path: Path, *, database: str = BY_URL, token: str = "", key: str = "") -> Path:
    for name, content in (("token", CANARY), ("url", URL), ("signing.key", key or CANARY)):
        (tmp_path / name).write_text(content, encoding="utf-8")
    config = tmp_path / "hub.toml"
    config.write_text(SETTINGS.format(database=database, token=token or FROM_FILE), encoding="utf-8")
    return config


@pytest.mark.parametrize("database", [BY_URL, BY_FILE])
def test_a_dump_of_the_settings_shows_none(tmp_path: Path, database: str) -> None:
    config = folder_with(tmp_path, database=database)
    done = CliRunner().invoke(app, ["hub", "--config", str(config), "--show-settings"])
    assert done.exit_code == 0
    assert CANARY not in done.output
    assert '"url": "**********"' in done.output
    settings = load_settings(config)
    assert CANARY not in f"{settings!r} {settings} {settings.model_dump()}"


@pytest.mark.parametrize(
    "changes",
    [
        {"key": CANARY},  # no key at all
        {"database": BY_URL},
        {"database": BY_FILE},
        {"database": f'url = "postgresql+psycopg://vpp:{CANARY}:5@127.0.0.1:x/vpp"'},
        {"database": f'url = "postgresql+psycopg//vpp:{CANARY}@127.0.0.1/vpp"'},
        {"database": f'url = "mysql://vpp:{CANARY}@127.0.0.1/vpp"'},
        {"database": f'url = "{URL}"\npassword = "{CANARY}"'},
        {"token": f'token_sha256 = "{CANARY}"'},
        {"token": f'token = "{CANARY}"'},
    ],
    ids=str,
)
def test_a_hub_that_cannot_start_says_why_without_them(tmp_path: Path, changes: dict[str, str]) -> None:
    own_key = new_key_pair()[0].decode()
    config = folder_with(tmp_path, **{"key": own_key} | changes)
    stream = StringIO()
    handler = log_handler(stream, "text")
    logging.getLogger().addHandler(handler)
    try:
        with pytest.raises(VppError) as caught:
            prepare(load_settings(config))
        logging.getLogger("vpp").error("cannot start: %s", caught.value, exc_info=caught.value)
    finally:
        logging.getLogger().removeHandler(handler)
    assert CANARY not in str(caught.value)
    assert CANARY not in repr(caught.value.__dict__)
    assert CANARY not in stream.getvalue()
    assert "cannot start" in stream.getvalue()


def test_a_database_that_is_away_is_told_without_its_password(tmp_path: Path) -> None:
    with pytest.raises(VppError) as caught:
        migrate(make_engine(URL))
    assert CANARY not in f"{caught.value} {caught.value.__cause__}"
    file = tmp_path / "url"
    file.write_text(URL, encoding="utf-8")
    for command in (["check"], ["migrate"], ["grant"], ["backup", "--out", str(tmp_path / "out")]):
        done = CliRunner().invoke(app, ["db", *command, "--url-file", str(file)])
        assert done.exit_code != 0
        assert CANARY not in f"{done.output} {done.exception}"
