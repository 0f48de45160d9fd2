"""A site's agent over mutual TLS with a scripted hub, whose certificate can be renewed meanwhile."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import grpc
from support.agent_site import daily_trace, delivery, invitation
from support.made_certificates import AGENT, HUB, issued
from support.scripted_hub import ScriptedHub, serve

from vpp.agent.runner import run_site
from vpp.agent.settings import AgentSettings, load_settings
from vpp.cli.certs.authority import Authority
from vpp.cli.certs.issuing import rotate_pair
from vpp.cli.demo.journals import JournalFact, journal_fact
from vpp.foundation.certificate_pair import CertificatePair, fingerprint_of, read_certificate, read_pair
from vpp.foundation.clock import SystemClock, pause
from vpp.simulator.fleet_files import FleetPlan, write_fleet
from vpp.simulator.plant import SimulatedSite, simulated_site

_HOUR = timedelta(hours=1)


@dataclass
class RenewedAgent:
    """An agent that runs.

    Attributes:
        hub: Its hub.
        settings: Its configuration.
        authority: Who issued both sides' certificates.
        told: How many deliveries the hub has been given for it.
    """

    hub: ScriptedHub
    settings: AgentSettings
    authority: Authority
    told: int = 0

    @property
    def pair(self) -> CertificatePair:
        """The agent's certificate as it lies on the disk."""
        return read_pair(*self.files)

    @property
    def files(self) -> tuple[Path, Path]:
        """Files of the agent's certificate and key."""
        return self.settings.folder / "site.pem", self.settings.folder / "site.key"

    @property
    def callers(self) -> list[str]:
        """Fingerprint of the certificate behind each session, in order."""
        return [fingerprint_of(read_certificate(pem, "caller")) for pem in self.hub.certificates]

    @property
    def journal(self) -> JournalFact:
        """What the agent has applied."""
        return journal_fact("site-001", self.settings.journal_path)

    def tell(self) -> None:
        """Give the hub one more delivery."""
        self.told += 1
        now = SystemClock().now()
        gate, start = now + _HOUR, (now + 2 * _HOUR).replace(minute=0, second=0, microsecond=0)
        content = invitation(auction=f"auctions/number-{self.told}", gate=gate, start=start)
        self.hub.deliver(delivery(self.told, invitation=content))

    async def keep_telling(self, every_s: float) -> None:
        """Give the hub one delivery after the other."""
        while True:
            self.tell()
            await pause(every_s)

    def renew(self) -> CertificatePair:
        """Renew the certificate, as `vpp certs rotate` does."""
        rotate_pair(self.authority, *self.files, SystemClock().now())
        return self.pair

    async def met(self, count: int) -> None:
        """Wait until the agent has begun so many sessions."""
        await self.hub.until(lambda: len(self.hub.hellos) >= count)

    async def held(self) -> None:
        """Wait until the agent has acknowledged everything."""
        await self.hub.until(lambda: self.hub.acknowledged == self.told)


def server_credentials(
    pair: CertificatePair, authority: Authority, *, asks: bool = True
) -> grpc.ServerCredentials:
    """Return what a server shows, and whether it asks its callers for a certificate."""
    roots = (authority.folder / "ca.pem").read_bytes()
    return grpc.ssl_server_credentials(
        [(pair.key_pem, pair.certificate_pem)], roots, require_client_auth=asks
    )


def write_tls_site(folder: Path, port: int, authority: Authority) -> AgentSettings:
    """Write a site and its certificate."""
    now = SystemClock().now()
    plan = FleetPlan(f"127.0.0.1:{port}", now.date(), ["example-peak-shaving"], has_tls=True, history_days=6)
    (site,) = write_fleet(folder, plan, site_count=1, seed=5, traces=[daily_trace()])
    home = site.config.parent
    (home / "ca.pem").write_bytes((authority.folder / "ca.pem").read_bytes())
    issued(authority, AGENT, home / "site", now)
    return load_settings(site.config)


@asynccontextmanager
async def renewed_agent(folder: Path, authority: Authority) -> AsyncIterator[RenewedAgent]:
    """Run an agent and its hub; the agent's first session is open."""
    hub = ScriptedHub()
    hub_pair = issued(authority, HUB, folder / "hub", SystemClock().now())
    server, port = await serve(hub, credentials=server_credentials(hub_pair, authority))
    running = RenewedAgent(hub, write_tls_site(folder, port, authority), authority)
    agent = asyncio.create_task(run_site(running.settings, _driver))
    try:
        await running.met(1)
        yield running
    finally:
        agent.cancel()
        with suppress(asyncio.CancelledError):
            await agent
        await server.stop(grace=0.2)


def _driver(settings: AgentSettings) -> SimulatedSite:
    return simulated_site(settings.driver, settings.folder, settings.site.metering_interval)
