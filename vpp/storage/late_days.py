"""Days of sites that readings came to after the day was over: they are summed up again."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Delete, and_, bindparam, delete, func, or_, select

from vpp.foundation.interval import Interval
from vpp.storage.inserting import insert_into
from vpp.storage.many_values import among, ids_parameter
from vpp.storage.tables.telemetry import TELEMETRY_LATE, TELEMETRY_ROLL_UPS
from vpp.storage.transaction import Transaction
from vpp.telemetry.day_cuts import ONE_DAY, day_of

LATE, ROLL_UPS = TELEMETRY_LATE.c, TELEMETRY_ROLL_UPS.c


class LateDays:
    """The days, each with the number of the newest batch that came late."""

    def __init__(self, transaction: Transaction) -> None:
        """Work inside a transaction."""
        self._transaction = transaction

    def first_that_goes_on(self) -> datetime:
        """Return the midnight UTC that the first day begins with that is not over.

        A day that was summed up is over even if the clock has been set back since.
        """
        newest = select(func.max(ROLL_UPS.day_at).label("day_at"))
        summed_up: datetime | None = self._transaction.read(newest).scalar_one()
        today = day_of(self._transaction.now)
        return today if summed_up is None else max(today, summed_up + ONE_DAY)

    def mark(self, days: Iterable[tuple[str, datetime, int]]) -> None:
        """Take note of days by site and midnight UTC; each site's numbers in ascending order."""
        newest = {(site_id, day_at): number for site_id, day_at, number in days}
        if not newest:
            return
        insert = insert_into(TELEMETRY_LATE, sqlite=self._transaction.is_sqlite)
        rows = [
            {"site_id": site_id, "day_at": day_at, "last_number": number}
            for (site_id, day_at), number in sorted(newest.items())
        ]
        self._transaction.write(
            insert.on_conflict_do_update(
                index_elements=[LATE.site_id, LATE.day_at],
                set_={"last_number": insert.excluded.last_number},
            ),
            rows,
        )

    def clear(self, days: Sequence[tuple[str, datetime, int]]) -> None:
        """Forget days whose newest late batch has that number or a lower one."""
        rows: list[dict[str, Any]] = [
            {"m_site_id": site_id, "m_day_at": day_at, "m_number": number} for site_id, day_at, number in days
        ]
        if rows:
            self._transaction.write(_counted(), rows)

    def listed(
        self, span: Interval, after: tuple[str, datetime] | None, limit: int
    ) -> list[tuple[str, datetime]]:
        """List days that begin in a span, by site and midnight UTC, after one."""
        statement = (
            select(LATE.site_id, LATE.day_at)
            .where(LATE.day_at >= span.start, LATE.day_at < span.end)
            .order_by(LATE.site_id, LATE.day_at)
            .limit(limit)
        )
        if after is not None:
            site_id, day_at = after
            is_later = and_(LATE.site_id == site_id, LATE.day_at > day_at)
            statement = statement.where(LATE.site_id >= site_id, or_(LATE.site_id > site_id, is_later))
        return [(row.site_id, row.day_at) for row in self._transaction.read(statement)]

    def forget(self, site_ids: Iterable[str], before: datetime) -> None:
        """Forget days before a midnight UTC."""
        sqlite = self._transaction.is_sqlite
        old = delete(TELEMETRY_LATE).where(among(LATE.site_id, sqlite=sqlite), LATE.day_at < before)
        self._transaction.write(old, ids_parameter(site_ids, sqlite=sqlite))


def _counted() -> Delete:
    return delete(TELEMETRY_LATE).where(
        LATE.site_id == bindparam("m_site_id"),
        LATE.day_at == bindparam("m_day_at"),
        LATE.last_number <= bindparam("m_number"),
    )
