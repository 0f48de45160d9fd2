"""Scoring rules on placebo events."""

from collections import Counter
from collections.abc import Mapping, Sequence

from vpp.baseline.rule_baseline import NoBaseline
from vpp.baseline.scoring.placebo_plan import PlaceboPlan, placebo_events
from vpp.baseline.scoring.placebo_run import PlaceboOutcome, PlaceboTask, run_placebos
from vpp.baseline.scoring.rule_score import ScoredRule, score_of
from vpp.baseline.scoring.site_days import days_of_sites
from vpp.baseline.site_meter import SiteMeter
from vpp.portfolio.baseline_rule import BaselineRule

NO_RULES: Mapping[str, BaselineRule] = {}


def score_rules(
    rules: Sequence[BaselineRule],
    sites: Mapping[str, SiteMeter],
    plan: PlaceboPlan,
    *,
    library: Mapping[str, BaselineRule] = NO_RULES,
) -> dict[str, dict[str, ScoredRule]]:
    """Score rules on the placebo events of each of some sites, in this process.

    Args:
        rules: Rules, each id once.
        sites: By site id.
        plan: Which placebo events.
        library: Rules that the rules may name.

    Returns:
        By site id and rule id. A site without placebo events has every rule `Unscored`.

    Raises:
        InvalidInput: A meter's series is empty or not regular, or a placebo window does not fit its grid.
    """
    tasks = placebo_tasks(sites, plan)
    scores: dict[str, dict[str, ScoredRule]] = {name: {} for name in sites}
    for rule in rules:
        outcomes = run_placebos(rule, tasks, notice=plan.notice, library=library)
        for name, score in scores_by_series(rule, sites, outcomes).items():
            scores[name][rule.baseline_id] = score
    return scores


def placebo_tasks(sites: Mapping[str, SiteMeter], plan: PlaceboPlan) -> list[PlaceboTask]:
    """List the placebo events of sites, by site and then by time."""
    tasks: list[PlaceboTask] = []
    for name, truth in days_of_sites(sites).items():
        site, week_before_kw = sites[name], truth.week_before()
        tasks.extend(
            PlaceboTask(name, site, event, truth, week_before_kw) for event in placebo_events(site, plan)
        )
    return tasks


def scores_by_series(
    rule: BaselineRule, sites: Mapping[str, SiteMeter], outcomes: Sequence[PlaceboOutcome]
) -> dict[str, ScoredRule]:
    """Sum up a rule's outcomes for each site; a site without any is `Unscored`."""
    by_series: dict[str, list[PlaceboOutcome]] = {name: [] for name in sites}
    for outcome in outcomes:
        by_series[outcome.task.series].append(outcome)
    return {name: _score(rule, found) for name, found in by_series.items()}


def _score(rule: BaselineRule, outcomes: Sequence[PlaceboOutcome]) -> ScoredRule:
    if not outcomes:
        return score_of(rule, (), detail="the history holds no day for a placebo event")
    results = [found.result for found in outcomes if not isinstance(found.result, NoBaseline)]
    missing = [found.result for found in outcomes if isinstance(found.result, NoBaseline)]
    detail = ""
    if missing and not results:
        reason, count = Counter(none.reason for none in missing).most_common(1)[0]
        example = next(none.detail for none in missing if none.reason is reason)
        detail = f"{reason.value} in {count} of {len(outcomes)} placebo events, such as: {example}"
    return score_of(rule, results, missing_count=len(missing), detail=detail)
