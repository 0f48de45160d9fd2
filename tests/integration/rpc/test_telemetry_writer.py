"""Group commit: one transaction for many sessions, acknowledged after it, one bad session alone."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from datetime import timedelta

import pytest
from support.market import FIVE, NOON, Market

from vpp.foundation.clock import pause
from vpp.foundation.errors import InvalidInput, Overloaded
from vpp.rpc.effects import Effects
from vpp.rpc.hub_metrics import HubMetrics
from vpp.rpc.telemetry_writer import TelemetryLimits, TelemetryWriter
from vpp.rpc.workflow_calls import WorkflowCalls
from vpp.telemetry.batch import TelemetryBatch
from vpp.telemetry.quality import MeterQuality
from vpp.v1.session_pb2 import ConnectResponse
from vpp.workflows.ports import UnitOfWork

SECOND = timedelta(seconds=1)


class Source:
    """A session, as the writer knows it."""

    def __init__(self) -> None:
        self.is_open = True
        self.held: list[int] = []
        self.refused: list[tuple[int, str, float]] = []
        self.error: BaseException | None = None

    def push(self, responses: list[ConnectResponse]) -> None:
        for response in responses:
            if response.WhichOneof("message") == "refusal":
                one = response.refusal
                self.refused.append(
                    (one.telemetry_sequence, one.reason, one.retry_delay.ToTimedelta() / SECOND)
                )
            else:
                self.held.append(response.telemetry_acknowledgement.held_sequence)

    def close(self, error: BaseException | None) -> None:
        self.is_open, self.error = False, error


class Units:
    """Counts transactions, and refuses those that hold a site's readings."""

    def __init__(self, market: Market) -> None:
        self._market = market
        self.transactions = 0
        self.refused_site = ""
        self.error: Exception = InvalidInput("it cannot be kept")
        self.is_full = False

    def __call__(self, *, write: bool = True) -> UnitOfWork:
        self.transactions += 1
        uow = self._market.units(write=write)
        units, enter = self, uow.__enter__

        class Checked:
            def __enter__(self) -> UnitOfWork:
                inner = enter()
                keep = inner.telemetry.add

                def add(batches: Sequence[TelemetryBatch]) -> int:
                    if units.is_full:
                        raise Overloaded("the disk is full")
                    if any(batch.site_id == units.refused_site for batch in batches):
                        raise units.error
                    return keep(batches)

                inner.telemetry.add = add  # type: ignore[method-assign]  # a fault at the port
                return inner

            def __exit__(self, *error: object) -> None:
                uow.__exit__(*error)  # type: ignore[arg-type]  # passed on as it comes

        return Checked()  # type: ignore[return-value]  # a unit of work to those who use it in a with


def batch(site_id: str, sequence: int) -> TelemetryBatch:
    start = NOON - timedelta(hours=1) + sequence * FIVE
    return TelemetryBatch(site_id, 5000 + sequence, start, FIVE, [1.0], MeterQuality.OK)  # type: ignore[arg-type]  # made an array


@pytest.fixture
def units(two_sites: Market) -> Units:
    return Units(two_sites)


@pytest.fixture
async def writer(units: Units) -> AsyncIterator[TelemetryWriter]:
    """A writer that has not begun."""
    with ThreadPoolExecutor(1) as threads:
        yield TelemetryWriter(
            units,
            WorkflowCalls(threads, Effects()),
            TelemetryLimits(max_queued_batches=6, max_commit_batches=4, max_wait=timedelta(seconds=20)),
        )


async def written(writer: TelemetryWriter) -> None:
    """Run the writer until its queue is empty."""
    task = asyncio.create_task(writer.run())
    async with asyncio.timeout(20):
        await writer.drained()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_what_has_queued_is_one_transaction(writer: TelemetryWriter, units: Units) -> None:
    a, b = Source(), Source()
    for sequence in (1, 2):
        await writer.put(batch("a", sequence), a)
        await writer.put(batch("b", sequence), b)
    await writer.put(batch("a", 3), a)  # beyond the most of one transaction
    await written(writer)
    assert units.transactions == 2
    assert (a.held, b.held) == ([5002, 5003], [5002])


async def test_a_full_queue_holds_the_reader_back(writer: TelemetryWriter) -> None:
    source = Source()
    for sequence in range(6):
        await writer.put(batch("a", sequence), source)
    seventh = asyncio.create_task(writer.put(batch("a", 6), source))
    await pause(0.01)
    assert not seventh.done()
    await written(writer)
    async with asyncio.timeout(20):
        await seventh
    assert source.held[-1] >= 5005


async def test_one_sessions_failure_is_its_own(writer: TelemetryWriter, units: Units) -> None:
    a, b = Source(), Source()
    units.refused_site = "b"
    await writer.put(batch("a", 1), a)
    await writer.put(batch("b", 1), b)
    await written(writer)
    assert a.held == [5001]
    assert a.is_open
    assert b.held == []
    assert isinstance(b.error, InvalidInput)


async def test_a_database_that_takes_no_work_costs_no_session(
    writer: TelemetryWriter, units: Units, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vpp.rpc.telemetry_writer.RETRY_PAUSE_S", 0.01)
    a, b = Source(), Source()
    units.is_full = True
    await writer.put(batch("a", 1), a)
    await writer.put(batch("b", 1), b)
    task = asyncio.create_task(writer.run())
    async with asyncio.timeout(20):
        while units.transactions < 3:
            await pause(0.01)
        assert (a.is_open, b.is_open, a.held, b.held) == (True, True, [], [])
        b.is_open = False  # it has gone meanwhile: its agent sends again
        units.is_full = False
        await writer.drained()
    assert (a.held, b.held) == ([5001], [])
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_nothing_is_kept_after_what_was_lost(
    writer: TelemetryWriter, units: Units, two_sites: Market
) -> None:
    # The agent goes on after the highest sequence held: a later batch of a failed session must not be kept.
    b = Source()
    units.refused_site = "b"
    for sequence in range(1, 7):
        await writer.put(batch("b", sequence), b)

    def heal() -> None:
        units.refused_site = ""

    b.close = lambda error: (Source.close(b, error), heal())[0]  # type: ignore[method-assign]  # the fault passes
    with two_sites.units(write=False) as uow:
        before = uow.telemetry.held_sequence("b")
    await written(writer)
    assert not b.is_open
    with two_sites.units(write=False) as uow:
        assert uow.telemetry.held_sequence("b") == before


def overloaded(
    units: Units, threads: Executor, metrics: HubMetrics | None = None, **limits: int
) -> TelemetryWriter:
    """A writer that has not begun, for whose full queue nobody waits long."""
    few = {"max_queued_batches": 2, "max_commit_batches": 2} | limits
    patience = {"max_wait": timedelta(milliseconds=20), "retry_delay": 7 * SECOND}
    return TelemetryWriter(
        units, WorkflowCalls(threads, Effects()), TelemetryLimits(**few, **patience), metrics
    )  # type: ignore[arg-type]  # fields by name


@pytest.fixture
def thread() -> Iterator[Executor]:
    with ThreadPoolExecutor(1) as threads:
        yield threads


async def test_what_finds_no_room_is_refused_with_a_hint_and_so_is_what_follows(
    units: Units, thread: Executor
) -> None:
    metrics = HubMetrics()
    writer = overloaded(units, thread, metrics)
    a, b = Source(), Source()
    for sequence in (1, 2, 3):
        await writer.put(batch("a", sequence), a)
    await writer.put(batch("b", 1), b)
    assert a.refused == [(5003, "OVERLOADED", 7.0)]
    assert b.refused == [(5001, "OVERLOADED", 7.0)]
    await written(writer)
    # There is room again, but an acknowledgement of 5004 would say that 5003 is held.
    await writer.put(batch("a", 4), a)
    assert [sequence for sequence, *_ in a.refused] == [5003, 5004]
    await writer.put(batch("a", 3), a)
    await writer.put(batch("a", 4), a)
    await written(writer)
    assert (a.held, len(a.refused)) == ([5002, 5004], 2)
    assert metrics.count("vpp_hub_readings_refused_total", reason="OVERLOADED") == 3
    assert metrics.count("vpp_hub_readings_kept_total") == 4


async def test_what_the_agent_gave_up_holds_up_nothing_for_ever(units: Units, thread: Executor) -> None:
    writer = overloaded(units, thread)
    a = Source()
    for sequence in (1, 2, 3, 4):
        await writer.put(batch("a", sequence), a)
    await written(writer)
    assert [sequence for sequence, *_ in a.refused] == [5003, 5004]
    await writer.put(batch("a", 4), a)  # 5003 never comes again
    await written(writer)
    assert a.held == [5002, 5004]


async def test_what_comes_before_what_was_refused_lets_nothing_past_it(
    units: Units, thread: Executor
) -> None:
    writer = overloaded(units, thread)
    a = Source()
    for sequence in (1, 2, 3):
        await writer.put(batch("a", sequence), a)
    await written(writer)
    await writer.put(batch("a", 2), a)  # the agent sends again all that it does not know to be held
    await written(writer)
    await writer.put(batch("a", 4), a)  # on its way before
    assert [sequence for sequence, *_ in a.refused] == [5003, 5004]
    await writer.put(batch("a", 3), a)
    await writer.put(batch("a", 4), a)
    await written(writer)
    assert a.held == [5002, 5002, 5004]


async def test_a_new_session_of_the_site_begins_anew(units: Units, thread: Executor) -> None:
    writer = overloaded(units, thread)
    first, second = Source(), Source()
    for sequence in (1, 2, 3):
        await writer.put(batch("a", sequence), first)
    first.is_open = False
    await written(writer)
    await writer.put(batch("a", 1), second)  # nothing of the first session was kept
    await written(writer)
    assert (first.held, second.held, second.refused) == ([], [5001], [])


async def test_bytes_bound_the_queue_and_a_transaction_too(units: Units, thread: Executor) -> None:
    sizes = {
        "max_queued_batches": 100,
        "max_commit_batches": 100,
        "max_queued_bytes": 24,
        "max_commit_bytes": 16,
    }
    writer = overloaded(units, thread, **sizes)
    source = Source()
    for sequence in range(1, 5):  # eight bytes each
        await writer.put(batch("a", sequence), source)
    assert (writer.queued_batches, writer.queued_bytes) == (3, 24)
    assert [sequence for sequence, *_ in source.refused] == [5004]
    await written(writer)
    assert units.transactions == 2
    assert source.held == [5002, 5003]


async def test_who_waits_for_room_is_let_in_in_order_and_the_waiting_are_bounded(
    units: Units, thread: Executor
) -> None:
    writer = TelemetryWriter(
        units,
        WorkflowCalls(thread, Effects()),
        TelemetryLimits(max_queued_batches=1, max_commit_batches=1, max_wait=20 * SECOND),
    )
    sources = [Source() for _ in range(3)]
    await writer.put(batch("a", 1), sources[0])
    waiting = asyncio.create_task(writer.put(batch("b", 1), sources[1]))
    await pause(0.01)
    assert writer.is_overloaded
    await writer.put(batch("a", 9), sources[2])  # as many wait as may be queued: refused at once
    assert [len(source.refused) for source in sources] == [0, 0, 1]
    await written(writer)
    async with asyncio.timeout(20):
        await waiting
    assert [source.held for source in sources] == [[5001], [5001], []]
    assert not writer.is_overloaded
    assert writer.queued_bytes == 0
