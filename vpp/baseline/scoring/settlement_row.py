"""Figures of a settlement backtest."""

from dataclasses import asdict, dataclass, fields

import pandas as pd

from vpp.baseline.scoring.gate_verdict import GateVerdict
from vpp.baseline.scoring.rule_score import RuleScore, Unscored


@dataclass(frozen=True, slots=True)
class SettlementRow:
    """How well one rule settled one series' placebo events.

    Attributes:
        series: The series' name.
        score: The rule's score.
        verdict: Whether it passes its gate.
        cpu_s: Processor time spent on this series' baselines, seconds; a batch is shared out evenly.
    """

    series: str
    score: RuleScore
    verdict: GateVerdict
    cpu_s: float


@dataclass(frozen=True, slots=True)
class UnscoredRule:
    """A series and rule without a score.

    Attributes:
        series: The series' name.
        score: Why.
    """

    series: str
    score: Unscored


@dataclass(frozen=True, slots=True, eq=False)
class SettlementResult:
    """A settlement backtest.

    Attributes:
        rows: By series, then rule, in the order given.
        unscored: What has no row.
        intervals: One row per series, rule and interval of each placebo event: `series`, `method`,
            `event_start` (UTC), `start_time` (UTC), `hour` (local, 0..24, with fraction), `actual_kw`,
            `raw_kw`, `adjusted_kw`.
    """

    rows: tuple[SettlementRow, ...]
    unscored: tuple[UnscoredRule, ...]
    intervals: pd.DataFrame

    def to_frame(self) -> pd.DataFrame:
        """Return the rows as a table: series, method, the score's figures, passed, reason, cpu_s."""
        figures = [column.name for column in fields(RuleScore) if column.name != "baseline_id"]
        columns = ["series", "method", *figures, "passed", "reason", "cpu_s"]
        return pd.DataFrame(
            [
                {
                    "series": row.series,
                    "method": row.score.baseline_id,
                    **asdict(row.score),
                    **asdict(row.verdict),
                    "cpu_s": row.cpu_s,
                }
                for row in self.rows
            ],
            columns=columns,
        )
