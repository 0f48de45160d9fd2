"""A baseline rule as a day-ahead method: the whole civil day is its event."""

import time
from collections.abc import Mapping

import numpy as np

from vpp.baseline.rule_baseline import RuleBaseline
from vpp.baseline.rules.batch import compute_baselines
from vpp.baseline.scoring.day_forecast import DayForecast, SeriesForecasts
from vpp.baseline.scoring.site_days import Ints, SiteDays
from vpp.baseline.site_meter import SiteMeter
from vpp.foundation.errors import InvalidInput
from vpp.foundation.interval import Interval
from vpp.portfolio.baseline_rule import BaselineRule


def day_ahead_rule(rule: BaselineRule) -> BaselineRule:
    """Return a rule as it can be applied at midnight: without its same-day adjustment.

    Days are then ranked by the whole day, as the whole day is the event.

    Raises:
        InvalidInput: The rule's method itself needs readings of the day.
    """
    unadjusted = rule.model_copy(update={"adjustment": None})
    if unadjusted.looks_past_start:
        raise InvalidInput(
            f"rule {rule.baseline_id} needs readings of the day itself, expected one that a day-ahead "
            "backtest can apply at midnight",
            baseline_id=rule.baseline_id,
        )
    return unadjusted


def forecast_rule_days(
    rule: BaselineRule,
    sites: Mapping[str, SiteMeter],
    by_day: Mapping[str, SiteDays],
    days: Mapping[str, Ints],
    *,
    library: Mapping[str, BaselineRule],
) -> dict[str, SeriesForecasts]:
    """Apply a rule to whole days of sites; sites with the same midnight are done as one batch.

    Args:
        rule: The rule.
        sites: By name.
        by_day: Their load by day.
        days: Civil days to forecast.
        library: Rules that `rule` may name.

    Returns:
        By name.
    """
    unadjusted = day_ahead_rule(rule)
    batches: dict[Interval, list[tuple[str, int]]] = {}
    for name in sites:
        for day in days[name]:
            batches.setdefault(by_day[name].horizon(int(day)), []).append((name, int(day)))
    found: dict[str, dict[int, DayForecast | None]] = {name: {} for name in sites}
    spent_s = dict.fromkeys(sites, 0.0)
    for horizon, members in batches.items():
        began_s = time.process_time()
        baselines = compute_baselines(
            unadjusted, [sites[name] for name, _ in members], horizon, library=library
        )
        cpu_s = (time.process_time() - began_s) / len(members)
        for (name, day), baseline in zip(members, baselines, strict=True):
            spent_s[name] += cpu_s
            found[name][day] = (
                DayForecast(baseline.raw_kw.to_numpy(dtype=np.float64), None, None, baseline.method)
                if isinstance(baseline, RuleBaseline)
                else None
            )
    return {name: SeriesForecasts(found[name], spent_s[name]) for name in sites}
