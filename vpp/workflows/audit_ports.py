"""What the workflows need from outside to record what is done, as a Protocol."""

from collections.abc import Sequence
from typing import Protocol

from vpp.workflows.records import AuditRecord


class AuditRepository(Protocol):
    """Append-only record of who changed what."""

    def append(self, record: AuditRecord) -> None:
        """Add a record in the transaction that it describes."""
        ...

    def append_all(self, records: Sequence[AuditRecord]) -> None:
        """Add records in their order, in one statement."""
        ...

    def page(self, *, after: int = 0, limit: int = 1000) -> list[AuditRecord]:
        """List records in order."""
        ...
