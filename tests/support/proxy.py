"""A TCP proxy between agents and hub that behaves like a bad route.

Loss is modelled as what TCP makes of it: bytes are never missing, they come later, and those behind
them wait. A black hole swallows both directions and tells nobody.
"""

import asyncio
import random
from contextlib import suppress
from dataclasses import dataclass
from typing import Self

from vpp.foundation.clock import pause

SEGMENT = 1400
LONGEST_RETRY_S = 6.4


@dataclass
class Route:
    """What the route is like; may change at any time.

    Attributes:
        delay_s: One way.
        loss_ratio: Share of segments that have to be sent again.
        is_black_hole: Whether everything vanishes.
        refuses: Whether new connections are refused.
    """

    delay_s: float = 0.0
    loss_ratio: float = 0.0
    is_black_hole: bool = False
    refuses: bool = False

    def stall_s(self, rng: random.Random, byte_count: int) -> float:
        """Return how long the segments of some bytes take beyond the delay."""
        waited_s = 0.0
        for _ in range(-(-byte_count // SEGMENT)):
            retry_s = max(0.2, 2 * self.delay_s)
            while rng.random() < self.loss_ratio and waited_s < LONGEST_RETRY_S:
                waited_s += retry_s
                retry_s *= 2
        return waited_s


class Proxy:
    """Forwards connections to a port of this machine over a route."""

    def __init__(self, target_port: int, seed: int = 0) -> None:
        self.route = Route()
        self.port = 0
        self.accepted = 0
        self._target_port = target_port
        self._rng = random.Random(seed)
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._writers: set[asyncio.StreamWriter] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0, backlog=4096)
        self.port = int(self._server.sockets[0].getsockname()[1])
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._server is not None:
            self._server.close()
        self.cut_all()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def cut_all(self) -> None:
        """Reset every connection at once."""
        for writer in tuple(self._writers):
            with suppress(OSError):
                writer.transport.abort()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.accepted += 1
        if self.route.refuses:
            writer.transport.abort()
            return
        try:
            hub_reader, hub_writer = await asyncio.open_connection("127.0.0.1", self._target_port)
        except OSError:
            writer.transport.abort()
            return
        self._writers |= {writer, hub_writer}
        pumps = [
            asyncio.create_task(self._pump(reader, hub_writer)),
            asyncio.create_task(self._pump(hub_reader, writer)),
        ]
        self._tasks.update(pumps)
        try:
            await asyncio.gather(*pumps, return_exceptions=True)
        finally:
            self._tasks.difference_update(pumps)
            for one in (writer, hub_writer):
                self._writers.discard(one)
                with suppress(OSError):
                    one.transport.abort()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry one direction: read at once, write when it would have arrived, in order."""
        queue: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(4096)
        loop = asyncio.get_running_loop()
        carrier = asyncio.create_task(self._carry(queue, writer))
        free_at = 0.0
        try:
            while data := await reader.read(65536):
                route = self.route
                if route.is_black_hole:
                    continue
                arrives_at = loop.time() + route.delay_s + route.stall_s(self._rng, len(data))
                free_at = max(free_at, arrives_at)
                await queue.put((free_at, data))
            if not self.route.is_black_hole:
                await queue.put((max(free_at, loop.time() + self.route.delay_s), b""))
                await asyncio.wait([carrier], timeout=LONGEST_RETRY_S)
        finally:
            carrier.cancel()
            await asyncio.gather(carrier, return_exceptions=True)

    async def _carry(self, queue: asyncio.Queue[tuple[float, bytes]], writer: asyncio.StreamWriter) -> None:
        loop = asyncio.get_running_loop()
        while True:
            at, data = await queue.get()
            if at > loop.time():
                await pause(at - loop.time())
            if self.route.is_black_hole:
                continue
            if not data:
                writer.write_eof()
                return
            writer.write(data)
            await writer.drain()
