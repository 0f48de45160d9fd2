"""Prints what forty principals of one party, each within its quotas, do to an operator's delays.

Run as `PYTHONPATH=tests python -m support.abuse.many_callers [CALLS]`: so many calls of each at a time. The
hub, the forty and the operator are processes of their own.
"""

import asyncio
import sys
import tempfile
from datetime import timedelta
from pathlib import Path
from typing import Any

import grpc
from support.abuse.hub_process import MANY
from support.abuse.run import QUIET_S, Delays, Honest, Watched, p99_ms, start

from vpp.foundation.clock import pause, stopwatch_s
from vpp.v1.event_pb2 import ListEventsRequest
from vpp.v1.event_pb2_grpc import EventServiceStub

LASTS = timedelta(seconds=6)


async def flood(hub: Watched, calls: int) -> int:
    """Call as all of them for a while; returns how many calls were served."""
    served, end_s = 0, stopwatch_s() + LASTS.total_seconds()

    async def call(stub: Any) -> None:  # noqa: ANN401  grpc names no type for its asynchronous stubs
        nonlocal served
        while stopwatch_s() < end_s:
            try:
                await stub.ListEvents(ListEventsRequest(), timeout=20)
            except grpc.aio.AioRpcError:
                continue
            served += 1

    stubs = [EventServiceStub(hub.channel(who)) for who in MANY]
    await asyncio.gather(*(call(stub) for stub in stubs for _ in range(calls)))
    return served


async def run(calls: int) -> None:
    """Measure a quiet time, then the flood, which a process of its own makes."""
    with tempfile.TemporaryDirectory() as folder:
        hub = await start(Path(folder))
        honest = Honest(hub)
        asking = asyncio.create_task(honest.ask())
        await pause(1.0)
        honest.delays = quiet = Delays()
        await pause(QUIET_S)
        honest.delays = during = Delays()
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "support.abuse.many_callers", str(calls), folder),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
        )
        said, _ = await process.communicate()
        print(  # noqa: T201  what it is for
            f"{len(MANY)} callers of one party, {calls} calls of each at a time: operator's p99 "
            f"{p99_ms(quiet.calls):.0f} -> {p99_ms(during.calls):.0f} ms, {len(during.calls)} calls, "
            f"{during.failures} failed; {said.decode().strip()} calls of theirs in {LASTS}"
        )
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
        if hub.process.stdin is not None:
            hub.process.stdin.close()
        await hub.process.wait()


async def _flood_here(calls: int, folder: Path) -> None:
    """Be the forty, in a process of their own."""
    hub = Watched(await asyncio.create_subprocess_exec("true"), folder)
    print(await flood(hub, calls))  # noqa: T201  for the process that waits for it


if __name__ == "__main__":
    count = int(sys.argv[1]) if sys.argv[1:] else 3
    asyncio.run(_flood_here(count, Path(sys.argv[2])) if sys.argv[2:] else run(count))
