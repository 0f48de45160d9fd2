"""Who owes whom what: accounts, runs, entries that nobody changes, and what they were reckoned from."""

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
)

from vpp.storage.column_types import MicroAmount, UtcDateTime
from vpp.storage.tables.schema import (
    ID,
    METADATA,
    key,
    lookup,
    numbered,
    optional,
    reference,
    required,
    tracked,
)

SETTLEMENT_RUNS = Table(
    "settlement_runs",
    METADATA,
    key("run_id", "run-{period}-{number}"),
    required("period", ID, "settlement period, YYYY-MM"),
    required("number", Integer, "counts the runs of the period from 1"),
    required("run_type", ID, "initial, recalc, final or adjustment"),
    required("as_of", UtcDateTime, "readings received later were left out, UTC"),
    required("evidence_digest", ID, "SHA-256 over what it was reckoned from; empty for migrated"),
    required("code_version", Text, "version of the program"),
    required("actor", Text, "who asked for it, or hub"),
    required("entry_count", Integer, "entries that it booked"),
    required("notes", JSON, "what its reader must know"),
    optional("terms", LargeBinary, "what its lines owe to the run itself, JSON, zlib; null for migrated"),
    required("created_at", UtcDateTime, "when, UTC"),
    UniqueConstraint("period", "number"),
    UniqueConstraint("run_id", "period"),
    comment="settlement runs that changed something; never changed",
)

LEDGER_ACCOUNTS = Table(
    "ledger_accounts",
    METADATA,
    numbered("account_number", "counts the accounts"),
    required("account_id", ID, "{party}:{kind}:{site}:{currency}"),
    reference("party_id", "whose it is", of="parties.party_id"),
    required("kind", ID, "operator, site, fee, penalty or rounding"),
    reference("site_id", "the site of a site's account; null for others", of="sites.site_id", nullable=True),
    required("currency", ID, "ISO 4217 code"),
    required("created_at", UtcDateTime, "when it was opened, UTC"),
    UniqueConstraint("account_id"),
    UniqueConstraint("account_number", "currency"),
    lookup("party_id", "currency"),  # a party's accounts
    comment="accounts of the ledger; never changed",
)

LEDGER_ENTRIES = Table(
    "ledger_entries",
    METADATA,
    numbered("entry_number", "counts the entries in the order in which they were booked"),
    required("run_id", ID, "the settlement run that booked it"),
    required("period", ID, "settlement period, YYYY-MM"),
    required("event_id", ID, "the event; empty for none"),
    required("site_id", ID, "the site; empty for none"),
    required("start_at", UtcDateTime, "start of what is settled, UTC"),
    required("end_at", UtcDateTime, "end of it, exclusive, UTC"),
    required("code", ID, "what it is for: code of the line"),
    required("adjustment_id", ID, "the adjustment; empty for none"),
    required("payer_number", BigInteger, "account that the amount leaves"),
    required("payee_number", BigInteger, "account that it arrives at"),
    required("currency", ID, "ISO 4217 code, of both accounts"),
    required("amount", MicroAmount, "the change, millionths; below 0 where less is owed than before"),
    CheckConstraint("payer_number <> payee_number", name="ck_ledger_entries_two_accounts"),
    CheckConstraint("amount <> 0", name="ck_ledger_entries_amount"),
    ForeignKeyConstraint(["run_id", "period"], ["settlement_runs.run_id", "settlement_runs.period"]),
    ForeignKeyConstraint(
        ["payer_number", "currency"], ["ledger_accounts.account_number", "ledger_accounts.currency"]
    ),
    ForeignKeyConstraint(
        ["payee_number", "currency"], ["ledger_accounts.account_number", "ledger_accounts.currency"]
    ),
    Index(
        "ux_ledger_entries_key",
        *("run_id", "event_id", "site_id", "start_at", "end_at", "code"),
        *("adjustment_id", "payer_number", "payee_number"),
        unique=True,
    ),
    lookup("payer_number", "period"),  # what an account paid
    lookup("payee_number", "period"),  # what an account received
    comment="double entries, one row for both legs; appended, never changed or deleted",
)

SETTLEMENT_EVIDENCE = Table(
    "settlement_evidence",
    METADATA,
    key("period", "settlement period, YYYY-MM"),
    key("event_id", "the event"),
    key("site_id", "the site"),
    key("run_number", "the period's run that found it", kind=Integer),
    required("digest", ID, "SHA-256 of the document; empty where there is nothing to settle any more"),
    required("document", LargeBinary, "canonical JSON, UTF-8, zlib"),
    ForeignKeyConstraint(["period", "run_number"], ["settlement_runs.period", "settlement_runs.number"]),
    comment="what lines were reckoned from, kept where a run found something else than the one before",
)

ADJUSTMENTS = Table(
    "adjustments",
    METADATA,
    key("adjustment_id", "last part of adjustments/{adjustment}"),
    required("period", ID, "settlement period that it belongs to, YYYY-MM"),
    reference("payer_party_id", "who pays", of="parties.party_id"),
    reference("payee_party_id", "who is paid", of="parties.party_id"),
    required("amount", MicroAmount, "above 0, millionths"),
    required("currency", ID, "ISO 4217 code"),
    required("reason", Text, "why, in words"),
    required("event_id", ID, "the event that it is about; empty for none"),
    required("site_id", ID, "the site that it is about; empty for none"),
    required("dispute_id", ID, "the dispute that it answers; empty for one by hand"),
    required("state", ID, "proposed, approved, rejected or withdrawn"),
    required("proposed_by", Text, "who proposed it"),
    required("decided_by", Text, "who decided, another person; empty while it waits"),
    optional("decided_at", UtcDateTime, "when, UTC; null while it waits"),
    *tracked(),
    optional("proposed_person", Text, "person behind who proposed it; null where it was not kept"),
    CheckConstraint("amount > 0", name="ck_adjustments_amount"),
    CheckConstraint("payer_party_id <> payee_party_id", name="ck_adjustments_two_parties"),
    CheckConstraint(
        "state NOT IN ('approved', 'rejected') OR decided_by NOT IN ('', proposed_by)",
        name="ck_adjustments_two_people",
    ),
    lookup("period", "adjustment_id"),  # adjustments of a month
    lookup("dispute_id", "adjustment_id"),  # what a dispute led to
    lookup("payer_party_id", "adjustment_id"),  # what a party pays
    lookup("payee_party_id", "adjustment_id"),  # what a party is paid
    lookup("state", "adjustment_id"),  # what waits
    comment="amounts that no rule gives and two people agreed to",
)

RULE_CORRECTIONS = Table(
    "rule_corrections",
    METADATA,
    key("correction_id", "last part of ruleCorrections/{correction}"),
    reference("event_id", "the event", of="events.event_id"),
    required("product_id", ID, "its product"),
    required("from_version", Integer, "version that it was called under"),
    required("to_version", Integer, "version that it is settled under"),
    required("reason", Text, "why, in words"),
    required("state", ID, "proposed, approved, rejected or withdrawn"),
    required("proposed_by", Text, "who proposed it"),
    required("decided_by", Text, "who decided, another person; empty while it waits"),
    optional("decided_at", UtcDateTime, "when, UTC; null while it waits"),
    *tracked(),
    optional("proposed_person", Text, "person behind who proposed it; null where it was not kept"),
    ForeignKeyConstraint(["product_id", "to_version"], ["products.product_id", "products.version"]),
    CheckConstraint(
        "state NOT IN ('approved', 'rejected') OR decided_by NOT IN ('', proposed_by)",
        name="ck_rule_corrections_two_people",
    ),
    lookup("event_id", "correction_id"),  # corrections of an event
    lookup("state", "correction_id"),  # what waits
    comment="events that are settled under another version of their product's rules",
)
