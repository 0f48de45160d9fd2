"""A ledger of double entries, settlement runs and their evidence, adjustments; statements held against it.

What earlier statements say is booked by `booked_statements`, so that the next run finds it.

Going back is refused once a run of the newer hub has booked anything: the older hub would settle it again.
"""

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa
from alembic import op

from vpp.storage.migrations.booked_statements import AT, ID, MIGRATED, NUMBER, RUNS, book_statements

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

FIXED = (
    "settlement_runs",
    "settlement_evidence",
    "ledger_accounts",
    "ledger_entries",
    "statements",
    "statement_files",
)
POSTINGS = """
CREATE VIEW ledger_postings AS
SELECT e.entry_number, e.run_id, e.period, e.event_id, e.site_id, e.start_at, e.end_at, e.code,
e.adjustment_id, a.account_number, a.account_id, a.party_id, e.currency, e.amount
FROM ledger_entries AS e JOIN ledger_accounts AS a ON a.account_number = e.payee_number
UNION ALL
SELECT e.entry_number, e.run_id, e.period, e.event_id, e.site_id, e.start_at, e.end_at, e.code,
e.adjustment_id, a.account_number, a.account_id, a.party_id, e.currency, -e.amount
FROM ledger_entries AS e JOIN ledger_accounts AS a ON a.account_number = e.payer_number
"""
IS_WRONG = """
NOT EXISTS (SELECT 1 FROM settlement_runs AS r WHERE r.run_id = NEW.run_id AND r.period = NEW.period)
OR EXISTS (
SELECT 1 FROM (
SELECT COALESCE(SUM(legs.amount), 0) AS total,
COALESCE(SUM(CASE WHEN legs.run_id = NEW.run_id THEN legs.amount ELSE 0 END), 0) AS delta
FROM (
SELECT e.run_id, e.amount FROM ledger_accounts AS a CROSS JOIN ledger_entries AS e
WHERE a.party_id = NEW.party_id AND a.currency = NEW.currency
AND e.payee_number = a.account_number AND e.period = NEW.period
UNION ALL
SELECT e.run_id, -e.amount FROM ledger_accounts AS a CROSS JOIN ledger_entries AS e
WHERE a.party_id = NEW.party_id AND a.currency = NEW.currency
AND e.payer_number = a.account_number AND e.period = NEW.period
) AS legs
) AS booked WHERE booked.total <> NEW.total OR booked.delta <> NEW.delta
)
"""
WRONG = "a statement is not the sum of its postings"


def upgrade() -> None:
    """Make the tables, book what earlier statements say, then let the database guard it."""
    _make_tables()
    _make_agreements()
    _add_columns()
    book_statements()
    _guard()


def downgrade() -> None:
    """Refuse to forget what was booked since; drop the tables."""
    bind = op.get_bind()
    newer = bind.scalar(sa.select(sa.func.count()).select_from(RUNS).where(RUNS.c.actor != MIGRATED))
    if newer:
        raise ValueError(
            f"{newer} settlement runs have booked entries, expected none: the older hub would book them again"
        )
    _unguard()
    for name in ("period", "raised_by", "decided_by", "decided_at", "measure_again", "measured_pairs"):
        if name == "period":
            op.drop_index("ix_disputes_period_dispute_id", "disputes")
        op.drop_column("disputes", name)
    op.drop_index("ix_statements_run_id_statement_id", "statements")
    op.drop_index("ux_statements_version", "statements")
    op.drop_column("statements", "run_id")
    op.drop_column("statement_files", "packing")
    for table in (
        "rule_corrections",
        "adjustments",
        "settlement_evidence",
        "ledger_entries",
        "ledger_accounts",
        "settlement_runs",
    ):
        op.drop_table(table)
    _say(
        [
            ("COLUMN statements.statement_id", "{party}-{period}-v{version}"),
            ("COLUMN statements.version", "counts the versions of this party and period from 1"),
            ("TABLE statements", "statements; their files are in statement_files"),
            ("COLUMN statement_files.content", "the file, byte for byte"),
        ]
    )


def _make_tables() -> None:
    op.create_table(
        "settlement_runs",
        _required("run_id", ID, "run-{period}-{number}"),
        _required("period", ID, "settlement period, YYYY-MM"),
        _required("number", sa.Integer(), "counts the runs of the period from 1"),
        _required("run_type", ID, "initial, recalc, final or adjustment"),
        _required("as_of", AT, "readings received later were left out, UTC"),
        _required("evidence_digest", ID, "SHA-256 over what it was reckoned from; empty for migrated"),
        _required("code_version", sa.Text(), "version of the program"),
        _required("actor", sa.Text(), "who asked for it, or hub"),
        _required("entry_count", sa.Integer(), "entries that it booked"),
        _required("notes", sa.JSON(), "what its reader must know"),
        _optional(
            "terms", sa.LargeBinary(), "what its lines owe to the run itself, JSON, zlib; null for migrated"
        ),
        _required("created_at", AT, "when, UTC"),
        sa.PrimaryKeyConstraint("run_id", name="pk_settlement_runs"),
        sa.UniqueConstraint("period", "number", name="uq_settlement_runs_period_number"),
        sa.UniqueConstraint("run_id", "period", name="uq_settlement_runs_run_id_period"),
        comment="settlement runs that changed something; never changed",
    )
    op.create_table(
        "ledger_accounts",
        sa.Column(
            "account_number", NUMBER, autoincrement=True, nullable=False, comment="counts the accounts"
        ),
        _required("account_id", ID, "{party}:{kind}:{site}:{currency}"),
        _required("party_id", ID, "whose it is"),
        _required("kind", ID, "operator, site, fee, penalty or rounding"),
        _optional("site_id", ID, "the site of a site's account; null for others"),
        _required("currency", ID, "ISO 4217 code"),
        _required("created_at", AT, "when it was opened, UTC"),
        sa.PrimaryKeyConstraint("account_number", name="pk_ledger_accounts"),
        sa.UniqueConstraint("account_id", name="uq_ledger_accounts_account_id"),
        sa.UniqueConstraint("account_number", "currency", name="uq_ledger_accounts_account_number_currency"),
        sa.ForeignKeyConstraint(["party_id"], ["parties.party_id"], name="fk_ledger_accounts_party_id"),
        sa.ForeignKeyConstraint(["site_id"], ["sites.site_id"], name="fk_ledger_accounts_site_id"),
        comment="accounts of the ledger; never changed",
    )
    op.create_index("ix_ledger_accounts_party_id_currency", "ledger_accounts", ["party_id", "currency"])
    op.create_table(
        "ledger_entries",
        sa.Column(
            "entry_number",
            NUMBER,
            autoincrement=True,
            nullable=False,
            comment="counts the entries in the order in which they were booked",
        ),
        _required("run_id", ID, "the settlement run that booked it"),
        _required("period", ID, "settlement period, YYYY-MM"),
        _required("event_id", ID, "the event; empty for none"),
        _required("site_id", ID, "the site; empty for none"),
        _required("start_at", AT, "start of what is settled, UTC"),
        _required("end_at", AT, "end of it, exclusive, UTC"),
        _required("code", ID, "what it is for: code of the line"),
        _required("adjustment_id", ID, "the adjustment; empty for none"),
        _required("payer_number", sa.BigInteger(), "account that the amount leaves"),
        _required("payee_number", sa.BigInteger(), "account that it arrives at"),
        _required("currency", ID, "ISO 4217 code, of both accounts"),
        _required(
            "amount", sa.BigInteger(), "the change, millionths; below 0 where less is owed than before"
        ),
        sa.PrimaryKeyConstraint("entry_number", name="pk_ledger_entries"),
        sa.CheckConstraint("payer_number <> payee_number", name="ck_ledger_entries_two_accounts"),
        sa.CheckConstraint("amount <> 0", name="ck_ledger_entries_amount"),
        sa.ForeignKeyConstraint(
            ["run_id", "period"],
            ["settlement_runs.run_id", "settlement_runs.period"],
            name="fk_ledger_entries_run_id_period",
        ),
        sa.ForeignKeyConstraint(
            ["payer_number", "currency"],
            ["ledger_accounts.account_number", "ledger_accounts.currency"],
            name="fk_ledger_entries_payer_number_currency",
        ),
        sa.ForeignKeyConstraint(
            ["payee_number", "currency"],
            ["ledger_accounts.account_number", "ledger_accounts.currency"],
            name="fk_ledger_entries_payee_number_currency",
        ),
        comment="double entries, one row for both legs; appended, never changed or deleted",
    )
    op.create_index(
        "ux_ledger_entries_key",
        "ledger_entries",
        [
            *("run_id", "event_id", "site_id", "start_at", "end_at", "code"),
            *("adjustment_id", "payer_number", "payee_number"),
        ],
        unique=True,
    )
    for column in ("payer_number", "payee_number"):
        op.create_index(f"ix_ledger_entries_{column}_period", "ledger_entries", [column, "period"])
    op.create_table(
        "settlement_evidence",
        _required("period", ID, "settlement period, YYYY-MM"),
        _required("event_id", ID, "the event"),
        _required("site_id", ID, "the site"),
        _required("run_number", sa.Integer(), "the period's run that found it"),
        _required("digest", ID, "SHA-256 of the document; empty where there is nothing to settle any more"),
        _required("document", sa.LargeBinary(), "canonical JSON, UTF-8, zlib"),
        sa.PrimaryKeyConstraint("period", "event_id", "site_id", "run_number", name="pk_settlement_evidence"),
        sa.ForeignKeyConstraint(
            ["period", "run_number"],
            ["settlement_runs.period", "settlement_runs.number"],
            name="fk_settlement_evidence_period_run_number",
        ),
        comment="what lines were reckoned from, kept where a run found something else than the one before",
    )


def _make_agreements() -> None:
    op.create_table(
        "adjustments",
        _required("adjustment_id", ID, "last part of adjustments/{adjustment}"),
        _required("period", ID, "settlement period that it belongs to, YYYY-MM"),
        _required("payer_party_id", ID, "who pays"),
        _required("payee_party_id", ID, "who is paid"),
        _required("amount", sa.BigInteger(), "above 0, millionths"),
        _required("currency", ID, "ISO 4217 code"),
        _required("reason", sa.Text(), "why, in words"),
        _required("event_id", ID, "the event that it is about; empty for none"),
        _required("site_id", ID, "the site that it is about; empty for none"),
        _required("dispute_id", ID, "the dispute that it answers; empty for one by hand"),
        *_decided(),
        sa.PrimaryKeyConstraint("adjustment_id", name="pk_adjustments"),
        sa.CheckConstraint("amount > 0", name="ck_adjustments_amount"),
        sa.CheckConstraint("payer_party_id <> payee_party_id", name="ck_adjustments_two_parties"),
        sa.CheckConstraint(
            "state NOT IN ('approved', 'rejected') OR decided_by NOT IN ('', proposed_by)",
            name="ck_adjustments_two_people",
        ),
        sa.ForeignKeyConstraint(
            ["payer_party_id"], ["parties.party_id"], name="fk_adjustments_payer_party_id"
        ),
        sa.ForeignKeyConstraint(
            ["payee_party_id"], ["parties.party_id"], name="fk_adjustments_payee_party_id"
        ),
        comment="amounts that no rule gives and two people agreed to",
    )
    for column in ("period", "state", "dispute_id", "payer_party_id", "payee_party_id"):
        op.create_index(f"ix_adjustments_{column}_adjustment_id", "adjustments", [column, "adjustment_id"])
    op.create_table(
        "rule_corrections",
        _required("correction_id", ID, "last part of ruleCorrections/{correction}"),
        _required("event_id", ID, "the event"),
        _required("product_id", ID, "its product"),
        _required("from_version", sa.Integer(), "version that it was called under"),
        _required("to_version", sa.Integer(), "version that it is settled under"),
        _required("reason", sa.Text(), "why, in words"),
        *_decided(),
        sa.PrimaryKeyConstraint("correction_id", name="pk_rule_corrections"),
        sa.CheckConstraint(
            "state NOT IN ('approved', 'rejected') OR decided_by NOT IN ('', proposed_by)",
            name="ck_rule_corrections_two_people",
        ),
        sa.ForeignKeyConstraint(["event_id"], ["events.event_id"], name="fk_rule_corrections_event_id"),
        sa.ForeignKeyConstraint(
            ["product_id", "to_version"],
            ["products.product_id", "products.version"],
            name="fk_rule_corrections_product_id_to_version",
        ),
        comment="events that are settled under another version of their product's rules",
    )
    for column in ("event_id", "state"):
        op.create_index(
            f"ix_rule_corrections_{column}_correction_id", "rule_corrections", [column, "correction_id"]
        )


def _decided() -> list[sa.Column[Any]]:
    return [
        _required("state", ID, "proposed, approved, rejected or withdrawn"),
        _required("proposed_by", sa.Text(), "who proposed it"),
        _required("decided_by", sa.Text(), "who decided, another person; empty while it waits"),
        _optional("decided_at", AT, "when, UTC; null while it waits"),
        _required("revision", sa.BigInteger(), "rises with every write, from 1"),
        _required("created_at", AT, "when the row was first written, UTC"),
        _required("updated_at", AT, "when the row was last written, UTC"),
    ]


def _add_columns() -> None:
    op.add_column(
        "statements",
        _optional("run_id", ID, "settlement run that wrote it; null before there were runs"),
    )
    op.create_index("ix_statements_run_id_statement_id", "statements", ["run_id", "statement_id"])
    op.create_index(
        "ux_statements_version", "statements", ["party_id", "period", "currency", "version"], unique=True
    )
    op.add_column("statement_files", _optional("packing", ID, "zlib, or null where the content is as it is"))
    for column in (
        _optional("period", ID, "settlement period of the statement, YYYY-MM"),
        _optional("raised_by", sa.Text(), "who objected; null where it was not kept"),
        _optional("decided_by", sa.Text(), "who decided or withdrew; null while it is open"),
        _optional("decided_at", AT, "when, UTC; null while it is open"),
        _optional("measure_again", sa.Boolean(), "whether what it is about is measured again; null for not"),
        _optional(
            "measured_pairs",
            sa.JSON(none_as_null=True),
            "event and site that are measured again; null for none",
        ),
    ):
        op.add_column("disputes", column)
    op.create_index("ix_disputes_period_dispute_id", "disputes", ["period", "dispute_id"])
    op.execute(
        "UPDATE disputes SET period = (SELECT period FROM statements "
        "WHERE statements.statement_id = disputes.statement_id)"
    )
    _say(
        [
            (
                "COLUMN statements.statement_id",
                "{party}-{period}-v{version}, with the currency before the version if not home",
            ),
            (
                "COLUMN statements.version",
                "counts the versions of this party, period and currency from 1",
            ),
            ("TABLE statements", "statements, never changed; their files are in statement_files"),
            ("COLUMN statement_files.content", "the file, byte for byte, or packed"),
        ]
    )


def _guard() -> None:
    op.execute(POSTINGS)
    if op.get_bind().dialect.name == "sqlite":
        for table in FIXED:
            for change in ("UPDATE", "DELETE"):
                op.execute(
                    f"CREATE TRIGGER {table}_keeps_{change} BEFORE {change} ON {table}\n"
                    f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
                )
        op.execute(
            "CREATE TRIGGER statements_say_what_is_booked BEFORE INSERT ON statements\n"
            f"WHEN NEW.run_id IS NOT NULL AND ({IS_WRONG})\n"
            f"BEGIN SELECT RAISE(ABORT, '{WRONG}'); END"
        )
        return
    op.execute(
        "CREATE FUNCTION vpp_keep() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN\n"
        "RAISE EXCEPTION USING ERRCODE = 'VP001', MESSAGE = TG_TABLE_NAME || ' is append-only';\n"
        "END $$"
    )
    op.execute(
        "CREATE FUNCTION vpp_check_statement() RETURNS trigger LANGUAGE plpgsql\n"
        "SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$ BEGIN\n"
        f"IF {IS_WRONG} THEN\n"
        f"RAISE EXCEPTION USING ERRCODE = 'VP001', MESSAGE = '{WRONG}: ' || NEW.statement_id;\n"
        "END IF; RETURN NEW; END $$"
    )
    for table in FIXED:
        op.execute(
            f"CREATE TRIGGER {table}_keeps_rows BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION vpp_keep()"
        )
        op.execute(
            f"CREATE TRIGGER {table}_keeps_all BEFORE TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION vpp_keep()"
        )
    op.execute(
        "CREATE TRIGGER statements_say_what_is_booked BEFORE INSERT ON statements "
        "FOR EACH ROW WHEN (NEW.run_id IS NOT NULL) EXECUTE FUNCTION vpp_check_statement()"
    )


def _unguard() -> None:
    op.execute("DROP VIEW ledger_postings")
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    endings = ("UPDATE", "DELETE") if is_sqlite else ("rows", "all")
    names = [(f"{table}_keeps_{ending}", table) for table in FIXED for ending in endings]
    for name, table in [*names, ("statements_say_what_is_booked", "statements")]:
        op.execute(f"DROP TRIGGER {name}" if is_sqlite else f"DROP TRIGGER {name} ON {table}")
    if not is_sqlite:
        op.execute("DROP FUNCTION vpp_keep()")
        op.execute("DROP FUNCTION vpp_check_statement()")


def _say(comments: Iterable[tuple[str, str]]) -> None:
    """Comment; SQLite keeps no comments."""
    if op.get_bind().dialect.name == "sqlite":
        return
    for what, comment in comments:
        op.execute(f"COMMENT ON {what} IS '{comment}'")


def _required(name: str, kind: Any, comment: str) -> sa.Column[Any]:  # noqa: ANN401  SQLAlchemy's types share no base that it names
    return sa.Column(name, kind, nullable=False, comment=comment)


def _optional(name: str, kind: Any, comment: str) -> sa.Column[Any]:  # noqa: ANN401  as above
    return sa.Column(name, kind, nullable=True, comment=comment)
