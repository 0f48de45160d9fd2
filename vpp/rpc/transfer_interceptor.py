"""How long a message may take on its way, in either direction.

Left to itself, grpc reads a request before any interceptor knows who sends it, waits for it for ever, and
waits for ever for a caller that does not read its answer. So every method but the session is served as
if it were a stream: the caller is known, allowed and within its quota before its request is read, and each
message has a deadline. On the wire nothing differs.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import Any

import grpc

from vpp.foundation.errors import InvalidInput, Overloaded
from vpp.rpc.interception import Context, Handler
from vpp.rpc.quota_limits import UNREAD


class TransferInterceptor(grpc.aio.ServerInterceptor):
    """Reads the one request and writes every answer under a deadline; goes inside of all that checks."""

    def __init__(
        self,
        *,
        request_deadline: timedelta,
        write_deadline: timedelta,
        unread: Callable[[], None] = lambda: None,
    ) -> None:
        """Keep the deadlines, in the machine's time.

        Args:
            request_deadline: The request has been read by then.
            write_deadline: One answer has been taken by then.
            unread: Called when an answer has not been taken.
        """
        self._request_deadline = request_deadline
        self._write_deadline = write_deadline
        self._unread = unread

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Handler]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Handler:
        """Serve a method with one request as if it were a stream of them."""
        handler: Any = await continuation(handler_call_details)
        if handler is None or handler.request_streaming:
            return handler  # type: ignore[no-any-return]  # generic in its stubs alone

        async def answer(requests: AsyncIterator[Any], context: Context) -> None:
            await self._write(context, await handler.unary_unary(await self._read(requests), context))

        async def stream(requests: AsyncIterator[Any], context: Context) -> None:
            answers = handler.unary_stream(await self._read(requests), context)
            if not hasattr(answers, "__aiter__"):  # it writes its answers itself, as the health service does
                await answers
                return
            async for response in answers:
                await self._write(context, response)

        rewrapped: Handler = grpc.stream_stream_rpc_method_handler(
            stream if handler.response_streaming else answer,
            handler.request_deserializer,
            handler.response_serializer,
        )
        return rewrapped

    async def _read(self, requests: AsyncIterator[Any]) -> Any:  # noqa: ANN401  a message of any method
        try:
            async with asyncio.timeout(self._request_deadline.total_seconds()):
                return await anext(requests)
        except StopAsyncIteration:
            raise InvalidInput("the call ended without a request", request="missing") from None
        except TimeoutError:
            deadline = str(self._request_deadline)
            raise InvalidInput(f"no request came within {deadline}", deadline=deadline) from None

    async def _write(self, context: Context, response: Any) -> None:  # noqa: ANN401  as above
        try:
            async with asyncio.timeout(self._write_deadline.total_seconds()):
                await context.write(response)
        except TimeoutError:
            self._unread()
            raise Overloaded(f"an answer was not read within {self._write_deadline}", limit=UNREAD) from None
