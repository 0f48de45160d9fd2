"""Load forecasts as they were made, and what they turned out to be wrong by."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import RowMapping as Row
from sqlalchemy import and_, exists, func, or_, select, tuple_

from vpp.foundation.interval import Interval
from vpp.storage.inserting import insert_into
from vpp.storage.many_values import among, ids_parameter
from vpp.storage.tables.forecasts import FORECAST_ERRORS, LOAD_FORECASTS
from vpp.storage.transaction import Transaction
from vpp.workflows.forecast_ports import ForecastPlace
from vpp.workflows.forecast_records import ForecastErrorRecord, ForecastKind, ForecastRecord

FORECASTS, ERRORS = LOAD_FORECASTS.c, FORECAST_ERRORS.c


class SqlForecastRepository:
    """Load forecasts, never changed; implements `workflows.forecast_ports.ForecastRepository`."""

    def __init__(self, transaction: Transaction) -> None:
        """Work inside a transaction."""
        self._transaction = transaction

    def add(self, record: ForecastRecord) -> None:
        """Keep a forecast; the same site, kind, horizon start and instant again is ignored."""
        statement = insert_into(LOAD_FORECASTS, sqlite=self._transaction.is_sqlite).on_conflict_do_nothing(
            index_elements=list(LOAD_FORECASTS.primary_key.columns)
        )
        row = {
            "site_id": record.site_id,
            "kind": record.kind.value,
            "horizon_start_at": record.horizon.start,
            "made_at": record.made_at,
            "horizon_end_at": record.horizon.end,
            "step_s": record.step_s,
            "method": record.method,
            "p10_kw": record.p10_kw,
            "p50_kw": record.p50_kw,
            "p90_kw": record.p90_kw,
            "point_kw": record.point_kw,
            "notes": list(record.notes),
        }
        key = (record.site_id, record.kind.value, record.horizon.start, record.made_at)
        self._transaction.noted(LOAD_FORECASTS, [key])
        self._transaction.write(statement, row)

    def is_made(self, site_id: str, kind: ForecastKind, horizon_start_at: datetime) -> bool:
        """Tell whether a site has a forecast of that kind whose horizon begins at an instant."""
        known = select(FORECASTS.site_id).where(
            FORECASTS.site_id == site_id,
            FORECASTS.kind == kind.value,
            FORECASTS.horizon_start_at == horizon_start_at,
        )
        return self._transaction.read(known.limit(1)).first() is not None

    def covering(
        self, site_id: str, instant: datetime, kind: ForecastKind | None = None
    ) -> ForecastRecord | None:
        """Return the newest forecast, of a kind or any, whose horizon holds the instant, or None."""
        statement = (
            select(LOAD_FORECASTS)
            .where(
                FORECASTS.site_id == site_id,
                FORECASTS.horizon_start_at <= instant,
                FORECASTS.horizon_end_at > instant,
                *_of_kind(kind),
            )
            .order_by(FORECASTS.made_at.desc(), FORECASTS.horizon_start_at.desc(), FORECASTS.kind)
            .limit(1)
        )
        row = self._transaction.read(statement).mappings().first()
        return None if row is None else _forecast(row)

    def covering_all(self, site_ids: Sequence[str], instant: datetime) -> dict[str, ForecastRecord]:
        """Return of each of these sites what `covering` returns; those without are left out."""
        is_sqlite = self._transaction.is_sqlite
        place = func.row_number().over(
            partition_by=FORECASTS.site_id,
            order_by=(FORECASTS.made_at.desc(), FORECASTS.horizon_start_at.desc(), FORECASTS.kind),
        )
        # Places are given to keys alone: most of what covers an instant is not the newest, and not read.
        keys = list(LOAD_FORECASTS.primary_key.columns)
        placed = (
            select(*keys, place.label("place"))
            .where(
                among(FORECASTS.site_id, sqlite=is_sqlite),
                FORECASTS.horizon_start_at <= instant,
                FORECASTS.horizon_end_at > instant,
            )
            .subquery()
        )
        is_newest = and_(placed.c.place == 1, *(placed.c[key.name] == key for key in keys))
        statement = select(LOAD_FORECASTS).join(placed, is_newest)
        rows = self._transaction.read(statement, ids_parameter(site_ids, sqlite=is_sqlite)).mappings()
        return {row["site_id"]: _forecast(row) for row in rows}

    def overlapping(
        self, site_ids: Sequence[str], kind: ForecastKind, span: Interval
    ) -> list[ForecastRecord]:
        """Return forecasts whose horizons share an instant with a span, by site, the newest made last."""
        statement = (
            select(LOAD_FORECASTS)
            .where(
                FORECASTS.site_id.in_(site_ids),
                FORECASTS.kind == kind.value,
                FORECASTS.horizon_start_at < span.end,
                FORECASTS.horizon_end_at > span.start,
            )
            .order_by(FORECASTS.site_id, FORECASTS.made_at, FORECASTS.horizon_start_at)
        )
        return [_forecast(row) for row in self._transaction.read(statement).mappings()]

    def newest(
        self,
        site_id: str,
        *,
        after: ForecastPlace | None = None,
        limit: int = 1000,
        kind: ForecastKind | None = None,
    ) -> list[ForecastRecord]:
        """List a site's forecasts, newest first, after a place in the list."""
        statement = select(LOAD_FORECASTS).where(FORECASTS.site_id == site_id, *_of_kind(kind))
        if after is not None:
            earlier = FORECASTS.made_at < after.made_at
            same_time = FORECASTS.made_at == after.made_at
            later_row = or_(
                FORECASTS.horizon_start_at < after.horizon_start_at,
                (FORECASTS.horizon_start_at == after.horizon_start_at) & (FORECASTS.kind > after.kind.value),
            )
            statement = statement.where(or_(earlier, same_time & later_row))
        statement = statement.order_by(
            FORECASTS.made_at.desc(), FORECASTS.horizon_start_at.desc(), FORECASTS.kind
        ).limit(limit)
        return [_forecast(row) for row in self._transaction.read(statement).mappings()]

    def without_error(self, site_id: str, kind: ForecastKind, ended: Interval) -> list[ForecastRecord]:
        """Return forecasts whose horizons ended within a span and that have no error, oldest first."""
        is_noted = exists().where(
            tuple_(ERRORS.site_id, ERRORS.kind, ERRORS.horizon_start_at, ERRORS.made_at)
            == tuple_(FORECASTS.site_id, FORECASTS.kind, FORECASTS.horizon_start_at, FORECASTS.made_at)
        )
        statement = (
            select(LOAD_FORECASTS)
            .where(
                FORECASTS.site_id == site_id,
                FORECASTS.kind == kind.value,
                FORECASTS.horizon_end_at > ended.start,
                FORECASTS.horizon_end_at <= ended.end,
                ~is_noted,
            )
            .order_by(FORECASTS.horizon_start_at, FORECASTS.made_at)
        )
        return [_forecast(row) for row in self._transaction.read(statement).mappings()]

    def note_error(self, record: ForecastErrorRecord) -> None:
        """Keep what a forecast was wrong by; once noted, it stays."""
        statement = insert_into(FORECAST_ERRORS, sqlite=self._transaction.is_sqlite).on_conflict_do_nothing(
            index_elements=list(FORECAST_ERRORS.primary_key.columns)
        )
        row = {
            "site_id": record.site_id,
            "kind": record.kind.value,
            "horizon_start_at": record.horizon_start_at,
            "made_at": record.made_at,
            "step_s": record.step_s,
            "error_kw": record.error_kw,
            "noted_at": self._transaction.now,
        }
        key = (record.site_id, record.kind.value, record.horizon_start_at, record.made_at)
        self._transaction.noted(FORECAST_ERRORS, [key])
        self._transaction.write(statement, row)

    def errors(
        self, site_ids: Sequence[str], kind: ForecastKind, started: Interval
    ) -> list[ForecastErrorRecord]:
        """Return the errors of forecasts whose horizons began within a span, by site, newest made last."""
        statement = (
            select(FORECAST_ERRORS)
            .where(
                ERRORS.site_id.in_(site_ids),
                ERRORS.kind == kind.value,
                ERRORS.horizon_start_at >= started.start,
                ERRORS.horizon_start_at < started.end,
            )
            .order_by(ERRORS.site_id, ERRORS.made_at, ERRORS.horizon_start_at)
        )
        return [
            ForecastErrorRecord(
                site_id=row["site_id"],
                kind=ForecastKind(row["kind"]),
                horizon_start_at=row["horizon_start_at"],
                made_at=row["made_at"],
                step_s=row["step_s"],
                error_kw=row["error_kw"],
            )
            for row in self._transaction.read(statement).mappings()
        ]


def _of_kind(kind: ForecastKind | None) -> tuple[()] | tuple[object]:
    return () if kind is None else (FORECASTS.kind == kind.value,)


def _forecast(row: Row) -> ForecastRecord:
    return ForecastRecord(
        site_id=row["site_id"],
        made_at=row["made_at"],
        horizon=Interval(row["horizon_start_at"], row["horizon_end_at"]),
        step_s=row["step_s"],
        method=row["method"],
        p10_kw=row["p10_kw"],
        p50_kw=row["p50_kw"],
        p90_kw=row["p90_kw"],
        kind=ForecastKind(row["kind"]),
        point_kw=row["point_kw"],
        notes=tuple(row["notes"]),
    )
