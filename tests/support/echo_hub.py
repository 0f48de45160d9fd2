"""The least hub that does the same on the wire: it greets, sends one message each, and counts answers.

It keeps nothing, checks nothing and knows nobody. What the real hub costs is given as a ratio to it.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import grpc

from vpp.v1 import session_pb2 as pb
from vpp.v1.session_pb2_grpc import SessionServiceServicer, add_SessionServiceServicer_to_server


class _Stream:
    """One agent: a read loop, and a drain task while something is pending."""

    def __init__(self, context: Any) -> None:  # noqa: ANN401  grpc.aio's context is generic in its stubs alone
        self._context = context
        self._pending: deque[pb.ConnectResponse] = deque()
        self._sender: asyncio.Task[None] | None = None

    def push(self, response: pb.ConnectResponse) -> None:
        self._pending.append(response)
        if self._sender is None:
            self._sender = asyncio.create_task(self._drain())

    async def _drain(self) -> None:
        while self._pending:
            await self._context.write(self._pending.popleft())
        self._sender = None


class EchoHub(SessionServiceServicer):
    """Greets, sends and counts."""

    def __init__(self) -> None:
        self.streams: dict[str, _Stream] = {}
        self.acknowledged = 0
        self.answered = 0
        self._done = asyncio.Event()
        self._wanted = self._wanted_answers = 0

    async def Connect(  # type: ignore[override]  # noqa: N802  grpc.aio's reader and writer form; the wire's name
        self,
        request_iterator: AsyncIterator[Any],
        context: Any,  # noqa: ANN401  as above
    ) -> None:
        stream = _Stream(context)
        async for request in request_iterator:
            kind = request.WhichOneof("message")
            if kind == "hello":
                self.streams[request.hello.site] = stream
                await context.write(pb.ConnectResponse(welcome=pb.Welcome()))
            elif kind == "acknowledgement":
                self.acknowledged += 1
            elif kind == "instruction_status":
                self.answered += 1
            if self.acknowledged >= self._wanted and self.answered >= self._wanted_answers:
                self._done.set()

    async def fan_out(self, deliveries: dict[str, pb.Delivery], *, answered: bool) -> None:
        """Send each site a message of its own and wait until all have confirmed it.

        Args:
            deliveries: By `sites/{site}`; copied, as a hub would have to build them.
            answered: Whether an answer of each is waited for as well.
        """
        self.acknowledged = self.answered = 0
        self._wanted, self._wanted_answers = len(deliveries), len(deliveries) if answered else 0
        self._done.clear()
        for n, (site, delivery) in enumerate(deliveries.items()):
            response = pb.ConnectResponse()
            response.delivery.CopyFrom(delivery)
            self.streams[site].push(response)
            if not n % 100:
                await asyncio.sleep(0)  # noqa: TID251  the loop's turn, as the hub gives it between chunks
        await self._done.wait()


@asynccontextmanager
async def serving_echo() -> AsyncIterator[tuple[EchoHub, str]]:
    """Serve on a port of the system's choice; yields the hub and its address."""
    server = grpc.aio.server(options=[("grpc.so_reuseport", 0)])
    hub = EchoHub()
    add_SessionServiceServicer_to_server(hub, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        yield hub, f"127.0.0.1:{port}"
    finally:
        await server.stop(0)
