"""Load forecasts as they were made."""

from datetime import datetime

from sqlalchemy import select

from vpp.foundation.interval import Interval
from vpp.storage.inserting import insert_into
from vpp.storage.tables.dispatch import FORECASTS
from vpp.storage.transaction import Transaction
from vpp.workflows.records import ForecastRecord


class SqlForecastRepository:
    """Load forecasts, never changed; implements `workflows.ports.ForecastRepository`."""

    def __init__(self, transaction: Transaction) -> None:
        """Work inside a transaction."""
        self._transaction = transaction

    def add(self, record: ForecastRecord) -> None:
        """Keep a forecast; one of the same site and horizon start is ignored."""
        statement = insert_into(FORECASTS, sqlite=self._transaction.is_sqlite).on_conflict_do_nothing(
            index_elements=[FORECASTS.c.site_id, FORECASTS.c.horizon_start_at]
        )
        row = {
            "site_id": record.site_id,
            "horizon_start_at": record.horizon.start,
            "horizon_end_at": record.horizon.end,
            "made_at": record.made_at,
            "step_s": record.step_s,
            "method": record.method,
            "p10_kw": record.p10_kw,
            "p50_kw": record.p50_kw,
            "p90_kw": record.p90_kw,
        }
        self._transaction.write(statement, row)

    def covering(self, site_id: str, instant: datetime) -> ForecastRecord | None:
        """Return the newest forecast whose horizon holds the instant, or None."""
        columns = FORECASTS.c
        statement = (
            select(FORECASTS)
            .where(
                columns.site_id == site_id,
                columns.horizon_start_at <= instant,
                columns.horizon_end_at > instant,
            )
            .order_by(columns.made_at.desc(), columns.horizon_start_at.desc())
            .limit(1)
        )
        row = self._transaction.read(statement).mappings().first()
        if row is None:
            return None
        return ForecastRecord(
            site_id=row["site_id"],
            made_at=row["made_at"],
            horizon=Interval(row["horizon_start_at"], row["horizon_end_at"]),
            step_s=row["step_s"],
            method=row["method"],
            p10_kw=row["p10_kw"],
            p50_kw=row["p50_kw"],
            p90_kw=row["p90_kw"],
        )
