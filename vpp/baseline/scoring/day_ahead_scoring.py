"""From a series' day-ahead forecasts to its row of figures and its intervals."""

from collections import Counter
from collections.abc import Callable

import numpy as np
import pandas as pd

from vpp.baseline.accuracy import (
    coverage_ratio,
    mase_ratio,
    mean_absolute_error_kw,
    nmbe_ratio,
    pinball_kw,
    rmae_ratio,
    rrmse_ratio,
)
from vpp.baseline.forecasting.member_step import MEAN_OF_MEMBERS
from vpp.baseline.scoring.civil_days import civil_day_of
from vpp.baseline.scoring.day_ahead_row import DayAheadRow, UnscoredSeries
from vpp.baseline.scoring.day_forecast import DayForecast, SeriesForecasts
from vpp.baseline.scoring.site_days import WEEK_DAYS, Floats, SiteDays
from vpp.foundation.errors import InvalidInput

LOW_LEVEL, MIDDLE_LEVEL, HIGH_LEVEL = 0.1, 0.5, 0.9


def intervals_of(series: str, method: str, days: SiteDays, forecasts: SeriesForecasts) -> pd.DataFrame:
    """Lay out every forecast interval beside the load, as `DayAheadResult.intervals` says."""
    made = [(day, found) for day, found in sorted(forecasts.by_day.items()) if found is not None]
    if not made:
        return pd.DataFrame()
    spans = [days.span(day) for day, _ in made]
    positions = np.concatenate([np.arange(span.start, span.stop) for span in spans])
    return pd.DataFrame(
        {
            "series": series,
            "method": method,
            "start_time": days.index[positions],
            "day": np.repeat(
                np.array([civil_day_of(day) for day, _ in made], dtype=object),
                [span.stop - span.start for span in spans],
            ),
            "hour": days.hours(positions),
            "actual_kw": days.actual_kw[positions],
            "p10_kw": np.concatenate([_or_unknown(found.p10_kw, found) for _, found in made]),
            "p50_kw": np.concatenate([found.p50_kw for _, found in made]),
            "p90_kw": np.concatenate([_or_unknown(found.p90_kw, found) for _, found in made]),
            "naive_kw": days.week_before()[positions],
        }
    )


def _or_unknown(quantile_kw: Floats | None, forecast: DayForecast) -> Floats:
    return np.full(len(forecast.p50_kw), np.nan) if quantile_kw is None else quantile_kw


def row_of(  # noqa: PLR0913  two names, and three views of the same forecasts
    series: str,
    method: str,
    days: SiteDays,
    forecasts: SeriesForecasts,
    frame: pd.DataFrame,
    *,
    verified: bool,
) -> DayAheadRow | UnscoredSeries:
    """Sum up a series' forecasts.

    Args:
        series: Its name.
        method: The method's name.
        days: Its load by day.
        forecasts: The forecasts.
        frame: The same, laid out by `intervals_of`.
        verified: Whether every value of the method was checked against a source.
    """
    if not forecasts.by_day:
        return UnscoredSeries(series, method, "the history holds no day with enough metering before it")
    actual, p10, p50, p90, naive = (
        frame[name].to_numpy(dtype=np.float64) if len(frame) else np.zeros(0)
        for name in ("actual_kw", "p10_kw", "p50_kw", "p90_kw", "naive_kw")
    )
    known = ~(np.isnan(actual) | np.isnan(p50))
    if not known.any():
        return UnscoredSeries(series, method, f"no forecast on any of {len(forecasts.by_day)} days")
    mean_kw = float(actual[known].mean())
    if mean_kw <= 0:
        return UnscoredSeries(series, method, f"mean load is {mean_kw:g} kW, expected above 0")
    has_band = bool((known & ~np.isnan(p10) & ~np.isnan(p90)).any())
    scored_days = int(frame["day"][known].nunique())
    first = min(forecasts.by_day)
    history_kw = days.actual_kw[: days.span(first).start]
    week = WEEK_DAYS * days.slots_per_day
    losses_kw = (
        pinball_kw(quantile, actual, level) if has_band else 0.0
        for quantile, level in ((p10, LOW_LEVEL), (p50, MIDDLE_LEVEL), (p90, HIGH_LEVEL))
    )
    return DayAheadRow(
        series=series,
        method=method,
        day_count=scored_days,
        missing_day_count=len(forecasts.by_day) - scored_days,
        mae_kw=mean_absolute_error_kw(p50, actual),
        rmae_ratio=_if_defined(lambda: rmae_ratio(p50, naive, actual)),
        mase_ratio=_if_defined(lambda: mase_ratio(p50, actual, history_kw, week)),
        cvrmse_ratio=rrmse_ratio(p50, actual),
        bias_ratio=nmbe_ratio(p50, actual),
        pinball_ratio=float(np.mean(list(losses_kw))) / mean_kw if has_band else None,
        coverage_ratio=coverage_ratio(p10, p90, actual) if has_band else None,
        width_ratio=float(np.nanmean(np.where(known, p90 - p10, np.nan))) / mean_kw if has_band else None,
        cpu_s=forecasts.cpu_s,
        verified=verified,
        notes=_notes(method, forecasts),
    )


def _notes(method: str, forecasts: SeriesForecasts) -> tuple[str, ...]:
    """Say which steps of a method its forecasts come from, where they are not its full form."""
    steps = Counter(found.step for found in forecasts.by_day.values() if found is not None)
    full = {method, MEAN_OF_MEMBERS}
    return tuple(f"{step} on {count} days" for step, count in sorted(steps.items()) if step not in full)


def _if_defined(figure: Callable[[], float]) -> float | None:
    """Return a ratio, or None where what it is held against is unknown or never wrong."""
    try:
        return figure()
    except InvalidInput:
        return None
