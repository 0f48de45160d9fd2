"""One device of a site: a thread of its own, a mailbox for the newest setpoint, the latest reading."""

import logging
import math
import threading
from asyncio import CancelledError
from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from vpp.agent.device import Device
from vpp.agent.equipment_command import StandingCommand
from vpp.agent.equipment_plausibility import MOST_AHEAD, believed
from vpp.agent.equipment_settings import DeviceTable
from vpp.foundation.clock import Clock, stopwatch_s
from vpp.foundation.device_terms import (
    Applied,
    DeviceCondition,
    DeviceError,
    Health,
    Outcome,
    Reading,
    Setpoint,
)

R = TypeVar("R")
RELEASE_AGAIN_S = 0.2
"""Wait between two tries to release a device at the stop, s of the machine."""
SEVERITY = (Health.OK, Health.STALE, Health.ALARM, Health.LOST)
log = logging.getLogger(__name__)


class DeviceWorker:
    """One device between the site and its driver.

    The site's calls return at once; the driver is only ever called in the worker's thread. Of several
    setpoints that arrive while the device is busy only the newest is applied.
    """

    def __init__(  # noqa: PLR0913, PLR0917  the parts of one device, put together in one place
        self,
        name: str,
        device: Device,
        table: DeviceTable,
        clock: Clock,
        command: StandingCommand,
        take: Callable[[Reading], None],
    ) -> None:
        """Prepare the worker; `start` begins.

        Args:
            name: The resource's id or the meter's name.
            device: The driver.
            table: How it is read and judged.
            clock: The site's clock.
            command: What the device was told last, kept over restarts.
            take: What becomes of a believed reading; called in the device's thread, once for each.
        """
        self.name = name
        self._device = device
        self._table = table
        self._clock = clock
        self._command = command
        self._take = take
        self._changed = threading.Condition()
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._release_within_s: float | None = None
        self._reading: Reading | None = None
        self._unchanged_since: datetime | None = None
        self._own_condition: DeviceCondition | None = None
        self._failure = ""
        self._defect = ""
        self._round_count = 0
        self._thread = threading.Thread(target=self._run, name=f"device-{name}", daemon=True)

    def start(self) -> None:
        """Begin to read and to command the device."""
        self._thread.start()

    def stop(self, *, release: bool, within_s: float = 0.0) -> None:
        """Ask the thread to end, and to release the device first; returns at once.

        Args:
            release: Whether to release the device.
            within_s: For how long a release that fails is tried again, s of the machine.
        """
        self._release_within_s = within_s if release else None
        self._stopping.set()
        self._wake.set()

    def join(self, seconds: float) -> bool:
        """Wait for the thread's end in the machine's time; whether it has ended."""
        if self._thread.ident is not None:
            self._thread.join(seconds)
        return not self._thread.is_alive()

    @property
    def is_commanded(self) -> bool:
        """Whether the device may hold a command."""
        with self._changed:
            return self._command.is_commanded

    def put(self, setpoint: Setpoint, at: datetime) -> None:
        """Put a setpoint into the mailbox, in place of one that has not been applied yet."""
        with self._changed:
            self._command.want(setpoint, at)
        self._wake.set()

    @property
    def reading(self) -> Reading | None:
        """The last believed reading; None if there has been none."""
        with self._changed:
            return self._reading

    def condition(self, at: datetime) -> DeviceCondition:
        """Return how the device is at an instant, UTC."""
        with self._changed:
            reading, own, failure = self._reading, self._own_condition, self._failure
            frozen_since = self._unchanged_since
            last_action = self._command.last_action
        age = None if reading is None else at - reading.measured_at
        health, detail = Health.OK, ""
        # A reading from ahead of a clock that was set back is as old as nobody knows.
        if age is None or not -MOST_AHEAD <= age < self._table.staleness:
            health = Health.LOST if failure or age is None else Health.STALE
            detail = failure or ("has not been read yet" if age is None else f"last read {age} ago")
        elif reading is not None and reading.alarms:
            health, detail = Health.ALARM, "; ".join(reading.alarms)
        elif self._is_frozen(frozen_since, at):
            health, detail = Health.STALE, f"shows the same since {frozen_since}"
        if own is not None and SEVERITY.index(own.health) > SEVERITY.index(health):
            health, detail = own.health, own.detail
        return DeviceCondition(
            health=health,
            measured_at=None if reading is None else reading.measured_at,
            last_action=last_action,
            alarms=() if reading is None else reading.alarms,
            detail=detail,
        )

    def _is_frozen(self, since: datetime | None, at: datetime) -> bool:
        limit = self._table.frozen_after
        return limit is not None and since is not None and at - since >= limit

    @property
    def round_count(self) -> int:
        """Rounds that the thread has made: the mailbox looked into, and the device read if that was due."""
        return self._round_count

    def wait_for_round(self, count: int, seconds: float) -> bool:
        """Wait until the thread has made so many rounds, s of the machine; whether it has in time."""
        with self._changed:
            return self._changed.wait_for(lambda: self._round_count >= count, seconds)

    def _run(self) -> None:
        interval_s = self._table.poll_interval.total_seconds()
        next_look_s = stopwatch_s()
        while not self._stopping.is_set():
            self._wake.clear()
            self._safely(self.act)
            now_s = stopwatch_s()
            if now_s >= next_look_s:
                self._safely(self.look)
                next_look_s = max(next_look_s + interval_s, now_s)
            with self._changed:
                self._round_count += 1
                self._changed.notify_all()
            self._wake.wait(min(max(0.0, next_look_s - stopwatch_s()), self._waiting_s()))
        if self._release_within_s is not None:
            self._give_back(self._release_within_s)
        self._safely(self._device.close)

    def _safely(self, work: Callable[[], object]) -> None:
        """Do something whose defect must not end the thread: nobody would take the device's command back."""
        try:
            work()
        except Exception as error:
            log.exception("%s: defect", self.name)
            with self._changed:
                self._failure = f"defect: {type(error).__name__}"

    def _give_back(self, within_s: float) -> None:
        """Release the device, and try again while it fails and there is time."""
        deadline_s = stopwatch_s() + within_s
        with self._changed:
            self._command.let_go(self._clock.now())
        self._safely(self.act)
        while self._is_due() and stopwatch_s() < deadline_s:
            threading.Event().wait(RELEASE_AGAIN_S)
            self._safely(self.act)

    def _is_due(self) -> bool:
        with self._changed:
            return self._command.due(self._clock.now()) is not None

    def _waiting_s(self) -> float:
        """Return how long it is until a setpoint that waits is due, s; infinite if none waits."""
        with self._changed:
            waiting = self._command.waits_for(self._clock.now())
        return math.inf if waiting is None else waiting.total_seconds()

    def act(self) -> None:
        """Apply or repeat the newest setpoint, or take it back when nobody has repeated it."""
        now = self._clock.now()
        with self._changed:
            order = self._command.due(now)
        if order is None:
            return
        try:
            if not self._command.remembered(order, now):
                applied = Applied(Outcome.FAILED, now, "what is commanded cannot be kept on the disk")
            elif order.setpoint is None:
                applied = self._tried(self._device.release)
            else:
                setpoint = order.setpoint
                applied = self._tried(lambda: self._device.apply(setpoint))
        except DeviceError as error:
            with self._changed:
                self._command.unanswered(order, now, str(error))
                is_new, self._failure = self._failure != str(error), str(error)
            if is_new:  # it is said again at every round
                log.warning("%s: %s did not answer: %s", self.name, order, error)
            return
        with self._changed:
            is_released = self._command.done(order, applied)
        if is_released:
            self._command.forgotten()

    def look(self) -> None:
        """Read the device once."""
        now = self._clock.now()
        try:
            reading = believed(self._tried(self._device.read), self._table.bounds, self._clock.now())
        except DeviceError as error:
            with self._changed:
                is_new = self._failure != str(error)
                self._failure = str(error)
            if is_new:
                log.warning("%s cannot be read: %s", self.name, error)
            return
        finally:
            own = self._own()
            with self._changed:
                self._own_condition = own
        with self._changed:
            self._failure = ""
            previous, self._reading = self._reading, reading
            is_set_back = self._unchanged_since is not None and self._unchanged_since > now
            if previous is None or is_set_back or dict(previous.quantities) != dict(reading.quantities):
                self._unchanged_since = now
            self._command.shown(reading)
            is_frozen = self._is_frozen(self._unchanged_since, now)
        is_new = previous is None or previous.measured_at != reading.measured_at
        if is_new and not is_frozen:  # what an instrument shows that has stopped is no measurement
            self._take(reading)

    def _own(self) -> DeviceCondition:
        try:
            return self._device.health()
        except Exception as error:
            # A driver's defect must not end the device's thread.
            log.exception("%s: driver cannot tell its health", self.name)
            return DeviceCondition(Health.LOST, detail=f"driver failed: {type(error).__name__}")

    def _tried(self, call: Callable[[], R]) -> R:
        """Call the driver, again after a moment if it does not answer."""
        retrying = Retrying(
            stop=stop_after_attempt(self._table.attempt_count),
            wait=wait_random_exponential(multiplier=0.1, max=1.0),
            retry=retry_if_exception_type(DeviceError),
            sleep=self._nap,
            reraise=True,
        )
        result: R = retrying(self._guarded, call)
        return result

    def _nap(self, seconds: float) -> None:
        self._stopping.wait(seconds)

    def _guarded(self, call: Callable[[], R]) -> R:
        try:
            result = call()
        except DeviceError:
            raise
        except (Exception, CancelledError) as error:
            # A driver's defect must not end the device's thread: the device counts as one that does not
            # answer. An exchange that its own library gave up is no wish of this thread to end either.
            said = f"driver failed: {type(error).__name__}"
            if said != self._defect:
                log.exception("%s: driver failed", self.name)
            self._defect = said
            raise DeviceError(said) from error
        self._defect = ""
        return result
