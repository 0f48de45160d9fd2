"""The load of a week before as a day-ahead method: what every other one is held against."""

from collections.abc import Mapping

from vpp.baseline.scoring.day_forecast import DayForecast, SeriesForecasts
from vpp.baseline.scoring.site_days import Ints, SiteDays

NAIVE = "naive-7d"


def forecast_naive_days(
    by_day: Mapping[str, SiteDays], days: Mapping[str, Ints]
) -> dict[str, SeriesForecasts]:
    """Forecast each interval as the load at the same wall time a week before.

    Args:
        by_day: Load by day, by name.
        days: Civil days to forecast.

    Returns:
        By name; its processor time is not worth counting.
    """
    found = {}
    for name, site_days in by_day.items():
        before_kw = site_days.week_before()
        forecasts: dict[int, DayForecast | None] = {
            int(day): DayForecast(before_kw[site_days.span(int(day))], None, None, NAIVE)
            for day in days[name]
        }
        found[name] = SeriesForecasts(forecasts, 0.0)
    return found
