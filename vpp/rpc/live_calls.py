"""The calls that are not over, and how one is ended whose caller is refused from now on."""

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

from vpp.foundation.clock import Clock
from vpp.foundation.errors import NotAuthenticated
from vpp.rpc.peer_certificate import PeerCertificate
from vpp.rpc.standing import Standing
from vpp.workflows.identity import Principal

_log = logging.getLogger(__name__)
NOT_AUTHENTICATED = "the caller is not authenticated"
"""What everybody is told who is refused, whatever the reason: it is in the hub's log."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Who is calling, and what proves it.

    Attributes:
        principal: Who.
        certificate: The certificate of the connection; None without TLS.
        expires_at: When the proof ends, UTC; None if never.
    """

    principal: Principal
    certificate: PeerCertificate | None = None
    expires_at: datetime | None = None


@dataclass(eq=False, slots=True)
class LiveCall:
    """One call that is not over.

    Attributes:
        identity: Whose it is.
        method: Full name of the method that serves it.
        opened_at: When it was opened, in the machine's time.
        number: Counts the calls of this hub since it began, from 1.
        task: Serves it.
        is_stream: Whether it may last.
        is_ended: Whether the hub has ended it.
    """

    identity: Identity
    method: str
    opened_at: datetime
    number: int
    task: "asyncio.Task[object]" = field(repr=False)
    is_stream: bool = True
    is_ended: bool = False


class LiveCalls:
    """All calls that are not over. Lives on the event loop.

    Calls with one answer count too: a caller may begin many, which wait for their turn or for a request that
    it holds back, and would be carried out long after it was refused.

    One look at all of them every second, in place of a timer for each: it finds suspension, revocation and
    expiry alike, and is right as well after the machine's clock was set.
    """

    def __init__(self, standing: Standing, clock: Clock) -> None:
        """Begin with none.

        Args:
            standing: Who is refused.
            clock: The machine's.
        """
        self._standing = standing
        self._clock = clock
        self._open: dict[LiveCall, None] = {}
        self._count = 0

    def __len__(self) -> int:
        """Return how many streams are open."""
        return len(self.all())

    @property
    def unfinished(self) -> int:
        """How many calls are not over, streams or not."""
        return len(self._open)

    def all(self) -> list[LiveCall]:
        """Return the open streams, the oldest first."""
        return [call for call in self._open if call.is_stream]

    @contextmanager
    def kept(self, identity: Identity, method: str, *, is_stream: bool = True) -> Iterator[None]:
        """Keep the call that the present task serves, until it is over.

        Raises:
            NotAuthenticated: The hub has ended it.
        """
        task = asyncio.current_task()
        if task is None:  # pragma: no cover  grpc serves every call in a task
            yield
            return
        self._count += 1
        call = LiveCall(identity, method, self._clock.now(), self._count, task, is_stream)
        self._open[call] = None
        try:
            yield
        except asyncio.CancelledError:
            if not call.is_ended:
                raise  # the caller has gone, or the server stops
            task.uncancel()
            raise NotAuthenticated(NOT_AUTHENTICATED) from None
        finally:
            del self._open[call]

    def end_refused(self) -> int:
        """End every call whose caller is refused now; returns how many."""
        count = 0
        for call in list(self._open):
            identity = call.identity
            reason = self._standing.reason_against(
                identity.principal, identity.certificate, identity.expires_at
            )
            if reason and not call.is_ended:
                _log.warning("ended %s of %s: %s", call.method, identity.principal.principal_id, reason)
                call.is_ended = True
                call.task.cancel()
                count += 1
        return count
