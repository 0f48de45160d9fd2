"""Statements (without their files), disputes and remembered requests."""

from sqlalchemy import RowMapping as Row

from vpp.storage.repository import TableMapping, Values
from vpp.storage.tables.messaging import REQUESTS
from vpp.storage.tables.settlement import DISPUTES, STATEMENTS
from vpp.workflows.records import DisputeRecord, DisputeState, RequestRecord, StatementRecord


def _statement_row(statement: StatementRecord) -> Values:
    return {
        "statement_id": statement.statement_id,
        "party_id": statement.party_id,
        "period": statement.period,
        "version": statement.version,
        "run_type": statement.run_type,
        "line_count": statement.line_count,
        "currency": statement.currency,
        "total": statement.total,
        "delta": statement.delta,
        "csv_sha256": statement.csv_sha256,
        "run_id": statement.run_id or None,
    }


def _statement(row: Row) -> StatementRecord:
    return StatementRecord(
        statement_id=row["statement_id"],
        party_id=row["party_id"],
        period=row["period"],
        version=row["version"],
        run_type=row["run_type"],
        line_count=row["line_count"],
        currency=row["currency"],
        total=row["total"],
        delta=row["delta"],
        csv_sha256=row["csv_sha256"],
        files={},
        run_id=row["run_id"] or "",
    )


def _dispute_row(dispute: DisputeRecord) -> Values:
    return {
        "dispute_id": dispute.dispute_id,
        "statement_id": dispute.statement_id,
        "party_id": dispute.party_id,
        "line_numbers": list(dispute.line_numbers),
        "description": dispute.description,
        "state": dispute.state.value,
        "resolution": dispute.resolution,
        "period": dispute.period or None,
        "raised_by": dispute.raised_by or None,
        "decided_by": dispute.decided_by or None,
        "decided_at": dispute.decided_at,
        "measure_again": dispute.measure_again or None,
        "measured_pairs": [list(pair) for pair in dispute.measured_pairs] or None,
        "raised_person": dispute.raised_person or None,
    }


def _dispute(row: Row) -> DisputeRecord:
    return DisputeRecord(
        dispute_id=row["dispute_id"],
        statement_id=row["statement_id"],
        party_id=row["party_id"],
        line_numbers=tuple(row["line_numbers"]),
        description=row["description"],
        state=DisputeState(row["state"]),
        resolution=row["resolution"],
        period=row["period"] or "",
        raised_by=row["raised_by"] or "",
        decided_by=row["decided_by"] or "",
        decided_at=row["decided_at"],
        measure_again=bool(row["measure_again"]),
        measured_pairs=tuple((event_id, site_id) for event_id, site_id in row["measured_pairs"] or ()),
        raised_person=row["raised_person"] or "",
    )


def _request_row(request: RequestRecord) -> Values:
    return {"method": request.method, "fingerprint": request.fingerprint, "subject_id": request.subject_id}


def _request(row: Row) -> RequestRecord:
    return RequestRecord(method=row["method"], fingerprint=row["fingerprint"], subject_id=row["subject_id"])


STATEMENT_MAPPING = TableMapping(
    STATEMENTS, _statement_row, _statement, frozenset({"party_id", "period", "run_id"})
)
DISPUTE_MAPPING = TableMapping(
    DISPUTES, _dispute_row, _dispute, frozenset({"statement_id", "party_id", "period", "state"})
)
REQUEST_MAPPING = TableMapping(REQUESTS, _request_row, _request)
