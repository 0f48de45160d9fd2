"""What one site is told to do for one event, and the table of its life."""

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType

from vpp.dispatch.purpose import EventPurpose
from vpp.foundation.direction import Direction
from vpp.foundation.errors import WrongState
from vpp.foundation.interval import Interval


class InstructionState(enum.Enum):
    """Where an instruction is in its life."""

    CREATED = "created"
    DELIVERED = "delivered"
    ACCEPTED = "accepted"
    PARTIAL = "partial"
    REFUSED = "refused"
    STARTED = "started"
    COMPLETED = "completed"
    ABORTED = "aborted"
    EXPIRED = "expired"
    SUPERSEDED = "superseded"


class RefusalReason(enum.Enum):
    """Why a site refuses, delivers less or stops."""

    UNSPECIFIED = "unspecified"
    RESOURCE_UNAVAILABLE = "resource_unavailable"
    SITE_LIMIT = "site_limit"
    LATE = "late"
    EXPIRED = "expired"
    MAINTENANCE = "maintenance"
    LOCAL_VETO = "local_veto"
    CLOCK_SKEW = "clock_skew"
    OUTRANKED = "outranked"
    DEVICE_FAULT = "device_fault"
    STALE_METER = "stale_meter"
    NOT_CONFIRMED = "not_confirmed"


_S = InstructionState
ANSWERS = frozenset({_S.ACCEPTED, _S.PARTIAL, _S.REFUSED})
"""What a site may answer to an instruction before it begins."""
UNANSWERED = frozenset({_S.CREATED, _S.DELIVERED})
"""States in which the site has not said yet what it will do."""
_CUT_SHORT = frozenset({_S.EXPIRED, _S.SUPERSEDED})
INSTRUCTION_TRANSITIONS: Mapping[InstructionState, frozenset[InstructionState]] = MappingProxyType(
    {
        # An answer proves delivery, so it may come before the acknowledgement is booked.
        _S.CREATED: frozenset({_S.DELIVERED}) | ANSWERS | _CUT_SHORT,
        _S.DELIVERED: ANSWERS | _CUT_SHORT,
        # A site may change its mind until it begins, and find out afterwards that it never began. What it
        # agreed to never expires: it does so whether or not the hub hears of it.
        _S.ACCEPTED: frozenset({_S.STARTED, _S.REFUSED, _S.ABORTED, _S.SUPERSEDED}),
        _S.PARTIAL: frozenset({_S.STARTED, _S.REFUSED, _S.ABORTED, _S.SUPERSEDED}),
        _S.REFUSED: frozenset(),
        _S.STARTED: frozenset({_S.COMPLETED, _S.ABORTED, _S.SUPERSEDED}),
        _S.COMPLETED: frozenset(),
        _S.ABORTED: frozenset(),
        # An answer that was given in time and heard of late is a fact: see `late_answer`. A modification or
        # cancellation reaches the site all the same: it may have agreed and be cut off since.
        _S.EXPIRED: ANSWERS | {_S.SUPERSEDED},
        _S.SUPERSEDED: frozenset(),
    }
)
OPEN_STATES = frozenset({_S.CREATED, _S.DELIVERED, _S.ACCEPTED, _S.PARTIAL, _S.STARTED})
"""States in which an instruction still binds the site."""


@dataclass(frozen=True, slots=True)
class ResourceTarget:
    """The part of one flexible resource in a site's target.

    Attributes:
        resource_id: The flexible resource.
        reduction_kw: Its reduction per delivery interval, kW. Shape (N,).
    """

    resource_id: str
    reduction_kw: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Instruction:
    """What one site is told to do for one event.

    Attributes:
        instruction_id: `{event}-m{modification}-{site}`: the same however often it is made.
        event_id: The event.
        site_id: The site.
        modification_number: Modification of the event that it belongs to.
        delivery: When delivery takes place.
        interval: Length of one delivery interval.
        target_reduction_kw: How far the site moves from its baseline per delivery interval, kW: below it, or
            with LOAD_UP above it. Shape (N,).
        resource_targets: The part of each flexible resource.
        expires_at: Not to be executed from this instant on.
        state: Where it is in its life.
        reason: Why the site refuses, delivers less or stops.
        reason_detail: The same in the site's own words.
        accepted_reduction_kw: With PARTIAL: what the site delivers at most, kW; else None.
        purpose: Why the event calls the site.
        start_offset: The site begins this much after the start, so that a portfolio does not step at one
            instant; it makes up for it within the first delivery interval.
        release_offset: The site goes back to its own load this much after the end.
        answer: What the site reported last, kept when the hub supersedes the instruction, and known even
            where it came too late to count; None while the site has said nothing.
        direction: Which way consumption is moved; all powers are magnitudes in it.
    """

    instruction_id: str
    event_id: str
    site_id: str
    modification_number: int
    delivery: Interval
    interval: timedelta
    target_reduction_kw: tuple[float, ...]
    resource_targets: tuple[ResourceTarget, ...]
    expires_at: datetime
    state: InstructionState
    reason: RefusalReason = RefusalReason.UNSPECIFIED
    reason_detail: str = ""
    accepted_reduction_kw: float | None = None
    purpose: EventPurpose = EventPurpose.MARKET
    start_offset: timedelta = timedelta(0)
    release_offset: timedelta = timedelta(0)
    answer: InstructionState | None = None
    direction: Direction = Direction.LOAD_DOWN


def asked_from(instruction: Instruction) -> datetime:
    """Return from when on something is asked for: a site that joins an event has zeros before.

    The site's guard takes an instruction as late by the same instant.
    """
    first = next((n for n, kw in enumerate(instruction.target_reduction_kw) if kw > 0.0), 0)
    return instruction.delivery.start + first * instruction.interval


def instruction_id(event_id: str, modification_number: int, site_id: str) -> str:
    """Name an instruction so that a retry makes the same name.

    Example:
        >>> instruction_id("evening", 0, "north-1")
        'evening-m0-north-1'
    """
    return f"{event_id}-m{modification_number}-{site_id}"


def check_instruction_transition(current: InstructionState, wanted: InstructionState) -> None:
    """Refuse a step that an instruction's life does not have.

    Raises:
        WrongState: There is no such step.

    Example:
        >>> check_instruction_transition(InstructionState.EXPIRED, InstructionState.STARTED)
        Traceback (most recent call last):
        vpp.foundation.errors.WrongState: instruction is EXPIRED, cannot become STARTED
    """
    if wanted not in INSTRUCTION_TRANSITIONS[current]:
        raise WrongState(f"instruction is {current.name}, cannot become {wanted.name}", state=current.name)
