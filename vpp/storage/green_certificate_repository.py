"""Green certificates by id, and what callers ask of them."""

from sqlalchemy import func, select

from vpp.settlement.green_certificate import USED, GreenCertificate, GreenCertificateState
from vpp.storage.repository import SqlRepository
from vpp.storage.rows.green_certificates import GREEN_CERTIFICATE_MAPPING
from vpp.storage.tables.green_certificates import GREEN_CERTIFICATES
from vpp.storage.transaction import Transaction
from vpp.workflows.ports import Stored

_USED = sorted(state.value for state in USED)


class SqlGreenCertificateRepository(SqlRepository[GreenCertificate]):
    """Green certificates; implements `workflows.ports.GreenCertificateRepository`."""

    def __init__(self, transaction: Transaction) -> None:
        """Work inside a transaction."""
        super().__init__(transaction, GREEN_CERTIFICATE_MAPPING)

    def held(self, party_id: str, limit: int) -> list[Stored[GreenCertificate]]:
        """Return certificates that a party may use, the oldest generation first, then by id."""
        columns = GREEN_CERTIFICATES.c
        statement = (
            select(GREEN_CERTIFICATES)
            .where(columns.party_id == party_id, columns.state == GreenCertificateState.HELD.value)
            .order_by(columns.last_day, columns.certificate_id)
            .limit(limit)
        )
        return self._stored(self._transaction.read(statement).mappings().all())

    def used(self, site_id: str, period: str) -> dict[str, Stored[GreenCertificate]]:
        """Return the certificates that count for a site in a period, by id."""
        columns = GREEN_CERTIFICATES.c
        statement = (
            select(GREEN_CERTIFICATES)
            .where(columns.site_id == site_id, columns.period == period, columns.state.in_(_USED))
            .order_by(columns.certificate_id)
        )
        found = self._stored(self._transaction.read(statement).mappings().all())
        return {stored.value.certificate_id: stored for stored in found}

    def counts(self, site_id: str, period: str) -> dict[GreenCertificateState, int]:
        """Return how many count for a site in a period, by state; states without any are left out."""
        columns = GREEN_CERTIFICATES.c
        statement = (
            select(columns.state, func.count().label("number"))
            .where(columns.site_id == site_id, columns.period == period, columns.state.in_(_USED))
            .group_by(columns.state)
        )
        rows = self._transaction.read(statement).mappings()
        return {GreenCertificateState(row["state"]): row["number"] for row in rows}
