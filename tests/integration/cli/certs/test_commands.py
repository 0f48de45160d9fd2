"""`vpp certs` as people type it."""

import json
import os
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from vpp.cli.main import app
from vpp.foundation.certificate_pair import read_pair
from vpp.foundation.errors import VppError

Run = Callable[..., str]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.chdir(tmp_path)

    def command(*arguments: str, exit_code: int = 0, **environment: str) -> str:
        result = CliRunner(env={"COLUMNS": "400", "NO_COLOR": "1", **environment}).invoke(
            app, ["certs", *arguments]
        )
        if isinstance(result.exception, VppError):  # `main` turns it into a line and exit code 3
            assert exit_code == 3, result.exception
            return str(result.exception)
        assert result.exit_code == exit_code, result.output
        return result.output

    return command


CA = ("--authority", "ca")


def test_a_certificates_life_from_issue_to_revocation(run: Run) -> None:
    assert "without a passphrase: keep it off the hub's machine" in run("init", *CA)
    run("issue", *CA, "--hub", "hub", "--dns", "hub.example", "--ip", "192.0.2.1", "--out", "tls/hub")
    said = run("issue", *CA, "--party", "grid", "--principal", "operator", "--out", "tls/operator")
    assert "spiffe://vpp.example/party/grid/operator, until" in said
    old = read_pair(Path("tls/operator.pem"), Path("tls/operator.key"))
    run("rotate", *CA, "tls/operator.pem", "--revoke-old", "--days", "3")
    listed = {row["serial"]: row for row in json.loads(run("list", *CA, "--json"))}
    assert [row["state"] for row in listed.values()] == ["valid", "revoked", "valid"]
    assert listed[f"{old.serial:x}"]["fingerprint"] == old.fingerprint
    assert listed[f"{old.serial:x}"]["revoked_for"] == "superseded"
    assert "key_compromise" in run("revoke", *CA, "tls/hub.pem", "--reason", "key_compromise")
    run("revoke", *CA, "--serial", f"{old.serial:x}")  # it is already: nothing changes
    assert "2 revoked, fresh until" in run("crl", *CA, "--days", "30")
    facts = json.loads(run("show", "tls/hub.pem", "--json"))
    assert (facts["names"], facts["purposes"]) == ("spiffe://vpp.example/hub/hub", "is a hub")
    assert (facts["host_names"], facts["addresses"]) == ("hub.example", "192.0.2.1")
    table = run("list", *CA)
    assert old.fingerprint in table


def test_a_key_never_leaves_its_site(run: Run) -> None:
    run("init", *CA, "--trust-domain", "north.example")
    run("request", "--out", "at-site/site")
    key = Path("at-site/site.key").read_bytes()
    who = ("--party", "north-owner", "--site", "north-1", "--principal", "agent-north-1")
    run("issue", *CA, *who, "--csr", "at-site/site.csr", "--out", "at-site/site")
    assert not Path("site.key").exists()
    pair = read_pair(Path("at-site/site.pem"), Path("at-site/site.key"))
    assert (str(pair.name), pair.key_pem) == (
        "spiffe://north.example/party/north-owner/site/north-1/agent-north-1",
        key,
    )
    run("request", "--out", "at-site/next")
    run("issue", *CA, *who, "--csr", "at-site/next.csr", "--out", "at-site/next")
    run("install", "at-site/site.pem", "--new", "at-site/next")
    assert read_pair(Path("at-site/site.pem"), Path("at-site/site.key")).serial != pair.serial


def test_a_passphrase_comes_from_a_file_or_the_environment_alone(run: Run) -> None:
    secret = "correct horse battery staple"  # noqa: S105  made up
    Path("phrase").write_text(f"{secret}\n")
    run("init", *CA, "--passphrase-file", "phrase")
    issue = ("issue", *CA, "--party", "grid", "--principal", "operator")
    run(*issue, "--out", "a", VPP_CA_PASSPHRASE=secret)
    run(*issue, "--out", "b", "--passphrase-file", "phrase")
    refused = run(*issue, "--out", "c", exit_code=3)
    refused += run(*issue, "--out", "c", exit_code=3, VPP_CA_PASSPHRASE="wrong-one")  # noqa: S106  made up
    assert "its passphrase is missing or another" in refused
    assert secret not in refused
    assert "wrong-one" not in refused
    assert not Path("c.pem").exists()
    assert "no such option" in run("init", *CA, "--passphrase", secret, exit_code=2).lower()


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("--out", "x"), "give --hub with --dns or --ip, or --party and --principal"),
        (("--out", "x", "--party", "grid"), "give --hub with --dns or --ip, or --party and --principal"),
        (("--out", "x", "--hub", "h", "--principal", "p"), "not both"),
        (("--out", "x", "--hub", "h", "--ip", "localhost"), "does not appear to be an IPv4 or IPv6 address"),
        (("--out", "x", "--hub", "h", "--dns", "d", "--days", "400"), "398"),
    ],
)
def test_what_is_typed_wrong_is_said(run: Run, arguments: tuple[str, ...], complaint: str) -> None:
    run("init", *CA)
    assert complaint in " ".join(run("issue", *CA, *arguments, exit_code=2).split())


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("--hub", "h"), "needs a host name or an address"),
        (("--hub", "H", "--dns", "d"), "hub_name is 'H'"),
        (("--party", "grid", "--principal", "operator", "--ip", "192.0.2.1"), "are for hubs alone"),
        (("--party", "grid", "--site", "../x", "--principal", "a"), "site_id is '../x'"),
    ],
)
def test_who_cannot_be_named_gets_nothing(run: Run, arguments: tuple[str, ...], complaint: str) -> None:
    run("init", *CA)
    assert complaint in run("issue", *CA, *arguments, "--out", "x", exit_code=3)
    assert not Path("x.pem").exists()
    assert json.loads(run("list", *CA, "--json")) == []


def test_the_commands_of_the_readme_run(run: Run) -> None:
    text = (Path(__file__).parents[4] / "configs" / "README.md").read_text()
    section = text[text.index("## Certificates") : text.index("## Signed commands")]
    lines = [line for line in section.splitlines() if line.startswith("vpp certs ")]
    Path("passphrase").write_text("made up\n")
    secret = {"VPP_CA_PASSPHRASE": "made up"}
    for line in lines:
        run(*shlex.split(line)[2:], **secret)
    assert len(lines) == 5
    assert {file.name for file in Path().rglob("*.pem")} == {"ca.pem", "hub.pem", "operator.pem", "site.pem"}
    assert str(read_pair(Path("site.pem"), Path("site.key")).name).endswith("/site/north-1/agent-north-1")


def test_there_is_no_way_to_skip_verification() -> None:
    """Neither an option nor a setting of that kind exists anywhere in the program."""
    root = Path(__file__).parents[4] / "vpp"
    words = (
        "insecure_skip",
        "skip_verify",
        "no_verify",
        "verify=False",
        "CERT_NONE",
        "check_hostname = False",
    )
    found = [
        f"{file.relative_to(root)}: {word}"
        for folder, _, names in os.walk(root)
        for file in (Path(folder, name) for name in names if name.endswith(".py"))
        for word in words
        if word.lower() in file.read_text(encoding="utf-8").lower()
    ]
    assert found == []
