"""Which events a month's settlement concerns, and which of them it has to wait for."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from vpp.dispatch.event import Event, EventState
from vpp.foundation.errors import InvalidInput
from vpp.foundation.interval import Interval
from vpp.workflows.civil_time import site_calendar
from vpp.workflows.market_rules import MarketRules
from vpp.workflows.ports import Stored, UnitOfWork
from vpp.workflows.reporting import instructions_of

MARGIN = timedelta(days=1)
"""Civil months begin and end at most so far from those of UTC."""
UNDER_WAY = frozenset({EventState.ACTIVE, EventState.ENDED})
LONGEST_WAIT = timedelta(days=3)
"""What is not measured so long after its end is settled when it is: it keeps nobody else from being paid."""
AGREED = frozenset({EventState.OFFERED, EventState.ACCEPTED, EventState.SCHEDULED})


def period_of(event: Event) -> str:
    """Return the UTC month of an event's start: the period whose settlement it makes due."""
    return f"{event.delivery.start:%Y-%m}"


def months_near(event: Event) -> frozenset[str]:
    """Return every civil month, YYYY-MM, that an event may start in at some place."""
    start = event.delivery.start
    return frozenset(f"{start + margin:%Y-%m}" for margin in (-MARGIN, MARGIN))


def month_of(period: str) -> Interval:
    """Return a month of UTC.

    Args:
        period: YYYY-MM.

    Raises:
        InvalidInput: It is no month, or one at the calendar's ends: days around it are looked at as well.
    """
    try:
        first = datetime.fromisoformat(f"{period}-01").replace(tzinfo=UTC)
        following = (first + timedelta(days=32)).replace(day=1)
        _ = first - MARGIN, following + MARGIN
    except (ValueError, OverflowError) as error:
        raise InvalidInput(
            f"settlement_period is {period!r}, expected a month of the calendar", settlement_period=period
        ) from error
    return Interval(first, following)


def events_near(uow: UnitOfWork, period: str) -> list[Stored[Event]]:
    """Return the paid events of a UTC month and a day around it: sites' civil months begin at other times."""
    month = month_of(period)
    events = uow.claims.events_during(Interval(month.start - MARGIN, month.end + MARGIN))
    near = uow.events.get_all(
        event.event_id
        for event in events
        if event.purpose.is_paid and month.start - MARGIN <= event.delivery.start
    )
    return [near[event_id] for event_id in sorted(near)]


def revisions_of(near: list[Stored[Event]]) -> dict[str, int]:
    """Return the revision of each event, so that a later look can tell whether anything happened."""
    return {stored.value.event_id: stored.revision for stored in near}


def waiting_reason(near: list[Stored[Event]], now: datetime) -> str:
    """Tell why settlement waits: an event of the day will be measured soon, and its lines belong to the run.

    Where that fails for days, the others are settled without it.

    Returns:
        The reason in words; empty if it need not wait.
    """
    for stored in near:
        event = stored.value
        is_today = event.state in AGREED and event.delivery.start.date() <= now.date()
        is_over = event.delivery.end + LONGEST_WAIT <= now
        if (is_today or event.state in UNDER_WAY) and not is_over:
            return f"events/{event.event_id} is {event.state.name}, and its lines belong to this run"
    return ""


def civil_months(uow: UnitOfWork, event: Event, rules: MarketRules) -> Mapping[str, str]:
    """Return the civil month of an event's start at each site that it instructed, by site id."""
    site_ids = {stored.value.site_id for stored in instructions_of(uow, event.event_id)}
    sites = uow.sites.get_all(sorted(site_ids))
    start = event.delivery.start
    return {
        site_id: site_calendar(stored.value, rules, start).local_iso(start)[:7]
        for site_id, stored in sites.items()
    }


def is_near_the_turn(event: Event) -> bool:
    """Tell whether an event may start in another civil month at some place than in UTC."""
    month = month_of(period_of(event))
    start = event.delivery.start
    return start < month.start + MARGIN or start >= month.end - MARGIN
