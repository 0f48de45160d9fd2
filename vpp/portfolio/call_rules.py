"""When, how often and how long a product may be called."""

import enum
from datetime import timedelta
from typing import Annotated, Self

from pydantic import Field, model_validator

from vpp.foundation.direction import Direction
from vpp.portfolio.call_calendar import CallCalendar
from vpp.portfolio.pay_parts import Part
from vpp.portfolio.span_types import PositiveSpan, Span

_HOUR = timedelta(hours=1)
_HOURS_A_YEAR = 8784


class Trigger(enum.Enum):
    """What sets a product in motion."""

    DAY_AHEAD_AUCTION = "day_ahead_auction"
    EMERGENCY = "emergency"


class Activation(enum.Enum):
    """What makes a site move."""

    INSTRUCTED = "instructed"
    LOCAL = "local"


class CallRules(Part):
    """When, how often and how long the product may be called.

    What is ordered (mandatory curtailment, tests) is not bound by notice, durations, counts and calendar.

    Attributes:
        trigger: What sets the product in motion.
        direction: Which way consumption is asked to move: every power of its bids, events and statements is a
            magnitude in this direction.
        notice_min: Least time between instruction and start.
        min_duration: Shortest event.
        max_duration: Longest event.
        max_events_per_day: Most events of the product that a site serves in one civil day.
        recovery_window: Time after the event in which rebound is watched and limited.
        notice_max: Most time between instruction and start; None for any.
        gate_close: How long before the start bidding ends at the latest; None where `notice_min` alone says
            so. Only with an auction.
        max_events_per_year: Most events of the product that a site serves in one civil year; None for any.
        max_hours_per_year: Most hours of delivery that a site serves in one civil year; None for any.
        calendar: On which days and at which hours.
        activation: `instructed` sites follow their instructions; `local` ones are bought as readiness, are
            asked for nothing, and act by themselves on what they measure, such as frequency.
    """

    trigger: Trigger
    direction: Direction
    notice_min: Span
    min_duration: PositiveSpan
    max_duration: PositiveSpan
    max_events_per_day: int = Field(ge=1, le=96)
    recovery_window: Span
    notice_max: Span | None = None
    gate_close: Span | None = None
    max_events_per_year: Annotated[int, Field(ge=1, le=96 * 366)] | None = None
    max_hours_per_year: Annotated[float, Field(gt=0, le=_HOURS_A_YEAR)] | None = None
    calendar: CallCalendar = CallCalendar()
    activation: Activation = Activation.INSTRUCTED

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        faults = []
        if self.max_duration < self.min_duration:
            faults.append(f"max_duration {self.max_duration} is below min_duration {self.min_duration}")
        shortest = max(self.notice_min, self.bidding_ends)
        if self.notice_max is not None and self.notice_max < shortest:
            faults.append(
                f"notice_max is {self.notice_max}, expected at least {shortest}, which is notice_min or "
                "gate_close"
            )
        if self.gate_close is not None and self.trigger is not Trigger.DAY_AHEAD_AUCTION:
            faults.append(f"gate_close is {self.gate_close}, expected none: {self.trigger.value} has no gate")
        if self.gate_close is not None and self.gate_close < self.notice_min:
            faults.append(f"gate_close is {self.gate_close}, expected at least notice_min {self.notice_min}")
        if self.max_hours_per_year is not None and self.max_hours_per_year * _HOUR < self.min_duration:
            faults.append(
                f"max_hours_per_year is {self.max_hours_per_year:g}, expected at least the shortest event of "
                f"{self.min_duration}"
            )
        if faults:
            raise ValueError("; ".join(faults))
        return self

    @property
    def bidding_ends(self) -> timedelta:
        """How long before the start bidding ends at the latest."""
        return self.notice_min if self.gate_close is None else self.gate_close

    @property
    def is_instructed(self) -> bool:
        """Whether sites follow instructions."""
        return self.activation is Activation.INSTRUCTED
