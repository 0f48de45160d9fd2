"""Instructions: what sites hold and answer changes thousands of them at once."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import Select, bindparam, select, update
from sqlalchemy.sql.dml import ReturningUpdate

from vpp.dispatch.instruction import Instruction, InstructionState
from vpp.foundation.errors import StaleWrite
from vpp.storage.column_types import UtcDateTime
from vpp.storage.many_rows import ManyRows
from vpp.storage.many_values import among, ids_parameter
from vpp.storage.repository import SqlRepository
from vpp.storage.rows.dispatch import INSTRUCTION_MAPPING
from vpp.storage.tables.dispatch import BASELINES, INSTRUCTIONS
from vpp.storage.transaction import Transaction
from vpp.workflows.instruction_standing import Answered, Standing
from vpp.workflows.ports import Stored

_COLUMNS = INSTRUCTIONS.c
_ANSWERED = ManyRows(
    INSTRUCTIONS,
    ["updated_at", "state", "answer", "reason", "reason_detail", "accepted_reduction_kw"],
    kept=frozenset({"accepted_reduction_kw"}),
)
_STATES: Mapping[str | None, InstructionState] = {state.value: state for state in InstructionState}
_WAITING = (InstructionState.CREATED.value, InstructionState.DELIVERED.value)
_UNANSWERED = (
    select(_COLUMNS.instruction_id)
    .where(_COLUMNS.event_id == bindparam("b_event_id"), _COLUMNS.state.in_(_WAITING))
    .limit(1)
)

_HAS_BASELINE = (
    select(BASELINES.c.baseline_id).where(BASELINES.c.event_id == bindparam("b_event_id")).limit(1)
)


class SqlInstructionRepository(SqlRepository[Instruction]):
    """Instructions by id; implements `workflows.ports.InstructionRepository`."""

    def __init__(self, transaction: Transaction) -> None:
        """Work inside a transaction."""
        super().__init__(transaction, INSTRUCTION_MAPPING)
        self._added: dict[str, Instruction] = {}

    def add_all(self, values: Mapping[str, Instruction]) -> None:
        """Insert instructions by id, as `SqlRepository.add_all`."""
        super().add_all(values)
        self._added |= values

    def update(self, identifier: str, value: Instruction, *, revision: int) -> Stored[Instruction]:
        """Replace an instruction, as `SqlRepository.update`."""
        self._added.pop(identifier, None)
        return super().update(identifier, value, revision=revision)

    def update_all(self, changes: Mapping[str, tuple[Instruction, int]]) -> None:
        """Replace instructions, as `SqlRepository.update_all`."""
        self._forget(changes)
        super().update_all(changes)

    def _forget(self, identifiers: Iterable[str]) -> None:
        if self._added:
            for identifier in identifiers:
                self._added.pop(identifier, None)

    def newly_told(self) -> dict[str, Stored[Instruction]]:
        """Return what this transaction added and left alone, if it is not over and has no baseline so far."""
        events = sorted({value.event_id for value in self._added.values()})
        known = {
            event_id
            for event_id in events
            if self._transaction.read(_HAS_BASELINE, {"b_event_id": event_id}).first() is not None
        }
        now = self._transaction.now
        return {
            key: Stored(value, 1, now, now)
            for key, value in self._added.items()
            if value.event_id not in known and value.expires_at > now
        }

    def mark_delivered(self, identifiers: Iterable[str]) -> list[str]:
        """Move those that are CREATED on to DELIVERED; returns which, by id."""
        wanted = list(identifiers)
        if not wanted:
            return []
        self._forget(wanted)
        sqlite = self._transaction.is_sqlite
        parameters = {**ids_parameter(wanted, sqlite=sqlite), "at": self._transaction.now}
        self._transaction.noted(INSTRUCTIONS, ((identifier,) for identifier in wanted))
        return sorted(self._transaction.write(_mark_delivered(sqlite=sqlite), parameters).scalars().all())

    def standings(self, identifiers: Iterable[str]) -> dict[str, Standing]:
        """Return where those of these ids that exist are in their lives, by id."""
        sqlite = self._transaction.is_sqlite
        parameter = ids_parameter(identifiers, sqlite=sqlite)
        rows: Sequence[Any] = self._transaction.read(_standings(sqlite=sqlite), parameter).all()
        return {
            key: Standing(key, event_id, site_id, _STATES[state], _STATES.get(answer), revision)
            for key, event_id, site_id, state, answer, revision in rows
        }

    def answer_all(self, changes: Mapping[str, Answered]) -> None:
        """Write down what sites answered, each to that revision; the rest is what it was ordered to be.

        Raises:
            StaleWrite: Another write came first.
        """
        if not changes:
            return
        self._forget(changes)
        now = self._transaction.now
        rows = [
            {
                "b_id": identifier,
                "b_revision": answered.revision,
                "updated_at": now,
                "state": answered.state.value,
                "answer": answered.answer.value,
                "reason": answered.reason.value,
                "reason_detail": answered.reason_detail,
                "accepted_reduction_kw": answered.accepted_reduction_kw,
            }
            for identifier, answered in changes.items()
        ]
        self._transaction.noted(INSTRUCTIONS, ((identifier,) for identifier in changes))
        if _ANSWERED.update(self._transaction, rows) != len(rows):
            raise StaleWrite(f"one of {len(rows)} instructions has changed; read again")

    def has_unanswered(self, event_id: str) -> bool:
        """Tell whether a site has still to say what it will do for an event."""
        return self._transaction.read(_UNANSWERED, {"b_event_id": event_id}).first() is not None


@cache
def _standings(*, sqlite: bool) -> Select[Any]:
    return select(
        _COLUMNS.instruction_id,
        _COLUMNS.event_id,
        _COLUMNS.site_id,
        _COLUMNS.state,
        _COLUMNS.answer,
        _COLUMNS.revision,
    ).where(among(_COLUMNS.instruction_id, sqlite=sqlite))


@cache
def _mark_delivered(*, sqlite: bool) -> ReturningUpdate[Any]:
    return (
        update(INSTRUCTIONS)
        .where(
            among(_COLUMNS.instruction_id, sqlite=sqlite),
            _COLUMNS.state == InstructionState.CREATED.value,
        )
        .values(
            state=InstructionState.DELIVERED.value,
            revision=_COLUMNS.revision + 1,
            updated_at=bindparam("at", type_=UtcDateTime),
        )
        .returning(_COLUMNS.instruction_id)
    )
