"""What several events expect of one site at one time, and what of an event is paid."""

from vpp.dispatch.attribution import Claim, claim_of
from vpp.dispatch.event import Event, EventState
from vpp.dispatch.instruction import Instruction
from vpp.foundation.interval import Interval
from vpp.portfolio.product import ProductProfile
from vpp.workflows.newest_instructions import newest_instructions
from vpp.workflows.ports import UnitOfWork
from vpp.workflows.reporting import instructions_of

CALLS_SITES = frozenset(
    {
        EventState.OFFERED,
        EventState.ACCEPTED,
        EventState.SCHEDULED,
        EventState.ACTIVE,
        EventState.ENDED,
        EventState.MEASURED,
        EventState.SETTLED,
        EventState.CANCELLED,
    }
)
"""States of events that may expect something of a site, or may have."""


def paid_span(event: Event, product: ProductProfile) -> Interval | None:
    """Return the part of an event that is measured and paid.

    All of delivery, or of a cancelled event the settlement intervals that were over when it was
    cancelled; None if there are none.
    """
    if event.state is not EventState.CANCELLED:
        return event.delivery
    if event.cancelled_at is None or event.cancelled_at <= event.delivery.start:
        return None
    step = product.settlement_interval
    whole = (min(event.cancelled_at, event.delivery.end) - event.delivery.start) // step
    return Interval(event.delivery.start, event.delivery.start + whole * step) if whole else None


class EventClaims:
    """What events may expect of sites; instructions of each event are read once."""

    def __init__(self, uow: UnitOfWork) -> None:
        """Read inside a transaction."""
        self._uow = uow
        self._instructions: dict[str, list[Instruction]] = {}

    def instructions(self, event_id: str) -> list[Instruction]:
        """Return each site's newest instruction, by site."""
        if event_id not in self._instructions:
            self._instructions[event_id] = newest_instructions(
                [stored.value for stored in instructions_of(self._uow, event_id)]
            )
        return self._instructions[event_id]

    def beside(self, event: Event, span: Interval) -> dict[str, list[Claim]]:
        """Return what other events may expect of sites in a span, by site id.

        Args:
            event: The event that is left out.
            span: When.
        """
        claims: dict[str, list[Claim]] = {}
        for other in self._uow.claims.events_during(span, CALLS_SITES):
            if other.event_id == event.event_id or not other.purpose.moves_devices:
                continue
            for instruction in self.instructions(other.event_id):
                claim = claim_of(instruction, until=other.cancelled_at)
                if claim is not None:
                    claims.setdefault(instruction.site_id, []).append(claim)
        return claims


def claims_beside(uow: UnitOfWork, event: Event, span: Interval) -> dict[str, list[Claim]]:
    """Return what other events may expect of sites in a span, by site id.

    Args:
        uow: The transaction.
        event: The event that is left out.
        span: When.
    """
    return EventClaims(uow).beside(event, span)
