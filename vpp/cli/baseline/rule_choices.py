"""Which rule each series of a settlement backtest should be measured by."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import pandas as pd

from vpp.baseline.engine_version import ENGINE_VERSION
from vpp.baseline.scoring.data_version import data_version
from vpp.baseline.scoring.rule_choice import RuleChoice, choose_rule
from vpp.baseline.scoring.rule_score import ScoredRule
from vpp.baseline.scoring.season import season_of
from vpp.baseline.scoring.settlement_row import SettlementResult
from vpp.baseline.site_meter import SiteMeter
from vpp.portfolio.baseline_rule import BaselineRule


def choices(
    result: SettlementResult, rules: Sequence[BaselineRule], sites: Mapping[str, SiteMeter]
) -> list[RuleChoice]:
    """Choose a rule for every series, for the season in which its readings end.

    Args:
        result: The backtest.
        rules: The rules that were tested; the first is the sites' own.
        sites: What was tested.

    Returns:
        A choice for every series that any rule was scored on.
    """
    scores: dict[str, dict[str, ScoredRule]] = {}
    for row in result.rows:
        scores.setdefault(row.series, {})[row.score.baseline_id] = row.score
    for bare in result.unscored:
        scores.setdefault(bare.series, {})[bare.score.baseline_id] = bare.score
    scored = {row.series for row in result.rows}
    chosen = []
    for name in (name for name in sites if name in scored):
        site = sites[name]
        end: datetime = pd.DatetimeIndex(site.net_power_kw.index)[-1].to_pydatetime()
        own, *others = rules
        chosen.append(
            choose_rule(
                name,
                season_of(site.calendar.civil_date(end)),
                own,
                others,
                scores[name],
                data_version=data_version(site),
                engine_version=ENGINE_VERSION,
            )
        )
    return chosen
