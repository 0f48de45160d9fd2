"""The rule that a site keeps for a season."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from vpp.baseline.scoring.gate_verdict import FEWEST_EVENTS, GateVerdict, judge
from vpp.baseline.scoring.rule_score import RuleScore, ScoredRule
from vpp.baseline.scoring.season import Season
from vpp.foundation.errors import InvalidInput
from vpp.portfolio.baseline_rule import BaselineRule


@dataclass(frozen=True, slots=True)
class ChoicePolicy:
    """When a site leaves the product's own rule.

    Attributes:
        gain_ratio: A rule replaces one that passes its gate only if its RRMSE is lower by more than this
            share; smaller differences are chance over some dozens of events.
        fewest_events: Placebo events below which a score says too little.
    """

    gain_ratio: float = 0.1
    fewest_events: int = FEWEST_EVENTS


@dataclass(frozen=True, slots=True)
class JudgedRule:
    """A rule's score and what its gate says of it."""

    score: ScoredRule
    verdict: GateVerdict


@dataclass(frozen=True, slots=True)
class RuleChoice:
    """Which rule a site is measured by in a season; made once, before its events, and then kept.

    Attributes:
        site_id: The site.
        season: The season that it holds for.
        own_baseline_id: The product's own rule.
        baseline_id: The chosen rule.
        rule_version: Its version.
        rule_digest: SHA-256 of its content.
        passed: Whether it passes its gate; if no rule does, the own rule is named and this is False.
        reason: Why it was chosen, in a sentence with figures.
        judged: Every rule's score and verdict, own rule first, then by id.
        data_version: SHA-256 of the data that the scores were made from.
        engine_version: Version of the engine that made them.
    """

    site_id: str
    season: Season
    own_baseline_id: str
    baseline_id: str
    rule_version: int
    rule_digest: str
    passed: bool
    reason: str
    judged: tuple[JudgedRule, ...]
    data_version: str
    engine_version: str


def choose_rule(  # noqa: PLR0913  who, when and what is chosen from, and what the scores were made from
    site_id: str,
    season: Season,
    own: BaselineRule,
    alternatives: Sequence[BaselineRule],
    scores: Mapping[str, ScoredRule],
    *,
    data_version: str,
    engine_version: str,
    policy: ChoicePolicy = ChoicePolicy(),
) -> RuleChoice:
    """Choose a site's rule for a season from its scores.

    The own rule stays unless it fails its gate, or a rule that passes its own gate is better by more
    than the policy's gain. Among others the lowest RRMSE wins, and of equal ones the first id.

    Args:
        site_id: The site.
        season: The season to freeze the choice for.
        own: The product's own rule.
        alternatives: Rules that the product allows instead.
        scores: By rule id; every rule has one.
        data_version: What the scores were made from.
        engine_version: What made them.
        policy: When to leave the own rule.

    Raises:
        InvalidInput: A rule has no score, one of another content, or occurs twice.
    """
    rules = [own, *sorted(alternatives, key=lambda rule: rule.baseline_id)]
    ids = [rule.baseline_id for rule in rules]
    if len(set(ids)) < len(ids):
        raise InvalidInput(f"rules {ids} hold one twice, expected each once", rules=str(ids))
    judged = {}
    for rule in rules:
        score = scores.get(rule.baseline_id)
        if score is None or score.rule_digest != rule.digest:
            found = "no score" if score is None else f"a score of content {score.rule_digest[:12]}"
            raise InvalidInput(
                f"rule {rule.baseline_id} has {found}, expected one of content {rule.digest[:12]}",
                baseline_id=rule.baseline_id,
            )
        judged[rule.baseline_id] = JudgedRule(
            score, judge(rule.gate, score, fewest_events=policy.fewest_events)
        )
    chosen, reason = _chosen(rules, judged, policy)
    if not chosen.is_verified:
        reason = f"{reason}; the rule holds unverified values"
    return RuleChoice(
        site_id=site_id,
        season=season,
        own_baseline_id=own.baseline_id,
        baseline_id=chosen.baseline_id,
        rule_version=chosen.version,
        rule_digest=chosen.digest,
        passed=judged[chosen.baseline_id].verdict.passed,
        reason=reason,
        judged=tuple(judged[rule.baseline_id] for rule in rules),
        data_version=data_version,
        engine_version=engine_version,
    )


def _chosen(
    rules: Sequence[BaselineRule], judged: Mapping[str, JudgedRule], policy: ChoicePolicy
) -> tuple[BaselineRule, str]:
    """Return the rule and why; `rules` holds the own rule first, then the others by id."""
    own = rules[0]
    own_verdict = judged[own.baseline_id].verdict
    passing = [
        (score.rrmse_ratio, rank, rule)
        for rank, rule in enumerate(rules)
        if judged[rule.baseline_id].verdict.passed
        and isinstance(score := judged[rule.baseline_id].score, RuleScore)
    ]
    if not passing:
        return own, f"no rule passes its gate; {own.baseline_id}: {own_verdict.reason}"
    rrmse, rank, best = min(passing, key=lambda item: item[:2])
    if rank == 0:
        return own, f"own rule passes and none is better: {own_verdict.reason}"
    best_reason = f"{best.baseline_id}: {judged[best.baseline_id].verdict.reason}"
    if not own_verdict.passed:
        return best, f"own rule {own.baseline_id} fails: {own_verdict.reason}; {best_reason}"
    own_rrmse = min(passing, key=lambda item: item[1])[0]
    if rrmse < (1.0 - policy.gain_ratio) * own_rrmse:
        return best, f"{best_reason}; own rule {own.baseline_id}: {own_verdict.reason}"
    return own, (
        f"own rule passes: {own_verdict.reason}; {best.baseline_id} at RRMSE {rrmse:.1%} is not better by "
        f"more than {policy.gain_ratio:.0%}"
    )
