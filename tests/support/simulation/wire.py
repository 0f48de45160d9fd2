"""One connection in virtual time: two ordered directions that may be cut, go silent, stall or repeat."""

import asyncio
import random
from collections import deque
from collections.abc import Callable
from typing import Any

import grpc

MOST_UNREAD = 2000
"""Messages that a direction holds before its writer waits, as flow control makes it."""


class Broken(Exception):
    """The connection ended; how, is known to whoever broke it."""


class Pipe:
    """One direction of one stream. What is put in arrives later, in order, or not at all."""

    def __init__(self, connection: "Connection") -> None:
        self._connection = connection
        self._arrived: deque[Any] = deque()
        self._news = asyncio.Event()
        self._room = asyncio.Event()
        self._under_way = 0
        self._free_at = 0.0
        self._ending: BaseException | None = None
        self._has_ended = False
        self._is_sending = False
        self._is_given_up = False

    async def put(self, message: Any, *, may_repeat: bool) -> None:  # noqa: ANN401  bytes, whatever they mean
        """Send; as with grpc.aio nobody may send while another send is under way."""
        if self._is_sending:
            self._connection.network.complain("two tasks send on one stream at the same time")
            raise grpc.aio.UsageError("TOO_MANY_OPERATIONS")
        self._is_sending = True
        try:
            while self._under_way + len(self._arrived) > MOST_UNREAD and not self._is_given_up:
                self._room.clear()
                await self._room.wait()
            if self._is_given_up:
                raise Broken
            if not self._connection.is_silent:
                for _ in range(self._connection.copies(may_repeat=may_repeat)):
                    self._under_way += 1
                    self._later(self._arrive, message)
        finally:
            self._is_sending = False

    def _later(self, then: Callable[..., None], *args: Any) -> None:  # noqa: ANN401
        loop = asyncio.get_running_loop()
        self._free_at = max(self._free_at, loop.time() + self._connection.delay_s()) + 1e-7
        loop.call_at(self._free_at, then, *args)

    def _arrive(self, message: Any) -> None:  # noqa: ANN401
        self._under_way -= 1
        if not self._connection.is_silent and not self._has_ended:
            self._arrived.append(message)
            self._news.set()

    def give_up(self) -> None:
        """Let no more be sent; the reader finds out in its own time."""
        self._is_given_up = True
        self._room.set()

    def finish(self) -> None:
        """End in order, behind what is under way."""
        self._later(self.end, None)

    def end(self, error: BaseException | None) -> None:
        """End now."""
        if not self._has_ended:
            self._has_ended, self._ending = True, error
            if error is not None:
                self._arrived.clear()
            self._news.set()
            self.give_up()

    async def get(self) -> Any:  # noqa: ANN401
        """Return the next message, or None at an end in order.

        Raises:
            BaseException: How it ended otherwise.
        """
        while not self._arrived and not self._has_ended:
            self._news.clear()
            await self._news.wait()
        if self._arrived:
            self._room.set()
            return self._arrived.popleft()
        if self._ending is not None:
            raise self._ending
        return None


class Connection:
    """Between one client and one hub process. Calls live on it and end with it."""

    def __init__(self, network: Any, client: str, rng: random.Random) -> None:  # noqa: ANN401
        self.network = network
        self.client = client
        self.is_silent = False
        self.is_broken = False
        self._rng = rng
        self._stalled_until = 0.0
        self._at_client: dict[int, Callable[[], None]] = {}
        self._at_hub: dict[int, Callable[[], None]] = {}
        self._count = 0

    def delay_s(self) -> float:
        """How long a message takes; longer while the route is stalled."""
        now = asyncio.get_running_loop().time()
        stall_s = max(0.0, self._stalled_until - now)
        return stall_s + self._rng.uniform(0.002, 0.08)

    def copies(self, *, may_repeat: bool) -> int:
        """How often a message arrives."""
        return 2 if may_repeat and self._rng.random() < self.network.repeat_ratio else 1

    def stall(self, seconds: float) -> None:
        """Let everything wait, as lost packets do until they are sent again."""
        self._stalled_until = asyncio.get_running_loop().time() + seconds

    def hold(self, at_client: Callable[[], None], at_hub: Callable[[], None]) -> int:
        """Register a call; returns its key."""
        self._count += 1
        self._at_client[self._count] = at_client
        self._at_hub[self._count] = at_hub
        return self._count

    def release(self, key: int) -> None:
        """Forget a call that has ended."""
        self._at_client.pop(key, None)
        self._at_hub.pop(key, None)

    def silence(self) -> None:
        """Half-open: nothing arrives any more; each side's keepalive finds out by itself."""
        if self.is_silent or self.is_broken:
            return
        self.is_silent = True
        loop = asyncio.get_running_loop()
        loop.call_later(self._rng.uniform(5.0, 15.0), self._lost, self._at_client)
        loop.call_later(self._rng.uniform(5.0, 15.0), self._lost, self._at_hub)

    def cut(self) -> None:
        """Break: both sides learn of it soon."""
        loop = asyncio.get_running_loop()
        loop.call_later(self._rng.uniform(0.0, 0.2), self._lost, self._at_client)
        loop.call_later(self._rng.uniform(0.0, 2.0), self._lost, self._at_hub)

    def hub_died(self) -> None:
        """The hub's process is gone; the machine says so, unless the route is silent."""
        if not self.is_silent:
            asyncio.get_running_loop().call_later(self._rng.uniform(0.0, 0.2), self._lost, self._at_client)

    def client_died(self) -> None:
        """The client's process is gone."""
        if not self.is_silent:
            asyncio.get_running_loop().call_later(self._rng.uniform(0.0, 0.2), self._lost, self._at_hub)

    def _lost(self, side: dict[int, Callable[[], None]]) -> None:
        self.is_broken = True
        for tell in tuple(side.values()):
            tell()
