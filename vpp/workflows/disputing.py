"""Objections to statements: raised by a party of the lines, within the window, once per line at a time."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from vpp.foundation.errors import AlreadyExists, InvalidInput, NotFound, WrongState
from vpp.foundation.free_text import free_text
from vpp.settlement.disputed_lines import DisputedLine, LineKey, disputed_lines
from vpp.settlement.version_calendar import dispute_deadline
from vpp.workflows.acting import acting_as
from vpp.workflows.booking import EVERYTHING
from vpp.workflows.dispute_window import History, check_unchanged_since, check_window
from vpp.workflows.identity import Principal
from vpp.workflows.market_rules import MarketRules
from vpp.workflows.ports import Stored, UnitOfWork, UnitOfWorkFactory
from vpp.workflows.recording import audit, promised
from vpp.workflows.records import DisputeRecord, DisputeState, StatementRecord
from vpp.workflows.requesting import fingerprint, remember, replayed
from vpp.workflows.statement_versions import csv_of, statement_of, versions_of

ATTEMPTS = 5
"""How often an objection is checked again when the period's statements or disputes change meanwhile."""


@dataclass(frozen=True, slots=True)
class _Checked:
    """An objection that may be raised, and what it was checked against."""

    statement: StatementRecord
    line_numbers: tuple[int, ...]
    latest: str
    open_ids: tuple[str, ...]


def create_dispute(  # noqa: PLR0913  one argument per field of the request
    units: UnitOfWorkFactory,
    rules: MarketRules,
    principal: Principal,
    *,
    statement_id: str,
    line_numbers: tuple[int, ...],
    description: str,
    request_id: str,
) -> Stored[DisputeRecord]:
    """Object to lines of one's own statement, or to all of it.

    A line has two parties. Once one of them has objected to it, neither can again while that is open.

    Args:
        units: Makes the transaction.
        rules: The hub's rules; they say how long a line may be disputed.
        principal: Who objects, for the party of the statement.
        statement_id: The statement.
        line_numbers: The lines; none means the whole statement.
        description: What is wrong, in words.
        request_id: Makes repeats harmless; empty for none.

    Raises:
        NotFound: The caller's party has no such statement.
        InvalidInput: A line number is not on the statement, or the description says nothing.
        WrongState: A line's window is over, or a later version has changed it.
        AlreadyExists: One of the lines is disputed already, or the request id was used for something else.
    """
    words = free_text(description, "description", several_lines=True)
    numbers = tuple(sorted(set(line_numbers)))
    digest = fingerprint(statement_id, numbers, words)
    for _ in range(ATTEMPTS):
        # Reading statements takes long; nobody's write waits for it. It is the hub that reads: whether the
        # other party of a line has objected to it is no row of the caller's.
        with acting_as(None), units(write=False) as uow:
            known = replayed(uow, principal, "create_dispute", request_id, digest)
            if known is not None:
                return promised(uow.disputes.get(known), f"disputes/{known}")
            checked = _checked(uow, rules, principal, statement_id, numbers)
        with units() as uow:
            if replayed(uow, principal, "create_dispute", request_id, digest) is not None:
                continue  # the same request has come in twice; the answer is read above
            if _facts(uow, checked.statement) != (checked.latest, checked.open_ids):
                continue
            stored = _raised(uow, principal, checked, words)
            remember(uow, principal, "create_dispute", request_id, digest, stored.value.dispute_id)
            uow.commit()
            return stored
    raise WrongState(f"statements/{statement_id} keeps being settled and disputed meanwhile; try again")


def _raised(
    uow: UnitOfWork, principal: Principal, checked: _Checked, description: str
) -> Stored[DisputeRecord]:
    """Write the objection down."""
    statement_id = checked.statement.statement_id
    count = len(uow.disputes.page(where={"statement_id": statement_id}, limit=EVERYTHING))
    dispute_id = f"{statement_id}-d{count + 1}"
    record = DisputeRecord(
        dispute_id=dispute_id,
        statement_id=statement_id,
        party_id=principal.party_id,
        line_numbers=checked.line_numbers,
        description=description,
        state=DisputeState.OPEN,
        period=checked.statement.period,
        raised_by=principal.principal_id,
        raised_person=principal.person,
    )
    stored = uow.disputes.add(dispute_id, record)
    audit(
        uow,
        principal.principal_id,
        "create_dispute",
        f"disputes/{dispute_id}",
        lines=len(checked.line_numbers) or "all",
    )
    return stored


def _checked(
    uow: UnitOfWork, rules: MarketRules, principal: Principal, statement_id: str, numbers: tuple[int, ...]
) -> _Checked:
    """Check an objection against everything that can forbid it."""
    head = uow.statements.head(statement_id)
    if head is None or head.value.party_id != principal.party_id:
        raise NotFound(f"statements/{statement_id} does not exist", name=f"statements/{statement_id}")
    stored = promised(uow.statements.get(statement_id), f"statements/{statement_id}")
    disputed = stored.value
    for number in numbers:
        if not 1 <= number <= disputed.line_count:
            raise InvalidInput(
                f"line_number is {number}, expected 1 to {disputed.line_count}", line_number=str(number)
            )
    lines = {line.key: line for line in disputed_lines(csv_of(disputed), numbers=numbers)}

    def contents(version_id: str) -> bytes:
        return csv_of(disputed if version_id == statement_id else statement_of(uow, version_id))

    def deadline_of(written_at: datetime) -> datetime:
        return dispute_deadline(written_at, rules.settlement.calendar)

    def held(closed: Mapping[LineKey, DisputedLine]) -> set[LineKey]:
        return _held_by_the_other(uow, stored, closed, deadline_of)

    history = History(versions_of(uow, disputed), contents)
    check_unchanged_since(history, disputed, lines)
    latest, open_ids = _facts(uow, disputed)
    _check_not_disputed(uow, open_ids, lines, statement_id)
    check_window(history, disputed, lines, deadline_of=deadline_of, held=held, now=uow.now)
    return _Checked(disputed, numbers, latest, open_ids)


def _facts(uow: UnitOfWork, statement: StatementRecord) -> tuple[str, tuple[str, ...]]:
    """Return what an objection was checked against: the latest version, and the period's open disputes."""
    latest = versions_of(uow, statement)[-1].value.statement_id
    disputes = uow.disputes.page(where={"period": statement.period}, limit=EVERYTHING)
    return latest, tuple(
        stored.value.dispute_id for stored in disputes if stored.value.state is DisputeState.OPEN
    )


def _check_not_disputed(
    uow: UnitOfWork, open_ids: Iterable[str], lines: Mapping[LineKey, DisputedLine], statement_id: str
) -> None:
    others = [promised(uow.disputes.get(one), f"disputes/{one}").value for one in open_ids]
    for party_id, line in _among(uow, others, lines):
        # Whose dispute it is, the caller may know: it is of the same line, of which there are two parties.
        number = lines[line.key].line_no
        raise AlreadyExists(
            f"line {number} of statements/{statement_id} is in dispute already, by parties/{party_id}: "
            "wait until that is decided",
            line_number=str(number),
        )


def _held_by_the_other(
    uow: UnitOfWork,
    disputed: Stored[StatementRecord],
    closed: Mapping[LineKey, DisputedLine],
    deadline_of: Callable[[datetime], datetime],
) -> set[LineKey]:
    """Return those lines that the other party's objection held: their time begins with its decision.

    Else one party could object to everything, take it back when the window is over, and nobody else had had
    a chance. It counts once: an objection that was itself late holds nothing.
    """
    every = uow.disputes.page(where={"period": disputed.value.period}, limit=EVERYTHING)
    held = [
        stored.value
        for stored in every
        if stored.value.decided_at is not None
        and stored.value.party_id != disputed.value.party_id
        and stored.created_at < deadline_of(disputed.created_at)
        and uow.now < deadline_of(stored.value.decided_at)
    ]
    return {line.key for _, line in _among(uow, held, closed)}


def _among(
    uow: UnitOfWork, disputes: Iterable[DisputeRecord], keys: Mapping[LineKey, object]
) -> Iterator[tuple[str, DisputedLine]]:
    """Read those lines of disputes that settle one of these, with who disputes them; each file once."""
    by_statement: dict[str, list[DisputeRecord]] = {}
    for dispute in disputes:
        by_statement.setdefault(dispute.statement_id, []).append(dispute)
    for statement_id, own in by_statement.items():
        is_whole = any(not dispute.line_numbers for dispute in own)
        numbers = () if is_whole else {number for dispute in own for number in dispute.line_numbers}
        for line in disputed_lines(
            csv_of(statement_of(uow, statement_id)), numbers=numbers, keys=keys.keys()
        ):
            yield own[0].party_id, line


def lines_of(uow: UnitOfWork, dispute: DisputeRecord) -> Iterator[DisputedLine]:
    """Read the lines that a dispute is about."""
    return disputed_lines(csv_of(statement_of(uow, dispute.statement_id)), numbers=dispute.line_numbers)
