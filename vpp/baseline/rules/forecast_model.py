"""The day-ahead load forecast as a baseline."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd

from vpp.baseline.civil_clock import ONE_DAY
from vpp.baseline.fleet_forecast import forecast_fleet
from vpp.baseline.forecast_request import ForecastRequest
from vpp.baseline.insufficient_history import InsufficientHistory
from vpp.baseline.load_forecast import LoadForecast
from vpp.baseline.rule_baseline import NoBaseline, NoBaselineReason
from vpp.baseline.rules.adjusting import adjustment_windows
from vpp.baseline.rules.event_view import EventView, Floats, taken
from vpp.baseline.rules.forecast_history import too_little_history
from vpp.baseline.rules.load_model import LoadModel
from vpp.foundation.interval import Interval
from vpp.portfolio.baseline_method import ForecastMethod
from vpp.portfolio.baseline_rule import BaselineRule

# The forecast's name for its full mix; any other is a fallback that the baseline's method must tell.
FULL_FORECAST = "mean-of-members"
LONGEST_VALUE = timedelta(hours=1)  # the last value of temperature stands for no longer


def forecast_model(view: EventView, rule: BaselineRule, method: ForecastMethod) -> LoadModel | NoBaseline:
    """Forecast one site's day from the midnight before the event and its windows, or from notice if earlier.

    Args:
        view: The event's view of the site.
        rule: The rule, for the windows in which it compares load with the forecast.
        method: Which members.
    """
    request = forecast_request(view, rule)
    return model_of(view, request, forecast_fleet([request], mix=method.mix)[0])


def forecast_request(view: EventView, rule: BaselineRule) -> ForecastRequest:
    """State what is to be forecast for a site's event.

    Events and masked spans are hidden from training and imputed: a forecaster that learns from
    curtailed load loses the reduction it is meant to measure.
    """
    site = view.site
    windows = adjustment_windows(view, rule.adjustment) if rule.adjustment else ()
    return ForecastRequest(
        site_id="",
        metered_kw=site.net_power_kw,
        horizon=forecast_horizon(view, windows),
        calendar=site.calendar,
        masked=[*site.masked, *site.events],
        temperature_c=site.temperature_c,
        plan_kw=site.plan_kw,
    )


def model_of(
    view: EventView, request: ForecastRequest, found: LoadForecast | InsufficientHistory
) -> LoadModel | NoBaseline:
    """Take a forecast's median as a baseline, if it rests on enough to be paid by.

    Args:
        view: The event's view of the site.
        request: What was asked for.
        found: The answer.
    """
    if isinstance(found, InsufficientHistory):
        return view.none(
            NoBaselineReason.INSUFFICIENT_HISTORY,
            f"{found.covered_day_count} days are metered before the event, expected at least "
            f"{found.required_day_count}",
        )
    refused = too_little_history(view, request.horizon)
    if refused is not None:
        return refused
    first: datetime = found.p50_kw.index[0].to_pydatetime()
    p50_kw = found.p50_kw.to_numpy(dtype=np.float64)
    offset = (first - view.grid.first) // view.grid.step

    def load_kw(window: Interval) -> Floats:
        return taken(p50_kw, view.grid.of(window) - offset)

    steps = () if found.method == FULL_FORECAST else (found.method,)
    return LoadModel(load_kw, steps=steps, notes=found.notes)


def forecast_horizon(view: EventView, windows: Sequence[Interval]) -> Interval:
    """Return the span that is forecast: from midnight, or from notice if earlier, to the day's end.

    It is the event's whole civil day, and longer where the event or a window is: events of one day rest on
    one forecast, with one correction by recent errors. A plan or temperature that ends sooner, but not before
    the event and its windows, ends it there: it could not be used for the rest of the day.
    """
    step, first, calendar = view.grid.step, view.grid.first, view.site.calendar
    earliest = min([view.event.start, *(window.start for window in windows)])
    origin = calendar.day(calendar.civil_date(earliest)).start
    if view.notice_at is not None:
        origin = min(origin, view.notice_at)
    origin -= (origin - first) % step  # only whole intervals are known
    needed = max([view.event.end, *(window.end for window in windows)])
    day_end = max(needed, calendar.day(view.event_day).end)
    outside = ((view.site.plan_kw, ONE_DAY), (view.site.temperature_c, LONGEST_VALUE))
    is_cut = any(
        series is not None and needed <= _known_until(series, longest) < day_end
        for series, longest in outside
    )
    end = needed if is_cut else day_end
    return Interval(origin, end + (first - end) % step)


def _known_until(series: pd.Series, longest: timedelta) -> datetime:
    """Return where a series' last known value ceases to stand; the distant past if none is known."""
    known = np.flatnonzero(~np.isnan(series.to_numpy(dtype=np.float64)))
    if not len(known):
        return datetime.min.replace(tzinfo=UTC)
    index = pd.DatetimeIndex(series.index)
    length = index[-1] - index[-2] if len(index) > 1 else pd.Timedelta(LONGEST_VALUE)
    last: datetime = index[known[-1]].to_pydatetime()
    return last + min(length.to_pytimedelta(), longest)
