"""One agent's connection, whatever carries it: gRPC, or two queues in a simulation."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Protocol

from vpp.rpc.interception import Context
from vpp.rpc.malformed import Malformed, refuse_malformed
from vpp.v1.session_pb2 import ConnectRequest, ConnectResponse


class Link(Protocol):
    """Sends to and receives from one agent; nobody sends while another send is under way."""

    def send(self, response: ConnectResponse) -> Awaitable[None]:
        """Send one message; the wait lasts while the agent does not read."""
        ...

    async def receive(self) -> ConnectRequest | None:
        """Return the next message, or None when the agent has ended the session."""
        ...


class GrpcLink:
    """A link over a gRPC stream."""

    def __init__(self, requests: AsyncIterator[Any], context: Context) -> None:
        """Keep the stream's two directions."""
        self._next = requests.__anext__
        self.send: Callable[[ConnectResponse], Awaitable[None]] = context.write

    async def receive(self) -> ConnectRequest | None:
        """Read from the stream.

        Raises:
            InvalidInput: The bytes were no message.
        """
        try:
            request: ConnectRequest | Malformed = await self._next()
        except StopAsyncIteration:
            return None
        if isinstance(request, Malformed):
            refuse_malformed(request)
        return request  # type: ignore[return-value]  # the other kind was refused
