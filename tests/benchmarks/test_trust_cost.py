"""What trust costs: calls, streams and connections with and without mutual TLS, roles, quotas, field rules.

All variants run in one process and take turns, so that a busy machine slows all of them alike; the ratios
count. Client and hub share the process: their CPU is counted together.
"""

import asyncio
import gc
import resource
import statistics
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import grpc
from support.certificates import TestAuthority, issue_hub, write_hub_files
from support.market import Market, make_market
from support.serving import AgentStream, bearer, prepared_for
from support.tls_serving import CALLERS, SecureHub

from vpp.foundation.clock import SystemClock, stopwatch_s
from vpp.hub.composition import Hub, compose
from vpp.hub.tls_credentials import TlsCredentials, TlsFiles
from vpp.rpc.server import make_server
from vpp.rpc.wire.time_fields import timestamp
from vpp.v1.portfolio_pb2 import GetSiteRequest, ListSitesRequest
from vpp.v1.portfolio_pb2_grpc import PortfolioServiceStub
from vpp.v1.session_pb2 import Heartbeat

ROUNDS, CALLS, BEATS, CONNECTIONS, AT_ONCE = 12, 40, 60, 6, 8
LEAST = {"ErrorInterceptor", "IdentityInterceptor", "ValidationInterceptor"}
"""What a hub without protection would still have: it says what went wrong, and knows a caller by name."""
AGENT = "agent-a"
AS_AGENT, AS_AUDITOR = "a call (GetSite)", "the same as an auditor, who sees every row"


@dataclass
class Variant:
    """A hub of one kind, and what was measured on it.

    Attributes:
        name: What it is.
        hub: The hub.
        address: Where it serves.
        secure: Its certificates; None in the clear.
        channel: A connection that stays.
        auditor: The auditor's.
        seconds: Time by what was done, s per piece, one a round.
        cpu_s: CPU of client and hub in the same, s per piece.
    """

    name: str
    hub: Hub
    address: str
    secure: SecureHub | None
    channel: grpc.aio.Channel
    auditor: grpc.aio.Channel
    seconds: dict[str, list[float]] = field(default_factory=dict)
    cpu_s: dict[str, list[float]] = field(default_factory=dict)

    def connect(self, who: str = AGENT) -> grpc.aio.Channel:
        """Return a new connection."""
        if self.secure is not None:
            return self.secure.certificate(who).channel(self.address, self.secure.authority)
        return grpc.aio.insecure_channel(self.address, options=[("grpc.use_local_subchannel_pool", 1)])

    def metadata(self, who: str = AGENT) -> tuple[tuple[str, str], ...]:
        """Return what proves a caller beside the connection."""
        return () if self.secure is not None else bearer(who)

    async def measure(self, what: str, pieces: int, work: Callable[[], Any]) -> None:
        """Do something and keep what each piece of it took."""
        cpu_s, began_s = _cpu_s(), stopwatch_s()
        await work()
        self.seconds.setdefault(what, []).append((stopwatch_s() - began_s) / pieces)
        self.cpu_s.setdefault(what, []).append((_cpu_s() - cpu_s) / pieces)


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


@asynccontextmanager
async def variant(
    name: str, market: Market, folder: Path, *, tls: bool, protected: bool
) -> AsyncIterator[Variant]:
    """Serve a market, with or without TLS and what protects it."""
    prepared = prepared_for(market, folder, principals={} if tls else CALLERS)
    authority = TestAuthority()
    if tls:
        write_hub_files(folder, authority, issue_hub(authority))
        files = TlsFiles(*(folder / "tls" / one for one in ("hub.pem", "hub.key", "ca.pem", "ca.crl")))
        credentials = TlsCredentials(files, "vpp.example", SystemClock())
        prepared = replace(prepared, credentials=credentials, named=CALLERS)

    def make(servicers: Any, interceptors: Sequence[Any], *rest: Any, **named: Any) -> Any:  # noqa: ANN401  as make_server
        kept = [one for one in interceptors if protected or type(one).__name__ in LEAST]
        return make_server(servicers, kept, *rest, **named)

    hub = compose(prepared, make)
    address = "127.0.0.1:0"
    if prepared.credentials is not None:
        port = hub.server.add_secure_port(address, prepared.credentials.server_credentials())
    else:
        port = hub.server.add_insecure_port(address)
    await hub.server.start()
    tasks = [asyncio.create_task(part.run()) for part in (hub.telemetry, hub.sessions, hub.courier)]
    address = f"127.0.0.1:{port}"
    secure = SecureHub(hub, market, address, authority) if tls else None
    made = Variant(name, hub, address, secure, None, None)  # type: ignore[arg-type]  # at once
    made.channel, made.auditor = made.connect(), made.connect("auditor")
    try:
        yield made
    finally:
        await made.channel.close()
        await made.auditor.close()
        hub.registry.close_all()
        await hub.server.stop(0)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for threads in (hub.rpc_threads, hub.due_threads, hub.background_threads):
            threads.shutdown()


async def _round(one: Variant, market: Market) -> None:  # noqa: C901  one small function for each thing measured
    stub, auditor = PortfolioServiceStub(one.channel), one.auditor
    get, listing = GetSiteRequest(name="sites/a"), ListSitesRequest()

    async def calls() -> None:
        for _ in range(CALLS):
            await stub.GetSite(get, metadata=one.metadata())

    async def audits() -> None:
        auditing = PortfolioServiceStub(auditor)
        for _ in range(CALLS):
            await auditing.GetSite(get, metadata=one.metadata("auditor"))

    async def lists() -> None:
        for _ in range(CALLS):
            await stub.ListSites(listing, metadata=one.metadata())

    async def at_once() -> None:
        await asyncio.gather(*(calls() for _ in range(AT_ONCE)))

    async def connections() -> None:
        for _ in range(CONNECTIONS):
            async with one.connect() as channel:
                await PortfolioServiceStub(channel).GetSite(get, metadata=one.metadata())

    async def beats() -> None:
        for _ in range(BEATS):
            await stream.send(heartbeat=Heartbeat(agent_time=timestamp(market.clock.now())))
            await stream.next()

    await one.measure(AS_AGENT, CALLS, calls)
    await one.measure(AS_AUDITOR, CALLS, audits)
    await one.measure("a call (ListSites)", CALLS, lists)
    await one.measure(f"a call, {AT_ONCE} at once", CALLS * AT_ONCE, at_once)
    await one.measure("a new connection and its call", CONNECTIONS, connections)
    stream = AgentStream(one.channel, None if one.secure is not None else AGENT)
    await stream.hello(market, "a")
    await one.measure("a message on a stream and its answer", BEATS, beats)
    stream.call.cancel()


async def test_what_trust_costs(tmp_path: Path) -> None:
    kinds = (
        ("in the clear, unprotected", False, False),
        ("in the clear, protected", False, True),
        ("mutual TLS, unprotected", True, False),
        ("mutual TLS, protected", True, True),
    )
    async with AsyncExitStack() as stack:
        variants = []
        for number, (name, tls, protected) in enumerate(kinds):
            folder = tmp_path / str(number)
            folder.mkdir()
            market = make_market(folder)
            market.enrol("a", days=1)
            variants.append(
                (
                    await stack.enter_async_context(
                        variant(name, market, folder, tls=tls, protected=protected)
                    ),
                    market,
                )
            )
        gc.collect()
        for number in range(ROUNDS + 1):
            for one, market in variants[:: 1 if number % 2 else -1]:
                await _round(one, market)
            if not number:  # the first round compiles rules and fills caches
                for one, _ in variants:
                    one.seconds.clear()
                    one.cpu_s.clear()
    _print([one for one, _ in variants])


def _ratio(measured: Sequence[float], floor: Sequence[float]) -> float:
    """Compare round by round: what slowed one of a pair slowed the other."""
    return statistics.median(one / other for one, other in zip(measured, floor, strict=True))


def _print(variants: Sequence[Variant]) -> None:
    floor = variants[0]
    print("\n| what | bare, ms | protected | mutual TLS | both | CPU: protected | mutual TLS | both |")
    print("|---|---|---|---|---|---|---|---|")
    for what in floor.seconds:
        floor_s = statistics.median(floor.seconds[what])
        ratios = [_ratio(one.seconds[what], floor.seconds[what]) for one in variants[1:]]
        ratios += [_ratio(one.cpu_s[what], floor.cpu_s[what]) for one in variants[1:]]
        cells = [f"x {ratio:.2f}" for ratio in ratios]
        print(f"| {what} | {floor_s * 1e3:.2f} | {' | '.join(cells)} |")
    narrowed = [_ratio(one.cpu_s[AS_AGENT], one.cpu_s[AS_AUDITOR]) for one in variants]
    print(f"\nRows narrowed to one's own, against all: x {statistics.median(narrowed):.2f} of a call's CPU.")
