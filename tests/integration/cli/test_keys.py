"""`vpp keys` makes files that the hub and agents can use, and never writes over one."""

import stat
from pathlib import Path

import pytest
from typer.testing import CliRunner

from vpp.cli.key_files import write_key_pair
from vpp.cli.main import app
from vpp.foundation.command_keys import read_signing_key, read_verify_keys
from vpp.foundation.errors import AlreadyExists, InvalidInput
from vpp.foundation.sealing_keys import read_sealing_keys
from vpp.hub.preparation import delivery_signer, market_rules
from vpp.hub.settings import HubSettings, MarketSettings, PartySettings
from vpp.hub.signing_settings import SigningSettings
from vpp.portfolio.party import PartyKind


def settings(folder: Path, key_file: Path | None) -> HubSettings:
    return HubSettings(
        base_directory=folder,
        market=MarketSettings(aggregator_party_id="hub"),
        parties=(PartySettings(party_id="hub", display_name="Hub", kind=PartyKind.AGGREGATOR),),
        signing=SigningSettings(key_file=key_file),
    )


def test_a_pair_is_written_shown_and_used(tmp_path: Path) -> None:
    made = CliRunner().invoke(app, ["keys", "create", "--out", str(tmp_path / "new" / "hub")])
    assert made.exit_code == 0
    private, public = tmp_path / "new" / "hub.key", tmp_path / "new" / "hub.pub"
    assert stat.S_IMODE(private.stat().st_mode) == 0o600
    (key_id,) = read_verify_keys(public.read_bytes(), "hub.pub")
    assert key_id in made.output
    for file in (private, public):
        assert CliRunner().invoke(app, ["keys", "show", str(file)]).output.split() == [key_id]
    signer = delivery_signer(settings(tmp_path, Path("new/hub.key")))
    assert signer is not None
    assert signer.key_id == key_id
    vouching = market_rules(settings(tmp_path, Path("new/hub.key"))).statement_signer
    assert vouching is not None
    assert vouching.key_id == key_id
    assert market_rules(settings(tmp_path, None)).statement_signer is None


@pytest.mark.parametrize("ending", ["key", "pub"])
def test_nothing_is_written_over(tmp_path: Path, ending: str) -> None:
    (tmp_path / f"hub.{ending}").write_text("mine")
    with pytest.raises(AlreadyExists, match=rf"hub\.{ending} exists"):
        write_key_pair(tmp_path / "hub")
    assert [file.name for file in tmp_path.iterdir()] == [f"hub.{ending}"]


def test_a_hub_without_a_key_signs_nothing_and_one_with_a_wrong_file_does_not_start(tmp_path: Path) -> None:
    assert delivery_signer(settings(tmp_path, None)) is None
    with pytest.raises(InvalidInput, match=r"none\.key cannot be read"):
        delivery_signer(settings(tmp_path, Path("none.key")))
    files = write_key_pair(tmp_path / "hub")
    with pytest.raises(InvalidInput, match=r"signing\.key_file hub\.pub is no private key"):
        delivery_signer(settings(tmp_path, Path("hub.pub")))
    assert read_signing_key(files.private_file.read_bytes(), "hub.key")


def test_a_sealing_key_is_written_shown_and_never_over_another(tmp_path: Path) -> None:
    file = tmp_path / "secrets" / "sealing.key"
    made = CliRunner().invoke(app, ["keys", "create", "--sealing", "--out", str(file)])
    assert made.exit_code == 0
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    (key_id,) = read_sealing_keys(file.read_text(), "sealing.key").key_ids
    assert key_id in made.output
    assert file.read_text().strip() not in made.output
    assert CliRunner().invoke(app, ["keys", "show", str(file)]).output.split() == [key_id]
    again = CliRunner().invoke(app, ["keys", "create", "--sealing", "--out", str(file)])
    assert isinstance(again.exception, AlreadyExists)
