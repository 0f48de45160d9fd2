"""Looks every second who is refused from now on, and ends their streams."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

from vpp.foundation.clock import pause
from vpp.rpc.live_calls import LiveCalls
from vpp.rpc.minute_counts import MinuteLog

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class AccessSource:
    """Something that says who is refused.

    Attributes:
        name: What it is called in the log.
        read: Reads it, in a thread of its own.
        take: Takes in what was read, on the event loop.
    """

    name: str
    read: Callable[[], Any]
    take: Callable[[Any], None]


class _Reader:
    """Reads one source again and again; one that hangs holds up nothing but itself."""

    def __init__(self, source: AccessSource) -> None:
        self._source = source
        self._threads = ThreadPoolExecutor(1, thread_name_prefix="vpp-access")
        self._reading: asyncio.Future[Any] | None = None

    def begin(self) -> asyncio.Future[Any] | None:
        """Read again, unless the last reading still hangs; returns it if it began now."""
        if self._reading is not None and not self._reading.done():
            return None
        self._reading = asyncio.get_running_loop().run_in_executor(self._threads, self._source.read)
        return self._reading

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)


class AccessWatch:
    """A long-lived task. What cannot be read stays as it was last read, and is warned of."""

    def __init__(
        self,
        sources: Sequence[AccessSource],
        live_calls: LiveCalls,
        *,
        interval: timedelta,
        warnings: Callable[[], list[str]],
        flush: Callable[[], Awaitable[None]],
    ) -> None:
        """Keep the parts; `run` begins.

        Args:
            sources: What says who is refused.
            live_calls: The open streams.
            interval: How often it looks, in the machine's time.
            warnings: Returns what the hub's owner should see to.
            flush: Writes down how often denied calls were repeated.
        """
        self._sources = sources
        self._readers = [_Reader(source) for source in sources]
        self._live_calls = live_calls
        self._interval_s = interval.total_seconds()
        self._warnings = warnings
        self._warned: list[str] = []
        self._flush = flush
        self._flushing: asyncio.Future[None] | None = None
        self._failures = MinuteLog(__name__, "%s could not be read (%s); what was read before stays")

    async def run(self) -> None:
        """Look, for ever."""
        while True:
            self.look()
            await pause(self._interval_s)

    def look(self) -> None:
        """Begin to read every source, and end the streams that what is known already refuses."""
        for source, reader in zip(self._sources, self._readers, strict=True):
            reading = reader.begin()
            if reading is not None:
                reading.add_done_callback(partial(self._taken, source))
        self._live_calls.end_refused()
        self._warn()
        if self._flushing is None or self._flushing.done():
            self._flushing = asyncio.ensure_future(self._flushed())

    def take(self) -> None:
        """Read every source here and now, before anybody is served.

        Raises:
            VppError: One cannot be read.
        """
        for source in self._sources:
            source.take(source.read())

    def _taken(self, source: AccessSource, reading: "asyncio.Future[Any]") -> None:
        if reading.cancelled():
            return
        error = reading.exception()
        if error is not None:
            self._failures.warn(source.name, type(error).__name__)  # not its text: it may name the database
            return
        source.take(reading.result())
        self._live_calls.end_refused()

    def _warn(self) -> None:
        warnings = self._warnings()
        for warning in warnings:
            if warning not in self._warned:
                _log.error("%s", warning)
        self._warned = warnings

    async def _flushed(self) -> None:
        try:
            await self._flush()
        except Exception:  # noqa: BLE001  whatever went wrong with a count, the watch goes on
            _log.exception("repeats of denied calls could not be written down")

    def close(self) -> None:
        """Give the threads back; a reading that hangs is left to end by itself."""
        for reader in self._readers:
            reader.close()
