from dataclasses import replace
from datetime import time

import numpy as np
import pytest
from support.baseline_sites import HOUR, additive, flat_site, noisy_site, site_of, span, x_of_y

from vpp.baseline.accuracy import nmbe_ratio, rrmse_ratio
from vpp.baseline.scoring.placebo_plan import PlaceboPlan, PlaceboWindow
from vpp.baseline.scoring.settlement_backtest import backtest_settlement
from vpp.foundation.errors import InvalidInput

PLAN = PlaceboPlan(windows=(PlaceboWindow(time(17), 4 * HOUR),), day_count=5)
PLAIN, ADJUSTED = x_of_y("plain"), x_of_y("adjusted", adjustment=additive())
SITES = {name: noisy_site(40, seed) for seed, name in enumerate("ab")}


def test_rows_by_series_and_rule_agree_with_their_intervals() -> None:
    result = backtest_settlement(SITES, [PLAIN, ADJUSTED], PLAN)
    assert [(row.series, row.score.baseline_id) for row in result.rows] == [
        ("a", "plain"),
        ("a", "adjusted"),
        ("b", "plain"),
        ("b", "adjusted"),
    ]
    assert len(result.intervals) == 4 * 5 * 4
    for row in result.rows:
        part = result.intervals[
            (result.intervals["series"] == row.series) & (result.intervals["method"] == row.score.baseline_id)
        ]
        assert row.score.event_count == part["event_start"].nunique() == 5
        assert set(part["hour"]) == {17.0, 18.0, 19.0, 20.0}
        assert row.score.rrmse_ratio == pytest.approx(rrmse_ratio(part["adjusted_kw"], part["actual_kw"]))
        assert row.score.raw_bias_ratio == pytest.approx(nmbe_ratio(part["raw_kw"], part["actual_kw"]))
        assert row.verdict.reason == "5 placebo events, at least 10 needed"
        assert row.cpu_s > 0
    table = result.to_frame()
    assert table["method"].tolist() == ["plain", "adjusted"] * 2
    assert {"rrmse_ratio", "bias_ratio", "variability_ratio", "passed", "reason", "cpu_s"} <= set(
        table.columns
    )


def test_a_level_that_moves_is_settled_by_the_adjustment() -> None:
    # 100 kW until the last day, then 130 kW: the plain rule is off by 30, the adjusted one by nothing.
    load = np.full(24 * 33, 100.0)
    load[24 * 32 :] = 130.0
    plan = replace(PLAN, day_count=1)
    plain, adjusted = backtest_settlement({"a": site_of(load)}, [PLAIN, ADJUSTED], plan).rows
    assert plain.score.bias_ratio == pytest.approx(-30 / 130)
    assert not plain.verdict.passed
    assert adjusted.score.rrmse_ratio == pytest.approx(0.0)
    assert adjusted.score.raw_bias_ratio == pytest.approx(-30 / 130)


def test_notice_cuts_the_adjustment_window() -> None:
    # The load rises at 14:00 for good: with notice at 14:00 an adjustment cannot see it.
    load = np.full(24 * 33, 100.0)
    load[24 * 32 + 14 :] = 130.0
    rule = x_of_y("before-notice", adjustment=additive(4, 1, before_notice=True))
    seen, unseen = (
        backtest_settlement({"a": site_of(load)}, [rule], replace(PLAN, day_count=1, notice=notice)).rows[0]
        for notice in (None, 3 * HOUR)
    )
    assert seen.score.bias_ratio == pytest.approx((20 - 30) / 130)  # two of the three hours
    assert unseen.score.bias_ratio == pytest.approx(-30 / 130)


def test_what_has_no_score_is_listed() -> None:
    temperature = x_of_y("temperature", method={"kind": "nearest_days", "by": "temperature"})
    result = backtest_settlement({"short": flat_site(3), "a": SITES["a"]}, [PLAIN, temperature], PLAN)
    assert [(row.series, row.score.baseline_id) for row in result.rows] == [("a", "plain")]
    reasons = {(one.series, one.score.baseline_id): one.score.detail for one in result.unscored}
    assert set(reasons) == {("short", "plain"), ("short", "temperature"), ("a", "temperature")}
    assert "no day for a placebo event" in reasons["short", "plain"]
    assert reasons["a", "temperature"].startswith("missing_input in 5 of 5 placebo events, such as: ")


def test_a_simulated_past_event_is_not_learnt_from() -> None:
    load = SITES["a"].net_power_kw.copy()
    event = span(30, 17, 21)
    load[(load.index >= event.start) & (load.index < event.end)] = 0.0
    cut = replace(SITES["a"], net_power_kw=load)
    told = backtest_settlement({"a": replace(cut, events=[event])}, [PLAIN], PLAN)
    untold = backtest_settlement({"a": cut}, [PLAIN], PLAN)
    assert abs(told.rows[0].score.bias_ratio) < 0.03
    assert untold.rows[0].score.bias_ratio < -0.03


def test_a_rule_twice_is_refused() -> None:
    with pytest.raises(InvalidInput, match="each once"):
        backtest_settlement(SITES, [PLAIN, PLAIN], PLAN)
