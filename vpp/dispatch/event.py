"""A demand-response event and the table of its life."""

import enum
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from types import MappingProxyType

from vpp.dispatch.purpose import EventPurpose
from vpp.foundation.direction import Direction
from vpp.foundation.errors import WrongState
from vpp.foundation.interval import Interval


class EventState(enum.Enum):
    """Where an event is in its life."""

    DRAFT = "draft"
    OPEN = "open"
    GATE_CLOSED = "gate_closed"
    CLEARED = "cleared"
    OFFERED = "offered"
    ACCEPTED = "accepted"
    SCHEDULED = "scheduled"
    ACTIVE = "active"
    ENDED = "ended"
    MEASURED = "measured"
    SETTLED = "settled"
    CANCELLED = "cancelled"
    FAILED = "failed"


_BROKEN_OFF = frozenset({EventState.CANCELLED, EventState.FAILED})
EVENT_TRANSITIONS = MappingProxyType(
    {
        # An emergency's draft is cleared without bids being asked for; an ordered event has nothing to clear.
        EventState.DRAFT: frozenset({EventState.OPEN, EventState.CLEARED}) | _BROKEN_OFF,
        EventState.OPEN: frozenset({EventState.GATE_CLOSED}) | _BROKEN_OFF,
        EventState.GATE_CLOSED: frozenset({EventState.CLEARED}) | _BROKEN_OFF,
        EventState.CLEARED: frozenset({EventState.OFFERED}) | _BROKEN_OFF,
        # A start that comes before every answer is a fact. ACCEPTED is passed through, never rested in.
        EventState.OFFERED: frozenset({EventState.ACCEPTED, EventState.ACTIVE}) | _BROKEN_OFF,
        EventState.ACCEPTED: frozenset({EventState.SCHEDULED}) | _BROKEN_OFF,
        # A modification offers again.
        EventState.SCHEDULED: frozenset({EventState.OFFERED, EventState.ACTIVE}) | _BROKEN_OFF,
        EventState.ACTIVE: frozenset({EventState.ENDED}) | _BROKEN_OFF,
        # What is over can no longer be called off; it fails only where it cannot be measured or settled.
        EventState.ENDED: frozenset({EventState.MEASURED, EventState.FAILED}),
        EventState.MEASURED: frozenset({EventState.SETTLED, EventState.FAILED}),
        EventState.SETTLED: frozenset(),
        EventState.CANCELLED: frozenset(),
        EventState.FAILED: frozenset(),
    }
)


@dataclass(frozen=True, slots=True)
class Event:
    """A span of delivery intervals in which awarded sites move their net consumption.

    Every power is a magnitude in the event's direction: names say reduction, as almost every event asks for
    one; an event of LOAD_UP asks for an increase.

    Attributes:
        event_id: Last part of `events/{event}`.
        product_id: Product whose rules apply.
        product_version: Version of the product's rules.
        zone: Zone in which reductions count.
        delivery: When delivery takes place; a modification may end it earlier.
        target_reduction_kw: Reduction asked for per settlement interval, kW. Shape (N,).
        awarded_reduction_kw: Reduction awarded per settlement interval, net of the rebound that
            awards expect within delivery, kW. Shape (N,), or empty before clearing.
        price_cap_per_mwh: Highest price the operator pays.
        operator_party_id: Who buys.
        auction_id: The auction it came from; None for an emergency.
        state: Where it is in its life.
        failure_reason: UPPER_SNAKE_CASE, empty unless FAILED.
        modification_number: Counts the modifications.
        cancelled_at: When it was cancelled; what was delivered before is paid.
        purpose: Why it calls sites.
        site_ids: Sites that an ordered event names; empty for every active site of the zone.
        direction: Which way consumption is moved: the product's direction.
    """

    event_id: str
    product_id: str
    product_version: int
    zone: str
    delivery: Interval
    target_reduction_kw: tuple[float, ...]
    awarded_reduction_kw: tuple[float, ...]
    price_cap_per_mwh: Decimal
    operator_party_id: str
    auction_id: str | None
    state: EventState
    failure_reason: str = ""
    modification_number: int = 0
    cancelled_at: datetime | None = None
    purpose: EventPurpose = EventPurpose.MARKET
    site_ids: tuple[str, ...] = ()
    direction: Direction = Direction.LOAD_DOWN


def check_event_transition(current: EventState, wanted: EventState) -> None:
    """Refuse a step that an event's life does not have.

    Raises:
        WrongState: There is no such step.

    Example:
        >>> check_event_transition(EventState.SCHEDULED, EventState.ACTIVE)
        >>> check_event_transition(EventState.SETTLED, EventState.CANCELLED)
        Traceback (most recent call last):
        vpp.foundation.errors.WrongState: event is SETTLED, cannot become CANCELLED
    """
    if wanted not in EVENT_TRANSITIONS[current]:
        raise WrongState(f"event is {current.name}, cannot become {wanted.name}", state=current.name)
