"""What a settlement backtest leaves: figures by rule, a choice for every series, and drawings."""

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from vpp.baseline.scoring.placebo_plan import PlaceboPlan
from vpp.baseline.scoring.rule_choice import RuleChoice
from vpp.baseline.scoring.settlement_row import SettlementResult
from vpp.baseline.site_meter import SiteMeter
from vpp.cli.auction.wording import counted
from vpp.cli.baseline.backtest_pictures import examples, hour_errors, hour_words, method_rows, warning_notes
from vpp.cli.baseline.backtest_summary import (
    BacktestSummary,
    MethodFigures,
    head_document,
    middle,
    optional,
    percent,
    rule_warnings,
    series_count,
)
from vpp.cli.baseline.compute_document import Document
from vpp.cli.baseline.rule_choices import choices
from vpp.cli.baseline.rule_words import length
from vpp.cli.charts.baseline_fan import FanDay, FanPanel, FanWords, draw_fan
from vpp.cli.charts.baseline_hours import draw_hours
from vpp.cli.charts.baseline_methods import ScoreAxis, draw_methods
from vpp.cli.charts.baseline_style import Texts
from vpp.portfolio.baseline_rule import BaselineRule

COLUMNS = ("bias\nmean", "median\nerror", "9 in 10\nwithin", "raw\nRRMSE", "pass\ngate")
_EVENTS_SHOWN = 8


def summarise_settlement(
    result: SettlementResult,
    rules: Sequence[BaselineRule],
    plan: PlaceboPlan,
    sites: Mapping[str, SiteMeter],
) -> BacktestSummary:
    """Sum a settlement backtest up, and choose a rule for every series."""
    scores = result.to_frame()
    methods = [_figures(rule, scores[scores["method"] == rule.baseline_id]) for rule in rules]
    methods.sort(key=lambda one: (not np.isfinite(one.middle), one.middle))
    chosen = choices(result, rules, sites)
    count = series_count(scores)
    events = int(scores["event_count"].max()) if len(scores) else 0
    unscored = [f"{row.series}, {row.score.baseline_id}: {row.score.detail}" for row in result.unscored]
    document = head_document("settlement", rules, count) | {
        "day_count": plan.day_count,
        "windows": [f"{window.start:%H:%M} for {length(window.duration)}" for window in plan.windows],
        "notice_minutes": None if plan.notice is None else plan.notice.total_seconds() / 60,
        "methods": [one.document for one in methods],
        "choices": [_choice_document(choice) for choice in chosen],
        "unscored": [
            {"series": row.series, "method": row.score.baseline_id, "detail": row.score.detail}
            for row in result.unscored
        ],
        "definitions": {
            "rrmse": "sqrt(mean e^2) / mean load over all intervals of all events of a series",
            "bias": "mean of baseline minus load over mean load; above zero the baseline pays too much",
            "median_relative_error": "median over events of sum e / sum load",
            "choice": "the first method is a site's own rule; another replaces it only if the own one fails "
            "its gate or is clearly worse",
        },
        "warnings": list(rule_warnings(rules)),
    }
    return BacktestSummary(
        title=f"Settlement backtest: {count} series, up to {counted(events, 'placebo event')} each",
        score_name="RRMSE",
        is_share=True,
        columns=COLUMNS,
        methods=tuple(methods),
        remarks=(*_choice_remarks(chosen), *_late_remarks(rules), *unscored),
        warnings=rule_warnings(rules),
        scores=scores,
        document=document,
    )


def _figures(rule: BaselineRule, rows: pd.DataFrame) -> MethodFigures:
    rrmse = rows["rrmse_ratio"].to_numpy(dtype=np.float64)
    mean = middle(rows["rrmse_ratio"], "mean")
    bias = middle(rows["bias_ratio"], "mean")
    median_error = middle(rows["median_relative_error_ratio"], "median")
    p90, raw = middle(rows["p90_absolute_error_ratio"], "median"), middle(rows["raw_rrmse_ratio"], "mean")
    passed = int(rows["passed"].sum()) if len(rows) else 0
    return MethodFigures(
        method=rule.baseline_id,
        is_verified=rule.is_verified,
        scores=rrmse,
        middle=float("nan") if mean is None else mean,
        cells=(
            percent(bias, signed=True),
            percent(median_error, signed=True),
            percent(p90, digits=1),
            percent(raw),
            f"{passed}/{len(rows)}",
        ),
        document={
            "method": rule.baseline_id,
            "series_count": len(rows),
            "rrmse_mean": optional(mean),
            "rrmse_median": optional(middle(rows["rrmse_ratio"], "median")),
            "bias_mean": optional(bias),
            "abs_bias_mean": optional(middle(rows["bias_ratio"].abs(), "mean")),
            "median_relative_error_median": optional(median_error),
            "variability_median": optional(middle(rows["variability_ratio"], "median")),
            "p90_absolute_error_median": optional(p90),
            "raw_rrmse_mean": optional(raw),
            "raw_bias_mean": optional(middle(rows["raw_bias_ratio"], "mean")),
            "passed_count": passed,
            "cpu_s": optional(float(rows["cpu_s"].sum())),
        },
    )


def _choice_document(choice: RuleChoice) -> Document:
    return {
        "series": choice.site_id,
        "season": choice.season.season_id,
        "own_baseline_id": choice.own_baseline_id,
        "baseline_id": choice.baseline_id,
        "rule_version": choice.rule_version,
        "rule_digest": choice.rule_digest,
        "passed": choice.passed,
        "reason": choice.reason,
        "data_version": choice.data_version,
        "engine_version": choice.engine_version,
    }


def _choice_remarks(chosen: Sequence[RuleChoice]) -> list[str]:
    """Say how many series each rule would be chosen for."""
    if not chosen:
        return []
    counts = Counter(choice.baseline_id for choice in chosen if choice.passed)
    failing = [choice.site_id for choice in chosen if not choice.passed]
    words = [f"{name} for {count}" for name, count in counts.most_common()]
    remarks = [f"recommended, own rule {chosen[0].own_baseline_id}: {', '.join(words)}"] if words else []
    if failing:
        more = f" and {len(failing) - 8} more" if len(failing) > 8 else ""  # noqa: PLR2004  a line's length
        remarks.append(f"no rule passes its gate for {', '.join(failing[:8])}{more}; summary.json says why")
    return remarks


def _late_remarks(rules: Sequence[BaselineRule]) -> list[str]:
    """Say which rules cannot be told before delivery."""
    late = [rule.baseline_id for rule in rules if rule.looks_past_start]
    return [f"known only after the event, from later readings: {', '.join(late)}"] if late else []


def draw_settlement(
    result: SettlementResult, summary: BacktestSummary, sites: Mapping[str, SiteMeter]
) -> dict[str, bytes]:
    """Draw rules compared, errors by hour, and placebo events with their baselines.

    Returns:
        PNGs by file name; none if nothing was scored.
    """
    if summary.scores.empty:
        return {}
    notes = warning_notes(summary.warnings)
    what = summary.title.partition(": ")[2]
    dots = "; a dot is a series, the bar their mean" if series_count(summary.scores) > 1 else ""
    intervals = result.intervals.assign(estimate_kw=result.intervals["adjusted_kw"])
    pictures = {
        "methods.png": draw_methods(
            Texts(
                "Rules compared on placebo events",
                [f"{what}{dots}; left is better"],
                notes,
            ),
            method_rows(summary, None),
            ScoreAxis("RRMSE of the adjusted baseline, log scale", 0.2, "gate 20 %", is_share=True),
            COLUMNS,
        ),
        "error_by_hour.png": draw_hours(
            Texts("Error by hour, placebo events", [hour_words(summary, None)], notes),
            hour_errors(intervals, summary, None),
        ),
    }
    best = next((one for one in summary.methods if len(one.scores)), None)
    if best is not None:
        pictures["events.png"] = _events(result, summary, best.method, sites)
    return pictures


def _events(
    result: SettlementResult, summary: BacktestSummary, method: str, sites: Mapping[str, SiteMeter]
) -> bytes:
    scores = summary.scores[summary.scores["method"] == method].set_index("series")["rrmse_ratio"]
    frame = result.intervals[result.intervals["method"] == method]
    panels = [
        FanPanel(
            title=f"{name}: {why}RRMSE {scores[name] * 100:.1f} %",
            unit_note=f"{sites[name].calendar.time_zone} time",
            calendar=sites[name].calendar,
            days=[
                FanDay(
                    actual_kw=rows.set_index("start_time")["actual_kw"],
                    p10_kw=None,
                    p50_kw=rows.set_index("start_time")["adjusted_kw"],
                    p90_kw=None,
                    reference_kw=rows.set_index("start_time")["raw_kw"],
                )
                for _, rows in list(frame[frame["series"] == name].groupby("event_start"))[-_EVENTS_SHOWN:]
            ],
        )
        for name, why in examples(scores.astype(float))
    ]
    lines = ["the last placebo events of the test: nobody curtailed, so baseline and load should agree"]
    return draw_fan(
        Texts(f"Baselines of {method} against the load", lines, warning_notes(summary.warnings, method)),
        panels,
        FanWords("baseline", "before adjustment"),
    )
