"""What was done: chains of entries that nobody changes, where each ends, what was signed of it."""

from sqlalchemy import (
    DDL,
    BigInteger,
    ForeignKeyConstraint,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    event,
)

from vpp.storage.column_types import UtcDateTime
from vpp.storage.engine import POSTGRESQL, SQLITE
from vpp.storage.tables.schema import ID, METADATA, key, numbered, optional, required

AUDIT_ENTRIES = Table(
    "audit_entries",
    METADATA,
    numbered("number", "order of the entries over all chains"),
    required("chain", ID, "market, or parties/{party}"),
    required("sequence", BigInteger, "counts the chain's entries from 1 without gaps"),
    required("at", UtcDateTime, "when, UTC"),
    required("transaction_id", Text, "the same in every chain that the transaction concerns"),
    required("record_count", BigInteger, "records in its content"),
    required("content", Text, "what is hashed: canonical JSON"),
    required("previous_hash", Text, "hash of the chain's entry before it"),
    required("entry_hash", Text, "SHA-256 of the content"),
    UniqueConstraint("chain", "sequence"),
    comment="append-only record of who changed what, one chain per party and one of the market",
    sqlite_autoincrement=True,
)

AUDIT_HEADS = Table(
    "audit_heads",
    METADATA,
    key("chain", "market, or parties/{party}"),
    required("sequence", BigInteger, "how many entries it has"),
    required("entry_hash", Text, "hash of the last one"),
    comment="where each chain ends; its lock lets one transaction at a time go on with it",
)

AUDIT_CHECKPOINTS = Table(
    "audit_checkpoints",
    METADATA,
    key("chain", "market, or parties/{party}"),
    key("sequence", "how many entries it had", kind=BigInteger),
    required("entry_hash", Text, "hash of the last one"),
    required("at", UtcDateTime, "when it was signed, UTC"),
    required("key_id", Text, "the key that signed it; empty without one"),
    required("signature", Text, "Ed25519, hexadecimal; empty without a key"),
    ForeignKeyConstraint(["chain", "sequence"], ["audit_entries.chain", "audit_entries.sequence"]),
    comment="signed heads of chains, for others to keep; append-only",
)

CLEARING_INPUTS = Table(
    "clearing_inputs",
    METADATA,
    key("event_id", "the event", of="events.event_id"),
    required("content", LargeBinary, "book and rules, canonical JSON, UTF-8, zlib; then sealed with the key"),
    optional("sealing_key", Text, "the key that sealed them; null where they are in the clear"),
    comment="what auctions were cleared from, so that they can be cleared again; append-only",
)

FIXED = ("audit_entries", "audit_checkpoints", "clearing_inputs")
"""Tables of which no row is changed or deleted."""


def sqlite_guards() -> list[str]:
    """Return what SQLite is told, in order."""
    return [
        f"CREATE TRIGGER {table}_keeps_{change} BEFORE {change} ON {table}\n"
        f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
        for table in FIXED
        for change in ("UPDATE", "DELETE")
    ]


def postgresql_guards() -> list[str]:
    """Return what PostgreSQL is told, in order. `VP001` is our own code for a broken promise."""
    keep = (
        "CREATE FUNCTION vpp_keep_audit() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN\n"
        "RAISE EXCEPTION USING ERRCODE = 'VP001', MESSAGE = TG_TABLE_NAME || ' is append-only';\n"
        "END $$"
    )
    return [
        keep,
        *(
            f"CREATE TRIGGER {table}_keeps_rows BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION vpp_keep_audit()"
            for table in FIXED
        ),
        *(
            f"CREATE TRIGGER {table}_keeps_all BEFORE TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION vpp_keep_audit()"
            for table in FIXED
        ),
    ]


def _declare() -> None:
    for dialect, guards in ((SQLITE, sqlite_guards()), (POSTGRESQL, postgresql_guards())):
        for guard in guards:
            event.listen(METADATA, "after_create", DDL(guard).execute_if(dialect=dialect))  # type: ignore[no-untyped-call]


_declare()
