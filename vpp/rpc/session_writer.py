"""Books what all sessions say in few transactions: one bounded queue, one writer."""

import asyncio
import logging
from collections import deque
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from vpp.foundation.clock import pause, stopwatch_s
from vpp.foundation.errors import Overloaded
from vpp.rpc.effects import Effects
from vpp.rpc.hub_metrics import HubMetrics
from vpp.rpc.workflow_calls import WorkflowCalls
from vpp.workflows.ports import UnitOfWorkFactory
from vpp.workflows.session_batches import apply_items
from vpp.workflows.session_items import Greeting, Outcome, SessionItem

_log = logging.getLogger(__name__)
_ATTEMPT_COUNT = 3
_CROWD = 10
"""Items that come while the writer waits for company; if there are as many, more are on their way."""
_MAX_GATHERINGS = 16


class ItemSource(Protocol):
    """A session that said something."""

    def booked(self, item: SessionItem, outcome: Outcome) -> None:
        """Hear what became of it."""
        ...


@dataclass(frozen=True, slots=True)
class WriterLimits:
    """What the writer takes on; spans are in the machine's time.

    Attributes:
        max_queued_items: Items that may wait, Hellos aside; beyond, sessions stop reading.
        max_commit_items: Most items of one transaction.
        max_commit_greetings: Most Hellos among them, so that a storm of agents that come back
            delays no answer to a live dispatch; the others wait.
        gathering_time: How long the first item of a transaction waits for others.
        retry_wait: Before a transaction that the database did not take is tried again.
    """

    max_queued_items: int
    max_commit_items: int
    max_commit_greetings: int
    gathering_time: timedelta
    retry_wait: timedelta


_Queued = tuple[SessionItem, ItemSource]


class SessionWriter:
    """Group commit for sessions: what was said while one transaction ran makes the next one.

    Every item comes back to its session once it is durable, or with the reason why it is not. The
    order of what one session says is kept. A session waits for its Hello, so as many can wait as
    there are streams: their number needs no bound of its own.
    """

    def __init__(
        self,
        units: UnitOfWorkFactory,
        calls: WorkflowCalls,
        limits: WriterLimits,
        news: Effects,
        metrics: HubMetrics,
    ) -> None:
        """Keep the parts; `run` begins.

        Args:
            units: Makes transactions.
            calls: Runs them off the event loop.
            limits: What it takes on.
            news: Rung when watchers of events may see something new.
            metrics: Counts transactions.
        """
        self._units = units
        self._calls = calls
        self._limits = limits
        self._news = news
        self._metrics = metrics
        self._live: deque[_Queued] = deque()
        self._greetings: deque[_Queued] = deque()
        self._has_items = asyncio.Event()
        self._has_room = asyncio.Event()
        self._has_room.set()
        self._is_idle = asyncio.Event()
        self._is_idle.set()

    @property
    def queued_count(self) -> int:
        """How many items wait."""
        return len(self._live) + len(self._greetings)

    async def put(self, item: SessionItem, source: ItemSource) -> None:
        """Queue an item; waits while the queue is full. `source` hears what becomes of it."""
        while not self.offer(item, source):
            self._has_room.clear()
            await self._has_room.wait()

    def offer(self, item: SessionItem, source: ItemSource) -> bool:
        """Queue an item if there is room; tells whether there was."""
        if isinstance(item, Greeting):
            self._greetings.append((item, source))
        elif len(self._live) < self._limits.max_queued_items:
            self._live.append((item, source))
        else:
            return False
        self._is_idle.clear()
        self._has_items.set()
        return True

    async def run(self) -> None:
        """Book what is queued, for ever."""
        while True:
            await self._has_items.wait()
            await self._gather()
            queued = self._take()
            for (item, source), outcome in zip(queued, await self._outcomes(queued), strict=True):
                source.booked(item, outcome)
            self._news.ring()
            if not self.queued_count:
                self._is_idle.set()

    async def _gather(self) -> None:
        """Wait for company, and on while it comes in crowds: a transaction of many costs little more."""
        span_s = self._limits.gathering_time.total_seconds()
        for _ in range(_MAX_GATHERINGS if span_s else 0):
            before = self.queued_count
            await pause(span_s)
            came = self.queued_count - before
            if came < _CROWD or len(self._live) >= self._limits.max_commit_items:
                return

    async def drained(self) -> None:
        """Wait until everything queued has been booked."""
        await self._is_idle.wait()

    def _take(self) -> list[_Queued]:
        limits = self._limits
        taken = [self._live.popleft() for _ in range(min(len(self._live), limits.max_commit_items))]
        room = min(limits.max_commit_greetings, limits.max_commit_items - len(taken), len(self._greetings))
        taken += [self._greetings.popleft() for _ in range(room)]
        if not self.queued_count:
            self._has_items.clear()
        self._has_room.set()
        return taken

    async def _outcomes(self, queued: list[_Queued]) -> list[Outcome]:
        items = [item for item, _ in queued]
        began_s = stopwatch_s()
        for attempts_left in reversed(range(_ATTEMPT_COUNT)):
            try:
                outcomes = await self._calls.read(apply_items, self._units, items)
            except Overloaded as error:
                if not attempts_left:
                    return [error] * len(items)
                _log.warning("what %d sessions said was not booked yet: %s", len(items), error)
                await pause(self._limits.retry_wait.total_seconds())
            except Exception as error:  # noqa: BLE001  the sessions end with it; the writer goes on
                _log.exception("what %d sessions said could not be booked", len(items))
                return [error] * len(items)
            else:
                self._metrics.group_committed("session", len(items), stopwatch_s() - began_s)
                return outcomes
        return [Overloaded("the database takes no work now; connect again")] * len(items)
