"""`vpp settle print`, `export` and `dr-days` on files alone: no hub is needed."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from support.proved_month import ProvedMonth, first_evidence
from support.reckoned_statements import small_delivery, statement_for
from typer.testing import CliRunner

from vpp.cli.exit_codes import ExitCode
from vpp.cli.failures import describe_own
from vpp.cli.main import app
from vpp.foundation.errors import VppError
from vpp.settlement.bundle import bundle_bytes
from vpp.settlement.manifest import ManifestFacts
from vpp.settlement.manifest_signature import StatementSigner
from vpp.settlement.statement_files import write_statement
from vpp.settlement.statement_names import StatementNames

KEY = Ed25519PrivateKey.from_private_bytes(bytes(32))


@pytest.fixture
def statement(tmp_path: Path) -> Path:
    """A signed statement of an evening, in a folder with its summary and manifest."""
    made = statement_for("acme", [small_delivery()])
    facts = ManifestFacts(
        code_version="1.2.3",
        created_at=datetime(2026, 4, 9, 9, tzinfo=UTC),
        names=StatementNames("東京データセンター", {"north-1": "North one"}),
    )
    written = write_statement(made.head, made.lines, facts, signer=StatementSigner(KEY))
    for name, content in written.files.items():
        (tmp_path / name).write_bytes(content)
    return tmp_path / "statement_acme_2026-03_v1.csv"


def run(*words: object) -> tuple[int, str]:
    try:
        result = CliRunner().invoke(app, ["settle", *map(str, words)], catch_exceptions=False)
    except VppError as error:
        failure = describe_own(error)
        return failure.exit_code, failure.line
    return result.exit_code, result.output


def test_a_statement_is_printed_with_its_names_and_signature(statement: Path, tmp_path: Path) -> None:
    public = tmp_path / "hub.pub"
    public.write_bytes(KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    code, output = run("print", statement, "--public-key", public)
    page = statement.with_suffix(".html")
    assert (code, output.strip()) == (ExitCode.OK, str(page))
    text = page.read_text(encoding="utf-8")
    assert "<svg" in text
    for words in ("東京データセンター", "North one", "signed with key", "acme-2026-03-v1"):
        assert words in text
    assert run("print", statement, "--out", tmp_path / "new" / "again.html")[0] == ExitCode.OK
    again = (tmp_path / "new" / "again.html").read_text(encoding="utf-8")
    assert "not checked without its public key" in again


def test_a_changed_statement_is_not_printed(statement: Path) -> None:
    statement.write_bytes(statement.read_bytes().replace(b"m-77", b"m-78"))
    code, output = run("print", statement)
    assert code == ExitCode.REFUSED
    assert "does not agree with its manifest" in " ".join(output.split())
    assert not statement.with_suffix(".html").exists()


def test_without_a_manifest_the_page_says_so(statement: Path) -> None:
    statement.with_name("statement_acme_2026-03_v1.manifest.json").unlink()
    statement.with_name("statement_acme_2026-03_v1.summary.csv").unlink()
    assert run("print", statement)[0] == ExitCode.OK
    assert "Manifest: missing" in statement.with_suffix(".html").read_text(encoding="utf-8")


def test_a_summary_of_other_lines_is_not_printed(statement: Path) -> None:
    statement.with_name("statement_acme_2026-03_v1.manifest.json").unlink()
    summary = statement.with_name("statement_acme_2026-03_v1.summary.csv")
    kept = summary.read_bytes()
    for now in (
        kept.replace(b"acme-2026-03-v1", b"acme-2026-03-v2"),
        kept.replace(b'"3.12"', b'"3.13"'),
        b"\xff",
    ):
        assert now != kept
        summary.write_bytes(now)
        code, output = run("print", statement)
        assert (code, "Traceback" in output) == (ExitCode.REFUSED, False)
    assert not statement.with_suffix(".html").exists()


def test_no_command_writes_over_what_it_reads(statement: Path, tmp_path: Path) -> None:
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    for path in sorted(tmp_path.iterdir()):
        assert run("print", statement, "--out", path)[0] == ExitCode.USAGE
        assert run("export", statement, "--excel", "--out", path)[0] == ExitCode.USAGE
    assert run("dr-days", statement, "--year", 2026, "--out", statement)[0] == ExitCode.USAGE
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_bundle_adds_names_of_products_and_energy_around_events(tmp_path: Path) -> None:
    month = ProvedMonth(first_evidence())
    bundle = month.bundle("owner-a")
    for name, content in bundle.files.items():
        (tmp_path / name).write_bytes(content)
    csv_file = tmp_path / f"{bundle.head.stem}.csv"
    packed = tmp_path / bundle.file_name
    packed.write_bytes(bundle_bytes(bundle))
    assert run("print", csv_file, "--bundle", packed)[0] == ExitCode.OK
    text = csv_file.with_suffix(".html").read_text(encoding="utf-8")
    assert bundle.products[0].display_name in text
    assert "After kWh" in text

    other = tmp_path / "other.zip"
    other.write_bytes(bundle_bytes(month.bundle("owner-b")))
    code, output = run("print", csv_file, "--bundle", other)
    assert code == ExitCode.REFUSED
    assert "does not hold this" in output


def test_another_file_is_no_bundle(statement: Path) -> None:
    code, output = run("print", statement, "--bundle", statement)
    assert code == ExitCode.REFUSED
    assert "Traceback" not in output


def test_a_copy_for_a_spreadsheet_leaves_the_statement_alone(statement: Path, tmp_path: Path) -> None:
    before = statement.read_bytes()
    code, output = run("export", statement, "--excel", "--locale", "de")
    copy = tmp_path / "statement_acme_2026-03_v1.excel-de.csv"
    assert code == ExitCode.OK
    assert copy.name in "".join(output.split())
    assert copy.read_bytes().startswith('\ufeff"Abrechnung (statement_id)";'.encode())
    assert '"4,80"' in copy.read_text(encoding="utf-8")
    assert run("export", statement, "--excel", "--out", statement)[0] == ExitCode.USAGE
    assert run("export", statement)[0] == ExitCode.USAGE
    assert statement.read_bytes() == before


def test_a_statement_with_odd_times_is_refused(statement: Path) -> None:
    statement.with_name("statement_acme_2026-03_v1.manifest.json").unlink()
    statement.write_bytes(statement.read_bytes().replace(b"2026-03-02T17:00:00+00:00", b"teatime"))
    for words in (("dr-days", statement, "--year", 2026), ("print", statement)):
        code, output = run(*words)
        assert code == ExitCode.REFUSED
        assert "line 1 has local_start 'teatime'" in " ".join(output.split())


def test_a_summary_is_no_statement(statement: Path) -> None:
    summary = statement.with_name("statement_acme_2026-03_v1.summary.csv")
    for words in (("export", summary, "--excel"), ("dr-days", summary, "--year", 2026), ("print", summary)):
        code, output = run(*words)
        assert code == ExitCode.REFUSED
        assert "does not have the columns of a statement" in " ".join(output.split())


def test_days_are_listed_for_the_report_s_year(statement: Path, tmp_path: Path) -> None:
    code, output = run("dr-days", statement, "--year", 2026)
    assert code == ExitCode.OK
    assert output.splitlines() == [
        '"date","site_id","product_id","direction","event_count","hours","hours_without_data","delivered_kwh"',
        '"2026-03-02","north-1","example-peak-shaving","load_down","1","1.000","0.000","60.000"',
    ]
    out = tmp_path / "days.csv"
    code, words = run("dr-days", statement, "--year", 2025, "--first-month", 4, "--out", out)
    assert (code, out.read_text(encoding="utf-8")) == (ExitCode.OK, output)
    assert out.read_bytes().endswith(b"\r\n")
    assert "1 days from 2025-04-01" in " ".join(words.split())
    assert run("dr-days", statement, "--year", 2026, "--first-month", 4)[0] == ExitCode.NOT_SO
    assert run("dr-days", statement, "--year", 2026, "--site", "south-1")[0] == ExitCode.NOT_SO
    assert run("dr-days", statement, "--year", 2026, "--party", "bolt")[0] == ExitCode.NOT_SO
    assert run("dr-days", statement, "--year", 2026, "--party", "parties/acme")[0] == ExitCode.OK
