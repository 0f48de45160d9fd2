"""How much each caller has the hub do at a time, over all its connections.

gRPC bounds the streams of a connection, and a caller can open more connections.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta

from vpp.foundation.clock import pause
from vpp.foundation.errors import Overloaded
from vpp.rpc.caller_lanes import has_precedence
from vpp.rpc.hub_metrics import HubMetrics
from vpp.rpc.quota_limits import UNREAD, QuotaLimits
from vpp.rpc.rates import Rate
from vpp.rpc.turn import Turn, begin_turn
from vpp.workflows.acting import actor

_log = logging.getLogger(__name__)
_MOST_HELD = 50
"""Refusals of one caller that are held back at a time; the others go out at once."""
_MOST_HELD_OF_ALL = 500
_RESERVED_SHARE = 4
"""This part of the calls of everybody is for those who run the market, whatever the others do."""
_MOST_UNREAD = 60
"""Calls of one caller that may end unread in an hour; beyond, nothing more of it is served for a while."""
_UNREAD_WINDOW = timedelta(hours=1)


@dataclass(slots=True)
class _Caller:
    """What one caller has open now."""

    turns: asyncio.Semaphore
    requests: int = 0
    streams: int = 0
    sessions: int = 0
    held: int = 0
    connections: Counter[str] = field(default_factory=Counter)

    @property
    def is_idle(self) -> bool:
        """Whether there is nothing to remember."""
        return not (self.requests or self.streams or self.sessions or self.held)


class CallerQuotas:
    """Lets calls in, one caller's beside each other's but never all of one's. Lives on the event loop.

    A caller that asks for more than its share waits for itself alone: its calls are worked on a few at a
    time, in order. What is too much even to wait is refused, after a while, so that asking again at
    once costs the hub little.
    """

    def __init__(self, limits: QuotaLimits, metrics: HubMetrics) -> None:
        """Begin with nobody calling."""
        self._limits = limits
        self._metrics = metrics
        self._rate = Rate(limits.max_requests_per_second, limits.rate_window)
        self._unread = Rate(_MOST_UNREAD / _UNREAD_WINDOW.total_seconds(), _UNREAD_WINDOW)
        self._callers: dict[str, _Caller] = {}
        self._unfinished = 0
        self._held = 0

    def count_bytes(self, who: str, size: int, rate: Rate) -> None:
        """Count a request's bytes, once they are here.

        Raises:
            Overloaded: More came than a caller may send; nothing is done for it.
        """
        if not rate.take(who, size):
            self._metrics.quota_refused("bytes")
            most, window = self._limits.max_bytes_per_second, self._limits.rate_window
            raise Overloaded(
                f"{who}: more bytes than that came each second over {window}, expected at most {most}; wait, "
                "then try again",
                limit="bytes",
            )

    def note_unread(self, who: str) -> None:
        """Count a call whose caller did not read its answer; after many of them it is let in no more.

        The call's work ends. What grpc itself holds of it stays until its connection ends, and nothing that
        is in reach here can end that sooner.
        """
        self._unread.take(who)
        self._metrics.quota_refused(UNREAD)
        _log.warning("%s reads no answers; what its call held stays until its connection ends", who)

    @property
    def unfinished(self) -> int:
        """Calls and streams of all callers, sessions aside."""
        return self._unfinished

    def __len__(self) -> int:
        """Return how many callers are remembered: those with something open."""
        return len(self._callers)

    @asynccontextmanager
    async def request_of(self, who: str, connection: str) -> AsyncIterator[None]:
        """Enclose a call with one answer: from its turn to its end.

        Args:
            who: The caller.
            connection: On which it came.

        Raises:
            Overloaded: It is beyond a bound.
        """
        await self._begin(who, connection)
        limits = self._limits
        waiting = self._callers[who].requests if who in self._callers else 0
        if waiting >= limits.max_unfinished_requests:
            await self._refuse(
                who, "requests", f"{waiting} calls are not finished", limits.max_unfinished_requests
            )
        with self._counted(who, connection) as caller:
            turn = await self._turn(who, caller)
            try:
                yield
            finally:
                turn.leave()

    @asynccontextmanager
    async def stream_of(self, who: str, connection: str) -> AsyncIterator[None]:
        """Enclose a stream of answers.

        Raises:
            Overloaded: It is beyond a bound.
        """
        await self._begin(who, connection)
        limits = self._limits
        is_open = self._callers[who].streams if who in self._callers else 0
        if is_open >= limits.max_open_streams:
            await self._refuse(who, "streams", f"{is_open} streams are open", limits.max_open_streams)
        with self._counted(who, connection) as caller:
            caller.streams += 1
            try:
                yield
            finally:
                caller.streams -= 1

    @asynccontextmanager
    async def session_of(self, who: str, connection: str) -> AsyncIterator[None]:
        """Enclose a session; how many of them there may be is the session service's to say.

        Raises:
            Overloaded: It is beyond a bound.
        """
        await self._begin(who, connection, counts_for_all=False)
        with self._counted(who, connection, counts_for_all=False) as caller:
            caller.sessions += 1
            try:
                yield
            finally:
                caller.sessions -= 1

    async def _turn(self, who: str, caller: _Caller) -> Turn:
        """Wait for the caller's turn, which lasts until all that it has begun has ended."""

        def done() -> None:
            caller.requests -= 1
            self._forget(who, caller)

        def over() -> None:
            caller.turns.release()
            done()

        caller.requests += 1
        try:
            await caller.turns.acquire()
        except BaseException:  # it has hung up while it waited
            done()
            raise
        return begin_turn(over)

    async def _begin(self, who: str, connection: str, *, counts_for_all: bool = True) -> None:
        limits = self._limits
        if not self._unread.has_room(who):
            await self._refuse(who, UNREAD, f"answers were not read within {_UNREAD_WINDOW}", _MOST_UNREAD)
        if not self._rate.take(who):
            most = limits.max_requests_per_second
            await self._refuse(
                who, "rate", f"more calls than that came each second over {limits.rate_window}", most
            )
        if counts_for_all and self._unfinished >= self._most_of_all():
            self._metrics.quota_refused("hub")
            await self._delay(who)
            raise Overloaded("the hub has too many calls at once; try again shortly")
        caller = self._callers.get(who)
        if caller is None or connection in caller.connections:
            return
        if len(caller.connections) >= limits.max_connections:
            count = len(caller.connections)
            await self._refuse(
                who, "connections", f"calls are open on {count} connections", limits.max_connections
            )

    @contextmanager
    def _counted(self, who: str, connection: str, *, counts_for_all: bool = True) -> Iterator[_Caller]:
        caller = self._of(who)
        caller.connections[connection] += 1
        self._unfinished += counts_for_all
        try:
            yield caller
        finally:
            self._unfinished -= counts_for_all
            caller.connections[connection] -= 1
            if not caller.connections[connection]:
                del caller.connections[connection]
            self._forget(who, caller)

    def _of(self, who: str) -> _Caller:
        caller = self._callers.get(who)
        if caller is None:
            turns = asyncio.Semaphore(self._limits.max_running_requests)
            caller = self._callers[who] = _Caller(turns)
        return caller

    def _forget(self, who: str, caller: _Caller) -> None:
        if caller.is_idle:
            self._callers.pop(who, None)

    async def _refuse(self, who: str, limit: str, what: str, most: int) -> None:
        """Refuse a call, after a while."""
        self._metrics.quota_refused(limit)
        await self._delay(who)
        raise Overloaded(f"{who}: {what}, expected at most {most}; wait, then try again", limit=limit)

    def _most_of_all(self) -> int:
        """Return up to how many unfinished calls of everybody the present caller is let in."""
        most = self._limits.max_unfinished_requests_of_all
        return most if has_precedence(actor()) else most - most // _RESERVED_SHARE

    async def _delay(self, who: str) -> None:
        caller = self._of(who)
        try:
            if caller.held < _MOST_HELD and self._held < _MOST_HELD_OF_ALL:
                await self._hold(caller)
        finally:
            self._forget(who, caller)

    async def _hold(self, caller: _Caller) -> None:
        caller.held += 1
        self._held += 1
        try:
            await pause(self._limits.refusal_delay.total_seconds())
        finally:
            caller.held -= 1
            self._held -= 1
