"""Deadlines."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, bindparam, case, func, or_, select, update
from sqlalchemy import RowMapping as Row
from sqlalchemy.dialects.postgresql import Insert as PostgresqlInsert
from sqlalchemy.dialects.sqlite import Insert as SqliteInsert

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
        columns = DEADLINES.c
        known = insert_into(DEADLINES, sqlite=self._transaction.is_sqlite)
        is_moved = columns.due_at != known.excluded.due_at
        self._open(due, known, or_(columns.state == CANCELLED, (columns.state == OPEN) & is_moved))

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
        self.done_all([due])

    def done_all(self, dues: Sequence[Due]) -> None:
        """Close deadlines for good; those that were moved since they were claimed stay open."""
        self._update_claimed(dues, state=DONE, lease_ends_at=None)

    def release(self, due: Due, until: datetime) -> None:
        """End a claim at an instant: from then on another claim gets the deadline.

        One that was moved since it was claimed has no claim any more and stays as it is.
        """
        self._update_claimed([due], lease_ends_at=until)

    def forget_claims(self) -> None:
        """End every claim: whoever claimed is gone."""
        columns = DEADLINES.c
        self._transaction.write(
            update(DEADLINES)
            .where(columns.state == OPEN, columns.lease_ends_at.is_not(None))
            .values(lease_ends_at=None, revision=columns.revision + 1, updated_at=self._transaction.now)
        )

    def restore(self, due: Due, *, even_if_done: bool) -> bool:
        """Open a deadline that is not open, or only one that is not done; tells whether it had to be.

        For what the facts demand. An open one is left as it is, with its time and its claim.
        """
        known = insert_into(DEADLINES, sqlite=self._transaction.is_sqlite)
        closed = [CANCELLED, DONE] if even_if_done else [CANCELLED]
        return self._open(due, known, DEADLINES.c.state.in_(closed))

    def is_open(self, kind: DueKind, subject_id: str) -> bool:
        """Tell whether a deadline is open, claimed or not."""
        columns = DEADLINES.c
        statement = select(columns.kind).where(
            columns.kind == kind.value, columns.subject_id == subject_id, columns.state == OPEN
        )
        return self._transaction.read(statement).first() is not None

    def cancel(self, kind: DueKind, subject_id: str) -> None:
        """Close a deadline that no longer applies; unknown ones are ignored."""
        columns = DEADLINES.c
        self._transaction.write(
            update(DEADLINES)
            .where(columns.kind == kind.value, columns.subject_id == subject_id, columns.state == OPEN)
            .values(
                state=CANCELLED,
                lease_ends_at=None,
                revision=columns.revision + 1,
                updated_at=self._transaction.now,
            )
        )

    def next_at(self, kinds: frozenset[DueKind] | None = None) -> datetime | None:
        """Return when the next open deadline, of some kinds or any, falls due or its lease ends, or None."""
        columns = DEADLINES.c
        # A claimed deadline is in the past already; what matters then is the end of its lease. But the clock
        # may have been set back since, and nothing is claimed before both are past.
        is_kept = columns.lease_ends_at > columns.due_at
        soonest = func.min(case((is_kept, columns.lease_ends_at), else_=columns.due_at))
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

    def _open(self, due: Due, known: SqliteInsert | PostgresqlInsert, condition: ColumnElement[bool]) -> bool:
        """Insert a deadline, or open it anew where a condition holds; tells whether either was done."""
        now = self._transaction.now
        columns = DEADLINES.c
        statement = known.on_conflict_do_update(
            index_elements=[columns.kind, columns.subject_id],
            set_={
                "due_at": known.excluded.due_at,
                "state": OPEN,
                "lease_ends_at": None,
                "revision": columns.revision + 1,
                "updated_at": now,
            },
            where=condition,
        ).returning(columns.kind)
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
        return self._transaction.write(statement, row).first() is not None

    def _update_claimed(self, dues: Sequence[Due], **values: object) -> None:
        """Change open deadlines that stand where they stood when they were claimed."""
        if not dues:
            return
        columns = DEADLINES.c
        statement = (
            update(DEADLINES)
            .where(
                columns.kind == bindparam("b_kind"),
                columns.subject_id == bindparam("b_subject_id"),
                columns.due_at == bindparam("b_due_at"),
                columns.state == OPEN,
            )
            .values(revision=columns.revision + 1, updated_at=self._transaction.now, **values)
        )
        rows = [
            {"b_kind": due.kind.value, "b_subject_id": due.subject_id, "b_due_at": due.due_at} for due in dues
        ]
        self._transaction.write(statement, rows)


def _of_kinds(kinds: frozenset[DueKind] | None) -> list[ColumnElement[bool]]:
    return [] if kinds is None else [DEADLINES.c.kind.in_(sorted(kind.value for kind in kinds))]


def _deadlines(rows: Iterable[Row]) -> list[Due]:
    return [Due(DueKind(row["kind"]), row["subject_id"], row["due_at"]) for row in rows]
