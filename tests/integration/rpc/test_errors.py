"""Whatever a call raises leaves as one typed status; nothing of the inside does."""

import logging
from collections.abc import AsyncIterator, Callable
from typing import Any

import grpc
import pytest
from google.protobuf.empty_pb2 import Empty
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from vpp.foundation.errors import BrokenPromise, InvalidInput, Overloaded, VppError
from vpp.rpc.error_interceptor import ErrorInterceptor
from vpp.rpc.errors import CODES

SERVICE = "test.Failing"
CANARY = "party B bid 12.34"


class Failing:
    """Raises what it was told to, from every kind of method."""

    error: Exception = InvalidInput("nothing was set")

    async def unary(self, _request: Empty, _context: object) -> Empty:
        raise self.error

    async def server_stream(self, _request: Empty, _context: object) -> AsyncIterator[Empty]:
        yield Empty()
        raise self.error

    async def both_streams(self, requests: AsyncIterator[Empty], context: grpc.aio.ServicerContext) -> None:
        await context.write(await anext(requests))
        raise self.error


@pytest.fixture
def failing() -> Failing:
    return Failing()


@pytest.fixture
async def channel(failing: Failing) -> AsyncIterator[grpc.aio.Channel]:
    server = grpc.aio.server(interceptors=[ErrorInterceptor()])
    codec = (Empty.FromString, Empty.SerializeToString)
    methods = {
        "Unary": grpc.unary_unary_rpc_method_handler(failing.unary, *codec),
        "ServerStream": grpc.unary_stream_rpc_method_handler(failing.server_stream, *codec),
        "BothStreams": grpc.stream_stream_rpc_method_handler(failing.both_streams, *codec),
    }
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE, methods),))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        yield channel
    await server.stop(None)


async def refusal(channel: grpc.aio.Channel, method: str = "Unary") -> grpc.aio.AioRpcError:
    kind = {"Unary": "unary_unary", "ServerStream": "unary_stream", "BothStreams": "stream_stream"}[method]
    codec = (Empty.SerializeToString, Empty.FromString)
    make = getattr(channel, kind)(f"/{SERVICE}/{method}", *codec)
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await outcome_of(make, method)
    return refused.value


async def outcome_of(make: Callable[..., Any], method: str) -> object:
    if method == "Unary":
        return await make(Empty(), timeout=20)
    requests = Empty() if method == "ServerStream" else iter([Empty()])
    return [message async for message in make(requests, timeout=20)]


def info_of(error: grpc.aio.AioRpcError) -> error_details_pb2.ErrorInfo:
    status = rpc_status.from_call(error)
    assert status is not None
    info = error_details_pb2.ErrorInfo()
    assert status.details[0].Unpack(info)
    return info


@pytest.mark.parametrize("kind", sorted(CODES, key=lambda kind: kind.__name__))
async def test_each_error_has_its_code_and_reason(
    channel: grpc.aio.Channel, failing: Failing, kind: type[VppError]
) -> None:
    failing.error = kind("field is 5, expected 6", field="5")
    error = await refusal(channel)
    assert error.code().value[0] == CODES[kind]
    assert info_of(error).reason == kind.reason
    assert info_of(error).domain == "vpp.example"
    is_told = kind is not BrokenPromise
    assert (error.details() == "field is 5, expected 6") is is_told
    assert ("field" in info_of(error).metadata) is is_told


async def test_a_full_queue_says_when_to_come_back(channel: grpc.aio.Channel, failing: Failing) -> None:
    failing.error = Overloaded("queue is full")
    status = rpc_status.from_call(await refusal(channel))
    assert status is not None
    retry = error_details_pb2.RetryInfo()
    assert status.details[1].Unpack(retry)
    assert retry.retry_delay.seconds > 0


@pytest.mark.parametrize("method", ["Unary", "ServerStream", "BothStreams"])
async def test_an_unknown_error_leaks_nothing_and_is_logged(
    channel: grpc.aio.Channel, failing: Failing, method: str, caplog: pytest.LogCaptureFixture
) -> None:
    failing.error = RuntimeError(CANARY)
    with caplog.at_level(logging.ERROR):
        error = await refusal(channel, method)
    status = rpc_status.from_call(error)
    assert error.code() is grpc.StatusCode.INTERNAL
    assert status is not None
    assert CANARY.encode() not in status.SerializeToString()
    assert "RuntimeError" not in str(error.details())
    error_id = info_of(error).metadata["error_id"]
    logged = [record for record in caplog.records if error_id in record.getMessage()]
    assert len(logged) == 1
    assert logged[0].exc_info is not None
    assert CANARY in str(logged[0].exc_info[1])


@pytest.mark.parametrize("method", ["ServerStream", "BothStreams"])
async def test_streams_end_with_the_typed_status(
    channel: grpc.aio.Channel, failing: Failing, method: str
) -> None:
    failing.error = InvalidInput("field is 5, expected 6")
    error = await refusal(channel, method)
    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert info_of(error).reason == "INVALID_INPUT"
