"""Attacks a running hub in every way that is written down, while honest callers work; see `tools/attack`.

The hub, the attacker and the honest callers are three processes. Beside each attack stand what has to happen,
what did, the honest callers' p99 just before it and while it went on, and the hub's memory. What works below
gRPC (`support.abuse`) is judged by these last: the hub must go on serving, and not grow.
"""

import argparse
import asyncio
import json
import sys
import tempfile
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from google.protobuf.timestamp_pb2 import Timestamp
from support.abuse.attacks import ATTACKS as FLOODS
from support.abuse.run import Delays, Honest, Watched, p99_ms
from support.hostile.every_attack import ATTACKS
from support.hostile.hub_process import honest_sites
from support.hostile.tenant import SELF
from support.market import agent_of
from support.populated_hub import NOW

from vpp.foundation.clock import pause
from vpp.v1.session_pb2 import Hello

HEAD = (
    "#",
    "who",
    "what is tried",
    "what has to happen",
    "verdict",
    "what happened",
    "honest p99 quiet / during, ms",
    "hub before / most / after, MiB",
)
QUIET_S = 1.0
LEAST_SAMPLES = 20
"""Fewer tell nothing of the slowest hundredth."""
MOST_GROWTH_MIB = 200.0
START_DEADLINE_S = 120.0


@dataclass(frozen=True)
class Row:
    """One line of the table.

    Attributes:
        who: Who attacks.
        title: What is tried.
        expects: What has to happen.
        is_held: Whether the hub held.
        said: What happened.
        quiet: Honest callers' delays just before.
        during: The same while it went on.
        memory_mib: The hub's memory before it, at most while it went on, and after it.
    """

    who: str
    title: str
    expects: str
    is_held: bool
    said: str
    quiet: Delays
    during: Delays
    memory_mib: tuple[float, float, float]

    def line(self, number: int) -> str:
        """Write it as a line of a Markdown table."""
        quiet, during = (_p99(one.calls + one.heartbeats) for one in (self.quiet, self.during))
        memory = " / ".join(f"{one:.0f}" for one in self.memory_mib)
        said = self.said.replace("|", "/").replace("\n", " ")[:150]
        verdict = "held" if self.is_held else "SUCCEEDED"
        cells = (number, self.who, self.title, self.expects, verdict, said, f"{quiet} / {during}", memory)
        return f"| {' | '.join(str(cell) for cell in cells)} |"


def _p99(delays_s: list[float]) -> str:
    return f"{p99_ms(delays_s):.0f}" if len(delays_s) >= LEAST_SAMPLES else "-"


class Siege:
    """A hub process, honest callers and an attacker."""

    def __init__(self, folder: Path, sites: int) -> None:
        self._folder = folder
        self._sites = honest_sites(sites)
        self._tasks: list[asyncio.Task[None]] = []
        self.hub: Watched
        self.honest: Honest
        self._attacker: asyncio.subprocess.Process

    async def begin(self) -> None:
        """Start everything and wait until it works."""
        self.hub = await self._start_hub()
        self.honest = Honest(self.hub)
        self.honest.operator = "grid-operator"
        self._tasks = [asyncio.create_task(self.honest.ask())]
        at = Timestamp()
        at.FromDatetime(NOW.replace(tzinfo=None))
        for site_id in self._sites:
            hello = Hello(
                site=f"sites/{site_id}", agent_version="honest", reads_direction=True, agent_time=at
            )
            self._tasks.append(asyncio.create_task(self.honest.beat(hello, agent_of(site_id).principal_id)))
        self._attacker = await self._run("support.hostile.attacker_process", str(self._folder))
        await pause(2.0)

    async def end(self) -> None:
        """Stop everything."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for process in (self._attacker, self.hub.process):
            if process.stdin is not None:
                process.stdin.close()
            await process.wait()

    async def attack(self, number: int) -> Row:
        """Let things be quiet, then attack above the transport."""
        one = ATTACKS[number]
        quiet, before = await self._quiet()
        self.honest.delays = during = Delays()
        assert self._attacker.stdin is not None
        assert self._attacker.stdout is not None
        self._attacker.stdin.write(f"{number}\n".encode())
        line = await self._attacker.stdout.readline()
        is_held, said = json.loads(line) if line else (False, "the attacker's process broke off")
        return Row(one.who, one.title, one.expects, is_held, said, quiet, during, self._memory(before))

    async def flood(self, name: str) -> Row:
        """Let things be quiet, then attack below gRPC; held where the hub serves on and has not grown."""
        quiet, before = await self._quiet()
        self.honest.delays = during = Delays()
        process = await self._run("support.abuse.attack_process", str(self._folder), SELF, name)
        assert process.stdout is not None
        said = (await process.stdout.read()).decode().strip()
        await process.wait()
        during = self.honest.delays
        await self._quiet()
        serves = (
            bool(self.honest.delays.calls) and not during.failures and self.hub.process.returncode is None
        )
        memory = self._memory(before)
        is_held = serves and memory[1] - memory[0] < MOST_GROWTH_MIB
        expects = f"nobody else fails, memory grows by less than {MOST_GROWTH_MIB:.0f} MiB"
        return Row("malicious", name, expects, is_held, said, quiet, during, memory)

    async def _quiet(self) -> tuple[Delays, float]:
        self.honest.delays = quiet = Delays()
        await pause(QUIET_S)
        self.hub.most_mib = 0.0
        return quiet, self.hub.rss_mib()

    def _memory(self, before: float) -> tuple[float, float, float]:
        after = self.hub.rss_mib()
        return before, max(self.hub.most_mib, before, after), after

    async def _start_hub(self) -> Watched:
        process = await self._run("support.hostile.hub_process", str(self._folder), str(len(self._sites)))
        async with asyncio.timeout(START_DEADLINE_S):
            while not (self._folder / "port").exists():
                if process.returncode is not None:
                    raise RuntimeError(f"the hub did not start; see {self._folder}/hub_process.log")
                await pause(0.1)
        return Watched(process, self._folder)

    async def _run(self, module: str, *arguments: str) -> asyncio.subprocess.Process:
        with (self._folder / f"{module.rpartition('.')[2]}.log").open("ab") as log:
            pipe = asyncio.subprocess.PIPE
            command = (sys.executable, "-m", module, *arguments)
            return await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe, stderr=log)


async def run(sites: int) -> tuple[list[str], int]:
    """Attack in every way; returns the lines of the table, and how many attacks succeeded."""
    rows: list[Row] = []
    lines = [f"| {' | '.join(HEAD)} |", f"|{'---|' * len(HEAD)}"]
    with tempfile.TemporaryDirectory() as folder:
        siege = Siege(Path(folder), sites)
        await siege.begin()
        attempts = [partial(siege.attack, number) for number in range(len(ATTACKS))]
        attempts += [partial(siege.flood, name) for name in FLOODS]
        for attempt in attempts:
            rows.append(await attempt())
            lines.append(rows[-1].line(len(rows)))
            sys.stdout.write(f"{lines[-1]}\n")
            sys.stdout.flush()
        await siege.end()
    succeeded = sum(not row.is_held for row in rows)
    quiet = [delay for row in rows for delay in (*row.quiet.calls, *row.quiet.heartbeats)]
    during = [delay for row in rows for delay in (*row.during.calls, *row.during.heartbeats)]
    failures = sum(row.during.failures + row.quiet.failures for row in rows)
    peak = max(row.memory_mib[1] for row in rows)
    summary = (
        f"{len(rows)} attacks, {succeeded} succeeded; {sites} honest sites and an operator: "
        f"p99 {p99_ms(quiet):.0f} ms quiet, {p99_ms(during):.0f} ms during, {failures} failures of theirs; "
        f"hub {rows[0].memory_mib[0]:.0f} MiB at first, {peak:.0f} at most, {rows[-1].memory_mib[2]:.0f} last"
    )
    sys.stdout.write(f"{summary}\n")
    return [*lines, "", summary, ""], succeeded


def main() -> int:
    """Attack; 1 if an attack succeeded."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sites", type=int, default=20, help="of honest parties")
    parser.add_argument("--out", type=Path, default=Path("build/attack.md"), help="where the table goes")
    options = parser.parse_args()
    lines, succeeded = asyncio.run(run(options.sites))
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text("\n".join(lines), encoding="utf-8")
    return 1 if succeeded else 0


if __name__ == "__main__":
    sys.exit(main())
