"""What every interceptor has in common: it wraps a method's handler of whichever kind.

A servicer's unary methods are coroutines; a method with one request and many responses is an
asynchronous generator. The session's stream is a coroutine that reads its requests from an iterator
and writes with `context.write`: that costs less per message than a generator and a queue, and
interceptors can still wrap the handler and every request.
"""

import inspect
from abc import abstractmethod
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any, TypeAlias

import grpc

Context: TypeAlias = grpc.aio.ServicerContext[Any, Any]
Handler: TypeAlias = "grpc.RpcMethodHandler[Any, Any] | None"  # quoted: generic in its stubs alone

EXEMPT_SERVICES = ("/grpc.health.v1.", "/grpc.reflection.v1")
"""Health and reflection need no identity: probes and browsers of the schema have none."""


@dataclass(frozen=True, slots=True)
class Call:
    """A call that is being served.

    Attributes:
        method: Full name, for example /vpp.v1.EventService/GetEvent.
        metadata: What the caller sent beside the request; of a repeated key, the last value.
    """

    method: str
    metadata: Mapping[str, str | bytes]


class HandlerInterceptor(grpc.aio.ServerInterceptor):
    """Puts something around the handler of every method that is not exempt."""

    @abstractmethod
    def around(self, call: Call, context: Context) -> AbstractAsyncContextManager[None]:
        """Return what encloses the whole call."""

    def check(self, call: Call, request: Any) -> None:  # noqa: ANN401  a message of any method; most check nothing
        """Refuse one request message by raising."""

    def checks(self, call: Call) -> bool:
        """Tell whether `check` has anything to do: if not, no layer is put around every message."""
        del call
        return type(self).check is not HandlerInterceptor.check

    def parser(self, deserialize: Callable[[bytes], Any]) -> Callable[[bytes], Any]:
        """Return what parses a request in place of the method's own deserializer."""
        return deserialize

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Handler]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Handler:
        """Wrap the method's handler."""
        handler = await continuation(handler_call_details)
        method = str(handler_call_details.method)
        if handler is None or method.startswith(EXEMPT_SERVICES):  # None: grpc answers UNIMPLEMENTED
            return handler
        metadata = {str(key): value for key, value in handler_call_details.invocation_metadata or ()}
        return self._wrapped(handler, Call(method, metadata))

    def _wrapped(self, handler: Any, call: Call) -> Handler:  # noqa: ANN401  generic in its stubs alone
        served = handler.unary_unary or handler.unary_stream or handler.stream_unary or handler.stream_stream

        def requests_of(request: Any) -> Any:  # noqa: ANN401  one message or an iterator of messages
            if not self.checks(call):
                return request
            if handler.request_streaming:
                return self._checked(call, request)
            self.check(call, request)
            return request

        async def generate(request: Any, context: Context) -> AsyncIterator[Any]:  # noqa: ANN401
            async with self.around(call, context):
                async for response in served(requests_of(request), context):
                    yield response

        async def respond(request: Any, context: Context) -> Any:  # noqa: ANN401
            async with self.around(call, context):
                return await served(requests_of(request), context)

        make = {
            (False, False): grpc.unary_unary_rpc_method_handler,
            (False, True): grpc.unary_stream_rpc_method_handler,
            (True, False): grpc.stream_unary_rpc_method_handler,
            (True, True): grpc.stream_stream_rpc_method_handler,
        }[bool(handler.request_streaming), bool(handler.response_streaming)]
        wrapper = generate if inspect.isasyncgenfunction(served) else respond
        rewrapped: Handler = make(
            wrapper, self.parser(handler.request_deserializer), handler.response_serializer
        )
        return rewrapped

    async def _checked(self, call: Call, requests: AsyncIterator[Any]) -> AsyncIterator[Any]:
        async for request in requests:
            self.check(call, request)
            yield request
