import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import grpc
import pytest

from vpp.foundation.errors import InvalidInput, Overloaded
from vpp.rpc.transfer_interceptor import TransferInterceptor


class Context:
    """A caller that takes so many answers and then no more."""

    def __init__(self, takes: int = 100) -> None:
        self.taken: list[bytes] = []
        self._takes = takes

    async def write(self, response: bytes) -> None:
        if len(self.taken) >= self._takes:
            await asyncio.Event().wait()
        self.taken.append(response)


async def asking(*requests: bytes, ends: bool = True) -> AsyncIterator[bytes]:
    for request in requests:
        yield request
    if not ends:
        await asyncio.Event().wait()


async def answer(request: bytes, context: object) -> bytes:
    del context
    return request * 2


async def answers(request: bytes, context: object) -> AsyncIterator[bytes]:
    del context
    for _ in range(3):
        yield request


async def own_answers(request: bytes, context: Any) -> None:  # noqa: ANN401  whatever writes
    await context.write(request)


UNREAD: list[str] = []
SHORT = TransferInterceptor(
    request_deadline=timedelta(milliseconds=20),
    write_deadline=timedelta(milliseconds=20),
    unread=lambda: UNREAD.append("unread"),
)


async def wrapped(handler: Any) -> Any:  # noqa: ANN401  generic in its stubs alone
    async def find(details: object) -> Any:  # noqa: ANN401  as above
        del details
        return handler

    return await SHORT.intercept_service(find, None)  # type: ignore[arg-type]  # nothing is read of it


async def test_one_request_and_one_answer_become_streams_of_one() -> None:
    handler = await wrapped(grpc.unary_unary_rpc_method_handler(answer))  # type: ignore[arg-type]  # a coroutine
    context = Context()
    await handler.stream_stream(asking(b"a"), context)
    assert context.taken == [b"aa"]


@pytest.mark.parametrize(("serve", "taken"), [(answers, [b"a"] * 3), (own_answers, [b"a"])])
async def test_many_answers_stay_many_whoever_writes_them(serve: Any, taken: list[bytes]) -> None:  # noqa: ANN401
    handler = await wrapped(grpc.unary_stream_rpc_method_handler(serve))
    context = Context()
    await handler.stream_stream(asking(b"a"), context)
    assert context.taken == taken


async def test_a_second_request_is_not_read() -> None:
    handler = await wrapped(grpc.unary_unary_rpc_method_handler(answer))  # type: ignore[arg-type]  # a coroutine
    context = Context()
    await handler.stream_stream(asking(b"a", b"b"), context)
    assert context.taken == [b"aa"]


async def test_a_request_that_does_not_come_is_not_waited_for() -> None:
    handler = await wrapped(grpc.unary_unary_rpc_method_handler(answer))  # type: ignore[arg-type]  # a coroutine
    with pytest.raises(InvalidInput, match="no request came within"):
        await handler.stream_stream(asking(ends=False), Context())
    with pytest.raises(InvalidInput, match="ended without a request"):
        await handler.stream_stream(asking(), Context())


@pytest.mark.parametrize("takes", [0, 2])
async def test_a_caller_that_does_not_read_is_not_waited_for_and_is_counted(takes: int) -> None:
    UNREAD.clear()
    handler = await wrapped(grpc.unary_stream_rpc_method_handler(answers))  # type: ignore[arg-type]  # as above
    context = Context(takes)
    with pytest.raises(Overloaded, match="an answer was not read within") as error:
        await handler.stream_stream(asking(b"a"), context)
    assert error.value.metadata == {"limit": "unread"}
    assert (len(context.taken), UNREAD) == (takes, ["unread"])


async def test_a_session_and_what_does_not_exist_are_left_alone() -> None:
    session = grpc.stream_stream_rpc_method_handler(answers)  # type: ignore[arg-type]  # as above
    assert await wrapped(session) is session
    assert await wrapped(None) is None
