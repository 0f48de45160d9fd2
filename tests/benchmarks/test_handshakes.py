"""A storm of handshakes: what one costs the hub, and what an honest caller notices of many.

Everything shares the machine. gRPC shakes hands on threads of its own, outside Python, and bounds neither
how many there are at once nor how fast they come, only how long one may take (`server.handshake_deadline`).
The floor is a call on a connection that is open already, in the same run. `VPP_BENCH=full` lasts five times
as long.
"""

import asyncio
import os
import resource
import sys
from pathlib import Path

import pytest
from benchmarks.support.session_hub import cpu_s
from support.market import make_market
from support.tls_serving import SecureHub, served_with_tls

from vpp.foundation.clock import pause, stopwatch_s
from vpp.hub.access_settings import AccessSettings
from vpp.v1.event_pb2 import ListEventsRequest
from vpp.v1.event_pb2_grpc import EventServiceStub

SECONDS = 15.0 if os.environ.get("VPP_BENCH") == "full" else 3.0
CALLS = 300
PROCESSES = 2
TESTS = Path(__file__).parents[1]


async def latencies_ms(hub: SecureHub, seconds: float) -> list[float]:
    """Call every 10 ms for so long; returns how long each call took, ms, in order."""
    stub = EventServiceStub(hub.channel("operator"))
    await stub.ListEvents(ListEventsRequest())
    took_ms, ends_s = [], stopwatch_s() + seconds
    while stopwatch_s() < ends_s:
        begun_s = stopwatch_s()
        await stub.ListEvents(ListEventsRequest())
        took_ms.append(1000 * (stopwatch_s() - begun_s))
        await pause(0.01)
    return sorted(took_ms)


async def storm(hub: SecureHub, folder: Path, kind: str) -> int:
    """Let other processes shake hands; returns how many handshakes ended."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(TESTS), str(TESTS.parent)])}
    arguments = ["-m", "support.handshake_storm", hub.address, str(folder), str(SECONDS), kind]
    processes = [
        await asyncio.create_subprocess_exec(
            sys.executable, *arguments, env=environment, stdout=asyncio.subprocess.PIPE
        )
        for _ in range(PROCESSES)
    ]
    outputs = await asyncio.gather(*(process.communicate() for process in processes))
    return sum(int(output) for output, _ in outputs)


@pytest.mark.timeout(300)
async def test_handshakes(tmp_path: Path) -> None:
    market = make_market(tmp_path)
    async with served_with_tls(market, tmp_path, access=AccessSettings()) as hub:
        held = hub.certificate("operator")
        (tmp_path / "caller.pem").write_bytes(held.pem)
        (tmp_path / "caller.key").write_bytes(held.key_pem)
        (tmp_path / "ca.pem").write_bytes(hub.authority.pem)
        stub = EventServiceStub(hub.channel("operator"))
        await stub.ListEvents(ListEventsRequest())
        begun_s = cpu_s()
        for _ in range(CALLS):
            await stub.ListEvents(ListEventsRequest())
        floor_s = (cpu_s() - begun_s) / CALLS
        quiet = await latencies_ms(hub, SECONDS)
        print(f"\nfloor: one call on an open connection, client included, {1e6 * floor_s:,.0f} us of CPU")
        print(
            "storm of                handshakes/s  hub CPU each  x floor   p50 x quiet  p99 x quiet  RSS +MiB"
        )
        for kind, words in (("hidden", "strangers, no certificate"), ("shown", "callers, connecting anew")):
            rss_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            begun_s = cpu_s()
            count = await storm(hub, tmp_path, kind)
            each_s = (cpu_s() - begun_s) / count
            storming = asyncio.create_task(storm(hub, tmp_path, kind))
            await pause(0.5)
            during = await latencies_ms(hub, SECONDS - 1)
            await storming
            grown_mib = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - rss_kib) / 1024
            ratios = [at(during, share) / at(quiet, share) for share in (0.5, 0.99)]
            print(
                f"{words:<26}{count / SECONDS:>9,.0f}  {1e6 * each_s:>8,.0f} us  {each_s / floor_s:>7.2f}"
                f"{ratios[0]:>13.1f}{ratios[1]:>13.1f}{grown_mib:>10.1f}"
            )
        print(f"quiet: p50 {at(quiet, 0.5):.1f} ms, p99 {at(quiet, 0.99):.1f} ms")


def at(ordered: list[float], share: float) -> float:
    """Return the value below which a share of the values lie."""
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
