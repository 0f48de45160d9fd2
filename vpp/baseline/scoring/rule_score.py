"""How far a rule's baseline was off on a site's placebo events."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vpp.baseline.accuracy import nmbe_ratio, relative_errors, rmae_ratio, rrmse_ratio
from vpp.baseline.scoring.placebo_result import PlaceboResult
from vpp.foundation.errors import InvalidInput
from vpp.portfolio.baseline_rule import BaselineRule

HIGH_QUANTILE = 0.9


@dataclass(frozen=True, slots=True)
class RuleScore:
    """A rule's errors over a site's placebo events: baseline minus load, where nothing was curtailed.

    All ratios are shares (0.05 is 5 %). RRMSE is pooled over all intervals of all events and divides by
    the number of intervals: `sqrt(mean e²) / mean load`. Relative errors are one value per event:
    `Σ e / Σ load`.

    Attributes:
        baseline_id: The rule.
        rule_version: Its version.
        rule_digest: SHA-256 of its content.
        verified: Whether every value of the rule was checked against a source.
        event_count: Placebo events with a baseline and metered load.
        missing_count: Placebo events for which the rule gave no baseline, or nothing was metered.
        rrmse_ratio: RRMSE.
        bias_ratio: Mean error over mean load; positive where the rule pays too much.
        median_relative_error_ratio: Median of the events' relative errors.
        variability_ratio: Standard deviation of the events' relative errors; 0 for a single event.
        p90_absolute_error_ratio: Nine events in ten are off by no more than this, either way.
        rmae_ratio: Mean absolute error over that of the load a week before; None where last week's is
            unknown or never wrong.
        raw_rrmse_ratio: RRMSE without the same-day adjustment.
        raw_bias_ratio: Bias without it.
    """

    baseline_id: str
    rule_version: int
    rule_digest: str
    verified: bool
    event_count: int
    missing_count: int
    rrmse_ratio: float
    bias_ratio: float
    median_relative_error_ratio: float
    variability_ratio: float
    p90_absolute_error_ratio: float
    rmae_ratio: float | None
    raw_rrmse_ratio: float
    raw_bias_ratio: float


@dataclass(frozen=True, slots=True)
class Unscored:
    """A rule that gave no baseline for any placebo event, or none that its load could be held against.

    Attributes:
        baseline_id: The rule.
        rule_version: Its version.
        rule_digest: SHA-256 of its content.
        missing_count: Placebo events tried.
        detail: Why, in a sentence: the most frequent reason with its figures.
    """

    baseline_id: str
    rule_version: int
    rule_digest: str
    missing_count: int
    detail: str


ScoredRule = RuleScore | Unscored


def score_of(
    rule: BaselineRule, results: Sequence[PlaceboResult], *, missing_count: int = 0, detail: str = ""
) -> ScoredRule:
    """Sum up a rule's placebo results.

    Args:
        rule: The rule.
        results: One per placebo event that the rule gave a baseline for.
        missing_count: Placebo events it gave none for.
        detail: Why it gave none.

    Returns:
        The score, or `Unscored` where no event has both a baseline and metered load above 0 kW.
    """
    known = [result for result in results if _is_known(result)]
    missing = missing_count + len(results) - len(known)
    raw, adjusted, actual, naive = (
        np.concatenate([getattr(result, name) for result in known]) if known else np.zeros(0)
        for name in ("raw_kw", "adjusted_kw", "actual_kw", "naive_kw")
    )
    if not known or np.nanmean(actual) <= 0:
        reason = detail or "the load of every placebo event is missing or not above 0 kW"
        return Unscored(rule.baseline_id, rule.version, rule.digest, missing, reason)
    shares = relative_errors([result.adjusted_kw for result in known], [result.actual_kw for result in known])
    try:
        rmae = rmae_ratio(adjusted, naive, actual)
    except InvalidInput:  # nothing metered a week before, or a load that repeats exactly
        rmae = None
    return RuleScore(
        baseline_id=rule.baseline_id,
        rule_version=rule.version,
        rule_digest=rule.digest,
        verified=rule.is_verified,
        event_count=len(known),
        missing_count=missing,
        rrmse_ratio=rrmse_ratio(adjusted, actual),
        bias_ratio=nmbe_ratio(adjusted, actual),
        median_relative_error_ratio=float(np.median(shares)),
        variability_ratio=float(np.std(shares, ddof=1)) if len(shares) > 1 else 0.0,
        p90_absolute_error_ratio=float(np.quantile(np.abs(shares), HIGH_QUANTILE)),
        rmae_ratio=rmae,
        raw_rrmse_ratio=rrmse_ratio(raw, actual),
        raw_bias_ratio=nmbe_ratio(raw, actual),
    )


def _is_known(result: PlaceboResult) -> bool:
    """Tell whether an event has load above 0 kW where its baseline is known."""
    known = ~(np.isnan(result.adjusted_kw) | np.isnan(result.raw_kw) | np.isnan(result.actual_kw))
    return bool(known.any()) and float(result.actual_kw[known].sum()) > 0
