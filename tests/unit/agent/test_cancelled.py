import asyncio

import pytest

from vpp.agent.cancelled import raise_if_cancelled


async def lost_when_stopped(held: asyncio.Event) -> None:
    """A link that breaks just as it is to be closed."""
    held.set()
    try:
        await asyncio.Event().wait()
    finally:
        raise ConnectionError("the hub went away")


async def reconnecting(held: asyncio.Event, *, heeds: bool) -> str:
    """Hold one link after the other; give up after the second."""
    for _ in range(2):
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(lost_when_stopped(held))
        except* ConnectionError as errors:
            if heeds:
                raise_if_cancelled(errors)
    return "went on"


async def outcome_of_stopping(*, heeds: bool) -> str:
    held = asyncio.Event()
    task = asyncio.create_task(reconnecting(held, heeds=heeds))
    await held.wait()
    task.cancel()
    done, _ = await asyncio.wait([task], timeout=0.05)
    if not done:
        task.cancel()
        await asyncio.wait([task])
        return "went on"
    return "stopped" if task.cancelled() else task.result()


async def test_a_stop_that_an_error_hides_is_heeded() -> None:
    assert await outcome_of_stopping(heeds=True) == "stopped"


@pytest.mark.skipif("sys.version_info >= (3, 13)", reason="task groups keep the cancellation from 3.13 on")
async def test_without_it_a_task_group_hides_the_stop() -> None:
    assert await outcome_of_stopping(heeds=False) == "went on"


async def test_an_error_alone_stops_nothing() -> None:
    raise_if_cancelled(ConnectionError("the hub went away"))
    task = asyncio.current_task()
    assert task is not None
    assert not task.cancelling()
