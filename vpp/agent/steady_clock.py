"""The site's clock when the machine's is set: never later than told, never back unless the hub agrees."""

import logging
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from vpp.foundation.clock import Clock, pause, stopwatch_s

LONGEST_SLEEP_S = 5.0
"""A machine that was suspended, or whose clock was set forward, is noticed within this time."""
log = logging.getLogger(__name__)


class SteadyClock:
    """A machine's clock that does not go back.

    An instruction ends by this clock. If the machine's were followed back by an hour, what should
    end at six would end at seven. So the stopwatch, which nobody can set, carries the time on; a
    step forward is followed, because ending early does no harm. Which of the two is right the site
    cannot know: when the hub's time agrees with the machine's, the machine is believed again.
    """

    def __init__(
        self,
        machine: Clock,
        *,
        earliest: datetime | None,
        tolerance: timedelta,
        stopwatch: Callable[[], float] = stopwatch_s,
        wait: Callable[[float], Awaitable[None]] = pause,
    ) -> None:
        """Begin at the machine's time, or at the newest instant the journal has seen.

        Args:
            machine: The machine's clock.
            earliest: An instant that is known to have passed, UTC; None if none is.
            tolerance: Steps back of less are followed.
            stopwatch: Reads a stopwatch that never goes back, s.
            wait: Waits for seconds of the machine's time.
        """
        self._machine = machine
        self._tolerance = tolerance
        self._stopwatch = stopwatch
        self._wait = wait
        now = machine.now()
        self._anchor = now if earliest is None else max(now, earliest)
        self._read_s = stopwatch()
        self._heard_ahead = timedelta(0)
        self._was_set_forward = False
        self._times_back = 0

    def now(self) -> datetime:
        """Return the present instant, aware UTC."""
        machine_now, read_s = self._machine.now(), self._stopwatch()
        expected = self._anchor + timedelta(seconds=read_s - self._read_s)
        if machine_now >= expected:
            self._was_set_forward |= machine_now - expected > self._tolerance
            self._anchor, self._read_s = machine_now, read_s
            return machine_now
        return expected if expected - machine_now > self._tolerance else machine_now

    def machine_time(self, instant: datetime) -> datetime:
        """Return when the machine's own clock will show that this clock reads `instant`."""
        return self._machine.machine_time(instant)

    async def sleep_until(self, instant: datetime) -> None:
        """Wait until this clock reads at least `instant`, or has gone back meanwhile.

        After a year's error nobody would wait for what was an hour ahead before.
        """
        times_back = self._times_back
        while (left_s := (instant - self.now()).total_seconds()) > 0 and times_back == self._times_back:
            await self._wait(min(left_s, LONGEST_SLEEP_S))

    @property
    def asks(self) -> bool:
        """Whether the machine's clock was set since the hub's time was heard last, so that it is asked."""
        now = self.now()
        ahead = now - self._machine.now()
        return self._was_set_forward or abs(ahead - self._heard_ahead) > self._tolerance

    def hear(self, hub_time: datetime) -> bool:
        """Take note of the hub's time, as it has just been told.

        Returns:
            Whether this clock went back to the machine's, because the hub's time agrees with that.
        """
        was, machine_now = self.now(), self._machine.now()
        self._heard_ahead, self._was_set_forward = was - machine_now, False
        if was - machine_now <= self._tolerance or abs(hub_time - machine_now) > self._tolerance:
            return False
        log.warning("the clock goes back from %s to %s, as the hub's does", was, machine_now)
        self._anchor, self._read_s = machine_now, self._stopwatch()
        self._heard_ahead = timedelta(0)
        self._times_back += 1
        return True
