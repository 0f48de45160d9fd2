"""Day-ahead load forecasts with quantiles, for any length of history."""

from collections.abc import Sequence
from datetime import date

import pandas as pd

from vpp.baseline.calendar import SiteCalendar
from vpp.baseline.forecast_request import ForecastRequest, PastErrors
from vpp.baseline.forecasting.answers import answers
from vpp.baseline.forecasting.mix import ForecastMix
from vpp.baseline.insufficient_history import InsufficientHistory
from vpp.baseline.load_forecast import LoadForecast
from vpp.foundation.interval import Interval


def forecast_day_ahead(  # noqa: PLR0913  what may be known of a site
    metered_kw: pd.Series,
    horizon: Interval,
    *,
    time_zone: str,
    holidays: frozenset[date],
    masked: Sequence[Interval],
    temperature_c: pd.Series | None = None,
    plan_kw: pd.Series | None = None,
    past_errors: PastErrors | None = None,
    mix: ForecastMix = "robust",
) -> LoadForecast | InsufficientHistory:
    """Forecast one site's load, each regression by a statsmodels fit of its own.

    This is the reference: `forecast_fleet` gives the same answers for many sites in a fraction of the
    time. With 17 days of history or more the forecast is a mix of regressions, with a part of the
    mean error of recent days added; 10 and 90 % quantiles come from the errors that the same mix made
    on recent days at the same lead. With less history, or a horizon more than a week after it, the
    method falls to the class profile, to the mean load, and with nothing known to
    `InsufficientHistory`. Readings from the horizon's start on are never looked at.

    Args:
        metered_kw: Net power, kW, consumption positive. Regular UTC index labelled by interval
            starts; NaN is a gap. Shape (T,).
        horizon: The span to forecast, UTC, a whole number of the series' intervals long.
        time_zone: IANA name of the site's civil time.
        holidays: Civil dates that count as Sundays.
        masked: Spans whose readings are hidden: events and their rebound.
        temperature_c: Outdoor temperature, measured then forecast, degrees Celsius, UTC, any grid; not
            used where it does not cover the horizon, and a note says so.
        plan_kw: The load that the site itself plans, kW, regular, UTC: a regressor where it covers
            history and horizon, and nominated where there is no history to overrule it.
        past_errors: Errors of the site's own earlier forecasts; None has them replayed from history.
        mix: Which members are averaged.

    Returns:
        The forecast on the series' own interval, or `InsufficientHistory` where nothing is known.

    Raises:
        InvalidInput: The series is empty, infinite in places or not regular in UTC, its interval does
            not divide a day, the horizon is not a whole number of intervals, the time zone is unknown,
            or past errors do not fit the horizon.

    Source:
        Mean of regressions with calendar terms, lags and day-class deviations, with rolling split
        conformal quantiles; the mix was chosen by backtests on commercial and industrial load.
    """
    request = ForecastRequest(
        site_id="",
        metered_kw=metered_kw,
        horizon=horizon,
        calendar=SiteCalendar(time_zone, frozenset(holidays)),
        masked=masked,
        temperature_c=temperature_c,
        plan_kw=plan_kw,
        past_errors=past_errors,
    )
    return answers([request], mix, by="reference")[0]
