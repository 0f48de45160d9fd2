"""Whoever is refused from now on loses the streams that are open, within seconds, whatever the reason."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import grpc
import pytest
from cryptography import x509
from support.certificates import TestAuthority, now, uri, write_hub_files
from support.certificates import issue_hub as hub_certificate
from support.market import GATE, Market
from support.serving import AgentStream, reason_of
from support.tls_serving import CALLERS, SecureHub, name_of, served_with_tls

from vpp.foundation.clock import pause, stopwatch_s
from vpp.hub.access_settings import AccessSettings
from vpp.rpc.wire.time_fields import timestamp
from vpp.v1 import access_pb2 as pb
from vpp.v1.access_pb2_grpc import AccessServiceStub
from vpp.v1.event_pb2 import ListEventsRequest, WatchEventRequest
from vpp.v1.event_pb2_grpc import EventServiceStub
from vpp.v1.portfolio_pb2 import CreatePartyRequest, GetPartyRequest, Party
from vpp.v1.portfolio_pb2_grpc import PortfolioServiceStub
from vpp.v1.session_pb2 import Heartbeat
from vpp.workflows.access import suspend_principal

LONGEST_S = 5.0
"""What the hub promises."""


@pytest.fixture
async def hub(two_sites: Market, tmp_path: Path) -> AsyncIterator[SecureHub]:
    async with served_with_tls(two_sites, tmp_path, access=AccessSettings()) as serving:
        yield serving


async def administer(hub: SecureHub, method: str, who: str = "admin-1", **fields: str) -> object:
    request = getattr(pb, f"{method}Request")(reason="stolen", **fields)
    return await hub.call(who, AccessServiceStub, method, request)


async def suspend(hub: SecureHub) -> None:
    await administer(hub, "SuspendPrincipal", name="principals/agent-a")


async def suspend_at_another_hub(hub: SecureHub) -> None:
    known, admin = CALLERS, CALLERS["admin-1"]
    suspend_principal(hub.market.units, admin, known, "agent-a", reason="stolen")


async def revoke_here(hub: SecureHub) -> None:
    await administer(hub, "RevokeCertificate", certificate_serial=hub.certificate("agent-a").serial)


async def revoke_by_the_authority(hub: SecureHub) -> None:
    file = crl_file(hub)
    file.write_bytes(hub.authority.revocation_list(hub.certificate("agent-a"), number=2))


async def drop_the_authority(hub: SecureHub) -> None:
    other = TestAuthority("other")
    crl_file(hub).with_name("ca.pem").write_bytes(other.pem)
    crl_file(hub).write_bytes(other.revocation_list())


async def goes_on(hub: SecureHub, agent: AgentStream) -> None:
    await agent.send(heartbeat=Heartbeat(agent_time=timestamp(hub.market.clock.now())))
    assert (await agent.next()).WhichOneof("message") == "heartbeat"


def crl_file(hub: SecureHub) -> Path:
    return hub.hub.prepared.settings.base_directory / "tls" / "ca.crl"


@pytest.mark.parametrize(
    ("refuse", "others_stay"),
    [
        (suspend, True),
        (suspend_at_another_hub, True),
        (revoke_here, True),
        (revoke_by_the_authority, True),
        (drop_the_authority, False),
    ],
)
async def test_a_session_ends_when_its_caller_is_refused(
    hub: SecureHub, refuse: Callable[[SecureHub], Awaitable[None]], *, others_stay: bool
) -> None:
    agent, other = hub.agent("agent-a"), hub.agent("agent-b")
    await agent.hello(hub.market, "a")
    await other.hello(hub.market, "b")
    begun_s = stopwatch_s()
    await refuse(hub)
    code, _ = await agent.end()
    assert stopwatch_s() - begun_s < LONGEST_S
    assert code is grpc.StatusCode.UNAUTHENTICATED
    assert "a" not in hub.hub.registry.site_ids()
    if others_stay:  # and it does not come back, whatever it does to its certificate
        for held in (hub.certificate("agent-a"), hub.certificate("agent-a").with_another_signature()):
            assert (await hub.agent(held).end())[0] is grpc.StatusCode.UNAUTHENTICATED
        await goes_on(hub, other)


async def test_a_session_ends_with_its_certificate(hub: SecureHub) -> None:
    ends_at = now() + timedelta(seconds=3)
    held = hub.authority.issue(uri(name_of(CALLERS["agent-a"])), end=ends_at)
    agent = hub.agent(held)
    await agent.hello(hub.market, "a")
    listing = EventServiceStub(hub.channel("operator"))
    code, _ = await agent.end()
    assert code is grpc.StatusCode.UNAUTHENTICATED
    assert ends_at <= now() <= ends_at + timedelta(seconds=LONGEST_S)
    await listing.ListEvents(ListEventsRequest(), timeout=10)  # nobody else noticed


async def test_an_open_connection_opens_no_stream_any_more(hub: SecureHub) -> None:
    channel = hub.channel("agent-a")
    stub = EventServiceStub(channel)
    await stub.ListEvents(ListEventsRequest(), timeout=10)
    await revoke_by_the_authority(hub)
    await until_refused(lambda: stub.ListEvents(ListEventsRequest(), timeout=10))


async def test_a_request_that_was_held_back_is_not_carried_out(hub: SecureHub) -> None:
    """A caller may begin calls in good standing, and send what they ask for when it is no more."""
    stub = PortfolioServiceStub(hub.channel("operator"))
    request = CreatePartyRequest(party_id="late")
    request.party.display_name, request.party.kind = "Late", request.party.KIND_SITE_OWNER
    begin = hub.channel("operator").stream_unary(
        "/vpp.v1.PortfolioService/CreateParty", CreatePartyRequest.SerializeToString, Party.FromString
    )
    is_refused = asyncio.Event()

    async def held_back() -> AsyncIterator[CreatePartyRequest]:
        await is_refused.wait()
        yield request

    calls = [begin(held_back()) for _ in range(6)]  # more than are served side by side
    await asyncio.gather(*(call.wait_for_connection() for call in calls))
    async with asyncio.timeout(LONGEST_S):
        while hub.hub.access.live_calls.unfinished < len(calls):
            await pause(0.01)
    begun_s = stopwatch_s()
    await administer(hub, "SuspendPrincipal", name="principals/operator")
    await until_refused(lambda: stub.GetParty(GetPartyRequest(name="parties/late"), timeout=10))
    await pause(0.05)
    is_refused.set()
    codes = {error.code() for error in await asyncio.gather(*calls, return_exceptions=True)}
    assert codes == {grpc.StatusCode.UNAUTHENTICATED}
    assert stopwatch_s() - begun_s < LONGEST_S
    with hub.market.units(write=False) as uow:
        assert uow.parties.get("late") is None


async def until_refused(call: Callable[[], Awaitable[object]]) -> None:
    begun_s = stopwatch_s()
    while stopwatch_s() - begun_s < LONGEST_S:
        try:
            await call()
        except grpc.aio.AioRpcError as error:
            if error.code() is not grpc.StatusCode.UNAUTHENTICATED:
                raise
            return
        await pause(0.05)
    raise AssertionError("the call was let in all the time")


async def to_the_end(stream: Any) -> None:  # noqa: ANN401  generic in its stubs alone
    while await stream.read() is not grpc.aio.EOF:
        pass


async def test_a_watch_ends_whether_it_is_read_or_not(hub: SecureHub) -> None:
    market = hub.market
    market.open_auction()
    market.bid("a", 100.0, "50")
    market.bid("b", 100.0, "50")
    market.advance(GATE + timedelta(minutes=1))
    reading = EventServiceStub(hub.channel("agent-b")).WatchEvent(WatchEventRequest(name="events/evening"))
    silent = EventServiceStub(hub.channel("agent-b")).WatchEvent(WatchEventRequest(name="events/evening"))
    await reading.read()
    await administer(hub, "SuspendPrincipal", name="principals/agent-b")
    async with asyncio.timeout(LONGEST_S):
        with pytest.raises(grpc.aio.AioRpcError) as error:
            await to_the_end(reading)
        assert (error.value.code(), reason_of(error.value)) == (
            grpc.StatusCode.UNAUTHENTICATED,
            "NOT_AUTHENTICATED",
        )
        while len(hub.hub.access.live_calls):
            await pause(0.01)
    silent.cancel()


async def test_administrators_see_who_is_connected(hub: SecureHub) -> None:
    agent = hub.agent("agent-a")
    await agent.hello(hub.market, "a")
    answer = await hub.call("admin-1", AccessServiceStub, "ListSessions", pb.ListSessionsRequest())
    (session,) = answer.sessions
    assert session.principal == "principals/agent-a"
    assert session.method == "/vpp.v1.SessionService/Connect"
    assert session.certificate_serial == hub.certificate("agent-a").serial
    assert session.expire_time.ToDatetime() == hub.certificate(
        "agent-a"
    ).certificate.not_valid_after_utc.replace(tzinfo=None)


async def test_a_session_goes_on_while_the_hub_gets_a_new_certificate(
    hub: SecureHub, caplog: pytest.LogCaptureFixture
) -> None:
    agent = hub.agent("agent-a")
    await agent.hello(hub.market, "a")
    files = crl_file(hub).parent
    stub = EventServiceStub(hub.channel("operator"))
    answered = 0

    async def load() -> None:
        nonlocal answered
        while True:
            await stub.ListEvents(ListEventsRequest(), timeout=10)
            answered += 1

    loading = asyncio.create_task(load())
    serials = set()
    for _ in range(3):
        fresh = hub_certificate(hub.authority)
        write_hub_files(files.parent, hub.authority, fresh)
        serials.add(await until_shown(hub, fresh.certificate.serial_number))
    (files / "hub.pem").write_bytes(hub_certificate(hub.authority).pem)  # of another key
    async with asyncio.timeout(LONGEST_S):
        while "is not the key of" not in caplog.text:
            await pause(0.02)
    await hub.call("operator", EventServiceStub, "ListEvents", ListEventsRequest())  # the last good one stays
    await goes_on(hub, agent)
    loading.cancel()
    assert len(serials) == 3
    assert answered > 10
    assert len(hub.hub.access.live_calls) == 1  # the very session that was opened first


async def until_shown(hub: SecureHub, serial: int) -> int:
    """Wait until new connections are shown a certificate; returns its number."""
    host, _, port = hub.address.rpartition(":")
    context = ssl.create_default_context(cadata=hub.authority.pem.decode())
    context.check_hostname = False
    context.set_alpn_protocols(["h2"])
    begun_s = stopwatch_s()
    while stopwatch_s() - begun_s < LONGEST_S:
        _, writer = await asyncio.open_connection(host, int(port), ssl=context)
        shown = x509.load_der_x509_certificate(
            writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
        )
        writer.transport.abort()
        if shown.serial_number == serial:
            return serial
        await pause(0.02)
    raise AssertionError("the new certificate was not shown")
