"""A device without a wire, that does what a test tells it to: for tests of what stands above drivers."""

import threading
from collections.abc import Callable

from vpp.foundation.clock import Clock
from vpp.foundation.device_terms import (
    Applied,
    DeviceCondition,
    DeviceError,
    Health,
    Outcome,
    Reading,
    Setpoint,
)


class MadeUpDevice:
    """Shows `quantities`, keeps what it was told in `said`, and fails as told.

    Attributes:
        quantities: What it shows.
        alarms: What it complains about.
        said: Setpoints in order; None for a release.
        read_failures: Readings that fail before one succeeds.
        say_failures: Commands that fail before one succeeds.
        defect: Raised by every call, if given.
        outcome: What becomes of commands.
        on_read: Called in every reading.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.quantities: dict[str, float] = {"reduction_kw": 0.0}
        self.alarms: tuple[str, ...] = ()
        self.said: list[Setpoint | None] = []
        self.read_failures = 0
        self.say_failures = 0
        self.defect: Exception | None = None
        self.outcome = Outcome.APPLIED
        self.on_read: Callable[[], None] = lambda: None
        self.own_health = Health.OK
        self.is_closed = False
        self.threads: set[int] = set()

    def read(self) -> Reading:
        self._called()
        self.on_read()
        if self.read_failures:
            self.read_failures -= 1
            raise DeviceError("no answer")
        return Reading(self._clock.now(), dict(self.quantities), self.alarms)

    def apply(self, setpoint: Setpoint) -> Applied:
        return self._take(setpoint)

    def release(self) -> Applied:
        return self._take(None)

    def _take(self, setpoint: Setpoint | None) -> Applied:
        self._called()
        if self.say_failures:
            self.say_failures -= 1
            raise DeviceError("no answer")
        self.said.append(setpoint)
        return Applied(self.outcome, self._clock.now())

    def _called(self) -> None:
        self.threads.add(threading.get_ident())
        if self.defect is not None:
            raise self.defect

    def health(self) -> DeviceCondition:
        return DeviceCondition(self.own_health, detail="as told")

    def close(self) -> None:
        self.is_closed = True
