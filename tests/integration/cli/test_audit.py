"""`vpp audit` against a real hub: export, keep heads, verify, replay."""

import json
import shutil
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from support.audit_files import KEY
from support.hub_command import Command, command_of
from support.market import EVENING, InlinePool, Market, market_on
from support.serving import Served, served
from support.settled_evening import settle_evening

from vpp.cli.auction.verify import verify_files
from vpp.cli.exit_codes import ExitCode
from vpp.foundation.clock import ManualClock
from vpp.foundation.errors import InvalidInput
from vpp.storage.engine import make_engine
from vpp.storage.migrate import migrate
from vpp.storage.unit_of_work import SqlUnitOfWorkFactory
from vpp.workflows.signing_heads import sign_heads


@pytest.fixture(scope="module")
def settled_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with a settled evening of sites a and b, and signed heads."""
    path = tmp_path_factory.mktemp("settled") / "hub.sqlite"
    engine = make_engine(f"sqlite:///{path}")
    migrate(engine)
    market = market_on(engine)
    market.enrol("a")
    market.enrol("b")
    settle_evening(market, {"a": 100.0, "b": 40.0}, bids={"a": (100.0, "60"), "b": (100.0, "90")})
    sign_heads(market.units, KEY)
    engine.dispose()
    return path


@pytest.fixture
async def hub(settled_database: Path, tmp_path: Path) -> AsyncIterator[Served]:
    shutil.copy(settled_database, tmp_path / "hub.sqlite")
    clock = ManualClock(EVENING.end + timedelta(hours=4))
    engine = make_engine(f"sqlite:///{tmp_path / 'hub.sqlite'}")
    market = Market(SqlUnitOfWorkFactory(engine, clock), clock, InlinePool())
    async with served(market, tmp_path) as serving:
        yield serving
    engine.dispose()


@pytest.fixture
def public_key(tmp_path: Path) -> Path:
    file = tmp_path / "hub.pub"
    file.write_bytes(KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    return file


@pytest.fixture
def vpp(hub: Served, tmp_path: Path) -> Command:
    return command_of(hub, tmp_path, "audit")


def names_in(folder: Path) -> str:
    return " ".join(sorted(path.name for path in folder.iterdir()))


async def test_a_party_exports_its_chain_and_verifies_it_offline(
    vpp: Command, tmp_path: Path, public_key: Path
) -> None:
    kept, file = tmp_path / "heads.jsonl", tmp_path / "export.txt"
    listed = await vpp("owner-a", "heads", "--party", "owner-a", "--keep", kept, "--newest")
    again = await vpp("owner-a", "heads", "--party", "owner-a", "--keep", kept)
    assert (listed.exit_code, again.exit_code) == (0, 0), listed.output + again.output
    assert len(kept.read_text().splitlines()) == 1
    exported = await vpp("owner-a", "export", "--party", "owner-a", "--out", file)
    assert exported.exit_code == 0, exported.output
    options = ["--public-key", public_key, "--heads", kept, "--json"]
    verified = await vpp("nobody", "verify", file, *options)
    found = json.loads(verified.stdout)
    assert (verified.exit_code, found["holds"], list(found["chains"])) == (0, True, ["parties/owner-a"])
    assert found["chains"]["parties/owner-a"]["covered"] == found["chains"]["parties/owner-a"]["entries"]

    foreign, manifest = tmp_path / "foreign.jsonl", tmp_path / "s_v1.manifest.json"
    head = json.loads(kept.read_text())
    foreign.write_text(json.dumps({**head, "chain": "parties/other", "key_id": "", "signature": ""}))
    aside = await vpp("nobody", "verify", file, "--heads", foreign, "--json")
    assert "1 kept heads are of chains that are not in the file" in json.loads(aside.stdout)["not_proved"]
    manifest.write_text(json.dumps({"statement_id": "s-v1", "audit_head": head}, indent=2))
    held = await vpp("nobody", "verify", file, "--heads", manifest, "--json")
    assert json.loads(held.stdout)["chains"]["parties/owner-a"]["covered"] == head["sequence"]
    manifest.write_text(json.dumps({"statement_id": "s-v1", "audit_head": {**head, "entry_hash": "0" * 64}}))
    assert (await vpp("nobody", "verify", file, "--heads", manifest)).exit_code == ExitCode.NOT_SO

    content = file.read_bytes()
    file.write_bytes(content.replace(b'"actor":"hub"', b'"actor":"eve"', 1))
    tampered = await vpp("nobody", "verify", file, *options)
    assert tampered.exit_code == ExitCode.NOT_SO
    assert "parties/owner-a entry" in json.loads(tampered.stdout)["faults"][0]


async def test_an_export_writes_over_nothing_and_leaves_nothing_half(vpp: Command, tmp_path: Path) -> None:
    file = tmp_path / "export.txt"
    file.write_text("mine")
    there = await vpp("owner-a", "export", "--party", "owner-a", "--out", file)
    assert isinstance(there.exception, InvalidInput)
    assert file.read_text() == "mine"
    foreign = await vpp("owner-a", "export", "--party", "owner-b", "--out", tmp_path / "other.txt")
    assert foreign.exception is not None
    assert "other" not in names_in(tmp_path)


async def test_an_auditor_clears_again_to_the_same_bytes(vpp: Command, tmp_path: Path) -> None:
    file = tmp_path / "all.txt"
    assert (await vpp("auditor", "export", "--all", "--out", file)).exit_code == 0
    kept = tmp_path / "kept"
    replayed = await vpp("auditor", "replay", file, "--event", "evening", "--json", "--keep", kept)
    assert replayed.exit_code == 0, replayed.output
    found = json.loads(replayed.stdout)["events/evening"]
    assert (found["is_same"], found["differing"]) == (True, [])
    assert found["solver_then"] == found["solver_now"]
    assert (found["committed_bid_count"], found["violations"]) == (2, [])
    checked = verify_files(kept / "evening.book.json", kept / "evening.result.json", as_json=True)
    assert checked  # each bid is what its commitment says
    file.write_bytes(file.read_bytes().replace(b"clearingInput", b"clearingInpux", 1))
    refused = await vpp("auditor", "replay", file)
    assert isinstance(refused.exception, InvalidInput)


async def test_the_hubs_owner_verifies_the_database_with_every_row(
    vpp: Command, tmp_path: Path, public_key: Path
) -> None:
    url = f"sqlite:///{tmp_path / 'hub.sqlite'}"
    verified = await vpp("nobody", "verify", "--database", url, "--public-key", public_key)
    assert verified.exit_code == 0, verified.output
    assert "rows are what their entries say" in verified.output
    assert "no hash can tell" in verified.output
