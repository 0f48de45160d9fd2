"""The record of who changed what."""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import Any

from sqlalchemy import exists, func, select

from vpp.foundation.audit_chain import MARKET, ChainHead, canonical
from vpp.foundation.errors import InvalidInput
from vpp.foundation.signed_head import SignedHead
from vpp.storage.chain_writing import append_to_chains
from vpp.storage.inserting import insert_into
from vpp.storage.many_values import among, ids_parameter
from vpp.storage.tables.audit import AUDIT_CHECKPOINTS, AUDIT_ENTRIES, AUDIT_HEADS
from vpp.storage.tables.schema import METADATA
from vpp.storage.transaction import Transaction
from vpp.storage.written_rows import stored_rows
from vpp.workflows.audit_ports import StoredEntry
from vpp.workflows.records import AuditRecord

ENTRY, HEAD, CHECKPOINT = AUDIT_ENTRIES.c, AUDIT_HEADS.c, AUDIT_CHECKPOINTS.c
ADOPTED_AT_ONCE = 1000
"""Rows in one entry of those that an older hub has stored."""
CARRIED_OVER = "carried over"
"""Transaction of the records that an older hub made before there was a chain, as the migration calls it."""


class SqlAuditRepository:
    """Append-only record of who changed what; implements `workflows.audit_ports.AuditRepository`.

    Records are kept until the transaction is about to commit: one entry of each chain says all that it did.

    Attributes:
        appended: What this transaction has added, in its order.
    """

    def __init__(self, transaction: Transaction) -> None:
        """Work inside a transaction."""
        self._transaction = transaction
        self.appended: list[AuditRecord] = []

    def append(self, record: AuditRecord) -> None:
        """Add a record to the transaction that it describes."""
        self.appended.append(record)

    def append_all(self, records: Sequence[AuditRecord]) -> None:
        """Add records in their order."""
        self.appended += records

    def write(self) -> None:
        """Append to the chains whatever the transaction did; nothing may be written after that.

        Raises:
            BrokenPromise: A covered table was written, and nobody said which rows.
        """
        append_to_chains(self._transaction, self.appended)

    def page(self, *, after: int = 0, limit: int = 1000) -> list[AuditRecord]:
        """List committed records in order: of one transaction, those of one chain after those of another.

        A record that concerns two parties is in the chains of both, and listed once.

        Args:
            after: How many records to pass over: those of the pages before.
            limit: Most records to return, 0 or more.

        Raises:
            InvalidInput: `after` or `limit` is negative.
        """
        if after < 0 or limit < 0:
            raise InvalidInput(f"after is {after} and limit {limit}, expected 0 or more", after=str(after))
        return list(islice(self._records(), after, after + limit))

    def heads(self) -> list[ChainHead]:
        """Return where each chain ends, by name; chains without an entry are left out."""
        statement = select(AUDIT_HEADS).where(HEAD.sequence > 0).order_by(HEAD.chain)
        return [_head(row) for row in self._transaction.read(statement)]

    def entries(self, chain: str, *, after: int = 0, limit: int = 1000) -> list[StoredEntry]:
        """List a chain's entries in order, after a sequence."""
        statement = (
            select(ENTRY.sequence, ENTRY.content, ENTRY.entry_hash)
            .where(ENTRY.chain == chain, ENTRY.sequence > after)
            .order_by(ENTRY.sequence)
            .limit(limit)
        )
        return [
            StoredEntry(row.sequence, row.content, row.entry_hash)
            for row in self._transaction.read(statement)
        ]

    def unsigned(self) -> list[ChainHead]:
        """Return where those chains end that went on since they were signed last, by name."""
        is_signed = exists().where(CHECKPOINT.chain == HEAD.chain, CHECKPOINT.sequence == HEAD.sequence)
        statement = select(AUDIT_HEADS).where(HEAD.sequence > 0, ~is_signed).order_by(HEAD.chain)
        return [_head(row) for row in self._transaction.read(statement)]

    def sign(self, heads: Sequence[SignedHead]) -> None:
        """Keep signed heads; of two hubs that sign one at once, the first one's stays."""
        rows = [
            {
                "chain": signed.head.chain,
                "sequence": signed.head.sequence,
                "entry_hash": signed.head.entry_hash,
                "at": datetime.fromisoformat(signed.at),
                "key_id": signed.key_id,
                "signature": signed.signature,
            }
            for signed in heads
        ]
        statement = insert_into(AUDIT_CHECKPOINTS, sqlite=self._transaction.is_sqlite)
        if rows:
            self._transaction.write(statement.on_conflict_do_nothing(), rows)

    def signed(self, chain: str, *, before: int | None = None, limit: int = 1000) -> list[SignedHead]:
        """List a chain's signed heads, the newest first, those of fewer entries than `before`."""
        statement = select(AUDIT_CHECKPOINTS).where(CHECKPOINT.chain == chain)
        if before is not None:
            statement = statement.where(CHECKPOINT.sequence < before)
        rows = self._transaction.read(statement.order_by(CHECKPOINT.sequence.desc()).limit(limit))
        return [_signed(row) for row in rows]

    def newest_signed(self, chains: Sequence[str]) -> dict[str, SignedHead]:
        """Return the newest signed head of each of these chains that has one."""
        sqlite = self._transaction.is_sqlite
        newest = (
            select(CHECKPOINT.chain, func.max(CHECKPOINT.sequence).label("newest"))
            .where(among(CHECKPOINT.chain, sqlite=sqlite))
            .group_by(CHECKPOINT.chain)
            .subquery()
        )
        is_newest = (CHECKPOINT.chain == newest.c.chain) & (CHECKPOINT.sequence == newest.c.newest)
        statement = select(AUDIT_CHECKPOINTS).join(newest, is_newest)
        rows = self._transaction.read(statement, ids_parameter(chains, sqlite=sqlite))
        return {row.chain: _signed(row) for row in rows}

    def adopt(self) -> int:
        """Take up what an older hub has stored, once, before anything else; returns how many rows.

        The first entry of the market's chain after those that were carried over says that it was done.
        """
        first = (
            select(ENTRY.number)
            .where(ENTRY.chain == MARKET, ENTRY.transaction_id != CARRIED_OVER)
            .order_by(ENTRY.sequence)
            .limit(1)
        )
        if self._transaction.read(first).first() is not None:
            return 0
        self._transaction.take_any_time()
        count = 0
        record = AuditRecord(self._transaction.now, "hub", "adopt_rows", "auditChains/market", {})
        for table in METADATA.sorted_tables:
            rows = (row.change for row in stored_rows(self._transaction, table))
            while some := list(islice(rows, ADOPTED_AT_ONCE)):
                count += len(some)
                self._transaction.digests = [(MARKET, change) for change in some]
                append_to_chains(self._transaction, [record])
        self._transaction.digests = []
        if not count:
            self.append(record)
        return count

    def _records(self) -> Iterator[AuditRecord]:
        statement = (
            select(ENTRY.at, ENTRY.transaction_id, ENTRY.content)
            .where(ENTRY.record_count > 0)
            .order_by(ENTRY.number)
        )
        transaction_id, listed = "", set[str]()
        for row in self._transaction.read(statement):
            if row.transaction_id != transaction_id or transaction_id == CARRIED_OVER:
                transaction_id, listed = row.transaction_id, set()
            records = json.loads(row.content)["records"]
            texts = [canonical(record) for record in records]
            for record, text in zip(records, texts, strict=True):
                if text not in listed:
                    yield _record(row.at, record)
            listed.update(texts)


def _record(at: datetime, told: Mapping[str, Any]) -> AuditRecord:
    return AuditRecord(
        at=at,
        actor=told["actor"],
        action=told["action"],
        subject=told["subject"],
        detail=told.get("detail", {}),
        before=told.get("before", {}),
        after=told.get("after", {}),
        person=told.get("person", ""),
        roles=tuple(told.get("roles", ())),
    )


def _head(row: Any) -> ChainHead:  # noqa: ANN401  a row; SQLAlchemy types its columns as Any
    return ChainHead(row.chain, row.sequence, row.entry_hash)


def _signed(row: Any) -> SignedHead:  # noqa: ANN401  a row; SQLAlchemy types its columns as Any
    return SignedHead(_head(row), row.at.isoformat(), row.key_id, row.signature)
