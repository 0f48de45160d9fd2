"""The agent as a program: real gRPC, real files, a clock that runs fast, a hub that plays a part."""

# ruff: noqa: ANN401, ARG002, N802  names and signatures are the wire's, its types ship with it

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
import pytest
from support.agent_site import (
    DAY,
    STEP,
    daily_trace,
    delivery,
    instruction,
    invitation,
)

from vpp.agent.main import run
from vpp.agent.runner import run_site
from vpp.agent.settings import AgentSettings, load_settings
from vpp.agent.wire import duration
from vpp.foundation.clock import SystemClock
from vpp.foundation.errors import InvalidInput
from vpp.simulator.fleet_files import FleetPlan, write_fleet
from vpp.simulator.plant import SimulatedSite, simulated_site
from vpp.v1 import auction_pb2, event_pb2, portfolio_pb2, session_pb2, telemetry_pb2
from vpp.v1.auction_pb2_grpc import AuctionServiceServicer, add_AuctionServiceServicer_to_server
from vpp.v1.portfolio_pb2_grpc import PortfolioServiceServicer, add_PortfolioServiceServicer_to_server
from vpp.v1.session_pb2_grpc import SessionServiceServicer, add_SessionServiceServicer_to_server
from vpp.v1.telemetry_pb2_grpc import TelemetryServiceServicer, add_TelemetryServiceServicer_to_server

FACTOR = 1500.0  # five minutes take 0.2 s
PATIENCE_S = 20.0
BEGIN = datetime(2026, 3, 4, 10, tzinfo=UTC)


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
        self.hellos: list[session_pb2.Hello] = []
        self.changed = asyncio.Condition()
        self.hang_up = asyncio.Event()

    async def until(self, holds: Any) -> None:
        async with asyncio.timeout(PATIENCE_S), self.changed:
            await self.changed.wait_for(holds)

    async def note(self) -> None:
        async with self.changed:
            self.changed.notify_all()

    async def CreateSite(self, request: Any, context: Any) -> portfolio_pb2.Site:
        self.tokens.add(dict(context.invocation_metadata())["authorization"])
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
        self.hellos.append(hello)
        outgoing: asyncio.Queue[session_pb2.ConnectResponse] = asyncio.Queue()
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


async def serve(hub: ScriptedHub, port: int = 0) -> tuple[grpc.aio.Server, int]:
    server = grpc.aio.server(options=(("grpc.so_reuseport", 0),))
    add_PortfolioServiceServicer_to_server(hub, server)
    add_TelemetryServiceServicer_to_server(hub, server)
    add_AuctionServiceServicer_to_server(hub, server)
    add_SessionServiceServicer_to_server(hub, server)
    bound = server.add_insecure_port(f"127.0.0.1:{port}")
    await server.start()
    return server, bound


def driver(settings: AgentSettings) -> SimulatedSite:
    return simulated_site(settings.driver, settings.folder, settings.site.metering_interval)


def write(folder: Path, port: int) -> AgentSettings:
    clock = {
        "machine_start": SystemClock().now(),
        "speeds": [{"start": BEGIN, "factor": FACTOR}],
    }
    plan = FleetPlan(f"127.0.0.1:{port}", DAY, ["example-peak-shaving"], clock=clock)
    (site,) = write_fleet(folder, plan, site_count=1, seed=5, traces=[daily_trace()])
    return load_settings(site.config)


async def stopped(task: asyncio.Task[None]) -> None:
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_an_agent_enrols_uploads_bids_delivers_and_survives_a_lost_hub(tmp_path: Path) -> None:
    hub = ScriptedHub()
    hub.refuse_bids = 1
    server, port = await serve(hub)
    settings = write(tmp_path, port)
    start = BEGIN + timedelta(hours=1)
    hub.deliveries = [
        delivery(1, invitation=invitation(gate=BEGIN + timedelta(days=1))),
        delivery(2, instruction=instruction([30.0, 30.0], start=start)),
    ]
    agent = asyncio.create_task(run_site(settings, driver))
    try:
        await hub.until(lambda: hub.acknowledged == 2 and "STARTED" in hub.statuses)
        assert hub.tokens == {f"Bearer {(settings.folder / 'token').read_text().strip()}"}
        assert set(hub.created) == {
            "site",
            "batch",
            "bess",
            "cooling",
            "ups",
            "products/example-peak-shaving",
        }
        await hub.until(lambda: all(len(tries) == 2 for tries in hub.bids.values()))
        assert all(tries[0] == tries[1] for tries in hub.bids.values())  # the same request both times
        hub.hang_up.set()
        await server.stop(grace=0.2)
        hub.hang_up = asyncio.Event()
        server, _ = await serve(hub, port)
        await hub.until(lambda: "COMPLETED" in hub.statuses and len(hub.hellos) == 2)
        assert hub.hellos[1].resume_sequence == 2
        count = len(hub.batches)
        await hub.until(lambda: len(hub.batches) > count + 2)
    finally:
        await stopped(agent)
        await server.stop(grace=0.2)
    assert hub.statuses.index("ACCEPTED") < hub.statuses.index("STARTED") < hub.statuses.index("COMPLETED")
    readings = hub.readings()
    first, last = min(readings), max(readings)
    assert hub.history_count == 28 * 288
    assert len(readings) == (last - first) // STEP + 1  # no gap, although the hub was away


async def test_an_agent_that_starts_again_does_not_upload_its_history_again(tmp_path: Path) -> None:
    hub = ScriptedHub()
    server, port = await serve(hub)
    settings = write(tmp_path, port)
    try:
        agent = asyncio.create_task(run_site(settings, driver))
        await hub.until(lambda: len(hub.batches) > 6)
        await stopped(agent)
        uploaded = hub.history_count
        agent = asyncio.create_task(run_site(settings, driver))
        count = len(hub.batches)
        await hub.until(lambda: len(hub.hellos) == 2 and len(hub.batches) > count + 2)
        await stopped(agent)
    finally:
        await server.stop(grace=0.2)
    assert hub.history_count == uploaded
    assert hub.created.count("site") == 1
    hub.readings()


async def test_a_site_that_exists_otherwise_ends_the_agent(tmp_path: Path) -> None:
    hub = ScriptedHub()
    hub.created.append("site")
    hub.site = portfolio_pb2.Site(zone="elsewhere")
    server, port = await serve(hub)
    try:
        with pytest.RaisesGroup(pytest.RaisesExc(Exception, match="exists with zone elsewhere")):
            async with asyncio.timeout(PATIENCE_S):
                await run_site(write(tmp_path, port), driver)
    finally:
        await server.stop(grace=0.2)


def test_two_configurations_must_not_share_a_site(tmp_path: Path) -> None:
    path = write(tmp_path, 1).folder / "site.toml"
    with pytest.raises(InvalidInput, match="site_id site-001 is in more than one"):
        run([path, path], driver)
