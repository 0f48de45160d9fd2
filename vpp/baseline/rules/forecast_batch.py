"""Forecasts as baselines of many sites and events: one forecast for the events that can share it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from vpp.baseline.fleet_forecast import forecast_fleet
from vpp.baseline.forecast_request import ForecastRequest
from vpp.baseline.rule_baseline import NoBaseline, RuleBaseline
from vpp.baseline.rules.event_view import EventView
from vpp.baseline.rules.finishing import finished
from vpp.baseline.rules.forecast_model import forecast_request, model_of
from vpp.baseline.site_meter import SiteMeter
from vpp.foundation.interval import Interval
from vpp.portfolio.baseline_method import ForecastMethod
from vpp.portfolio.baseline_rule import BaselineRule


@dataclass(frozen=True, slots=True, eq=False)
class SiteEvent:
    """One event of one site.

    Attributes:
        site: The site.
        event: The event, UTC.
        notice_at: When the site was told, UTC; None if that is not known.
    """

    site: SiteMeter
    event: Interval
    notice_at: datetime | None = None


def forecast_baselines(
    rule: BaselineRule, method: ForecastMethod, asked: Sequence[SiteEvent]
) -> list[RuleBaseline | NoBaseline]:
    """Forecast all sites in one go; events of a site whose forecasts span the same time share one.

    Args:
        rule: The rule, without a device split.
        method: Its method.
        asked: The events.

    Returns:
        Baselines in the order asked for.

    Raises:
        InvalidInput: As `compute_baseline`, for any of them.
    """
    views = [EventView.of(rule.baseline_id, each.site, each.event, each.notice_at) for each in asked]
    requests: list[ForecastRequest] = []
    numbers: list[int] = []
    by_span: dict[tuple[int, Interval], int] = {}
    for view in views:
        request = forecast_request(view, rule)
        number = by_span.setdefault((id(view.site), request.horizon), len(requests))
        if number == len(requests):
            requests.append(request)
        numbers.append(number)
    forecasts = forecast_fleet(requests, mix=method.mix)
    found: list[RuleBaseline | NoBaseline] = []
    for view, number in zip(views, numbers, strict=True):
        model = model_of(view, requests[number], forecasts[number])
        found.append(model if isinstance(model, NoBaseline) else finished(rule, view, model, None))
    return found
