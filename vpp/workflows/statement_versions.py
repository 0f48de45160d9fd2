"""The versions of a statement, and the one file of a version that others read."""

from vpp.foundation.errors import BrokenPromise
from vpp.workflows.booking import EVERYTHING
from vpp.workflows.ports import Stored, UnitOfWork
from vpp.workflows.recording import promised
from vpp.workflows.records import StatementRecord

_DETAIL, _SUMMARY = ".csv", ".summary.csv"


def csv_of(record: StatementRecord) -> bytes:
    """Return the file that has a statement's lines.

    Raises:
        BrokenPromise: The statement is kept without it.
    """
    for file_name, content in record.files.items():
        if file_name.endswith(_DETAIL) and not file_name.endswith(_SUMMARY):
            return content
    raise BrokenPromise(f"statements/{record.statement_id} is kept without its file")


def statement_of(uow: UnitOfWork, statement_id: str) -> StatementRecord:
    """Return a statement that another stored fact cites, with its files."""
    return promised(uow.statements.get(statement_id), f"statements/{statement_id}").value


def versions_of(uow: UnitOfWork, record: StatementRecord) -> list[Stored[StatementRecord]]:
    """Return all versions of a statement (same party, period and currency), oldest first; files left out."""
    versions = [
        stored
        for stored in uow.statements.heads(
            where={"party_id": record.party_id, "period": record.period}, limit=EVERYTHING
        )
        if stored.value.currency == record.currency
    ]
    return sorted(versions, key=lambda stored: stored.value.version)
