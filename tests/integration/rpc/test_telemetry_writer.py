"""Group commit: one transaction for many sessions, acknowledged after it, one bad session alone."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from support.market import FIVE, NOON, Market

from vpp.foundation.clock import pause
from vpp.foundation.errors import Overloaded
from vpp.rpc.effects import Effects
from vpp.rpc.telemetry_writer import TelemetryWriter
from vpp.rpc.workflow_calls import WorkflowCalls
from vpp.telemetry.batch import TelemetryBatch
from vpp.telemetry.quality import MeterQuality
from vpp.v1.session_pb2 import ConnectResponse
from vpp.workflows.ports import UnitOfWork


class Source:
    """A session, as the writer knows it."""

    def __init__(self) -> None:
        self.is_open = True
        self.held: list[int] = []
        self.error: BaseException | None = None

    def push(self, responses: list[ConnectResponse]) -> None:
        self.held += [response.telemetry_acknowledgement.held_sequence for response in responses]

    def close(self, error: BaseException | None) -> None:
        self.is_open, self.error = False, error


class Units:
    """Counts transactions, and refuses those that hold a site's readings."""

    def __init__(self, market: Market) -> None:
        self._market = market
        self.transactions = 0
        self.refused_site = ""

    def __call__(self, *, write: bool = True) -> UnitOfWork:
        self.transactions += 1
        uow = self._market.units(write=write)
        units, enter = self, uow.__enter__

        class Checked:
            def __enter__(self) -> UnitOfWork:
                inner = enter()
                keep = inner.telemetry.add

                def add(batches: Sequence[TelemetryBatch]) -> int:
                    if any(batch.site_id == units.refused_site for batch in batches):
                        raise Overloaded("the disk is full")
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
            units, WorkflowCalls(threads, Effects()), max_queued_batches=6, max_commit_batches=4
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
    assert isinstance(b.error, Overloaded)


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
