"""Open streams, and how they end."""

import asyncio
from datetime import timedelta

import pytest

from vpp.foundation.clock import SystemClock
from vpp.foundation.errors import NotAuthenticated
from vpp.rpc.live_calls import Identity, LiveCalls
from vpp.rpc.standing import Standing
from vpp.workflows.access_records import Barred
from vpp.workflows.identity import Principal, Role

AGENTS = [
    Principal(f"agent-{site}", f"owner-{site}", site, frozenset({Role.SITE_AGENT})) for site in ("a", "b")
]


@pytest.fixture
def standing() -> Standing:
    return Standing(SystemClock(), timedelta(days=7))


async def serve(
    live_calls: LiveCalls, principal: Principal, running: asyncio.Event, *, is_stream: bool = True
) -> None:
    with live_calls.kept(Identity(principal), "/x/Watch", is_stream=is_stream):
        running.set()
        await asyncio.Event().wait()


async def begun(live_calls: LiveCalls, principal: Principal) -> "asyncio.Task[None]":
    running = asyncio.Event()
    task = asyncio.create_task(serve(live_calls, principal, running))
    await running.wait()
    return task


async def test_those_alone_end_whose_caller_is_refused(standing: Standing) -> None:
    live_calls = LiveCalls(standing, SystemClock())
    tasks = [await begun(live_calls, agent) for agent in AGENTS for _ in range(2)]
    assert live_calls.end_refused() == 0
    standing.barred = Barred(principal_ids=frozenset({"agent-a"}))
    assert live_calls.end_refused() == 2
    assert live_calls.end_refused() == 0  # they are on their way out
    for task in tasks[:2]:
        with pytest.raises(NotAuthenticated):
            await task
        assert not task.cancelled()
    assert [call.identity.principal.principal_id for call in live_calls.all()] == ["agent-b"] * 2
    for task in tasks[2:]:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_a_call_with_one_answer_ends_too_and_is_no_stream(standing: Standing) -> None:
    live_calls = LiveCalls(standing, SystemClock())
    running = asyncio.Event()
    task = asyncio.create_task(serve(live_calls, AGENTS[0], running, is_stream=False))
    await running.wait()
    assert (live_calls.unfinished, len(live_calls), live_calls.all()) == (1, 0, [])
    standing.barred = Barred(principal_ids=frozenset({"agent-a"}))
    assert live_calls.end_refused() == 1
    with pytest.raises(NotAuthenticated):
        await task
    assert live_calls.unfinished == 0


async def test_who_hangs_up_is_not_told_of_an_identity(standing: Standing) -> None:
    live_calls = LiveCalls(standing, SystemClock())
    task = await begun(live_calls, AGENTS[0])
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert len(live_calls) == 0


async def test_an_error_of_its_own_stays_what_it_is(standing: Standing) -> None:
    live_calls = LiveCalls(standing, SystemClock())
    with pytest.raises(ZeroDivisionError), live_calls.kept(Identity(AGENTS[0]), "/x/Watch"):
        _ = 1 / 0
    assert len(live_calls) == 0


async def test_streams_are_numbered_in_the_order_in_which_they_opened(standing: Standing) -> None:
    live_calls = LiveCalls(standing, SystemClock())
    with live_calls.kept(Identity(AGENTS[0]), "/x/One"), live_calls.kept(Identity(AGENTS[1]), "/x/Two"):
        assert [(call.number, call.method) for call in live_calls.all()] == [(1, "/x/One"), (2, "/x/Two")]
