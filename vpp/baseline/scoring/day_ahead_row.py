"""Figures of a day-ahead backtest."""

from dataclasses import asdict, dataclass, fields

import pandas as pd


@dataclass(frozen=True, slots=True)
class DayAheadRow:
    """How well one method forecast one series.

    Ratios are shares. CVRMSE here is `sqrt(mean e²) / mean load`, over all intervals of all days: it
    divides by the number of intervals, not by degrees of freedom.

    Attributes:
        series: The series' name.
        method: `naive-7d`, a rule's id, or `forecast-{mix}`.
        day_count: Days forecast and metered.
        missing_day_count: Days of the test without a forecast, or with nothing metered.
        mae_kw: Mean absolute error, kW.
        rmae_ratio: MAE over that of `naive-7d` on the same intervals; None where that one is 0.
        mase_ratio: MAE over the mean absolute change from a week before in the history before the first
            test day; None where that is unknown or 0.
        cvrmse_ratio: Root mean square error over mean load.
        bias_ratio: Mean error over mean load; positive where the forecast is too high.
        pinball_ratio: Mean pinball loss of the 10, 50 and 90 % quantiles over mean load; None for a
            method without quantiles.
        coverage_ratio: Share of load inside the 10 to 90 % band; None without quantiles.
        width_ratio: Mean width of that band over mean load; None without quantiles.
        cpu_s: Processor time spent on this series' forecasts, seconds; a batch is shared out evenly.
        verified: Whether every value of the rule was checked against a source.
        notes: Fallbacks taken, with the number of days; in plain words.
    """

    series: str
    method: str
    day_count: int
    missing_day_count: int
    mae_kw: float
    rmae_ratio: float | None
    mase_ratio: float | None
    cvrmse_ratio: float
    bias_ratio: float
    pinball_ratio: float | None
    coverage_ratio: float | None
    width_ratio: float | None
    cpu_s: float
    verified: bool
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class UnscoredSeries:
    """A series and method of which no day could be scored: too short, empty, or no mean load above 0.

    Attributes:
        series: The series' name.
        method: The method's name.
        detail: Why, in a sentence.
    """

    series: str
    method: str
    detail: str


@dataclass(frozen=True, slots=True, eq=False)
class DayAheadResult:
    """A day-ahead backtest.

    Attributes:
        rows: By series, then method, in the order given; `naive-7d` first.
        unscored: What has no row.
        intervals: For charts and own figures, one row per series, method and interval: `series`,
            `method`, `start_time` (UTC), `day` (civil date), `hour` (local, 0..24, with fraction),
            `actual_kw`, `p10_kw`, `p50_kw`, `p90_kw`; NaN where absent.
    """

    rows: tuple[DayAheadRow, ...]
    unscored: tuple[UnscoredSeries, ...]
    intervals: pd.DataFrame

    def to_frame(self) -> pd.DataFrame:
        """Return the rows as a table: one column for each of their attributes, notes joined by `; `."""
        columns = [column.name for column in fields(DayAheadRow)]
        table = pd.DataFrame([asdict(row) for row in self.rows], columns=columns)
        table["notes"] = ["; ".join(row.notes) for row in self.rows]
        return table
