"""Whether the database takes a write, and how much is owed."""

from sqlalchemy import func, select

from vpp.storage.inserting import insert_into
from vpp.storage.tables.messaging import OUTBOX
from vpp.storage.tables.observability import PROBES
from vpp.storage.transaction import Transaction
from vpp.workflows.health_ports import SiteBacklog

PROBE_ID = "readiness"


class SqlHealthRepository:
    """Looks after the hub itself; implements `workflows.health_ports.HealthRepository`."""

    def __init__(self, transaction: Transaction) -> None:
        """Work inside a transaction."""
        self._transaction = transaction

    def probe(self) -> None:
        """Write one row that is there for this alone."""
        transaction = self._transaction
        statement = insert_into(PROBES, sqlite=transaction.is_sqlite)
        transaction.write(
            statement.on_conflict_do_update(
                index_elements=[PROBES.c.probe_id],
                set_={
                    "written_count": PROBES.c.written_count + 1,
                    "written_at": statement.excluded.written_at,
                },
            ),
            {"probe_id": PROBE_ID, "written_count": 1, "written_at": transaction.now},
        )

    def backlog(self) -> dict[str, SiteBacklog]:
        """Return what each site is owed that is owed anything; reads the index of open rows."""
        statement = (
            select(
                OUTBOX.c.site_id,
                func.count().label("open_count"),
                func.min(OUTBOX.c.created_at).label("since"),
            )
            .where(OUTBOX.c.acknowledged_at.is_(None))
            .group_by(OUTBOX.c.site_id)
        )
        rows = self._transaction.read(statement).mappings()
        return {row["site_id"]: SiteBacklog(row["open_count"], row["since"]) for row in rows}
