import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from vpp.foundation.clock import pause
from vpp.rpc.caller_lanes import CallerLanes
from vpp.rpc.effects import Effects
from vpp.rpc.turn import begin_turn
from vpp.rpc.workflow_calls import WorkflowCalls
from vpp.workflows.acting import acting_as
from vpp.workflows.identity import Principal, Role


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1) as pool:
        yield pool


async def left(over: list[str]) -> None:
    async with asyncio.timeout(5):
        while not over:
            await pause(0.005)


@pytest.mark.parametrize("kind", ["read", "change"])
async def test_a_turn_lasts_until_the_work_has_ended_whether_or_not_its_caller_waits(
    threads: ThreadPoolExecutor, kind: str
) -> None:
    calls, over, may_end = WorkflowCalls(threads, Effects()), list[str](), threading.Event()

    async def call() -> None:
        turn = begin_turn(lambda: over.append("over"))
        try:
            await getattr(calls, kind)(may_end.wait, 5)
        finally:
            turn.leave()

    task = asyncio.create_task(call())
    await pause(0.05)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert over == []
    may_end.set()
    await left(over)


async def test_work_that_never_begins_holds_no_turn(threads: ThreadPoolExecutor) -> None:
    calls, over, may_end = WorkflowCalls(threads, Effects()), list[str](), threading.Event()
    threads.submit(may_end.wait, 5)  # the only thread

    async def call() -> None:
        turn = begin_turn(lambda: over.append("over"))
        try:
            await calls.read(int)
        finally:
            turn.leave()

    task = asyncio.create_task(call())
    await pause(0.02)
    task.cancel()
    await left(over)
    may_end.set()


async def test_a_turn_ends_with_work_that_fails(threads: ThreadPoolExecutor) -> None:
    calls, over = WorkflowCalls(threads, Effects()), list[str]()
    turn = begin_turn(lambda: over.append("over"))
    with pytest.raises(ValueError, match="invalid literal"):
        await calls.read(int, "x")
    turn.leave()
    await left(over)


@pytest.mark.parametrize("kind", ["read", "change"])
async def test_a_partys_work_waits_for_its_own_and_the_hubs_for_nobodys(kind: str) -> None:
    owner = Principal("owner", "north", None, frozenset({Role.SITE_OWNER}))
    may_end, begun = threading.Event(), list[str]()

    def work(what: str) -> None:
        begun.append(what)
        may_end.wait(5)

    with ThreadPoolExecutor(4) as pool:
        lanes = CallerLanes(4)
        calls = WorkflowCalls(pool, Effects(), lanes)
        with acting_as(owner):
            tasks = [asyncio.create_task(getattr(calls, kind)(work, f"owner-{n}")) for n in range(3)]
        await pause(0.02)
        tasks[0].cancel()  # gives up, and its work goes on
        tasks[1].cancel()  # gives up while it waits
        tasks.append(asyncio.create_task(getattr(calls, kind)(work, "hub")))
        await pause(0.02)
        assert begun == ["owner-0", "hub"]
        may_end.set()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert begun == ["owner-0", "hub", "owner-2"]
        async with asyncio.timeout(5):
            while len(lanes):
                await pause(0.005)
