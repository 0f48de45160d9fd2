"""What a transaction did, appended to the chains that it concerns just before it commits."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from vpp.foundation.audit_chain import NOTHING, ChainEntry, ChainHead, RowChange, next_entry
from vpp.foundation.errors import BrokenPromise
from vpp.storage.audited_tables import audited
from vpp.storage.chain_owners import ChainOwners
from vpp.storage.driver_lists import among_ids, read_by_ids
from vpp.storage.inserting import insert_into
from vpp.storage.many_rows import ManyRows
from vpp.storage.tables.audit import AUDIT_ENTRIES, AUDIT_HEADS
from vpp.storage.transaction import Transaction
from vpp.storage.written_rows import written_rows
from vpp.workflows.records import AuditRecord

_MANY = ManyRows(
    AUDIT_ENTRIES,
    [name for name in AUDIT_ENTRIES.columns.keys() if name != "number"],  # noqa: SIM118  a collection of columns
)
_HEADS = {
    is_sqlite: f"SELECT chain, sequence, entry_hash FROM audit_heads WHERE {among_ids('chain', is_sqlite=is_sqlite)} "  # noqa: S608, E501  our own names
    f"ORDER BY chain{'' if is_sqlite else ' FOR UPDATE'}"
    for is_sqlite in (True, False)
}
_MOVE_ON_SQLITE = "UPDATE audit_heads SET sequence = ?, entry_hash = ? WHERE chain = ?"
_MOVE_ON_POSTGRESQL = (
    "UPDATE audit_heads SET sequence = given.sequence, entry_hash = given.entry_hash "
    "FROM unnest(%s::int8[], %s::text[], %s::text[]) AS given(sequence, entry_hash, chain) "
    "WHERE audit_heads.chain = given.chain"
)


def append_to_chains(transaction: Transaction, records: Sequence[AuditRecord]) -> None:
    """Append one entry to each chain that a transaction concerns, whatever it did there.

    The heads are locked in order of name, after everything else that the transaction locks, so that two
    that concern the same chains wait for each other instead of stopping each other.

    Raises:
        BrokenPromise: A covered table was written, and nobody said which rows.
    """
    _check_noted(transaction)
    rows = list(written_rows(transaction))
    if not (rows or records or transaction.digests):
        return
    owners = ChainOwners(transaction, rows, records)
    done: dict[str, tuple[list[Mapping[str, Any]], list[RowChange]]] = {}
    for record in records:
        told = told_of(record)
        for chain in owners.of_record(record):
            done.setdefault(chain, ([], []))[0].append(told)
    for row in rows:
        for chain in owners.of_row(row):
            done.setdefault(chain, ([], []))[1].append(row.change)
    for chain, change in transaction.digests:
        done.setdefault(chain, ([], []))[1].append(change)
    heads = _locked_heads(transaction, sorted(done))
    transaction_id = _named_after(heads)
    entries = [
        next_entry(
            head,
            at=transaction.now,
            transaction_id=transaction_id,
            records=done[head.chain][0],
            changes=done[head.chain][1],
        )
        for head in heads
    ]
    counts = [len(done[entry.chain][0]) for entry in entries]
    _write(transaction, entries, counts, transaction_id)


def told_of(record: AuditRecord) -> dict[str, Any]:
    """Return what an entry holds of a record; what it does not say is left out."""
    told: dict[str, Any] = {"action": record.action, "actor": record.actor, "subject": record.subject}
    for name in ("person", "roles", "before", "after", "detail"):
        value = getattr(record, name)
        if value:
            told[name] = value
    return told


def _check_noted(transaction: Transaction) -> None:
    for table in transaction.touched - transaction.written.keys():
        if audited(table) is not None:
            raise BrokenPromise(f"{table.name} was written, and nobody said which rows", table=table.name)


def _locked_heads(transaction: Transaction, chains: Sequence[str]) -> list[ChainHead]:
    """Return the ends of chains by name, which nobody else can move until the transaction ends."""
    known = _read_heads(transaction, chains)
    missing = [chain for chain in chains if chain not in known]
    if missing:
        statement = insert_into(AUDIT_HEADS, sqlite=transaction.is_sqlite).on_conflict_do_nothing()
        transaction.write(
            statement, [{"chain": chain, "sequence": 0, "entry_hash": NOTHING} for chain in missing]
        )
        known = _read_heads(transaction, chains)
    return [known[chain] for chain in chains]


def _read_heads(transaction: Transaction, chains: Iterable[str]) -> dict[str, ChainHead]:
    rows = read_by_ids(transaction, _HEADS[transaction.is_sqlite], chains)
    return {chain: ChainHead(chain, sequence, last_hash) for chain, sequence, last_hash in rows}


def _named_after(heads: Sequence[ChainHead]) -> str:
    """Name a transaction after what it goes on from: nobody else goes on from there."""
    first = heads[0]
    return hashlib.sha256(f"{first.chain} {first.sequence} {first.entry_hash}".encode()).hexdigest()[:16]


def _write(
    transaction: Transaction, entries: Sequence[ChainEntry], counts: Sequence[int], transaction_id: str
) -> None:
    _MANY.insert(
        transaction,
        [
            {
                "chain": entry.chain,
                "sequence": entry.sequence,
                "at": transaction.now,
                "transaction_id": transaction_id,
                "record_count": count,
                "content": entry.content,
                "previous_hash": entry.previous_hash,
                "entry_hash": entry.entry_hash,
            }
            for entry, count in zip(entries, counts, strict=True)
        ],
    )
    moved = [(entry.sequence, entry.entry_hash, entry.chain) for entry in entries]
    if transaction.is_sqlite:
        transaction.write_many(_MOVE_ON_SQLITE, moved)
    else:
        transaction.write_driver_sql(_MOVE_ON_POSTGRESQL, tuple(map(list, zip(*moved, strict=True))))
