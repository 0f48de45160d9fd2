"""Messages owed to sites."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import RowMapping as Row
from sqlalchemy import func, insert, select, update

from vpp.storage.inserting import insert_into
from vpp.storage.tables.messaging import OUTBOX, OUTBOX_COUNTERS
from vpp.storage.transaction import Transaction
from vpp.workflows.ports import MessageKind, OutboxMessage, Owed


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

    def append_all(self, owed: Sequence[Owed]) -> list[OutboxMessage]:
        """Owe many sites messages, each under its site's next sequence."""
        return [self.append(each.site_id, each.kind, each.subject_id) for each in owed]

    def open(self, site_id: str) -> list[OutboxMessage]:
        """Return what the site has not acknowledged, in order of sequence."""
        statement = (
            select(OUTBOX)
            .where(OUTBOX.c.site_id == site_id, OUTBOX.c.acknowledged_at.is_(None))
            .order_by(OUTBOX.c.sequence)
        )
        return _messages(self._transaction.read(statement).mappings())

    def open_all(self, site_ids: Iterable[str] | None = None) -> list[OutboxMessage]:
        """Return what sites have not acknowledged, of some sites or of all, by site and sequence."""
        statement = select(OUTBOX).where(OUTBOX.c.acknowledged_at.is_(None))
        wanted = None if site_ids is None else set(site_ids)
        rows = self._transaction.read(statement.order_by(OUTBOX.c.site_id, OUTBOX.c.sequence)).mappings()
        return [each for each in _messages(rows) if wanted is None or each.site_id in wanted]

    def oldest_open_at(self) -> datetime | None:
        """Return since when the oldest open message has been owed, or None."""
        statement = select(func.min(OUTBOX.c.created_at)).where(OUTBOX.c.acknowledged_at.is_(None))
        found: datetime | None = self._transaction.read(statement).scalar_one()
        return found

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

    def acknowledge_all(self, held: Mapping[str, int]) -> list[OutboxMessage]:
        """Close everything up to a sequence per site; returns what this call closed."""
        return [message for site_id in sorted(held) for message in self.acknowledge(site_id, held[site_id])]

    def last_sequences(self, site_ids: Iterable[str]) -> dict[str, int]:
        """Return the highest sequence given to each of these sites; those without any are left out."""
        counted = ((site_id, self.last_sequence(site_id)) for site_id in site_ids)
        return {site_id: sequence for site_id, sequence in counted if sequence}

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
            trace_parent=row["trace_parent"] or "",
        )
        for row in rows
    ]
