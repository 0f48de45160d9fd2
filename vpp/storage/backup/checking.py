"""Checks a database from end to end: its pages, its references, its ledger, its audit record."""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Connection, Engine, inspect, text

from vpp.storage.audit_check import check_audit
from vpp.storage.engine import POSTGRESQL, READ_ONLY
from vpp.storage.failures import translated
from vpp.storage.migrate import current_revision, newest_revision
from vpp.storage.row_rules import ROW_RULES
from vpp.storage.row_security_postgresql import policies

_MOST_TOLD = 20
_UNBALANCED = text(
    "SELECT p.currency, SUM(p.amount) AS total FROM ledger_postings AS p GROUP BY p.currency "
    "HAVING SUM(p.amount) <> 0"
)
_NOT_BOOKED = text(
    "SELECT s.statement_id FROM statements AS s WHERE s.run_id IS NOT NULL AND s.delta <> "
    "(SELECT COALESCE(SUM(p.amount), 0) FROM ledger_postings AS p "
    "WHERE p.party_id = s.party_id AND p.currency = s.currency AND p.run_id = s.run_id)"
)
_POLICIES = text(
    "SELECT tablename, policyname FROM pg_policies JOIN pg_class ON pg_class.oid = "
    "(quote_ident(schemaname) || '.' || quote_ident(tablename))::regclass "
    "WHERE schemaname = 'public' AND relrowsecurity"
)
"""Those that are in force: a table can have policies that are turned off."""


@dataclass(frozen=True, slots=True)
class CheckOutcome:
    """What one check found.

    Attributes:
        name: What was checked.
        faults: What does not hold; empty if everything does.
        remark: Figures of it.
    """

    name: str
    faults: tuple[str, ...]
    remark: str = ""


def check_database(engine: Engine) -> list[CheckOutcome]:
    """Check a database, at the schema of this version or refused as the first fault.

    Args:
        engine: From `make_engine`; of the tables' owner on PostgreSQL.

    Returns:
        One outcome for each check. No fault means that the copy is whole and consistent with itself; it does
        not prove that nobody wrote other history before its audit record's last kept head.
    """
    revision = current_revision(engine)
    if revision != newest_revision():
        fault = f"it is at revision {revision or 'none'}, expected {newest_revision()}"
        return [CheckOutcome("schema", (fault,))]
    outcomes = [CheckOutcome("schema", (), f"revision {revision}")]
    with translated(), engine.connect() as connection:
        connection.execution_options(**{READ_ONLY: True})
        connection.begin()
        if connection.dialect.name == POSTGRESQL:
            connection.execute(text("SET LOCAL statement_timeout = 0"))
            outcomes.append(CheckOutcome("row security", tuple(_missing_policies(connection))))
        else:
            outcomes.append(CheckOutcome("pages", tuple(_broken_pages(connection))))
            outcomes.append(CheckOutcome("references", tuple(_broken_references(connection))))
        outcomes.append(CheckOutcome("ledger", tuple(_unbalanced(connection))))
    verdict = check_audit(engine)
    faults = tuple(str(fault) for fault in verdict.faults[:_MOST_TOLD])
    remark = f"{verdict.entry_count} entries, {verdict.row_count} rows"
    return [*outcomes, CheckOutcome("audit record", faults, remark)]


def _broken_pages(connection: Connection) -> Iterator[str]:
    for (said,) in connection.exec_driver_sql(f"PRAGMA integrity_check({_MOST_TOLD})"):
        if said != "ok":
            yield str(said)


def _broken_references(connection: Connection) -> Iterator[str]:
    for row in connection.exec_driver_sql("PRAGMA foreign_key_check").fetchmany(_MOST_TOLD):
        yield f"row {row[1]} of {row[0]} refers to {row[2]}, where it is not"


def _unbalanced(connection: Connection) -> Iterator[str]:
    for row in connection.execute(_UNBALANCED):
        yield f"postings in {row.currency} add up to {row.total} millionths, expected 0"
    for row in connection.execute(_NOT_BOOKED).fetchmany(_MOST_TOLD):
        yield f"statements/{row.statement_id} is not the sum of its postings"


def _missing_policies(connection: Connection) -> Iterator[str]:
    present = {(row.tablename, row.policyname) for row in connection.execute(_POLICIES)}
    tables = set(inspect(connection).get_table_names())
    for rule in ROW_RULES:
        for name, _ in policies(rule):
            if rule.table in tables and (rule.table, name) not in present:
                yield f"{rule.table} has no policy {name}"
