"""Prints what each attack does to a hub's memory and to honest callers' delays.

Run as `PYTHONPATH=tests python -m support.abuse.run [NAME ...]`. The hub, the abuser (agent-a, with a
certificate that counts) and the honest callers (an operator who asks, an agent who sends heartbeats) are
processes of their own. Delays are p99 over the attack, beside p99 over as long a quiet time just before it.
"""

import asyncio
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import grpc
from support.abuse.attacks import ATTACKS
from support.market import NOON
from support.serving import AgentStream

from vpp.foundation.clock import pause, stopwatch_s
from vpp.rpc.wire.time_fields import timestamp
from vpp.v1.event_pb2 import ListEventsRequest
from vpp.v1.event_pb2_grpc import EventServiceStub
from vpp.v1.session_pb2 import Heartbeat, Hello

QUIET_S = 3.0
EVERY_S = 0.02
ABUSER, OPERATOR, AGENT = "agent-a", "operator", "agent-b"


@dataclass
class Delays:
    """How long honest callers waited, s; a failed call counts as a failure and not as a delay."""

    calls: list[float] = field(default_factory=list)
    heartbeats: list[float] = field(default_factory=list)
    failures: int = 0


@dataclass(frozen=True)
class Outcome:
    """What one attack did.

    Attributes:
        said: What the abuser saw.
        quiet: Delays just before it.
        during: Delays while it went on.
        rss_before_mib: Memory of the hub before.
        rss_most_mib: The most while it went on.
        rss_after_mib: A moment after it.
    """

    said: str
    quiet: Delays
    during: Delays
    rss_before_mib: float
    rss_most_mib: float
    rss_after_mib: float


class Watched:
    """A hub process, watched from outside."""

    def __init__(self, process: asyncio.subprocess.Process, folder: Path) -> None:
        self.process = process
        self.folder = folder
        self.most_mib = 0.0

    def rss_mib(self) -> float:
        """Memory that it has now."""
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS"):
                return int(line.split()[1]) / 1024
        return 0.0

    def channel(self, who: str) -> grpc.aio.Channel:
        """Connect as a caller."""
        files = [(self.folder / name).read_bytes() for name in ("authority.pem", f"{who}.key", f"{who}.pem")]
        address = f"localhost:{(self.folder / 'port').read_text()}"
        return grpc.aio.secure_channel(address, grpc.ssl_channel_credentials(*files))


async def start(folder: Path) -> Watched:
    """Start a hub process and wait until it serves."""
    command = [sys.executable, "-m", "support.abuse.hub_process", str(folder)]
    process = await asyncio.create_subprocess_exec(
        *command, stdin=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
    )
    while not (folder / "port").exists():
        if process.returncode is not None:
            raise RuntimeError("the hub did not start")
        await pause(0.05)
    return Watched(process, folder)


class Honest:
    """Callers who do nothing wrong, for as long as they are let."""

    def __init__(self, hub: Watched) -> None:
        self._hub = hub
        self.delays = Delays()
        self.operator = OPERATOR

    async def ask(self) -> None:
        """Ask for events, again and again."""
        stub = EventServiceStub(self._hub.channel(self.operator))
        while True:
            begun = stopwatch_s()
            try:
                await stub.ListEvents(ListEventsRequest(), timeout=10)
            except grpc.aio.AioRpcError:
                self.delays.failures += 1
            else:
                self.delays.calls.append(stopwatch_s() - begun)
            self._hub.most_mib = max(self._hub.most_mib, self._hub.rss_mib())
            await pause(EVERY_S)

    async def beat(self, hello: Hello, agent: str = AGENT) -> None:
        """Hold a session and send heartbeats."""
        stream = AgentStream(self._hub.channel(agent), None)
        await stream.send(hello=hello)
        await stream.next()
        while True:
            begun = stopwatch_s()
            try:
                await stream.send(heartbeat=Heartbeat(agent_time=hello.agent_time))
                await stream.next()
            except (grpc.aio.AioRpcError, AssertionError, asyncio.InvalidStateError):
                self.delays.failures += 1
                return
            self.delays.heartbeats.append(stopwatch_s() - begun)
            await pause(EVERY_S)


async def attacked(hub: Watched, honest: Honest, name: str) -> Outcome:
    """Let things be quiet, then attack."""
    honest.delays = quiet = Delays()
    await pause(QUIET_S)
    before, hub.most_mib = hub.rss_mib(), 0.0
    honest.delays = during = Delays()
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "support.abuse.attack_process",
        str(hub.folder),
        ABUSER,
        name,
        stdout=asyncio.subprocess.PIPE,
    )
    said, _ = await process.communicate()
    most = hub.most_mib
    await pause(0.5)
    return Outcome(said.decode().strip(), quiet, during, before, most, hub.rss_mib())


async def run(names: Sequence[str]) -> list[tuple[str, Outcome]]:
    """Start a hub, and attack it in every way that is named."""
    outcomes = []
    with tempfile.TemporaryDirectory() as folder:
        hub = await start(Path(folder))
        honest = Honest(hub)
        hello = Hello(site="sites/b", agent_version="test", reads_direction=True, agent_time=timestamp(NOON))
        tasks = [asyncio.create_task(honest.ask()), asyncio.create_task(honest.beat(hello))]
        await pause(1.0)
        for name in names:
            outcomes.append((name, await attacked(hub, honest, name)))
            print(_line(*outcomes[-1]), flush=True)  # noqa: T201  a long run shows where it is
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if hub.process.stdin is not None:
            hub.process.stdin.close()
        await hub.process.wait()
    return outcomes


def p99_ms(values: Sequence[float]) -> float:
    """The delay that one in a hundred exceeds, ms; NaN without any."""
    return sorted(values)[int(len(values) * 0.99)] * 1000 if values else float("nan")


def _line(name: str, outcome: Outcome) -> str:
    quiet, during = outcome.quiet, outcome.during
    return (
        f"{name:26} calls p99 {p99_ms(quiet.calls):6.1f} -> {p99_ms(during.calls):6.1f} ms, "
        f"heartbeats {p99_ms(quiet.heartbeats):6.1f} -> {p99_ms(during.heartbeats):6.1f} ms, "
        f"failures {during.failures}, hub {outcome.rss_before_mib:.0f} -> {outcome.rss_most_mib:.0f} "
        f"-> {outcome.rss_after_mib:.0f} MiB; {outcome.said}"
    )


if __name__ == "__main__":
    asyncio.run(run(sys.argv[1:] or list(ATTACKS)))
