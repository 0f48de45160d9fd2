from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest
from support.baseline_sites import DAY, additive, flat_site, noisy_site, span, x_of_y

from vpp.baseline.scoring.day_ahead_backtest import backtest_day_ahead, method_name
from vpp.baseline.scoring.day_ahead_plan import DayAheadPlan
from vpp.baseline.scoring.day_ahead_row import DayAheadResult
from vpp.foundation.errors import InvalidInput
from vpp.portfolio.baseline_rule import BaselineRule

SITES = {name: noisy_site(40, seed) for seed, name in enumerate("ab")}
PLAN = DayAheadPlan(day_count=3)
RULE = x_of_y(adjustment=additive())
FORECAST = x_of_y("our-forecast", method={"kind": "forecast", "mix": "fast"}, days=None)


@pytest.fixture(scope="module")
def result() -> DayAheadResult:
    return backtest_day_ahead(SITES, [RULE, FORECAST, "fast"], PLAN)


def test_one_row_per_series_and_method_with_the_week_before_first(result: DayAheadResult) -> None:
    methods = ["naive-7d", "mean-of-5", "our-forecast", "forecast-fast"]
    assert [(row.series, row.method) for row in result.rows] == [(s, m) for s in "ab" for m in methods]
    assert result.unscored == ()
    assert {row.day_count for row in result.rows} == {3}
    assert [row.rmae_ratio for row in result.rows if row.method == "naive-7d"] == [1.0, 1.0]


def test_a_forecast_rule_is_its_mix_and_all_methods_have_a_band(result: DayAheadResult) -> None:
    for series in "ab":
        rule, mix = (
            next(row for row in result.rows if (row.series, row.method) == (series, method))
            for method in ("our-forecast", "forecast-fast")
        )
        assert (rule.mae_kw, rule.pinball_ratio) == (mix.mae_kw, mix.pinball_ratio)
    assert all(row.coverage_ratio is not None for row in result.rows)
    # Noise of 3 %: the mean of days and the forecast see through it, the week before doubles it.
    for row in result.rows:
        assert 0.015 < row.cvrmse_ratio < 0.06
        assert row.method == "naive-7d" or (row.rmae_ratio or 9.0) < 0.95


def test_tables_hold_every_figure_and_every_interval(result: DayAheadResult) -> None:
    table = result.to_frame()
    assert len(table) == 8
    assert {
        "series",
        "method",
        "rmae_ratio",
        "mase_ratio",
        "cvrmse_ratio",
        "bias_ratio",
        "pinball_ratio",
        "coverage_ratio",
        "cpu_s",
        "verified",
        "notes",
    } <= set(table.columns)
    assert table["notes"].tolist() == [""] * 8
    assert len(result.intervals) == 8 * 3 * 24
    one = result.intervals.query("series == 'a' and method == 'forecast-fast'")
    row = next(row for row in result.rows if (row.series, row.method) == ("a", "forecast-fast"))
    assert np.abs(one["p50_kw"] - one["actual_kw"]).mean() == pytest.approx(row.mae_kw)


def test_progress_is_told_per_part() -> None:
    told: list[tuple[int, int]] = []
    backtest_day_ahead(SITES, [RULE], PLAN, progress=lambda done, total: told.append((done, total)))
    assert told == [(1, 2), (2, 2)]


@pytest.mark.parametrize("changed", [datetime(2026, 3, 29, tzinfo=UTC), datetime(2026, 10, 25, tzinfo=UTC)])
def test_days_of_23_and_25_hours_are_whole_days(changed: datetime) -> None:
    site = noisy_site(42, start=changed - 39 * DAY)
    result = backtest_day_ahead({"a": site}, [RULE, "fast"], PLAN)
    hours = result.intervals.groupby(["method", "day"]).size()
    expected = 23 if changed.month == 3 else 25
    assert hours.loc[:, changed.date()].tolist() == [expected] * 3
    assert len(hours) == 9


def test_events_are_neither_learnt_from_nor_scored() -> None:
    load = SITES["a"].net_power_kw.copy()
    events = [span(day, 17, 21) for day in (30, 31, 37)]
    for event in events:
        load[(load.index >= event.start) & (load.index < event.end)] = 0.0
    site = replace(SITES["a"], events=events)
    plain = backtest_day_ahead({"a": site}, [RULE, "fast"], PLAN)
    cut = backtest_day_ahead({"a": replace(site, net_power_kw=load)}, [RULE, "fast"], PLAN)
    pd.testing.assert_frame_equal(
        plain.to_frame().drop(columns="cpu_s"), cut.to_frame().drop(columns="cpu_s")
    )


def test_a_series_that_is_too_short_is_unscored_by_name() -> None:
    result = backtest_day_ahead({"short": flat_site(10), "a": SITES["a"]}, [RULE], PLAN)
    assert [row.series for row in result.rows] == ["a", "a"]
    assert [(one.series, one.method) for one in result.unscored] == [
        ("short", "naive-7d"),
        ("short", "mean-of-5"),
    ]
    nothing = backtest_day_ahead({"short": flat_site(10)}, [RULE], PLAN)
    assert nothing.rows == ()
    assert nothing.intervals.empty
    assert nothing.to_frame().empty


def test_a_flat_line_has_no_error_and_nothing_to_be_held_against() -> None:
    rows = backtest_day_ahead({"flat": flat_site(40)}, [RULE], PLAN).rows
    assert [(row.mae_kw, row.rmae_ratio, row.mase_ratio) for row in rows] == [(0.0, None, None)] * 2


@pytest.mark.parametrize(
    ("methods", "word"),
    [
        ([RULE, RULE], "each once"),
        ([x_of_y("naive-7d")], "each once"),
        (["fastest"], "'fastest', expected one of fast, mean, robust, boosted"),
        ([x_of_y(method={"kind": "nearest_days", "by": "other_hours"})], "readings of the day itself"),
    ],
)
def test_methods_that_cannot_be_run_are_refused_at_once(methods: list[BaselineRule], word: str) -> None:
    with pytest.raises(InvalidInput, match=word):
        backtest_day_ahead(SITES, methods, PLAN)


def test_a_mix_is_named_as_a_forecast() -> None:
    assert (method_name("mean"), method_name(FORECAST)) == ("forecast-mean", "our-forecast")
