"""From a rule's placebo events to rows of figures and intervals."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import pandas as pd

from vpp.baseline.rule_baseline import NoBaseline
from vpp.baseline.scoring.gate_verdict import judge
from vpp.baseline.scoring.placebo_run import PlaceboOutcome, PlaceboTask, run_placebos
from vpp.baseline.scoring.rule_score import RuleScore, ScoredRule
from vpp.baseline.scoring.score_rules import scores_by_series
from vpp.baseline.scoring.settlement_row import SettlementResult, SettlementRow, UnscoredRule
from vpp.baseline.site_meter import SiteMeter
from vpp.foundation.errors import InvalidInput
from vpp.portfolio.baseline_rule import BaselineRule


@dataclass(frozen=True, slots=True, eq=False)
class SettledRule:
    """One rule on one series.

    Attributes:
        series: The series' name.
        score: The rule's score.
        cpu_s: Processor time, seconds.
        intervals: As `SettlementResult.intervals`.
    """

    series: str
    score: ScoredRule
    cpu_s: float
    intervals: pd.DataFrame


def settle(
    rule: BaselineRule,
    sites: Mapping[str, SiteMeter],
    tasks: Sequence[PlaceboTask],
    *,
    notice: timedelta | None,
    library: Mapping[str, BaselineRule],
) -> list[SettledRule]:
    """Apply a rule to placebo events and sum up each series.

    Args:
        rule: The rule.
        sites: By name; one without a task is unscored.
        tasks: The events.
        notice: How long before each event notice counts as given; None for the event's start.
        library: Rules that `rule` may name.
    """
    outcomes = run_placebos(rule, tasks, notice=notice, library=library)
    by_series: dict[str, list[PlaceboOutcome]] = {name: [] for name in sites}
    for outcome in outcomes:
        by_series[outcome.task.series].append(outcome)
    scores = scores_by_series(rule, sites, outcomes)
    return [
        SettledRule(name, scores[name], sum(one.cpu_s for one in found), _frame(rule, found))
        for name, found in by_series.items()
    ]


def joined(
    settled: Iterable[SettledRule], series: Sequence[str], rules: Sequence[BaselineRule]
) -> SettlementResult:
    """Put rows together, by series and then rule, in the order given.

    Raises:
        InvalidInput: A rule occurs twice.
    """
    ids = [rule.baseline_id for rule in rules]
    if len(set(ids)) < len(ids):
        raise InvalidInput(f"rules are {ids}, expected each once", rules=str(ids))
    gates = {rule.baseline_id: rule.gate for rule in rules}
    rank = {name: n for n, name in enumerate(series)}
    ordered = sorted(settled, key=lambda one: (rank[one.series], ids.index(one.score.baseline_id)))
    rows = tuple(
        SettlementRow(one.series, one.score, judge(gates[one.score.baseline_id], one.score), one.cpu_s)
        for one in ordered
        if isinstance(one.score, RuleScore)
    )
    unscored = tuple(
        UnscoredRule(one.series, one.score) for one in ordered if not isinstance(one.score, RuleScore)
    )
    frames = [one.intervals for one in ordered if len(one.intervals)]
    return SettlementResult(
        rows, unscored, pd.concat(frames, ignore_index=True) if frames else pd.DataFrame()
    )


def _frame(rule: BaselineRule, outcomes: Sequence[PlaceboOutcome]) -> pd.DataFrame:
    """Lay out one series' placebo events beside the load."""
    pairs = [(found.task, found.result) for found in outcomes if not isinstance(found.result, NoBaseline)]
    if not pairs:
        return pd.DataFrame()
    truth = pairs[0][0].truth
    lengths = [len(result.raw_kw) for _, result in pairs]
    begins = truth.index.searchsorted(pd.DatetimeIndex([task.event.start for task, _ in pairs]))
    positions = np.concatenate(
        [begin + np.arange(length) for begin, length in zip(begins, lengths, strict=True)]
    )
    return pd.DataFrame(
        {
            "series": pairs[0][0].series,
            "method": rule.baseline_id,
            "event_start": truth.index[np.repeat(begins, lengths)],
            "start_time": truth.index[positions],
            "hour": truth.hours(positions),
            "actual_kw": np.concatenate([result.actual_kw for _, result in pairs]),
            "raw_kw": np.concatenate([result.raw_kw for _, result in pairs]),
            "adjusted_kw": np.concatenate([result.adjusted_kw for _, result in pairs]),
        }
    )
