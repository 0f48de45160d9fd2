"""Suspended principals and revoked certificates as rows."""

from sqlalchemy import RowMapping as Row

from vpp.storage.repository import TableMapping, Values
from vpp.storage.tables.access import PRINCIPAL_STANDINGS, REVOKED_CERTIFICATES
from vpp.workflows.access_records import SERIAL_PREFIX, CertificateRevocation, PrincipalStanding


def _standing_row(standing: PrincipalStanding) -> Values:
    return {
        "principal_id": standing.principal_id,
        "is_suspended": standing.is_suspended,
        "reason": standing.reason,
        "decided_by": standing.decided_by,
    }


def _standing(row: Row) -> PrincipalStanding:
    return PrincipalStanding(row["principal_id"], row["is_suspended"], row["reason"], row["decided_by"])


def _revocation_row(revocation: CertificateRevocation) -> Values:
    return {
        "revocation_id": revocation.revocation_id,
        "reason": revocation.reason,
        "revoked_by": revocation.revoked_by,
    }


def _revocation(row: Row) -> CertificateRevocation:
    serial = row["revocation_id"].removeprefix(SERIAL_PREFIX)
    return CertificateRevocation(serial, row["reason"], row["revoked_by"])


STANDING_MAPPING = TableMapping(PRINCIPAL_STANDINGS, _standing_row, _standing)
REVOCATION_MAPPING = TableMapping(REVOKED_CERTIFICATES, _revocation_row, _revocation)
