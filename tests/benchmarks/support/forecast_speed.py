"""Time and memory of forecasts and baselines of many sites. Call through `apart`: memory is the process's."""

import gc
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from benchmarks.support.apart import held_mb, peak_mb
from benchmarks.support.generated_load import BUILDINGS, generated_load
from threadpoolctl import threadpool_limits

from vpp.baseline.calendar import SiteCalendar
from vpp.baseline.fleet_forecast import forecast_fleet
from vpp.baseline.forecast import forecast_day_ahead
from vpp.baseline.forecast_request import ForecastRequest, PastErrors
from vpp.baseline.forecasting.mix import ForecastMix
from vpp.baseline.load_forecast import LoadForecast
from vpp.baseline.rules.batch import compute_baselines
from vpp.baseline.rules.matched import MatchedRule, MatchedWindows, matched_baselines
from vpp.baseline.site_meter import SiteMeter
from vpp.cli.rule_folder import rule_folder
from vpp.foundation.interval import Interval
from vpp.hub.baseline_rule_files import load_rule_files
from vpp.portfolio.baseline_method import XOfY
from vpp.portfolio.baseline_rule import BaselineRule

FIRST, DAYS, ERROR_DAYS = date(2025, 3, 3), 56, 42
MONDAY = datetime(2025, 3, 3, tzinfo=UTC)
ONE_DAY = timedelta(days=1)
EVENT_HOURS, ADJUSTMENT_HOURS = np.arange(17, 21), np.arange(13, 16)


@dataclass(frozen=True)
class Spent:
    """What a run took.

    Attributes:
        cpu_s: Processor time, s.
        memory_mb: Most memory above what the inputs held before, MB.
        input_mb: Memory of the process with its inputs, before the run, MB.
    """

    cpu_s: float
    memory_mb: float
    input_mb: float


def loads_kw(sites: int, per_day: int, days: int = DAYS) -> npt.NDArray[np.float64]:
    """Return buildings of every kind, repeated with a level and noise of their own; shape (sites, T)."""
    kinds = np.array(list(generated_load(days, per_day, FIRST, frozenset(), 5).values()))
    rng = np.random.default_rng(3)
    chosen = kinds[np.arange(sites) % len(BUILDINGS)]
    return chosen * rng.uniform(0.5, 2.0, (sites, 1)) * rng.normal(1.0, 0.02, chosen.shape)


def requests(sites: int, per_day: int) -> list[ForecastRequest]:
    """Return forecasts to make, each with the errors of 42 earlier ones."""
    step = ONE_DAY / per_day
    horizon = Interval(MONDAY + DAYS * ONE_DAY, MONDAY + (DAYS + 1) * ONE_DAY)
    calendar = SiteCalendar("UTC")
    index = pd.date_range(pd.Timestamp(MONDAY), periods=DAYS * per_day, freq=pd.Timedelta(step))
    rng = np.random.default_rng(4)
    error_days = tuple(FIRST + (DAYS - ERROR_DAYS + n) * ONE_DAY for n in range(ERROR_DAYS))
    return [
        ForecastRequest(
            site_id=f"site-{n}",
            metered_kw=pd.Series(load_kw, index=index),
            horizon=horizon,
            calendar=calendar,
            past_errors=PastErrors(
                error_days, 0.05 * load_kw.mean() * rng.standard_normal((ERROR_DAYS, per_day))
            ),
        )
        for n, load_kw in enumerate(loads_kw(sites, per_day))
    ]


def forecast_speed(sites: int, mix: ForecastMix, per_day: int = 24, *, with_errors: bool = True) -> Spent:
    """Forecast a fleet in this process; without errors, the past forecasts are replayed."""
    asked = requests(sites, per_day)
    forecast_fleet(asked[:2], mix=mix)  # what is loaded once is loaded here
    if not with_errors:
        asked = [_without_errors(one) for one in asked]

    def run() -> None:
        found = forecast_fleet(asked, mix=mix)
        assert all(isinstance(one, LoadForecast) for one in found)

    return measured(run)


def reference_speed(sites: int, mix: ForecastMix, per_day: int = 24) -> Spent:
    """Forecast site by site, each regression by a statsmodels fit of its own."""
    asked = requests(sites, per_day)

    def run() -> None:
        for one in asked:
            found = forecast_day_ahead(
                one.metered_kw,
                one.horizon,
                time_zone=one.calendar.time_zone,
                holidays=one.calendar.holidays,
                masked=(),
                past_errors=one.past_errors,
                mix=mix,
            )
            assert isinstance(found, LoadForecast)

    return measured(run)


def lightgbm_speed(sites: int, per_day: int = 24) -> Spent:
    """Fit one model of trees per site, the way forecasters usually do, and predict a day."""
    from benchmarks.support.lightgbm_peer import forecast_next_day  # noqa: PLC0415  an extra

    values_kw = loads_kw(sites, per_day)

    def run() -> None:
        for load_kw in values_kw:
            assert np.isfinite(forecast_next_day(load_kw, per_day)).all()

    return measured(run)


def matching_speed(sites: int, path: Literal["arrays", "meters"]) -> Spent:
    """Compute High 4 of 5 with its adjustment for a workday evening, hourly, from arrays or from meters."""
    rule = load_rule_files(rule_folder())["pjm-economic"]
    load_kw = loads_kw(sites, 24, DAYS + 5)  # the last day is a Friday
    run = _by_arrays(rule, load_kw) if path == "arrays" else _by_meters(rule, load_kw)
    run()
    return measured(run)


def _by_arrays(rule: BaselineRule, load_kw: npt.NDArray[np.float64]) -> Callable[[], None]:
    assert isinstance(rule.method, XOfY)
    assert rule.days is not None
    day_count = load_kw.shape[1] // 24
    event_day = day_count - 1
    earlier = [day for day in range(event_day - 1, event_day - 46, -1) if day % 7 < 5]
    begins = 24 * np.array(earlier)[:, None]
    windows = MatchedWindows(
        event=begins + EVENT_HOURS, base=begins + ADJUSTMENT_HOURS, actual=24 * event_day + ADJUSTMENT_HOURS
    )
    matched = MatchedRule(rule.method, rule.days, rule.days.classes[0], rule.adjustment)

    def run() -> None:
        assert matched_baselines(matched, load_kw, windows).done.all()

    return run


def _by_meters(rule: BaselineRule, load_kw: npt.NDArray[np.float64]) -> Callable[[], None]:
    index = pd.date_range(pd.Timestamp(MONDAY), periods=load_kw.shape[1], freq="h")
    sites = [SiteMeter(pd.Series(one, index=index), SiteCalendar("UTC")) for one in load_kw]
    day = MONDAY + (load_kw.shape[1] // 24 - 1) * ONE_DAY
    event = Interval(day + timedelta(hours=17), day + timedelta(hours=21))

    def run() -> None:
        compute_baselines(rule, sites, event)

    return run


def measured(run: Callable[[], None]) -> Spent:
    """Run on one thread of linear algebra and say what it took."""
    gc.collect()
    input_mb = held_mb()
    with threadpool_limits(limits=1):
        began_s = time.process_time()
        run()
        cpu_s = time.process_time() - began_s
    return Spent(cpu_s, peak_mb() - input_mb, input_mb)


def _without_errors(one: ForecastRequest) -> ForecastRequest:
    return ForecastRequest(one.site_id, one.metered_kw, one.horizon, one.calendar)
