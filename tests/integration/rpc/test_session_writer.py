"""The one writer of all sessions: groups, bounds, and what happens when the database takes nothing."""

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta

import pytest
from support.market import Market, agent_of

from vpp.foundation.clock import pause
from vpp.foundation.errors import InvalidInput, Overloaded
from vpp.rpc.effects import Effects
from vpp.rpc.hub_metrics import HubMetrics
from vpp.rpc.session_writer import SessionWriter, WriterLimits
from vpp.rpc.workflow_calls import WorkflowCalls
from vpp.workflows.ports import UnitOfWork, UnitOfWorkFactory
from vpp.workflows.session_items import Greeting, Holding, Outcome, SessionFacts, SessionItem

LIMITS = WriterLimits(
    max_queued_items=10,
    max_commit_items=8,
    max_commit_greetings=2,
    gathering_time=timedelta(0),
    retry_wait=timedelta(milliseconds=10),
)


class Source:
    """A session that notes what became of what it said."""

    def __init__(self) -> None:
        self.outcomes: list[tuple[SessionItem, Outcome]] = []

    def booked(self, item: SessionItem, outcome: Outcome) -> None:
        self.outcomes.append((item, outcome))


class Gate:
    """Units of work that wait, fail or count, as a test says."""

    def __init__(self, units: UnitOfWorkFactory) -> None:
        self._units = units
        self.fail: Callable[[], Exception | None] = lambda: None
        self.transactions = 0

    def __call__(self, *, write: bool = True) -> UnitOfWork:
        self.transactions += 1
        error = self.fail()
        if error is not None:
            raise error
        return self._units(write=write)


@pytest.fixture
def sites(market: Market) -> Market:
    for n in range(6):
        market.enrol(f"s{n}", days=0)
    return market


@asynccontextmanager
async def writing(
    units: UnitOfWorkFactory, limits: WriterLimits = LIMITS, metrics: HubMetrics | None = None
) -> AsyncIterator[SessionWriter]:
    with ThreadPoolExecutor(2) as threads:
        calls = WorkflowCalls(threads, Effects())
        writer = SessionWriter(units, calls, limits, Effects(), metrics or HubMetrics())
        task = asyncio.create_task(writer.run())
        try:
            async with asyncio.timeout(20):
                yield writer
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


def hello(n: int) -> Greeting:
    return Greeting(agent_of(f"s{n}"), f"s{n}", 0)


def nothing_held(n: int) -> Holding:
    return Holding(agent_of(f"s{n}"), f"s{n}", 0)


async def test_what_came_meanwhile_is_booked_together(sites: Market) -> None:
    gate, source, metrics = Gate(sites.units), Source(), HubMetrics()
    async with writing(gate, replace(LIMITS, max_commit_greetings=6), metrics) as writer:
        for n in range(6):
            await writer.put(hello(n), source)
        await writer.drained()
    assert gate.transactions == 1
    assert all(isinstance(outcome, SessionFacts) for _, outcome in source.outcomes)
    assert metrics.count("vpp_hub_group_commit_items_sum", group="session") == 6


async def test_hellos_of_a_storm_wait_and_live_items_go_first(sites: Market) -> None:
    gate, source = Gate(sites.units), Source()
    async with writing(gate) as writer:
        for n in range(6):
            await writer.put(hello(n), source)
        for n in range(5):
            await writer.put(nothing_held(n), source)
        assert writer.queued_count == 11
        await writer.drained()
    said = [type(item) for item, _ in source.outcomes]
    assert said == [Holding] * 5 + [Greeting] * 6
    assert gate.transactions == 3  # five and two, two, two


async def test_a_full_queue_makes_sessions_wait(sites: Market) -> None:
    source = Source()
    async with writing(sites.units) as writer:
        putting = asyncio.create_task(put_many(writer, source, 25))
        await pause(0)
        assert writer.queued_count == LIMITS.max_queued_items
        assert not putting.done()
        await putting
        await writer.drained()
    assert len(source.outcomes) == 25


async def put_many(writer: SessionWriter, source: Source, count: int) -> None:
    for _ in range(count):
        await writer.put(nothing_held(0), source)


async def test_a_bad_item_is_told_to_its_session_alone(sites: Market) -> None:
    good, bad = Source(), Source()
    async with writing(sites.units) as writer:
        await writer.put(nothing_held(0), good)
        await writer.put(Holding(agent_of("s1"), "s1", 7), bad)
        await writer.put(nothing_held(2), good)
        await writer.drained()
    assert [outcome for _, outcome in good.outcomes] == [None, None]
    assert [type(outcome) for _, outcome in bad.outcomes] == [InvalidInput]


async def test_a_transaction_that_was_not_taken_is_tried_again(sites: Market) -> None:
    gate, source = Gate(sites.units), Source()
    failures = iter([Overloaded("locked"), Overloaded("locked")])
    gate.fail = lambda: next(failures, None)
    async with writing(gate) as writer:
        await writer.put(nothing_held(0), source)
        await writer.drained()
    assert gate.transactions == 3
    assert [outcome for _, outcome in source.outcomes] == [None]


@pytest.mark.parametrize(
    "error", [Overloaded("locked"), ZeroDivisionError("a defect")], ids=["away", "defect"]
)
async def test_what_cannot_be_booked_ends_its_sessions_and_not_the_writer(
    sites: Market, error: Exception
) -> None:
    gate, source = Gate(sites.units), Source()
    gate.fail = lambda: error
    async with writing(gate) as writer:
        await writer.put(nothing_held(0), source)
        await writer.put(nothing_held(1), source)
        await writer.drained()
        assert [outcome for _, outcome in source.outcomes] == [error, error]
        gate.fail = lambda: None
        await writer.put(nothing_held(2), source)
        await writer.drained()
    assert source.outcomes[-1][1] is None


async def test_crowds_are_waited_for_and_single_items_are_not(sites: Market) -> None:
    gate, source = Gate(sites.units), Source()
    limits = replace(
        LIMITS, gathering_time=timedelta(milliseconds=30), max_commit_items=1000, max_queued_items=1000
    )
    async with writing(gate, limits) as writer:
        for _ in range(3):  # thirty each, while the writer waits for company
            await put_many(writer, source, 30)
            await pause(0.02)
        await writer.drained()
        assert gate.transactions == 1
        await put_many(writer, source, 1)
        await writer.drained()
    assert gate.transactions == 2
    assert len(source.outcomes) == 91
