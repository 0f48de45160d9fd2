"""A hub that serves with mutual TLS, and callers with certificates of their own."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import grpc
from google.protobuf.message import Message
from support.certificates import Held, TestAuthority, issue_hub, uri, write_hub_files
from support.generous import NO_RATES
from support.market import OPERATOR, Market, agent_of
from support.serving import QUICK, AgentStream, prepared_for, reason_of

from vpp.foundation.clock import SystemClock
from vpp.hub.access_settings import AccessSettings
from vpp.hub.composition import Hub, compose
from vpp.hub.oauth_settings import OauthSettings
from vpp.hub.quota_settings import QuotaSettings
from vpp.hub.session_settings import SessionSettings
from vpp.hub.tls_credentials import TlsCredentials, TlsFiles
from vpp.rpc.server import tell_health
from vpp.workflows.identity import Principal, Role

CALLERS: Mapping[str, Principal] = {
    one.principal_id: one
    for one in (
        OPERATOR,
        Principal("auditor", "hub", None, frozenset({Role.AUDITOR})),
        Principal("admin-1", "hub", None, frozenset({Role.ADMINISTRATOR})),
        Principal("admin-2", "hub", None, frozenset({Role.ADMINISTRATOR})),
        agent_of("a"),
        agent_of("b"),
    )
}
"""Callers by the last part of the name in their certificate."""


def name_of(principal: Principal, trust_domain: str = "vpp.example") -> str:
    """Return the name that a principal's certificate carries."""
    site = f"/site/{principal.site_id}" if principal.site_id else ""
    return f"spiffe://{trust_domain}/party/{principal.party_id}{site}/{principal.principal_id}"


@dataclass
class SecureHub:
    """A hub that serves with mutual TLS.

    Attributes:
        hub: The hub.
        market: What it stands on.
        address: Where it serves.
        authority: Signs its callers' certificates.
        held: Certificates by their holder.
        channels: Connections that are closed with it.
        callers: Whom the hub knows.
    """

    hub: Hub
    market: Market
    address: str
    authority: TestAuthority
    held: dict[str, Held] = field(default_factory=dict)
    channels: list[grpc.aio.Channel] = field(default_factory=list)
    callers: Mapping[str, Principal] = field(default_factory=lambda: CALLERS)

    def certificate(self, who: str) -> Held:
        """Return a caller's certificate, made at the first question."""
        if who not in self.held:
            self.held[who] = self.authority.issue(uri(name_of(self.callers[who])))
        return self.held[who]

    def channel(self, who: str | Held) -> grpc.aio.Channel:
        """Connect as a caller, over a connection of its own."""
        held = who if isinstance(who, Held) else self.certificate(who)
        self.channels.append(held.channel(self.address, self.authority))
        return self.channels[-1]

    async def call(self, who: str | Held, stub: Callable[[Any], Any], method: str, request: Message) -> Any:  # noqa: ANN401  the method's response
        """Call a method that answers once."""
        return await getattr(stub(self.channel(who)), method)(request, timeout=20)

    async def refused(
        self, who: str | Held, stub: Callable[[Any], Any], method: str, request: Message
    ) -> tuple[grpc.StatusCode, str, str]:
        """Call a method that must refuse; returns code, reason and text."""
        try:
            await self.call(who, stub, method, request)
        except grpc.aio.AioRpcError as error:
            return error.code(), reason_of(error), str(error.details())
        raise AssertionError(f"{method} was not refused")

    def agent(self, who: str | Held) -> AgentStream:
        """Open an agent's stream."""
        return AgentStream(self.channel(who), None)


@asynccontextmanager
async def served_with_tls(  # noqa: PLR0913  one argument per thing that tests vary
    market: Market,
    folder: Path,
    *,
    authority: TestAuthority | None = None,
    access: AccessSettings | None = None,
    session: SessionSettings = QUICK,
    oauth: OauthSettings | None = None,
    callers: Mapping[str, Principal] = CALLERS,
    quotas: QuotaSettings = NO_RATES,
) -> AsyncIterator[SecureHub]:
    """Serve a market with mutual TLS.

    Args:
        market: The market.
        folder: A folder of the test's own; the files of TLS are under its `tls`.
        authority: Signs certificates; a new one if absent.
        access: How soon the hub notices what has changed; at once if absent.
        session: How sessions are held.
        oauth: Whose access tokens count; nobody's if absent.
        callers: Whom the hub knows, by their principal id.
        quotas: How much one caller may ask.
    """
    authority = authority or TestAuthority()
    if not (folder / "tls").is_dir():
        write_hub_files(folder, authority, issue_hub(authority))
    tls = folder / "tls"
    files = TlsFiles(tls / "hub.pem", tls / "hub.key", tls / "ca.pem", tls / "ca.crl")
    prepared = prepared_for(market, folder, principals={}, session=session, quotas=quotas)
    quick = AccessSettings(check_interval=timedelta(milliseconds=20))
    prepared = replace(
        prepared,
        settings=prepared.settings.model_copy(
            update={"access": access or quick, "oauth": oauth or OauthSettings()}
        ),
        credentials=TlsCredentials(files, "vpp.example", SystemClock()),
        named=callers,
    )
    assert prepared.credentials is not None
    hub = compose(prepared)
    port = hub.server.add_secure_port("127.0.0.1:0", prepared.credentials.server_credentials())
    await hub.server.start()
    await tell_health(hub.health, serves=True)
    parts = (hub.telemetry, hub.sessions, hub.courier, hub.access.watch)
    tasks = [asyncio.create_task(part.run()) for part in parts]
    secure = SecureHub(hub, market, f"127.0.0.1:{port}", authority, callers=callers)
    try:
        yield secure
    finally:
        for channel in secure.channels:
            await channel.close()
        hub.registry.close_all()
        await hub.server.stop(0)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        hub.access.watch.close()
        for threads in (hub.rpc_threads, hub.due_threads, hub.background_threads):
            threads.shutdown()
