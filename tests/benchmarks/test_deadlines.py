"""A thousand deadlines due in the same second: none missed, how late each was, how long the loop was blocked.

They are gate closures, each a transaction of its own with two state changes, audit and a deadline that
follows, so the floor is as many empty durable commits on the same file in the same run. `VPP_BENCH=full`
grows it tenfold.
"""

import asyncio
import os
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path

import pytest
from support.market import RULES, Market, make_market
from support.products import shipped_products

from vpp.auction.tender import Tender, TenderState
from vpp.dispatch.event import Event, EventState
from vpp.foundation.clock import SystemClock, pause, stopwatch_s
from vpp.foundation.interval import Interval
from vpp.jobs.ticker import Ticker
from vpp.storage.engine import make_engine
from vpp.storage.unit_of_work import SqlUnitOfWorkFactory
from vpp.workflows.due_lanes import PUNCTUAL
from vpp.workflows.due_work import DueOutcome, DueResult, next_due_at, run_due
from vpp.workflows.ports import Due, DueKind

COUNTS = (1000, 10_000) if os.environ.get("VPP_BENCH") == "full" else (100, 1000)
QUARTER = timedelta(minutes=15)
CLOCK = SystemClock()


def owe_gate_closures(market: Market, count: int, gate_closes_at: datetime) -> None:
    """Open auctions whose gates close at one instant, in one transaction."""
    start = (gate_closes_at + timedelta(days=2)).replace(minute=0, second=0, microsecond=0)
    delivery = Interval(start, start + 4 * QUARTER)
    version = shipped_products()["example-peak-shaving"].version
    with market.units() as uow:
        for n in range(count):
            name = f"auction-{n:05}"
            tender = Tender(
                auction_id=name,
                product_id="example-peak-shaving",
                product_version=version,
                zone="north",
                delivery=delivery,
                target_reduction_kw=(100.0,) * 4,
                price_cap_per_mwh=Decimal(2000),
                gate_closes_at=gate_closes_at,
                rebound_headroom_kw=None,
                operator_party_id="grid",
                state=TenderState.OPEN,
            )
            uow.auctions.add(name, tender)
            event = Event(
                event_id=name,
                product_id=tender.product_id,
                product_version=version,
                zone="north",
                delivery=delivery,
                target_reduction_kw=tender.target_reduction_kw,
                awarded_reduction_kw=(),
                price_cap_per_mwh=tender.price_cap_per_mwh,
                operator_party_id="grid",
                auction_id=name,
                state=EventState.OPEN,
            )
            uow.events.add(name, event)
            uow.due.add(Due(DueKind.GATE_CLOSURE, name, gate_closes_at))
        uow.commit()


def floor_s(folder: Path, count: int) -> float:
    """As many durable commits of one row each."""
    connection = sqlite3.connect(folder / "floor.sqlite", isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("CREATE TABLE deadline (name TEXT PRIMARY KEY, state TEXT)")
    began_s = stopwatch_s()
    for n in range(count):
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("INSERT INTO deadline VALUES (?, 'done')", (f"auction-{n:05}",))
        connection.execute("COMMIT")
    took_s = stopwatch_s() - began_s
    connection.close()
    return took_s


async def longest_block_s(until: asyncio.Event) -> float:
    """Return the longest time for which nothing else ran on the loop, s."""
    longest_s = 0.0
    while not until.is_set():
        began_s = stopwatch_s()
        await pause(0.002)
        longest_s = max(longest_s, stopwatch_s() - began_s - 0.002)
    return longest_s


@pytest.mark.timeout(0)
@pytest.mark.parametrize("count", COUNTS)
async def test_many_deadlines_in_one_second(tmp_path: Path, count: int) -> None:
    folder = tmp_path / "hub"
    folder.mkdir()
    market = make_market(folder)
    engine = make_engine(f"sqlite:///{folder / 'hub.sqlite'}")
    units = SqlUnitOfWorkFactory(engine, CLOCK)
    due_at = CLOCK.now() + timedelta(seconds=3 + count / 500)
    owe_gate_closures(market, count, due_at)
    done, finished = asyncio.Event(), [0]
    late_s: list[float] = []
    loop = asyncio.get_running_loop()

    def run_and_note() -> list[DueOutcome]:
        outcomes = run_due(units, market.pool, RULES, kinds=PUNCTUAL.kinds, at_once=PUNCTUAL.at_once)
        now = CLOCK.now()
        late_s.extend((now - outcome.due.due_at).total_seconds() for outcome in outcomes)
        assert {outcome.result for outcome in outcomes} <= {DueResult.DONE}
        finished[0] += len(outcomes)
        if finished[0] == count:
            loop.call_soon_threadsafe(done.set)
        return outcomes

    with ThreadPoolExecutor(1) as threads:
        ticker = Ticker(
            clock=CLOCK,
            run_due=run_and_note,
            next_due_at=partial(next_due_at, units, PUNCTUAL.kinds),
            after_run=lambda: None,
            threads=threads,
            longest_wait=timedelta(minutes=1),
            retry_wait=timedelta(seconds=1),
        )
        ticker.start()
        blocked = asyncio.create_task(longest_block_s(done))
        await done.wait()
        blocked_s = await blocked
        await ticker.stop(5.0)
    late_s.sort()
    with units(write=False) as uow:
        open_kinds = {due.kind for due in uow.due.open()}
        states = {stored.value.state for stored in uow.auctions.page(limit=2 * count)}
    engine.dispose()
    assert open_kinds == {DueKind.CLEARING}
    assert states == {TenderState.GATE_CLOSED}
    floor = floor_s(tmp_path, count)
    print(
        f"\n{count} deadlines due in one second, none missed: late by p50 {late_s[count // 2]:.2f} s, "
        f"at most {late_s[-1]:.2f} s = {late_s[-1] / floor:.1f} times {count} bare commits ({floor:.2f} s); "
        f"loop blocked for {1e3 * blocked_s:.0f} ms at most"
    )
