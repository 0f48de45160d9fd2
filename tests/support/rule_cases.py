"""Rules and loads for tests of the baseline engine."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd

from vpp.baseline.calendar import SiteCalendar
from vpp.baseline.rule_baseline import NoBaseline, NoBaselineReason, RuleBaseline
from vpp.baseline.rules.engine import compute_baseline
from vpp.baseline.rules.event_view import EventView
from vpp.baseline.site_meter import SiteMeter
from vpp.foundation.interval import Interval
from vpp.foundation.series import regular
from vpp.portfolio.baseline_rule import BaselineRule

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
MONDAY = datetime(2026, 3, 2, tzinfo=UTC)  # no clock change in Etc/UTC
WEEKEND = {"kinds": ["saturday", "sunday", "holiday"], "average": 2, "candidates": 3}
SOURCE = {"tag": "D", "title": "a test", "read_on": date(2026, 11, 25)}


def rule_of(method: dict[str, Any], **fields: Any) -> BaselineRule:  # noqa: ANN401  a test replaces any field
    """A rule by its method; further groups as in a rule file."""
    return BaselineRule.model_validate(
        {
            "baseline_id": "a-rule",
            "version": 1,
            "display_name": "A rule",
            "jurisdiction": "example",
            "summary": "A rule of a test.",
            "method": method,
            "source": SOURCE,
        }
        | fields
    )


def days_of(average: int = 4, candidates: int = 5, **fields: Any) -> dict[str, Any]:  # noqa: ANN401  as above
    """Days of a rule: workdays and weekends; `own` adds fields to the workdays' class."""
    workday = {"kinds": ["workday"], "average": average, "candidates": candidates} | fields.pop("own", {})
    return {"classes": [workday, WEEKEND], "lookback_days": 45} | fields


def high(average: int = 4, candidates: int = 5, *, pick: str = "high", **fields: Any) -> BaselineRule:  # noqa: ANN401  as above
    """X of Y without an adjustment; fields of the days, and `rank_by`, `adjustment`, `floor` of the rule."""
    method = {"kind": "x_of_y", "pick": pick} | (
        {"rank_by": fields.pop("rank_by")} if "rank_by" in fields else {}
    )
    whole = {name: fields.pop(name) for name in ("adjustment", "floor", "device", "source") if name in fields}
    return rule_of(method, days=days_of(average, candidates, **fields), **whole)


def before(begin_h: float = 4, end_h: float = 1, **fields: Any) -> dict[str, Any]:  # noqa: ANN401  as above
    """An adjustment over a window before the event, additive unless it says otherwise."""
    window = {"anchor": "start", "begin": timedelta(hours=-begin_h), "end": timedelta(hours=-end_h)}
    return {"kind": "additive", "windows": [window]} | fields


def daily_load(first: datetime, *levels_kw: float) -> pd.Series:
    """One level a day, hourly."""
    return regular(np.repeat(np.array(levels_kw, dtype=np.float64), 24), first, HOUR)


def event_on(day: datetime, hour: int = 17, length: timedelta = 2 * HOUR) -> Interval:
    """An event on a UTC day."""
    return Interval(day + hour * HOUR, day + hour * HOUR + length)


def site_of(net_power_kw: pd.Series, zone: str = "Etc/UTC", **fields: Any) -> SiteMeter:  # noqa: ANN401  as above
    """A site; `holidays` go to its calendar."""
    holidays = frozenset(fields.pop("holidays", ()))
    return SiteMeter(net_power_kw, SiteCalendar(zone, holidays), **fields)


def view_of(site: SiteMeter, event: Interval, notice_at: datetime | None = None) -> EventView:
    return EventView.of("a-rule", site, event, notice_at)


def found(rule: BaselineRule, site: SiteMeter, event: Interval, **fields: Any) -> RuleBaseline:  # noqa: ANN401  as above
    """The baseline, which there must be."""
    answer = compute_baseline(rule, site, event, **fields)
    assert isinstance(answer, RuleBaseline), answer
    return answer


def refused(rule: BaselineRule, site: SiteMeter, event: Interval, reason: NoBaselineReason) -> str:
    """Why there is no baseline, which must be for the given reason."""
    answer = compute_baseline(rule, site, event)
    assert isinstance(answer, NoBaseline), answer
    assert (answer.baseline_id, answer.reason) == (rule.baseline_id, reason)
    return answer.detail


def backs(answer: RuleBaseline, event: Interval) -> list[int]:
    """Days used, as days before the event's UTC day."""
    return [(event.start.date() - day).days for day in answer.days_used]
