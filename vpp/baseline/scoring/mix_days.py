"""The forecast as a day-ahead method."""

import time
from collections.abc import Mapping

import numpy as np

from vpp.baseline.fleet_forecast import forecast_fleet
from vpp.baseline.forecast_request import ForecastRequest
from vpp.baseline.forecasting.mix import ForecastMix
from vpp.baseline.load_forecast import LoadForecast
from vpp.baseline.scoring.day_forecast import DayForecast, SeriesForecasts
from vpp.baseline.scoring.own_errors import OwnErrors
from vpp.baseline.scoring.site_days import Ints, SiteDays
from vpp.baseline.site_meter import SiteMeter


def forecast_mix_days(
    mix: ForecastMix,
    sites: Mapping[str, SiteMeter],
    by_day: Mapping[str, SiteDays],
    days: Mapping[str, Ints],
    *,
    carry: bool,
) -> dict[str, SeriesForecasts]:
    """Forecast days of sites from what was known at each midnight, all sites of a day together.

    Args:
        mix: Which members.
        sites: By name.
        by_day: Their load by day.
        days: Civil days to forecast, oldest first.
        carry: Whether each day's errors go into the band of the next, as in daily running; otherwise
            every forecast replays its own.

    Returns:
        By name.
    """
    found: dict[str, dict[int, DayForecast | None]] = {name: {} for name in sites}
    spent_s = dict.fromkeys(sites, 0.0)
    errors = {name: OwnErrors(by_day[name].slots_per_day) for name in sites}
    for day in sorted({int(day) for wanted in days.values() for day in wanted}):
        names = [name for name in sites if day in days[name]]
        began_s = time.process_time()
        forecasts = forecast_fleet(
            [_request(name, sites[name], by_day[name], day, errors[name]) for name in names], mix=mix
        )
        cpu_s = (time.process_time() - began_s) / len(names)
        for name, forecast in zip(names, forecasts, strict=True):
            spent_s[name] += cpu_s
            if not isinstance(forecast, LoadForecast):
                found[name][day] = None
                continue
            found[name][day] = DayForecast(
                p50_kw=forecast.p50_kw.to_numpy(dtype=np.float64),
                p10_kw=forecast.p10_kw.to_numpy(dtype=np.float64),
                p90_kw=forecast.p90_kw.to_numpy(dtype=np.float64),
                step=forecast.method,
            )
            if carry:
                span = by_day[name].span(day)
                slot = by_day[name].slot[span]
                errors[name].take(forecast.past_errors, slot)
                point_kw = forecast.point_kw.to_numpy(dtype=np.float64)
                errors[name].add(day, by_day[name].actual_kw[span] - point_kw, slot)
    return {name: SeriesForecasts(found[name], spent_s[name]) for name in sites}


def _request(name: str, site: SiteMeter, days: SiteDays, day: int, errors: OwnErrors) -> ForecastRequest:
    return ForecastRequest(
        site_id=name,
        metered_kw=site.net_power_kw,
        horizon=days.horizon(day),
        calendar=site.calendar,
        masked=(*site.events, *site.masked),
        temperature_c=site.temperature_c,
        plan_kw=site.plan_kw,
        past_errors=errors.past(days.slot[days.span(day)]),
    )
