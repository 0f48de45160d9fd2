"""One session on the wire: a reader, a writer and a heartbeat that live and die together."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Protocol

import grpc.aio

from vpp.agent.core import SiteAgent
from vpp.agent.hub_client import HubClient
from vpp.agent.steady_clock import SteadyClock
from vpp.agent.wire import instant
from vpp.foundation.clock import Clock, pause
from vpp.foundation.errors import InvalidInput, Overloaded
from vpp.v1 import session_pb2

MOST_PENDING = 10_000
"""Messages that may wait for the link; beyond it the session is cut, and the next one resends."""
log = logging.getLogger(__name__)


class LinkLost(Exception):
    """The session has ended; what it owed is sent by the next one."""


class Link(Protocol):
    """A stream of messages to and from the hub; `send` is called by one task alone."""

    async def send(self, message: session_pb2.ConnectRequest) -> None:
        """Send one message."""
        ...

    async def receive(self) -> session_pb2.ConnectResponse | None:
        """Return the next message, or None at the end of the stream."""
        ...

    def close(self) -> None:
        """End the stream."""
        ...


class GrpcLink:
    """A gRPC stream as a link."""

    def __init__(self, client: HubClient) -> None:
        """Begin the call."""
        self._call = client.session.Connect(metadata=client.metadata)

    async def send(self, message: session_pb2.ConnectRequest) -> None:
        """Send one message."""
        await self._call.write(message)

    async def receive(self) -> session_pb2.ConnectResponse | None:
        """Return the next message, or None at the end of the stream."""
        message = await self._call.read()
        return message if isinstance(message, session_pb2.ConnectResponse) else None

    def close(self) -> None:
        """End the stream."""
        self._call.cancel()


class Outgoing:
    """Messages that wait for the writer. Bounded; what is dropped here is still in the outbox."""

    def __init__(self) -> None:
        """Begin empty."""
        self._pending: deque[session_pb2.ConnectRequest] = deque()
        self._filled = asyncio.Event()

    def put(self, messages: Iterable[session_pb2.ConnectRequest]) -> None:
        """Queue messages in order.

        Raises:
            Overloaded: The link takes nothing any more.
        """
        self._pending.extend(messages)
        if len(self._pending) > MOST_PENDING:
            raise Overloaded(f"{len(self._pending)} messages wait for the link, at most {MOST_PENDING} may")
        if self._pending:
            self._filled.set()

    async def take(self) -> session_pb2.ConnectRequest:
        """Return the next message."""
        while not self._pending:
            self._filled.clear()
            await self._filled.wait()
        return self._pending.popleft()

    def clear(self) -> None:
        """Forget what has not been written; the next session resends it from the outbox."""
        self._pending.clear()


def _ignored(_hub_time: datetime) -> bool:
    return False


async def hold_session(  # noqa: PLR0913, PLR0917  a session needs these
    link: Link,
    agent: SiteAgent,
    outgoing: Outgoing,
    clock: Clock,
    stirred: asyncio.Event,
    heard: Callable[[datetime], bool] = _ignored,
) -> None:
    """Hold one session until it ends.

    Args:
        link: The stream.
        agent: The site's agent.
        outgoing: Where the control loop puts its messages.
        clock: The site's clock.
        stirred: Set whenever a message has been handled, for those who wait for its effects.
        heard: Told the hub's time at the Welcome; returns whether the site's clock went back, so that
            the session must begin again.

    Raises:
        LinkLost: Always, with the reason: a session never ends well, only the process does.
    """
    outgoing.clear()
    try:
        await link.send(agent.hello(clock.now()))
        async with asyncio.TaskGroup() as group:
            group.create_task(_read(link, agent, outgoing, clock, stirred, heard))
            group.create_task(_write(link, outgoing))
            group.create_task(_beat(agent, outgoing, clock))
    except* (
        LinkLost,
        InvalidInput,
        Overloaded,
        OSError,
        grpc.aio.AioRpcError,
        asyncio.InvalidStateError,
    ) as group_error:
        reasons = "; ".join(said(error) for error in group_error.exceptions)
        raise LinkLost(reasons) from group_error
    finally:
        agent.lost()
        link.close()


def said(error: BaseException) -> str:
    """Return an error in words; gRPC's own text repeats its whole state."""
    if isinstance(error, grpc.aio.AioRpcError):
        return f"{error.code().name} {error.details()}"
    return str(error)


async def _read(  # noqa: PLR0913, PLR0917  as hold_session
    link: Link,
    agent: SiteAgent,
    outgoing: Outgoing,
    clock: Clock,
    stirred: asyncio.Event,
    heard: Callable[[datetime], bool],
) -> None:
    while True:
        message = await link.receive()
        if message is None:
            raise LinkLost("the hub ended the session")
        if message.HasField("welcome") and heard(instant(message.welcome.hub_time)):
            raise LinkLost("the site's clock was set back to the hub's")
        outgoing.put(agent.receive(message, clock.now()))
        stirred.set()


async def _write(link: Link, outgoing: Outgoing) -> None:
    while True:
        await link.send(await outgoing.take())


async def _beat(agent: SiteAgent, outgoing: Outgoing, clock: Clock) -> None:
    while True:
        await pause(agent.heartbeat_interval.total_seconds())
        if isinstance(clock, SteadyClock) and clock.asks:  # the hub tells its time in a Welcome alone
            raise LinkLost("the site's clock was set; a new session compares it with the hub's")
        if agent.is_welcomed:
            outgoing.put([agent.heartbeat(clock.now())])
