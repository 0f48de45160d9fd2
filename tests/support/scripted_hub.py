"""A hub that plays a part: it notes what an agent does, delivers what a test puts in, and can hang up."""

# ruff: noqa: ANN401, ARG002, N802  names and signatures are the wire's, its types ship with it

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import grpc
import grpc.aio
from support.agent_site import STEP

from vpp.agent.wire import duration
from vpp.foundation.clock import stopwatch_s
from vpp.v1 import auction_pb2, event_pb2, portfolio_pb2, session_pb2, telemetry_pb2
from vpp.v1.auction_pb2_grpc import AuctionServiceServicer, add_AuctionServiceServicer_to_server
from vpp.v1.portfolio_pb2_grpc import PortfolioServiceServicer, add_PortfolioServiceServicer_to_server
from vpp.v1.session_pb2_grpc import SessionServiceServicer, add_SessionServiceServicer_to_server
from vpp.v1.telemetry_pb2_grpc import TelemetryServiceServicer, add_TelemetryServiceServicer_to_server

PATIENCE_S = 20.0


class ScriptedHub(
    PortfolioServiceServicer, TelemetryServiceServicer, AuctionServiceServicer, SessionServiceServicer
):
    """Notes what the agent does, delivers what a test puts in, and can hang up."""

    def __init__(self) -> None:
        self.deliveries: list[session_pb2.ConnectResponse] = []
        self.acknowledged = 0
        self.statuses: list[str] = []
        self.batches: dict[int, telemetry_pb2.TelemetryBatch] = {}
        self.history_count = 0
        self.created: list[str] = []
        self.bids: dict[str, list[auction_pb2.CreateBidRequest]] = {}
        self.refuse_bids = 0
        self.tokens: set[str] = set()
        self.certificates: list[bytes] = []
        self.begun_s: list[float] = []
        self.ended_s: list[float] = []
        self.hellos: list[session_pb2.Hello] = []
        self.changed = asyncio.Condition()
        self.hang_up = asyncio.Event()

    async def until(self, holds: Any) -> None:
        async with asyncio.timeout(PATIENCE_S), self.changed:
            await self.changed.wait_for(holds)

    def deliver(self, response: session_pb2.ConnectResponse) -> None:
        """Deliver something now; a session that does not get it any more leaves it to the next one."""
        self.deliveries.append(response)
        self.outgoing.put_nowait(response)

    async def note(self) -> None:
        async with self.changed:
            self.changed.notify_all()

    async def CreateSite(self, request: Any, context: Any) -> portfolio_pb2.Site:
        self.tokens.add(dict(context.invocation_metadata()).get("authorization", ""))
        if "site" in self.created:
            await context.abort(grpc.StatusCode.ALREADY_EXISTS, "sites/site-001 exists")
        self.created.append("site")
        self.site = request.site
        return self.site

    async def GetSite(self, request: Any, context: Any) -> portfolio_pb2.Site:
        return self.site

    async def CreateResource(self, request: Any, context: Any) -> portfolio_pb2.Resource:
        self.created.append(request.resource_id)
        return request.resource

    async def GetProduct(self, request: Any, context: Any) -> portfolio_pb2.Product:
        product = portfolio_pb2.Product(
            name=request.name,
            min_bid_kw=10.0,
            increment_kw=1.0,
            currency_code="GBP",
            trigger=portfolio_pb2.Product.TRIGGER_DAY_AHEAD_AUCTION,
            settlement_interval=duration(timedelta(minutes=15)),
        )
        product.cap_price_per_mwh.units = 3000
        return product

    async def CreateEnrolment(self, request: Any, context: Any) -> portfolio_pb2.Enrolment:
        self.created.append(request.enrolment.product)
        return request.enrolment

    async def BackfillReadings(self, request: Any, context: Any) -> telemetry_pb2.BackfillReadingsResponse:
        for batch in request.batches:
            self.batches[batch.sequence] = batch
            self.history_count += len(batch.power_series.net_power_kw)
        return telemetry_pb2.BackfillReadingsResponse(held_sequence=max(self.batches))

    async def CreateBid(self, request: Any, context: Any) -> auction_pb2.Bid:
        tries = self.bids.setdefault(request.bid.resource, [])
        tries.append(request)
        await self.note()
        if len(tries) <= self.refuse_bids:
            await context.abort(grpc.StatusCode.FAILED_PRECONDITION, "enrolment is PENDING, expected ACTIVE")
        return auction_pb2.Bid(name="bids/" + request.bid.resource.rpartition("/")[2])

    async def Connect(
        self, request_iterator: Any, context: Any
    ) -> AsyncIterator[session_pb2.ConnectResponse]:
        hello = (await context.read()).hello
        self.certificates += context.auth_context().get("x509_pem_cert", [])
        self.hellos.append(hello)
        self.begun_s.append(stopwatch_s())
        outgoing: asyncio.Queue[session_pb2.ConnectResponse] = asyncio.Queue()
        await self.note()
        held = max(self.batches, default=0)
        outgoing.put_nowait(
            session_pb2.ConnectResponse(
                welcome=session_pb2.Welcome(hub_time=hello.agent_time, telemetry_sequence=held)
            )
        )
        for each in self.deliveries:
            if each.delivery.sequence > hello.resume_sequence:
                outgoing.put_nowait(each)
        self.outgoing = outgoing
        reader = asyncio.create_task(self._read(context, outgoing))
        hang_up = asyncio.create_task(self.hang_up.wait())
        try:
            while not self.hang_up.is_set():
                take = asyncio.create_task(outgoing.get())
                await asyncio.wait([take, hang_up], return_when=asyncio.FIRST_COMPLETED)
                if take.done():
                    await context.write(take.result())
                else:
                    take.cancel()
        finally:
            self.ended_s.append(stopwatch_s())
            reader.cancel()
            hang_up.cancel()

    async def _read(self, context: Any, outgoing: asyncio.Queue[session_pb2.ConnectResponse]) -> None:
        while (message := await context.read()) is not grpc.aio.EOF:
            match message.WhichOneof("message"):
                case "acknowledgement":
                    self.acknowledged = message.acknowledgement.held_sequence
                case "instruction_status":
                    name = event_pb2.Instruction.State.Name(message.instruction_status.state)
                    self.statuses.append(name.removeprefix("STATE_"))
                case "telemetry":
                    self.batches[message.telemetry.sequence] = message.telemetry
                    held = session_pb2.TelemetryAcknowledgement(held_sequence=message.telemetry.sequence)
                    outgoing.put_nowait(session_pb2.ConnectResponse(telemetry_acknowledgement=held))
                case "heartbeat":
                    outgoing.put_nowait(session_pb2.ConnectResponse(heartbeat=message.heartbeat))
                case _:
                    pass
            await self.note()

    def readings(self) -> dict[datetime, float]:
        """Return every reading, refusing one that came twice with another value."""
        found: dict[datetime, float] = {}
        for batch in self.batches.values():
            start = batch.power_series.start_time.ToDatetime(tzinfo=UTC)
            for n, value in enumerate(batch.power_series.net_power_kw):
                assert found.setdefault(start + n * STEP, value) == value
        return found


async def serve(
    hub: ScriptedHub, port: int = 0, credentials: grpc.ServerCredentials | None = None
) -> tuple[grpc.aio.Server, int]:
    """Serve a scripted hub; without credentials in the clear."""
    server = grpc.aio.server(options=(("grpc.so_reuseport", 0),))
    add_PortfolioServiceServicer_to_server(hub, server)
    add_TelemetryServiceServicer_to_server(hub, server)
    add_AuctionServiceServicer_to_server(hub, server)
    add_SessionServiceServicer_to_server(hub, server)
    address = f"127.0.0.1:{port}"
    if credentials is None:
        bound = server.add_insecure_port(address)
    else:
        bound = server.add_secure_port(address, credentials)
    await server.start()
    return server, bound
