"""The newest readings, as far back as tracking and unsent telemetry need them."""

import math
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Protocol

import numpy as np
import numpy.typing as npt

from vpp.agent.driver import LiveMeter

TRACKING_SPAN = timedelta(hours=6)
"""How far back tracking ever looks."""
LONGEST_SPAN = timedelta(days=30)
"""How far back unsent readings are kept; the hub takes no older ones in a session."""


class Metered(Protocol):
    """What can be asked for readings."""

    def meter(self, since: datetime, until: datetime) -> npt.NDArray[np.float64]:
        """Return mean net power per whole interval between two instants, kW; NaN is a gap."""
        ...


class LiveMetered:
    """A live meter's readings on the control grid."""

    def __init__(self, driver: LiveMeter, step: timedelta) -> None:
        """Take the meter and the control interval."""
        self._driver = driver
        self._step = step

    def meter(self, since: datetime, until: datetime) -> npt.NDArray[np.float64]:
        """Return mean net power per control interval, kW; NaN is a gap."""
        count = max(0, (until - since) // self._step)
        starts = [since + n * self._step for n in range(count)]
        values = [self._driver.recent_kw(start, start + self._step) for start in starts]
        return np.array([math.nan if value is None else value for value in values], dtype=np.float64)


def _as_it_is(net_kw: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return net_kw


class MeterLog:
    """Readings of one meter on its grid."""

    def __init__(
        self,
        driver: Metered,
        step: timedelta,
        start: datetime,
        cleaned: Callable[[npt.NDArray[np.float64]], npt.NDArray[np.float64]] = _as_it_is,
    ) -> None:
        """Begin at an instant on the grid; `cleaned` takes out what cannot be."""
        self._driver = driver
        self._cleaned = cleaned
        self._step = step
        self._start = start
        self._values: npt.NDArray[np.float64] = np.empty(0)

    @property
    def begin(self) -> datetime:
        """Start of the oldest reading kept."""
        return self._start

    @property
    def until(self) -> datetime:
        """First instant that has not been read."""
        return self._start + len(self._values) * self._step

    def read(self, now: datetime, unsent_since: datetime | None) -> None:
        """Take up what the meter has measured, and forget what nobody needs."""
        fresh = self._cleaned(self._driver.meter(self.until, now))
        needed_since = now - TRACKING_SPAN
        if unsent_since is not None:
            needed_since = max(min(needed_since, unsent_since), now - LONGEST_SPAN)
        self._values = np.concatenate([self._values, fresh])
        dropped = max(0, (needed_since - self._start) // self._step)
        self._values = self._values[dropped:]
        self._start += dropped * self._step

    def newest_kw(self) -> float | None:
        """Return the reading of the interval that ended last, kW; None if the meter has none for it."""
        if not len(self._values) or not np.isfinite(self._values[-1]):
            return None
        return float(self._values[-1])

    def newest_kw_at(self, now: datetime) -> float | None:
        """Return the reading of the interval that ended last before an instant; None if there is none."""
        return self.newest_kw() if now - self.until < self._step else None

    def since(self, instant: datetime) -> npt.NDArray[np.float64]:
        """Return the readings of the intervals from an instant on the grid on, kW; NaN is a gap."""
        return self._values[max(0, (instant - self._start) // self._step) :]
