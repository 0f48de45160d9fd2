"""Whether a rule is good enough for a site to be paid by it."""

from dataclasses import dataclass

from vpp.baseline.scoring.rule_score import ScoredRule, Unscored
from vpp.portfolio.baseline_rule import Gate

FEWEST_EVENTS = 10
MOST_MISSING_RATIO = 0.5  # of the placebo events


@dataclass(frozen=True, slots=True)
class GateVerdict:
    """What a rule's gate says of its score.

    Attributes:
        passed: Whether a site may be paid by the rule.
        reason: The figures that decided, in a sentence.
    """

    passed: bool
    reason: str


def judge(gate: Gate, score: ScoredRule, *, fewest_events: int = FEWEST_EVENTS) -> GateVerdict:
    """Hold a score against a rule's gate.

    A rule that mostly gives no baseline fails however good the rest is: the sites it leaves out would be
    settled by another.

    Args:
        gate: The rule's limits.
        score: Its score.
        fewest_events: Placebo events below which a score says too little to pass.

    Returns:
        The verdict; a figure exactly at its limit passes.
    """
    if isinstance(score, Unscored):
        return GateVerdict(passed=False, reason=score.detail)
    tried = score.event_count + score.missing_count
    if score.missing_count > MOST_MISSING_RATIO * tried:
        return GateVerdict(
            passed=False,
            reason=f"no baseline for {score.missing_count} of {tried} placebo events, "
            f"more than {MOST_MISSING_RATIO:.0%}",
        )
    if score.event_count < fewest_events:
        return GateVerdict(
            passed=False, reason=f"{score.event_count} placebo events, at least {fewest_events} needed"
        )
    if score.rrmse_ratio > gate.max_rrmse_ratio:
        return GateVerdict(
            passed=False, reason=f"RRMSE {score.rrmse_ratio:.1%} is above {gate.max_rrmse_ratio:.1%}"
        )
    if gate.max_bias_ratio is not None and abs(score.bias_ratio) > gate.max_bias_ratio:
        return GateVerdict(
            passed=False, reason=f"bias {score.bias_ratio:+.1%} is beyond {gate.max_bias_ratio:.1%}"
        )
    return GateVerdict(passed=True, reason=f"RRMSE {score.rrmse_ratio:.1%}, bias {score.bias_ratio:+.1%}")
