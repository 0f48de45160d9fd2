"""Everybody who is refused, read at once."""

from sqlalchemy import select

from vpp.storage.tables.access import PRINCIPAL_STANDINGS, REVOKED_CERTIFICATES
from vpp.storage.transaction import Transaction
from vpp.workflows.access_records import SERIAL_PREFIX, Barred

_SUSPENDED = select(PRINCIPAL_STANDINGS.c.principal_id).where(PRINCIPAL_STANDINGS.c.is_suspended)
_REVOKED = select(REVOKED_CERTIFICATES.c.revocation_id)


class SqlBarredRepository:
    """Who is refused; implements `workflows.access_ports.BarredRepository`."""

    def __init__(self, transaction: Transaction) -> None:
        """Work inside a transaction."""
        self._transaction = transaction

    def all(self) -> Barred:
        """Return everybody, in two statements."""
        suspended = self._transaction.read(_SUSPENDED).scalars().all()
        revoked = self._transaction.read(_REVOKED).scalars().all()
        return Barred(frozenset(suspended), frozenset(each.removeprefix(SERIAL_PREFIX) for each in revoked))
