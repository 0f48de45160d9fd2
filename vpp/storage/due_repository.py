"""Deadlines."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, func, or_, select, update
from sqlalchemy import RowMapping as Row

from vpp.foundation.errors import InvalidInput
from vpp.storage.inserting import insert_into
from vpp.storage.tables.messaging import DEADLINES
from vpp.storage.transaction import Transaction
from vpp.workflows.ports import Due, DueKind

OPEN = "open"
DONE = "done"
CANCELLED = "cancelled"


class SqlDueRepository:
    """Deadlines, each a row; implements `workflows.ports.DueRepository`."""

    def __init__(self, transaction: Transaction) -> None:
        """Work inside a transaction."""
        self._transaction = transaction

    def add(self, due: Due) -> None:
        """Keep a deadline.

        Of a (kind, subject) that is known already:
            open: moved to the new time, earlier or later. Moving it ends a claim; the same time
                again changes nothing, so what is restated at every start keeps its claim.
            cancelled: opened again, because it applies again.
            done: stays done. What has happened does not happen twice.
        """
        now = self._transaction.now
        columns = DEADLINES.c
        known = insert_into(DEADLINES, sqlite=self._transaction.is_sqlite)
        is_moved = columns.due_at != known.excluded.due_at
        statement = known.on_conflict_do_update(
            index_elements=[columns.kind, columns.subject_id],
            set_={
                "due_at": known.excluded.due_at,
                "state": OPEN,
                "lease_ends_at": None,
                "revision": columns.revision + 1,
                "updated_at": now,
            },
            where=or_(columns.state == CANCELLED, (columns.state == OPEN) & is_moved),
        )
        row = {
            "kind": due.kind.value,
            "subject_id": due.subject_id,
            "due_at": due.due_at,
            "state": OPEN,
            "lease_ends_at": None,
            "revision": 1,
            "created_at": now,
            "updated_at": now,
        }
        self._transaction.write(statement, row)

    def claim(
        self, now: datetime, lease: timedelta, limit: int, kinds: frozenset[DueKind] | None = None
    ) -> list[Due]:
        """Claim what is due and not claimed, or whose lease has ended.

        Args:
            now: The present instant, UTC.
            lease: How long no other claim gets what this one returns; above zero.
            limit: Most deadlines to claim.
            kinds: Which kinds; None for any.

        Returns:
            The claimed deadlines, earliest first. Claims of other transactions that are not
            committed yet are passed over, not waited for.

        Raises:
            InvalidInput: The lease is not above zero, or the limit is negative.
        """
        if lease <= timedelta(0) or limit < 0:
            raise InvalidInput(
                f"lease is {lease} and limit {limit}, expected above zero and 0 or more",
                lease=str(lease),
                limit=str(limit),
            )
        columns = DEADLINES.c
        # SQLite knows no row locks and ignores this one: its writers take turns anyway.
        due = (
            select(columns.kind, columns.subject_id)
            .where(
                columns.state == OPEN,
                columns.due_at <= now,
                or_(columns.lease_ends_at.is_(None), columns.lease_ends_at <= now),
                *_of_kinds(kinds),
            )
            .order_by(columns.due_at, columns.kind, columns.subject_id)
            .limit(limit)
            .with_for_update(skip_locked=True)
            .cte("due")
        )
        statement = (
            update(DEADLINES)
            .where(columns.kind == due.c.kind, columns.subject_id == due.c.subject_id)
            .values(lease_ends_at=now + lease, revision=columns.revision + 1, updated_at=now)
            .returning(columns.kind, columns.subject_id, columns.due_at)
        )
        claimed = _deadlines(self._transaction.write(statement).mappings())
        return sorted(claimed, key=lambda each: (each.due_at, each.kind.value, each.subject_id))

    def done(self, due: Due) -> None:
        """Close a deadline for good.

        A deadline that was moved since it was claimed stays open: what was done was the old one.
        """
        self._close(DEADLINES.c.due_at == due.due_at, due.kind, due.subject_id, DONE)

    def cancel(self, kind: DueKind, subject_id: str) -> None:
        """Close a deadline that no longer applies; unknown ones are ignored."""
        self._close(DEADLINES.c.state == OPEN, kind, subject_id, CANCELLED)

    def next_at(self, kinds: frozenset[DueKind] | None = None) -> datetime | None:
        """Return when the next open deadline, of some kinds or any, falls due or its lease ends, or None."""
        # A claimed deadline is in the past already; what matters then is the end of its lease.
        soonest = func.min(func.coalesce(DEADLINES.c.lease_ends_at, DEADLINES.c.due_at))
        statement = select(soonest).where(DEADLINES.c.state == OPEN, *_of_kinds(kinds))
        found: datetime | None = self._transaction.read(statement).scalar_one()
        return found

    def open(self) -> list[Due]:
        """Return the open deadlines, claimed ones among them, earliest first."""
        columns = DEADLINES.c
        statement = (
            select(columns.kind, columns.subject_id, columns.due_at)
            .where(columns.state == OPEN)
            .order_by(columns.due_at, columns.kind, columns.subject_id)
        )
        return _deadlines(self._transaction.read(statement).mappings())

    def _close(self, condition: ColumnElement[bool], kind: DueKind, subject_id: str, state: str) -> None:
        columns = DEADLINES.c
        self._transaction.write(
            update(DEADLINES)
            .where(
                columns.kind == kind.value, columns.subject_id == subject_id, columns.state == OPEN, condition
            )
            .values(
                state=state,
                lease_ends_at=None,
                revision=columns.revision + 1,
                updated_at=self._transaction.now,
            )
        )


def _of_kinds(kinds: frozenset[DueKind] | None) -> list[ColumnElement[bool]]:
    return [] if kinds is None else [DEADLINES.c.kind.in_(sorted(kind.value for kind in kinds))]


def _deadlines(rows: Iterable[Row]) -> list[Due]:
    return [Due(DueKind(row["kind"]), row["subject_id"], row["due_at"]) for row in rows]
