"""Where an award is in its life: a table over its event's state and its site's newest instruction."""

import enum
from collections.abc import Mapping
from types import MappingProxyType

from vpp.dispatch.event import EventState
from vpp.dispatch.instruction import InstructionState


class AwardState(enum.Enum):
    """Where an award is in its life.

    Attributes:
        AWARDED: Bought; its site is not instructed (yet).
        OFFERED: Its site is instructed and has not answered.
        AGREED: The site will deliver, wholly or in part.
        REFUSED: The site will not deliver.
        LAPSED: The site did not answer in time.
        WITHDRAWN: The hub took the instruction back; the event goes on without the site.
        DELIVERING: The site has begun.
        DELIVERED: The site has ended as planned.
        ABORTED: The site has ended early, or found that it never began.
        MEASURED: Delivery has been measured, whatever the site answered.
        SETTLED: It stands on statements.
        CANCELLED: The operator withdrew the event; what was delivered before is paid.
        FAILED: The event failed.
    """

    AWARDED = "awarded"
    OFFERED = "offered"
    AGREED = "agreed"
    REFUSED = "refused"
    LAPSED = "lapsed"
    WITHDRAWN = "withdrawn"
    DELIVERING = "delivering"
    DELIVERED = "delivered"
    ABORTED = "aborted"
    MEASURED = "measured"
    SETTLED = "settled"
    CANCELLED = "cancelled"
    FAILED = "failed"


_A = AwardState
_E = EventState
_I = InstructionState
_BY_INSTRUCTION: Mapping[InstructionState | None, AwardState] = MappingProxyType(
    {
        None: _A.AWARDED,
        _I.CREATED: _A.OFFERED,
        _I.DELIVERED: _A.OFFERED,
        _I.ACCEPTED: _A.AGREED,
        _I.PARTIAL: _A.AGREED,
        _I.REFUSED: _A.REFUSED,
        _I.EXPIRED: _A.LAPSED,
        _I.SUPERSEDED: _A.WITHDRAWN,
        _I.STARTED: _A.DELIVERING,
        _I.COMPLETED: _A.DELIVERED,
        _I.ABORTED: _A.ABORTED,
    }
)
"""While its event is alive, the site's newest instruction says where an award is."""
_BY_EVENT: Mapping[EventState, AwardState] = MappingProxyType(
    {
        _E.MEASURED: _A.MEASURED,
        _E.SETTLED: _A.SETTLED,
        _E.CANCELLED: _A.CANCELLED,
        _E.FAILED: _A.FAILED,
    }
)
"""Once its event is over, the event alone says it."""
_BEFORE_AWARDS = frozenset({_E.DRAFT, _E.OPEN, _E.GATE_CLOSED})

AWARD_STATES: Mapping[tuple[EventState, InstructionState | None], AwardState | None] = MappingProxyType(
    {
        (event, instruction): None
        if event in _BEFORE_AWARDS
        else _BY_EVENT.get(event, _BY_INSTRUCTION[instruction])
        for event in EventState
        for instruction in (None, *InstructionState)
    }
)
"""Every pair of an event's state and its site's newest instruction's; None where no award can exist yet."""

_OVER = frozenset({_A.MEASURED, _A.CANCELLED, _A.FAILED})
_ANSWERED = frozenset({_A.AGREED, _A.REFUSED})
# A modification instructs the site again wherever its part in the event is open.
_AGAIN = frozenset({_A.OFFERED})
AWARD_TRANSITIONS: Mapping[AwardState, frozenset[AwardState]] = MappingProxyType(
    {
        # A site whose net target is zero is never instructed; a top-up may change that.
        _A.AWARDED: _AGAIN | _OVER,
        _A.OFFERED: _ANSWERED | {_A.LAPSED, _A.WITHDRAWN} | _OVER,
        _A.AGREED: frozenset({_A.REFUSED, _A.DELIVERING, _A.ABORTED, _A.WITHDRAWN}) | _AGAIN | _OVER,
        _A.REFUSED: _AGAIN | _OVER,
        # The site may have answered in time and be heard of late.
        _A.LAPSED: _ANSWERED | {_A.WITHDRAWN} | _AGAIN | _OVER,
        _A.WITHDRAWN: _AGAIN | _OVER,
        _A.DELIVERING: frozenset({_A.DELIVERED, _A.ABORTED, _A.WITHDRAWN}) | _AGAIN | _OVER,
        _A.DELIVERED: _AGAIN | _OVER,
        _A.ABORTED: _AGAIN | _OVER,
        _A.MEASURED: frozenset({_A.SETTLED, _A.FAILED}),
        _A.SETTLED: frozenset(),
        _A.CANCELLED: frozenset(),
        _A.FAILED: frozenset(),
    }
)
"""The steps that an award can take when its event or its site's newest instruction takes one."""


def award_state(event: EventState, instruction: InstructionState | None) -> AwardState | None:
    """Return where an award is in its life.

    Args:
        event: State of its event.
        instruction: State of its site's newest instruction for the event; None if there is none.

    Returns:
        Its state; None where no award can exist yet.

    Example:
        >>> award_state(EventState.ACTIVE, InstructionState.STARTED).name
        'DELIVERING'
        >>> award_state(EventState.MEASURED, InstructionState.REFUSED).name
        'MEASURED'
    """
    return AWARD_STATES[event, instruction]
