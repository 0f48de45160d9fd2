"""Streams that send readings as fast as they are acknowledged, from a process of their own.

    python -m benchmarks.support.telemetry_pump '{"address": "127.0.0.1:50051", "count": 200, "readings": 60}'

prints one line of JSON: readings acknowledged within the time, and refusals.
"""

import asyncio
import json
import os
import sys
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import grpc

from vpp.foundation.clock import SystemClock, pause, stopwatch_s
from vpp.rpc.wire.time_fields import duration, timestamp
from vpp.v1 import session_pb2 as pb
from vpp.v1 import telemetry_pb2
from vpp.v1.session_pb2_grpc import SessionServiceStub

STEP = timedelta(minutes=1)
_SEARCH_PATH = Path(__file__).parents[2]


@dataclass(frozen=True)
class Pump:
    """What the streams of one process do.

    Attributes:
        address: Of the hub.
        count: How many streams, one per site `load-{number:05}`.
        readings: Readings of one batch.
        window: Batches of a stream that may be under way.
        warm_up_s: Before it counts, s.
        measured_s: How long it counts, s.
    """

    address: str
    count: int
    readings: int
    window: int = 2
    warm_up_s: float = 1.0
    measured_s: float = 5.0


class _Stream:
    def __init__(self, pump: Pump, number: int) -> None:
        self._pump = pump
        self._site_id = f"load-{number:05}"
        self.acknowledged = 0
        self.refusals = 0

    async def run(self, opened: asyncio.Semaphore) -> None:
        pump = self._pump
        options = (("grpc.use_local_subchannel_pool", 1),)
        async with opened:
            channel = grpc.aio.insecure_channel(pump.address, options=options)
            metadata = (("authorization", f"Bearer agent-{self._site_id}"),)
            call = SessionServiceStub(channel).Connect(metadata=metadata)
            now = SystemClock().now()
            hello = pb.Hello(site=f"sites/{self._site_id}", agent_version="pump", agent_time=timestamp(now))
            await call.write(pb.ConnectRequest(hello=hello))
            sequence = (await call.read()).welcome.telemetry_sequence
        start = now.replace(second=0, microsecond=0) - (pump.readings + 5) * STEP
        batch = telemetry_pb2.TelemetryBatch(quality=telemetry_pb2.METER_QUALITY_OK)
        batch.power_series.start_time.CopyFrom(timestamp(start))
        batch.power_series.sample_interval.CopyFrom(duration(STEP))
        batch.power_series.net_power_kw.extend([500.0 + n for n in range(pump.readings)])
        held = sequence
        while True:
            while sequence - held < pump.window:
                sequence += 1
                batch.sequence = sequence
                await call.write(pb.ConnectRequest(telemetry=batch))
            response = await call.read()
            if response.WhichOneof("message") == "telemetry_acknowledgement":
                self.acknowledged += response.telemetry_acknowledgement.held_sequence - held
                held = response.telemetry_acknowledgement.held_sequence
            elif response.WhichOneof("message") == "refusal":
                self.refusals += 1


async def _serve(pump: Pump) -> dict[str, Any]:
    streams = [_Stream(pump, number) for number in range(pump.count)]
    opened = asyncio.Semaphore(50)
    tasks = [asyncio.create_task(stream.run(opened)) for stream in streams]
    await pause(pump.warm_up_s)
    while any(stream.acknowledged == 0 for stream in streams):
        await pause(0.05)
    before, began_s = sum(stream.acknowledged for stream in streams), stopwatch_s()
    await pause(pump.measured_s)
    count = sum(stream.acknowledged for stream in streams) - before
    took_s = stopwatch_s() - began_s
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return {
        "readings": count * pump.readings,
        "took_s": took_s,
        "refusals": sum(stream.refusals for stream in streams),
    }


async def pumped(pump: Pump) -> dict[str, Any]:
    """Run a pump in a process of its own; returns what it printed."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "benchmarks.support.telemetry_pump",
        json.dumps(asdict(pump)),
        stdout=asyncio.subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": str(_SEARCH_PATH), "GRPC_VERBOSITY": "ERROR"},
    )
    output, _ = await process.communicate()
    found: dict[str, Any] = json.loads(output)
    return found


if __name__ == "__main__":
    print(json.dumps(asyncio.run(_serve(Pump(**json.loads(sys.argv[1]))))), flush=True)
