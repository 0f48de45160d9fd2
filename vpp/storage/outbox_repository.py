"""Messages owed to sites."""

from collections.abc import Iterable

from sqlalchemy import RowMapping as Row
from sqlalchemy import insert, select, update

from vpp.storage.inserting import insert_into
from vpp.storage.tables.messaging import OUTBOX, OUTBOX_COUNTERS
from vpp.storage.transaction import Transaction
from vpp.workflows.ports import MessageKind, OutboxMessage


class SqlOutboxRepository:
    """Messages owed to sites; implements `workflows.ports.OutboxRepository`."""

    def __init__(self, transaction: Transaction) -> None:
        """Work inside a transaction."""
        self._transaction = transaction

    def append(self, site_id: str, kind: MessageKind, subject_id: str) -> OutboxMessage:
        """Owe a site one more message, under its next sequence.

        The site's counter row stays locked until the transaction ends. So a sequence is visible only
        after every lower one, and a rollback leaves no gap. A transaction that appends for several
        sites should go through them by id: two that lock in opposite order cannot both finish.

        Raises:
            InvalidInput: There is no such site.
        """
        transaction = self._transaction
        counted = insert_into(OUTBOX_COUNTERS, sqlite=transaction.is_sqlite)
        sequence: int = transaction.write(
            counted.on_conflict_do_update(
                index_elements=[OUTBOX_COUNTERS.c.site_id],
                set_={"last_sequence": OUTBOX_COUNTERS.c.last_sequence + 1},
            ).returning(OUTBOX_COUNTERS.c.last_sequence),
            {"site_id": site_id, "last_sequence": 1},
        ).scalar_one()
        message = OutboxMessage(site_id, sequence, kind, subject_id, transaction.now)
        transaction.write(
            insert(OUTBOX),
            {
                "site_id": site_id,
                "sequence": sequence,
                "kind": kind.value,
                "subject_id": subject_id,
                "created_at": transaction.now,
                "acknowledged_at": None,
            },
        )
        return message

    def open(self, site_id: str) -> list[OutboxMessage]:
        """Return what the site has not acknowledged, in order of sequence."""
        statement = (
            select(OUTBOX)
            .where(OUTBOX.c.site_id == site_id, OUTBOX.c.acknowledged_at.is_(None))
            .order_by(OUTBOX.c.sequence)
        )
        return _messages(self._transaction.read(statement).mappings())

    def sites_with_open(self) -> list[str]:
        """Return the sites that are owed something, by id."""
        statement = (
            select(OUTBOX.c.site_id)
            .where(OUTBOX.c.acknowledged_at.is_(None))
            .distinct()
            .order_by(OUTBOX.c.site_id)
        )
        return list(self._transaction.read(statement).scalars())

    def acknowledge(self, site_id: str, held_sequence: int) -> list[OutboxMessage]:
        """Close everything up to a sequence; returns what this call closed, in order of sequence."""
        statement = (
            update(OUTBOX)
            .where(
                OUTBOX.c.site_id == site_id,
                OUTBOX.c.sequence <= held_sequence,
                OUTBOX.c.acknowledged_at.is_(None),
            )
            .values(acknowledged_at=self._transaction.now)
            .returning(OUTBOX)
        )
        closed = _messages(self._transaction.write(statement).mappings())
        return sorted(closed, key=lambda message: message.sequence)

    def last_sequence(self, site_id: str) -> int:
        """Return the highest sequence given to the site, 0 for none."""
        statement = select(OUTBOX_COUNTERS.c.last_sequence).where(OUTBOX_COUNTERS.c.site_id == site_id)
        return self._transaction.read(statement).scalar_one_or_none() or 0


def _messages(rows: Iterable[Row]) -> list[OutboxMessage]:
    return [
        OutboxMessage(
            site_id=row["site_id"],
            sequence=row["sequence"],
            kind=MessageKind(row["kind"]),
            subject_id=row["subject_id"],
            created_at=row["created_at"],
        )
        for row in rows
    ]
