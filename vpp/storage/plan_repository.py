"""Load that sites plan themselves."""

from sqlalchemy import select

from vpp.foundation.interval import Interval
from vpp.storage.tables.forecasts import SITE_PLANS
from vpp.storage.transaction import Transaction
from vpp.workflows.forecast_records import SitePlanRecord


class SqlPlanRepository:
    """Sites' own plans, never changed; implements `workflows.forecast_ports.PlanRepository`."""

    def __init__(self, transaction: Transaction) -> None:
        """Work inside a transaction."""
        self._transaction = transaction

    def add(self, record: SitePlanRecord) -> None:
        """Keep a plan."""
        row = {
            "site_id": record.site_id,
            "start_at": record.start_at,
            "end_at": record.end_at,
            "step_s": record.step,
            "plan_kw": record.plan_kw,
            "received_at": record.received_at,
        }
        self._transaction.noted(SITE_PLANS, [(record.site_id, record.received_at)])
        self._transaction.write(SITE_PLANS.insert(), row)

    def overlapping(self, site_id: str, span: Interval) -> list[SitePlanRecord]:
        """Return the plans that share an instant with a span, in the order in which they came."""
        columns = SITE_PLANS.c
        statement = (
            select(SITE_PLANS)
            .where(columns.site_id == site_id, columns.end_at > span.start, columns.start_at < span.end)
            .order_by(columns.plan_number)
        )
        return [
            SitePlanRecord(
                site_id=row["site_id"],
                start_at=row["start_at"],
                step=row["step_s"],
                plan_kw=row["plan_kw"],
                received_at=row["received_at"],
            )
            for row in self._transaction.read(statement).mappings()
        ]
