import asyncio

import pytest

from vpp.rpc.shared_look import SharedLook


async def test_however_many_ask_between_two_rings_one_looks() -> None:
    shared: SharedLook[int] = SharedLook(60.0)
    looked, ring = [], asyncio.Event()

    async def look() -> int:
        looked.append(1)
        return len(looked)

    assert await asyncio.gather(*(shared.at("evening", ring, look) for _ in range(50))) == [1] * 50
    assert await shared.at("evening", asyncio.Event(), look) == 2
    assert await shared.at("other", ring, look) == 3


async def test_what_is_too_old_is_looked_up_again_without_a_ring() -> None:
    shared: SharedLook[int] = SharedLook(-1.0)
    looked, ring = [], asyncio.Event()

    async def look() -> int:
        looked.append(1)
        return len(looked)

    assert [await shared.at("evening", ring, look) for _ in range(3)] == [1, 2, 3]


async def test_a_caller_that_goes_away_does_not_end_it_for_the_others() -> None:
    shared: SharedLook[str] = SharedLook(60.0)
    ring, gate = asyncio.Event(), asyncio.Event()

    async def look() -> str:
        await gate.wait()
        return "seen"

    first = asyncio.create_task(shared.at("evening", ring, look))
    second = asyncio.create_task(shared.at("evening", ring, look))
    while not shared._looks:  # noqa: SLF001  until the look has begun
        await asyncio.wait([first], timeout=0)
    first.cancel()
    gate.set()
    assert await second == "seen"
    with pytest.raises(asyncio.CancelledError):
        await first


async def test_a_failure_is_not_kept() -> None:
    shared: SharedLook[str] = SharedLook(60.0)
    ring = asyncio.Event()

    async def fail() -> str:
        raise ValueError("the database is away")

    async def look() -> str:
        return "seen"

    with pytest.raises(ValueError, match="away"):
        await shared.at("evening", ring, fail)
    assert await shared.at("evening", ring, look) == "seen"
