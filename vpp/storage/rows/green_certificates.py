"""Green certificates."""

from datetime import date

from sqlalchemy import RowMapping as Row

from vpp.settlement.green_certificate import GreenCertificate, GreenCertificateKind, GreenCertificateState
from vpp.storage.repository import TableMapping, Values
from vpp.storage.tables.green_certificates import GREEN_CERTIFICATES


def _certificate_row(one: GreenCertificate) -> Values:
    return {
        "certificate_id": one.certificate_id,
        "issuer": one.issuer,
        "serial": one.serial,
        "party_id": one.party_id,
        "kind": one.kind.value,
        "first_day": one.first_day.isoformat(),
        "last_day": one.last_day.isoformat(),
        "state": one.state.value,
        "site_id": one.site_id or None,
        "period": one.period or None,
    }


def _certificate(row: Row) -> GreenCertificate:
    return GreenCertificate(
        issuer=row["issuer"],
        serial=row["serial"],
        party_id=row["party_id"],
        kind=GreenCertificateKind(row["kind"]),
        first_day=date.fromisoformat(row["first_day"]),
        last_day=date.fromisoformat(row["last_day"]),
        state=GreenCertificateState(row["state"]),
        site_id=row["site_id"] or "",
        period=row["period"] or "",
    )


GREEN_CERTIFICATE_MAPPING = TableMapping(
    GREEN_CERTIFICATES,
    _certificate_row,
    _certificate,
    frozenset({"party_id", "site_id", "period", "state"}),
)
