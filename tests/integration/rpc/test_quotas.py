"""One caller's share of the hub, and what happens to calls that get stuck on their way."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import grpc
import pytest
from google.rpc import error_details_pb2
from grpc_health.v1 import health_pb2
from grpc_health.v1.health_pb2_grpc import HealthStub
from grpc_status import rpc_status
from support.abuse import frames
from support.abuse.raw_connection import RawConnection, Target
from support.market import NOON, Market
from support.serving import DEFAULT, QUICK, Served, bearer, served
from support.tls_serving import served_with_tls

from vpp.foundation.clock import pause, stopwatch_s
from vpp.rpc.wire.time_fields import timestamp
from vpp.v1 import event_pb2, portfolio_pb2, session_pb2, telemetry_pb2
from vpp.v1.event_pb2_grpc import EventServiceStub
from vpp.v1.portfolio_pb2_grpc import PortfolioServiceStub
from vpp.v1.telemetry_pb2_grpc import TelemetryServiceStub

LIST_SITES = "/vpp.v1.PortfolioService/ListSites"
SMALL = DEFAULT.model_copy(
    update={
        "max_requests_per_second": 3,
        "max_open_streams": 2,
        "max_connections": 2,
        "max_bytes_per_second": 65536,
        "max_messages_per_second": 40,
        "refusal_delay": timedelta(milliseconds=10),
        "request_deadline": timedelta(milliseconds=300),
        "write_deadline": timedelta(milliseconds=300),
    }
)
SITES = portfolio_pb2.ListSitesRequest()


@pytest.fixture
async def small(two_sites: Market, tmp_path: Path) -> AsyncIterator[Served]:
    async with served(two_sites, tmp_path, quotas=SMALL) as serving:
        yield serving


async def refused_status(call: grpc.aio.UnaryUnaryCall) -> tuple[grpc.StatusCode, str, bool]:
    """How a call was refused: code, text, and whether it was told when to try again."""
    with pytest.raises(grpc.aio.AioRpcError) as error:
        await call
    status = rpc_status.from_call(error.value)
    retry = error_details_pb2.RetryInfo()
    is_told = status is not None and any(detail.Unpack(retry) for detail in status.details)
    return error.value.code(), str(error.value.details()), is_told


def raw(hub: Served, token: str = "agent-a") -> Target:  # noqa: S107  a test's caller
    host, _, port = hub.address.rpartition(":")
    return Target(host, int(port), None, (("authorization", f"Bearer {token}"),))


def others(hub: Served) -> int:
    """Calls and streams that the hub counts now."""
    return round(hub.hub.prepared.metrics.count("vpp_hub_calls_open"))


async def test_a_caller_beyond_its_rate_is_told_to_wait_and_others_are_served(
    small: Served,
) -> None:
    stub = PortfolioServiceStub(small.channel)
    for _ in range(30):
        await stub.ListSites(SITES, metadata=bearer("agent-a"), timeout=10)
    code, text, is_told = await refused_status(stub.ListSites(SITES, metadata=bearer("agent-a"), timeout=10))
    assert code is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert text.startswith("agent-a: more calls than that came each second over 0:00:10, expected at most 3")
    assert is_told
    await stub.ListSites(SITES, metadata=bearer("agent-b"), timeout=10)
    assert small.hub.prepared.metrics.count("vpp_hub_quota_refusals_total", limit="rate") == 1


async def test_denied_calls_count_as_well(small: Served) -> None:
    stub = EventServiceStub(small.channel)
    codes = set()
    for _ in range(31):
        call = stub.CancelEvent(event_pb2.CancelEventRequest(name="events/x"), metadata=bearer("agent-a"))
        codes.add((await refused_status(call))[0])
    assert codes == {grpc.StatusCode.PERMISSION_DENIED, grpc.StatusCode.RESOURCE_EXHAUSTED}


async def test_bytes_are_counted_over_all_calls(small: Served) -> None:
    stub = TelemetryServiceStub(small.channel)
    request = telemetry_pb2.BackfillReadingsRequest(site="sites/a")
    series = request.batches.add().power_series
    series.net_power_kw.extend([1.5] * 50_000)
    codes = []
    for _ in range(4):
        call = stub.BackfillReadings(request, metadata=bearer("agent-a"), timeout=10)
        codes.append((await refused_status(call))[0])
    # What is too large a request is refused for what it says, until it is too much altogether.
    assert codes[0] is grpc.StatusCode.INVALID_ARGUMENT
    assert codes[-1] is grpc.StatusCode.RESOURCE_EXHAUSTED


async def test_calls_on_many_connections_are_one_callers_all_the_same(small: Served) -> None:
    opened = [await RawConnection.open(raw(small)) for _ in range(3)]
    for connection in opened:
        connection.call(LIST_SITES, frames.message(b"", length=10), ends=False)
        await connection.flush()
        await pause(0.05)
    assert others(small) == 2
    assert await opened[2].until(2, answers=1)
    for connection in opened:
        await connection.close()


async def test_a_request_that_never_comes_ends_and_has_held_no_thread(small: Served) -> None:
    connection = await RawConnection.open(raw(small))
    for _ in range(4):
        connection.call(LIST_SITES, frames.message(b"x", length=1000), ends=False)
    await connection.flush()
    await pause(0.1)
    assert others(small) == 4
    assert await connection.until(5, answers=4)
    await pause(0.05)
    assert others(small) == 0
    await connection.close()


async def test_an_answer_that_nobody_reads_ends_and_such_a_caller_is_not_served_for_long(
    small: Served,
) -> None:
    connection = await RawConnection.open(raw(small), window=0)
    for _ in range(3):
        connection.call(LIST_SITES, frames.message(b""))
    await connection.flush()
    async with asyncio.timeout(10):
        while small.hub.prepared.metrics.count("vpp_hub_quota_refusals_total", limit="unread") < 3:
            await pause(0.05)
    assert others(small) == 0
    await connection.close()


async def test_a_call_without_a_request_or_with_two_is_served_as_it_should_be(small: Served) -> None:
    connection = await RawConnection.open(raw(small))
    connection.call(LIST_SITES)  # ends at once
    connection.call(LIST_SITES, frames.message(b"") * 2)
    await connection.flush()
    assert await connection.until(5, answers=3)  # one refusal, one answer of head and trailer
    assert b"the call ended without a request" in connection.content
    await connection.close()


async def test_a_session_that_talks_too_much_is_read_more_slowly_and_loses_nothing(
    two_sites: Market, tmp_path: Path
) -> None:
    quotas = SMALL.model_copy(update={"max_messages_per_second": 100, "rate_window": timedelta(seconds=1)})
    async with served(two_sites, tmp_path, quotas=quotas) as hub:
        agent, other = hub.agent("agent-a"), hub.agent("agent-b")
        await agent.hello(hub.market, "a")
        await other.hello(hub.market, "b")
        begun = stopwatch_s()
        for _ in range(200):
            await agent.send(heartbeat=session_pb2.Heartbeat(agent_time=timestamp(NOON)))
        for _ in range(150):  # as many as come before it is full, and some that had to wait
            assert (await agent.next()).HasField("heartbeat")
        await other.send(heartbeat=session_pb2.Heartbeat(agent_time=timestamp(NOON)))
        assert (await other.next()).HasField("heartbeat")
        for _ in range(50):
            assert (await agent.next()).HasField("heartbeat")
        assert stopwatch_s() - begun > 0.2


async def test_calls_that_need_no_identity_have_a_bound_of_their_own(small: Served) -> None:
    stub = HealthStub(small.channel)
    watches = [stub.Watch(health_pb2.HealthCheckRequest()) for _ in range(8)]
    for watch in watches:
        await watch.read()
    with pytest.raises(grpc.aio.AioRpcError) as error:
        await stub.Check(health_pb2.HealthCheckRequest(), timeout=10)
    assert error.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    await PortfolioServiceStub(small.channel).ListSites(SITES, metadata=bearer("agent-a"), timeout=10)
    watches[0].cancel()
    async with asyncio.timeout(5):
        while True:
            try:
                await stub.Check(health_pb2.HealthCheckRequest(), timeout=10)
            except grpc.aio.AioRpcError:
                await pause(0.02)
            else:
                break


async def test_one_partys_watches_leave_room_for_the_probes_of_others(
    two_sites: Market, tmp_path: Path
) -> None:
    async with served_with_tls(two_sites, tmp_path) as secure:
        codes = []
        for _ in range(3):
            stub = HealthStub(secure.channel("agent-a"))
            for _ in range(8):
                watch = stub.Watch(health_pb2.HealthCheckRequest())
                try:
                    await watch.read()
                except grpc.aio.AioRpcError as error:
                    codes.append(error.code())
        assert codes == [grpc.StatusCode.RESOURCE_EXHAUSTED] * 4
        await HealthStub(secure.channel("operator")).Check(health_pb2.HealthCheckRequest(), timeout=10)


async def test_what_callers_send_makes_no_new_metric(small: Served) -> None:
    metrics = small.hub.prepared.metrics

    def series() -> set[str]:
        return {line.partition("}")[0] for line in metrics.exposition().decode().splitlines() if "{" in line}

    async def bother(text: str) -> None:
        metadata = (*bearer("owner-a"), ("x-name", text))
        for method in (LIST_SITES, f"/vpp.v1.PortfolioService/{text}", f"/{text}/Get"):
            call = small.channel.unary_unary(method, response_deserializer=bytes)
            with pytest.raises(grpc.aio.AioRpcError):
                await call(b"\xff" + text.encode(), metadata=metadata, timeout=10)

    await bother("first")
    before = series()
    for number in range(5):
        await bother(f"other{number}")
    assert series() == before
    assert not any("other" in line or "owner-a" in line for line in before)


async def test_quick_sessions_are_still_served_with_what_ships(two_sites: Market, tmp_path: Path) -> None:
    async with served(two_sites, tmp_path, QUICK) as hub:
        agent = hub.agent("agent-a")
        assert (await agent.hello(hub.market, "a")).HasField("welcome")
