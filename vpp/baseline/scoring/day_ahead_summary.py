"""A day-ahead backtest in one line per method."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from vpp.baseline.accuracy import geometric_mean
from vpp.baseline.scoring.day_ahead_row import DayAheadResult


@dataclass(frozen=True, slots=True)
class DayAheadSummary:
    """A method's figures over all its series; each series counts once, however large its load.

    Attributes:
        method: The method.
        series_count: Series with a row.
        day_count: Days forecast, summed over series.
        rmae_ratio: Geometric mean of rMAE; None where no series has one.
        mase_ratio: Mean of MASE; None likewise.
        cvrmse_median_ratio: Median of CVRMSE.
        cvrmse_mean_ratio: Mean of CVRMSE.
        bias_ratio: Mean of the signed bias.
        absolute_bias_ratio: Mean of the bias without its sign.
        pinball_ratio: Mean pinball loss over mean load; None without quantiles.
        coverage_ratio: Mean coverage of the 80 % band; None without quantiles.
        width_ratio: Mean width of that band; None without quantiles.
        cpu_s: Processor time, seconds, summed.
        verified: Whether every value of the method was checked against a source.
    """

    method: str
    series_count: int
    day_count: int
    rmae_ratio: float | None
    mase_ratio: float | None
    cvrmse_median_ratio: float
    cvrmse_mean_ratio: float
    bias_ratio: float
    absolute_bias_ratio: float
    pinball_ratio: float | None
    coverage_ratio: float | None
    width_ratio: float | None
    cpu_s: float
    verified: bool


def summarise_day_ahead(result: DayAheadResult) -> tuple[DayAheadSummary, ...]:
    """Sum up each method over its series, in the order in which methods first appear."""
    summaries = []
    for method in dict.fromkeys(row.method for row in result.rows):
        rows = [row for row in result.rows if row.method == method]
        rmae = [row.rmae_ratio for row in rows if row.rmae_ratio]
        cvrmse = [row.cvrmse_ratio for row in rows]
        bias = [row.bias_ratio for row in rows]
        summaries.append(
            DayAheadSummary(
                method=method,
                series_count=len(rows),
                day_count=sum(row.day_count for row in rows),
                rmae_ratio=geometric_mean(rmae) if rmae else None,
                mase_ratio=_mean(row.mase_ratio for row in rows),
                cvrmse_median_ratio=float(np.median(cvrmse)),
                cvrmse_mean_ratio=float(np.mean(cvrmse)),
                bias_ratio=float(np.mean(bias)),
                absolute_bias_ratio=float(np.mean(np.abs(bias))),
                pinball_ratio=_mean(row.pinball_ratio for row in rows),
                coverage_ratio=_mean(row.coverage_ratio for row in rows),
                width_ratio=_mean(row.width_ratio for row in rows),
                cpu_s=sum(row.cpu_s for row in rows),
                verified=all(row.verified for row in rows),
            )
        )
    return tuple(summaries)


def mae_against(result: DayAheadResult, method: str, reference: str) -> float | None:
    """Return a method's mean absolute error over another's, on the intervals that both forecast.

    Args:
        result: The backtest.
        method: The method.
        reference: The other one.

    Returns:
        Geometric mean over series; None where no series has both, or the other is never wrong.
    """
    table = result.intervals
    if table.empty:
        return None
    error_kw = (table["p50_kw"] - table["actual_kw"]).abs().rename("error_kw")
    keyed = table[["series", "start_time"]].assign(error_kw=error_kw)
    pair = keyed[table["method"] == method].merge(
        keyed[table["method"] == reference], on=["series", "start_time"], suffixes=("", "_reference")
    )
    means = pair.dropna().groupby("series")[["error_kw", "error_kw_reference"]].mean()
    means = means[(means > 0).all(axis=1)]
    if means.empty:
        return None
    return geometric_mean((means["error_kw"] / means["error_kw_reference"]).to_numpy(dtype=np.float64))


def _mean(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else None
