"""Notices when an agent says nothing, or reads nothing, for too long: one timer for each stream."""

import asyncio
from collections.abc import Callable


class StreamWatch:
    """Watches the two directions of a stream, in the machine's time.

    A time-out around every read and write would cost more than many of the messages. So the stream
    only notes since when it waits, and the timer looks when the earliest wait could be over.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        *,
        write_deadline_s: float,
        silent: Callable[[float], None],
        stuck: Callable[[], None],
    ) -> None:
        """Begin with nothing to wait for.

        Args:
            loop: The event loop.
            write_deadline_s: How long one message may take to be taken, s.
            silent: Called with the deadline, s, when nothing came in time.
            stuck: Called when a message was not taken in time.
        """
        self._loop = loop
        self._write_deadline_s = write_deadline_s
        self._silent = silent
        self._stuck = stuck
        self._listening_since: float | None = None
        self._sending_since: float | None = None
        self._patience_s = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def listen(self, patience_s: float) -> None:
        """Note that a message is waited for, for so long at most."""
        self._listening_since = now = self._loop.time()
        # A timer that is set for later than this wait could be over would look too late.
        if self._timer is None or patience_s < self._patience_s:
            self._set(now + min(patience_s, self._write_deadline_s))
        self._patience_s = patience_s

    def heard(self) -> None:
        """Note that a message came."""
        self._listening_since = None

    def begin_send(self) -> None:
        """Note that a message is handed over."""
        self._sending_since = self._loop.time()

    def end_send(self) -> None:
        """Note that it was taken."""
        self._sending_since = None

    def stop(self) -> None:
        """Watch no more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _set(self, at: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_at(at, self._look)

    def _look(self) -> None:
        self._timer = None
        now = self._loop.time()
        # What begins right after this look is over a whole deadline later at the earliest.
        next_at = now + min(self._write_deadline_s, self._patience_s)
        if self._listening_since is not None:
            ends_at = self._listening_since + self._patience_s
            if ends_at <= now:
                self._silent(self._patience_s)
                return
            next_at = min(next_at, ends_at)
        if self._sending_since is not None:
            ends_at = self._sending_since + self._write_deadline_s
            if ends_at <= now:
                self._stuck()
                return
            next_at = min(next_at, ends_at)
        self._set(next_at)
