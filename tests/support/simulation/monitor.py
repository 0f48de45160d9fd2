"""Watches every commit of the hub: what changed, whether it may, and whether it was written down."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from typing import Any

from vpp.dispatch.event import EVENT_TRANSITIONS, Event, EventState
from vpp.dispatch.instruction import INSTRUCTION_TRANSITIONS, Instruction, InstructionState
from vpp.workflows.outbox_ports import MessageKind, OutboxMessage
from vpp.workflows.records import AuditRecord, AwardRecord

_OUT = frozenset(
    {
        InstructionState.REFUSED,
        InstructionState.ABORTED,
        InstructionState.COMPLETED,
        InstructionState.EXPIRED,
    }
)


@dataclass
class Changes:
    """What one transaction writes."""

    events: dict[str, list[Event]] = field(default_factory=dict)
    instructions: dict[str, list[Instruction]] = field(default_factory=dict)
    awards: list[AwardRecord] = field(default_factory=list)
    bids: list[str] = field(default_factory=list)
    messages: list[OutboxMessage] = field(default_factory=list)
    records: list[AuditRecord] = field(default_factory=list)
    has_due: bool = False

    @property
    def is_dispatch(self) -> bool:
        """Whether it concerns more than readings."""
        return bool(self.events or self.instructions or self.messages or self.bids)


@dataclass
class Monitor:
    """The truth as committed, kept outside every process.

    Attributes:
        complain: Takes what must not be.
        events: Newest committed state of each event.
        instructions: The same of each instruction.
        committed_at: When each instruction was first committed.
        messages: Everything ever owed, by site and sequence.
        on_due: Called when a deadline may have become an earlier one.
        on_dispatch: Called after a commit that concerns more than readings.
    """

    complain: Callable[[str], None]
    note: Callable[..., None]
    events: dict[str, Event] = field(default_factory=dict)
    instructions: dict[str, Instruction] = field(default_factory=dict)
    committed_at: dict[str, datetime] = field(default_factory=dict)
    messages: dict[tuple[str, int], OutboxMessage] = field(default_factory=dict)
    on_due: Callable[[], None] = lambda: None
    on_dispatch: Callable[[], None] = lambda: None
    commit_count: int = 0

    def committed(self, changes: Changes, now: datetime) -> None:
        """Take note of a commit and judge it."""
        self.commit_count += 1
        audited = {record.subject for record in changes.records}
        for event_id, versions in changes.events.items():
            for event in versions:
                self._event(self.events.get(event_id), event, audited)
                self.events[event_id] = event
        owed = {message.subject_id for message in changes.messages if message.kind is MessageKind.INSTRUCTION}
        reported = _reported(changes.records)
        for instruction_id, steps in changes.instructions.items():
            for instruction in steps:
                known = self.instructions.get(instruction_id)
                self._instruction(known, instruction, audited, owed, reported)
                self.instructions[instruction_id] = instruction
                self.committed_at.setdefault(instruction_id, now)
        for message in changes.messages:
            key = (message.site_id, message.sequence)
            if key in self.messages:
                self.complain(f"sequence {message.sequence} of {message.site_id} was given twice")
            self.messages[key] = message
        self.note("commit", *sorted(changes.events), *sorted(changes.instructions), len(changes.records))
        if changes.has_due:
            self.on_due()
        if changes.is_dispatch:
            self.on_dispatch()

    def _event(self, known: Event | None, event: Event, audited: set[str]) -> None:
        if known is None:
            if event.state not in {EventState.DRAFT, EventState.OPEN, EventState.OFFERED}:
                self.complain(f"event {event.event_id} began as {event.state.name}")
        elif known.state is not event.state and event.state not in EVENT_TRANSITIONS[known.state]:
            self.complain(f"event {event.event_id} went from {known.state.name} to {event.state.name}")
        elif event.modification_number < known.modification_number:
            self.complain(f"event {event.event_id} fell back to modification {event.modification_number}")
        if f"events/{event.event_id}" not in audited and f"auctions/{event.event_id}" not in audited:
            self.complain(f"event {event.event_id} became {event.state.name} without an audit record")

    def _instruction(
        self,
        known: Instruction | None,
        instruction: Instruction,
        audited: set[str],
        owed: set[str],
        reported: Mapping[str, list[str]],
    ) -> None:
        name = instruction.instruction_id
        if known is None:
            # A site that is out of the event is not asked again; its answer is carried over.
            is_carried_over = instruction.modification_number > 0 and instruction.state in _OUT
            if not is_carried_over and (
                instruction.state is not InstructionState.CREATED or name not in owed
            ):
                self.complain(f"instruction {name} began as {instruction.state.name} or is owed to nobody")
            if f"events/{instruction.event_id}" not in audited:
                self.complain(f"instruction {name} was made without an audit record")
            return
        if known.state is not instruction.state:
            said = [InstructionState[state] for state in reported.get(name, [])]
            is_direct = instruction.state in INSTRUCTION_TRANSITIONS[known.state]
            if not is_direct and not _is_legal([known.state, *said, instruction.state]):
                self.complain(f"instruction {name} went from {known.state.name} to {instruction.state.name}")
            if f"instructions/{name}" not in audited:
                self.complain(f"instruction {name} became {instruction.state.name} without an audit record")


def _reported(records: list[AuditRecord]) -> dict[str, list[str]]:
    """Return what sites said in one transaction: answers booked together change a row once."""
    reported: dict[str, list[str]] = {}
    for record in records:
        if record.action == "report_instruction":
            name = record.subject.removeprefix("instructions/")
            reported.setdefault(name, []).append(record.detail["state"])
    return reported


def _is_legal(path: list[InstructionState]) -> bool:
    """Tell whether every step of a path is in the table; standing still is no step."""
    return all(
        after is before or after in INSTRUCTION_TRANSITIONS[before] for before, after in pairwise(path)
    )


class _Watched:
    """A repository whose writes are noted, and otherwise itself."""

    def __init__(self, real: Any) -> None:  # noqa: ANN401
        self._real = real

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401
        return getattr(self._real, name)


class WatchedValues(_Watched):
    """Events, instructions, awards or bids."""

    def __init__(self, real: Any, note: Callable[[str, Any], None]) -> None:  # noqa: ANN401
        super().__init__(real)
        self._note = note

    def add(self, identifier: str, value: Any) -> Any:  # noqa: ANN401
        stored = self._real.add(identifier, value)
        self._note(identifier, value)
        return stored

    def update(self, identifier: str, value: Any, *, revision: int) -> Any:  # noqa: ANN401
        stored = self._real.update(identifier, value, revision=revision)
        self._note(identifier, value)
        return stored

    def add_all(self, values: Any) -> None:  # noqa: ANN401
        self._real.add_all(values)
        for identifier, value in values.items():
            self._note(identifier, value)

    def update_all(self, changes: Any) -> None:  # noqa: ANN401
        self._real.update_all(changes)
        for identifier, (value, _) in changes.items():
            self._note(identifier, value)


class WatchedInstructions(WatchedValues):
    """Instructions."""

    def mark_delivered(self, identifiers: Any) -> list[str]:  # noqa: ANN401
        moved: list[str] = self._real.mark_delivered(identifiers)
        for identifier, stored in self._real.get_all(moved).items():
            self._note(identifier, stored.value)
        return moved

    def answer_all(self, changes: Any) -> None:  # noqa: ANN401
        self._real.answer_all(changes)
        for identifier, stored in self._real.get_all(changes).items():
            self._note(identifier, stored.value)


class WatchedOutbox(_Watched):
    """The outbox."""

    def __init__(self, real: Any, changes: Changes) -> None:  # noqa: ANN401
        super().__init__(real)
        self._changes = changes

    def append(self, *args: Any, **kwargs: Any) -> OutboxMessage:  # noqa: ANN401
        message: OutboxMessage = self._real.append(*args, **kwargs)
        self._changes.messages.append(message)
        return message

    def append_all(self, *args: Any, **kwargs: Any) -> list[OutboxMessage]:  # noqa: ANN401
        messages: list[OutboxMessage] = self._real.append_all(*args, **kwargs)
        self._changes.messages += messages
        return messages


class WatchedAudit(_Watched):
    """The audit record."""

    def __init__(self, real: Any, changes: Changes) -> None:  # noqa: ANN401
        super().__init__(real)
        self._changes = changes

    def append(self, record: AuditRecord) -> None:
        self._real.append(record)
        self._changes.records.append(record)

    def append_all(self, records: Any) -> None:  # noqa: ANN401
        self._real.append_all(records)
        self._changes.records += list(records)


class WatchedDue(_Watched):
    """The deadlines."""

    def __init__(self, real: Any, changes: Changes) -> None:  # noqa: ANN401
        super().__init__(real)
        self._changes = changes

    def add(self, due: Any) -> None:  # noqa: ANN401
        self._real.add(due)
        self._changes.has_due = True

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401
        if name.startswith("add"):
            self._changes.has_due = True
        return super().__getattr__(name)
