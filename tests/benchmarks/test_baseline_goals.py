"""The goals of baselines and forecasts, each beside what was reached; nothing here judges.

    pytest tests/benchmarks/test_baseline_goals.py -s -n 0
    VPP_BENCH=full VPP_SHARED_DATA=... pytest tests/benchmarks/test_baseline_goals.py -s -n 0

statsforecast lives in an environment of its own, outside this project:

    python3 -m venv ../statsforecast && ../statsforecast/bin/pip install statsforecast scikit-learn
    export VPP_STATSFORECAST_PYTHON=../statsforecast/bin/python

Every series is printed, also those that go badly. "Kinds" is the mean in which each kind of series counts
once, "series" the one in which each series does; households are shown and left out of both. Percentages
of load depend on the series, ratios to the naive forecast and to High 4 of 5 much less. No temperature is
given. Days are spread evenly over each series, with at least 21 days of history before them, and bands come
from replayed errors. The quick set has fewer days, one set of generated buildings and a part of the fleet.
"""

import json
import os
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from statistics import fmean, median

import numpy as np
import pytest
from benchmarks.support.apart import apart
from benchmarks.support.baseline_panel import HOUR, NOT_IN_GOALS, QUARTER, kind_of, panel
from benchmarks.support.forecast_speed import (
    Spent,
    forecast_speed,
    lightgbm_speed,
    loads_kw,
    matching_speed,
    reference_speed,
)
from benchmarks.support.scale import count
from benchmarks.support.tables import print_table, span

from vpp.baseline.accuracy import geometric_mean
from vpp.baseline.fleet_pool import FleetPool
from vpp.baseline.forecasting.mix import ForecastMix
from vpp.baseline.scoring.day_ahead_backtest import backtest_day_ahead
from vpp.baseline.scoring.day_ahead_plan import DayAheadPlan
from vpp.baseline.scoring.day_ahead_row import DayAheadResult
from vpp.baseline.scoring.frequent_dispatch import DispatchPlan, backtest_frequent_dispatch
from vpp.baseline.scoring.placebo_plan import PlaceboPlan
from vpp.baseline.scoring.settlement_backtest import backtest_settlement
from vpp.baseline.scoring.settlement_row import SettlementResult, SettlementRow
from vpp.cli.rule_folder import rule_folder
from vpp.hub.baseline_rule_files import load_rule_files

pytestmark = pytest.mark.timeout(0)

HOURLY_MIXES: tuple[ForecastMix, ...] = ("fast", "mean", "robust", "boosted")
QUARTER_MIXES: tuple[ForecastMix, ...] = ("mean", "robust")
SETTLED = (
    "high-4-of-5",
    "ten-of-ten",
    "pjm-match-day",
    "forecast-mean",
    "forecast-robust",
    "forecast-robust-unadjusted",
)
DISPATCHED = ("high-4-of-5", "forecast-mean", "forecast-robust")
POOL = FleetPool("local", workers=min(os.cpu_count() or 1, 8))
FLEETS = (100, 1_000, 10_000)
# What is also measured at the largest size.
GOAL_JOBS = ("forecast, fast, hourly", "forecast, mean, hourly", "High 4 of 5 + SAA, arrays")


@dataclass(frozen=True)
class Goal:
    """A figure that one method should reach."""

    subject: str
    method: str
    figure: str
    low: float
    high: float
    percent: bool = False

    @property
    def limits(self) -> str:
        """The limits in words."""
        high = _shown(self.high, percent=self.percent)
        return f"{_shown(self.low, percent=self.percent)} to {high}" if self.low else f"at most {high}"

    def judged(self, value: float) -> str:
        """A figure, and whether it is within the limits."""
        return f"{_shown(value, percent=self.percent)} {'yes' if self.low <= value <= self.high else 'no'}"


DAY_AHEAD_GOALS = (
    Goal("hourly, rMAE of 7-day naive", "forecast-robust", "rmae", 0.0, 0.58),
    Goal("hourly, MAE of High 4 of 5", "forecast-robust", "of high 4 of 5", 0.0, 0.76),
    Goal("hourly, boosted, rMAE", "forecast-boosted", "rmae", 0.0, 0.55),
    Goal("hourly, CVRMSE, median of series", "forecast-robust", "cvrmse", 0.0, 0.06, percent=True),
    Goal("hourly, |mean bias|", "forecast-robust", "bias", -0.003, 0.003, percent=True),
    Goal("hourly, mean of |bias|", "forecast-robust", "|bias|", 0.0, 0.003, percent=True),
    Goal("80 % band, coverage", "forecast-robust", "coverage", 0.78, 0.82, percent=True),
    Goal("pinball of mean load", "forecast-robust", "pinball", 0.0, 0.0185, percent=True),
)
SETTLEMENT_GOALS = (
    Goal("placebo events, RRMSE over that of High 4 of 5", "forecast-robust", "of high 4 of 5", 0.0, 0.86),
    Goal("placebo events, RRMSE", "forecast-robust", "rrmse", 0.0, 0.055, percent=True),
    Goal("placebo events, |mean bias|", "forecast-robust", "bias", -0.004, 0.004, percent=True),
)
DISPATCH_GOALS = (
    Goal("60 % of workdays, RRMSE over High 4 of 5's", "forecast-robust", "of high 4 of 5", 0.0, 0.94),
    Goal("60 % of workdays, RRMSE", "forecast-robust", "rrmse", 0.0, 0.067, percent=True),
    Goal("60 % of workdays, |mean bias|", "forecast-robust", "bias", -0.005, 0.005, percent=True),
)


def test_day_ahead_hourly() -> None:
    result = _day_ahead(HOUR, HOURLY_MIXES, count(12, 40))
    figures = _day_ahead_figures(result)
    _print_series("day-ahead, hourly, rMAE of the 7-day naive", figures, "rmae", percent=False)
    _print_series("day-ahead, hourly, CVRMSE", figures, "cvrmse", percent=True)
    _print_series("day-ahead, hourly, bias", figures, "bias", percent=True)
    _print_series("80 % band, coverage", figures, "coverage", percent=True)
    _print_series("pinball over q10, q50, q90, of mean load", figures, "pinball", percent=True)
    _print_goals("day-ahead, hourly", DAY_AHEAD_GOALS, figures)
    _print_unscored(result.unscored)


def test_day_ahead_quarter_hourly() -> None:
    result = _day_ahead(QUARTER, QUARTER_MIXES, count(6, 30))
    figures = _day_ahead_figures(result)
    _print_series("day-ahead, 15 min, rMAE of the 7-day naive", figures, "rmae", percent=False)
    _print_series("day-ahead, 15 min, CVRMSE", figures, "cvrmse", percent=True)
    goal = Goal("15 min, rMAE of 7-day naive", "forecast-robust", "rmae", 0.0, 0.60)
    _print_goals("day-ahead, 15 min", (goal,), figures)


def test_settlement_of_placebo_events() -> None:
    library = load_rule_files(rule_folder())
    rules = [library[name] for name in SETTLED]
    plan = PlaceboPlan(day_count=count(12, 60), history_days=21)
    result = backtest_settlement(panel(HOUR), rules, plan, library=library, pool=POOL)
    _print_settled("placebo events 14-18 and 17-21", result, SETTLEMENT_GOALS)


def test_sixty_percent_of_workdays_dispatched() -> None:
    library = load_rule_files(rule_folder())
    rules = [library[name] for name in DISPATCHED]
    plan = DispatchPlan(share_ratio=0.6, day_count=count(12, 40), history_days=21)
    result = backtest_frequent_dispatch(panel(HOUR), rules, plan, library=library, pool=POOL)
    _print_settled("dispatched on 60 % of workdays", result, DISPATCH_GOALS)


def test_speed_of_fleets() -> None:
    jobs: list[tuple[str, Callable[..., Spent], tuple[object, ...]]] = [
        ("forecast, fast, hourly", forecast_speed, ("fast",)),
        ("forecast, mean, hourly", forecast_speed, ("mean",)),
        ("forecast, robust, hourly", forecast_speed, ("robust",)),
        ("forecast, fast, 15 min", forecast_speed, ("fast", 96)),
        ("forecast, mean, 15 min", forecast_speed, ("mean", 96)),
        ("forecast, mean, hourly, errors replayed", replay_speed, ()),
        ("High 4 of 5 + SAA, arrays", matching_speed, ("arrays",)),
        ("High 4 of 5 + SAA, meters", matching_speed, ("meters",)),
    ]
    rows = []
    for job, speed, options in jobs:
        is_goal = job in GOAL_JOBS
        found = {sites: apart(speed, sites, *options)[0] for sites in FLEETS[: None if is_goal else 2]}
        rows.extend(_speed_row(job, sites, spent) for sites, spent in found.items())
        largest = max(found)
        growth = found[largest].cpu_s / found[FLEETS[0]].cpu_s / (largest / FLEETS[0])
        rows.append(
            (f"{job}: CPU per site, {largest} over {FLEETS[0]}", "", f"{growth:.2f}x", "", "", "", "")
        )
    print_table(
        "speed on one thread; goals: 10 000 hourly sites < 5 s, 10 000 day matchings < 0.1 s plus reading",
        ("job", "sites", "CPU", "CPU per 1 000 sites", "memory", "per 1 000 sites", "inputs held"),
        rows,
    )


def replay_speed(sites: int) -> Spent:
    """Forecast sites whose past errors are not known, in a process of its own."""
    return forecast_speed(sites, "mean", with_errors=False)


def test_cpu_beside_others(tmp_path: Path) -> None:
    ours = {mix: apart(forecast_speed, 1_000, mix)[0].cpu_s / 1_000 for mix in HOURLY_MIXES[:3]}
    rows = []
    for mix in HOURLY_MIXES[:3]:
        sites = count(10, 50)
        each_s = apart(reference_speed, sites, mix)[0].cpu_s / sites
        rows.append(_ratio_row(f"statsmodels fit per series, {mix}", sites, each_s, ours))
    sites = count(6, 30)
    each_s = apart(lightgbm_speed, sites)[0].cpu_s / sites
    rows.append(_ratio_row("LightGBM per series", sites, each_s, ours))
    boosted = apart(forecast_speed, sites, "boosted")[0].cpu_s / sites
    rows.append(_ratio_row("our boosted mix", sites, boosted, ours))
    python = os.environ.get("VPP_STATSFORECAST_PYTHON")
    if python:
        sites = count(3, 10)
        for name in ("MSTL", "MFLES", "AutoETS"):
            each_s = _statsforecast(python, name, sites, tmp_path)
            rows.append(_ratio_row(f"statsforecast {name}", sites, each_s, ours))
    else:
        rows.append(("statsforecast", "-", "VPP_STATSFORECAST_PYTHON names no interpreter", "-", "-", "-"))
    print_table(
        "CPU of one hourly site-day by others, over ours in the same run (56 days of history, one thread)",
        ("program", "series", "CPU per series", *(f"over {mix}" for mix in HOURLY_MIXES[:3])),
        rows,
    )


def _day_ahead(step: timedelta, mixes: Sequence[ForecastMix], days: int) -> DayAheadResult:
    rules = load_rule_files(rule_folder())
    methods = [rules["high-4-of-5"], *mixes]
    plan = DayAheadPlan(day_count=days, pick="even")
    return backtest_day_ahead(panel(step), methods, plan, library=rules, pool=POOL)


# By method, then series, then the figure's name.
Figures = Mapping[str, Mapping[str, Mapping[str, float]]]


def _day_ahead_figures(result: DayAheadResult) -> Figures:
    figures: dict[str, dict[str, dict[str, float]]] = {}
    high = {row.series: row.mae_kw for row in result.rows if row.method == "high-4-of-5"}
    for row in result.rows:
        found = _known(
            {
                "rmae": row.rmae_ratio,
                "cvrmse": row.cvrmse_ratio,
                "bias": row.bias_ratio,
                "|bias|": abs(row.bias_ratio),
                "coverage": row.coverage_ratio,
                "pinball": row.pinball_ratio,
                "of high 4 of 5": row.mae_kw / high[row.series] if high.get(row.series) else None,
            }
        )
        figures.setdefault(row.method, {})[row.series] = found
    return figures


def _settlement_figures(rows: Sequence[SettlementRow]) -> Figures:
    figures: dict[str, dict[str, dict[str, float]]] = {}
    high = {row.series: row.score.rrmse_ratio for row in rows if row.score.baseline_id == "high-4-of-5"}
    for row in rows:
        score = row.score
        figures.setdefault(score.baseline_id, {})[row.series] = {
            "rrmse": score.rrmse_ratio,
            "of high 4 of 5": score.rrmse_ratio / high[row.series] if high.get(row.series) else 1.0,
            "bias": score.bias_ratio,
            "|bias|": abs(score.bias_ratio),
            "unadjusted rrmse": score.raw_rrmse_ratio,
        }
    return figures


def _known(values: Mapping[str, float | None]) -> dict[str, float]:
    return {name: value for name, value in values.items() if value is not None}


def _averages(of_series: Mapping[str, float], name: str) -> dict[str, float]:
    """Return the average in which each kind counts once, that in which each series does, and each kind's."""
    if name in {"rmae", "of high 4 of 5"}:
        average: Callable[[Sequence[float]], float] = geometric_mean
    else:
        average = median if name == "cvrmse" else fmean
    by_kind: dict[str, list[float]] = {}
    for series, value in of_series.items():
        by_kind.setdefault(kind_of(series), []).append(value)
    kinds = {kind: average(values) for kind, values in by_kind.items()}
    counted = [kind for kind in by_kind if kind not in NOT_IN_GOALS]
    if not counted:
        return kinds
    everything = [value for kind in counted for value in by_kind[kind]]
    return {"kinds": average([kinds[kind] for kind in counted]), "series": average(everything), **kinds}


def _print_series(title: str, figures: Figures, name: str, *, percent: bool) -> None:
    methods = [method for method, rows in figures.items() if any(name in row for row in rows.values())]
    of = {
        method: {series: row[name] for series, row in figures[method].items() if name in row}
        for method in methods
    }
    series = list(dict.fromkeys(one for method in methods for one in of[method]))
    rows = [(one, *(_shown(of[method].get(one), percent=percent) for method in methods)) for one in series]
    means = {method: _averages(of[method], name) for method in methods}
    rows.extend(
        (f"MEAN {label}", *(_shown(means[method].get(label), percent=percent) for method in methods))
        for label in means[methods[0]]
    )
    print_table(title, ("series", *methods), rows)


def _print_goals(title: str, goals: Sequence[Goal], figures: Figures) -> None:
    heads: tuple[str, ...] = ()
    rows = []
    for goal in goals:
        of = {one: row[goal.figure] for one, row in figures[goal.method].items() if goal.figure in row}
        reached = _averages(of, goal.figure)
        heads = ("goal", "method", "limits", *reached)
        rows.append((goal.subject, goal.method, goal.limits, *map(goal.judged, reached.values())))
    print_table(f"goals: {title}", heads, rows)


def _print_settled(title: str, result: SettlementResult, goals: Sequence[Goal]) -> None:
    figures = _settlement_figures(result.rows)
    _print_series(f"{title}, RRMSE", figures, "rrmse", percent=True)
    _print_series(
        f"{title}, RRMSE without the same-day adjustment", figures, "unadjusted rrmse", percent=True
    )
    _print_series(f"{title}, bias", figures, "bias", percent=True)
    _print_goals(title, goals, figures)
    if result.unscored:
        print(f"without a score: {len(result.unscored)} pairs of series and rule")


def _print_unscored(unscored: Sequence[object]) -> None:
    for one in unscored:
        print(f"without a score: {one}")


def _shown(value: float | None, *, percent: bool) -> str:
    if value is None or np.isnan(value):
        return "-"
    return f"{100.0 * value:.2f} %" if percent else f"{value:.3f}"


def _speed_row(job: str, sites: int, spent: Spent) -> tuple[str, ...]:
    per_thousand = 1_000 / sites
    return (
        job,
        f"{sites}",
        span(spent.cpu_s),
        span(spent.cpu_s * per_thousand),
        f"{spent.memory_mb:.0f} MB",
        f"{spent.memory_mb * per_thousand:.0f} MB" if sites >= FLEETS[1] else "-",
        f"{spent.input_mb:.0f} MB",
    )


def _ratio_row(
    program: str, series: int, each_s: float, ours: Mapping[ForecastMix, float]
) -> tuple[str, ...]:
    ratios = (f"{each_s / own_s:.3g}x" for own_s in ours.values())
    return (program, f"{series}", span(each_s), *ratios)


def _statsforecast(python: str, model: str, series: int, folder: Path) -> float:
    """Return the CPU of each series, s."""
    file = folder / f"{model}.json"
    file.write_text(json.dumps({"series": loads_kw(series, 24).tolist(), "horizon": 24}), encoding="utf-8")
    script = Path(__file__).parent / "peers" / "statsforecast_forecast.py"
    command = [str(Path(python).absolute()), str(script), str(file), model]
    run = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if run.returncode:
        print(f"statsforecast {model} failed: {run.stderr.strip()[-200:]}")
        return float("nan")
    said = json.loads(run.stdout.strip().splitlines()[-1])
    assert np.isfinite(said["forecasts"]).all()
    return float(said["cpu_s"]) / series
