"""A site's session, one message at a time: what it confirms, what it answers, what it is owed."""

from vpp.dispatch.instruction import RefusalReason
from vpp.foundation.errors import BrokenPromise
from vpp.workflows.delivery_contents import OpenDelivery, contents_of
from vpp.workflows.identity import Principal
from vpp.workflows.ports import UnitOfWorkFactory
from vpp.workflows.reporting import InstructionReport
from vpp.workflows.session_batches import apply_item
from vpp.workflows.session_items import Answer, Greeting, Holding, OptingOut, SessionFacts


def welcome(
    units: UnitOfWorkFactory, principal: Principal, site_id: str, *, resume_sequence: int
) -> SessionFacts:
    """Begin or resume a session; the resume token closes everything up to it.

    Raises:
        NotPermitted: The site is another's.
        NotFound: The site is not enrolled yet.
        InvalidInput: The token is ahead of everything that the site was ever sent.
    """
    facts = apply_item(units, Greeting(principal, site_id, resume_sequence))
    if facts is None:
        raise BrokenPromise(f"sites/{site_id} was greeted and learnt nothing", site=site_id)
    return facts


def acknowledge(units: UnitOfWorkFactory, principal: Principal, site_id: str, held_sequence: int) -> None:
    """Close what the site holds durably; instructions among it become DELIVERED.

    Raises:
        NotPermitted: The site is another's.
        InvalidInput: The sequence was never sent.
    """
    apply_item(units, Holding(principal, site_id, held_sequence))


def record_status(
    units: UnitOfWorkFactory, principal: Principal, site_id: str, report: InstructionReport
) -> None:
    """Book what a site says about an instruction; `reporting.booked` says what it changes.

    Raises:
        NotPermitted: The site is another's.
        NotFound: The site has no such instruction.
        InvalidInput: The state is not a site's to report.
        WrongState: The instruction's life has no such step.
    """
    apply_item(units, Answer(principal, site_id, report))


def opt_out(  # noqa: PLR0913, PLR0917  one argument per field of the message
    units: UnitOfWorkFactory,
    principal: Principal,
    site_id: str,
    event_id: str,
    reason: RefusalReason,
    detail: str,
) -> None:
    """Take a site out of an event before its start. The award is kept and settles as not delivered.

    Raises:
        NotPermitted: The site is another's.
        NotFound: The site has no open instruction for the event.
        WrongState: Delivery has begun.
    """
    apply_item(units, OptingOut(principal, site_id, event_id, reason, detail))


def open_deliveries(units: UnitOfWorkFactory, site_id: str) -> list[OpenDelivery]:
    """Return what a site has not acknowledged, in order, with its present content."""
    with units(write=False) as uow:
        return contents_of(uow, uow.outbox.open(site_id))
