"""An emergency, from the operator's call to the last agent's booked acknowledgement, stage by stage.

Hub, database and agents share the machine; the clearing runs in the worker that is kept for emergencies. The
floor is the hub's fan-out alone, of one instruction to each of the same agents in the same run.
`VPP_BENCH=full` grows it tenfold.
"""

import asyncio
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from statistics import median
from typing import ParamSpec, TypeVar

import grpc
import pytest
from benchmarks.support.session_hub import SessionHub, cpu_s, session_hub
from support.light_agents import Load, light_agents
from support.market import RULES
from support.standing_fleet import EMERGENCY_PRODUCT, StandingFleet

from vpp.auction.book import Book
from vpp.auction.clearing import clear
from vpp.auction.result import Clearing
from vpp.auction.rules import ClearingRules
from vpp.auction.standing import StandingMarket
from vpp.foundation.clock import SystemClock, stopwatch_s
from vpp.foundation.interval import Interval
from vpp.hub.process_pool import ProcessPool
from vpp.rpc.wire.money_fields import money
from vpp.rpc.wire.time_fields import interval_message
from vpp.storage.engine import make_engine
from vpp.storage.migrate import migrate
from vpp.v1 import event_pb2 as pb
from vpp.v1.event_pb2_grpc import EventServiceStub

P = ParamSpec("P")
T = TypeVar("T")
IS_FULL = os.environ.get("VPP_BENCH") == "full"
COUNTS = (1000, 10_000) if IS_FULL else (100, 1000)
CALLS = 5
STAGES = ("draft and book", "clear in the worker", "commit and answer", "last acknowledgement")


class TimedPool(ProcessPool):
    """Notes when the clearing began and ended, and the book."""

    def __init__(self) -> None:
        super().__init__(1)
        self.began_s = self.ended_s = 0.0
        self.cleared: tuple[Book, ClearingRules] | None = None

    def run(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        self.began_s = stopwatch_s()
        found = super().run(function, *args, **kwargs)
        self.ended_s = stopwatch_s()
        book, rules = args
        assert isinstance(book, Book)
        assert isinstance(rules, ClearingRules)
        self.cleared = (book, rules)
        assert isinstance(found, Clearing)
        return found


@dataclass
class Called:
    """How long the stages of the calls took, s, and the hub's CPU of each call, s."""

    stages_s: list[tuple[float, ...]] = field(default_factory=list)
    cpu_s: list[float] = field(default_factory=list)

    def table(self) -> str:
        columns = zip(*self.stages_s, strict=True)
        parts = [f"{name} {1e3 * median(times):.0f}" for name, times in zip(STAGES, columns, strict=True)]
        return ", ".join(parts)

    @property
    def total_s(self) -> Sequence[float]:
        return sorted(sum(stages) for stages in self.stages_s)


async def call(
    hub: SessionHub, pool: TimedPool, stub: EventServiceStub, fleet: StandingFleet, n: int
) -> Called:
    """Call every site once, `n` days ahead, and wait for the last acknowledgement."""
    midnight = SystemClock().now().replace(hour=0, minute=0, second=0, microsecond=0)
    start = midnight + timedelta(days=n + 1, hours=12)
    event = pb.Event(
        product=f"products/{EMERGENCY_PRODUCT}",
        zone=fleet.zone,
        delivery_interval=interval_message(Interval(start, start + timedelta(hours=1))),
        target_reduction_kw=[sum(fleet.offered_kw)] * 4,
        cap_price_per_mwh=money(Decimal(2000), "GBP"),
    )
    noted = hub.acknowledgements
    noted.waits_s.clear()
    noted.all_in.clear()
    noted.wanted = 2 * fleet.count  # what was bought, and what to do
    began_s, began_cpu_s = stopwatch_s(), cpu_s()
    request = pb.CreateEventRequest(event=event, event_id=f"call-{n}")
    created = await stub.CreateEvent(request, metadata=(("authorization", "Bearer operator"),))
    answered_s = stopwatch_s()
    assert created.state in {pb.Event.STATE_OFFERED, pb.Event.STATE_SCHEDULED}
    async with asyncio.timeout(120):
        await noted.all_in.wait()
    ended_s = stopwatch_s()
    stages = (
        pool.began_s - began_s,
        pool.ended_s - pool.began_s,
        answered_s - pool.ended_s,
        ended_s - answered_s,
    )
    await hub.hub.sessions.drained()
    return Called([stages], [cpu_s() - began_cpu_s])


@pytest.mark.timeout(0)
async def test_from_the_call_to_the_last_acknowledgement(tmp_path: Path) -> None:
    for count in COUNTS:
        folder = tmp_path / str(count)
        folder.mkdir()
        engine = make_engine(f"sqlite:///{folder / 'hub.sqlite'}", pool_size=20)
        migrate(engine)
        pool = TimedPool()
        pool.warm_up()
        fleet = StandingFleet(count, prefix="load-")
        today = datetime.combine(SystemClock().now().date(), datetime.min.time(), UTC)
        async with (
            session_hub(engine, folder, count, emergency_pool=pool) as hub,
            light_agents(Load(hub.address, count=count)),
            grpc.aio.insecure_channel(hub.address) as channel,
        ):
            fleet.stand_ready(hub.units, Interval(today, today + timedelta(days=CALLS + 2)))
            floors = [await hub.fan_out(f"floor-{n}") for n in range(CALLS)]
            every = Called()
            for n in range(CALLS):
                one = await call(hub, pool, EventServiceStub(channel), fleet, n)
                every.stages_s += one.stages_s
                every.cpu_s += one.cpu_s
        engine.dispose()
        pool.close()
        floor_s = median(floor.took_s for floor in floors)
        total_s = median(every.total_s)
        print(
            f"\n{count} agents, median of {CALLS} calls, ms: {every.table()}; in all {1e3 * total_s:.0f} "
            f"(longest {1e3 * every.total_s[-1]:.0f}), {total_s / floor_s:.1f} times a fan-out of one "
            f"instruction each ({1e3 * floor_s:.0f}); hub's CPU {1e3 * median(every.cpu_s) / count:.2f} s "
            "per 1,000"
        )
        assert pool.cleared is not None
        _print_standing(*pool.cleared, total_s)


def _print_standing(book: Book, rules: ClearingRules, total_s: float) -> None:
    """Show what a market that is kept ready would save of the path."""
    ready = StandingMarket(book, rules)
    began_s = stopwatch_s()
    ready.clear(book)
    ended_s = stopwatch_s()
    clear(book, rules)
    scratch_s = stopwatch_s() - ended_s
    saved_s = scratch_s - (ended_s - began_s)
    print(
        f"a market kept ready would save {1e3 * saved_s:.0f} of the {1e3 * scratch_s:.0f} ms of clearing: "
        f"{saved_s / total_s:.0%} of the path"
    )
    assert rules.solver is RULES.solver
