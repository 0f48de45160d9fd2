"""A hub that serves real gRPC on a port of the system's choice, on a small market and a manual clock."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import grpc
from google.protobuf.message import Message
from google.rpc import error_details_pb2
from grpc_status import rpc_status
from protovalidate import Validator
from support.generous import NO_RATES
from support.market import OPERATOR, RULES, Market, agent_of
from support.products import shipped_rules

from vpp.hub.composition import Hub, compose
from vpp.hub.preparation import Prepared
from vpp.hub.quota_settings import QuotaSettings
from vpp.hub.session_settings import SessionSettings
from vpp.hub.settings import HubSettings, MarketSettings, PartySettings
from vpp.portfolio.party import PartyKind
from vpp.rpc.identity_interceptor import token_digest
from vpp.rpc.server import tell_health
from vpp.rpc.wire.time_fields import timestamp
from vpp.v1.session_pb2 import ConnectRequest, ConnectResponse, Hello
from vpp.v1.session_pb2_grpc import SessionServiceStub
from vpp.workflows.identity import Principal, Role

PRINCIPALS: Mapping[str, Principal] = {
    "operator": OPERATOR,
    "settlement": Principal("settlement", "hub", None, frozenset({Role.SETTLEMENT_OFFICER})),
    "settlement-2": Principal("settlement-2", "hub", None, frozenset({Role.SETTLEMENT_OFFICER})),
    "meter-data": Principal("meter-data", "hub", None, frozenset({Role.METER_DATA_MANAGER})),
    "auditor": Principal("auditor", "hub", None, frozenset({Role.AUDITOR})),
    "administrator": Principal("administrator", "hub", None, frozenset({Role.ADMINISTRATOR})),
    "dispatcher": Principal("dispatcher", "grid", None, frozenset({Role.DISPATCHER})),
    "owner-a": Principal("owner-a", "owner-a", None, frozenset({Role.SITE_OWNER})),
    "owner-b": Principal("owner-b", "owner-b", None, frozenset({Role.SITE_OWNER})),
    "agent-a": agent_of("a"),
    "agent-b": agent_of("b"),
}
"""Callers by their token."""

DEFAULT = QuotaSettings()
QUICK = SessionSettings(
    courier_interval=timedelta(milliseconds=50), watch_interval=timedelta(milliseconds=50)
)


def bearer(token: str | None) -> tuple[tuple[str, str], ...]:
    """Return the metadata that proves who is calling."""
    return () if token is None else (("authorization", f"Bearer {token}"),)


@dataclass(frozen=True)
class Served:
    """A hub that serves.

    Attributes:
        hub: The hub.
        market: What it stands on.
        channel: A connection to it.
        address: Where it serves, for further connections.
    """

    hub: Hub
    market: Market
    channel: grpc.aio.Channel
    address: str

    async def call(self, token: str | None, stub: Callable[[Any], Any], method: str, request: Message) -> Any:  # noqa: ANN401  the method's response
        """Call a method that answers once."""
        return await getattr(stub(self.channel), method)(request, metadata=bearer(token), timeout=20)

    async def refused(
        self, token: str | None, stub: Callable[[Any], Any], method: str, request: Message
    ) -> tuple[grpc.StatusCode, str, str]:
        """Call a method that must refuse; returns code, reason and text."""
        try:
            await self.call(token, stub, method, request)
        except grpc.aio.AioRpcError as error:
            return error.code(), reason_of(error), str(error.details())
        raise AssertionError(f"{method} was not refused")

    def agent(self, token: str) -> "AgentStream":
        """Open an agent's stream."""
        return AgentStream(self.channel, token)


def reason_of(error: grpc.aio.AioRpcError) -> str:
    """Return the ErrorInfo's reason of a refused call; empty if it has none."""
    status = rpc_status.from_call(error)
    info = error_details_pb2.ErrorInfo()
    return info.reason if status is not None and status.details[0].Unpack(info) else ""


def prepared_for(
    market: Market,
    folder: Path,
    *,
    principals: Mapping[str, Principal] = PRINCIPALS,
    session: SessionSettings = QUICK,
    quotas: QuotaSettings = NO_RATES,
) -> Prepared:
    """Prepare a hub on a market.

    Args:
        market: The market.
        folder: A folder of the test's own.
        principals: Callers by their token.
        session: How sessions are held.
        quotas: How much one caller may ask.
    """
    settings = HubSettings(
        base_directory=folder,
        market=MarketSettings(aggregator_party_id="hub", automatic_approval=True),
        parties=(PartySettings(party_id="hub", display_name="Aggregator", kind=PartyKind.AGGREGATOR),),
        session=session,
        quotas=quotas,
    )
    return Prepared(
        settings=settings,
        clock=market.clock,
        units=market.units,
        close_database=lambda: None,
        pool=market.pool,
        emergency_pool=market.pool,
        background_pool=market.pool,
        rules=RULES,
        validator=Validator(),
        principals={token_digest(token): principal for token, principal in principals.items()},
        baseline_rules=shipped_rules(),
    )


@asynccontextmanager
async def served(
    market: Market, folder: Path, session: SessionSettings = QUICK, quotas: QuotaSettings = DEFAULT
) -> AsyncIterator[Served]:
    """Serve a market; nothing ticks, tests run `hub.ticker.tick()` themselves.

    Args:
        market: The market.
        folder: A folder of the test's own.
        session: How sessions are held.
        quotas: How much one caller may ask; what ships unless a test says otherwise.
    """
    prepared = prepared_for(market, folder, session=session, quotas=quotas)
    hub = compose(prepared)
    port = hub.server.add_insecure_port("127.0.0.1:0")
    await hub.server.start()
    await tell_health(hub.health, serves=True)
    tasks = [asyncio.create_task(part.run()) for part in (hub.telemetry, hub.sessions, hub.courier)]
    try:
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            yield Served(hub, market, channel, f"127.0.0.1:{port}")
    finally:
        hub.registry.close_all()
        await hub.server.stop(0)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        hub.rpc_threads.shutdown()
        hub.due_threads.shutdown()
        hub.background_threads.shutdown()


class AgentStream:
    """The agent's side of a session, one message at a time."""

    def __init__(self, channel: grpc.aio.Channel, token: str) -> None:
        self.call = SessionServiceStub(channel).Connect(metadata=bearer(token))

    async def send(self, **message: Message) -> None:
        """Send one message of the named kind."""
        await self.call.write(ConnectRequest(**message))

    async def hello(self, market: Market, site_id: str, resume_sequence: int = 0) -> ConnectResponse:
        """Say Hello and return the first answer."""
        hello = Hello(
            site=f"sites/{site_id}",
            resume_sequence=resume_sequence,
            agent_version="test",
            reads_direction=True,
        )
        hello.agent_time.CopyFrom(timestamp(market.clock.now()))
        await self.send(hello=hello)
        return await self.next()

    async def next(self) -> ConnectResponse:
        """Return the hub's next message; an AssertionError if the stream has ended."""
        async with asyncio.timeout(20):
            response = await self.call.read()
        if response is grpc.aio.EOF:
            raise AssertionError(f"the stream ended: {await self.call.code()} {await self.call.details()}")
        return response

    async def end(self) -> tuple[grpc.StatusCode, str]:
        """Wait for the hub to end the stream; returns code and text."""
        async with asyncio.timeout(20):
            with suppress(grpc.aio.AioRpcError):  # read raises how the stream ended, unless in order
                while await self.call.read() is not grpc.aio.EOF:
                    pass
            return await self.call.code(), str(await self.call.details())
