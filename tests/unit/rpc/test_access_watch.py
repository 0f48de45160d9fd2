"""The watch reads its sources again and again; one that hangs or fails holds up nothing."""

import asyncio
import logging
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from vpp.foundation.clock import SystemClock
from vpp.foundation.errors import Overloaded
from vpp.rpc.access_watch import AccessSource, AccessWatch
from vpp.rpc.live_calls import Identity, LiveCalls
from vpp.rpc.standing import Standing
from vpp.workflows.access_records import Barred
from vpp.workflows.identity import Principal, Role

AGENT = Principal("agent-a", "owner-a", "a", frozenset({Role.SITE_AGENT}))


class Watched:
    """A watch over sources of a test's own."""

    def __init__(self, *reads: Callable[[], Any]) -> None:
        self.standing = Standing(SystemClock(), timedelta(days=7))
        self.live_calls = LiveCalls(self.standing, SystemClock())
        self.flushed = 0
        self.warnings: list[str] = []
        self.watch = AccessWatch(
            [AccessSource(f"source {n}", read, self.take) for n, read in enumerate(reads)],
            self.live_calls,
            interval=timedelta(milliseconds=10),
            warnings=lambda: self.warnings,
            flush=self.flush,
        )

    def take(self, barred: Barred) -> None:
        self.standing.barred = barred

    async def flush(self) -> None:
        self.flushed += 1


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110  threads set what it waits for
            await asyncio.sleep(0)  # noqa: TID251  lets the threads' results in


async def test_what_a_source_says_now_counts_at_once() -> None:
    watched = Watched(lambda: Barred(principal_ids=frozenset({"agent-a"})))

    async def serve() -> None:
        with watched.live_calls.kept(Identity(AGENT), "/x/Watch"):
            await asyncio.Event().wait()

    task = asyncio.create_task(serve())
    await until(lambda: len(watched.live_calls) == 1)
    watched.watch.look()
    await until(task.done)
    assert type(task.exception()).__name__ == "NotAuthenticated"
    await until(lambda: watched.flushed == 1)
    watched.watch.close()


async def test_a_source_that_hangs_holds_up_no_other() -> None:
    gate = threading.Event()
    reads = 0

    def hang() -> Barred:
        gate.wait(10)
        return Barred()

    def count() -> Barred:
        nonlocal reads
        reads += 1
        return Barred()

    watched = Watched(hang, count)
    running = asyncio.create_task(watched.watch.run())
    await until(lambda: reads > 3)
    gate.set()
    running.cancel()
    watched.watch.close()


async def test_what_cannot_be_read_stays_as_it_was(caplog: pytest.LogCaptureFixture) -> None:
    failures = 0

    def fail() -> Barred:
        nonlocal failures
        failures += 1
        raise Overloaded("postgresql://hub:hunter2@db is away")

    watched = Watched(fail)
    watched.standing.barred = before = Barred(principal_ids=frozenset({"mallory"}))
    running = asyncio.create_task(watched.watch.run())
    await until(lambda: failures > 3)
    assert watched.standing.barred == before
    assert [record.getMessage() for record in caplog.records] == [
        "source 0 could not be read (Overloaded); what was read before stays"
    ]
    running.cancel()
    watched.watch.close()
    with pytest.raises(Overloaded):
        watched.watch.take()  # at the start nobody is served without it


async def test_a_warning_is_logged_when_it_arises(caplog: pytest.LogCaptureFixture) -> None:
    watched = Watched()
    with caplog.at_level(logging.ERROR):
        watched.warnings = ["the list is overdue"]
        watched.watch.look()
        watched.watch.look()
        watched.warnings = []
        watched.watch.look()
        watched.warnings = ["the list is overdue"]
        watched.watch.look()
    assert [record.getMessage() for record in caplog.records] == ["the list is overdue"] * 2
    await until(lambda: watched.flushed > 0)
