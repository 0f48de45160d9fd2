"""Readings that cannot be, or are too many: refused with a reason, and nobody else notices."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

import grpc
import pytest
from google.rpc import error_details_pb2
from grpc_status import rpc_status
from support.market import FIVE, NOON, Market
from support.serving import AgentStream, Served, bearer, reason_of

from vpp.foundation.clock import pause
from vpp.rpc.wire.time_fields import duration, timestamp
from vpp.v1 import telemetry_pb2 as pb
from vpp.v1.telemetry_pb2_grpc import TelemetryServiceStub

NEXT_YEAR = datetime.fromisoformat("2027-03-04T11:00:00+00:00")
EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")
AN_HOUR_AGO = NOON - timedelta(hours=1)
TOO_LARGE = 4 * 1024 * 1024 // 8 + 1
"""Values whose bytes alone are more than a message may have."""


def batch(start: datetime, *values_kw: float, sequence: int = 9000) -> pb.TelemetryBatch:
    message = pb.TelemetryBatch(sequence=sequence, quality=pb.METER_QUALITY_OK)
    message.power_series.start_time.CopyFrom(timestamp(start))
    message.power_series.sample_interval.CopyFrom(duration(FIVE))
    message.power_series.net_power_kw.extend(values_kw)
    return message


BAD = {
    "next year": (batch(NEXT_YEAR, 1.0), "end_at"),
    "1970": (batch(EPOCH, 1.0), "start_at"),
    "not a number": (batch(AN_HOUR_AGO, 1.0, float("nan")), "power_series.net_power_kw[1]"),
    "a million megawatts": (batch(AN_HOUR_AGO, 1e12), "power_series.net_power_kw[0]"),
    "infinite": (batch(AN_HOUR_AGO, float("-inf")), "power_series.net_power_kw[0]"),
}


@asynccontextmanager
async def session(hub: Served, site_id: str) -> AsyncIterator[AgentStream]:
    stream = hub.agent(f"agent-{site_id}")
    await stream.hello(hub.market, site_id)
    yield stream
    stream.call.cancel()


def held(market: Market) -> dict[str, int]:
    with market.units(write=False) as uow:
        return uow.telemetry.held_sequences(["a", "b"])


async def is_served(stream: AgentStream, sequence: int) -> bool:
    """Whether good readings are acknowledged."""
    await stream.send(telemetry=batch(AN_HOUR_AGO, 1.0, sequence=sequence))
    return bool((await stream.next()).telemetry_acknowledgement.held_sequence == sequence)


@pytest.mark.parametrize(("bad", "field"), BAD.values(), ids=BAD.keys())
async def test_readings_that_cannot_be_are_refused_on_both_ways(
    hub: Served, bad: pb.TelemetryBatch, field: str
) -> None:
    before = held(hub.market)
    async with session(hub, "a") as a, session(hub, "b") as b:
        await a.send(telemetry=bad)
        refusal = (await a.next()).refusal
        assert (refusal.refused_message, refusal.telemetry_sequence, refusal.reason) == (
            "telemetry",
            9000,
            "INVALID_INPUT",
        )
        assert f"{field} is" in refusal.detail
        assert not refusal.HasField("retry_delay")  # it will be no better later
        request = pb.BackfillReadingsRequest(site="sites/a", batches=[bad])
        code, reason, _ = await hub.refused("agent-a", TelemetryServiceStub, "BackfillReadings", request)
        assert (code, reason) == (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_INPUT")
        assert held(hub.market) == before
        assert await is_served(b, 9000)
        assert await is_served(a, 9001)


async def test_a_message_of_four_megabytes_ends_its_own_stream_only(hub: Served) -> None:
    before = held(hub.market)
    huge = batch(AN_HOUR_AGO, *([1.0] * TOO_LARGE))
    async with session(hub, "a") as a, session(hub, "b") as b:
        await a.send(telemetry=huge)
        code, _ = await a.end()
        assert code is grpc.StatusCode.RESOURCE_EXHAUSTED
        request = pb.BackfillReadingsRequest(site="sites/a", batches=[huge])
        code, *_ = await hub.refused("agent-a", TelemetryServiceStub, "BackfillReadings", request)
        assert code is grpc.StatusCode.RESOURCE_EXHAUSTED
        assert held(hub.market) == before
        assert await is_served(b, 9000)
    async with session(hub, "a") as again:
        assert await is_served(again, 9000)


@pytest.mark.parametrize("hang_up", [False, True])
async def test_uploads_beyond_what_is_kept_at_once_are_refused_with_a_hint(
    hub: Served, *, hang_up: bool
) -> None:
    held_back = asyncio.Event()
    calls, read = hub.hub.telemetry._calls, hub.hub.telemetry._calls.read  # noqa: SLF001  the seam to workflows

    async def slow(workflow: object, *args: object) -> object:
        await held_back.wait()
        return await read(workflow, *args)  # type: ignore[arg-type]  # passed on as it comes

    calls.read = slow  # type: ignore[assignment, method-assign]  # a slow disk
    most = hub.hub.prepared.settings.telemetry.max_backfills
    stub = TelemetryServiceStub(hub.channel)

    def upload(sequence: int, site_id: str) -> grpc.aio.UnaryUnaryCall:
        batches = [batch(AN_HOUR_AGO, 1.0, sequence=sequence)]
        request = pb.BackfillReadingsRequest(site=f"sites/{site_id}", batches=batches)
        return stub.BackfillReadings(request, metadata=bearer(f"agent-{site_id}"), timeout=20)

    # One caller alone has fewer calls worked on at a time than there may be uploads.
    sites = ["a"] * (most - 1) + ["b"]
    under_way = [asyncio.ensure_future(upload(9000 + n, site_id)) for n, site_id in enumerate(sites)]
    await asyncio.wait(under_way, timeout=0.5)  # they are all inside by then
    if hang_up:  # which makes no room: they are still being checked and written
        for one in under_way:
            one.cancel()
        await asyncio.wait(under_way, timeout=0.5)
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await upload(9100, "b")
    assert (refused.value.code(), reason_of(refused.value)) == (
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        "OVERLOADED",
    )
    status = rpc_status.from_call(refused.value)
    assert status is not None
    hint = error_details_pb2.RetryInfo()
    assert any(detail.Unpack(hint) for detail in status.details)
    assert hint.retry_delay.ToTimedelta() > timedelta(0)
    held_back.set()
    written = {"a": 9000 + most - 2, "b": 9000 + most - 1}
    if hang_up:
        async with asyncio.timeout(20):
            while held(hub.market) != written:
                await pause(0.02)
    else:
        assert [(await one).new_sample_count for one in under_way] == [1] * most
    assert held(hub.market) == written
    assert (await upload(9200, "a")).new_sample_count == 1
