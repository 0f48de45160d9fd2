"""A connection that says what it is told to, frame by frame, and keeps count of what comes back."""

import asyncio
import ssl
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field

from support.abuse import frames

from vpp.foundation.clock import pause

LARGEST_FRAME = 16_000
"""A little less than HTTP/2 allows without asking."""


@dataclass(frozen=True)
class Target:
    """Where a hub listens, and how an abuser shows itself.

    Attributes:
        host: Address.
        port: Port.
        context: TLS with the abuser's certificate; None talks in the clear.
        metadata: Sent with every call, such as a token.
    """

    host: str
    port: int
    context: ssl.SSLContext | None = None
    metadata: tuple[tuple[str, str], ...] = ()


@dataclass
class RawConnection:
    """An HTTP/2 connection.

    Attributes:
        received: How many frames of each kind came.
        statuses: gRPC statuses that could be read from trailers.
        is_over: Whether the other side has closed it.
    """

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    target: Target
    received: Counter[int] = field(default_factory=Counter)
    content: bytes = b""
    is_over: bool = False
    _reading: asyncio.Task[None] | None = None
    _next_stream: int = 1

    @classmethod
    async def open(cls, target: Target, *, window: int | None = None, reads: bool = True) -> "RawConnection":
        """Connect and shake hands as HTTP/2 does.

        Args:
            target: The hub.
            window: How much of an answer the hub may send at once; HTTP/2's own if absent.
            reads: Whether what comes is read at all.
        """
        host = "localhost" if target.context else None
        reader, writer = await asyncio.open_connection(
            target.host, target.port, ssl=target.context, server_hostname=host, limit=2**16
        )
        connection = cls(reader, writer, target)
        first = frames.settings() if window is None else frames.settings(window=window)
        connection.write(frames.PREFACE + first)
        if reads:
            connection._reading = asyncio.create_task(connection._read())
        await connection.flush()
        return connection

    def write(self, content: bytes) -> None:
        """Send bytes; nothing where the connection is over."""
        if not self.writer.is_closing():
            self.writer.write(content)

    async def flush(self) -> None:
        """Wait until what was written is on its way."""
        with suppress(ConnectionError):
            await self.writer.drain()

    def call(
        self,
        method: str,
        content: bytes = b"",
        metadata: Iterable[tuple[str, str]] = (),
        *,
        ends: bool = True,
    ) -> int:
        """Begin a call with some bytes as its data; returns its stream."""
        stream = self._next_stream
        self._next_stream += 2
        headers = frames.call_headers(stream, method, (*self.target.metadata, *metadata))
        self.write(headers)
        parts = [content[begin : begin + LARGEST_FRAME] for begin in range(0, len(content), LARGEST_FRAME)]
        for number, part in enumerate(parts or [b""], start=1):
            self.write(frames.data(stream, part, ends=ends and number >= len(parts)))
        return stream

    async def _read(self) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError, ssl.SSLError):
            while True:
                head = await self.reader.readexactly(frames.HEADER_SIZE)
                kind, flags = head[3], head[4]
                body = await self.reader.readexactly(int.from_bytes(head[:3]))
                self.received[kind] += 1
                if kind in {frames.HEADERS, frames.GOAWAY}:
                    self.content = (self.content + body)[-65536:]
                if kind == frames.SETTINGS and not flags & frames.ACKNOWLEDGED:
                    self.write(frames.settings_taken())
                if kind == frames.PING and not flags & frames.ACKNOWLEDGED:
                    self.write(frames.frame(frames.PING, frames.ACKNOWLEDGED, 0, body))
                if kind == frames.DATA and body:
                    room = len(body).to_bytes(4)
                    self.write(frames.frame(frames.WINDOW_UPDATE, 0, 0, room))
        self.is_over = True

    async def until(self, seconds: float, *, answers: int | None = None) -> bool:
        """Wait until so many header frames came, or the other side closed; tells whether that happened."""
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        while loop.time() < end:
            if self.is_over or (answers is not None and self.received[frames.HEADERS] >= answers):
                return True
            await pause(0.02)
        return False

    async def close(self) -> None:
        """Hang up."""
        if self._reading is not None:
            self._reading.cancel()
        self.writer.transport.abort()  # to shake hands once more could take half a minute
        await pause(0)
