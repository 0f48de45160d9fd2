"""Scores of rules, for tests of what is made of them."""

from vpp.baseline.scoring.rule_score import RuleScore
from vpp.portfolio.baseline_rule import BaselineRule


def a_score(rule: BaselineRule | None = None, *, rrmse: float = 0.05, bias: float = 0.0) -> RuleScore:
    """Return a score over 60 events."""
    return RuleScore(
        baseline_id="rule" if rule is None else rule.baseline_id,
        rule_version=1 if rule is None else rule.version,
        rule_digest="0" * 64 if rule is None else rule.digest,
        verified=True,
        event_count=60,
        missing_count=0,
        rrmse_ratio=rrmse,
        bias_ratio=bias,
        median_relative_error_ratio=bias,
        variability_ratio=rrmse,
        p90_absolute_error_ratio=2 * rrmse,
        rmae_ratio=0.6,
        raw_rrmse_ratio=2 * rrmse,
        raw_bias_ratio=bias,
    )
