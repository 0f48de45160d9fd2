"""Who gets in with which certificate: the right one alone."""

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import grpc
import pytest
from support.certificates import CLIENT, DAY, LOCAL, SERVER, Held, TestAuthority, now, uri, write_hub_files
from support.certificates import issue_hub as hub_certificate
from support.market import Market
from support.tls_serving import CALLERS, SecureHub, name_of, served_with_tls

from vpp.v1.event_pb2 import ListEventsRequest
from vpp.v1.event_pb2_grpc import EventServiceStub

OPERATOR = uri(name_of(CALLERS["operator"]))
NOT_AUTHENTICATED = (
    grpc.StatusCode.UNAUTHENTICATED,
    "NOT_AUTHENTICATED",
    "the caller is not authenticated",
)
REVOKED = "the one that the list names"


@pytest.fixture
async def hub(market: Market, tmp_path: Path) -> AsyncIterator[SecureHub]:
    authority = TestAuthority()
    revoked = authority.issue(OPERATOR)
    write_hub_files(tmp_path, authority, hub_certificate(authority), [revoked])
    async with served_with_tls(market, tmp_path, authority=authority) as serving:
        serving.held[REVOKED] = revoked
        yield serving


async def asks(hub: SecureHub, who: str | Held) -> tuple[grpc.StatusCode, str, str]:
    return await hub.refused(who, EventServiceStub, "ListEvents", ListEventsRequest())


async def test_the_right_certificate_gets_in(hub: SecureHub) -> None:
    await hub.call("operator", EventServiceStub, "ListEvents", ListEventsRequest())
    held = hub.authority.issue(OPERATOR, common_name="agent-a")  # a common name says nothing
    await hub.call(held, EventServiceStub, "ListEvents", ListEventsRequest())


def _signed_by_a_caller(authority: TestAuthority) -> Held:
    """A caller plays authority with its own certificate: the chain leads to the right one all the same."""
    caller = authority.issue(uri(name_of(CALLERS["agent-a"])), common_name="agent-a")
    forged = TestAuthority("agent-a", key=caller.key).issue(OPERATOR)
    return replace(forged, chain=caller.pem)


# gRPC refuses these at the handshake, before anything of ours runs.
AT_THE_HANDSHAKE: dict[str, Callable[[TestAuthority], Held]] = {
    "of another authority": lambda _: TestAuthority("another").issue(OPERATOR),
    "of another authority of the same name": lambda _: TestAuthority().issue(OPERATOR),
    "expired": lambda ca: ca.issue(OPERATOR, start=now() - 2 * DAY, end=now() - timedelta(seconds=1)),
    "of the future": lambda ca: ca.issue(OPERATOR, start=now() + DAY, end=now() + 2 * DAY),
    "for servers alone": lambda ca: ca.issue(OPERATOR, purposes=[SERVER]),
    "signed by a caller": _signed_by_a_caller,
}
# These pass the handshake: their signature, dates and purpose are in order.
BY_THE_NAME: dict[str, Callable[[TestAuthority], Held]] = {
    "two names": lambda ca: ca.issue(OPERATOR, uri(name_of(CALLERS["auditor"]))),
    "the same name twice": lambda ca: ca.issue(OPERATOR, OPERATOR),
    "no name": lambda ca: ca.issue(),
    "a DNS name beside": lambda ca: ca.issue(OPERATOR, *LOCAL),
    "a DNS name that looks alike": lambda ca: ca.issue(LOCAL[0], common_name=OPERATOR.value[:60]),
    "another trust domain": lambda ca: ca.issue(uri(name_of(CALLERS["operator"], "vpp.example.org"))),
    "a hub's name": lambda ca: ca.issue(uri("spiffe://vpp.example/hub/hub")),
    "another party": lambda ca: ca.issue(uri("spiffe://vpp.example/party/hub/operator")),
    "a site too many": lambda ca: ca.issue(uri("spiffe://vpp.example/party/grid/site/a/operator")),
    "another site": lambda ca: ca.issue(uri("spiffe://vpp.example/party/owner-a/site/b/agent-a")),
    "a site too few": lambda ca: ca.issue(uri("spiffe://vpp.example/party/owner-a/agent-a")),
    "nobody known": lambda ca: ca.issue(uri("spiffe://vpp.example/party/grid/mallory")),
    "a path with more": lambda ca: ca.issue(uri(f"{OPERATOR.value}/admin")),
    "an escaped path": lambda ca: ca.issue(uri("spiffe://vpp.example/party/grid/%6fperator")),
    "upper case": lambda ca: ca.issue(uri("SPIFFE://vpp.example/party/grid/operator")),
    "another scheme": lambda ca: ca.issue(uri("https://vpp.example/party/grid/operator")),
    "for clients and servers": lambda ca: ca.issue(OPERATOR, purposes=[CLIENT, SERVER]),
    "for anything": lambda ca: ca.issue(OPERATOR, purposes=[]),
}


async def test_tls_itself_lets_nobody_in_with_a_wrong_certificate(hub: SecureHub) -> None:
    for wrong, make in AT_THE_HANDSHAKE.items():
        code, _, text = await asks(hub, make(hub.authority))
        assert code is grpc.StatusCode.UNAVAILABLE, wrong
        assert "spiffe" not in text


async def test_whatever_is_wrong_with_the_name_the_answer_is_the_same(
    hub: SecureHub, caplog: pytest.LogCaptureFixture
) -> None:
    for wrong, make in BY_THE_NAME.items():
        assert await asks(hub, make(hub.authority)) == NOT_AUTHENTICATED, wrong
    assert await asks(hub, REVOKED) == NOT_AUTHENTICATED
    reasons = {record.getMessage() for record in caplog.records if "refused" in record.getMessage()}
    assert any("expected exactly one name" in reason for reason in reasons)  # the log knows
    assert any("revoked by its authority" in reason for reason in reasons)


async def test_without_a_certificate_or_without_tls_there_is_no_connection(hub: SecureHub) -> None:
    no_certificate = grpc.ssl_channel_credentials(hub.authority.pem)
    async with grpc.aio.secure_channel(hub.address, no_certificate) as channel:
        with pytest.raises(grpc.aio.AioRpcError) as error:
            await EventServiceStub(channel).ListEvents(ListEventsRequest(), timeout=10)
    assert error.value.code() is grpc.StatusCode.UNAVAILABLE
    async with grpc.aio.insecure_channel(hub.address) as channel:
        with pytest.raises(grpc.aio.AioRpcError) as error:
            await EventServiceStub(channel).ListEvents(
                ListEventsRequest(), metadata=(("authorization", "Bearer operator"),), timeout=10
            )
    assert error.value.code() is grpc.StatusCode.UNAVAILABLE


async def test_a_token_beside_a_certificate_adds_nothing(hub: SecureHub) -> None:
    stub = EventServiceStub(hub.channel("agent-a"))
    for header in ("Bearer operator", "Basic b3BlcmF0b3I=", ""):
        with pytest.raises(grpc.aio.AioRpcError) as error:
            await stub.ListEvents(ListEventsRequest(), metadata=(("authorization", header),), timeout=10)
        assert error.value.code() is grpc.StatusCode.UNAUTHENTICATED, header
