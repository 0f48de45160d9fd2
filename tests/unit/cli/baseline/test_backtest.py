import json
from collections.abc import Callable
from datetime import time, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import typer
from support.plant_meter import write_meter

from vpp.baseline.fleet_pool import FleetPool
from vpp.baseline.scoring.placebo_plan import PEAK_WINDOWS, PlaceboWindow
from vpp.cli.baseline.backtest_choices import BacktestKind
from vpp.cli.baseline.backtest_pictures import examples, warning_notes
from vpp.cli.baseline.backtest_setup import chosen_rules, fleet_pool, placebo_windows
from vpp.cli.baseline.backtest_summary import geometric_mean
from vpp.cli.baseline.rule_library import read_rules
from vpp.foundation.errors import NotFound

Run = Callable[..., str]
RULES = read_rules(None)
PNG = b"\x89PNG"


def sites() -> dict[str, pd.Series]:
    """Seven weeks of two sites: one the same every week, one that wanders."""
    index = pd.date_range("2026-01-05T00:00Z", periods=24 * 49, freq="1h")
    hour, weekday = index.hour.to_numpy(), index.day_of_week.to_numpy()
    weekly_kw = 100.0 + 30.0 * ((hour >= 8) & (hour < 18) & (weekday < 5)) + 0.1 * weekday + 0.01 * hour
    wander_kw = np.cumsum(np.random.default_rng(3).normal(0.0, 1.0, len(index)))
    return {
        "weekly": pd.Series(weekly_kw, index=index),
        "wandering": pd.Series(weekly_kw + wander_kw, index=index),
    }


def score(scores: pd.DataFrame, series: str, method: str) -> dict[str, float]:
    rows = scores[(scores["series"] == series) & (scores["method"] == method)]
    assert len(rows) == 1
    return {str(name): float(value) for name, value in rows.select_dtypes("number").iloc[0].items()}


@pytest.fixture
def meter(tmp_path: Path) -> Path:
    return write_meter(tmp_path / "meter.csv", sites())


def test_day_ahead_scores_are_those_of_the_week_before_by_hand(run: Run, meter: Path, tmp_path: Path) -> None:
    out = tmp_path / "result"
    arguments = ("--methods", "ten-of-ten,high-4-of-5", "--days", "5", "--workers", "1", "--json")
    summary = json.loads(run("backtest", "--meter", meter, "--out", out, *arguments))
    assert sorted(path.name for path in out.iterdir()) == [
        *("error_by_hour.png", "fan.png", "methods.png", "scores.csv", "summary.json")
    ]
    assert all(
        (out / name).read_bytes().startswith(PNG) for name in ("error_by_hour.png", "fan.png", "methods.png")
    )
    assert json.loads((out / "summary.json").read_text()) == summary
    scores = pd.read_csv(out / "scores.csv")
    assert set(scores["method"]) == {"naive-7d", "ten-of-ten", "high-4-of-5"}
    load_kw = sites()["wandering"]
    last_kw, before_kw = load_kw.iloc[-120:].to_numpy(), load_kw.iloc[-288:-168].to_numpy()
    naive = score(scores, "wandering", "naive-7d")
    assert naive["mae_kw"] == pytest.approx(np.abs(last_kw - before_kw).mean(), rel=1e-4)
    assert naive["bias_ratio"] == pytest.approx((before_kw - last_kw).mean() / last_kw.mean(), rel=1e-4)
    assert naive["rmae_ratio"] == pytest.approx(1.0)
    ten = score(scores, "wandering", "ten-of-ten")
    assert ten["rmae_ratio"] == pytest.approx(ten["mae_kw"] / naive["mae_kw"], rel=1e-4)
    # A load that repeats each week leaves the naive forecast no error to be held against.
    assert np.isnan(score(scores, "weekly", "ten-of-ten")["rmae_ratio"])


def test_settlement_gives_every_series_a_rule(run: Run, meter: Path, tmp_path: Path) -> None:
    out = tmp_path / "result"
    arguments = (
        "--kind",
        "settlement",
        "--methods",
        "ten-of-ten,pjm-economic",
        "--days",
        "12",
        "--workers",
        "1",
    )
    text = run("backtest", "--meter", meter, "--out", out, *arguments, "--window", "14:00-16:00")
    assert (out / "events.png").read_bytes().startswith(PNG)
    scores = pd.read_csv(out / "scores.csv")
    assert scores["event_count"].tolist() == [12] * 4
    weekly = scores[scores["series"] == "weekly"]
    assert (weekly["rrmse_ratio"] < 0.01).all()
    summary = json.loads((out / "summary.json").read_text())
    assert {choice["series"]: choice["own_baseline_id"] for choice in summary["choices"]} == {
        "weekly": "ten-of-ten",
        "wandering": "ten-of-ten",
    }
    assert summary["choices"][0]["season"] == "2025-winter"
    assert any("of pjm-economic" in warning for warning in summary["warnings"])
    assert "unverified" in text
    assert "pjm-economic*" in text


def test_a_history_too_short_for_a_test_is_an_answer(run: Run, tmp_path: Path) -> None:
    meter = write_meter(tmp_path / "meter.csv", {"short": sites()["weekly"].iloc[: 24 * 10]})
    out = tmp_path / "result"
    text = run(
        "backtest", "--meter", meter, "--out", out, "--methods", "ten-of-ten", "--workers", "1", code=1
    )
    assert "short, ten-of-ten: the history holds no day" in text
    assert sorted(path.name for path in out.iterdir()) == ["scores.csv", "summary.json"]


@pytest.mark.parametrize("kind", ["day-ahead", "settlement"])
def test_a_load_that_never_changes_is_never_wrong(run: Run, tmp_path: Path, kind: str) -> None:
    flat_kw = sites()["weekly"] * 0.0 + 80.0
    meter, out = write_meter(tmp_path / "meter.csv", {"flat": flat_kw}), tmp_path / "result"
    arguments = ("--kind", kind, "--methods", "ten-of-ten", "--days", "3", "--workers", "1", "--json")
    [*_, ten] = json.loads(run("backtest", "--meter", meter, "--out", out, *arguments))["methods"]
    assert ten.get("bias_mean") == 0.0
    assert ten.get("cvrmse_median", ten.get("rrmse_mean")) == 0.0
    assert ("methods.png" in {path.name for path in out.iterdir()}) == (kind == "settlement")


def test_a_load_below_zero_has_no_shares_to_be_scored_by(run: Run, tmp_path: Path) -> None:
    meter = write_meter(tmp_path / "meter.csv", {"solar": sites()["weekly"] - 500.0})
    arguments = ("--methods", "ten-of-ten", "--days", "3", "--workers", "1")
    text = run("backtest", "--meter", meter, "--out", tmp_path / "result", *arguments, code=1)
    assert "solar, ten-of-ten: mean load is -" in text


@pytest.mark.parametrize(
    ("arguments", "code", "complaint"),
    [
        (
            ("--methods", "ten-of-twelve"),
            3,
            "no baseline rule is named 'ten-of-twelve'; did you mean ten-of-ten",
        ),
        (("--methods", "mean,forecast-mean"), 2, "each once"),
        (("--methods", "pjm-match-day"), 3, "pjm-match-day"),
        (("--kind", "settlement", "--window", "afternoon"), 2, "is not FROM-TO such as 14:00-18:00"),
        (("--workers", "2", "--scheduler", "tcp://127.0.0.1:1"), 2, "exclude each other"),
    ],
)
def test_what_cannot_be_tested_is_said_in_one_line(
    run: Run, meter: Path, arguments: tuple[str, ...], code: int, complaint: str
) -> None:
    out = meter.parent / "result"
    error = run("backtest", "--meter", meter, "--out", out, *arguments, code=code)
    assert complaint in error
    assert not (out / "scores.csv").exists()


def test_methods_are_rules_or_mixes_by_name() -> None:
    chosen = chosen_rules(RULES, ["robust", "high-4-of-5"], BacktestKind.DAY_AHEAD)
    assert [rule.baseline_id for rule in chosen] == ["forecast-robust", "high-4-of-5"]
    everything = chosen_rules(RULES, ["all"], BacktestKind.SETTLEMENT)
    assert len(everything) == len(RULES)
    at_midnight = chosen_rules(RULES, ["all"], BacktestKind.DAY_AHEAD)
    assert not any(rule.looks_past_start for rule in at_midnight)
    assert len(chosen_rules(RULES, None, BacktestKind.SETTLEMENT)) >= 2
    with pytest.raises(NotFound):
        chosen_rules(RULES, ["nothing"], BacktestKind.DAY_AHEAD)
    with pytest.raises(typer.BadParameter, match="at least one"):
        chosen_rules(RULES, [""], BacktestKind.DAY_AHEAD)


def test_placebo_windows_may_pass_midnight() -> None:
    assert placebo_windows([]) == PEAK_WINDOWS
    assert placebo_windows(["22:00-01:30"]) == (PlaceboWindow(time(22), timedelta(hours=3.5)),)


def test_one_series_is_worked_on_here_and_many_in_processes() -> None:
    assert fleet_pool(None, None, 1) == FleetPool("inline")
    assert fleet_pool(None, None, 60) == FleetPool("local")
    assert fleet_pool(3, None, 60) == FleetPool("local", workers=3)
    address = "tcp://127.0.0.1:8786"
    assert fleet_pool(None, address, 60) == FleetPool("dask", scheduler_address=address)


def test_examples_are_the_best_the_middle_and_the_worst() -> None:
    scores = pd.Series({"a": 0.9, "b": 0.3, "c": np.nan, "d": 0.5, "e": 2.0})
    assert [name for name, _ in examples(scores)] == ["b", "a", "e"]
    assert [name for name, _ in examples(scores.iloc[:3])] == ["b", "a", "c"]


def test_a_geometric_mean_treats_half_and_double_alike() -> None:
    assert geometric_mean([0.5, 2.0, np.nan, 0.0]) == pytest.approx(1.0)
    assert np.isnan(geometric_mean([np.nan]))


def test_one_line_stands_for_many_warnings_or_the_method_for_itself() -> None:
    warnings = ("unverified: x of one, checked", "unverified: y of two, checked")
    assert [note.text for note in warning_notes(warnings, "two")] == [warnings[1]]
    assert len(warning_notes(warnings)) == 1
    assert warning_notes(()) == []
