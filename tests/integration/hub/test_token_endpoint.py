"""Access tokens from the hub's own endpoint, over real TLS, and what they are worth at the hub."""

import asyncio
import http.client
import json
import socket
import ssl
import stat
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path
from urllib.parse import urlencode

import grpc
import pytest
from support.certificates import Held, TestAuthority, issue_hub, uri, write_hub_files
from support.market import Market, make_market
from support.tls_serving import CALLERS, SecureHub, name_of, served_with_tls
from support.tokens import key_pem
from typer.testing import CliRunner

from vpp.cli.main import app
from vpp.foundation.clock import pause
from vpp.foundation.errors import InvalidInput
from vpp.hub.oauth_composition import compose_oauth
from vpp.hub.oauth_settings import OauthSettings
from vpp.v1.event_pb2 import ListEventsRequest
from vpp.v1.event_pb2_grpc import EventServiceStub
from vpp.v1.portfolio_pb2 import CreatePartyRequest
from vpp.v1.portfolio_pb2_grpc import PortfolioServiceStub

FORM = {"grant_type": "client_credentials", "client_id": "operator"}
UNFINISHED = (
    b"POST /oauth2/token HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n"
    b"Content-Type: application/x-www-form-urlencoded\r\n\r\n"
)
SETTINGS = OauthSettings(issuer="https://localhost:1", key_file=Path("tokens.key"), port=0)


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[SecureHub]:
    market: Market = make_market(tmp_path)
    (tmp_path / "tokens.key").write_bytes(key_pem())
    async with served_with_tls(market, tmp_path, oauth=SETTINGS) as serving:
        yield serving


@pytest.fixture
async def port(hub: SecureHub) -> AsyncIterator[int]:
    endpoint = hub.hub.token_endpoint
    assert endpoint is not None
    yield await endpoint.start(SETTINGS)
    await endpoint.close()


def files_of(folder: Path, hub: SecureHub, held: Held) -> list[str]:
    """Write a caller's files; returns them as options."""
    contents = {"ca-file": hub.authority.pem, "cert-file": held.pem, "key-file": held.key_pem}
    options = []
    for name, content in contents.items():
        (folder / name).write_bytes(content)
        options += [f"--{name}", str(folder / name)]
    return options


def context_of(folder: Path, hub: SecureHub, held: Held | None) -> ssl.SSLContext:
    context = ssl.create_default_context(cadata=hub.authority.pem.decode())
    if held is not None:
        files = files_of(folder, hub, held)
        context.load_cert_chain(files[3], files[5])
    return context


def ask(port: int, context: ssl.SSLContext, form: str) -> tuple[int, dict[str, str]]:
    connection = http.client.HTTPSConnection("localhost", port, timeout=10, context=context)
    with closing(connection):
        connection.request(
            "POST", "/oauth2/token", form, {"Content-Type": "application/x-www-form-urlencoded"}
        )
        response = connection.getresponse()
        return response.status, json.loads(response.read() or b"{}")


async def listed(hub: SecureHub, who: str | Held, token: str) -> None:
    metadata = (("authorization", f"Bearer {token}"),)
    await EventServiceStub(hub.channel(who)).ListEvents(ListEventsRequest(), metadata=metadata, timeout=10)


async def test_the_command_fetches_a_token_that_counts_with_its_certificate_alone(
    hub: SecureHub, port: int, tmp_path: Path
) -> None:
    out = tmp_path / "token"
    command = [
        "token",
        "fetch",
        "--issuer",
        f"https://localhost:{port}",
        "--out",
        str(out),
        "--scope",
        "dispatcher",
    ]
    command += files_of(tmp_path, hub, hub.certificate("operator"))
    result = await asyncio.to_thread(CliRunner().invoke, app, command)
    assert result.exit_code == 0, result.output
    assert "scope dispatcher" in result.output
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    token = out.read_text().strip()
    assert token not in result.output

    await listed(hub, "operator", token)
    # The role that the scope left out is gone, and comes back without the token.
    create = CreatePartyRequest(party_id="new")
    create.party.display_name = "New"
    create.party.kind = create.party.KIND_SITE_OWNER
    stub, metadata = PortfolioServiceStub(hub.channel("operator")), (("authorization", f"Bearer {token}"),)
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await stub.CreateParty(create, metadata=metadata, timeout=10)
    assert refused.value.code() is grpc.StatusCode.PERMISSION_DENIED
    await stub.CreateParty(create, timeout=10)

    renewed = hub.authority.issue(uri(name_of(CALLERS["operator"])))
    for other in ("auditor", "agent-a", renewed):
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await listed(hub, other, token)
        assert refused.value.code() is grpc.StatusCode.UNAUTHENTICATED
        assert refused.value.details() == "the caller is not authenticated"


async def test_an_unknown_or_revoked_caller_gets_no_token(hub: SecureHub, port: int, tmp_path: Path) -> None:
    stranger = hub.authority.issue(uri("spiffe://vpp.example/party/grid/nobody"))
    form = urlencode(FORM | {"client_id": "nobody"})
    answer = await asyncio.to_thread(ask, port, context_of(tmp_path, hub, stranger), form)
    assert answer == (401, {"error": "invalid_client"})
    operator = hub.certificate("operator")
    context = context_of(tmp_path, hub, operator)
    assert (await asyncio.to_thread(ask, port, context, urlencode(FORM)))[0] == 200
    listing = hub.authority.revocation_list(operator, number=2)
    (tmp_path / "tls" / "ca.crl").write_bytes(listing)
    async with asyncio.timeout(30):
        while (await asyncio.to_thread(ask, port, context, urlencode(FORM)))[0] != 401:
            await pause(0.05)


async def test_without_a_certificate_of_our_authority_there_is_no_connection(
    hub: SecureHub, port: int, tmp_path: Path
) -> None:
    foreign = TestAuthority().issue(uri(name_of(CALLERS["operator"])))
    for held in (None, foreign):
        with pytest.raises((ssl.SSLError, OSError, http.client.HTTPException)):
            await asyncio.to_thread(ask, port, context_of(tmp_path, hub, held), urlencode(FORM))


@pytest.mark.parametrize(
    ("form", "status"),
    [
        ("grant_type=client_credentials&client_id=operator&client_id=operator", 400),
        ("grant_type=client_credentials&client_id=auditor", 401),
        ("a=" + "x" * 20_000, 413),
        ("", 400),
        ("client_id=\xff", 400),
    ],
)
async def test_what_is_no_proper_request_gets_no_token(
    hub: SecureHub, port: int, tmp_path: Path, form: str, status: int
) -> None:
    context = context_of(tmp_path, hub, hub.certificate("operator"))
    answer = await asyncio.to_thread(ask, port, context, form)
    assert answer[0] == status
    assert "access_token" not in answer[1]


async def test_a_caller_that_asks_too_often_waits(hub: SecureHub, port: int, tmp_path: Path) -> None:
    context = context_of(tmp_path, hub, hub.certificate("operator"))
    codes = [(await asyncio.to_thread(ask, port, context, urlencode(FORM)))[0] for _ in range(11)]
    assert codes == [200] * 10 + [429]


async def test_a_silent_connection_is_cut(hub: SecureHub, port: int, tmp_path: Path) -> None:
    def wait_for_the_end() -> bytes:
        context = context_of(tmp_path, hub, hub.certificate("operator"))
        with (
            socket.create_connection(("localhost", port), timeout=10) as plain,
            context.wrap_socket(plain, server_hostname="localhost") as secure,
        ):
            secure.sendall(UNFINISHED)
            return secure.recv(1000)  # the rest of the request never comes

    assert b"408" in await asyncio.to_thread(wait_for_the_end)


async def test_a_renewed_certificate_is_shown_at_the_next_connection_and_a_dropped_authority_counts_no_more(
    hub: SecureHub, port: int, tmp_path: Path
) -> None:
    def serial() -> int:
        context = context_of(tmp_path, hub, hub.certificate("operator"))
        with (
            socket.create_connection(("localhost", port), timeout=10) as plain,
            context.wrap_socket(plain, server_hostname="localhost") as secure,
        ):
            certificate = secure.getpeercert()
            assert certificate is not None
            return int(str(certificate["serialNumber"]), 16)

    before = await asyncio.to_thread(serial)
    renewed = issue_hub(hub.authority)
    write_hub_files(tmp_path, hub.authority, renewed)
    assert await asyncio.to_thread(serial) == renewed.certificate.serial_number != before
    (tmp_path / "tls" / "hub.key").write_bytes(b"broken")
    assert await asyncio.to_thread(serial) == renewed.certificate.serial_number
    write_hub_files(tmp_path, hub.authority, renewed)
    (tmp_path / "tls" / "ca.pem").write_bytes(TestAuthority().pem)
    with pytest.raises((ssl.SSLError, OSError, http.client.HTTPException)):
        await asyncio.to_thread(
            ask, port, context_of(tmp_path, hub, hub.certificate("operator")), urlencode(FORM)
        )


async def test_a_port_that_is_taken_is_refused(hub: SecureHub, port: int) -> None:
    endpoint = hub.hub.token_endpoint
    assert endpoint is not None
    with pytest.raises(InvalidInput, match="cannot listen on"):
        await endpoint.start(SETTINGS.model_copy(update={"port": port}))


async def test_tokens_are_not_taken_without_tls(tmp_path: Path) -> None:
    market = make_market(tmp_path)
    (tmp_path / "tokens.key").write_bytes(key_pem())
    async with served_with_tls(market, tmp_path, oauth=SETTINGS) as serving:
        settings = serving.hub.prepared.settings
    plain = settings.model_copy(update={"server": settings.server.model_copy(update={"plaintext": True})})
    with pytest.raises(InvalidInput, match="tokens are bound to certificates"):
        compose_oauth(plain, CALLERS)
