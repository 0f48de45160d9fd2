"""Messages owed to sites."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import cache
from operator import attrgetter
from typing import Any

from sqlalchemy import Select, bindparam, func, literal, select, true, update
from sqlalchemy.sql.dml import ReturningInsert, ReturningUpdate

from vpp.foundation.errors import BrokenPromise
from vpp.foundation.tracing import trace_parent
from vpp.storage.column_types import UtcDateTime
from vpp.storage.inserting import insert_into
from vpp.storage.many_rows import ManyRows
from vpp.storage.many_values import among, ids_parameter, numbered_ids, numbers_parameter
from vpp.storage.tables.messaging import OUTBOX, OUTBOX_COUNTERS
from vpp.storage.tables.portfolio import SITES
from vpp.storage.transaction import Transaction
from vpp.workflows.outbox_ports import MessageKind, OutboxMessage, Owed

_MANY = ManyRows(OUTBOX, [column.name for column in OUTBOX.columns])
_KINDS = {kind.value: kind for kind in MessageKind}
_SAID = (
    OUTBOX.c.site_id,
    OUTBOX.c.sequence,
    OUTBOX.c.kind,
    OUTBOX.c.subject_id,
    OUTBOX.c.created_at,
    OUTBOX.c.trace_parent,
)
_ALL_OPEN = (
    select(*_SAID).where(OUTBOX.c.acknowledged_at.is_(None)).order_by(OUTBOX.c.site_id, OUTBOX.c.sequence)
)
_OLDEST = select(func.min(OUTBOX.c.created_at)).where(OUTBOX.c.acknowledged_at.is_(None))


class SqlOutboxRepository:
    """Messages owed to sites; implements `workflows.ports.OutboxRepository`.

    Attributes:
        appended: What this transaction has appended, in its order.
        count_before: `appended_count` before it, if that was to be asked.
    """

    def __init__(self, transaction: Transaction, *, counts: bool = False) -> None:
        """Work inside a transaction.

        Args:
            transaction: The transaction.
            counts: Whether to ask for `count_before` at the first message.
        """
        self._transaction = transaction
        self._counts = counts
        self.appended: list[OutboxMessage] = []
        self.count_before = 0

    def append(self, site_id: str, kind: MessageKind, subject_id: str) -> OutboxMessage:
        """Owe a site one more message, under its next sequence.

        Raises:
            InvalidInput: There is no such site.
        """
        (message,) = self.append_all([Owed(site_id, kind, subject_id)])
        return message

    def append_all(self, owed: Sequence[Owed]) -> list[OutboxMessage]:
        """Owe many sites messages, each under its site's next sequence.

        The sites' counter rows stay locked until the transaction ends. So a sequence is visible only
        after every lower one, and a rollback leaves no gap. The rows are locked in the order of their
        ids; a transaction that appends several times should go through the sites in that order too,
        because two that lock in opposite order cannot both finish.

        Raises:
            InvalidInput: There is no such site.
        """
        if not owed:
            return []
        transaction = self._transaction
        if self._counts and not self.appended:
            self.count_before = self.appended_count()
        counts = Counter(each.site_id for each in owed)
        sqlite = transaction.is_sqlite
        parameters = numbers_parameter(dict(sorted(counts.items())), sqlite=sqlite)
        counted: Sequence[Any] = transaction.write(_count(sqlite=sqlite), parameters).all()
        given = {site_id: last - counts[site_id] for site_id, last in counted}
        messages, trace = [], trace_parent()
        for each in owed:
            given[each.site_id] += 1
            sequence = given[each.site_id]
            messages.append(
                OutboxMessage(each.site_id, sequence, each.kind, each.subject_id, transaction.now, trace)
            )
        if _MANY.insert(transaction, [_row(message) for message in messages]) != len(messages):
            raise BrokenPromise("a sequence was given twice")
        self.appended += messages
        return messages

    def open(self, site_id: str) -> list[OutboxMessage]:
        """Return what the site has not acknowledged, in order of sequence."""
        return self.open_all([site_id])

    def open_all(self, site_ids: Iterable[str] | None = None) -> list[OutboxMessage]:
        """Return what sites have not acknowledged, of some sites or of all, by site and sequence."""
        if site_ids is None:
            return _messages(self._transaction.read(_ALL_OPEN).all())
        sqlite = self._transaction.is_sqlite
        parameter = ids_parameter(site_ids, sqlite=sqlite)
        return _messages(self._transaction.read(_open_of(sqlite=sqlite), parameter).all())

    def open_after(self, sequences: Mapping[str, int]) -> list[OutboxMessage]:
        """Return what sites have not acknowledged above a sequence each, by site and sequence."""
        sqlite = self._transaction.is_sqlite
        parameters = numbers_parameter(sequences, sqlite=sqlite)
        return _messages(self._transaction.read(_open_after(sqlite=sqlite), parameters).all())

    def appended_count(self) -> int:
        """Return how many messages were ever appended; it only grows, and is cheap to ask for."""
        statement = select(func.coalesce(func.sum(OUTBOX_COUNTERS.c.last_sequence), 0))
        return int(self._transaction.read(statement).scalar_one())

    def oldest_open_at(self) -> datetime | None:
        """Return since when the oldest open message has been owed, or None."""
        found: datetime | None = self._transaction.read(_OLDEST).scalar_one()
        return found

    def acknowledge(self, site_id: str, held_sequence: int) -> list[OutboxMessage]:
        """Close everything up to a sequence; returns what this call closed, in order of sequence."""
        return self.acknowledge_all({site_id: held_sequence})

    def acknowledge_all(self, held: Mapping[str, int]) -> list[OutboxMessage]:
        """Close everything up to a sequence per site; returns what this call closed, by site and sequence."""
        if not held:
            return []
        sqlite = self._transaction.is_sqlite
        parameters = {**numbers_parameter(held, sqlite=sqlite), "at": self._transaction.now}
        closed = _messages(self._transaction.write(_acknowledge(sqlite=sqlite), parameters).all())
        return sorted(closed, key=attrgetter("site_id", "sequence"))

    def close(self, messages: Iterable[OutboxMessage]) -> None:
        """Close messages that no longer matter; those that are closed already stay as they are."""
        rows = [
            {"b_site_id": message.site_id, "b_sequence": message.sequence, "at": self._transaction.now}
            for message in messages
        ]
        if rows:
            self._transaction.write(_CLOSE, rows)

    def leap(self, by: int) -> None:
        """Leave out so many sequences of every site, so that the next one given is above them."""
        sqlite = self._transaction.is_sqlite
        columns, every = OUTBOX_COUNTERS.c, select(SITES.c.site_id, literal(by)).where(true())
        statement = insert_into(OUTBOX_COUNTERS, sqlite=sqlite).from_select(
            ["site_id", "last_sequence"], every
        )
        self._transaction.write(
            statement.on_conflict_do_update(
                index_elements=[columns.site_id], set_={"last_sequence": columns.last_sequence + by}
            )
        )

    def last_sequences(self, site_ids: Iterable[str]) -> dict[str, int]:
        """Return the highest sequence given to each of these sites; those without any are left out."""
        sqlite = self._transaction.is_sqlite
        parameter = ids_parameter(site_ids, sqlite=sqlite)
        rows: Sequence[Any] = self._transaction.read(_last_of(sqlite=sqlite), parameter).all()
        return dict(rows)

    def last_sequence(self, site_id: str) -> int:
        """Return the highest sequence given to the site, 0 for none."""
        return self.last_sequences([site_id]).get(site_id, 0)


_CLOSE = (
    update(OUTBOX)
    .where(
        OUTBOX.c.site_id == bindparam("b_site_id"),
        OUTBOX.c.sequence == bindparam("b_sequence"),
        OUTBOX.c.acknowledged_at.is_(None),
    )
    .values(acknowledged_at=bindparam("at"))
)


@cache
def _count(*, sqlite: bool) -> ReturningInsert[Any]:
    columns, given = OUTBOX_COUNTERS.c, numbered_ids(sqlite=sqlite)
    # SQLite takes ON CONFLICT for a join's condition unless the select has a WHERE.
    wanted = select(given.c.id, given.c.number).where(true())
    statement = insert_into(OUTBOX_COUNTERS, sqlite=sqlite).from_select(["site_id", "last_sequence"], wanted)
    return statement.on_conflict_do_update(
        index_elements=[columns.site_id],
        set_={"last_sequence": columns.last_sequence + statement.excluded.last_sequence},
    ).returning(columns.site_id, columns.last_sequence)


@cache
def _open_of(*, sqlite: bool) -> Select[Any]:
    return _ALL_OPEN.where(among(OUTBOX.c.site_id, sqlite=sqlite))


@cache
def _open_after(*, sqlite: bool) -> Select[Any]:
    given = numbered_ids(sqlite=sqlite)
    return _ALL_OPEN.where(OUTBOX.c.site_id == given.c.id, OUTBOX.c.sequence > given.c.number)


@cache
def _last_of(*, sqlite: bool) -> Select[Any]:
    columns = OUTBOX_COUNTERS.c
    return select(columns.site_id, columns.last_sequence).where(among(columns.site_id, sqlite=sqlite))


@cache
def _acknowledge(*, sqlite: bool) -> ReturningUpdate[Any]:
    given = numbered_ids(sqlite=sqlite)
    return (
        update(OUTBOX)
        .where(
            OUTBOX.c.site_id == given.c.id,
            OUTBOX.c.sequence <= given.c.number,
            OUTBOX.c.acknowledged_at.is_(None),
        )
        .values(acknowledged_at=bindparam("at", type_=UtcDateTime))
        .returning(*_SAID)
    )


def _row(message: OutboxMessage) -> dict[str, Any]:
    return {
        "site_id": message.site_id,
        "sequence": message.sequence,
        "kind": message.kind.value,
        "subject_id": message.subject_id,
        "created_at": message.created_at,
        "acknowledged_at": None,
        "trace_parent": message.trace_parent or None,
    }


def _messages(rows: Iterable[Any]) -> list[OutboxMessage]:
    return [
        OutboxMessage(site_id, sequence, _KINDS[kind], subject_id, created_at, trace or "")
        for site_id, sequence, kind, subject_id, created_at, trace in rows
    ]
