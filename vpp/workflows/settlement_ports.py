"""What the settlement workflows need from outside, as Protocols; a statement is never altered."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Protocol

from vpp.settlement.account import Account
from vpp.settlement.entry import Entry, EntryKey
from vpp.workflows.settlement_records import EvidenceRecord, RunRecord


class LedgerRepository(Protocol):
    """The ledger: append-only, every entry from one account to another."""

    def append(self, entries: Iterable[Entry]) -> int:
        """Book entries and return how many.

        Raises AlreadyExists for a (run, key) that is known, and BrokenPromise where the database finds
        that an invariant would not hold.
        """
        ...

    def booked(
        self, period: str, *, up_to_run: int | None = None, party_id: str = ""
    ) -> Mapping[EntryKey, tuple[Account, Account, Decimal]]:
        """Return what stands booked in a period: payer, payee and the sum over all runs, also where 0.

        As of a run's number, or now; of one party, or of all.
        """
        ...

    def adjustment_ids(self, period: str) -> frozenset[str]:
        """Return the adjustments that are booked in a period."""
        ...

    def entries(self, period: str, *, until: datetime | None = None) -> Iterator[Entry]:
        """Return a period's entries in the order in which they were booked, up to an instant, inclusive."""
        ...

    def balances(
        self, *, period: str | None = None, until: datetime | None = None
    ) -> Sequence[tuple[Account, Decimal]]:
        """Return every account's balance (received less paid), by account id, as of an instant."""
        ...


class RunRepository(Protocol):
    """Settlement runs and the evidence that they found."""

    def add(self, run: RunRecord) -> None:
        """Keep a run; raises AlreadyExists for a known id."""
        ...

    def get(self, run_id: str) -> RunRecord | None:
        """Return a run, or None."""
        ...

    def of_period(self, period: str) -> Sequence[RunRecord]:
        """Return a period's runs by number."""
        ...

    def periods(self) -> Sequence[str]:
        """Return the periods that have a run, in order."""
        ...

    def add_evidence(self, records: Iterable[EvidenceRecord]) -> None:
        """Keep evidence that is new or has changed."""
        ...

    def evidence(
        self, period: str, *, up_to_run: int | None = None, site_ids: Iterable[str] | None = None
    ) -> Iterator[EvidenceRecord]:
        """Return the newest evidence of each site in each event of a period as of a run, by event and site.

        Of all sites or some; what is not settled any more is left out.
        """
        ...

    def digests(self, period: str) -> Mapping[tuple[str, str], str]:
        """Return the digest of the newest evidence by (event id, site id); empty where nothing is settled."""
        ...
