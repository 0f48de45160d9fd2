"""Day-ahead load forecasts for every site, once a day."""

from datetime import UTC, datetime, timedelta
from functools import partial

from vpp.baseline.calendar import SiteCalendar
from vpp.baseline.forecast import forecast_day_ahead
from vpp.baseline.insufficient_history import InsufficientHistory
from vpp.foundation.interval import Interval
from vpp.workflows.booking import EVERYTHING
from vpp.workflows.market_rules import MarketRules
from vpp.workflows.metering import curtailed, usable_history
from vpp.workflows.ports import Due, DueKind, UnitOfWorkFactory, WorkerPool
from vpp.workflows.recording import HUB, audit
from vpp.workflows.records import ForecastRecord

STEP = timedelta(minutes=15)
HISTORY_DAYS = 56


def owe_forecast(units: UnitOfWorkFactory, rules: MarketRules) -> None:
    """Make sure that the next day's forecast is owed; a repeat changes nothing."""
    with units() as uow:
        today = uow.now.replace(hour=0, minute=0, second=0, microsecond=0)
        at = today + timedelta(hours=rules.forecast_hour_utc)
        if at <= uow.now:
            at += timedelta(days=1)
        uow.due.add(Due(DueKind.FORECAST, f"{at + timedelta(days=1):%Y-%m-%d}", at))
        uow.commit()


def run_forecasts(units: UnitOfWorkFactory, pool: WorkerPool, rules: MarketRules, day: str) -> None:
    """Forecast one UTC day for every site that has readings, and owe the day after's.

    Args:
        units: Makes the transactions.
        pool: Runs the models.
        rules: The hub's rules.
        day: The day, YYYY-MM-DD.
    """
    start = datetime.fromisoformat(day).replace(tzinfo=UTC)
    horizon = Interval(start, start + timedelta(days=1))
    calls, sites = [], []
    with units(write=False) as uow:
        made_at = uow.now
        for stored in uow.sites.page(limit=EVERYTHING):
            site = stored.value
            calendar = SiteCalendar(site.time_zone, rules.holidays)
            hidden = curtailed(uow, site, calendar, except_event="")
            history_kw = usable_history(uow, site, uow.now, HISTORY_DAYS, STEP)
            if history_kw.empty:
                continue
            sites.append(site.site_id)
            calls.append(
                partial(
                    forecast_day_ahead,
                    history_kw,
                    horizon,
                    time_zone=site.time_zone,
                    holidays=rules.holidays,
                    masked=hidden.masked,
                )
            )
    forecasts = pool.run_all(calls)
    with units() as uow:
        for site_id, forecast in zip(sites, forecasts, strict=True):
            if isinstance(forecast, InsufficientHistory):
                audit(uow, HUB, "no_forecast", f"sites/{site_id}", day=day, outcome=forecast)
                continue
            uow.forecasts.add(
                ForecastRecord(
                    site_id=site_id,
                    made_at=made_at,
                    horizon=horizon,
                    step_s=int(STEP.total_seconds()),
                    method=forecast.method,
                    p10_kw=tuple(float(value) for value in forecast.p10_kw),
                    p50_kw=tuple(float(value) for value in forecast.p50_kw),
                    p90_kw=tuple(float(value) for value in forecast.p90_kw),
                )
            )
        following = f"{start + timedelta(days=1):%Y-%m-%d}"
        at = start + timedelta(hours=rules.forecast_hour_utc)
        uow.due.add(Due(DueKind.FORECAST, following, at))
        audit(uow, HUB, "forecast", f"days/{day}", sites=len(sites))
        uow.commit()
