"""What a site can say in its session that changes something, and what becomes of it."""

from dataclasses import dataclass
from datetime import datetime

from vpp.dispatch.instruction import RefusalReason
from vpp.foundation.signed_head import SignedHead
from vpp.portfolio.site import Site
from vpp.workflows.identity import Principal
from vpp.workflows.reporting import InstructionReport


@dataclass(frozen=True, slots=True)
class Greeting:
    """A site begins or resumes its session.

    Attributes:
        principal: Who says so.
        site_id: The site.
        resume_sequence: Everything up to it is held durably, and is closed; 0 for nothing.
    """

    principal: Principal
    site_id: str
    resume_sequence: int


@dataclass(frozen=True, slots=True)
class Holding:
    """A site holds deliveries durably; instructions among them become DELIVERED.

    Attributes:
        principal: Who says so.
        site_id: The site.
        held_sequence: Everything up to it is held.
    """

    principal: Principal
    site_id: str
    held_sequence: int


@dataclass(frozen=True, slots=True)
class Answer:
    """A site says something about an instruction.

    Attributes:
        principal: Who says so.
        site_id: The site.
        report: What it says.
    """

    principal: Principal
    site_id: str
    report: InstructionReport


@dataclass(frozen=True, slots=True)
class OptingOut:
    """A site leaves an event before its start; the award is kept and settles as not delivered.

    Attributes:
        principal: Who says so.
        site_id: The site.
        event_id: The event.
        reason: Why.
        detail: The same in words.
    """

    principal: Principal
    site_id: str
    event_id: str
    reason: RefusalReason
    detail: str


SessionItem = Greeting | Holding | Answer | OptingOut


@dataclass(frozen=True, slots=True)
class SessionFacts:
    """What a session needs to begin.

    Attributes:
        site: The site.
        telemetry_sequence: Highest telemetry sequence held of it.
        hub_time: The present instant.
        signed_head: Newest signed head of its party's chain; None if nothing was signed yet.
    """

    site: Site
    telemetry_sequence: int
    hub_time: datetime
    signed_head: SignedHead | None = None


Outcome = SessionFacts | Exception | None
"""What a Greeting learns, what went wrong with an item, or None: it is booked."""
