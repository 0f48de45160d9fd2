"""One agent's connection, whatever carries it: gRPC, or two queues in a simulation."""

from collections.abc import AsyncIterator
from typing import Any, Protocol

from vpp.rpc.interception import Context
from vpp.v1.session_pb2 import ConnectRequest, ConnectResponse


class Link(Protocol):
    """Sends to and receives from one agent; nobody sends while another send is under way."""

    async def send(self, response: ConnectResponse) -> None:
        """Send one message; waits while the agent does not read."""
        ...

    async def receive(self) -> ConnectRequest | None:
        """Return the next message, or None when the agent has ended the session."""
        ...


class GrpcLink:
    """A link over a gRPC stream."""

    def __init__(self, requests: AsyncIterator[Any], context: Context) -> None:
        """Keep the stream's two directions."""
        self._requests = requests
        self._context = context

    async def send(self, response: ConnectResponse) -> None:
        """Write to the stream."""
        await self._context.write(response)

    async def receive(self) -> ConnectRequest | None:
        """Read from the stream."""
        return await anext(self._requests, None)
