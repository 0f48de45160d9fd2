"""What a device was told last: how long it stands, whether it was done, and whether it shows.

    level(t)  = reduction - increase of the setpoint in force at t, kW
    required  = confirm_ratio * min |level| over the last `confirm_within`, if level kept its sign
    shown     = largest change in that direction that the device's instruments showed over the same span
    contradiction: shown < required

A device that confirmed a command and does not show it after that time is reported as failed, whatever
it says. The largest change counts, so that one noisy reading contradicts nothing.
"""

import logging
from collections import deque
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from vpp.agent.device import DeviceMemory
from vpp.foundation.device_terms import Applied, Outcome, Reading, Setpoint
from vpp.foundation.errors import InvalidInput

RELEASED = Setpoint()
"""What gives a device back to the site's own control."""
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be said to a device next.

    Attributes:
        setpoint: What it is to do; None to give it back.
        number: Which wish it carries out; newer wishes have higher ones.
    """

    setpoint: Setpoint | None
    number: int

    def __str__(self) -> str:
        """Return the order in words."""
        if self.setpoint is None:
            return "release"
        return f"reduce {self.setpoint.reduction_kw:g} kW, increase {self.setpoint.increase_kw:g} kW"


class StandingCommand:
    """The newest setpoint of one device, until it is replaced, taken back, or has stood too long."""

    def __init__(  # noqa: PLR0913  one setting each
        self,
        memory: DeviceMemory,
        now: datetime,
        *,
        hold: timedelta,
        repeat_interval: timedelta | None,
        confirm_within: timedelta,
        confirm_ratio: float,
        delay: timedelta = timedelta(0),
    ) -> None:
        """Take up what was commanded before a restart.

        Args:
            memory: Keeps over a restart that something is commanded.
            now: The site's time, UTC.
            hold: A setpoint that is not repeated for this long is taken back.
            repeat_interval: How often a standing setpoint is repeated to the device; None for never.
            confirm_within: When the device's instruments must show it.
            confirm_ratio: Least share of it that they must show; 0 for no check.
            delay: Every setpoint waits this long before it is said, so that the devices of many sites do
                not move on one tick; a newer one takes its place and does not wait longer.
        """
        self._memory = memory
        self._hold = hold
        self._repeat_interval = repeat_interval
        self._confirm_within = confirm_within
        self._confirm_ratio = confirm_ratio
        self._delay = delay
        self._due_at = now
        self._wanted: Setpoint | None = None
        self._number = 0
        self._is_done = True
        self._said_at = now
        self._wished_at = now
        self._levels: deque[tuple[datetime, float]] = deque()
        self._shown: deque[tuple[datetime, float]] = deque()
        self._contradiction = ""
        self._action: Applied | None = None
        self._marked_at: datetime | None = None
        self._is_known = False
        self._recall(now)

    def _recall(self, now: datetime) -> None:
        """Learn whether the device may still hold a command of an earlier run."""
        try:
            marked_at = self._memory.recall().get("commanded_at")
            marked = None if marked_at is None else min(datetime.fromisoformat(str(marked_at)), now)
        except (InvalidInput, ValueError, TypeError) as error:  # a time without offset compares with none
            # What it was told is not known, so it is given back.
            log.warning("%s", error)
            marked = now - self._hold
        if marked is not None:
            self._marked_at = self._wished_at = marked

    @property
    def is_commanded(self) -> bool:
        """Whether the device may hold a command."""
        return self._marked_at is not None

    @property
    def last_action(self) -> Applied | None:
        """What became of the newest order; failed where the device's instruments contradict it."""
        action = self._action
        if action is None or not self._contradiction or action.outcome is Outcome.FAILED:
            return action
        return replace(action, outcome=Outcome.FAILED, detail=self._contradiction)

    def want(self, setpoint: Setpoint, at: datetime) -> None:
        """Take a setpoint in place of the one before; the same one again lets it stand longer.

        A setpoint that asks for nothing and limits nothing gives the device back.
        """
        if self._is_done:
            self._due_at = at + self._delay
        if setpoint == RELEASED:
            self._take_back(at)
            return
        self._wanted, self._wished_at = setpoint, at
        self._number += 1
        self._is_done = False

    def let_go(self, at: datetime) -> None:
        """Give the device back at once, if it may hold a command of this run or of an earlier one.

        A device that the site never told anything is left alone: what it does is its own control's, or an
        operator's.
        """
        self._due_at = at
        self._take_back(at)
        self._is_done = self._is_done or self._marked_at is None

    def _take_back(self, at: datetime) -> None:
        self._wanted, self._wished_at = None, at
        self._number += 1
        self._is_done = self._is_known and self._marked_at is None
        if self._is_done:
            self._action = Applied(Outcome.UNCHANGED, at, "holds no command")

    def due(self, now: datetime) -> Order | None:
        """Return what is to be said to the device now, if anything."""
        self._set_back(now)
        is_being_released = self._wanted is None and not self._is_done
        is_standing = self._marked_at is not None or self._wanted is not None
        if is_standing and not is_being_released and now - self._wished_at >= self._hold:
            log.warning("a command of %s was not repeated and is taken back", self._wished_at.isoformat())
            self.let_go(now)
        if not self._is_done:
            return Order(self._wanted, self._number) if now >= self._due_at else None
        repeat = self._repeat_interval
        if self._wanted is not None and repeat is not None and now - self._said_at >= repeat:
            return Order(self._wanted, self._number)
        return None

    def _set_back(self, now: datetime) -> None:
        """Let nothing lie ahead of a clock that was set back: it would wait, or stand, that much longer."""
        self._wished_at, self._said_at = min(self._wished_at, now), min(self._said_at, now)
        self._due_at = min(self._due_at, now + self._delay)

    def waits_for(self, now: datetime) -> timedelta | None:
        """Return how long it is until a setpoint that waits is due; None if none waits."""
        return None if self._is_done or now >= self._due_at else self._due_at - now

    def remembered(self, order: Order, now: datetime) -> bool:
        """Keep on the disk that the device is commanded, before it is; whether that is so."""
        if order.setpoint is None:
            return True
        marked_at = self._marked_at
        if marked_at is not None and abs(now - marked_at) < self._hold / 4:
            return True
        try:
            self._memory.remember({"commanded_at": now.isoformat()})
        except OSError:
            log.exception("what is commanded cannot be kept")
            return marked_at is not None  # that something is commanded is on the disk already
        self._marked_at = now
        return True

    def forgotten(self) -> None:
        """Keep on the disk that the device holds no command any more."""
        try:
            self._memory.remember({})
        except OSError:  # the next start gives it back once more, which does no harm
            log.exception("that a device was given back cannot be kept")

    def done(self, order: Order, applied: Applied) -> bool:
        """Take note of what became of an order; whether the device has been given back."""
        self._said_at = applied.at
        self._action = applied
        if order.number == self._number:
            self._is_done = True
        setpoint = order.setpoint
        if setpoint is None:
            is_released = applied.outcome is not Outcome.FAILED
            if is_released:
                self._marked_at, self._is_known = None, True
                self._levels.clear()
                self._contradiction = ""
            else:
                self._is_done = False  # tried again at the next round
            return is_released
        level_kw = setpoint.reduction_kw - setpoint.increase_kw
        if not self._levels or self._levels[-1][1] != level_kw:
            self._levels.append((applied.at, level_kw))
        return False

    def unanswered(self, order: Order, at: datetime, reason: str) -> None:
        """Take note that the device did not answer: the order stays due, and is said again."""
        self._said_at = at
        self._action = Applied(Outcome.FAILED, at, f"no answer: {reason}")
        if order.number == self._number:
            self._is_done = False

    def shown(self, reading: Reading) -> None:
        """Compare what the device's instruments show with what it was told."""
        shown_kw = reading.quantities.get("reduction_kw")
        if shown_kw is None or self._confirm_ratio <= 0.0:
            return
        at, since = reading.measured_at, reading.measured_at - self._confirm_within
        if self._shown and self._shown[-1][0] > at:  # the clock was set back
            self._shown.clear()
            self._levels = deque((min(told_at, at), level) for told_at, level in self._levels)
        self._shown.append((reading.measured_at, shown_kw))
        while self._shown[0][0] <= since:
            self._shown.popleft()
        while len(self._levels) > 1 and self._levels[1][0] <= since:
            self._levels.popleft()
        self._contradiction = ""
        if not self._levels or self._levels[0][0] > since:
            return  # not told for long enough
        levels_kw = [level for _, level in self._levels]
        least_kw, most_kw = min(levels_kw), max(levels_kw)
        if least_kw > 0.0:
            seen_kw, required_kw = max(kw for _, kw in self._shown), least_kw
        elif most_kw < 0.0:
            seen_kw, required_kw = max(-kw for _, kw in self._shown), -most_kw
        else:
            return
        if seen_kw >= self._confirm_ratio * required_kw:
            if self._action is not None and self._action.outcome is Outcome.PENDING:
                self._action = Applied(Outcome.APPLIED, reading.measured_at, "its instruments show it")
        else:
            self._contradiction = f"shows {seen_kw:.1f} kW of {required_kw:.1f} kW"
