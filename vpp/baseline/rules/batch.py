"""The baseline engine for many sites and one event: the single path's answers, sooner."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import numpy as np

from vpp.baseline.calendar import SiteCalendar
from vpp.baseline.rule_baseline import NoBaseline, RuleBaseline
from vpp.baseline.rules.engine import compute_baseline
from vpp.baseline.rules.event_view import EventView
from vpp.baseline.rules.forecast_batch import SiteEvent, forecast_baselines
from vpp.baseline.rules.matched import matched_baselines
from vpp.baseline.rules.matched_sites import finished_match, laid_out
from vpp.baseline.site_meter import SiteMeter
from vpp.foundation.interval import Interval
from vpp.portfolio.baseline_method import ForecastMethod, XOfY
from vpp.portfolio.baseline_rule import BaselineRule
from vpp.telemetry.grid import metering_step

GridKey = tuple[datetime, timedelta, int, SiteCalendar]


def compute_baselines(
    rule: BaselineRule,
    sites: Sequence[SiteMeter],
    event: Interval,
    *,
    notice_at: datetime | None = None,
    library: Mapping[str, BaselineRule] | None = None,
) -> list[RuleBaseline | NoBaseline]:
    """Say what many sites would have used in an event, by one rule.

    Sites that share grid and calendar are computed together where the rule matches days or forecasts;
    those that need a fallback, and other rules, go the single path. Each answer is that of
    `compute_baseline`, to 1e-8 of its load, whatever the other sites are.

    Args:
        rule: The rule.
        sites: The sites.
        event: The event, UTC.
        notice_at: When the sites were told, UTC; None if that is not known.
        library: Other rules by id, for a rule that names one.

    Returns:
        Baselines in the order of the sites.

    Raises:
        InvalidInput: As `compute_baseline`, for any of the sites.
        NotFound: As `compute_baseline`.
    """
    found: dict[int, RuleBaseline | NoBaseline] = {}
    if rule.device is None and isinstance(rule.method, XOfY):
        for group in _sharing(sites):
            views = {n: EventView.of(rule.baseline_id, sites[n], event, notice_at) for n in group}
            found |= _matched(rule, rule.method, views)
    elif rule.device is None and isinstance(rule.method, ForecastMethod):
        return forecast_baselines(rule, rule.method, [SiteEvent(site, event, notice_at) for site in sites])
    return [
        found[n] if n in found else compute_baseline(rule, site, event, notice_at=notice_at, library=library)
        for n, site in enumerate(sites)
    ]


def _sharing(sites: Sequence[SiteMeter]) -> list[list[int]]:
    """Group sites that share their grid and calendar."""
    groups: dict[GridKey, list[int]] = defaultdict(list)
    for n, site in enumerate(sites):
        series = site.net_power_kw
        step = metering_step(series)
        groups[series.index[0].to_pydatetime(), step, len(series), site.calendar].append(n)
    return list(groups.values())


def _matched(
    rule: BaselineRule, method: XOfY, views: Mapping[int, EventView]
) -> dict[int, RuleBaseline | NoBaseline]:
    """Match days for sites that share their grid; without an answer for those that need a fallback."""
    layout = laid_out(rule, method, list(views.values()))
    if layout is None:
        return {}
    load_kw = np.stack([view.visible_kw for view in views.values()])
    match = matched_baselines(layout.rule, load_kw, layout.windows, layout.usable)
    return {
        n: finished_match(rule, view, layout, match, row)
        for row, (n, view) in enumerate(views.items())
        if match.done[row]
    }
