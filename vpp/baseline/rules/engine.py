"""The baseline engine: one rule, one site, one event."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from vpp.baseline.rule_baseline import NoBaseline, NoBaselineReason, RuleBaseline
from vpp.baseline.rules.around_event import around_event
from vpp.baseline.rules.beside_event import beside_event
from vpp.baseline.rules.control_group import control_group
from vpp.baseline.rules.daily_energy import daily_energy
from vpp.baseline.rules.device_split import load_behind, typical_output
from vpp.baseline.rules.event_view import EventView, Floats
from vpp.baseline.rules.exponential import exponential
from vpp.baseline.rules.finishing import finished
from vpp.baseline.rules.firm_level import firm_level, lower_of
from vpp.baseline.rules.forecast_model import forecast_model
from vpp.baseline.rules.load_model import LoadModel
from vpp.baseline.rules.matching_pair import matching_pair
from vpp.baseline.rules.nearest_days import nearest_days
from vpp.baseline.rules.nominated import nominated
from vpp.baseline.rules.x_of_y import x_of_y
from vpp.baseline.site_meter import SiteMeter
from vpp.foundation.errors import BrokenPromise, InvalidInput, NotFound
from vpp.foundation.interval import Interval
from vpp.portfolio.baseline_method import (
    AroundEvent,
    ControlGroup,
    DailyEnergyRegression,
    Exponential,
    FirmLevel,
    ForecastMethod,
    MatchingPair,
    NearestDays,
    Nominated,
    XOfY,
)
from vpp.portfolio.baseline_rule import BaselineRule, DayPool


def compute_baseline(  # noqa: PLR0913  rule, site and event, and what the rule may ask of each
    rule: BaselineRule,
    site: SiteMeter,
    event: Interval,
    *,
    notice_at: datetime | None = None,
    library: Mapping[str, BaselineRule] | None = None,
    beside: Sequence[Interval] = (),
) -> RuleBaseline | NoBaseline:
    """Say what a site would have used in an event, by one rule.

    The event's own readings are never looked at, nor those of other events and of masked spans (except
    that a rule short of days may fall back on event days, and says so). Where history allows only a
    fallback, the method names it; where it allows none, that is a value with its reason.

    Args:
        rule: The rule.
        site: The site's readings, calendar and what it has told.
        event: The event, UTC, on the metering grid, at most a civil day long.
        notice_at: When the site was told, UTC; None if that is not known.
        library: Other rules by id, for a rule that names one.
        beside: Windows before and after the event for which it is wanted too, for reports.

    Returns:
        The baseline on the event's intervals, or why there is none.

    Raises:
        InvalidInput: A series is empty, infinite or off its grid; the event is off the grid or too long;
            notice is given after the start; the rule names one that names another.
        NotFound: The rule names another one that the library lacks.

    Example:
        >>> from datetime import UTC, date, timedelta
        >>> from vpp.baseline.calendar import SiteCalendar
        >>> from vpp.foundation.series import regular
        >>> from vpp.portfolio.baseline_method import AroundEvent
        >>> from vpp.portfolio.baseline_rule import RuleSource
        >>> noon, hour = datetime(2026, 3, 2, 12, tzinfo=UTC), timedelta(hours=1)
        >>> rule = BaselineRule(
        ...     baseline_id="hour-before", version=1, display_name="Hour before", jurisdiction="example",
        ...     summary="The hour before the event.",
        ...     method=AroundEvent(kind="around_event", before=hour, after=timedelta(0)),
        ...     source=RuleSource(tag="D", title="An example", read_on=date(2026, 3, 2)))
        >>> site = SiteMeter(regular([90.0, 60.0], noon - hour, hour), SiteCalendar("Etc/UTC"))
        >>> compute_baseline(rule, site, Interval(noon, noon + hour)).adjusted_kw.tolist()
        [90.0]
    """
    if rule.device is None:
        view = EventView.of(rule.baseline_id, site, event, notice_at)
        return _whole(rule, view, library or {}, beside)
    if site.device_kw is None:
        return NoBaseline(
            rule.baseline_id,
            NoBaselineReason.MISSING_INPUT,
            "the rule splits off storage and generation, and device_kw is not given",
        )
    view = EventView.of(rule.baseline_id, load_behind(site), event, notice_at)
    typical_kw = typical_output(rule.device, site.device_kw, rule.days, view)
    if isinstance(typical_kw, NoBaseline):
        return typical_kw
    return _whole(rule, view, library or {}, beside, typical_kw)


def _whole(
    rule: BaselineRule,
    view: EventView,
    library: Mapping[str, BaselineRule],
    beside: Sequence[Interval],
    typical_kw: Floats | None = None,
) -> RuleBaseline | NoBaseline:
    model = load_model(rule, view)
    if isinstance(model, NoBaseline):
        return model
    found = finished(rule, view, model, typical_kw)
    other_id = rule.method.also_baseline_id if isinstance(rule.method, FirmLevel) else None
    if isinstance(found, NoBaseline):
        return found
    if other_id is None:
        return replace(found, beside_kw=beside_event(rule, view, model, found, beside)) if beside else found
    if other_id not in library:
        raise NotFound(f"rule {rule.baseline_id} names {other_id}, which is not known", baseline=other_id)
    named = library[other_id]
    if isinstance(named.method, FirmLevel) and named.method.also_baseline_id is not None:
        raise InvalidInput(
            f"rule {rule.baseline_id} names {other_id}, which names {named.method.also_baseline_id}; "
            "expected a rule that names none",
            baseline=other_id,
        )
    other = compute_baseline(named, view.site, view.event, notice_at=view.notice_at, library=library)
    return other if isinstance(other, NoBaseline) else lower_of(found, other)


def load_model(rule: BaselineRule, view: EventView) -> LoadModel | NoBaseline:
    """Apply a rule's method."""
    method = rule.method
    match method:
        case ForecastMethod():
            return forecast_model(view, rule, method)
        case AroundEvent():
            return around_event(view, method)
        case FirmLevel():
            return firm_level(view, method, rule.loss_ratio)
        case ControlGroup():
            return control_group(view, method)
        case Nominated():
            return nominated(view)
    return _day_model(view, method, promised_days(rule))


def promised_days(rule: BaselineRule) -> DayPool:
    """Return the days of a rule whose method looks for days; its validation has seen to them."""
    if rule.days is None:
        raise BrokenPromise(f"rule {rule.baseline_id} has no days, expected them with {rule.method.kind}")
    return rule.days


def _day_model(
    view: EventView,
    method: XOfY | Exponential | NearestDays | MatchingPair | DailyEnergyRegression,
    days: DayPool,
) -> LoadModel | NoBaseline:
    match method:
        case XOfY():
            return x_of_y(view, method, days)
        case Exponential():
            return exponential(view, method, days)
        case NearestDays():
            return nearest_days(view, method, days)
        case MatchingPair():
            return matching_pair(view, method, days)
        case DailyEnergyRegression():
            return daily_energy(view, method, days)
