"""Every making of a forecast, its errors and sites' plans, on both databases."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from math import nan
from types import SimpleNamespace

import numpy as np
import pytest
from sqlalchemy import Engine, text

from vpp.foundation.clock import ManualClock
from vpp.foundation.errors import InvalidInput
from vpp.foundation.interval import Interval
from vpp.storage.migrate import downgrade, migrate
from vpp.storage.unit_of_work import SqlUnitOfWorkFactory
from vpp.workflows.forecast_ports import ForecastPlace
from vpp.workflows.forecast_records import (
    ForecastErrorRecord,
    ForecastKind,
    ForecastRecord,
    SitePlanRecord,
)
from vpp.workflows.ports import Due, DueKind, UnitOfWorkFactory

DAY, HOUR = timedelta(days=1), timedelta(hours=1)


def keep(units: UnitOfWorkFactory, *records: ForecastRecord) -> None:
    with units() as uow:
        for record in records:
            uow.forecasts.add(record)
        uow.commit()


def test_every_making_is_kept_and_the_newest_covers(
    seeded: UnitOfWorkFactory, samples: SimpleNamespace
) -> None:
    first: ForecastRecord = replace(samples.forecast, point_kw=(1.25, nan), notes=("ü", "two"))
    later = replace(first, made_at=first.made_at + HOUR, method="later")
    intraday = replace(first, made_at=first.made_at + 2 * HOUR, kind=ForecastKind.INTRADAY, point_kw=None)
    keep(seeded, first, first, later, intraday)
    with seeded(write=False) as uow:
        newest = uow.forecasts.newest("north-1")
        assert [record.method for record in newest] == [first.method, "later", first.method]
        np.testing.assert_equal(newest[2], first)
        assert newest[0].centre_kw == first.p50_kw
        at = first.horizon.start
        assert uow.forecasts.covering("north-1", at) == intraday
        day_ahead = uow.forecasts.covering("north-1", at, ForecastKind.DAY_AHEAD)
        assert day_ahead is not None
        assert day_ahead.method == "later"
        assert uow.forecasts.is_made("north-1", ForecastKind.INTRADAY, at)
        assert not uow.forecasts.is_made("north-1", ForecastKind.ON_REQUEST, at)
        assert not uow.forecasts.is_made("north-1", ForecastKind.INTRADAY, at + HOUR)


def test_a_list_goes_on_after_a_place_whatever_was_made_at_once(
    seeded: UnitOfWorkFactory, samples: SimpleNamespace
) -> None:
    first = samples.forecast
    same_time = [
        replace(
            first, kind=kind, horizon=Interval(first.horizon.start + n * DAY, first.horizon.end + n * DAY)
        )
        for n in range(2)
        for kind in ForecastKind
    ]
    keep(seeded, *same_time, replace(first, made_at=first.made_at - HOUR))
    with seeded(write=False) as uow:
        everything = uow.forecasts.newest("north-1")
        walked: list[ForecastRecord] = []
        while page := uow.forecasts.newest(
            "north-1", after=ForecastPlace.of(walked[-1]) if walked else None, limit=2
        ):
            walked += page
        assert walked == everything
        assert len(everything) == 7
        assert uow.forecasts.newest("north-1", kind=ForecastKind.INTRADAY)[0].kind is ForecastKind.INTRADAY
        assert uow.forecasts.newest("north-2") == []


def test_errors_are_noted_once_and_found_by_the_start_of_their_horizon(
    seeded: UnitOfWorkFactory, samples: SimpleNamespace
) -> None:
    first: ForecastRecord = samples.forecast
    second = replace(first, horizon=Interval(first.horizon.start + DAY, first.horizon.end + DAY))
    keep(seeded, first, second)
    error = ForecastErrorRecord(
        "north-1", first.kind, first.horizon.start, first.made_at, first.step_s, (0.5, nan)
    )
    ended = Interval(first.horizon.end - HOUR, second.horizon.end)
    with seeded() as uow:
        assert uow.forecasts.without_error("north-1", first.kind, ended) == [first, second]
        uow.forecasts.note_error(error)
        uow.forecasts.note_error(replace(error, error_kw=(9.0, 9.0)))
        uow.commit()
    with seeded(write=False) as uow:
        assert uow.forecasts.without_error("north-1", first.kind, ended) == [second]
        only_first = Interval(first.horizon.end - HOUR, first.horizon.end)
        assert uow.forecasts.without_error("north-1", first.kind, only_first) == []
        assert uow.forecasts.without_error("north-1", ForecastKind.INTRADAY, ended) == []
        started = Interval(first.horizon.start, first.horizon.start + HOUR)
        np.testing.assert_equal(uow.forecasts.errors(["north-1", "north-2"], first.kind, started), [error])
        assert uow.forecasts.errors(["north-1"], ForecastKind.INTRADAY, started) == []
        before = Interval(first.horizon.start - HOUR, first.horizon.start)
        assert uow.forecasts.errors(["north-1"], first.kind, before) == []


def test_forecasts_of_many_sites_are_found_by_what_they_cover(
    seeded: UnitOfWorkFactory, samples: SimpleNamespace
) -> None:
    first: ForecastRecord = samples.forecast
    later = replace(first, made_at=first.made_at + HOUR)
    keep(seeded, later, first)
    with seeded(write=False) as uow:
        overlapping = uow.forecasts.overlapping
        edge = Interval(first.horizon.end - HOUR, first.horizon.end + DAY)
        assert overlapping(["north-1", "north-2"], first.kind, edge) == [first, later]
        assert overlapping(["north-1"], first.kind, Interval(first.horizon.end, edge.end)) == []
        assert overlapping(["north-2"], first.kind, edge) == []
        assert overlapping([], first.kind, edge) == []


def test_plans_come_back_in_the_order_in_which_they_came(seeded: UnitOfWorkFactory) -> None:
    start = datetime(2026, 10, 26, tzinfo=UTC)
    with seeded(write=False) as uow:
        now = uow.now
    plans = [SitePlanRecord("north-1", start + n * HOUR, HOUR, (float(n), 1 / 3), now) for n in (1, 0)]
    with seeded() as uow:
        for plan in plans:
            uow.plans.add(plan)
        uow.commit()
    with seeded(write=False) as uow:
        assert uow.plans.overlapping("north-1", Interval(start, start + 4 * HOUR)) == plans
        assert uow.plans.overlapping("north-1", Interval(start, start + HOUR)) == plans[1:]
        assert uow.plans.overlapping("north-1", Interval(start + 3 * HOUR, start + 4 * HOUR)) == []


def test_a_sites_minimum_load_is_kept(seeded: UnitOfWorkFactory) -> None:
    for minimum_kw in (-12.5, 0.0, 300.1):
        with seeded() as uow:
            stored = uow.sites.get("north-1")
            assert stored is not None
            site = replace(stored.value, minimum_load_kw=minimum_kw)
            uow.sites.update("north-1", site, revision=stored.revision)
            uow.commit()
        with seeded(write=False) as uow:
            again = uow.sites.get("north-1")
            assert again is not None
            assert again.value.minimum_load_kw == minimum_kw


def test_deadlines_are_claimed_by_kind(seeded: UnitOfWorkFactory) -> None:
    forecasts = frozenset({DueKind.FORECAST, DueKind.INTRADAY_FORECAST})
    with seeded() as uow:
        now = uow.now
        early = Due(DueKind.FORECAST, "2026-10-26", now - HOUR)
        late = Due(DueKind.CLEARING, "evening", now)
        uow.due.add(early)
        uow.due.add(late)
        uow.commit()
    with seeded() as uow:
        assert uow.due.next_at() == uow.due.next_at(forecasts) == early.due_at
        assert uow.due.next_at(frozenset({DueKind.CLEARING})) == late.due_at
        assert uow.due.next_at(frozenset({DueKind.SETTLEMENT})) is None
        assert uow.due.claim(now, HOUR, 10, frozenset({DueKind.CLEARING})) == [late]
        assert uow.due.claim(now, HOUR, 10, frozenset({DueKind.CLEARING})) == []
        assert uow.due.claim(now, HOUR, 10) == [early]


OLD_FORECAST = """
    INSERT INTO forecasts (site_id, horizon_start_at, horizon_end_at, made_at, step_s, method, p10_kw, p50_kw,
    p90_kw) VALUES ('north-1', '2026-10-26 00:00:00.000000', '2026-10-27 00:00:00.000000',
    '2026-10-25 09:00:00.000000', 900,
    'mean', '[1.5]', '[2.5]', '[3.5]')
"""
BEFORE = (
    """INSERT INTO parties VALUES ('grid', 'Grid', 'operator', 1, '2026-10-26 10:00:00',
    '2026-10-26 10:00:00')""",
    """INSERT INTO sites (site_id, party_id, display_name, zone, time_zone, import_limit_kw,
    metering_interval_s, revision, created_at, updated_at) VALUES ('north-1', 'grid', 'North', 'north',
    'Europe/London', 100.0, 300.0, 1, '2026-10-26 10:00:00', '2026-10-26 10:00:00')""",
)


def test_forecasts_survive_the_way_to_every_making_and_back(empty_engine: Engine) -> None:
    migrate(empty_engine)
    downgrade(empty_engine, "0003")
    with empty_engine.begin() as connection:
        for statement in (*BEFORE, OLD_FORECAST):
            connection.exec_driver_sql(statement)
    migrate(empty_engine)
    start = datetime(2026, 10, 26, tzinfo=UTC)
    units = SqlUnitOfWorkFactory(empty_engine, ManualClock(start))
    kept = ForecastRecord(
        "north-1", start - 15 * HOUR, Interval(start, start + DAY), 900, "mean", (1.5,), (2.5,), (3.5,)
    )
    with units() as uow:
        assert uow.forecasts.newest("north-1") == [kept]
        site = uow.sites.get("north-1")
        assert site is not None
        assert site.value.minimum_load_kw == 0.0
        uow.forecasts.add(replace(kept, made_at=start, method="again"))
        uow.forecasts.add(replace(kept, made_at=start, kind=ForecastKind.INTRADAY, method="intraday"))
        next_day = Interval(start + DAY, start + 2 * DAY)
        uow.forecasts.add(replace(kept, horizon=next_day, method="next"))
        uow.forecasts.note_error(ForecastErrorRecord("north-1", kept.kind, start, kept.made_at, 900, (0.0,)))
        uow.commit()
    downgrade(empty_engine, "0003")
    with empty_engine.connect() as connection:
        rows = connection.execute(text("SELECT method FROM forecasts ORDER BY horizon_start_at")).scalars()
        assert list(rows) == ["mean", "next"]


@pytest.mark.parametrize("kind", list(ForecastKind))
def test_an_error_needs_its_forecast(seeded: UnitOfWorkFactory, kind: ForecastKind) -> None:
    at = datetime(2026, 10, 26, tzinfo=UTC)
    with seeded() as uow, pytest.raises(InvalidInput, match="refers to something that does not exist"):
        uow.forecasts.note_error(ForecastErrorRecord("north-1", kind, at, at, 900, (1.0,)))
