"""What the site has been told to do, in the agent's own terms."""

import math
from dataclasses import dataclass
from datetime import datetime, timedelta

from vpp.agent.purpose import Purpose, purpose_of
from vpp.agent.wire import direction_of, instant, interval, span
from vpp.foundation.direction import Direction
from vpp.foundation.errors import InvalidInput
from vpp.foundation.interval import Interval
from vpp.v1 import event_pb2

LONGEST_OFFSET = timedelta(days=1)
"""No portfolio takes longer to start or to let go."""


@dataclass(frozen=True, slots=True)
class HeldInstruction:
    """One instruction as delivered.

    Attributes:
        name: `instructions/{instruction}`.
        event: `events/{event}`.
        modification_number: Modification of the event that it belongs to.
        delivery: When delivery takes place.
        step: Length of one delivery interval.
        target_reduction_kw: Change from the baseline in `direction` per delivery interval, kW. Shape (N,).
        baseline_kw: Baseline at dispatch, kW; empty until it is known. Shape (N,) or (0,).
        expires_at: Not to be executed from this instant on unless it was accepted before.
        purpose: Why the event calls the site.
        start_offset: The site begins this much after the start.
        release_offset: The site lets go this much after the end.
        direction: Which way consumption is moved.
    """

    name: str
    event: str
    modification_number: int
    delivery: Interval
    step: timedelta
    target_reduction_kw: tuple[float, ...]
    baseline_kw: tuple[float, ...]
    expires_at: datetime
    purpose: Purpose = Purpose.MARKET
    start_offset: timedelta = timedelta(0)
    release_offset: timedelta = timedelta(0)
    direction: Direction = Direction.LOAD_DOWN

    def __post_init__(self) -> None:
        """Refuse an instruction whose values do not fill its span, or are no quantities."""
        if self.step <= timedelta(0) or self.delivery.duration != self.step * len(self.target_reduction_kw):
            raise InvalidInput(
                f"{self.name} has {len(self.target_reduction_kw)} targets of {self.step}, expected "
                f"them to fill {self.delivery.duration}",
                instruction=self.name,
            )
        if self.baseline_kw and len(self.baseline_kw) != len(self.target_reduction_kw):
            raise InvalidInput(
                f"{self.name} has {len(self.baseline_kw)} baseline values, expected "
                f"{len(self.target_reduction_kw)}",
                instruction=self.name,
            )
        is_sound = all(math.isfinite(kw) and kw >= 0.0 for kw in self.target_reduction_kw)
        if not is_sound or not all(math.isfinite(kw) for kw in self.baseline_kw):
            raise InvalidInput(
                f"{self.name} holds a target or baseline that is negative or not finite",
                instruction=self.name,
            )

        for field, offset in (("start_offset", self.start_offset), ("release_offset", self.release_offset)):
            if not timedelta(0) <= offset <= LONGEST_OFFSET:
                raise InvalidInput(
                    f"{field} of {self.name} is {offset}, expected 0 to {LONGEST_OFFSET}",
                    instruction=self.name,
                )

    def interval_at(self, at: datetime) -> int:
        """Return the number of the delivery interval that holds an instant inside delivery."""
        return (at - self.delivery.start) // self.step


def held_instruction(message: event_pb2.Instruction) -> HeldInstruction:
    """Take an instruction off the wire.

    Raises:
        InvalidInput: Its values do not fill its span, or are no quantities.
    """
    delivery = interval(message.delivery_interval)
    return HeldInstruction(
        name=message.name,
        event=message.event,
        modification_number=message.modification_number,
        delivery=delivery,
        step=span(message.settlement_interval),
        target_reduction_kw=tuple(message.target_reduction_kw),
        baseline_kw=tuple(message.baseline_kw),
        expires_at=instant(message.expire_time) if message.HasField("expire_time") else delivery.end,
        purpose=purpose_of(message.purpose),
        start_offset=span(message.start_offset),
        release_offset=span(message.release_offset),
        direction=direction_of(message.direction),
    )
