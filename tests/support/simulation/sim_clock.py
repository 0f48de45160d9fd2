"""A clock on virtual time, right or wrong."""

import asyncio
from datetime import datetime, timedelta

from vpp.foundation.clock import pause


class SimClock:
    """Tells the loop's time since an epoch, plus how wrong this machine's clock is.

    Attributes:
        error: How far it is ahead of the true time; a step of the clock changes it.
    """

    def __init__(self, epoch: datetime, error: timedelta = timedelta(0)) -> None:
        self._epoch = epoch
        self.error = error

    @property
    def true_now(self) -> datetime:
        """The true time."""
        return self._epoch + timedelta(seconds=asyncio.get_running_loop().time())

    def now(self) -> datetime:
        """Return what this clock shows."""
        return self.true_now + self.error

    def machine_time(self, instant: datetime) -> datetime:
        """Return the same instant: this is the machine's clock, right or wrong."""
        return instant

    async def sleep_until(self, instant: datetime) -> None:
        """Sleep for what the clock shows is left, as the machine's does: a step meanwhile is not noticed."""
        left_s = (instant - self.now()).total_seconds()
        await pause(left_s + 2e-6 if left_s > 0 else 0.0)  # an instant is whole microseconds
