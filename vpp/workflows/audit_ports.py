"""What the workflows need from outside to record what is done and to show it, as a Protocol."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from vpp.foundation.audit_chain import ChainHead
from vpp.foundation.signed_head import SignedHead
from vpp.workflows.records import AuditRecord


@dataclass(frozen=True, slots=True)
class StoredEntry:
    """An entry of a chain as it is kept.

    Attributes:
        sequence: Counts the chain's entries from 1.
        content: What is hashed.
        entry_hash: Its hash.
    """

    sequence: int
    content: str
    entry_hash: str


class ClearingInputRepository(Protocol):
    """What auctions were cleared from, never changed."""

    def add(self, event_id: str, content: str, *, is_sealed: bool = False) -> None:
        """Keep what an event was cleared from.

        Args:
            event_id: The event.
            content: Book and rules.
            is_sealed: Whether it is encrypted with the key that seals bids.

        Raises:
            AlreadyExists: It is kept already.
        """
        ...

    def get(self, event_id: str, *, may_open: bool) -> str | None:
        """Return what an event was cleared from, or None.

        Args:
            event_id: The event.
            may_open: Whether it may be read where it was sealed.
        """
        ...


class AuditRepository(Protocol):
    """Append-only record of who changed what, as chains that end in signed heads."""

    def append(self, record: AuditRecord) -> None:
        """Add a record to the transaction that it describes."""
        ...

    def append_all(self, records: Sequence[AuditRecord]) -> None:
        """Add records in their order."""
        ...

    def page(self, *, after: int = 0, limit: int = 1000) -> list[AuditRecord]:
        """List committed records in order; of one transaction, chain by chain."""
        ...

    def heads(self) -> list[ChainHead]:
        """Return where each chain ends, by name; chains without an entry are left out."""
        ...

    def entries(self, chain: str, *, after: int = 0, limit: int = 1000) -> list[StoredEntry]:
        """List a chain's entries in order, after a sequence."""
        ...

    def unsigned(self) -> list[ChainHead]:
        """Return where those chains end that went on since they were signed last, by name."""
        ...

    def sign(self, heads: Sequence[SignedHead]) -> None:
        """Keep signed heads."""
        ...

    def signed(self, chain: str, *, before: int | None = None, limit: int = 1000) -> list[SignedHead]:
        """List a chain's signed heads, the newest first, those of fewer entries than `before`."""
        ...

    def newest_signed(self, chains: Sequence[str]) -> dict[str, SignedHead]:
        """Return the newest signed head of each of these chains that has one."""
        ...

    def adopt(self) -> int:
        """Take up what an older hub has stored, once, before anything else; returns how many rows."""
        ...
