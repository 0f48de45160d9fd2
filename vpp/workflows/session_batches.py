"""What many sites said at about the same time, booked in one transaction: commits are dear."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from vpp.dispatch.instruction import OPEN_STATES, Instruction, InstructionState
from vpp.dispatch.late_answer import was_answered_in_time
from vpp.foundation.audit_chain import chain_of
from vpp.foundation.errors import InvalidInput, NotFound, Overloaded, StaleWrite, VppError, WrongState
from vpp.portfolio.site import Site
from vpp.workflows.acting import acting_as
from vpp.workflows.booking import EVERYTHING
from vpp.workflows.identity import Principal, check_owner
from vpp.workflows.instruction_standing import Answered, Standing, standing_of
from vpp.workflows.outbox_ports import MessageKind
from vpp.workflows.ports import Stored, UnitOfWork, UnitOfWorkFactory
from vpp.workflows.recording import found
from vpp.workflows.records import AuditRecord
from vpp.workflows.reporting import (
    InstructionReport,
    booked,
    check_reported,
    known_instruction,
    schedule_when_all_answered,
)
from vpp.workflows.session_items import (
    Answer,
    Greeting,
    Holding,
    OptingOut,
    Outcome,
    SessionFacts,
    SessionItem,
)

_ATTEMPT_COUNT = 3


def apply_items(units: UnitOfWorkFactory, items: Sequence[SessionItem]) -> list[Outcome]:
    """Book what sites said, in their order, all of it in one transaction.

    An item that cannot be booked changes nothing and keeps no other from being booked. If the
    transaction itself fails, each item is tried in one of its own.

    Args:
        units: Makes transactions.
        items: Of any sites. Those of one site in the order in which it said them.

    Returns:
        What became of each item, in the same order. Possible errors of an item:

        - NotPermitted: the site is another's.
        - NotFound: the site is not enrolled, or has no such instruction.
        - InvalidInput: a sequence was never sent, or a state is not a site's to report.
        - WrongState: an instruction's life has no such step, or delivery has begun.

    Raises:
        Overloaded: The database takes no work now. Nothing is booked.
    """
    try:
        return _together(units, items)
    except Overloaded:
        raise
    except Exception as error:  # noqa: BLE001  one bad item must not spoil the others
        if len(items) == 1 and not isinstance(error, StaleWrite):
            return [error]
        return [_alone(units, item) for item in items]


def apply_item(units: UnitOfWorkFactory, item: SessionItem) -> SessionFacts | None:
    """Book what one site said.

    Raises:
        VppError: As for `apply_items`.
    """
    (outcome,) = apply_items(units, [item])
    if isinstance(outcome, Exception):
        raise outcome
    return outcome


def _alone(units: UnitOfWorkFactory, item: SessionItem) -> Outcome:
    """Try again when another transaction came first: the agent sent no etag that could be outdated."""
    for attempt in range(_ATTEMPT_COUNT):
        try:
            return _together(units, [item])[0]
        except StaleWrite as error:
            if attempt == _ATTEMPT_COUNT - 1:
                return error
        except Exception as error:  # noqa: BLE001  whatever went wrong is this item's outcome
            return error
    return None


def _together(units: UnitOfWorkFactory, items: Sequence[SessionItem]) -> list[Outcome]:
    with units() as uow:
        batch = _Batch(uow, items)
        batch.check_owners()
        batch.acknowledge()
        batch.book_answers()
        batch.welcome()
        uow.audit.append_all(batch.records)
        uow.commit()
        return batch.outcomes


@dataclass(slots=True)
class _Batch:
    """One transaction's items. Everything is read in bulk, decided in memory and written in bulk."""

    uow: UnitOfWork
    items: Sequence[SessionItem]
    outcomes: list[Outcome] = field(init=False)
    records: list[AuditRecord] = field(default_factory=list)
    sites: Mapping[str, Stored[Site]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.outcomes = [None] * len(self.items)

    def _each(self, check: Callable[[SessionItem], Outcome]) -> None:
        """Give every item that is still well its outcome; an error of the caller's is one."""
        for n, item in enumerate(self.items):
            if self.outcomes[n] is None:
                try:
                    with acting_as(item.principal):  # whose records are theirs, in a batch of many
                        self.outcomes[n] = check(item)
                except VppError as error:
                    self.outcomes[n] = error

    def check_owners(self) -> None:
        """Refuse what is said for somebody else's site."""
        # Whoever speaks for one site alone is known by it; only others are asked whose site it is.
        asked = {
            item.site_id
            for item in self.items
            if item.principal.site_id is None or isinstance(item, Greeting)
        }
        self.sites = self.uow.sites.get_all(sorted(asked)) if asked else {}

        def check(item: SessionItem) -> Outcome:
            stored = self.sites.get(item.site_id)
            party_id = "" if stored is None else stored.value.party_id
            check_owner(item.principal, site_id=item.site_id, party_id=party_id)
            if isinstance(item, Greeting):
                found(stored, f"sites/{item.site_id}")
            return None

        self._each(check)

    def acknowledge(self) -> None:
        """Close what sites hold; instructions among it become DELIVERED."""
        claimed = {item.site_id for item in self.items if _held_by(item)[1]}
        last = self.uow.outbox.last_sequences(sorted(claimed)) if claimed else {}
        held: dict[str, int] = {}
        speakers: dict[str, Principal] = {}

        def check(item: SessionItem) -> Outcome:
            field_name, sequence = _held_by(item)
            if sequence > last.get(item.site_id, 0):
                raise InvalidInput(
                    f"{field_name} is {sequence}, expected at most {last.get(item.site_id, 0)}",
                    **{field_name: str(sequence)},
                )
            if sequence:
                held[item.site_id] = max(sequence, held.get(item.site_id, 0))
                speakers[item.site_id] = item.principal
            return None

        self._each(check)
        closed = self.uow.outbox.acknowledge_all({site_id: held[site_id] for site_id in sorted(held)})
        owners = {
            message.subject_id: message.site_id
            for message in closed
            if message.kind is MessageKind.INSTRUCTION
        }
        for instruction_id in self.uow.instructions.mark_delivered(owners):
            site_id = owners[instruction_id]
            with acting_as(speakers[site_id]):  # whose agent says that it holds it
                self._record(f"sites/{site_id}", "deliver", f"instructions/{instruction_id}")

    def book_answers(self) -> None:
        """Book what sites say about instructions, in their order, and write each instruction once."""
        known = self._known_instructions()
        events = self.uow.events.get_all(
            {item.event_id for item in self.items if isinstance(item, OptingOut)}
        )
        written_off = self.uow.instructions.get_all(
            [key for key, standing in known.items() if standing.state is InstructionState.EXPIRED]
        )
        answered: dict[str, Answered] = {}
        changed_events: dict[str, None] = {}

        def book(item: SessionItem) -> Outcome:
            if isinstance(item, Answer):
                check_reported(item.report.state)
                report = item.report
            elif isinstance(item, OptingOut):
                start_at = found(events.get(item.event_id), f"events/{item.event_id}").value.delivery.start
                report = self._refusal(item, start_at, known)
            else:
                return None
            key = report.instruction_id
            standing = known_instruction(known, item.site_id, key)
            is_expired = standing.state is InstructionState.EXPIRED
            in_time = is_expired and self._is_in_time(written_off[key], report)
            change = booked(standing, report, self.uow.now, in_time=in_time)
            if change is None:
                return None
            self.records.append(change.record)
            new = change.answered
            if key in answered and new.accepted_reduction_kw is None:
                new = replace(new, accepted_reduction_kw=answered[key].accepted_reduction_kw)
            answered[key] = new
            known[key] = standing.answered(new)
            changed_events[standing.event_id] = None
            return None

        self._each(book)
        self.uow.instructions.answer_all({key: answered[key] for key in sorted(answered)})
        if changed_events:
            self.uow.audit.append_all(self.records)
            self.records.clear()
            schedule_when_all_answered(self.uow, changed_events)

    def _known_instructions(self) -> dict[str, Standing]:
        wanted = {item.report.instruction_id for item in self.items if isinstance(item, Answer)}
        known = self.uow.instructions.standings(sorted(wanted)) if wanted else {}
        for item in self.items:
            if isinstance(item, OptingOut):
                where = {"event_id": item.event_id, "site_id": item.site_id}
                known |= {
                    stored.value.instruction_id: standing_of(stored.value, stored.revision)
                    for stored in self.uow.instructions.page(where=where, limit=EVERYTHING)
                }
        return known

    def _is_in_time(self, expired: Stored[Instruction], report: InstructionReport) -> bool:
        return was_answered_in_time(
            expired.value,
            report.state,
            answered_at=report.status_at,
            expired_at=expired.updated_at,
            now=self.uow.now,
        )

    def _refusal(
        self, item: OptingOut, start_at: datetime, known: Mapping[str, Standing]
    ) -> InstructionReport:
        now = self.uow.now
        if now >= start_at:
            raise WrongState(f"event began at {start_at.isoformat()}; opt out before it begins")
        for key, standing in sorted(known.items()):
            is_its = (standing.event_id, standing.site_id) == (item.event_id, item.site_id)
            if is_its and standing.state in OPEN_STATES:
                return InstructionReport(key, InstructionState.REFUSED, item.reason, item.detail, 0.0, now)
        raise NotFound(
            f"sites/{item.site_id} has no open instruction for events/{item.event_id}", event=item.event_id
        )

    def welcome(self) -> None:
        """Tell those who begin what they need."""
        greeted = {
            item.site_id
            for item, outcome in zip(self.items, self.outcomes, strict=True)
            if isinstance(item, Greeting) and outcome is None
        }
        held = self.uow.telemetry.held_sequences(sorted(greeted)) if greeted else {}
        chains = {chain_of(self.sites[name].value.party_id) for name in greeted if name in self.sites}
        signed = self.uow.audit.newest_signed(sorted(chains)) if chains else {}

        def greet(item: SessionItem) -> Outcome:
            if not isinstance(item, Greeting):
                return None
            detail = {"resume_sequence": str(item.resume_sequence)}
            self._record(item.principal.principal_id, "welcome", f"sites/{item.site_id}", detail)
            site = self.sites[item.site_id].value
            head = signed.get(chain_of(site.party_id))
            return SessionFacts(site, held.get(item.site_id, 0), self.uow.now, head)

        self._each(greet)

    def _record(self, actor: str, action: str, subject: str, detail: Mapping[str, str] | None = None) -> None:
        self.records.append(AuditRecord(self.uow.now, actor, action, subject, detail or {}))


def _held_by(item: SessionItem) -> tuple[str, int]:
    """Return which field of an item acknowledges, and up to where; 0 for nothing."""
    if isinstance(item, Greeting):
        return "resume_sequence", item.resume_sequence
    if isinstance(item, Holding):
        return "held_sequence", item.held_sequence
    return "", 0
