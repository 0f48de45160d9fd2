"""What the database itself refuses: changing what was booked, and statements that are not their postings.

Money in is money out because an entry is one row: what leaves an account is what arrives at another, in the
currency of both. What is left to check is that nobody alters a row, and that a statement says what the ledger
says. A statement of a run is refused unless its total is the sum of its party's postings of the period in its
currency, and its change the sum of those of its run.

Both databases are told to begin with the party's few accounts: left to themselves, and without statistics of
what has just been written, they would read the whole period for every statement.
"""

from sqlalchemy import DDL, event

from vpp.storage.engine import POSTGRESQL, SQLITE
from vpp.storage.tables.schema import METADATA

FIXED = (
    "settlement_runs",
    "settlement_evidence",
    "ledger_accounts",
    "ledger_entries",
    "statements",
    "statement_files",
)
"""Tables of which no row is changed or deleted."""

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
"""Both legs of every entry: positive is received. Over all accounts they add up to 0."""

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


def sqlite_guards() -> list[str]:
    """Return what SQLite is told, in order."""
    checks = (
        "CREATE TRIGGER statements_say_what_is_booked BEFORE INSERT ON statements\n"
        f"WHEN NEW.run_id IS NOT NULL AND ({IS_WRONG})\n"
        f"BEGIN SELECT RAISE(ABORT, '{WRONG}'); END"
    )
    return [
        POSTINGS,
        *(
            f"CREATE TRIGGER {table}_keeps_{change} BEFORE {change} ON {table}\n"
            f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            for table in FIXED
            for change in ("UPDATE", "DELETE")
        ),
        checks,
    ]


def postgresql_guards() -> list[str]:
    """Return what PostgreSQL is told, in order. `VP001` is our own code for a broken promise."""
    keep = (
        "CREATE FUNCTION vpp_keep() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN\n"
        "RAISE EXCEPTION USING ERRCODE = 'VP001', MESSAGE = TG_TABLE_NAME || ' is append-only';\n"
        "END $$"
    )
    check = (
        "CREATE FUNCTION vpp_check_statement() RETURNS trigger LANGUAGE plpgsql\n"
        "SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$ BEGIN\n"
        f"IF {IS_WRONG} THEN\n"
        f"RAISE EXCEPTION USING ERRCODE = 'VP001', MESSAGE = '{WRONG}: ' || NEW.statement_id;\n"
        "END IF; RETURN NEW; END $$"
    )
    checks = (
        "CREATE TRIGGER statements_say_what_is_booked BEFORE INSERT ON statements "
        "FOR EACH ROW WHEN (NEW.run_id IS NOT NULL) EXECUTE FUNCTION vpp_check_statement()"
    )
    return [
        POSTINGS,
        keep,
        check,
        *(
            f"CREATE TRIGGER {table}_keeps_rows BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION vpp_keep()"
            for table in FIXED
        ),
        *(
            f"CREATE TRIGGER {table}_keeps_all BEFORE TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION vpp_keep()"
            for table in FIXED
        ),
        checks,
    ]


def _declare() -> None:
    for dialect, guards in ((SQLITE, sqlite_guards()), (POSTGRESQL, postgresql_guards())):
        for guard in guards:
            event.listen(METADATA, "after_create", DDL(guard).execute_if(dialect=dialect))  # type: ignore[no-untyped-call]


_declare()
