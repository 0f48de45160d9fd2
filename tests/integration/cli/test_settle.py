"""`vpp settle` against a real hub: run, list, prove, explain and compare what it wrote."""

import csv
import io
import json
import shutil
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import Result
from support.csv_rows import with_rows
from support.hub_command import Command, command_of
from support.market import EVENING, RULES, InlinePool, Market, market_on
from support.serving import Served, served
from support.settled_evening import deliver, settle_evening
from typer.testing import CliRunner

from vpp.cli.exit_codes import ExitCode
from vpp.cli.main import app
from vpp.foundation.clock import ManualClock
from vpp.foundation.command_keys import new_key_pair, read_signing_key
from vpp.settlement.bundle import bundle_bytes, read_bundle
from vpp.settlement.manifest import ManifestFacts
from vpp.settlement.manifest_signature import StatementSigner
from vpp.settlement.reckoned_statement import reckoned_statement
from vpp.settlement.statement_files import write_statement
from vpp.storage.engine import make_engine
from vpp.storage.migrate import migrate
from vpp.storage.unit_of_work import SqlUnitOfWorkFactory
from vpp.workflows.settling import run_settlement

PERIOD = f"{EVENING.start:%Y-%m}"


@pytest.fixture(scope="module")
def settled_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database in which a and b delivered an evening; b's readings of it have not come yet."""
    path = tmp_path_factory.mktemp("settled") / "hub.sqlite"
    engine = make_engine(f"sqlite:///{path}")
    migrate(engine)
    market = market_on(engine)
    market.enrol("a")
    market.enrol("b")
    settle_evening(market, {"a": 100.0}, bids={"a": (100.0, "60"), "b": (100.0, "90")})
    engine.dispose()
    return path


@pytest.fixture
def settled(settled_database: Path, tmp_path: Path) -> Market:
    """The same, in a database of the test's own."""
    for path in settled_database.parent.glob("hub.sqlite*"):
        shutil.copy(path, tmp_path)
    clock = ManualClock(EVENING.end + timedelta(hours=4))
    engine = make_engine(f"sqlite:///{tmp_path / 'hub.sqlite'}")
    return Market(SqlUnitOfWorkFactory(engine, clock), clock, InlinePool())


@pytest.fixture
async def hub(settled: Market, tmp_path: Path) -> AsyncIterator[Served]:
    async with served(settled, tmp_path) as serving:
        yield serving


@pytest.fixture
def vpp(hub: Served, tmp_path: Path) -> Command:
    return command_of(hub, tmp_path, "settle")


async def downloaded(vpp: Command, caller: str, statement: str, folder: Path) -> Path:
    """Fetch a statement's bundle, and lay its files and the bundle into a folder."""
    target = folder / f"{statement}.zip"
    assert (await vpp(caller, "bundle", statement, "--out", target)).exit_code == 0
    bundle = read_bundle(target.read_bytes())
    for name, content in bundle.files.items():
        (folder / name).write_bytes(content)
    return folder / f"{bundle.head.stem}.csv"


async def test_a_dry_run_says_what_would_change_and_keeps_nothing(hub: Served, vpp: Command) -> None:
    deliver(hub.market, {"b": 50.0})

    dry = await vpp("settlement", "run", "--period", PERIOD, "--dry-run", "--json")
    runs = await vpp("settlement", "runs", "--period", PERIOD, "--json")

    assert dry.exit_code == 0, dry.output
    found = json.loads(dry.stdout)
    changed = {change["party"]: change["version_number"] for change in found["changes"]}
    assert changed == {"parties/grid": 2, "parties/hub": 2, "parties/owner-b": 2}
    assert "settlement_run" not in found
    assert [run["run_number"] for run in json.loads(runs.stdout)] == [1]


async def test_a_run_writes_new_versions_and_a_second_one_nothing(
    hub: Served, vpp: Command, tmp_path: Path
) -> None:
    deliver(hub.market, {"b": 50.0})

    first = await vpp("settlement", "run", "--period", PERIOD)
    second = await vpp("settlement", "run", "--period", PERIOD)
    listed = await vpp("settlement", "list", "--period", PERIOD, "--json")

    assert first.exit_code == second.exit_code == 0, first.output
    assert f"run-{PERIOD}-2, RECALC" in first.stdout
    assert f"Nothing changes in {PERIOD}" in second.stdout
    versions = {item["name"]: item for item in json.loads(listed.stdout)}
    assert f"statements/owner-b-{PERIOD}-v2" in versions
    assert f"statements/owner-a-{PERIOD}-v2" not in versions
    written = versions[f"statements/owner-b-{PERIOD}-v2"]
    assert written["settlement_run"] == f"settlementRuns/run-{PERIOD}-2"
    assert written["dispute_deadline_time"] > written["create_time"]
    # The line was there before, without readings and so without an amount.
    statement = await downloaded(vpp, "owner-b", f"owner-b-{PERIOD}-v2", tmp_path)
    explained = await vpp("owner-b", "explain", statement, "--line", 1, "--json")
    reason = json.loads(explained.stdout)["change"]["reason"]
    assert reason == f"the readings are other than in owner-b-{PERIOD}-v1"


async def test_a_final_run_is_made_on_request_once_the_month_is_over(hub: Served, vpp: Command) -> None:
    early = await vpp("settlement", "run", "--period", PERIOD, "--type", "final")
    hub.market.clock.advance_to(EVENING.end + timedelta(days=31))
    final = await vpp("settlement", "run", "--period", PERIOD, "--type", "final", "--json")

    assert early.exception.code().name == "FAILED_PRECONDITION"
    assert final.exit_code == 0, final.output
    run = json.loads(final.stdout)["settlement_run"]
    assert (run["run_type"], run["actor"]) == ("RUN_TYPE_FINAL", "settlement")
    assert len(run["statements"]) == 4


async def test_what_was_believed_on_a_day_can_be_asked_for(hub: Served, vpp: Command) -> None:
    before = hub.market.clock.now()
    early = await vpp("settlement", "balances", "--json")
    hub.market.clock.advance_to(before + timedelta(hours=1))
    deliver(hub.market, {"b": 50.0})
    await vpp("settlement", "run", "--period", PERIOD)

    then = await vpp("settlement", "balances", "--as-of", before.isoformat(), "--json")
    now = await vpp("settlement", "balances", "--json")
    statements = await vpp("settlement", "list", "--as-of", before.isoformat(), "--json")

    assert json.loads(then.stdout) == json.loads(early.stdout) != json.loads(now.stdout)
    assert {item["version_number"] for item in json.loads(statements.stdout)} == {1}


async def test_balances_add_up_to_nothing_and_owners_see_their_own(vpp: Command) -> None:
    everything = json.loads((await vpp("auditor", "balances", "--period", PERIOD, "--json")).stdout)
    own = json.loads((await vpp("owner-a", "balances", "--json")).stdout)

    total = sum(
        int(item["balance_amount"]["units"]) * 10**9 + item["balance_amount"]["nanos"] for item in everything
    )
    assert total == 0
    assert {item["account"] for item in everything} > {item["account"] for item in own}
    assert {item["party"] for item in own} == {"parties/owner-a"}


async def test_only_settlement_officers_run_settlements(vpp: Command) -> None:
    for caller in ("operator", "auditor", "owner-a", "agent-a"):
        refused = await vpp(caller, "run", "--period", PERIOD)

        assert refused.exception.code().name == "PERMISSION_DENIED", caller
    assert (await vpp("owner-a", "runs")).exception.code().name == "PERMISSION_DENIED"


async def test_a_statement_is_proved_with_its_bundle_alone(vpp: Command, tmp_path: Path) -> None:
    statement = await downloaded(vpp, "owner-a", f"owner-a-{PERIOD}-v1", tmp_path)
    bundle = tmp_path / f"owner-a-{PERIOD}-v1.zip"

    # Without --hub and --token-file: nothing but the two files.
    held = CliRunner().invoke(app, ["settle", "verify", str(statement), "--bundle", str(bundle)])
    from_hub = await vpp("owner-a", "verify", statement, "--json")

    assert held.exit_code == 0, held.output
    assert "Everything agrees, but nothing is signed for." in held.stdout
    assert "whoever made statement, manifest and bundle could make them agree" in held.stdout
    found = json.loads(from_hub.stdout)
    assert found["holds"]
    assert found["reckoned_line_count"] == 16
    assert found["signature"] == "unsigned"


async def test_an_unsigned_statement_does_not_pass_for_a_signed_one(vpp: Command, tmp_path: Path) -> None:
    statement = await downloaded(vpp, "owner-a", f"owner-a-{PERIOD}-v1", tmp_path)
    key = tmp_path / "hub.pem"
    key.write_bytes(new_key_pair()[1])

    found = await vpp("owner-a", "verify", statement, "--public-key", key, "--json")

    assert found.exit_code == ExitCode.NOT_SO
    assert json.loads(found.stdout)["faults"]["manifest"] == ["unsigned"]


async def test_a_signed_statement_holds_and_what_is_forged_without_the_key_does_not(
    hub: Served, vpp: Command, tmp_path: Path
) -> None:
    """Statement, manifest and bundle altered together agree with each other; the signature is what tells."""
    private, public = new_key_pair()
    (tmp_path / "hub.pem").write_bytes(public)
    (tmp_path / "other.pem").write_bytes(new_key_pair()[1])
    signer = StatementSigner(read_signing_key(private, "hub's key"))
    deliver(hub.market, {"b": 50.0})
    run_settlement(hub.market.units, replace(RULES, statement_signer=signer), PERIOD)
    statement = await downloaded(vpp, "owner-b", f"owner-b-{PERIOD}-v2", tmp_path)
    bundle = tmp_path / f"owner-b-{PERIOD}-v2.zip"

    def verified(*more: object) -> Result:
        arguments = ["settle", "verify", statement, "--bundle", bundle, *more]
        return CliRunner().invoke(app, [*map(str, arguments)])

    held = verified("--public-key", tmp_path / "hub.pem")
    unknown = verified("--public-key", tmp_path / "other.pem")
    unchecked = verified()
    forge_all(statement, bundle)
    agreeing, told = verified("--json"), verified("--public-key", tmp_path / "hub.pem", "--json")

    assert held.exit_code == unchecked.exit_code == 0, held.output
    assert "Everything holds." in held.stdout
    assert "comes from the hub" not in held.stdout
    assert unknown.exit_code == ExitCode.NOT_SO
    assert "no public key was given" in unchecked.stdout
    assert json.loads(agreeing.stdout)["holds"]
    assert "could make them agree with each other" in json.loads(agreeing.stdout)["not_proved"][0]
    assert told.exit_code == ExitCode.NOT_SO
    assert json.loads(told.stdout)["faults"]["manifest"] == ["unsigned"]


def forge_all(statement: Path, bundle_file: Path) -> None:
    """Raise a price in the evidence, and make bundle, statement and manifest agree with it."""
    bundle = read_bundle(bundle_file.read_bytes())
    documents = tuple(
        document.replace(b'"price_per_mwh":["', b'"price_per_mwh":["9') for document in bundle.documents
    )
    assert documents != bundle.documents
    forged = replace(bundle, documents=documents, files={})
    head, evidence = forged.head, forged.evidence()
    facts = ManifestFacts(
        forged.run.code_version,
        forged.run.created_at,
        run_id=forged.run.run_id,
        evidence_sha256=forged.seal(evidence),
    )
    lines = (line for line, _ in reckoned_statement(forged).lines)
    files = write_statement(head, lines, facts, terms=None, signer=None).files
    for name, content in files.items():
        (statement.parent / name).write_bytes(content)
    bundle_file.write_bytes(bundle_bytes(replace(forged, files=files)))


async def test_a_forged_statement_is_told_by_line_and_cell(vpp: Command, tmp_path: Path) -> None:
    statement = await downloaded(vpp, "owner-a", f"owner-a-{PERIOD}-v1", tmp_path)
    statement.write_bytes(with_rows(statement.read_bytes(), {0: {"amount": "22.50"}}))

    found = await vpp("owner-a", "verify", statement, "--json")

    assert found.exit_code == ExitCode.NOT_SO
    faults = json.loads(found.stdout)["faults"]
    start = f"{EVENING.start:%Y-%m-%dT%H:%M}:00Z"
    assert faults["lines"] == [f"line 1 (evening a {start} ENERGY): amount is 22.50, the evidence gives 2.25"]
    assert any("sha256" in fault for fault in faults["manifest"])


async def test_a_bundle_that_is_broken_or_anothers_does_not_prove(vpp: Command, tmp_path: Path) -> None:
    statement = await downloaded(vpp, "owner-a", f"owner-a-{PERIOD}-v1", tmp_path)
    await downloaded(vpp, "owner-b", f"owner-b-{PERIOD}-v1", tmp_path)
    broken = tmp_path / "broken.zip"
    broken.write_bytes(b"PK\x03\x04 and nothing more")

    for bundle, said in (
        (broken, "no ZIP file"),
        (tmp_path / f"owner-b-{PERIOD}-v1.zip", f"bundle is of statement owner-b-{PERIOD}-v1"),
    ):
        found = await vpp("owner-a", "verify", statement, "--bundle", bundle, "--json")

        assert found.exit_code == ExitCode.NOT_SO
        assert any(said in fault for fault in json.loads(found.stdout)["faults"]["bundle"])


async def test_an_owner_gets_no_bundle_of_another(vpp: Command, tmp_path: Path) -> None:
    refused = await vpp("owner-a", "bundle", f"owner-b-{PERIOD}-v1", "--out", tmp_path / "x.zip")

    assert refused.exception.code().name == "NOT_FOUND"
    assert not (tmp_path / "x.zip").exists()


async def test_a_line_is_explained_from_the_hub_and_from_a_file(vpp: Command, tmp_path: Path) -> None:
    statement = await downloaded(vpp, "owner-a", f"owner-a-{PERIOD}-v1", tmp_path)

    text = await vpp("owner-a", "explain", statement, "--line", 1)
    document = await vpp(
        "owner-a",
        "explain",
        statement,
        "--line",
        2,
        "--bundle",
        tmp_path / f"owner-a-{PERIOD}-v1.zip",
        "--json",
    )
    beyond = await vpp("owner-a", "explain", statement, "--line", 17)

    assert text.exit_code == document.exit_code == 0, text.output
    for said in ("days used", "owner-a:site:a:GBP", "25.000 kWh * 90.000000 GBP/MWh / 1000 = 2.25"):
        assert said in text.stdout
    found = json.loads(document.stdout)
    assert found["line"]["line_code"] == "agg_fee"
    assert found["change"]["reason"] == "this is the first version, so the whole amount is the change"
    assert len(found["readings"]) == 8
    assert "has lines 1 to 16" in str(beyond.exception)


async def test_versions_are_compared_by_id_and_by_file(hub: Served, vpp: Command, tmp_path: Path) -> None:
    first = await downloaded(vpp, "owner-b", f"owner-b-{PERIOD}-v1", tmp_path)
    deliver(hub.market, {"b": 50.0})
    await vpp("settlement", "run", "--period", PERIOD)

    by_id = await vpp("owner-b", "diff", f"owner-b-{PERIOD}-v1", f"owner-b-{PERIOD}-v2", "--json")
    by_file = await vpp("owner-b", "diff", first, f"owner-b-{PERIOD}-v2", "--json")
    as_csv = await vpp("owner-b", "diff", first, f"owner-b-{PERIOD}-v2", "--csv")
    as_table = await vpp("owner-b", "diff", first, f"owner-b-{PERIOD}-v2")

    found = json.loads(by_id.stdout)
    assert by_file.stdout == by_id.stdout
    assert found["delta_amount"] == "8.16"  # eight times 12.5 kWh at 90 per MWh, 1.13, less a tenth, 0.11
    rows = list(csv.DictReader(io.StringIO(as_csv.stdout)))
    assert len(rows) == len(found["changes"])
    assert {row["change"] for row in rows} == {"changed", "added"}
    assert any("quality: MISSING to OK" in row["changed_cells"] for row in rows)
    assert "+8.16" in as_table.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("run", "--period", "2026-13"), "no month"),
        (("run", "--period", PERIOD, "--as-of", "yesterday"), "not an instant"),
        (("run", "--period", PERIOD, "--type", "later"), "later"),
        (("list", "--period", "march"), "no month"),
        (("diff", "missing.csv", "other.csv"), "missing.csv is missing"),
        (("diff", "a", "b", "--csv", "--json"), "exclude each other"),
        (("verify", "missing.csv"), "cannot be read"),
        (("explain", "missing.csv", "--line", "0"), "--line"),
    ],
)
def test_a_slip_on_the_command_line_is_told_before_anything_is_sent(
    arguments: tuple[str, ...], said: str
) -> None:
    refused = CliRunner().invoke(app, ["settle", *arguments])

    assert refused.exit_code == ExitCode.USAGE
    assert said in refused.output
