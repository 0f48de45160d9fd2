"""An agent's connection, read no faster than the agent's quota."""

from collections.abc import Awaitable, Callable

from vpp.foundation.clock import pause
from vpp.rpc.link import Link
from vpp.rpc.message_size import message_bytes
from vpp.rpc.rates import Rate
from vpp.v1.session_pb2 import ConnectRequest, ConnectResponse

_SHARE = 64
"""Messages, and shares of the most bytes, that are counted together: counting costs as much as a message."""
_PAUSE_S = 0.25


class MessageRates:
    """What agents say, by how many messages and how many bytes."""

    def __init__(self, messages: Rate, bytes_: Rate) -> None:
        """Keep both; calls with one request count their bytes in the same place."""
        self.messages = messages
        self.bytes = bytes_


class PacedLink:
    """A link that stops reading for a while when its agent says more than its share.

    Nothing is refused and nothing is lost: what is not read waits at the agent, whose own writes block.
    """

    def __init__(self, link: Link, who: str, rates: MessageRates) -> None:
        """Keep the link.

        Args:
            link: Carries the messages.
            who: The caller.
            rates: What callers say, over all their connections.
        """
        self._link = link
        self._who = who
        self._rates = rates
        self._messages = 0
        self._bytes = 0
        self._most_bytes = max(1, rates.bytes.most_at_once // _SHARE)
        self.send: Callable[[ConnectResponse], Awaitable[None]] = link.send

    async def receive(self) -> ConnectRequest | None:
        """Return the next message, or None when the agent has ended the session."""
        if self._messages >= _SHARE or self._bytes >= self._most_bytes:
            await self._count()
        request = await self._link.receive()
        self._messages += 1
        self._bytes += message_bytes()
        return request

    async def _count(self) -> None:
        """Count what came since the last time, and wait while it is too much."""
        while not self._rates.messages.take(self._who, self._messages):
            await pause(_PAUSE_S)
        self._messages = 0
        while not self._rates.bytes.take(self._who, self._bytes):
            await pause(_PAUSE_S)
        self._bytes = 0
