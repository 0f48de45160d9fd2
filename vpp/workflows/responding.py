"""A site's session: what it is owed, what it confirms, what it answers."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from vpp.auction.tender import Tender
from vpp.dispatch.event import Event, EventState
from vpp.dispatch.instruction import (
    OPEN_STATES,
    Instruction,
    InstructionState,
    RefusalReason,
    check_instruction_transition,
)
from vpp.foundation.errors import InvalidInput, NotFound, WrongState
from vpp.portfolio.site import Site
from vpp.workflows.booking import EVERYTHING, recovery_interval_count
from vpp.workflows.buyer_terms import shown_to_sites
from vpp.workflows.identity import Principal, check_owner
from vpp.workflows.ports import MessageKind, OutboxMessage, Stored, UnitOfWork, UnitOfWorkFactory
from vpp.workflows.recording import audit, found, move_event, product_of, promised
from vpp.workflows.records import AwardRecord, BaselineRecord, BidRecord, BidState
from vpp.workflows.sheddable import sheddable_of

SITE_REPORTS = frozenset(
    {
        InstructionState.ACCEPTED,
        InstructionState.PARTIAL,
        InstructionState.REFUSED,
        InstructionState.STARTED,
        InstructionState.COMPLETED,
        InstructionState.ABORTED,
    }
)
"""States that a site may report; the others are the hub's to decide."""


@dataclass(frozen=True, slots=True)
class SessionFacts:
    """What a session needs to begin.

    Attributes:
        site: The site.
        telemetry_sequence: Highest telemetry sequence held of it.
        hub_time: The present instant.
    """

    site: Site
    telemetry_sequence: int
    hub_time: datetime


@dataclass(frozen=True, slots=True)
class InstructionReport:
    """What a site says about an instruction.

    Attributes:
        instruction_id: The instruction.
        state: Its new state.
        reason: Why, unless it goes as ordered.
        reason_detail: The same in words.
        accepted_reduction_kw: With PARTIAL: what the site delivers at most, kW.
        status_at: When it happened at the site.
    """

    instruction_id: str
    state: InstructionState
    reason: RefusalReason
    reason_detail: str
    accepted_reduction_kw: float
    status_at: datetime


@dataclass(frozen=True, slots=True)
class InvitationContent:
    """Bids are wanted.

    Attributes:
        tender: The auction.
        interval: Length of one delivery interval.
        recovery_interval_count: Intervals after delivery that a rebound may reach into.
        sheddable_load_kw: What the site can reduce at most per delivery interval by its forecast, kW;
            empty while its load is not forecast.
    """

    tender: Stored[Tender]
    interval: timedelta
    recovery_interval_count: int
    sheddable_load_kw: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class AwardNoticeContent:
    """What became of the site's bids.

    Attributes:
        event_id: The event.
        awards: The site's awards.
        rejected: The site's other bids with their reasons.
    """

    event_id: str
    awards: tuple[AwardRecord, ...]
    rejected: tuple[Stored[BidRecord], ...]


@dataclass(frozen=True, slots=True)
class InstructionContent:
    """What the site is to do.

    Attributes:
        instruction: The instruction.
        baseline_kw: Baseline per interval if it is frozen already, kW; else empty.
    """

    instruction: Stored[Instruction]
    baseline_kw: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class BaselineContent:
    """What the site is measured against.

    Attributes:
        baseline: The frozen baseline.
    """

    baseline: BaselineRecord


@dataclass(frozen=True, slots=True)
class CancellationContent:
    """What the site is no longer to do.

    Attributes:
        instruction_id: The instruction that ends.
        event_id: Its event.
        modification_number: Modification of the event that ends it.
    """

    instruction_id: str
    event_id: str
    modification_number: int


DeliveryContent = (
    InvitationContent | AwardNoticeContent | InstructionContent | BaselineContent | CancellationContent
)


@dataclass(frozen=True, slots=True)
class OpenDelivery:
    """A message that a site has not acknowledged.

    Attributes:
        sequence: Its number among the site's messages.
        content: What it says.
    """

    sequence: int
    content: DeliveryContent


def welcome(
    units: UnitOfWorkFactory, principal: Principal, site_id: str, *, resume_sequence: int
) -> SessionFacts:
    """Begin or resume a session; the resume token closes everything up to it.

    Raises:
        NotPermitted: The site is another's.
        NotFound: The site is not enrolled yet.
        InvalidInput: The token is ahead of everything that the site was ever sent.
    """
    with units() as uow:
        stored = uow.sites.get(site_id)
        check_owner(principal, site_id=site_id, party_id="" if stored is None else stored.value.party_id)
        site = found(stored, f"sites/{site_id}").value
        if resume_sequence:
            _acknowledge(uow, site_id, resume_sequence, "resume_sequence")
        facts = SessionFacts(site, uow.telemetry.held_sequence(site_id), uow.now)
        audit(uow, principal.principal_id, "welcome", f"sites/{site_id}", resume_sequence=resume_sequence)
        uow.commit()
        return facts


def acknowledge(units: UnitOfWorkFactory, principal: Principal, site_id: str, held_sequence: int) -> None:
    """Close what the site holds durably; instructions among it become DELIVERED.

    Raises:
        NotPermitted: The site is another's.
        InvalidInput: The sequence was never sent.
    """
    with units() as uow:
        check_owner(principal, site_id=site_id, party_id=_party(uow, site_id))
        _acknowledge(uow, site_id, held_sequence, "held_sequence")
        uow.commit()


def _party(uow: UnitOfWork, site_id: str) -> str:
    stored = uow.sites.get(site_id)
    return "" if stored is None else stored.value.party_id


def _acknowledge(uow: UnitOfWork, site_id: str, held_sequence: int, field: str) -> None:
    last = uow.outbox.last_sequence(site_id)
    if held_sequence > last:
        raise InvalidInput(
            f"{field} is {held_sequence}, expected at most {last}", **{field: str(held_sequence)}
        )
    for message in uow.outbox.acknowledge(site_id, held_sequence):
        if message.kind is not MessageKind.INSTRUCTION:
            continue
        stored = promised(uow.instructions.get(message.subject_id), f"instructions/{message.subject_id}")
        if stored.value.state is InstructionState.CREATED:
            delivered = replace(stored.value, state=InstructionState.DELIVERED)
            uow.instructions.update(message.subject_id, delivered, revision=stored.revision)
            audit(uow, f"sites/{site_id}", "deliver", f"instructions/{message.subject_id}")


def record_status(
    units: UnitOfWorkFactory, principal: Principal, site_id: str, report: InstructionReport
) -> None:
    """Book what a site says about an instruction.

    A repeat changes nothing. An answer that comes after the instruction has expired or was
    superseded is kept in the audit record and changes nothing either.

    Raises:
        NotPermitted: The site is another's.
        NotFound: The site has no such instruction.
        InvalidInput: The state is not a site's to report.
        WrongState: The instruction's life has no such step.
    """
    if report.state not in SITE_REPORTS:
        expected = ", ".join(sorted(state.name for state in SITE_REPORTS))
        raise InvalidInput(
            f"state is {report.state.name}, expected one of {expected}", state=report.state.name
        )
    with units() as uow:
        check_owner(principal, site_id=site_id, party_id=_party(uow, site_id))
        stored = uow.instructions.get(report.instruction_id)
        if stored is None or stored.value.site_id != site_id:
            raise NotFound(
                f"instructions/{report.instruction_id} does not exist",
                name=f"instructions/{report.instruction_id}",
            )
        _book_report(uow, stored, report)
        uow.commit()


def _book_report(uow: UnitOfWork, stored: Stored[Instruction], report: InstructionReport) -> None:
    instruction = stored.value
    actor, subject = f"sites/{instruction.site_id}", f"instructions/{instruction.instruction_id}"
    detail = {
        "state": report.state.name,
        "reason": report.reason.name,
        "detail": report.reason_detail,
        "site_time": report.status_at.isoformat(),
    }
    if report.state is instruction.state:
        return
    if instruction.state in {InstructionState.EXPIRED, InstructionState.SUPERSEDED}:
        audit(uow, actor, "late_answer", subject, **detail)
        return
    check_instruction_transition(instruction.state, report.state)
    is_partial = report.state is InstructionState.PARTIAL
    answered = replace(
        instruction,
        state=report.state,
        reason=report.reason,
        reason_detail=report.reason_detail,
        accepted_reduction_kw=report.accepted_reduction_kw
        if is_partial
        else instruction.accepted_reduction_kw,
    )
    uow.instructions.update(instruction.instruction_id, answered, revision=stored.revision)
    audit(uow, actor, "report_instruction", subject, **detail)
    _schedule_when_all_answered(uow, instruction.event_id)


def _schedule_when_all_answered(uow: UnitOfWork, event_id: str) -> None:
    event = promised(uow.events.get(event_id), f"events/{event_id}")
    if event.value.state is not EventState.OFFERED:
        return
    waiting = {InstructionState.CREATED, InstructionState.DELIVERED}
    if any(stored.value.state in waiting for stored in instructions_of(uow, event_id)):
        return
    accepted = move_event(uow, event, replace(event.value, state=EventState.ACCEPTED), "hub")
    move_event(uow, accepted, replace(accepted.value, state=EventState.SCHEDULED), "hub")


def instructions_of(uow: UnitOfWork, event_id: str) -> Sequence[Stored[Instruction]]:
    """Return every instruction of an event, by id."""
    return uow.instructions.page(where={"event_id": event_id}, limit=EVERYTHING)


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
    with units() as uow:
        check_owner(principal, site_id=site_id, party_id=_party(uow, site_id))
        event: Stored[Event] = found(uow.events.get(event_id), f"events/{event_id}")
        if uow.now >= event.value.delivery.start:
            raise WrongState(
                f"event began at {event.value.delivery.start.isoformat()}; opt out before it begins"
            )
        for stored in instructions_of(uow, event_id):
            if stored.value.site_id == site_id and stored.value.state in OPEN_STATES:
                report = InstructionReport(
                    stored.value.instruction_id, InstructionState.REFUSED, reason, detail, 0.0, uow.now
                )
                _book_report(uow, stored, report)
                uow.commit()
                return
        raise NotFound(f"sites/{site_id} has no open instruction for events/{event_id}", event=event_id)


def open_deliveries(units: UnitOfWorkFactory, site_id: str) -> list[OpenDelivery]:
    """Return what a site has not acknowledged, in order, with its present content."""
    with units(write=False) as uow:
        return [
            OpenDelivery(message.sequence, _content(uow, message)) for message in uow.outbox.open(site_id)
        ]


def _content(uow: UnitOfWork, message: OutboxMessage) -> DeliveryContent:
    subject = message.subject_id
    if message.kind is MessageKind.INVITATION:
        tender = promised(uow.auctions.get(subject), f"auctions/{subject}")
        product = product_of(uow, tender.value.product_id, tender.value.product_version)
        shown = shown_to_sites(tender, frozenset({message.site_id}))
        step = product.settlement_interval
        site = promised(uow.sites.get(message.site_id), f"sites/{message.site_id}").value
        delivery = tender.value.delivery
        sheddable_kw = sheddable_of(uow, site, delivery.start, step, delivery.duration // step)
        return InvitationContent(shown, step, recovery_interval_count(product), sheddable_kw or ())
    if message.kind is MessageKind.AWARD_NOTICE:
        return _award_notice(uow, message.site_id, subject)
    if message.kind is MessageKind.BASELINE_NOTICE:
        key = f"{subject}-{message.site_id}"
        return BaselineContent(promised(uow.baselines.get(key), f"baseline {key}").value)
    instruction = promised(uow.instructions.get(subject), f"instructions/{subject}")
    if message.kind is MessageKind.CANCELLATION:
        event = promised(uow.events.get(instruction.value.event_id), f"events/{instruction.value.event_id}")
        return CancellationContent(subject, instruction.value.event_id, event.value.modification_number)
    baseline = uow.baselines.get(f"{instruction.value.event_id}-{message.site_id}")
    adjusted = () if baseline is None else baseline.value.adjusted_kw
    return InstructionContent(instruction, adjusted[: len(instruction.value.target_reduction_kw)])


def _award_notice(uow: UnitOfWork, site_id: str, event_id: str) -> AwardNoticeContent:
    awards = tuple(
        stored.value
        for stored in uow.awards.page(where={"event_id": event_id}, limit=EVERYTHING)
        if stored.value.site_id == site_id
    )
    rejected = tuple(
        stored
        for stored in uow.bids.page(where={"auction_id": event_id}, limit=EVERYTHING)
        if stored.value.bid.site_id == site_id and stored.value.state is BidState.REJECTED
    )
    return AwardNoticeContent(event_id, awards, rejected)
