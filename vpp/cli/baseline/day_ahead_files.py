"""What a day-ahead backtest leaves: figures by method, and drawings."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from vpp.baseline.scoring.day_ahead_plan import DayAheadPlan
from vpp.baseline.scoring.day_ahead_row import DayAheadResult
from vpp.baseline.scoring.naive_days import NAIVE
from vpp.baseline.site_meter import SiteMeter
from vpp.cli.auction.wording import counted
from vpp.cli.baseline.backtest_pictures import (
    Examples,
    examples,
    hour_errors,
    hour_words,
    method_rows,
    warning_notes,
)
from vpp.cli.baseline.backtest_summary import (
    BacktestSummary,
    MethodFigures,
    geometric_mean,
    head_document,
    middle,
    optional,
    percent,
    rule_warnings,
    series_count,
)
from vpp.cli.baseline.compute_document import Document
from vpp.cli.charts.baseline_fan import FanDay, FanPanel, draw_fan
from vpp.cli.charts.baseline_hours import draw_hours
from vpp.cli.charts.baseline_methods import ScoreAxis, draw_methods
from vpp.cli.charts.baseline_style import Texts
from vpp.portfolio.baseline_rule import BaselineRule

COLUMNS = ("CVRMSE\nmedian", "bias", "covers\n(80 %)", "pinball", "CPU s /\n100 days")
_DAYS_SHOWN = 5
_AXIS = ScoreAxis(
    "mean absolute error as a ratio to that of the load a week before (rMAE), log scale",
    1.0,
    "as good as a week before",
)


def summarise_day_ahead(
    result: DayAheadResult, rules: Sequence[BaselineRule], plan: DayAheadPlan
) -> BacktestSummary:
    """Sum a day-ahead backtest up."""
    scores = result.to_frame()
    verified = {NAIVE: True} | {rule.baseline_id: rule.is_verified for rule in rules}
    methods = [
        _figures(name, scores[scores["method"] == name], is_verified=is_verified)
        for name, is_verified in verified.items()
    ]
    methods.sort(key=lambda one: (not np.isfinite(one.middle), one.middle))
    count = series_count(scores)
    days = int(scores["day_count"].max()) if len(scores) else 0
    remarks = [f"{row.series}, {row.method}: {row.detail}" for row in result.unscored]
    fallbacks = scores[scores["notes"] != ""]
    remarks += [
        _fallback_words(str(method), rows) for method, rows in fallbacks.groupby("method", sort=False)
    ]
    document = head_document("day-ahead", rules, count) | {
        "day_count": plan.day_count,
        "pick": plan.pick,
        "methods": [one.document | {"mae_against": _mae_against(one.method, scores)} for one in methods],
        "unscored": [
            {"series": row.series, "method": row.method, "detail": row.detail} for row in result.unscored
        ],
        "definitions": {
            "rmae": "MAE over that of the load a week before, same intervals; geometric mean over series",
            "mae_against": "MAE over that of another method; geometric mean over series",
            "cvrmse": "sqrt(mean e^2) / mean load, divided by the number of intervals; median over series",
            "bias": "mean of estimate minus actual over mean load; mean over series",
            "pinball": "mean pinball loss of the 10, 50 and 90 % quantiles over mean load; mean over series",
            "coverage": "share of the load inside the 10 to 90 % band; mean over series",
        },
        "warnings": list(rule_warnings(rules)),
    }
    return BacktestSummary(
        title=f"Day-ahead backtest: {count} series, up to {counted(days, 'day')} each",
        score_name="rMAE",
        is_share=False,
        columns=COLUMNS,
        methods=tuple(methods),
        remarks=tuple(remarks),
        warnings=rule_warnings(rules),
        scores=scores,
        document=document,
    )


def _mae_against(method: str, scores: pd.DataFrame) -> Document:
    """Hold a method's error against that of every other, series by series."""
    mae_kw = scores.pivot_table(index="series", columns="method", values="mae_kw")
    if method not in mae_kw.columns:
        return {}
    others = [name for name in mae_kw.columns if name != method]
    return {str(name): optional(geometric_mean(mae_kw[method] / mae_kw[name])) for name in others}


def _fallback_words(method: str, rows: pd.DataFrame) -> str:
    """Say where a method took a named fallback."""
    example = f"{rows['notes'].iloc[0]} of {rows['series'].iloc[0]}"
    more = len(rows) - 1
    return f"{method}: {example}" + (f", and fallbacks on {more} more series" if more else "")


def _figures(method: str, rows: pd.DataFrame, *, is_verified: bool) -> MethodFigures:
    scores = pd.to_numeric(rows["rmae_ratio"], errors="coerce").to_numpy(dtype=np.float64)
    cvrmse, bias = middle(rows["cvrmse_ratio"], "median"), middle(rows["bias_ratio"], "mean")
    coverage, pinball = middle(rows["coverage_ratio"], "mean"), middle(rows["pinball_ratio"], "mean")
    days, cpu_s = float(rows["day_count"].sum()), float(rows["cpu_s"].sum())
    per_hundred = 100 * cpu_s / days if days else float("nan")
    rmae = geometric_mean(scores)
    return MethodFigures(
        method=method,
        is_verified=is_verified,
        scores=scores,
        middle=rmae,
        cells=(
            percent(cvrmse),
            percent(bias, signed=True),
            percent(coverage, digits=1),
            percent(pinball),
            f"{per_hundred:.2f}" if np.isfinite(per_hundred) else "-",
        ),
        document={
            "method": method,
            "series_count": len(rows),
            "rmae_geometric_mean": optional(rmae),
            "mase_median": optional(middle(rows["mase_ratio"], "median")),
            "cvrmse_median": optional(cvrmse),
            "bias_mean": optional(bias),
            "abs_bias_mean": optional(middle(rows["bias_ratio"].abs(), "mean")),
            "pinball_mean": optional(pinball),
            "coverage_mean": optional(coverage),
            "width_mean": optional(middle(rows["width_ratio"], "mean")),
            "cpu_s": optional(cpu_s),
        },
    )


def draw_day_ahead(
    result: DayAheadResult, summary: BacktestSummary, sites: Mapping[str, SiteMeter]
) -> dict[str, bytes]:
    """Draw methods compared, errors by hour, and forecasts against what came.

    Returns:
        PNGs by file name; none if nothing was scored, no comparison if last week's load was never wrong.
    """
    if summary.scores.empty:
        return {}
    notes = warning_notes(summary.warnings)
    what = summary.title.partition(": ")[2]
    dots = "; a dot is a series, the bar their geometric mean" if series_count(summary.scores) > 1 else ""
    pictures = {
        "error_by_hour.png": draw_hours(
            Texts("Error by hour of the day", [hour_words(summary, NAIVE)], notes),
            hour_errors(result.intervals.assign(estimate_kw=result.intervals["p50_kw"]), summary, NAIVE),
        )
    }
    compared = method_rows(summary)
    if compared:
        lines = [f"{what}{dots}; left is better"]
        texts = Texts("Methods compared, day-ahead", lines, notes)
        pictures["methods.png"] = draw_methods(texts, compared, _AXIS, COLUMNS)
    shown = next((one for one in summary.methods if one.method != NAIVE and len(one.scores)), None)
    if shown is not None:
        pictures["fan.png"] = _fan(result, summary, shown.method, sites)
    return pictures


def _fan(
    result: DayAheadResult, summary: BacktestSummary, method: str, sites: Mapping[str, SiteMeter]
) -> bytes:
    own = summary.scores[summary.scores["method"] == method].set_index("series")
    scores = own["rmae_ratio"].astype(float)
    chosen = examples(scores)
    frame = result.intervals
    panels = [
        FanPanel(
            title=f"{name}: {why}",
            unit_note=f"{sites[name].calendar.time_zone} time",
            calendar=sites[name].calendar,
            days=_fan_days(frame[frame["series"] == name], method),
        )
        for name, why in _described(chosen, scores)
    ]
    lines = ["made at local midnight from what was known then; the last days of the test"]
    return draw_fan(
        Texts(f"Forecasts of {method} against what came", lines, warning_notes(summary.warnings, method)),
        panels,
    )


def _described(chosen: Examples, scores: pd.Series) -> list[tuple[str, str]]:
    described = []
    for name, why in chosen:
        rmae = float(scores.get(name, np.nan))
        described.append((name, f"{why}rMAE {rmae:.2f}" if np.isfinite(rmae) else f"{why}no rMAE"))
    return described


def _fan_days(frame: pd.DataFrame, method: str) -> list[FanDay]:
    """Lay out the last days of one series."""
    days = sorted(frame["day"].unique())[-_DAYS_SHOWN:]
    found = []
    for day in days:
        rows = frame[frame["day"] == day]
        own = rows[rows["method"] == method].set_index("start_time")
        if own.empty:
            continue
        naive = rows[rows["method"] == NAIVE].set_index("start_time")["p50_kw"]
        has_band = bool(own["p10_kw"].notna().any())
        found.append(
            FanDay(
                actual_kw=own["actual_kw"],
                p10_kw=own["p10_kw"] if has_band else None,
                p50_kw=own["p50_kw"],
                p90_kw=own["p90_kw"] if has_band else None,
                reference_kw=naive.reindex(own.index),
            )
        )
    return found
