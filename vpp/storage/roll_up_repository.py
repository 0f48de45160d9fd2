"""Days of sites summed up: what long windows are read from."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import numpy as np
from sqlalchemy import Row, Select, delete, exists, select

from vpp.foundation.interval import Interval
from vpp.storage.inserting import insert_into
from vpp.storage.late_days import LateDays
from vpp.storage.many_values import among, ids_parameter
from vpp.storage.packing import packed, packed_counts, unpacked, unpacked_counts
from vpp.storage.tables.telemetry import TELEMETRY_LATE, TELEMETRY_ROLL_UPS
from vpp.storage.transaction import Transaction
from vpp.telemetry.roll_up import RollUp, RollUpLevel

ROLL_UPS, LATE = TELEMETRY_ROLL_UPS.c, TELEMETRY_LATE.c
_KEY = (ROLL_UPS.site_id, ROLL_UPS.level, ROLL_UPS.day_at)


class SqlRollUpRepository:
    """Days of sites summed up; implements `workflows.telemetry_ports.RollUpRepository`."""

    def __init__(self, transaction: Transaction) -> None:
        """Work inside a transaction."""
        self._transaction = transaction
        self._late = LateDays(transaction)

    def of_site(
        self, site_id: str, span: Interval, level: RollUpLevel, *, up_to: int | None = None
    ) -> list[RollUp]:
        """Return a site's days that begin in a span and are up to date, in order.

        Args:
            site_id: Whose days.
            span: The span.
            level: How far they are summed up.
            up_to: Only days that hold nothing received after the batch of this number.
        """
        statement = _up_to_date(span, level).where(ROLL_UPS.site_id == site_id)
        if up_to is not None:
            statement = statement.where(ROLL_UPS.last_number <= up_to)
        return [_roll_up(row) for row in self._transaction.read(statement)]

    def of_sites(
        self, site_ids: Iterable[str], span: Interval, level: RollUpLevel, *, as_of: datetime | None = None
    ) -> dict[str, list[RollUp]]:
        """Return the same of many sites in one statement, by site; those without any are left out.

        Args:
            site_ids: Whose days.
            span: The span.
            level: How far they are summed up.
            as_of: Only days that were summed up by this instant. What came to them between then and this
                instant would have made them late, so that they hold what was known.
        """
        sqlite = self._transaction.is_sqlite
        statement = _up_to_date(span, level).where(among(ROLL_UPS.site_id, sqlite=sqlite))
        if as_of is not None:
            statement = statement.where(ROLL_UPS.computed_at <= as_of)
        found: dict[str, list[RollUp]] = {}
        for row in self._transaction.read(statement, ids_parameter(site_ids, sqlite=sqlite)):
            found.setdefault(row.site_id, []).append(_roll_up(row))
        return found

    def keep(self, roll_ups: Sequence[RollUp]) -> None:
        """Keep days in place of older versions of them; what came later keeps its day marked."""
        if not roll_ups:
            return
        insert = insert_into(TELEMETRY_ROLL_UPS, sqlite=self._transaction.is_sqlite)
        new = insert.excluded
        replaced = {
            column.name: new[column.name] for column in ROLL_UPS if column not in {*_KEY, ROLL_UPS.version}
        }
        self._transaction.write(
            insert.on_conflict_do_update(
                index_elements=list(_KEY), set_={**replaced, "version": ROLL_UPS.version + 1}
            ),
            [{**_row(one), "computed_at": self._transaction.now} for one in roll_ups],
        )

    def settled(self, days: Sequence[tuple[str, datetime, int]]) -> None:
        """Take note that days are up to date as of a site's batch: site, midnight UTC and its number."""
        self._late.clear(days)

    def late_days(
        self, span: Interval, *, after: tuple[str, datetime] | None = None, limit: int = 1000
    ) -> list[tuple[str, datetime]]:
        """List days of a span that are to be summed up again, by site and midnight UTC, after one."""
        return self._late.listed(span, after, limit)

    def forget(self, site_ids: Iterable[str], before: datetime, level: RollUpLevel) -> None:
        """Forget days of sites before a midnight UTC."""
        sqlite = self._transaction.is_sqlite
        ids = list(site_ids)
        old = delete(TELEMETRY_ROLL_UPS).where(
            among(ROLL_UPS.site_id, sqlite=sqlite), ROLL_UPS.level == int(level), ROLL_UPS.day_at < before
        )
        self._transaction.write(old, ids_parameter(ids, sqlite=sqlite))
        if level is RollUpLevel.METERING:
            self._late.forget(ids, before)


def _up_to_date(span: Interval, level: RollUpLevel) -> Select[Any]:
    """Select the days that begin in a span and need not be summed up again."""
    is_late = exists().where(LATE.site_id == ROLL_UPS.site_id, LATE.day_at == ROLL_UPS.day_at)
    return (
        select(TELEMETRY_ROLL_UPS)
        .where(
            ROLL_UPS.level == int(level), ROLL_UPS.day_at >= span.start, ROLL_UPS.day_at < span.end, ~is_late
        )
        .order_by(ROLL_UPS.site_id, ROLL_UPS.day_at)
    )


def _row(roll_up: RollUp) -> dict[str, Any]:
    return {
        "site_id": roll_up.site_id,
        "level": int(roll_up.level),
        "day_at": roll_up.day_at,
        "step_s": roll_up.step,
        "samples_per_interval": roll_up.samples_per_interval,
        "net_power_kw": packed(roll_up.net_power_kw),
        "quality": roll_up.quality.astype(np.int8).tobytes(),
        "sample_count": packed_counts(roll_up.sample_count),
        "conflict_count": roll_up.conflict_count,
        "last_number": roll_up.last_number,
        "version": 1,
    }


def _roll_up(row: Row[Any]) -> RollUp:
    return RollUp(
        site_id=row.site_id,
        day_at=row.day_at,
        level=RollUpLevel(row.level),
        step=row.step_s,
        net_power_kw=unpacked(row.net_power_kw),
        quality=np.frombuffer(row.quality, dtype=np.int8),
        sample_count=unpacked_counts(row.sample_count),
        samples_per_interval=row.samples_per_interval,
        conflict_count=row.conflict_count,
        last_number=row.last_number,
    )
