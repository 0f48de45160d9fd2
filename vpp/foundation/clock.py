"""Clocks: the only place that asks the machine for the time.

Everything else is handed a `Clock`. Hub and agents started with the same accelerated profile
agree on the time to the accuracy of the machine's own clock, because the profile is data.
"""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

from vpp.foundation.errors import InvalidInput


class Clock(Protocol):
    """Tells the time and waits for it."""

    def now(self) -> datetime:
        """Return the present instant, aware UTC."""
        ...

    def machine_time(self, instant: datetime) -> datetime:
        """Return when the machine's own clock will show that this clock reads `instant`."""
        ...

    async def sleep_until(self, instant: datetime) -> None:
        """Wait until this clock reads at least `instant`."""
        ...


async def sleep(clock: Clock, span: timedelta) -> None:
    """Wait for a span of a clock's own time."""
    await clock.sleep_until(clock.now() + span)


async def pause(seconds: float) -> None:
    """Wait in the machine's time: for back-off against a peer, never for a deadline."""
    await asyncio.sleep(seconds)


def stopwatch_s() -> float:
    """Read a monotonic stopwatch, s: for measuring how long work took, never for deciding."""
    return time.monotonic()


class SystemClock:
    """The machine's clock in UTC."""

    def now(self) -> datetime:
        """Return the present instant, aware UTC."""
        return datetime.now(UTC)

    def machine_time(self, instant: datetime) -> datetime:
        """Return the same instant: this is the machine's clock."""
        return instant

    async def sleep_until(self, instant: datetime) -> None:
        """Wait until `instant`."""
        await asyncio.sleep(max(0.0, (instant - self.now()).total_seconds()))


class ManualClock:
    """A clock that moves only when it is told to; for simulations and tests.

    Example:
        >>> clock = ManualClock(datetime(2026, 3, 2, tzinfo=UTC))
        >>> clock.advance_to(datetime(2026, 3, 2, 6, tzinfo=UTC))
        >>> clock.now().hour
        6
    """

    def __init__(self, start: datetime) -> None:
        """Begin at `start`, aware UTC."""
        self._now = start

    def now(self) -> datetime:
        """Return the instant last set."""
        return self._now

    def machine_time(self, instant: datetime) -> datetime:
        """Return `instant`: a manual clock has no machine behind it."""
        return instant

    def advance_to(self, instant: datetime) -> None:
        """Move forward to `instant`.

        Raises:
            InvalidInput: `instant` lies in the clock's past.
        """
        if instant < self._now:
            raise InvalidInput(f"instant {instant} is before {self._now}", instant=instant.isoformat())
        self._now = instant

    async def sleep_until(self, instant: datetime) -> None:
        """Let others run until someone has moved the clock to `instant`."""
        while self._now < instant:  # noqa: ASYNC110  the mover may never yield to an Event
            await asyncio.sleep(0)


@dataclass(frozen=True, slots=True)
class Speed:
    """How fast an accelerated clock runs from an instant of its own on.

    Attributes:
        start: From when on, in the clock's own time, UTC.
        factor: Seconds of the clock per second of the machine; above 0.
    """

    start: datetime
    factor: float


class AcceleratedClock:
    """A clock that runs faster than the machine's, by a profile of speeds.

    Example:
        >>> noon = datetime(2026, 3, 2, 12, tzinfo=UTC)
        >>> profile = [Speed(noon, 3600.0), Speed(noon + timedelta(hours=2), 60.0)]
        >>> clock = AcceleratedClock(datetime(2026, 11, 1, tzinfo=UTC), profile)
        >>> clock.machine_time(noon + timedelta(hours=2, minutes=1))
        datetime.datetime(2026, 11, 1, 0, 0, 3, tzinfo=datetime.timezone.utc)
    """

    def __init__(self, machine_start: datetime, profile: Sequence[Speed]) -> None:
        """Start the profile's first instant at the machine's `machine_start`.

        Args:
            machine_start: Machine time at which the profile begins, aware UTC.
            profile: Speeds in order of their start; the last one goes on for ever.

        Raises:
            InvalidInput: The profile is empty, out of order, or has a factor of 0 or less.
        """
        starts = [speed.start for speed in profile]
        if not profile or starts != sorted(starts) or any(speed.factor <= 0 for speed in profile):
            raise InvalidInput("profile must be ordered by start, with factors above 0", profile=str(profile))
        self._profile = tuple(profile)
        anchors = [machine_start]
        for previous, current in zip(self._profile, self._profile[1:], strict=False):
            anchors.append(anchors[-1] + (current.start - previous.start) / previous.factor)
        self._anchors = tuple(anchors)

    def now(self) -> datetime:
        """Return the present instant of the profile, aware UTC; its first one before it begins."""
        machine_now = datetime.now(UTC)
        for speed, anchor in zip(reversed(self._profile), reversed(self._anchors), strict=True):
            if machine_now >= anchor:
                return speed.start + (machine_now - anchor) * speed.factor
        return self._profile[0].start

    def machine_time(self, instant: datetime) -> datetime:
        """Return when the machine's own clock will show that this clock reads `instant`."""
        for speed, anchor in zip(reversed(self._profile), reversed(self._anchors), strict=True):
            if instant >= speed.start:
                return anchor + (instant - speed.start) / speed.factor
        return self._anchors[0]

    async def sleep_until(self, instant: datetime) -> None:
        """Wait until this clock reads at least `instant`."""
        wait = (self.machine_time(instant) - datetime.now(UTC)).total_seconds()
        await asyncio.sleep(max(0.0, wait))
