"""Day-ahead backtest: what a method would have forecast each midnight, against what came."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import get_args

import pandas as pd

from vpp.baseline.fleet_pool import FleetPool, run_fleet
from vpp.baseline.forecasting.mix import ForecastMix
from vpp.baseline.scoring.day_ahead_plan import DayAheadPlan, days_to_forecast
from vpp.baseline.scoring.day_ahead_row import DayAheadResult, DayAheadRow, UnscoredSeries
from vpp.baseline.scoring.day_ahead_scoring import intervals_of, row_of
from vpp.baseline.scoring.day_forecast import SeriesForecasts
from vpp.baseline.scoring.mix_days import forecast_mix_days
from vpp.baseline.scoring.naive_days import NAIVE, forecast_naive_days
from vpp.baseline.scoring.own_band import days_for_band, with_own_band
from vpp.baseline.scoring.rule_days import day_ahead_rule, forecast_rule_days
from vpp.baseline.scoring.site_chunks import site_chunks
from vpp.baseline.scoring.site_days import Ints, SiteDays, days_of_sites
from vpp.baseline.site_meter import SiteMeter
from vpp.foundation.errors import InvalidInput
from vpp.portfolio.baseline_method import ForecastMethod
from vpp.portfolio.baseline_rule import BaselineRule

Method = BaselineRule | ForecastMix
NO_RULES: Mapping[str, BaselineRule] = {}
INLINE = FleetPool(kind="inline")


@dataclass(frozen=True, slots=True, eq=False)
class _Chunk:
    """One method on some sites; `method` is None for the naive forecast."""

    method: Method | None
    sites: Mapping[str, SiteMeter]
    plan: DayAheadPlan
    library: Mapping[str, BaselineRule]


@dataclass(frozen=True, slots=True, eq=False)
class _Scored:
    """One method on one series."""

    row: DayAheadRow | UnscoredSeries
    intervals: pd.DataFrame


def backtest_day_ahead(  # noqa: PLR0913  what is tested, how, and where the work is done
    sites: Mapping[str, SiteMeter],
    methods: Sequence[Method],
    plan: DayAheadPlan,
    *,
    library: Mapping[str, BaselineRule] = NO_RULES,
    pool: FleetPool = INLINE,
    progress: Callable[[int, int], None] | None = None,
) -> DayAheadResult:
    """Forecast whole civil days from what was known at their local midnight.

    The load of a week before, `naive-7d`, is always among the methods. A rule is applied without its
    same-day adjustment, with the whole day as its event; one whose method is the forecast is that
    forecast. A method without quantiles gets those of its own errors on the 42 days before, the way the
    forecast's are made. Where temperature is given it is taken as it came: a perfect weather forecast.

    Args:
        sites: By series name. Events and hidden spans are neither learnt from nor scored.
        methods: Rules, and mixes of forecast members by name.
        plan: Which days.
        library: Rules that the rules may name.
        pool: Where to work.
        progress: Told after each finished part how many are done, and of how many.

    Returns:
        A row for every series and method of which a day could be scored.

    Raises:
        InvalidInput: A method occurs twice, is unknown, or cannot be applied at midnight; a meter's
            series is empty or not regular in UTC.
    """
    names = [NAIVE, *(method_name(method) for method in methods)]
    if len(set(names)) < len(names):
        raise InvalidInput(f"methods are {names}, expected each once", methods=str(names))
    for method in methods:
        if isinstance(method, BaselineRule) and not isinstance(method.method, ForecastMethod):
            day_ahead_rule(method)
    chunks = [
        _Chunk(method, part, plan, library) for method in (None, *methods) for part in site_chunks(sites)
    ]
    parts = run_fleet(_scored, chunks, pool=pool, on_done=progress)
    rank = {series: n for n, series in enumerate(sites)}
    scored = sorted(
        (one for part in parts for one in part),
        key=lambda one: (rank[one.row.series], names.index(one.row.method)),
    )
    frames = [one.intervals for one in scored if len(one.intervals)]
    return DayAheadResult(
        rows=tuple(one.row for one in scored if isinstance(one.row, DayAheadRow)),
        unscored=tuple(one.row for one in scored if isinstance(one.row, UnscoredSeries)),
        intervals=pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(),
    )


def method_name(method: Method) -> str:
    """Return the name of a method in tables: a rule's id, or `forecast-{mix}`."""
    if isinstance(method, BaselineRule):
        return method.baseline_id
    if method not in get_args(ForecastMix):
        raise InvalidInput(
            f"forecast mix is {method!r}, expected one of {', '.join(get_args(ForecastMix))}", mix=str(method)
        )
    return f"forecast-{method}"


def _scored(chunk: _Chunk) -> list[_Scored]:
    """Forecast and score one method on some sites."""
    by_day = days_of_sites(chunk.sites)
    days = {name: days_to_forecast(found, chunk.plan) for name, found in by_day.items()}
    forecasts = _forecasts(chunk, by_day, days)
    method = NAIVE if chunk.method is None else method_name(chunk.method)
    verified = not isinstance(chunk.method, BaselineRule) or chunk.method.is_verified
    scored = []
    for name, found in forecasts.items():
        frame = intervals_of(name, method, by_day[name], found)
        row = row_of(name, method, by_day[name], found, frame, verified=verified)
        scored.append(_Scored(row, frame.drop(columns="naive_kw", errors="ignore")))
    return scored


def _forecasts(
    chunk: _Chunk, by_day: Mapping[str, SiteDays], days: Mapping[str, Ints]
) -> dict[str, SeriesForecasts]:
    method = chunk.method
    if isinstance(method, BaselineRule) and isinstance(method.method, ForecastMethod):
        method = method.method.mix
    if method is not None and not isinstance(method, BaselineRule):
        carry = chunk.plan.pick == "last"
        return forecast_mix_days(method, chunk.sites, by_day, days, carry=carry)
    points = (
        partial(forecast_naive_days, by_day)
        if method is None
        else partial(forecast_rule_days, method, chunk.sites, by_day, library=chunk.library)
    )
    earlier = points(
        {name: days_for_band(wanted, by_day[name].whole_days()) for name, wanted in days.items()}
    )
    return {
        name: with_own_band(found, earlier[name], by_day[name], chunk.sites[name].calendar)
        for name, found in points(days).items()
    }
