"""Sites that may have moved their baseline, and the view that is taken of them."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
from support.baseline_sites import additive, at, day_of, span, x_of_y

from vpp.baseline.rule_baseline import RuleBaseline
from vpp.baseline.scoring.day_table import DayTable
from vpp.baseline.scoring.gaming_flag import GamingLimits
from vpp.baseline.scoring.gaming_view import GamingView
from vpp.baseline.site_meter import SiteMeter
from vpp.foundation.series import regular
from vpp.portfolio.baseline_rule import BaselineRule

EVENT_DAY = 29  # a Tuesday
EVENT = span(EVENT_DAY, 17, 21)
RULE = x_of_y(adjustment=additive(4, 1))
DAYS_USED = [28, 25, 24, 23, 22]


def raised(
    site: SiteMeter, factor: float, first_hour: float, last_hour: float, day: int = EVENT_DAY
) -> SiteMeter:
    """Return a site with its load of some hours of a day multiplied."""
    load = site.net_power_kw.copy()
    load[(load.index >= at(day, first_hour)) & (load.index < at(day, last_hour))] *= factor
    return replace(site, net_power_kw=load)


def gaming_view(site: SiteMeter, rule: BaselineRule = RULE, **changes: Any) -> GamingView:  # noqa: ANN401  any field
    """Return the view of an event 17:00 to 21:00 with notice at 13:00; fields can be replaced."""
    fields: dict[str, Any] = {
        "rule": rule,
        "site": site,
        "event": EVENT,
        "baseline": baseline_of(DAYS_USED),
        "notice_at": at(EVENT_DAY, 13),
        "limits": GamingLimits(),
        "library": {},
        "table": DayTable.of(site),
    }
    return GamingView(**(fields | changes))


def baseline_of(days_used: list[int], level_kw: float = 400.0) -> RuleBaseline:
    """Return a flat baseline from some days."""
    flat = regular(np.full(4, level_kw), EVENT.start, timedelta(hours=1))
    return RuleBaseline(
        raw_kw=flat,
        adjusted_kw=flat,
        adjustment_kw=0.0,
        adjustment_ratio=1.0,
        adjusted=True,
        capped=False,
        days_used=tuple(day_of(day) for day in days_used),
        method="mean-of-5",
        notes=(),
    )
