"""One simulated device alone, in the shape of a driver: for tests of whatever talks to single devices."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from vpp.foundation.clock import Clock
from vpp.foundation.device_terms import Applied, DeviceCondition, DeviceError, Reading, Setpoint
from vpp.simulator.device import RELEASED, SUBSTEP_S, Conditions, Device, Order, order_of
from vpp.simulator.faults import GARBAGE, OBEYING, Fault, condition_of, fault_of, outcome_of


class SimulatedDevice:
    """A device's physics on a clock, with the calls of the agent's device interface.

    It obeys a setpoint until the next one, or until `hold` has passed without a repeat; then it
    does what it would do if left alone. Between two calls the physics goes on in steps of at most
    a minute.
    """

    def __init__(  # noqa: PLR0913  by keyword, most with a default
        self,
        physics: Device,
        clock: Clock,
        conditions: Callable[[datetime], Conditions],
        *,
        hold: timedelta = timedelta(minutes=15),
        faults: Sequence[Fault] = (),
        resource_id: str = "device",
    ) -> None:
        """Begin now, at rest.

        Args:
            physics: Any device of the plant.
            clock: Tells how far the physics has gone.
            conditions: What the site does around the device at an instant.
            hold: How long a setpoint is obeyed without a repeat.
            faults: When what is wrong with it.
            resource_id: Its name in the faults.
        """
        self._physics, self._clock, self._conditions = physics, clock, conditions
        self._hold, self._faults, self._resource_id = hold, tuple(faults), resource_id
        self._order: Order = RELEASED
        self._ordered_at = self._at = clock.now()
        self._change_kw = 0.0
        self._last_action: Applied | None = None
        self._frozen: dict[str, float] | None = None

    def _fault(self, at: datetime) -> Fault | None:
        return fault_of(self._faults, self._resource_id, at)

    def _advance(self) -> datetime:
        """Let the physics catch up with the clock; return the instant."""
        now = self._clock.now()
        while self._at < now:
            span = min(now - self._at, timedelta(seconds=SUBSTEP_S))
            self._change_kw = self._physics.step(
                self._obeyed(self._at), self._conditions(self._at), span.total_seconds()
            )
            self._at += span
        return now

    def _obeyed(self, at: datetime) -> Order:
        fault = self._fault(at)
        is_held = at - self._ordered_at < self._hold
        return self._order if is_held and (fault is None or fault.kind in OBEYING) else RELEASED

    def read(self) -> Reading:
        """Read the instruments.

        Raises:
            DeviceError: The device does not answer.
        """
        now = self._advance()
        fault = self._fault(now)
        kind = None if fault is None else fault.kind
        if kind == "lost":
            raise DeviceError("the device does not answer")
        shown = self._physics.reading(self._conditions(now))
        if kind == "lying":
            shown["reduction_kw"] = self._order.reduction_kw
        if kind == "garbage":
            shown = dict.fromkeys(shown, GARBAGE)
        if kind == "stale" and fault is not None:
            self._frozen = shown if self._frozen is None else self._frozen
            return Reading(fault.start, self._frozen, self._physics.alarms())
        self._frozen = None
        alarms = ("general alarm",) if kind == "alarming" else self._physics.alarms()
        return Reading(now, shown, alarms)

    def apply(self, setpoint: Setpoint) -> Applied:
        """Take a setpoint.

        Raises:
            DeviceError: The device does not answer.
        """
        return self._take(order_of(setpoint))

    def release(self) -> Applied:
        """Do what it would do if left alone.

        Raises:
            DeviceError: The device does not answer.
        """
        return self._take(RELEASED)

    def _take(self, order: Order) -> Applied:
        now = self._advance()
        fault = self._fault(now)
        if fault is not None and fault.kind == "lost":
            raise DeviceError("the device does not answer")
        self._last_action = outcome_of(fault, now)
        if fault is None or fault.kind not in {"failing", "alarming"}:
            self._order, self._ordered_at = order, now
        return self._last_action

    def health(self) -> DeviceCondition:
        """Return how the device is."""
        now = self._clock.now()
        return condition_of(self._fault(now), now, self._last_action, self._physics.alarms())

    def close(self) -> None:
        """Let go; what it was told stays until it expires."""

    @property
    def change_kw(self) -> float:
        """Change of consumption in the step that ended last, kW, as it truly was."""
        self._advance()
        return self._change_kw
