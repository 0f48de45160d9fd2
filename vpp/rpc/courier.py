"""Brings sites what they are owed: looks after every effect, and again and again."""

import asyncio
import itertools
import logging
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from datetime import timedelta

from vpp.foundation.clock import pause, stopwatch_s
from vpp.foundation.errors import Overloaded
from vpp.rpc.currencies import Currencies
from vpp.rpc.effects import Effects, rang_within
from vpp.rpc.garbage import collection_paused
from vpp.rpc.hub_metrics import HubMetrics
from vpp.rpc.session_registry import OpenSession, SessionRegistry
from vpp.rpc.wire.session import look_up
from vpp.rpc.workflow_calls import WorkflowCalls
from vpp.workflows.delivery_contents import instructed
from vpp.workflows.outbox_ports import OutboxMessage
from vpp.workflows.owed_deliveries import (
    JustOwed,
    Owed,
    appended_count,
    close_over,
    open_messages,
    read_owed,
)
from vpp.workflows.ports import UnitOfWorkFactory

_log = logging.getLogger(__name__)
_FEW = 100
"""Deliveries for which it does not pay to hold up the garbage collector."""
_MOST_NEWS = 1000
"""Transactions that may wait to be brought; what the oldest of more would have said is read."""
_Sessions = Mapping[str, OpenSession]


@dataclass(frozen=True, slots=True)
class CourierRules:
    """How the courier goes about it.

    Attributes:
        interval: It looks again after this much of the machine's time even if nothing rang: another
            hub may have written.
        chunk_size: Deliveries that are read and written at a time; between two, others get their turn.
    """

    interval: timedelta
    chunk_size: int


class Courier:
    """One look for all sites, however many effects rang the bell meanwhile.

    A look asks what is owed above what each session has taken in, so that nothing is read twice. A
    session is registered before its site is looked at, so that nothing is missed in between. What was
    read for one session is handed to that session alone: one that takes its place meanwhile would
    get a part, and to an agent the first delivery of a session says that nothing below it is open.
    """

    def __init__(  # noqa: PLR0913, PLR0917  one argument per thing it needs
        self,
        units: UnitOfWorkFactory,
        calls: WorkflowCalls,
        effects: Effects,
        registry: SessionRegistry,
        currencies: Currencies,
        rules: CourierRules,
        metrics: HubMetrics | None = None,
    ) -> None:
        """Keep the parts; `run` begins.

        Args:
            units: Makes transactions.
            calls: Runs them off the event loop.
            effects: Rung when something may be owed.
            registry: The open sessions.
            currencies: In which currency stored prices are.
            rules: How to go about it.
            metrics: Counts looks.
        """
        self._units = units
        self._calls = calls
        self._registry = registry
        self._currencies = currencies
        self._rules = rules
        self._metrics = metrics or HubMetrics()
        self._bell = asyncio.Event()
        self._may_be_new = True
        self._seen_count = -1
        self._heard: deque[JustOwed] = deque(maxlen=_MOST_NEWS)
        self._repeat_at_s = 0.0
        self._loop = asyncio.get_running_loop()
        effects.listen(self.look_soon)
        registry.listen(self._bell.set)

    def look_soon(self) -> None:
        """Look as soon as possible: something may be owed."""
        self._may_be_new = True
        self._bell.set()

    def hear(self, news: JustOwed) -> None:
        """Bring what was owed just now without reading it first; called in whatever thread."""
        # A transaction that ends after the loop does is read by the next hub.
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._take_news, news)

    def _take_news(self, news: JustOwed) -> None:
        self._heard.append(news)
        self._bell.set()

    async def run(self) -> None:
        """Bring what is owed, for ever."""
        while True:
            self._bell.clear()
            try:
                await self._look()
            except Exception:  # noqa: BLE001  the database may be away for a moment; the next look asks again
                _log.exception("could not bring sites what they are owed")
                self._may_be_new, self._seen_count = True, -1
            if not await rang_within(self._bell, self._rules.interval.total_seconds()):
                self._may_be_new = True

    async def _look(self) -> None:
        while self._heard:
            await self._bring_news(self._heard.popleft())
        wanting = self._registry.take_wanting()
        may_be_new, self._may_be_new = self._may_be_new, False
        if not len(self._registry):
            self._seen_count = -1
            return
        if may_be_new:
            # Before the rows are read: what is committed in between is read now and looked for again.
            count = await self._calls.read(appended_count, self._units)
            if count != self._seen_count:
                wanting = [site_id for site_id, _ in self._registry]
            self._seen_count = count
        if self._loop.time() >= self._repeat_at_s:
            self._repeat_at_s = self._loop.time() + self._rules.interval.total_seconds()
            await self._repeat()
        if wanting:
            await self._bring(wanting)

    async def _bring_news(self, news: JustOwed) -> None:
        """Hand over what sessions can take as it is; have the rest looked for.

        It is only taken if it follows right on what a session has taken in: what lies between is in
        the database. When the last look ended where the transaction began, nothing else is new.
        """
        if not len(self._registry):
            return
        began_s, brought = stopwatch_s(), 0
        by_site: dict[str, list[OutboxMessage]] = {}
        for message in news.messages:
            by_site.setdefault(message.site_id, []).append(message)
        with collection_paused() if len(by_site) > _FEW else nullcontext():
            for n, (site_id, messages) in enumerate(by_site.items()):
                session = self._registry.get(site_id)
                if session is None:
                    continue
                contents = instructed(messages, news.instructions)
                follows = messages[0].sequence == session.taken_sequence + 1
                if contents is not None and follows and len(messages) <= session.room:
                    session.deliver(contents)
                    brought += len(contents)
                else:
                    self._registry.want(site_id)
                if n % self._rules.chunk_size == self._rules.chunk_size - 1:
                    await pause(0)
        if self._seen_count == news.count_before:
            self._seen_count = news.count_after
        if brought:
            self._metrics.fanned_out(brought, stopwatch_s() - began_s)

    async def _bring(self, site_ids: Sequence[str]) -> None:
        found = {site_id: self._registry.get(site_id) for site_id in site_ids}
        sessions = {site_id: session for site_id, session in found.items() if session is not None}
        above: dict[str, int] = {}
        for site_id, session in sessions.items():
            session.note_rest(has_more=not session.room)
            if session.room:
                above[site_id] = session.taken_sequence
        if not above:
            return
        began_s = stopwatch_s()
        messages = _within_room(await self._calls.read(open_messages, self._units, above), sessions)
        if not messages:
            return
        with collection_paused() if len(messages) > _FEW else nullcontext():
            for first in range(0, len(messages), self._rules.chunk_size):
                await self._bring_chunk(messages[first : first + self._rules.chunk_size], sessions)
        self._metrics.fanned_out(len(messages), stopwatch_s() - began_s)

    async def _bring_chunk(self, messages: Sequence[OutboxMessage], sessions: _Sessions) -> None:
        try:
            owed = await self._calls.read(_read, self._units, self._currencies, messages)
        except Overloaded:
            raise
        except Exception:  # noqa: BLE001  one message that cannot be read must not keep the others
            _log.exception("%d deliveries could not be read together; trying each", len(messages))
            for message in messages:
                await self._bring_one(message, sessions)
            return
        await self._hand_over(owed, sessions)

    async def _bring_one(self, message: OutboxMessage, sessions: _Sessions) -> None:
        try:
            owed = await self._calls.read(_read, self._units, self._currencies, [message])
        except Overloaded:
            raise
        except Exception as error:  # noqa: BLE001  that site's session ends with it; the others go on
            sessions[message.site_id].close(error)
        else:
            await self._hand_over(owed, sessions)

    async def _hand_over(self, owed: Owed, sessions: _Sessions) -> None:
        for site_id, deliveries in itertools.groupby(owed.deliveries, lambda each: each.message.site_id):
            sessions[site_id].deliver(list(deliveries))
        await self._close_over(owed.over)

    async def _repeat(self) -> None:
        """Send again what was not acknowledged for too long."""
        over: list[OutboxMessage] = []
        for _, session in self._registry:
            over += [delivery.message for delivery in session.repeat()]
        await self._close_over(over)

    async def _close_over(self, messages: Sequence[OutboxMessage]) -> None:
        if messages:
            await self._calls.read(close_over, self._units, messages)
            self._metrics.deliveries_expired(len(messages))


def _within_room(messages: Sequence[OutboxMessage], sessions: _Sessions) -> list[OutboxMessage]:
    """Leave in the database what a session has no room for."""
    taken: list[OutboxMessage] = []
    for site_id, of_site in itertools.groupby(messages, lambda message: message.site_id):
        session = sessions[site_id]
        owed = list(of_site)
        taken += owed[: session.room]
        session.note_rest(has_more=len(owed) > session.room)
    return taken


def _read(units: UnitOfWorkFactory, currencies: Currencies, messages: Sequence[OutboxMessage]) -> Owed:
    """Read what messages say, and everything else that writing them will ask the database for."""
    owed = read_owed(units, messages)
    for delivery in owed.deliveries:
        look_up(delivery, currencies)
    return owed
