"""Quantiles for a method that has none, from its own errors on the days before."""

from dataclasses import replace

import numpy as np

from vpp.baseline.calendar import SiteCalendar
from vpp.baseline.forecasting.bands import error_band
from vpp.baseline.scoring.civil_days import civil_day_of
from vpp.baseline.scoring.day_forecast import DayForecast, SeriesForecasts
from vpp.baseline.scoring.own_errors import KEPT_DAYS
from vpp.baseline.scoring.site_days import Floats, Ints, SiteDays
from vpp.portfolio.day_kind import DayKind

FEWEST_DAYS = 7


def days_for_band(wanted: Ints, able: Ints) -> Ints:
    """Return the days, beside those wanted, whose errors the bands of the wanted ones come from.

    Args:
        wanted: Civil days to forecast, oldest first.
        able: Every civil day that could be.
    """
    if not len(wanted):
        return wanted
    age = wanted[:, None] - able[None, :]
    return able[((age > 0) & (age <= KEPT_DAYS)).any(axis=0) & ~np.isin(able, wanted)]


def with_own_band(
    forecasts: SeriesForecasts, earlier: SeriesForecasts, days: SiteDays, calendar: SiteCalendar
) -> SeriesForecasts:
    """Give every forecast the quantiles of the method's errors on the 42 days before its own.

    Args:
        forecasts: Without quantiles.
        earlier: The same method's forecasts of further days.
        days: Load by day.
        calendar: Tells working days from others.

    Returns:
        The forecasts; one with too few days of errors before it stays without quantiles.
    """
    made = {**earlier.by_day, **forecasts.by_day}
    errors = {day: _by_slot(days, day, forecast) for day, forecast in made.items() if forecast is not None}
    is_off = {day: calendar.day_kind(civil_day_of(day)) is not DayKind.WORKDAY for day in made}
    banded: dict[int, DayForecast | None] = {}
    for day, forecast in forecasts.by_day.items():
        past = [before for before in sorted(errors) if 0 < day - before <= KEPT_DAYS]
        past = [before for before in past if not np.isnan(errors[before]).all()]
        if forecast is None or len(past) < FEWEST_DAYS:
            banded[day] = forecast
            continue
        slot = days.slot[days.span(day)]
        band = error_band(
            np.stack([errors[before][slot] for before in past])[None],
            np.repeat([[is_off[before]] for before in past], len(slot), axis=1),
            np.full(len(slot), is_off[day]),
            days.slots_per_day,
        )
        banded[day] = replace(
            forecast,
            p10_kw=forecast.p50_kw + np.minimum(band.low_kw[0], 0.0),
            p90_kw=forecast.p50_kw + np.maximum(band.high_kw[0], 0.0),
        )
    return SeriesForecasts(banded, forecasts.cpu_s)


def _by_slot(days: SiteDays, day: int, forecast: DayForecast) -> Floats:
    """Return a day's errors by slot; of an hour that occurs twice the first one counts."""
    span = days.span(day)
    row = np.full(days.slots_per_day, np.nan)
    row[days.slot[span][::-1]] = (days.actual_kw[span] - forecast.p50_kw)[::-1]
    return row
