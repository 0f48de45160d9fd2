"""`vpp access` with a certificate of its own against a hub that serves with mutual TLS."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from click.testing import Result
from support.market import Market, make_market
from support.tls_serving import SecureHub, served_with_tls
from typer.testing import CliRunner

from vpp.cli.main import app


@pytest.fixture
def market(tmp_path: Path) -> Market:
    made = make_market(tmp_path)
    made.enrol("a", days=1)
    return made


@pytest.fixture
async def hub(market: Market, tmp_path: Path) -> AsyncIterator[SecureHub]:
    async with served_with_tls(market, tmp_path) as serving:
        yield serving


async def run(hub: SecureHub, who: str, *arguments: str) -> Result:
    folder = hub.hub.prepared.settings.base_directory
    certificate, key = folder / f"{who}.pem", folder / f"{who}.key"
    certificate.write_bytes(hub.certificate(who).pem)
    key.write_bytes(hub.certificate(who).key_pem)
    options = ["--hub", hub.address, "--ca-file", str(folder / "tls" / "ca.pem")]
    options += ["--cert-file", str(certificate), "--key-file", str(key)]
    return await asyncio.to_thread(CliRunner().invoke, app, ["access", *options, *arguments])


async def test_a_stolen_laptop_from_first_to_last(hub: SecureHub, tmp_path: Path) -> None:
    agent = hub.agent("agent-a")
    await agent.hello(hub.market, "a")
    listed = await run(hub, "admin-1", "sessions", "--json")
    (session,) = json.loads(listed.output)
    assert session["principal"] == "principals/agent-a"
    suspended = await run(hub, "admin-1", "suspend", "agent-a", "--reason", "laptop [bold]lost", "--json")
    assert json.loads(suspended.output)["state"] == "STATE_SUSPENDED"
    await agent.end()
    (tmp_path / "agent.pem").write_bytes(hub.certificate("agent-a").pem)
    revoked = await run(hub, "admin-1", "revoke", str(tmp_path / "agent.pem"), "--reason", "lost", "--json")
    serial = hub.certificate("agent-a").serial
    assert json.loads(revoked.output)["name"] == f"revokedCertificates/serial-{serial}"
    again = await run(hub, "admin-2", "restore", "principals/agent-a", "--reason", "new one given")
    assert "ACTIVE" in again.output
    shown = await run(hub, "auditor", "show", "agent-a")  # an auditor reads
    assert "new one given" in shown.output
    table = await run(hub, "auditor", "revoked")
    assert serial[:20] in table.output.replace("\n", "")
    principals = await run(hub, "auditor", "principals", "--json")
    assert [one["name"] for one in json.loads(principals.output)] == sorted(
        f"principals/{who}" for who in ("admin-1", "admin-2", "agent-a", "agent-b", "auditor", "operator")
    )


@pytest.mark.parametrize("who", ["auditor", "operator", "agent-a"])
async def test_nobody_else_decides(hub: SecureHub, who: str) -> None:
    for arguments in (("suspend", "agent-b"), ("restore", "agent-b"), ("revoke", "ab" * 20)):
        result = await run(hub, who, *arguments, "--reason", "x")
        assert result.exit_code != 0
        assert "PERMISSION_DENIED" in str(result.exception) or "not for your roles" in str(result.exception)


async def test_nobody_suspends_themselves(hub: SecureHub) -> None:
    result = await run(hub, "admin-1", "suspend", "admin-1", "--reason", "x")
    assert "nobody suspends themselves" in str(result.exception)


async def test_what_is_no_certificate_is_refused_before_anybody_is_asked(hub: SecureHub) -> None:
    result = await run(hub, "admin-1", "revoke", "no-such-file", "--reason", "x")
    assert result.exit_code == 2
    assert "no file and no number" in result.output
