"""A client written from `proto/` alone: nothing but generated stubs drives the whole chain.

The hub is a process of its own on an accelerated clock, half an hour a second; this file imports
grpc and `vpp.v1`, as a stranger in another language would have nothing else.
"""

import asyncio
import csv
import hashlib
import io
import json
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import grpc
import pytest

from vpp.v1 import auction_pb2 as auctions
from vpp.v1 import baseline_pb2 as baselines
from vpp.v1 import event_pb2 as events
from vpp.v1 import portfolio_pb2 as portfolio
from vpp.v1 import session_pb2 as session
from vpp.v1 import settlement_pb2 as settlement
from vpp.v1 import telemetry_pb2 as telemetry
from vpp.v1.auction_pb2_grpc import AuctionServiceStub
from vpp.v1.baseline_pb2_grpc import BaselineServiceStub
from vpp.v1.event_pb2_grpc import EventServiceStub
from vpp.v1.portfolio_pb2_grpc import PortfolioServiceStub
from vpp.v1.session_pb2_grpc import SessionServiceStub
from vpp.v1.settlement_pb2_grpc import SettlementServiceStub
from vpp.v1.telemetry_pb2_grpc import TelemetryServiceStub

PRODUCTS = Path(__file__).resolve().parents[3] / "configs" / "products"
FACTOR = 1800.0
LEAD_S = 10.0
"""A hub is up so long after its start, on a machine that has time for it."""
NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
FIVE = timedelta(minutes=5)
DELIVERY = (NOON + timedelta(hours=4, minutes=30), NOON + timedelta(hours=5))
TOKENS = {"operator": "operators-secret", "north-1": "norths-secret"}


def metadata(who: str) -> tuple[tuple[str, str], ...]:
    return (("authorization", f"Bearer {TOKENS[who]}"),)


def settings(folder: Path, slowness: float) -> Path:
    """Write the hub's settings; on a slow machine its clock begins later and runs more slowly."""

    def principal(name: str, party: str, roles: str, more: str = "") -> str:
        digest = hashlib.sha256(TOKENS[name].encode()).hexdigest()
        return (
            f'[[principals]]\nprincipal_id = "{name}"\nparty_id = "{party}"\nroles = {roles}\n'
            f'token_sha256 = "{digest}"\n{more}\n'
        )

    def speed(start: datetime, factor: float) -> str:
        return f"[[clock.speeds]]\nstart = {start.isoformat()}\nfactor = {factor}\n"

    begins = machine_time() + timedelta(seconds=LEAD_S * slowness)
    parties = "".join(
        f'[[parties]]\nparty_id = "{name}"\ndisplay_name = "{name}"\nkind = "{kind}"\n'
        for name, kind in (("grid", "operator"), ("hub", "aggregator"), ("owner", "site_owner"))
    )
    file = folder / "hub.toml"
    file.write_text(
        f'product_directory = "{PRODUCTS}"\nrule_directory = "{PRODUCTS.with_name("baselines")}"\n'
        '[server]\nplaintext = true\nport = 0\nport_file = "port"\n'
        f'[database]\nurl = "sqlite:///{folder / "hub.sqlite"}"\n'
        '[session]\nheartbeat_interval = "PT4H"\n'
        '[market]\naggregator_party_id = "hub"\nautomatic_approval = true\n'
        'measurement_allowance = "PT2H"\nclaim_lease = "PT12H"\n'
        'clearing_allowance = "PT2H"\n[emergency]\nworker_processes = 0\n'
        f"[clock]\nmachine_start = {begins.isoformat()}\n"
        + speed(NOON, 60.0 / slowness)
        + speed(NOON + timedelta(minutes=10), FACTOR / slowness)
        + parties
        + principal("operator", "grid", '["market_operator", "auditor"]')
        + principal("north-1", "owner", '["site_agent"]', 'site_id = "north-1"')
    )
    return file


def machine_time() -> datetime:
    return datetime.now(UTC)  # noqa: TID251  the machine's time is what is meant


@asynccontextmanager
async def hub_process(folder: Path, slowness: float) -> AsyncIterator[float]:
    """Run a hub; tells how long it took to come up, s."""
    log, begun_at = folder / "hub.log", machine_time()
    vpp = str(Path(sys.executable).parent / "vpp")
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            vpp, "hub", "--config", str(settings(folder, slowness)), stdout=output, stderr=subprocess.STDOUT
        )
        try:
            while not (folder / "port").exists():
                assert process.returncode is None, log.read_text()
                await asyncio.sleep(0.05)  # noqa: TID251  waits for another process
            yield (machine_time() - begun_at).total_seconds()
        finally:
            process.terminate()
            assert await asyncio.wait_for(process.wait(), 60) == 0


@pytest.fixture
async def channel(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[grpc.aio.Channel]:
    slowness = 1.0
    async with AsyncExitStack() as stack:
        for attempt in ("first", "second", "third"):
            folder = tmp_path_factory.mktemp(attempt)
            took_s = await stack.enter_async_context(hub_process(folder, slowness))
            if took_s < LEAD_S * slowness or attempt == "third":
                break
            await stack.aclose()  # its day began without us: again, on a clock that this machine can follow
            slowness = 1.5 * took_s / LEAD_S
        port = (folder / "port").read_text().strip()
        channel = await stack.enter_async_context(grpc.aio.insecure_channel(f"127.0.0.1:{port}"))
        await asyncio.wait_for(channel.channel_ready(), 30)
        yield channel


class Site:
    """What a site must do, in a few dozen lines."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._channel = channel
        self._upwards: asyncio.Queue[session.ConnectRequest | None] = asyncio.Queue()
        self.seen: list[str] = []
        self.refusals: list[session.Refusal] = []
        self.instruction: events.Instruction | None = None
        self.baseline_kw: list[float] = []

    async def call(self, stub: Any, method: str, request: Any) -> Any:  # noqa: ANN401  any message
        return await getattr(stub(self._channel), method)(request, metadata=metadata("north-1"), timeout=20)

    async def enrol(self) -> None:
        site = portfolio.Site(
            display_name="North 1", zone="north", time_zone="Europe/London", import_limit_kw=2000
        )
        site.metering_interval.FromTimedelta(FIVE)
        await self.call(
            PortfolioServiceStub, "CreateSite", portfolio.CreateSiteRequest(site=site, site_id="north-1")
        )
        battery = portfolio.Resource(kind=portfolio.Resource.KIND_BATTERY)
        battery.envelope.max_reduction_kw, battery.envelope.energy_budget_kwh = 200, 400
        battery.envelope.max_duration.FromTimedelta(timedelta(hours=2))
        request = portfolio.CreateResourceRequest(
            parent="sites/north-1", resource=battery, resource_id="battery"
        )
        await self.call(PortfolioServiceStub, "CreateResource", request)
        enrolment = portfolio.Enrolment(site="sites/north-1", product="products/example-peak-shaving")
        enrolled = await self.call(
            PortfolioServiceStub, "CreateEnrolment", portfolio.CreateEnrolmentRequest(enrolment=enrolment)
        )
        assert enrolled.state == portfolio.Enrolment.STATE_ACTIVE
        history = telemetry.BackfillReadingsRequest(site="sites/north-1")
        for n in range(10):
            start = NOON - timedelta(days=10 - n)
            history.batches.append(self.batch(n + 1, start, [1000.0] * 288))
        answer = await self.call(TelemetryServiceStub, "BackfillReadings", history)
        assert (answer.new_sample_count, answer.held_sequence) == (2880, 10)

    @staticmethod
    def batch(sequence: int, start: datetime, values_kw: list[float]) -> telemetry.TelemetryBatch:
        batch = telemetry.TelemetryBatch(sequence=sequence, quality=telemetry.METER_QUALITY_OK)
        batch.power_series.start_time.FromDatetime(start)
        batch.power_series.sample_interval.FromTimedelta(FIVE)
        batch.power_series.net_power_kw.extend(values_kw)
        return batch

    def say(self, **content: Any) -> None:  # noqa: ANN401  any message
        self._upwards.put_nowait(session.ConnectRequest(**content))

    async def _requests(self) -> AsyncIterator[session.ConnectRequest]:
        while (request := await self._upwards.get()) is not None:
            yield request

    async def hold_session(self) -> None:
        hello = session.Hello(site="sites/north-1", agent_version="stranger")
        hello.agent_time.FromDatetime(NOON)
        self.say(hello=hello)
        stub = SessionServiceStub(self._channel)
        async for response in stub.Connect(self._requests(), metadata=metadata("north-1")):
            kind = response.WhichOneof("message")
            if kind == "delivery":
                await self._hold(response.delivery)
            elif kind == "refusal":
                self.refusals.append(response.refusal)

    async def _hold(self, delivery: session.Delivery) -> None:
        kind = delivery.WhichOneof("content")
        self.seen.append(kind)
        self.say(acknowledgement=session.Acknowledgement(held_sequence=delivery.sequence))
        if kind == "invitation":
            await self._bid(delivery.invitation)
        elif kind == "instruction":
            self.instruction = delivery.instruction
            self.report(events.Instruction.STATE_ACCEPTED)
        elif kind == "baseline_notice":
            self.baseline_kw = list(delivery.baseline_notice.baseline_kw)

    async def _bid(self, invitation: session.Invitation) -> None:
        bid = auctions.Bid(
            resource="sites/north-1/resources/battery", auction=invitation.auction.name, delivery_ratio=1.0
        )
        for _ in invitation.auction.target_reduction_kw:
            step = bid.step_offer.intervals.add().steps.add(reduction_kw=120)
            step.price_per_mwh.currency_code, step.price_per_mwh.units = "GBP", 80
        created = await self.call(AuctionServiceStub, "CreateBid", auctions.CreateBidRequest(bid=bid))
        assert created.state == auctions.Bid.STATE_SUBMITTED

    def report(self, state: events.Instruction.State.ValueType) -> None:
        assert self.instruction is not None
        status = session.InstructionStatus(instruction=self.instruction.name, state=state)
        status.status_time.FromDatetime(NOON)
        self.say(instruction_status=status)

    def meter(self) -> None:
        """Send the readings of the day: the target is met to the kilowatt."""
        assert self.instruction is not None
        values = [1000.0] * ((DELIVERY[1] - NOON) // FIVE)
        for n in range((DELIVERY[0] - NOON) // FIVE, len(values)):
            values[n] -= self.instruction.target_reduction_kw[0]
        self.say(telemetry=self.batch(11, NOON, values))

    def end(self) -> None:
        self._upwards.put_nowait(None)


async def open_auction(channel: grpc.aio.Channel) -> auctions.Auction:
    auction = auctions.Auction(product="products/example-peak-shaving", zone="north")
    auction.delivery_interval.start_time.FromDatetime(DELIVERY[0])
    auction.delivery_interval.end_time.FromDatetime(DELIVERY[1])
    auction.target_reduction_kw.extend([100.0, 100.0])
    auction.cap_price_per_mwh.currency_code, auction.cap_price_per_mwh.units = "GBP", 500
    auction.gate_closure_time.FromDatetime(NOON + timedelta(hours=2))
    request = auctions.CreateAuctionRequest(auction=auction, auction_id="evening")
    opened: auctions.Auction = await AuctionServiceStub(channel).CreateAuction(
        request, metadata=metadata("operator"), timeout=20
    )
    return opened


async def download(channel: grpc.aio.Channel, name: str) -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    request = settlement.DownloadStatementRequest(name=name)
    async for piece in SettlementServiceStub(channel).DownloadStatement(
        request, metadata=metadata("operator")
    ):
        files[piece.file_name] = files.get(piece.file_name, b"") + piece.content
    return files


@pytest.mark.timeout(420)  # on a slow machine its day is long
async def test_the_whole_chain_from_stubs_alone(channel: grpc.aio.Channel) -> None:
    site = Site(channel)
    await site.enrol()
    holding = asyncio.create_task(site.hold_session())
    assert (await open_auction(channel)).state == auctions.Auction.STATE_OPEN

    states: list[int] = []
    watch = EventServiceStub(channel).WatchEvent(
        events.WatchEventRequest(name="events/evening"), metadata=metadata("operator")
    )
    async for status in watch:
        if states and states[-1] == status.event.state:
            continue
        states.append(status.event.state)
        if status.event.state == events.Event.STATE_ACTIVE:
            site.report(events.Instruction.STATE_STARTED)
        elif status.event.state == events.Event.STATE_ENDED:
            site.report(events.Instruction.STATE_COMPLETED)
            site.meter()
    assert states[-1] == events.Event.STATE_SETTLED
    assert site.refusals == []
    assert site.seen == ["invitation", "award_notice", "instruction", "baseline_notice"]
    assert site.baseline_kw == pytest.approx([1000.0, 1000.0])
    site.end()
    await asyncio.wait_for(holding, 20)

    instructions = await EventServiceStub(channel).ListInstructions(
        events.ListInstructionsRequest(event="events/evening"), metadata=metadata("operator"), timeout=20
    )
    assert [item.state for item in instructions.instructions] == [events.Instruction.STATE_COMPLETED]
    clearing = await AuctionServiceStub(channel).GetClearing(
        auctions.GetClearingRequest(event="events/evening"), metadata=metadata("operator"), timeout=20
    )
    assert [price.units for price in clearing.clearing_price_per_mwh] == [80, 80]
    frozen = await BaselineServiceStub(channel).GetBaseline(
        baselines.GetBaselineRequest(event="events/evening", site="sites/north-1"),
        metadata=metadata("operator"),
        timeout=20,
    )
    assert frozen.method == "example-high-4-of-5"

    listed = await SettlementServiceStub(channel).ListStatements(
        settlement.ListStatementsRequest(), metadata=metadata("operator"), timeout=20
    )
    total = Decimal(0)
    for statement in listed.statements:
        files = await download(channel, statement.name)
        [(name, content)] = [item for item in files.items() if item[0].endswith("_v1.csv")]
        [manifest] = [json.loads(text) for key, text in files.items() if key.endswith(".manifest.json")]
        assert hashlib.sha256(content).hexdigest() == manifest["sha256"] == statement.csv_sha256
        amounts = [
            Decimal(row["amount"]) for row in csv.DictReader(io.StringIO(content.decode(), newline=""))
        ]
        total += sum(amounts, Decimal(0))
        if statement.party == "parties/owner":
            assert name == "statement_owner_2026-03_v1.csv"
            assert sum(amounts) == Decimal("3.60")  # 50 kWh at 80 per MWh, less a tenth
    assert total == 0
    assert len(listed.statements) == 3
