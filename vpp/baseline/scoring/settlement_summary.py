"""A settlement backtest in one line per rule."""

from dataclasses import dataclass

import numpy as np

from vpp.baseline.scoring.settlement_row import SettlementResult


@dataclass(frozen=True, slots=True)
class SettlementSummary:
    """A rule's figures over all its series; each series counts once, however large its load.

    Attributes:
        method: The rule's id.
        series_count: Series with a score.
        event_count: Placebo events, summed over series.
        rrmse_mean_ratio: Mean of RRMSE.
        rrmse_median_ratio: Median of RRMSE.
        bias_ratio: Mean of the signed bias.
        raw_rrmse_mean_ratio: Mean of RRMSE without the same-day adjustment.
        raw_bias_ratio: Mean of the bias without it.
        variability_ratio: Mean of the variability.
        passed_ratio: Share of series that pass the rule's gate.
        cpu_s: Processor time, seconds, summed.
        verified: Whether every value of the rule was checked against a source.
    """

    method: str
    series_count: int
    event_count: int
    rrmse_mean_ratio: float
    rrmse_median_ratio: float
    bias_ratio: float
    raw_rrmse_mean_ratio: float
    raw_bias_ratio: float
    variability_ratio: float
    passed_ratio: float
    cpu_s: float
    verified: bool


def summarise_settlement(result: SettlementResult) -> tuple[SettlementSummary, ...]:
    """Sum up each rule over its series, in the order in which rules first appear."""
    summaries = []
    for method in dict.fromkeys(row.score.baseline_id for row in result.rows):
        rows = [row for row in result.rows if row.score.baseline_id == method]
        scores = [row.score for row in rows]
        rrmse = [score.rrmse_ratio for score in scores]
        summaries.append(
            SettlementSummary(
                method=method,
                series_count=len(rows),
                event_count=sum(score.event_count for score in scores),
                rrmse_mean_ratio=float(np.mean(rrmse)),
                rrmse_median_ratio=float(np.median(rrmse)),
                bias_ratio=float(np.mean([score.bias_ratio for score in scores])),
                raw_rrmse_mean_ratio=float(np.mean([score.raw_rrmse_ratio for score in scores])),
                raw_bias_ratio=float(np.mean([score.raw_bias_ratio for score in scores])),
                variability_ratio=float(np.mean([score.variability_ratio for score in scores])),
                passed_ratio=float(np.mean([row.verdict.passed for row in rows])),
                cpu_s=sum(row.cpu_s for row in rows),
                verified=all(score.verified for score in scores),
            )
        )
    return tuple(summaries)
