"""What sites say about instructions, and what it changes."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from vpp.dispatch.event import EventState
from vpp.dispatch.instruction import (
    Instruction,
    InstructionState,
    RefusalReason,
    check_instruction_transition,
)
from vpp.foundation.errors import InvalidInput, NotFound
from vpp.workflows.booking import EVERYTHING
from vpp.workflows.instruction_standing import Answered, Standing
from vpp.workflows.ports import Stored, UnitOfWork
from vpp.workflows.recording import move_event
from vpp.workflows.records import AuditRecord

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
_WRITTEN_OFF = frozenset({InstructionState.EXPIRED, InstructionState.SUPERSEDED})


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
class Booked:
    """What a report changes.

    Attributes:
        answered: What becomes of the instruction.
        record: What the audit record keeps of it.
    """

    answered: Answered
    record: AuditRecord


def check_reported(state: InstructionState) -> None:
    """Refuse a state that is not a site's to report.

    Raises:
        InvalidInput: It is the hub's to decide.
    """
    if state not in SITE_REPORTS:
        expected = ", ".join(sorted(state.name for state in SITE_REPORTS))
        raise InvalidInput(f"state is {state.name}, expected one of {expected}", state=state.name)


def booked(standing: Standing, report: InstructionReport, now: datetime, *, in_time: bool) -> Booked | None:
    """Decide what a report changes.

    A repeat changes nothing. An answer that was given in time to an instruction that has expired since
    counts, and its record says that it was late. What else comes after the instruction has expired or
    was superseded is kept beside its state and in the audit record, and changes nothing.

    Args:
        standing: Where the instruction is.
        report: What the site says about it.
        now: The present instant.
        in_time: Whether the instruction has expired and was answered in time all the same.

    Returns:
        The change and its record, or None if the report says nothing new; nothing is written.

    Raises:
        WrongState: The instruction's life has no such step.
    """
    state, said = standing.state, report.state
    is_late = state in _WRITTEN_OFF
    counts = not is_late or in_time
    if said is state or (not counts and said is standing.answer):
        return None
    if counts:
        check_instruction_transition(state, said)
    detail = {
        "state": said.name,
        "reason": report.reason.name,
        "detail": report.reason_detail,
        "site_time": report.status_at.isoformat(),
    }
    if is_late:
        detail["was"] = state.name
    answered = Answered(
        standing.revision,
        said if counts else state,
        said,
        report.reason,
        report.reason_detail,
        report.accepted_reduction_kw if said is InstructionState.PARTIAL else None,
    )
    action = "report_instruction" if counts else "late_answer"
    subject = f"instructions/{standing.instruction_id}"
    return Booked(answered, AuditRecord(now, f"sites/{standing.site_id}", action, subject, detail))


def schedule_when_all_answered(uow: UnitOfWork, event_ids: Iterable[str]) -> None:
    """Move on the events among these that wait for an answer no more.

    Called once for all answers of a transaction, after they are written.
    """
    events = uow.events.get_all(dict.fromkeys(event_ids))
    for event in events.values():
        if event.value.state is not EventState.OFFERED:
            continue
        if uow.instructions.has_unanswered(event.value.event_id):
            continue
        accepted = move_event(uow, event, replace(event.value, state=EventState.ACCEPTED), "hub")
        move_event(uow, accepted, replace(accepted.value, state=EventState.SCHEDULED), "hub")


def instructions_of(uow: UnitOfWork, event_id: str) -> Sequence[Stored[Instruction]]:
    """Return every instruction of an event, by id."""
    return uow.instructions.page(where={"event_id": event_id}, limit=EVERYTHING)


def known_instruction(found: Mapping[str, Standing], site_id: str, instruction_id: str) -> Standing:
    """Return a site's instruction.

    Raises:
        NotFound: There is none of that id, or it is another site's; the text is the same.
    """
    standing = found.get(instruction_id)
    if standing is None or standing.site_id != site_id:
        raise NotFound(f"instructions/{instruction_id} does not exist", name=f"instructions/{instruction_id}")
    return standing
