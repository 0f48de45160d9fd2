import numpy as np
import pytest
from support.baseline_sites import x_of_y

from vpp.baseline.scoring.placebo_result import PlaceboResult
from vpp.baseline.scoring.rule_score import RuleScore, Unscored, score_of

NAN = float("nan")


def result(adjusted: list[float], actual: list[float], **changes: list[float]) -> PlaceboResult:
    values = {"raw_kw": adjusted, "naive_kw": [NAN] * len(actual)} | changes
    return PlaceboResult(
        adjusted_kw=np.array(adjusted),
        actual_kw=np.array(actual),
        **{name: np.array(series) for name, series in values.items()},
    )


def test_figures_by_hand() -> None:
    # Errors +10, -10 | +20, +20 | gap, +5 over a load of 100 kW.
    rule = x_of_y()
    score = score_of(
        rule,
        [
            result([110.0, 90.0], [100.0, 100.0], raw_kw=[120.0, 120.0], naive_kw=[100.0, 90.0]),
            result([120.0, 120.0], [100.0, 100.0], raw_kw=[100.0, 100.0], naive_kw=[100.0, 60.0]),
            result([400.0, 105.0], [NAN, 100.0], raw_kw=[100.0, 100.0], naive_kw=[100.0, NAN]),
        ],
        missing_count=2,
    )
    assert isinstance(score, RuleScore)
    assert (score.baseline_id, score.rule_digest, score.verified) == ("mean-of-5", rule.digest, True)
    assert (score.event_count, score.missing_count) == (3, 2)
    assert score.rrmse_ratio == pytest.approx(np.sqrt((100 + 100 + 400 + 400 + 25) / 5) / 100)
    assert score.bias_ratio == pytest.approx((10 - 10 + 20 + 20 + 5) / 5 / 100)
    # Per event: 0, +20 %, +5 %.
    assert score.median_relative_error_ratio == pytest.approx(0.05)
    assert score.variability_ratio == pytest.approx(np.std([0.0, 0.2, 0.05], ddof=1))
    assert score.p90_absolute_error_ratio == pytest.approx(np.quantile([0.0, 0.05, 0.2], 0.9))
    # Known in all three: errors 10, 10, 20, 20 against 0, 10, 0, 40.
    assert score.rmae_ratio == pytest.approx(60 / 50)
    assert score.raw_bias_ratio == pytest.approx(40 / 5 / 100)
    assert score.raw_rrmse_ratio == pytest.approx(np.sqrt(800 / 5) / 100)


def test_one_event_has_no_variability_and_no_week_before_gives_no_rmae() -> None:
    score = score_of(x_of_y(), [result([110.0], [100.0])])
    assert isinstance(score, RuleScore)
    assert score.variability_ratio == 0.0
    assert score.rmae_ratio is None


@pytest.mark.parametrize("actual", [NAN, 0.0, -50.0])
def test_events_without_load_above_0_are_missing(actual: float) -> None:
    score = score_of(x_of_y(), [result([110.0], [actual]), result([110.0], [100.0])])
    assert isinstance(score, RuleScore)
    assert (score.event_count, score.missing_count) == (1, 1)
    only = score_of(x_of_y(), [result([110.0], [actual])])
    assert isinstance(only, Unscored)
    assert only.missing_count == 1
    assert "not above 0" in only.detail


def test_a_rule_without_any_baseline_says_why() -> None:
    score = score_of(x_of_y(), (), missing_count=4, detail="too short")
    assert score == Unscored("mean-of-5", 1, x_of_y().digest, 4, "too short")


def test_unverified_rules_have_unverified_scores() -> None:
    source = {"tag": "S", "title": "test", "read_on": "2026-01-01", "unverified": ["days.lookback_days"]}
    score = score_of(x_of_y(source=source), [result([110.0], [100.0])])
    assert isinstance(score, RuleScore)
    assert not score.verified
