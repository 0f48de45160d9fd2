"""The audit record becomes a chain of hashes per party, with signed heads.

What an older hub recorded goes into the market's chain first, one entry for each record, under a transaction
that says so: from there on it cannot be changed unseen. What was changed before, nobody can tell.

Going back keeps every record, and loses what proves that none was changed: the chains and the heads.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op

# The first form of an entry, which is never changed: kept heads and exports hold its hashes.
from vpp.foundation.audit_chain import MARKET, NOTHING, ChainEntry, ChainHead, next_entry
from vpp.storage.column_types import UtcDateTime

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

ID = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
AT = sa.DateTime(timezone=True)
CARRIED_OVER = "carried over"
"""Transaction of records that were there before there was a chain."""
CHUNK = 1000
STREAMED = {"yield_per": CHUNK}
"""Years of records are never held in memory at once."""
FIXED = ("audit_entries", "audit_checkpoints", "clearing_inputs")
OLD = sa.table(
    "audit",
    sa.column("number", NUMBER),
    sa.column("at", UtcDateTime()),
    sa.column("actor", sa.Text()),
    sa.column("action", sa.Text()),
    sa.column("subject", sa.Text()),
    sa.column("detail", sa.JSON()),
)
ENTRIES = sa.table(
    "audit_entries",
    sa.column("number", NUMBER),
    sa.column("chain", sa.Text()),
    sa.column("sequence", sa.BigInteger()),
    sa.column("at", UtcDateTime()),
    sa.column("transaction_id", sa.Text()),
    sa.column("record_count", sa.BigInteger()),
    sa.column("content", sa.Text()),
    sa.column("previous_hash", sa.Text()),
    sa.column("entry_hash", sa.Text()),
)
HEADS = sa.table(
    "audit_heads",
    sa.column("chain", sa.Text()),
    sa.column("sequence", sa.BigInteger()),
    sa.column("entry_hash", sa.Text()),
)


def upgrade() -> None:
    """Make the tables, carry over what was recorded, then let the database guard it."""
    _make_tables()
    bind = op.get_bind()
    head = ChainHead(MARKET, 0, NOTHING)
    old = bind.execute(sa.select(OLD).order_by(OLD.c.number), execution_options=STREAMED)
    for some in _chunks(old.mappings()):
        rows = []
        for row in some:
            entry = _carried(head, row)
            head = entry.head
            rows.append(_row(entry, row["at"]))
        bind.execute(ENTRIES.insert(), rows)
    if head.sequence:
        bind.execute(HEADS.insert(), [head._asdict()])
    op.drop_table("audit")
    _guard()


def downgrade() -> None:
    """Keep the records, without the chains."""
    op.create_table(
        "audit",
        sa.Column("number", NUMBER, autoincrement=True, nullable=False, comment="order of the records"),
        _required("at", AT, "when, UTC"),
        _required("actor", sa.Text(), "principal, or hub for what falls due"),
        _required("action", sa.Text(), "name of the workflow"),
        _required("subject", sa.Text(), "name of what was changed"),
        _required("detail", sa.JSON(), "the figures, as text"),
        sa.PrimaryKeyConstraint("number", name="pk_audit"),
        comment="append-only record of who changed what",
        sqlite_autoincrement=True,
    )
    bind = op.get_bind()
    entries = sa.select(ENTRIES.c.at, ENTRIES.c.content).order_by(ENTRIES.c.number)
    for some in _chunks(_records(bind.execute(entries, execution_options=STREAMED))):
        bind.execute(OLD.insert(), list(some))
    for table in ("clearing_inputs", "audit_checkpoints", "audit_heads", "audit_entries"):
        op.drop_table(table)  # and its triggers with it
    if bind.dialect.name == "postgresql":
        op.execute("DROP FUNCTION vpp_keep_audit()")


def _make_tables() -> None:
    op.create_table(
        "audit_entries",
        sa.Column(
            "number",
            NUMBER,
            autoincrement=True,
            nullable=False,
            comment="order of the entries over all chains",
        ),
        _required("chain", ID, "market, or parties/{party}"),
        _required("sequence", sa.BigInteger(), "counts the chain's entries from 1 without gaps"),
        _required("at", AT, "when, UTC"),
        _required("transaction_id", sa.Text(), "the same in every chain that the transaction concerns"),
        _required("record_count", sa.BigInteger(), "records in its content"),
        _required("content", sa.Text(), "what is hashed: canonical JSON"),
        _required("previous_hash", sa.Text(), "hash of the chain's entry before it"),
        _required("entry_hash", sa.Text(), "SHA-256 of the content"),
        sa.PrimaryKeyConstraint("number", name="pk_audit_entries"),
        sa.UniqueConstraint("chain", "sequence", name="uq_audit_entries_chain_sequence"),
        comment="append-only record of who changed what, one chain per party and one of the market",
        sqlite_autoincrement=True,
    )
    op.create_table(
        "audit_heads",
        _required("chain", ID, "market, or parties/{party}"),
        _required("sequence", sa.BigInteger(), "how many entries it has"),
        _required("entry_hash", sa.Text(), "hash of the last one"),
        sa.PrimaryKeyConstraint("chain", name="pk_audit_heads"),
        comment="where each chain ends; its lock lets one transaction at a time go on with it",
    )
    op.create_table(
        "audit_checkpoints",
        _required("chain", ID, "market, or parties/{party}"),
        _required("sequence", sa.BigInteger(), "how many entries it had"),
        _required("entry_hash", sa.Text(), "hash of the last one"),
        _required("at", AT, "when it was signed, UTC"),
        _required("key_id", sa.Text(), "the key that signed it; empty without one"),
        _required("signature", sa.Text(), "Ed25519, hexadecimal; empty without a key"),
        sa.PrimaryKeyConstraint("chain", "sequence", name="pk_audit_checkpoints"),
        sa.ForeignKeyConstraint(
            ["chain", "sequence"],
            ["audit_entries.chain", "audit_entries.sequence"],
            name="fk_audit_checkpoints_chain_sequence",
        ),
        comment="signed heads of chains, for others to keep; append-only",
    )
    op.create_table(
        "clearing_inputs",
        _required("event_id", ID, "the event"),
        _required(
            "content",
            sa.LargeBinary(),
            "book and rules, canonical JSON, UTF-8, zlib; then sealed with the key",
        ),
        sa.Column(
            "sealing_key",
            sa.Text(),
            nullable=True,
            comment="the key that sealed them; null where they are in the clear",
        ),
        sa.PrimaryKeyConstraint("event_id", name="pk_clearing_inputs"),
        sa.ForeignKeyConstraint(["event_id"], ["events.event_id"], name="fk_clearing_inputs_event_id"),
        comment="what auctions were cleared from, so that they can be cleared again; append-only",
    )


def _carried(head: ChainHead, row: Any) -> ChainEntry:  # noqa: ANN401  a row; SQLAlchemy types its columns as Any
    record = {name: row[name] for name in ("actor", "action", "subject", "detail")}
    return next_entry(head, at=row["at"], transaction_id=CARRIED_OVER, records=[record], changes=[])


def _row(entry: ChainEntry, at: object) -> dict[str, Any]:
    return {
        "chain": entry.chain,
        "sequence": entry.sequence,
        "at": at,
        "transaction_id": CARRIED_OVER,
        "record_count": 1,
        "content": entry.content,
        "previous_hash": entry.previous_hash,
        "entry_hash": entry.entry_hash,
    }


def _records(entries: Iterable[Any]) -> Iterator[dict[str, Any]]:
    for entry in entries:
        for record in json.loads(entry.content)["records"]:
            kept = {name: record[name] for name in ("actor", "action", "subject")}
            yield {**kept, "at": entry.at, "detail": record.get("detail", {})}


def _chunks(rows: Iterable[Any]) -> Iterator[Sequence[Any]]:
    some: list[Any] = []
    for row in rows:
        some.append(row)
        if len(some) == CHUNK:
            yield some
            some = []
    if some:
        yield some


def _guard() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for table in FIXED:
            for change in ("UPDATE", "DELETE"):
                op.execute(
                    f"CREATE TRIGGER {table}_keeps_{change} BEFORE {change} ON {table}\n"
                    f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
                )
        return
    op.execute(
        "CREATE FUNCTION vpp_keep_audit() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN\n"
        "RAISE EXCEPTION USING ERRCODE = 'VP001', MESSAGE = TG_TABLE_NAME || ' is append-only';\n"
        "END $$"
    )
    for table in FIXED:
        op.execute(
            f"CREATE TRIGGER {table}_keeps_rows BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION vpp_keep_audit()"
        )
        op.execute(
            f"CREATE TRIGGER {table}_keeps_all BEFORE TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION vpp_keep_audit()"
        )


def _required(name: str, kind: sa.types.TypeEngine, comment: str) -> sa.Column:
    return sa.Column(name, kind, nullable=False, comment=comment)
