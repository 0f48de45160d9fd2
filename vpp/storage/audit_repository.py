"""The record of who changed what."""

from collections.abc import Sequence

from sqlalchemy import select

from vpp.foundation.errors import InvalidInput
from vpp.storage.many_rows import ManyRows
from vpp.storage.tables.messaging import AUDIT
from vpp.storage.transaction import Transaction
from vpp.workflows.records import AuditRecord

_MANY = ManyRows(AUDIT, ["at", "actor", "action", "subject", "detail"])


class SqlAuditRepository:
    """Append-only record of who changed what; implements `workflows.audit_ports.AuditRepository`.

    Attributes:
        appended: What this transaction has added, in its order.
    """

    def __init__(self, transaction: Transaction) -> None:
        """Work inside a transaction."""
        self._transaction = transaction
        self.appended: list[AuditRecord] = []

    def append(self, record: AuditRecord) -> None:
        """Add a record in the transaction that it describes."""
        self.append_all([record])

    def append_all(self, records: Sequence[AuditRecord]) -> None:
        """Add records in their order."""
        rows = [
            {
                "at": record.at,
                "actor": record.actor,
                "action": record.action,
                "subject": record.subject,
                "detail": record.detail,
            }
            for record in records
        ]
        if rows:
            _MANY.insert(self._transaction, rows)
            self.appended += records

    def page(self, *, after: int = 0, limit: int = 1000) -> list[AuditRecord]:
        """List records in order.

        Args:
            after: How many records to pass over: those of the pages before. Not a row number,
                because PostgreSQL leaves gaps in those when a transaction rolls back.
            limit: Most records to return, 0 or more.

        Raises:
            InvalidInput: `after` or `limit` is negative.
        """
        if after < 0 or limit < 0:
            raise InvalidInput(f"after is {after} and limit {limit}, expected 0 or more", after=str(after))
        statement = select(AUDIT).order_by(AUDIT.c.number).offset(after).limit(limit)
        return [
            AuditRecord(row["at"], row["actor"], row["action"], row["subject"], row["detail"])
            for row in self._transaction.read(statement).mappings()
        ]
