"""Joins a call to the caller's trace, so that what it makes is a part of it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from vpp.foundation.tracing import TRACE_PARENT, span
from vpp.rpc.interception import Call, Context, HandlerInterceptor

STREAMS = frozenset({"/vpp.v1.SessionService/Connect", "/vpp.v1.EventService/WatchEvent"})
"""Last for hours; what happens in them has spans of its own."""


class TracingInterceptor(HandlerInterceptor):
    """Makes one span per unary call, a child of the caller's if it sent a trace context."""

    @asynccontextmanager
    async def around(self, call: Call, context: Context) -> AsyncIterator[None]:
        """Enclose the call in a span."""
        del context
        if call.method in STREAMS:
            yield
            return
        parent = call.metadata.get(TRACE_PARENT, "")
        with span(call.method.lstrip("/"), parent if isinstance(parent, str) else ""):
            yield
