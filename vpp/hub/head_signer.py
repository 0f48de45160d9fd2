"""Signs every few minutes where the chains of the audit record end: a long-lived task."""

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import Executor
from datetime import timedelta

from vpp.foundation.clock import pause
from vpp.foundation.errors import Overloaded

_log = logging.getLogger(__name__)


class HeadSigner:
    """Signs at its start, and from then on at an interval; nothing that went on is signed twice."""

    def __init__(self, sign: Callable[[], int], threads: Executor, interval: timedelta) -> None:
        """Keep the parts; `run` begins.

        Args:
            sign: Signs and returns how many chains.
            threads: Where it runs.
            interval: How often, in the machine's time: what was done since can still be rewritten by whoever
                can rewrite the database.
        """
        self._sign = sign
        self._threads = threads
        self._interval_s = interval.total_seconds()

    async def run(self) -> None:
        """Sign, for ever; a database that takes no work now is asked again."""
        while True:
            await self.look()
            await pause(self._interval_s)

    async def look(self) -> None:
        """Sign what went on."""
        try:
            count = await asyncio.get_running_loop().run_in_executor(self._threads, self._sign)
        except Overloaded as error:
            _log.warning("the audit record's heads are not signed now: %s", error)
            return
        if count:
            _log.debug("signed the heads of %d chains", count)
