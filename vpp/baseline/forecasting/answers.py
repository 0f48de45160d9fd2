"""From requests to forecasts: laying out, choosing a step, and putting quantiles around it."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from vpp.baseline.forecast_request import ForecastRequest, PastErrors
from vpp.baseline.forecasting.fallback_steps import NOMINATED_PLAN
from vpp.baseline.forecasting.ladder import ladder_steps
from vpp.baseline.forecasting.ladder_step import LadderStep
from vpp.baseline.forecasting.member import ComputedBy
from vpp.baseline.forecasting.mix import ForecastMix
from vpp.baseline.forecasting.one_thread import one_thread
from vpp.baseline.forecasting.outside_series import plan_over
from vpp.baseline.forecasting.panel import EPOCH, Floats
from vpp.baseline.forecasting.replay import REPLAY_DAYS
from vpp.baseline.forecasting.site_panels import SitePanel, site_panels
from vpp.baseline.insufficient_history import InsufficientHistory
from vpp.baseline.load_forecast import LoadForecast
from vpp.foundation.errors import InvalidInput
from vpp.telemetry.grid import metering_step

HEADROOM_RATIO = 1.2
HISTORY_DAYS: Mapping[ForecastMix, int] = {"fast": 56, "mean": 56, "robust": 365, "boosted": 365}


def answers(
    requests: Sequence[ForecastRequest], mix: ForecastMix, *, by: ComputedBy
) -> list[LoadForecast | InsufficientHistory]:
    """Forecast some sites together.

    Args:
        requests: What is to be forecast.
        mix: Which members are averaged.
        by: Whether regressions are computed together or one by one with statsmodels.

    Returns:
        Forecasts in the order of the requests.

    Raises:
        InvalidInput: A series is empty, infinite in places or not regular in UTC, an interval does not
            divide a day, a horizon is not a whole number of intervals, or past errors do not fit it.
    """
    with one_thread():
        found = _found(requests, mix, by)
    return [
        _without_history(request) if answer is None else answer
        for request, answer in zip(requests, found, strict=True)
    ]


def _found(
    requests: Sequence[ForecastRequest], mix: ForecastMix, by: ComputedBy
) -> list[LoadForecast | None]:
    """Forecast the sites of which something is known; None for the others."""
    found: list[LoadForecast | None] = [None] * len(requests)
    replayed = [row for row, request in enumerate(requests) if request.past_errors is None]
    given = [row for row, request in enumerate(requests) if request.past_errors is not None]
    for rows, days_before in ((given, 0), (replayed, REPLAY_DAYS)):
        asked = [requests[row] for row in rows]
        for sites in site_panels(asked, HISTORY_DAYS[mix] + days_before):
            past_errors = [_checked(asked[row], len(sites.middles)) for row in sites.rows]
            index = pd.date_range(
                sites.horizon.start, periods=len(sites.middles), freq=pd.Timedelta(sites.step)
            )
            for step in ladder_steps(sites, mix, past_errors, by=by):
                for site, forecast in zip(step.sites, _forecasts(sites, step, index), strict=True):
                    found[rows[sites.rows[site]]] = forecast
    return found


def _checked(request: ForecastRequest, length: int) -> PastErrors | None:
    past = request.past_errors
    if past is None:
        return None
    if past.error_kw.shape != (len(past.days), length):
        raise InvalidInput(
            f"past_errors of site {request.site_id} has shape {past.error_kw.shape}, expected "
            f"{(len(past.days), length)}: one row per day, one column per interval of the horizon",
            past_errors=str(past.error_kw.shape),
        )
    return past


def _forecasts(sites: SitePanel, step: LadderStep, index: pd.DatetimeIndex) -> list[LoadForecast]:
    seen_kw = sites.panel.load_kw[step.sites]
    lowest = np.minimum(HEADROOM_RATIO * np.nanmin(seen_kw, axis=1), 0.0)[:, None]
    highest = np.maximum(HEADROOM_RATIO * np.nanmax(seen_kw, axis=1), 0.0)[:, None]
    low, middle, high = (
        np.clip(step.point_kw + shift, lowest, highest) for shift in (step.low_kw, step.bias_kw, step.high_kw)
    )
    past = _past_errors(sites, step)
    return [
        LoadForecast(
            p10_kw=_series(low[n], index),
            p50_kw=_series(middle[n], index),
            p90_kw=_series(high[n], index),
            point_kw=_series(step.point_kw[n], index),
            method=step.method,
            members=step.members,
            notes=sites.notes[site],
            past_errors=None if past is None else past[n],
        )
        for n, site in enumerate(step.sites)
    ]


def _past_errors(sites: SitePanel, step: LadderStep) -> Sequence[PastErrors] | None:
    if step.given is not None:
        return step.given
    if step.errors_kw is None or step.days_back is None:
        return None
    first = sites.panel.first_day + int(np.floor(sites.middles[0])) // sites.panel.slots_per_day
    days = tuple(EPOCH + pd.Timedelta(days=int(first - back)) for back in step.days_back)
    return [PastErrors(days, errors_kw) for errors_kw in step.errors_kw]


def _series(values_kw: Floats, index: pd.DatetimeIndex) -> pd.Series:
    return pd.Series(values_kw, index=index, copy=False)


def _without_history(request: ForecastRequest) -> LoadForecast | InsufficientHistory:
    """Take a plan as nominated at a site without a reading."""
    if request.plan_kw is not None:
        step = metering_step(request.metered_kw)
        index = pd.date_range(
            request.horizon.start, periods=request.horizon.duration // step, freq=pd.Timedelta(step)
        )
        plan_kw = plan_over(request.plan_kw, index, step)
        if not np.isnan(plan_kw).any():
            return LoadForecast(
                p10_kw=_series(plan_kw, index),
                p50_kw=_series(plan_kw.copy(), index),
                p90_kw=_series(plan_kw.copy(), index),
                point_kw=_series(plan_kw.copy(), index),
                method=NOMINATED_PLAN,
                members=(NOMINATED_PLAN,),
                notes=("no reading yet: the plan has no band",),
            )
    return InsufficientHistory(covered_day_count=0, required_day_count=1)
