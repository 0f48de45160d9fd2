"""Whose chain a record or a row belongs to."""

from collections.abc import Iterable, Mapping, Sequence

from vpp.foundation.audit_chain import MARKET, chain_of
from vpp.storage.driver_lists import among_ids, read_by_ids
from vpp.storage.transaction import Transaction
from vpp.storage.written_rows import WrittenRow
from vpp.workflows.acting import actor
from vpp.workflows.records import AuditRecord

LOOKED_UP: Mapping[str, tuple[str, str, str]] = {
    "site_id": ("sites", "site_id", "party_id"),
    "event_id": ("events", "event_id", "operator_party_id"),
    "auction_id": ("auctions", "auction_id", "operator_party_id"),
    "statement_id": ("statements", "statement_id", "party_id"),
}
"""Column that says whom a row concerns, to table, id and party under which it is looked up."""
SUBJECTS: Mapping[str, str] = {
    "parties": "party_id",
    "sites": "site_id",
    "events": "event_id",
    "auctions": "auction_id",
    "statements": "statement_id",
}
"""Collection that a record's subject is in, to the column that says whom it concerns."""
DETAILS: Mapping[str, str] = {"site": "site_id", "event": "event_id", "auction": "auction_id"}
"""Figure of a record, to the same; asked where its subject says nothing."""
TABLES: Mapping[str, str] = {"settlementRuns": "settlement_runs", "ruleCorrections": "rule_corrections"}
"""Collections that are not called what their table is called."""

Concern = tuple[str, str]
"""Column and value of what says whom something concerns."""


class ChainOwners:
    """Finds the chains of what one transaction did, with one look-up for each kind of owner."""

    def __init__(
        self, transaction: Transaction, rows: Iterable[WrittenRow], records: Iterable[AuditRecord]
    ) -> None:
        """Look up whatever the rows and records concern."""
        principal = actor()
        self._caller = chain_of("" if principal is None else principal.party_id)
        self._rows: dict[tuple[str, str], WrittenRow] = {
            (row.change.table, row.change.key): row for row in rows
        }
        about = {concern for row in self._rows.values() for concern in row.concerns}
        about |= {concern for record in records for concern in self._concerns(record)}
        self._chains = _chains(transaction, about)

    def of_row(self, row: WrittenRow) -> tuple[str, ...]:
        """Return the chains of a row, in order of name."""
        if row.is_callers:
            return (self._caller,)
        return self._of(row.concerns)

    def of_record(self, record: AuditRecord) -> tuple[str, ...]:
        """Return the chains of a record: those of the row that it is about, or of what it names."""
        row = self._row(record)
        return self._of(self._concerns(record)) if row is None else self.of_row(row)

    def _of(self, concerns: Sequence[Concern]) -> tuple[str, ...]:
        if len(concerns) == 1:
            return (self._chains[concerns[0]],)
        return tuple(sorted({self._chains[concern] for concern in concerns})) or (MARKET,)

    def _row(self, record: AuditRecord) -> WrittenRow | None:
        collection, _, identifier = record.subject.partition("/")
        return self._rows.get((TABLES.get(collection, collection), identifier))

    def _concerns(self, record: AuditRecord) -> tuple[Concern, ...]:
        if self._row(record) is not None:
            return ()
        collection, _, identifier = record.subject.partition("/")
        column = SUBJECTS.get(collection)
        if column is not None:
            return ((column, identifier),)
        named = ((column, record.detail.get(name)) for name, column in DETAILS.items())
        return tuple((column, value) for column, value in named if value)[:1]


def _chains(transaction: Transaction, about: Iterable[Concern]) -> dict[Concern, str]:
    """Name the chain of everything that was named; the market's where nobody is found."""
    ids: dict[str, list[str]] = {}
    found: dict[Concern, str] = {}
    for column, identifier in sorted(about):
        if column in LOOKED_UP:
            ids.setdefault(column, []).append(identifier)
            found[column, identifier] = MARKET
        else:
            found[column, identifier] = chain_of(identifier)
    for column, wanted in ids.items():
        for identifier, party_id in read_by_ids(transaction, _SQL[column, transaction.is_sqlite], wanted):
            found[column, identifier] = chain_of(party_id)
    return found


_SQL = {
    (column, is_sqlite): f"SELECT {key}, {party} FROM {table} WHERE {among_ids(key, is_sqlite=is_sqlite)}"  # noqa: S608  our own names
    for column, (table, key, party) in LOOKED_UP.items()
    for is_sqlite in (True, False)
}
