from datetime import time

import numpy as np
import pytest
from support.baseline_sites import HOUR, flat_site, noisy_site, site_of, x_of_y

from vpp.baseline.scoring.placebo_plan import PlaceboPlan, PlaceboWindow
from vpp.baseline.scoring.rule_score import RuleScore, Unscored
from vpp.baseline.scoring.score_rules import score_rules

PLAN = PlaceboPlan(windows=(PlaceboWindow(time(17), 4 * HOUR),), day_count=8)
MEAN = x_of_y()
HIGH = x_of_y(
    "high-1-of-5",
    method={"kind": "x_of_y", "pick": "high"},
    days={"classes": [{"kinds": ["workday"], "average": 1, "candidates": 5}], "lookback_days": 45},
)


def test_every_site_and_rule_has_a_score() -> None:
    sites = {"a": noisy_site(40, 1), "b": noisy_site(40, 2), "new": flat_site(3)}
    scores = score_rules([MEAN, HIGH], sites, PLAN)
    assert {name: set(of_site) for name, of_site in scores.items()} == {
        name: {"mean-of-5", "high-1-of-5"} for name in sites
    }
    for name in "ab":
        mean, high = scores[name]["mean-of-5"], scores[name]["high-1-of-5"]
        assert isinstance(mean, RuleScore)
        assert isinstance(high, RuleScore)
        assert mean.event_count == high.event_count == 8
        assert high.bias_ratio > mean.bias_ratio + 0.01  # the highest of five is too high
        assert mean.rrmse_ratio < high.rrmse_ratio
    assert all(isinstance(score, Unscored) for score in scores["new"].values())


def test_figures_by_hand() -> None:
    # Workday n runs at 100 + n kW: the mean of the five before it is n - 3 workdays' level, 3 kW too low.
    working = np.cumsum([day % 7 < 5 for day in range(40)])
    site = site_of(np.repeat(100.0 + working, 24))
    score = score_rules([MEAN], {"a": site}, PLAN)["a"]["mean-of-5"]
    assert isinstance(score, RuleScore)
    levels = 100.0 + np.array([working[day] for day in range(40) if day % 7 < 5][-8:])
    assert score.bias_ratio == pytest.approx(-3 / levels.mean())
    assert score.rrmse_ratio == pytest.approx(3 / levels.mean())
    assert score.median_relative_error_ratio == pytest.approx(np.median(-3 / levels))
    assert score.rmae_ratio == pytest.approx(3 / 5)


def test_no_sites_no_scores() -> None:
    assert score_rules([MEAN], {}, PLAN) == {}
