import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import replace
from datetime import timedelta

import pytest

from vpp.foundation.errors import Overloaded
from vpp.rpc.caller_quotas import CallerQuotas
from vpp.rpc.hub_metrics import HubMetrics
from vpp.rpc.quota_limits import QuotaLimits
from vpp.rpc.rates import Rate
from vpp.rpc.turn import present_turn
from vpp.workflows.acting import acting_as
from vpp.workflows.identity import Principal, Role

LIMITS = QuotaLimits(
    max_requests_per_second=100,
    max_running_requests=2,
    max_unfinished_requests=4,
    max_open_streams=2,
    max_connections=2,
    refusal_delay=timedelta(milliseconds=1),
    max_unfinished_requests_of_all=6,
)


class Calls:
    """Calls that are held open until a test lets them end."""

    def __init__(self, quotas: CallerQuotas) -> None:
        self.quotas = quotas
        self.running: list[str] = []
        self.most_running = 0
        self._end = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    def begin(self, who: str, connection: str = "1") -> asyncio.Task[None]:
        """Begin a call."""
        task = asyncio.create_task(self._call(who, connection))
        self._tasks.append(task)
        return task

    async def _call(self, who: str, connection: str) -> None:
        async with self.quotas.request_of(who, connection):
            self.running.append(who)
            self.most_running = max(self.most_running, len(self.running))
            await self._end.wait()
            self.running.remove(who)

    async def end(self) -> None:
        """Let all calls end."""
        self._end.set()
        await asyncio.gather(*self._tasks, return_exceptions=True)


@asynccontextmanager
async def calls(limits: QuotaLimits = LIMITS) -> AsyncIterator[Calls]:
    held = Calls(CallerQuotas(limits, HubMetrics()))
    try:
        yield held
    finally:
        await held.end()
        assert held.quotas.unfinished == 0
        assert len(held.quotas) == 0


async def settle() -> None:
    for _ in range(10):
        await asyncio.sleep(0)  # noqa: TID251  tasks have their turn


async def test_a_callers_calls_run_a_few_at_a_time_and_another_caller_does_not_wait_for_them() -> None:
    async with calls() as held:
        for _ in range(4):
            held.begin("a")
        await settle()
        assert held.running == ["a", "a"]
        held.begin("b")
        await settle()
        assert held.running == ["a", "a", "b"]
    assert held.most_running == 3


async def test_what_is_too_much_even_to_wait_is_refused() -> None:
    async with calls() as held:
        for _ in range(4):
            held.begin("a")
        await settle()
        with pytest.raises(Overloaded, match="a: 4 calls are not finished, expected at most 4") as error:
            await held.begin("a")
        assert error.value.metadata == {"limit": "requests"}
        held.begin("b")
        await settle()
        assert held.running.count("b") == 1


async def test_all_callers_together_have_a_bound_and_a_part_of_it_is_for_who_runs_the_market() -> None:
    async with calls() as held:
        for who in ("a", "a", "a", "b", "b"):
            held.begin(who)
        await settle()
        with pytest.raises(Overloaded, match="the hub has too many calls"):
            await held.begin("c")
        with acting_as(Principal("grid-1", "grid", None, frozenset({Role.DISPATCHER}))):
            dispatch = held.begin("grid-1")
            await settle()
            assert not dispatch.done()
            with pytest.raises(Overloaded, match="the hub has too many calls"):
                await held.begin("grid-1")


async def test_calls_come_on_few_connections() -> None:
    async with calls() as held:
        held.begin("a", "1")
        held.begin("a", "2")
        await settle()
        with pytest.raises(Overloaded, match="calls are open on 2 connections, expected at most 2"):
            await held.begin("a", "3")
        held.begin("a", "1")
        held.begin("b", "3")
        await settle()
        assert held.quotas.unfinished == 4


async def test_calls_come_at_a_rate() -> None:
    limits = replace(LIMITS, max_requests_per_second=1, rate_window=timedelta(seconds=10))
    quotas = CallerQuotas(limits, HubMetrics())
    for _ in range(10):
        async with quotas.request_of("a", "1"):
            pass
    for enclosed in (quotas.request_of, quotas.stream_of, quotas.session_of):
        with pytest.raises(Overloaded, match="more calls than that came each second"):
            async with enclosed("a", "1"):
                pytest.fail("it was let in")
    async with quotas.request_of("b", "1"):
        pass


async def test_giving_a_call_up_makes_no_room_while_its_work_goes_on() -> None:
    limits = replace(LIMITS, max_running_requests=1, max_unfinished_requests=2)
    async with calls(limits) as held:

        async def begin_work() -> Callable[[], None]:
            async with held.quotas.request_of("a", "1"):
                turn = present_turn()
                assert turn is not None
                return turn.join()

        leave = await begin_work()  # the call is over, and its work is not
        waiting = held.begin("a")
        await settle()
        assert held.running == []
        with pytest.raises(Overloaded, match="a: 2 calls are not finished"):
            await held.begin("a")
        leave()
        await settle()
        assert held.running == ["a"]
        assert not waiting.done()


async def test_a_caller_that_reads_no_answers_is_not_let_in_for_a_while() -> None:
    quotas = CallerQuotas(LIMITS, HubMetrics())
    for _ in range(59):
        quotas.note_unread("a")
    async with quotas.request_of("a", "1"):
        quotas.note_unread("a")
    with pytest.raises(Overloaded, match="a: answers were not read within 1:00:00, expected at most 60"):
        async with quotas.request_of("a", "1"):
            pytest.fail("it was let in")
    async with quotas.request_of("b", "1"):
        pass


async def test_bytes_come_at_a_rate() -> None:
    quotas, rate = CallerQuotas(LIMITS, HubMetrics()), Rate(100, timedelta(seconds=10))
    quotas.count_bytes("a", 1000, rate)
    with pytest.raises(Overloaded, match="a: more bytes than that came each second"):
        quotas.count_bytes("a", 1, rate)
    quotas.count_bytes("b", 1000, rate)


async def test_streams_have_a_bound_of_their_own() -> None:
    quotas = CallerQuotas(LIMITS, HubMetrics())
    async with AsyncExitStack() as stack:
        for _ in range(2):
            await stack.enter_async_context(quotas.stream_of("a", "1"))
        with pytest.raises(Overloaded, match="2 streams are open"):
            await stack.enter_async_context(quotas.stream_of("a", "1"))
        await stack.enter_async_context(quotas.request_of("a", "1"))
        await stack.enter_async_context(quotas.session_of("a", "1"))
        assert quotas.unfinished == 3  # a session is none of them
    assert (quotas.unfinished, len(quotas)) == (0, 0)


async def test_a_refusal_is_held_back_and_only_so_many_are() -> None:
    metrics = HubMetrics()
    limits = replace(LIMITS, max_open_streams=1, refusal_delay=timedelta(seconds=100))
    quotas = CallerQuotas(limits, metrics)

    async def ask() -> None:
        async with quotas.stream_of("a", "1"):
            pytest.fail("it was let in")

    async with quotas.stream_of("a", "1"):
        waiting = [asyncio.create_task(ask()) for _ in range(50)]
        await settle()
        assert not any(task.done() for task in waiting)
        with pytest.raises(Overloaded):  # one more is answered at once
            await ask()
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
    assert len(quotas) == 0
    assert metrics.count("vpp_hub_quota_refusals_total", limit="streams") == 51


async def test_a_call_that_fails_or_is_given_up_leaves_nothing_behind() -> None:
    async with calls() as held:
        with suppress(ZeroDivisionError):
            async with held.quotas.request_of("a", "1"):
                raise ZeroDivisionError
        for _ in range(3):
            held.begin("b")
        await settle()
        for task in held._tasks:  # noqa: SLF001  running and waiting ones alike
            task.cancel()
        await settle()
        held.running.clear()
        assert len(held.quotas) == 0
        held.begin("b")
        await settle()
        assert held.running == ["b"]
