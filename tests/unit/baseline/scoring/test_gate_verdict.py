from dataclasses import replace

import pytest
from support.scores import a_score

from vpp.baseline.scoring.gate_verdict import judge
from vpp.baseline.scoring.rule_score import Unscored
from vpp.portfolio.baseline_rule import Gate

GATE = Gate(max_rrmse_ratio=0.2, max_bias_ratio=0.04)


@pytest.mark.parametrize(
    ("rrmse", "bias", "events", "passed", "word"),
    [
        (0.05, 0.01, 60, True, "RRMSE 5.0%, bias +1.0%"),
        (0.2, 0.04, 10, True, "RRMSE"),  # exactly at every limit
        (0.2001, 0.0, 60, False, "RRMSE 20.0% is above 20.0%"),
        (0.05, 0.041, 60, False, "bias +4.1% is beyond 4.0%"),
        (0.05, -0.041, 60, False, "bias -4.1%"),
        (0.05, 0.0, 9, False, "9 placebo events"),
    ],
)
def test_every_limit_decides(*, rrmse: float, bias: float, events: int, passed: bool, word: str) -> None:
    verdict = judge(GATE, replace(a_score(), rrmse_ratio=rrmse, bias_ratio=bias, event_count=events))
    assert verdict.passed is passed
    assert word in verdict.reason


@pytest.mark.parametrize(("events", "missing", "passed"), [(30, 30, True), (30, 31, False), (9, 51, False)])
def test_a_rule_that_mostly_gives_no_baseline_fails(*, events: int, missing: int, passed: bool) -> None:
    verdict = judge(GATE, replace(a_score(), event_count=events, missing_count=missing))
    assert verdict.passed is passed
    if not passed:
        words = f"no baseline for {missing} of {events + missing} placebo events, more than 50%"
        assert verdict.reason == words


def test_a_gate_without_a_bias_limit_passes_any_bias() -> None:
    assert judge(Gate(max_rrmse_ratio=0.2), replace(a_score(), bias_ratio=-0.19)).passed


def test_a_rule_without_a_score_fails_with_its_reason() -> None:
    verdict = judge(GATE, Unscored("rule", 1, "0" * 64, 3, "no like day in 45 days"))
    assert (verdict.passed, verdict.reason) == (False, "no like day in 45 days")
