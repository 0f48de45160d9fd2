"""Site agents that do little: raw streams by the thousand from a process of their own, for load.

Each opens a connection and a session, confirms every delivery at once and accepts every instruction.
It keeps nothing on disk; its journal is the highest sequence it has seen. As a program, it reads
commands from standard input and writes one line of JSON for each:

    python -m support.light_agents '{"address": "127.0.0.1:50051", "first": 0, "count": 1000}'
"""

import asyncio
import gc
import json
import os
import random
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import grpc

from vpp.foundation.clock import SystemClock, pause, stopwatch_s
from vpp.rpc.wire.time_fields import duration, timestamp
from vpp.v1 import event_pb2, telemetry_pb2
from vpp.v1 import session_pb2 as pb
from vpp.v1.session_pb2_grpc import SessionServiceStub

CHANNEL_OPTIONS = (
    ("grpc.use_local_subchannel_pool", 1),
    ("grpc.keepalive_time_ms", 10_000),
    ("grpc.keepalive_timeout_ms", 5_000),
    ("grpc.http2.ping_timeout_ms", 5_000),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.max_pings_without_data", 0),
)
READY_DEADLINE_S = 240.0
_SEARCH_PATH = Path(__file__).parent.parent


@dataclass(frozen=True)
class Load:
    """What the agents of one process do.

    Attributes:
        address: Of the hub.
        first: Number of the first site.
        count: How many agents.
        prefix: Sites are `{prefix}{number:05}`; their token is `agent-` and the site's id.
        answers: Whether instructions are accepted, and not only confirmed.
        heartbeat_s: Between heartbeats, s; 0 for none.
        telemetry_s: Between batches of readings, s; 0 for none.
        readings: Readings of one batch.
        reconnects: Whether an agent whose stream ends comes back, with back-off and jitter.
        open_at_once: Streams that are opened at a time.
    """

    address: str
    first: int = 0
    count: int = 100
    prefix: str = "load-"
    answers: bool = True
    heartbeat_s: float = 0.0
    telemetry_s: float = 0.0
    readings: int = 60
    reconnects: bool = True
    open_at_once: int = 100


@dataclass
class Tally:
    """What the agents of one process saw.

    Attributes:
        welcomed: Sessions that were welcomed, first and later ones.
        open: Sessions that are open.
        deliveries: Deliveries that came, repeats included.
        applied: Deliveries that came for the first time.
        doubled: Instructions that would have been applied twice.
        readings: Readings that were acknowledged.
        refusals: Refusals by reason.
        ends: Streams that ended, by status code.
        lags_s: From the commit of a delivery, by the hub's clock, to its arrival, s.
    """

    welcomed: int = 0
    open: int = 0
    deliveries: int = 0
    applied: int = 0
    doubled: int = 0
    readings: int = 0
    refusals: dict[str, int] = field(default_factory=dict)
    ends: dict[str, int] = field(default_factory=dict)
    lags_s: list[float] = field(default_factory=list)


class LightAgent:
    """One agent."""

    def __init__(self, load: Load, number: int, tally: Tally) -> None:
        self.site_id = f"{load.prefix}{number:05}"
        self._load = load
        self._tally = tally
        self._random = random.Random(number)
        self.held = 0
        self._telemetry_sequence = 0
        self._instructions: set[str] = set()
        self._unproved: list[pb.InstructionStatus] = []
        self._sent_count = self._proved_count = 0
        self._beats: list[tuple[datetime, int]] = []
        self._call: Any = None
        self._one_write = asyncio.Lock()  # grpc.aio takes one write at a time
        self._is_cut = False
        self.is_welcome = asyncio.Event()

    async def run(self) -> None:
        """Hold a session, for ever if it is to reconnect."""
        attempt = 0
        while True:
            began_s = stopwatch_s()
            try:
                await self._hold()
            except grpc.aio.AioRpcError:
                pass
            except asyncio.CancelledError:  # grpc.aio raises it in whoever reads a call that is cancelled
                if not self._is_cut:
                    raise
            self._is_cut = False
            if not self._load.reconnects:
                return
            attempt = 0 if stopwatch_s() - began_s > 10 else attempt + 1
            await pause(self._random.uniform(0, min(30.0, 0.5 * 2**attempt)))

    async def _hold(self) -> None:
        async with grpc.aio.insecure_channel(self._load.address, options=CHANNEL_OPTIONS) as channel:
            metadata = (("authorization", f"Bearer agent-{self.site_id}"),)
            self._call = call = SessionServiceStub(channel).Connect(metadata=metadata)
            hello = pb.Hello(
                site=f"sites/{self.site_id}",
                resume_sequence=self.held,
                agent_version="light",
                agent_time=timestamp(_now()),
            )
            extra: list[asyncio.Task[None]] = []
            try:
                await self._write(hello=hello)
                extra = [asyncio.create_task(task) for task in self._extra()]
                while (response := await call.read()) is not grpc.aio.EOF:
                    await self._receive(response)
            finally:
                self._closed()
                for task in extra:
                    task.cancel()
                code = (await call.code()).name if call.done() else "CUT"
                self._tally.ends[code] = self._tally.ends.get(code, 0) + 1

    def _extra(self) -> list[Any]:
        extra = []
        if self._load.heartbeat_s:
            extra.append(self._beat())
        if self._load.telemetry_s:
            extra.append(self._meter())
        return extra

    async def _receive(self, response: pb.ConnectResponse) -> None:
        kind = response.WhichOneof("message")
        tally = self._tally
        if kind == "delivery":
            delivery = response.delivery
            tally.deliveries += 1
            is_new = delivery.sequence > self.held
            self.held = max(self.held, delivery.sequence)
            status = None
            if is_new:  # before anything is written: the link may be gone by then
                tally.applied += 1
                if delivery.WhichOneof("content") == "instruction":
                    status = self._act(delivery.instruction)
            await self._write(acknowledgement=pb.Acknowledgement(held_sequence=self.held))
            if status is not None:
                await self._write(instruction_status=status)
                self._sent_count += 1
        elif kind == "welcome":
            tally.welcomed += 1
            tally.open += 1
            self._telemetry_sequence = max(self._telemetry_sequence, response.welcome.telemetry_sequence)
            self.is_welcome.set()
            self._beats.clear()
            self._sent_count = self._proved_count
            for status in tuple(self._unproved):
                await self._write(instruction_status=status)
                self._sent_count += 1
        elif kind == "heartbeat":  # the hub holds what was said before the beat that it answers
            self._proved(response.heartbeat.agent_time.ToDatetime(tzinfo=UTC))
        elif kind == "telemetry_acknowledgement":
            tally.readings += self._load.readings
        elif kind == "refusal":
            reason = response.refusal.reason
            tally.refusals[reason] = tally.refusals.get(reason, 0) + 1

    async def _write(self, **message: Any) -> None:  # noqa: ANN401  one of many messages
        async with self._one_write:
            await self._call.write(pb.ConnectRequest(**message))

    def _proved(self, at: datetime) -> None:
        while self._beats and self._beats[0][0] <= at:
            _, count = self._beats.pop(0)
            del self._unproved[: count - self._proved_count]
            self._proved_count = count

    def _act(self, instruction: event_pb2.Instruction) -> pb.InstructionStatus | None:
        tally = self._tally
        if instruction.name in self._instructions:
            tally.doubled += 1
        self._instructions.add(instruction.name)
        if instruction.HasField("create_time"):
            tally.lags_s.append((_now() - instruction.create_time.ToDatetime(tzinfo=UTC)).total_seconds())
        if not self._load.answers:
            return None
        status = pb.InstructionStatus(
            instruction=instruction.name,
            state=event_pb2.Instruction.STATE_ACCEPTED,
            status_time=timestamp(_now()),
        )
        if self._load.heartbeat_s:  # without heartbeats nothing ever proves that the hub holds it
            self._unproved.append(status)
        return status

    async def _beat(self) -> None:
        await pause(self._random.uniform(0, self._load.heartbeat_s))
        while True:
            now = _now()
            self._beats.append((now, self._sent_count))
            await self._write(heartbeat=pb.Heartbeat(agent_time=timestamp(now)))
            await pause(self._load.heartbeat_s)

    async def _meter(self) -> None:
        step = timedelta(seconds=60)
        start = _now().replace(second=0, microsecond=0) - 3 * self._load.readings * step
        start = start.replace(minute=0)
        await pause(self._random.uniform(0, self._load.telemetry_s))
        await self.is_welcome.wait()
        while True:
            self._telemetry_sequence += 1
            batch = telemetry_pb2.TelemetryBatch(
                sequence=self._telemetry_sequence, quality=telemetry_pb2.METER_QUALITY_OK
            )
            batch.power_series.start_time.CopyFrom(timestamp(start))
            batch.power_series.sample_interval.CopyFrom(duration(step))
            batch.power_series.net_power_kw.extend([500.0] * self._load.readings)
            await self._write(telemetry=batch)
            await pause(self._load.telemetry_s)

    def cut(self) -> None:
        """End the stream without a word."""
        if self._call is not None and self.is_welcome.is_set():
            self._is_cut = True
            self._closed()
            self._call.cancel()

    def _closed(self) -> None:
        if self.is_welcome.is_set():
            self._tally.open -= 1
            self.is_welcome.clear()


def _now() -> datetime:
    return SystemClock().now()


async def _serve(load: Load) -> None:
    tally = Tally()
    agents = [LightAgent(load, load.first + n, tally) for n in range(load.count)]
    tasks: list[asyncio.Task[None]] = []
    for first in range(0, len(agents), load.open_at_once):
        batch = agents[first : first + load.open_at_once]
        tasks += [asyncio.create_task(agent.run()) for agent in batch]
        await asyncio.gather(*(agent.is_welcome.wait() for agent in batch))
    gc.collect()
    gc.freeze()
    loop = asyncio.get_running_loop()
    commands = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(commands), sys.stdin)
    _say(tally)
    while command := (await commands.readline()).strip().decode():
        if command == "reset":
            tally.lags_s.clear()
        elif command == "storm":  # every agent loses its link and comes back
            for agent in agents:
                agent.cut()
            await pause(0)
            await asyncio.gather(*(agent.is_welcome.wait() for agent in agents))
        elif command == "quit":
            break
        _say(tally)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _say(tally: Tally) -> None:
    sys.stdout.write(json.dumps(asdict(tally)) + "\n")
    sys.stdout.flush()


class LightAgents:
    """A process of light agents, from outside."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def tell(self, command: str = "tally") -> dict[str, Any]:
        """Give a command; returns the tally once it is done."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{command}\n".encode())
        await self._process.stdin.drain()
        return await self.answer()

    async def answer(self) -> dict[str, Any]:
        """Wait for the next tally."""
        assert self._process.stdout is not None
        async with asyncio.timeout(READY_DEADLINE_S):
            line = await self._process.stdout.readline()
        assert line, f"the agents died with exit code {self._process.returncode}"
        found: dict[str, Any] = json.loads(line)
        return found


@asynccontextmanager
async def light_agents(load: Load, *, processes: int = 1) -> AsyncIterator[list[LightAgents]]:
    """Run agents in processes of their own; they are all welcome by the time the block begins.

    Args:
        load: What they do; the agents are dealt out to the processes.
        processes: How many.
    """
    started: list[asyncio.subprocess.Process] = []
    share = -(-load.count // processes)
    environment = os.environ | {"PYTHONPATH": str(_SEARCH_PATH), "GRPC_VERBOSITY": "ERROR"}
    try:
        for first in range(0, load.count, share):
            part = asdict(load) | {"first": load.first + first, "count": min(share, load.count - first)}
            started.append(
                await asyncio.create_subprocess_exec(
                    sys.executable,
                    "-m",
                    "support.light_agents",
                    json.dumps(part),
                    stdin=asyncio.subprocess.PIPE,
                    stdout=asyncio.subprocess.PIPE,
                    limit=64 * 1024 * 1024,
                    env=environment,
                )
            )
        agents = [LightAgents(process) for process in started]
        await asyncio.gather(*(each.answer() for each in agents))
        yield agents
    finally:
        for process in started:
            if process.returncode is None:
                process.kill()
            await process.wait()


if __name__ == "__main__":
    asyncio.run(_serve(Load(**json.loads(sys.argv[1]))))
