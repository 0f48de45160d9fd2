"""What sites' forecasts are made from, and the making, which needs no transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import pandas as pd

from vpp.baseline.calendar import SiteCalendar
from vpp.baseline.earlier_days import LONGEST_DAYS, LoadStretch, earlier_days
from vpp.baseline.fleet_forecast import forecast_fleet
from vpp.baseline.forecast_request import ForecastRequest, PastErrors
from vpp.baseline.forecasting.answers import HISTORY_DAYS
from vpp.baseline.forecasting.mix import ForecastMix
from vpp.baseline.insufficient_history import InsufficientHistory
from vpp.baseline.load_forecast import LoadForecast
from vpp.baseline.masking import mask_intervals
from vpp.foundation.interval import Interval
from vpp.portfolio.site import Site
from vpp.workflows.forecast_records import ForecastErrorRecord, ForecastKind, ForecastRecord
from vpp.workflows.market_rules import MarketRules
from vpp.workflows.ports import UnitOfWork
from vpp.workflows.site_readings import SiteReadings, edited_meter, gather_readings

SHORTEST_STEP = timedelta(minutes=15)
HOUR = timedelta(hours=1)
LATEST_READING = timedelta(days=3)
"""Readings that come later than this change no error that is noted."""
OLDEST_UNNOTED = timedelta(days=10)


@dataclass(frozen=True, slots=True, eq=False)
class ForecastInputs:
    """What one site's forecast is made from.

    Attributes:
        readings: Its readings as they came, and when they were not its own.
        kind: Why it is forecast; errors are counted by kind, as each kind has a lead of its own.
        horizon: The span to forecast.
        made_at: The present instant.
        past: Forecasts of this kind whose time has passed and whose errors are not noted.
        noted: Errors of earlier ones.
    """

    readings: SiteReadings
    kind: ForecastKind
    horizon: Interval
    made_at: datetime
    past: tuple[ForecastRecord, ...]
    noted: tuple[ForecastErrorRecord, ...]

    @property
    def site_id(self) -> str:
        """The site."""
        return self.readings.site.site_id


@dataclass(frozen=True, slots=True, eq=False)
class ForecastOutcome:
    """What came of one site's inputs.

    Attributes:
        forecast: The forecast, if the history allows any.
        errors: What past forecasts turned out to be wrong by, to be noted.
    """

    forecast: LoadForecast | InsufficientHistory
    errors: tuple[ForecastErrorRecord, ...]


def forecast_step(metering_interval: timedelta) -> timedelta:
    """Return the interval on which a site is forecast: a quarter of an hour, or its meter's if longer.

    Example:
        >>> [forecast_step(timedelta(minutes=n)) // timedelta(minutes=1) for n in (5, 10, 15, 30)]
        [15, 20, 15, 30]
    """
    step = metering_interval
    while step < SHORTEST_STEP or HOUR % step:
        step += metering_interval
    return step


def on_step(instant: datetime, step: timedelta) -> datetime:
    """Return the last instant of a step's grid that is not after an instant, UTC."""
    midnight = instant.replace(hour=0, minute=0, second=0, microsecond=0)
    return instant - (instant - midnight) % step


def forecast_inputs(
    uow: UnitOfWork, site: Site, rules: MarketRules, kind: ForecastKind, horizon: Interval
) -> ForecastInputs | None:
    """Collect what a site's forecast is made from.

    Args:
        uow: The transaction; nothing later than its present is known.
        site: The site.
        rules: The hub's rules.
        kind: Why it is forecast.
        horizon: The span to forecast.

    Returns:
        The inputs, or None where nothing was ever read.
    """
    readings = gather_readings(
        uow,
        site,
        rules,
        end=uow.now,
        days=HISTORY_DAYS[rules.forecast_mix],
        step=forecast_step(site.metering_interval),
        plan_end=horizon.end,
    )
    if readings is None:
        return None
    ended = Interval(uow.now - OLDEST_UNNOTED, uow.now)
    started = Interval(horizon.start - timedelta(days=LONGEST_DAYS + 1), horizon.start)
    return ForecastInputs(
        readings=readings,
        kind=kind,
        horizon=horizon,
        made_at=uow.now,
        past=tuple(uow.forecasts.without_error(site.site_id, kind, ended)),
        noted=tuple(uow.forecasts.errors([site.site_id], kind, started)),
    )


def forecast_sites(inputs: Sequence[ForecastInputs], *, mix: ForecastMix) -> list[ForecastOutcome]:
    """Edit the readings of sites, compare past forecasts with them, and forecast. Runs in a worker.

    Args:
        inputs: One for each site.
        mix: Which models.

    Raises:
        InvalidInput: The models refuse a site's data, or the mix needs what is not installed.
    """
    prepared = [_request(each) for each in inputs]
    forecasts = forecast_fleet([request for request, _ in prepared], mix=mix)
    return [
        ForecastOutcome(forecast, errors) for forecast, (_, errors) in zip(forecasts, prepared, strict=True)
    ]


def _request(inputs: ForecastInputs) -> tuple[ForecastRequest, tuple[ForecastErrorRecord, ...]]:
    readings = inputs.readings
    # Forecasts fill long gaps by models of their own, and an estimate proves no error.
    meter = edited_meter(readings, fills_long_gaps=False).meter
    masked = (*meter.events, *meter.masked)
    errors = _errors_to_note(inputs, meter.net_power_kw, mask_intervals(meter.net_power_kw, masked))
    request = ForecastRequest(
        site_id=inputs.site_id,
        metered_kw=meter.net_power_kw,
        horizon=inputs.horizon,
        calendar=readings.calendar,
        masked=masked,
        plan_kw=readings.plan_kw,
        past_errors=_past_errors(readings.calendar, inputs.horizon, readings.step, (*inputs.noted, *errors)),
    )
    return request, errors


def _errors_to_note(
    inputs: ForecastInputs, metered_kw: pd.Series, own_kw: pd.Series
) -> tuple[ForecastErrorRecord, ...]:
    """Compare forecasts whose time has passed with the readings; complete ones, and old ones as they are."""
    found = []
    for record in inputs.past:
        centre_kw = record.series(record.centre_kw)
        error_kw = (own_kw.reindex(centre_kw.index) - centre_kw).to_numpy(dtype=np.float64)
        is_metered = ~np.isnan(metered_kw.reindex(centre_kw.index).to_numpy(dtype=np.float64))
        is_final = is_metered.all() or record.horizon.end <= inputs.made_at - LATEST_READING
        if is_final and is_metered.any():
            found.append(
                ForecastErrorRecord(
                    record.site_id,
                    record.kind,
                    record.horizon.start,
                    record.made_at,
                    record.step_s,
                    tuple(error_kw.tolist()),
                )
            )
    return tuple(found)


def _past_errors(
    calendar: SiteCalendar, horizon: Interval, step: timedelta, records: Sequence[ForecastErrorRecord]
) -> PastErrors | None:
    """Return what forecasts that began at the same wall time were wrong by."""
    if not records:
        return None
    by_start = {record.horizon_start_at: stretch_of(record) for record in records}
    earlier = earlier_days(calendar, horizon, step)
    stretches = [by_start.get(earlier.first_start(day)) for day in range(len(earlier.days))]
    return earlier.past_errors(earlier.matrix(stretches))


def stretch_of(record: ForecastErrorRecord) -> LoadStretch:
    """Return a forecast's errors as the stages want them."""
    return LoadStretch(record.horizon_start_at, record.step, np.array(record.error_kw, dtype=np.float64))
