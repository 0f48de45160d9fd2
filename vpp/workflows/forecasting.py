"""Load forecasts: daily for every site, again through the day, and when somebody asks."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from vpp.baseline.calendar import SiteCalendar
from vpp.baseline.insufficient_history import InsufficientHistory
from vpp.baseline.load_forecast import LoadForecast
from vpp.foundation.errors import VppError
from vpp.foundation.interval import Interval
from vpp.portfolio.site import Site
from vpp.telemetry.day_cuts import day_of
from vpp.workflows.booking import EVERYTHING
from vpp.workflows.civil_time import site_calendar
from vpp.workflows.forecast_inputs import (
    ForecastInputs,
    ForecastOutcome,
    forecast_inputs,
    forecast_sites,
    forecast_step,
    on_step,
)
from vpp.workflows.forecast_records import ForecastKind, ForecastRecord
from vpp.workflows.market_rules import MarketRules
from vpp.workflows.ports import Due, DueKind, UnitOfWork, UnitOfWorkFactory, WorkerPool
from vpp.workflows.recording import HUB, audit

ONE_DAY = timedelta(days=1)
INTRADAY_LENGTH = timedelta(hours=24)
SITES_AT_A_TIME = 50
"""So few that memory stays bounded and no transaction or worker is held for long."""
INTRADAY_FORMAT = "%Y-%m-%dT%H:%M:%SZ"


@dataclass(frozen=True, slots=True)
class Tally:
    """How a round of forecasts went.

    Attributes:
        made: Sites that were forecast.
        known: Sites that had the forecast already, or whose span is over.
        without_forecast: Sites of which nothing is known, or whose data the models refuse.
        refusal: Why the models refused the last site that they refused.
    """

    made: int = 0
    known: int = 0
    without_forecast: int = 0
    refusal: VppError | None = None


def owe_forecast(units: UnitOfWorkFactory, rules: MarketRules) -> None:
    """Make sure that the next forecasts are owed; a repeat changes nothing."""
    with units() as uow:
        at = day_of(uow.now) + timedelta(hours=rules.forecast_hour_utc)
        if at <= uow.now:
            at += ONE_DAY
        uow.due.add(Due(DueKind.FORECAST, f"{at + ONE_DAY:%Y-%m-%d}", at))
        _owe_intraday(uow, rules)
        uow.commit()


def run_forecasts(units: UnitOfWorkFactory, pool: WorkerPool, rules: MarketRules, day: str) -> None:
    """Forecast a civil day for every site that has readings, and owe the day after's.

    Sites that have the forecast already are passed over, so that a round that was cut off goes on
    where it was.

    Args:
        units: Makes the transactions.
        pool: Runs the models.
        rules: The hub's rules.
        day: The day, YYYY-MM-DD. Sites for which it began before forecasts were due get the next.

    Raises:
        VppError: The models refuse every site, which is not the sites' fault.
    """
    start = datetime.fromisoformat(day).replace(tzinfo=UTC)
    due_at = start - ONE_DAY + timedelta(hours=rules.forecast_hour_utc)

    def tomorrow(site: Site, calendar: SiteCalendar) -> Interval:
        del site
        return calendar.day(calendar.civil_date(due_at) + ONE_DAY)

    with units() as uow:  # first, so that a day that cannot be forecast does not end the rounds
        at = start + timedelta(hours=rules.forecast_hour_utc)
        uow.due.add(Due(DueKind.FORECAST, f"{start + ONE_DAY:%Y-%m-%d}", at))
        uow.commit()
    tally = _forecast_all(units, pool, rules, ForecastKind.DAY_AHEAD, tomorrow)
    with units() as uow:
        audit(uow, HUB, "forecast", f"days/{day}", sites=tally.made, without_forecast=tally.without_forecast)
        uow.commit()


def run_intraday_forecasts(
    units: UnitOfWorkFactory, pool: WorkerPool, rules: MarketRules, due_at: str
) -> None:
    """Forecast the next 24 hours for every site from the latest readings, and owe the next round.

    A round that is late is made for the present; rounds that were missed are not made up for.

    Args:
        units: Makes the transactions.
        pool: Runs the models.
        rules: The hub's rules.
        due_at: When the round was due, as ISO 8601.

    Raises:
        VppError: The models refuse every site, which is not the sites' fault.
    """
    every = rules.intraday_interval
    if every is None:
        return
    with units(write=False) as uow:
        at = max(datetime.fromisoformat(due_at), on_step(uow.now, every))
    with units() as uow:
        _owe_intraday(uow, rules)
        uow.commit()

    def ahead(site: Site, calendar: SiteCalendar) -> Interval:
        del calendar
        start = on_step(at, forecast_step(site.metering_interval))
        return Interval(start, start + INTRADAY_LENGTH)

    tally = _forecast_all(units, pool, rules, ForecastKind.INTRADAY, ahead)
    with units() as uow:
        audit(uow, HUB, "forecast_intraday", f"instants/{at.isoformat()}", sites=tally.made)
        uow.commit()


def _owe_intraday(uow: UnitOfWork, rules: MarketRules) -> None:
    if rules.intraday_interval is not None:
        at = on_step(uow.now, rules.intraday_interval) + rules.intraday_interval
        uow.due.add(Due(DueKind.INTRADAY_FORECAST, f"{at:{INTRADAY_FORMAT}}", at))


def _forecast_all(
    units: UnitOfWorkFactory,
    pool: WorkerPool,
    rules: MarketRules,
    kind: ForecastKind,
    horizon_of: Callable[[Site, SiteCalendar], Interval],
) -> Tally:
    with units(write=False) as uow:
        sites = [stored.value for stored in uow.sites.page(limit=EVERYTHING)]
    made = known = without_forecast = 0
    refusal: VppError | None = None
    for first in range(0, len(sites), SITES_AT_A_TIME):
        some = sites[first : first + SITES_AT_A_TIME]
        tally = forecast_some(units, pool, rules, kind, some, horizon_of)
        made += tally.made
        known += tally.known
        without_forecast += tally.without_forecast
        refusal = tally.refusal or refusal
    if refusal is not None and not made and not known:
        raise refusal
    return Tally(made, known, without_forecast, refusal)


def forecast_some(  # noqa: PLR0913, PLR0917  who forecasts which sites, why, and how far
    units: UnitOfWorkFactory,
    pool: WorkerPool,
    rules: MarketRules,
    kind: ForecastKind,
    sites: Sequence[Site],
    horizon_of: Callable[[Site, SiteCalendar], Interval],
) -> Tally:
    """Forecast some sites in one call of the models, and keep what comes of it.

    Readings are read in one transaction and results written in another; the models run in neither.
    """
    inputs, silent = [], []
    with units(write=False) as uow:
        made_at = uow.now
        for site in sites:
            horizon = horizon_of(site, site_calendar(site, rules, uow.now))
            if horizon.end <= made_at or uow.forecasts.is_made(site.site_id, kind, horizon.start):
                continue
            found = forecast_inputs(uow, site, rules, kind, horizon)
            if found is None:
                silent.append(site.site_id)
            else:
                inputs.append(found)
    outcomes = _outcomes(pool, rules, inputs)
    made = 0
    refusal: VppError | None = None
    with units() as uow:
        for site_id in silent:
            _audit_nothing(uow, site_id, kind, InsufficientHistory(0, 1))
        for each, outcome in zip(inputs, outcomes, strict=True):
            if isinstance(outcome, VppError):
                refusal = outcome
                _audit_nothing(uow, each.site_id, kind, outcome)
                continue
            for error in outcome.errors:
                uow.forecasts.note_error(error)
            if isinstance(outcome.forecast, InsufficientHistory):
                _audit_nothing(uow, each.site_id, kind, outcome.forecast)
                continue
            uow.forecasts.add(record_of(outcome.forecast, each))
            made += 1
        uow.commit()
    without_forecast = len(silent) + len(inputs) - made
    return Tally(made, len(sites) - made - without_forecast, without_forecast, refusal)


def _outcomes(
    pool: WorkerPool, rules: MarketRules, inputs: Sequence[ForecastInputs]
) -> list[ForecastOutcome | VppError]:
    """Forecast all sites together or, if one site's data is refused, each alone."""
    if not inputs:
        return []
    try:
        return list(pool.run(forecast_sites, inputs, mix=rules.forecast_mix))
    except VppError:
        outcomes: list[ForecastOutcome | VppError] = []
        for each in inputs:
            try:
                outcomes += pool.run(forecast_sites, [each], mix=rules.forecast_mix)
            except VppError as refusal:
                outcomes.append(refusal)
        return outcomes


def record_of(forecast: LoadForecast, inputs: ForecastInputs) -> ForecastRecord:
    """Return a forecast as it is kept."""
    p10_kw, p50_kw, p90_kw, point_kw = (
        tuple(float(value) for value in series)
        for series in (forecast.p10_kw, forecast.p50_kw, forecast.p90_kw, forecast.point_kw)
    )
    return ForecastRecord(
        site_id=inputs.site_id,
        made_at=inputs.made_at,
        horizon=inputs.horizon,
        step_s=int(inputs.readings.step.total_seconds()),
        method=forecast.method,
        p10_kw=p10_kw,
        p50_kw=p50_kw,
        p90_kw=p90_kw,
        kind=inputs.kind,
        point_kw=point_kw,
        notes=forecast.notes,
    )


def _audit_nothing(
    uow: UnitOfWork, site_id: str, kind: ForecastKind, outcome: InsufficientHistory | VppError
) -> None:
    audit(uow, HUB, "no_forecast", f"sites/{site_id}", kind=kind.value, outcome=outcome)
