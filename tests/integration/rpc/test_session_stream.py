"""A stream's limits, over a link of two queues: what the agent does badly ends it, and nothing else."""

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
from support.driven_session import RULES, session_parts
from support.market import NOON, Market, agent_of

from vpp.foundation.clock import pause
from vpp.foundation.errors import InvalidInput, Overloaded, WrongState
from vpp.rpc.effects import Effects
from vpp.rpc.hub_metrics import HubMetrics
from vpp.rpc.session import SiteSession
from vpp.rpc.session_registry import SessionRegistry
from vpp.rpc.session_stream import SessionStream, StreamLimits, StreamSurroundings
from vpp.rpc.session_writer import SessionWriter, WriterLimits
from vpp.rpc.telemetry_writer import TelemetryLimits, TelemetryWriter
from vpp.rpc.wire.session import telemetry_acknowledgement
from vpp.rpc.wire.time_fields import timestamp
from vpp.rpc.workflow_calls import WorkflowCalls
from vpp.v1.session_pb2 import Acknowledgement, ConnectRequest, ConnectResponse, Heartbeat, Hello

LONG = timedelta(seconds=20)
SHORT = timedelta(milliseconds=50)
LIMITS = StreamLimits(
    max_pending_messages=5,
    max_pending_bytes=10_000,
    max_unbooked_items=4,
    hello_deadline=LONG,
    silence_deadline=LONG,
    write_deadline=LONG,
)

WRITER_LIMITS = WriterLimits(
    max_queued_items=10,
    max_commit_items=10,
    max_commit_greetings=5,
    gathering_time=timedelta(0),
    retry_wait=timedelta(milliseconds=10),
)


class QueueLink:
    """A link of two queues; raises on overlapping sends, as gRPC does."""

    def __init__(self) -> None:
        self.requests: asyncio.Queue[ConnectRequest | None] = asyncio.Queue()
        self.responses: asyncio.Queue[ConnectResponse] = asyncio.Queue()
        self.may_send = asyncio.Event()
        self.may_send.set()
        self._is_sending = False

    async def send(self, response: ConnectResponse) -> None:
        assert not self._is_sending
        self._is_sending = True
        await pause(0)
        await self.may_send.wait()
        self.responses.put_nowait(response)
        self._is_sending = False

    async def receive(self) -> ConnectRequest | None:
        return await self.requests.get()


@dataclass
class Running:
    stream: SessionStream
    link: QueueLink
    task: asyncio.Task[None]
    registry: SessionRegistry
    market: Market

    async def hello(self) -> ConnectResponse:
        hello = Hello(site="sites/a", agent_time=timestamp(self.market.clock.now()))
        self.link.requests.put_nowait(ConnectRequest(hello=hello))
        return await self.link.responses.get()

    async def end(self) -> None:
        async with asyncio.timeout(20):
            await self.task


@pytest.fixture
def site_a(market: Market) -> Market:
    market.enrol("a", days=1)
    return market


@asynccontextmanager
async def running(
    market: Market, limits: StreamLimits = LIMITS, heartbeat: timedelta = timedelta(seconds=15)
) -> AsyncIterator[Running]:
    registry, metrics = SessionRegistry(), HubMetrics()
    rules = replace(RULES, heartbeat_interval=heartbeat)
    with ThreadPoolExecutor(2) as threads:
        calls = WorkflowCalls(threads, Effects())
        telemetry = TelemetryWriter(market.units, calls, TelemetryLimits())
        writer = SessionWriter(market.units, calls, WRITER_LIMITS, Effects(), metrics)
        session = SiteSession(agent_of("a"), session_parts(market.units, market.clock, rules))
        link = QueueLink()
        surroundings = StreamSurroundings(registry, writer, telemetry, limits, metrics)
        stream = SessionStream(link, session, surroundings)
        writing = asyncio.create_task(writer.run())
        task = asyncio.create_task(stream.run())
        yield Running(stream, link, task, registry, market)
        task.cancel()
        writing.cancel()
        await asyncio.gather(task, writing, return_exceptions=True)


async def test_an_agent_that_says_nothing_is_sent_away(site_a: Market) -> None:
    async with running(site_a, replace(LIMITS, hello_deadline=SHORT)) as session:
        with pytest.raises(InvalidInput, match="no message came within"):
            await session.end()


async def test_an_agent_that_falls_silent_is_sent_away(site_a: Market) -> None:
    limits = replace(LIMITS, silence_deadline=SHORT)
    async with running(site_a, limits, heartbeat=timedelta(milliseconds=10)) as session:
        assert (await session.hello()).HasField("welcome")
        with pytest.raises(InvalidInput, match="no message came within"):
            await session.end()
        assert len(session.registry) == 0


async def test_three_heartbeats_are_waited_for(site_a: Market) -> None:
    limits = replace(LIMITS, silence_deadline=SHORT)
    async with running(site_a, limits, heartbeat=timedelta(seconds=10)) as session:
        await session.hello()
        await pause(0.2)  # four times the silence deadline, and far less than three heartbeats
        assert not session.task.done()


async def test_an_agent_that_does_not_read_is_cut(site_a: Market) -> None:
    async with running(site_a, replace(LIMITS, write_deadline=SHORT)) as session:
        await session.hello()
        session.link.may_send.clear()
        session.stream.push([telemetry_acknowledgement(1)])
        with pytest.raises(Overloaded, match="was not read within"):
            await session.end()


@pytest.mark.parametrize(
    "limits",
    [
        replace(LIMITS, max_pending_messages=3),
        replace(LIMITS, max_pending_messages=1000, max_pending_bytes=60),
    ],
    ids=["messages", "bytes"],
)
async def test_what_waits_is_bounded(site_a: Market, limits: StreamLimits) -> None:
    async with running(site_a, limits) as session:
        await session.hello()
        session.link.may_send.clear()
        session.stream.push([telemetry_acknowledgement(n) for n in range(1, 31)])
        with pytest.raises(Overloaded, match="wait to be read"):
            await session.end()
        assert len(session.registry) == 0


async def test_messages_go_out_in_their_order_one_at_a_time(site_a: Market) -> None:
    async with running(site_a, replace(LIMITS, max_pending_messages=1000)) as session:
        await session.hello()
        for n in range(100):
            session.stream.push([telemetry_acknowledgement(n)])
            if not n % 7:
                await pause(0)
        sent = [
            (await session.link.responses.get()).telemetry_acknowledgement.held_sequence for _ in range(100)
        ]
    assert sent == list(range(100))


async def test_a_broken_link_ends_the_session_in_order(site_a: Market) -> None:
    async with running(site_a) as session:
        await session.hello()
        session.link.responses = None  # type: ignore[assignment]  # any failure of the link
        session.stream.push([telemetry_acknowledgement(1)])
        await session.end()
        assert not session.stream.is_open
        session.stream.push([telemetry_acknowledgement(2)])  # too late, and harmless


async def test_an_agent_that_ends_gets_what_is_on_its_way(site_a: Market) -> None:
    async with running(site_a) as session:
        await session.hello()
        heartbeat = Heartbeat(agent_time=timestamp(NOON))
        session.link.requests.put_nowait(ConnectRequest(heartbeat=heartbeat))
        session.link.requests.put_nowait(None)
        await session.end()
        assert session.link.responses.get_nowait().heartbeat == heartbeat


async def test_the_first_reason_for_an_end_is_told(site_a: Market) -> None:
    async with running(site_a) as session:
        await session.hello()
        session.stream.close(WrongState("replaced"))
        session.stream.close(Overloaded("later"))
        with pytest.raises(WrongState, match="replaced"):
            await session.end()


async def test_a_defect_in_a_delivery_ends_the_session(site_a: Market) -> None:
    async with running(site_a) as session:
        await session.hello()
        session.link.requests.put_nowait(ConnectRequest(acknowledgement=Acknowledgement(held_sequence=5)))
        assert (await session.link.responses.get()).refusal.reason == "INVALID_INPUT"
        assert not session.task.done()


async def test_a_heartbeat_is_answered_after_what_came_before_it_has_been_booked(site_a: Market) -> None:
    """The agent forgets what it said before a heartbeat that is answered."""
    async with running(site_a) as session:
        await session.hello()
        heartbeat = Heartbeat(agent_time=timestamp(NOON))
        for _ in range(3):
            ahead = Acknowledgement(held_sequence=99)
            session.link.requests.put_nowait(ConnectRequest(acknowledgement=ahead))
        session.link.requests.put_nowait(ConnectRequest(heartbeat=heartbeat))
        async with asyncio.timeout(20):
            kinds = [(await session.link.responses.get()).WhichOneof("message") for _ in range(4)]
        assert kinds == ["refusal", "refusal", "refusal", "heartbeat"]
