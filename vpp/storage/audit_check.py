"""Checks the audit record where it is kept, and holds what every covered table stores against it."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy import Engine, Table, select

from vpp.foundation.audit_chain import MARKET, NOTHING, ChainHead, entry_hash
from vpp.foundation.audit_verification import SIGN_HEADS, AuditFault
from vpp.foundation.signed_head import SignedHead, signature_fault
from vpp.storage.audited_tables import audited
from vpp.storage.caller_scope import CallerScope
from vpp.storage.reach import Reach
from vpp.storage.tables.audit import AUDIT_CHECKPOINTS, AUDIT_ENTRIES, AUDIT_HEADS
from vpp.storage.tables.schema import METADATA
from vpp.storage.transaction import Transaction
from vpp.storage.written_rows import stored_rows

EVERYTHING: CallerScope | None = None
ENTRY_FIELDS = frozenset({"at", "chain", "changes", "previous", "records", "sequence", "transaction"})
MOST_FAULTS = 1000
"""Faults that are told; a database that was tampered with as a whole has as many as it has rows."""


@dataclass(frozen=True, slots=True)
class DatabaseVerdict:
    """What a check of a database found.

    Attributes:
        faults: What does not hold, with its place, up to `MOST_FAULTS`; empty if everything does.
        heads: Where each chain ends, by chain.
        entry_count: Entries that were checked.
        row_count: Rows, or what is kept together as one, that were held against them.
        signed: The highest entry of each chain that a head with a good signature covers.
    """

    faults: tuple[AuditFault, ...]
    heads: Mapping[str, ChainHead]
    entry_count: int
    row_count: int
    signed: Mapping[str, int]


def check_audit(
    engine: Engine, keys: Mapping[str, Ed25519PublicKey] | None = None, kept: tuple[SignedHead, ...] = ()
) -> DatabaseVerdict:
    """Check every entry and head, and every row that they cover, as of one instant.

    Args:
        engine: The database, migrated.
        keys: The hub's public keys by id; without any, signatures are not checked.
        kept: Heads that somebody has kept elsewhere.

    Returns:
        What does not hold. Nothing means: what is stored is what the entries say, and no entry up to the
        last signed or kept head was changed. It takes some 300 bytes of memory for each row.
    """
    connection = Reach(engine).begun(EVERYTHING, writes=False, is_only_writer=False)
    try:
        transaction = Transaction(connection, datetime(1970, 1, 1, tzinfo=UTC), writes=False)
        transaction.take_any_time()
        check = _Check(transaction, keys or {})
        check.entries()
        check.ends(kept)
        check.rows()
        return DatabaseVerdict(
            tuple(check.faults), check.heads, check.entry_count, check.row_count, check.signed
        )
    finally:
        connection.close()


@dataclass(slots=True)
class _Check:
    transaction: Transaction
    keys: Mapping[str, Ed25519PublicKey]
    faults: list[AuditFault] = field(default_factory=list)
    heads: dict[str, ChainHead] = field(default_factory=dict)
    broken: set[str] = field(default_factory=set)
    hashes: dict[tuple[str, int], str] = field(default_factory=dict)
    told: dict[tuple[str, int], tuple[int, str]] = field(default_factory=dict)
    rows_told: dict[tuple[str, str], tuple[int, str, str, int]] = field(default_factory=dict)
    signed: dict[str, int] = field(default_factory=dict)
    entry_count: int = 0
    row_count: int = 0

    def entries(self) -> None:
        """Follow every chain in the order in which its entries were written."""
        statement = select(AUDIT_ENTRIES).order_by(AUDIT_ENTRIES.c.number)
        wanted = {(row.chain, row.sequence) for row in self._checkpoints()}
        for row in self.transaction.stream(statement):
            self.entry_count += 1
            if row.chain in self.broken:
                continue
            before = self.heads.get(row.chain, ChainHead(row.chain, 0, NOTHING))
            content = _content(row)
            what = _entry_fault(row, content, before)
            if what:
                self.broken.add(row.chain)
                self._fault(row.chain, row.sequence, what)
                continue
            self.heads[row.chain] = ChainHead(row.chain, row.sequence, row.entry_hash)
            if (row.chain, row.sequence) in wanted:
                self.hashes[row.chain, row.sequence] = row.entry_hash
            for table, key, revision, digest in content["changes"]:
                self._change(row.chain, row.sequence, table, key, revision, digest)
            if row.chain == MARKET and SIGN_HEADS in row.content:
                self._heads_told(row.sequence, content["records"])

    def _heads_told(self, sequence: int, records: list[dict[str, Any]]) -> None:
        """Remember which heads the market's entry says to have been signed."""
        for record in records:
            if record.get("action") == SIGN_HEADS:
                for chain, said in record.get("after", {}).items():
                    count, _, last_hash = said.partition(" ")
                    self.told[chain, int(count)] = (sequence, last_hash)

    def _change(self, chain: str, sequence: int, table: str, key: str, revision: int, digest: str) -> None:  # noqa: PLR0913, PLR0917  the parts of a change
        known = self.rows_told.get((table, key))
        if known is not None and revision < known[0] and digest:
            self._fault(chain, sequence, f"{table}/{key} goes back from revision {known[0]} to {revision}")
        self.rows_told[table, key] = (revision, digest, chain, sequence)

    def ends(self, kept: tuple[SignedHead, ...]) -> None:
        """Hold where the chains end, and what was signed, against their entries."""
        ends = list(self.transaction.read(select(AUDIT_HEADS)))
        for chain in sorted(self.heads.keys() - {row.chain for row in ends}):
            self._fault(chain, self.heads[chain].sequence, "it is said nowhere that the chain ends here")
        for row in ends:
            found = self.heads.get(row.chain, ChainHead(row.chain, 0, NOTHING))
            if row.chain not in self.broken and (row.sequence, row.entry_hash) != found[1:]:
                self._fault(row.chain, row.sequence, f"the chain is said to end here, and ends at {found[1]}")
        for row in self._checkpoints():
            head = ChainHead(row.chain, row.sequence, row.entry_hash)
            self._signed(SignedHead(head, row.at.isoformat(), row.key_id, row.signature), "a signed head")
            if self.told.get(head[:2], (0, head.entry_hash))[1] == head.entry_hash:
                self.told.pop(head[:2], None)
        for (chain, sequence), (of_market, _) in self.told.items():
            what = f"the market's entry {of_market} names a signed head that is not there any more"
            self._fault(chain, sequence, what)
        for signed in kept:
            self._kept(signed)

    def _kept(self, signed: SignedHead) -> None:
        chain, sequence, _ = signed.head
        columns = AUDIT_ENTRIES.c
        statement = select(columns.entry_hash).where(columns.chain == chain, columns.sequence == sequence)
        found = self.transaction.read(statement).scalar_one_or_none()
        if found is not None:
            self.hashes[chain, sequence] = found
        self._signed(signed, "a head that was kept elsewhere")

    def _signed(self, signed: SignedHead, words: str) -> None:
        chain, sequence, wanted = signed.head
        found = self.hashes.get((chain, sequence))
        if chain in self.broken:
            return
        if found != wanted:
            self._fault(
                chain, sequence, f"{words} names another entry: the chain was cut off or written anew"
            )
        elif what := signature_fault(signed, self.keys, words):
            self._fault(chain, sequence, what)
        elif signed.is_signed_by(self.keys):
            self.signed[chain] = max(sequence, self.signed.get(chain, 0))

    def rows(self) -> None:
        """Hold what every covered table stores against the last change that the entries tell of it."""
        if self.broken:
            return  # what they tell is not known any more
        for table in METADATA.sorted_tables:
            if audited(table) is not None:
                self._table(table)
        for (name, key), (_, digest, chain, sequence) in self.rows_told.items():
            how = METADATA.tables.get(name)
            if digest and how is not None and audited(how) is not None:
                self._fault(chain, sequence, f"{name}/{key} was written then, and is not there any more")

    def _table(self, table: Table) -> None:
        for change in self._stored(table):
            self.row_count += 1
            told = self.rows_told.pop((change.table, change.key), None)
            if told is None:
                self._fault("", 0, f"{change.table}/{change.key} is there, and no entry tells of it")
            elif told[:2] != (change.revision, change.digest):
                what = f"{change.table}/{change.key} does not hold what was written then"
                self._fault(told[2], told[3], what)

    def _stored(self, table: Table) -> Iterator[Any]:
        return (row.change for row in stored_rows(self.transaction, table))

    def _checkpoints(self) -> list[Any]:
        return list(self.transaction.read(select(AUDIT_CHECKPOINTS)))

    def _fault(self, chain: str, sequence: int, what: str) -> None:
        if len(self.faults) < MOST_FAULTS:
            self.faults.append(AuditFault(0, chain, sequence, what))


def _content(row: Any) -> dict[str, Any]:  # noqa: ANN401  as below
    """Return what an entry says; nothing where it does not have its hash, or is none."""
    try:
        told = json.loads(row.content) if entry_hash(row.content) == row.entry_hash else {}
    except (ValueError, RecursionError):
        return {}
    return told if isinstance(told, dict) and told.keys() >= ENTRY_FIELDS else {}


def _entry_fault(row: Any, told: dict[str, Any], before: ChainHead) -> str:  # noqa: ANN401  a row; SQLAlchemy types its columns as Any
    if not told:
        return "the entry does not have its hash: it was changed"
    if row.sequence != before.sequence + 1:
        return f"stands behind entry {before.sequence}: entries were taken out, put in or moved"
    if row.previous_hash != before.entry_hash:
        return "does not hold the hash of the entry before it: one of the two was changed"
    content = (told["chain"], told["sequence"], told["previous"], told["transaction"], told["at"])
    columns = (row.chain, row.sequence, row.previous_hash, row.transaction_id, row.at.isoformat())
    if content != columns or len(told["records"]) != row.record_count:
        return "its columns do not say what its content says: one of them was changed"
    return ""
