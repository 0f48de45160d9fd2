"""Applying a rule to placebo events, many sites at a time."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from vpp.baseline.rule_baseline import NoBaseline, RuleBaseline
from vpp.baseline.rules.batch import compute_baselines
from vpp.baseline.rules.forecast_batch import SiteEvent, forecast_baselines
from vpp.baseline.scoring.placebo_result import PlaceboResult
from vpp.baseline.scoring.site_days import Floats, SiteDays
from vpp.baseline.site_meter import SiteMeter
from vpp.foundation.interval import Interval
from vpp.portfolio.baseline_method import ForecastMethod
from vpp.portfolio.baseline_rule import BaselineRule


@dataclass(frozen=True, slots=True, eq=False)
class PlaceboTask:
    """One placebo event of one site.

    Attributes:
        series: The site's name.
        site: What the baseline may use.
        event: The placebo event.
        truth: The load that the baseline should equal: the meter's, unless a cut was simulated.
        week_before_kw: That load a week before each of its intervals, kW; NaN where unknown. Shape (T,).
    """

    series: str
    site: SiteMeter
    event: Interval
    truth: SiteDays
    week_before_kw: Floats


@dataclass(frozen=True, slots=True, eq=False)
class PlaceboOutcome:
    """What a rule gave for a task.

    Attributes:
        task: The task.
        result: The baseline beside the load, or why there is none.
        cpu_s: Processor time, seconds; a batch is shared out evenly.
    """

    task: PlaceboTask
    result: PlaceboResult | NoBaseline
    cpu_s: float


def run_placebos(
    rule: BaselineRule,
    tasks: Sequence[PlaceboTask],
    *,
    notice: timedelta | None,
    library: Mapping[str, BaselineRule],
) -> list[PlaceboOutcome]:
    """Apply a rule to placebo events; sites that share an event are done as one batch.

    A rule that forecasts does all events of a civil day as one: those of one site share its forecast.

    Args:
        rule: The rule.
        tasks: Events of any sites.
        notice: How long before each event notice counts as given; None for the event's start.
        library: Rules that `rule` may name.

    Returns:
        The outcomes, in the order of the tasks. Shape (len(tasks),).
    """
    method = rule.method if rule.device is None and isinstance(rule.method, ForecastMethod) else None
    batches: dict[Interval, list[int]] = {}
    for n, task in enumerate(tasks):
        batches.setdefault(task.event if method is None else _civil_day(task), []).append(n)
    outcomes: dict[int, PlaceboOutcome] = {}
    for span, members in batches.items():
        began_s = time.process_time()
        if method is None:
            sites = [tasks[n].site for n in members]
            found = compute_baselines(rule, sites, span, notice_at=_notice_at(span, notice), library=library)
        else:
            asked = [
                SiteEvent(tasks[n].site, tasks[n].event, _notice_at(tasks[n].event, notice)) for n in members
            ]
            found = forecast_baselines(rule, method, asked)
        cpu_s = (time.process_time() - began_s) / len(members)
        for n, baseline in zip(members, found, strict=True):
            outcomes[n] = PlaceboOutcome(tasks[n], _beside_load(tasks[n], baseline), cpu_s)
    return [outcomes[n] for n in range(len(tasks))]


def _civil_day(task: PlaceboTask) -> Interval:
    calendar = task.site.calendar
    return calendar.day(calendar.civil_date(task.event.start))


def _notice_at(event: Interval, notice: timedelta | None) -> datetime | None:
    return None if notice is None else event.start - notice


def _beside_load(task: PlaceboTask, baseline: RuleBaseline | NoBaseline) -> PlaceboResult | NoBaseline:
    if isinstance(baseline, NoBaseline):
        return baseline
    begin = (task.event.start - task.truth.index[0].to_pydatetime()) // task.truth.step
    span = slice(begin, begin + len(baseline.raw_kw))
    return PlaceboResult(
        raw_kw=baseline.raw_kw.to_numpy(dtype=np.float64),
        adjusted_kw=baseline.adjusted_kw.to_numpy(dtype=np.float64),
        actual_kw=task.truth.actual_kw[span],
        naive_kw=task.week_before_kw[span],
    )
