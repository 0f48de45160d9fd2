"""When an event is looked at: each look is a deadline of its own, and owes the next one."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

from vpp.dispatch.event import Event
from vpp.dispatch.instruction import Instruction
from vpp.dispatch.tracking.rules import TrackingRules
from vpp.portfolio.site import Site
from vpp.workflows.following import UNDER_WAY
from vpp.workflows.market_rules import MarketRules
from vpp.workflows.ports import Due, DueKind, Stored, UnitOfWork
from vpp.workflows.recording import product_of
from vpp.workflows.reporting import instructions_of

SHORTEST_INTERVAL = timedelta(minutes=1)
_AT = "%Y%m%dT%H%M%S"
_EXACTLY_AT = f"{_AT}.%f"


def look_subject(event_id: str, due_at: datetime) -> str:
    """Name the deadline of one look; each has its own, as a deadline that is done stays done.

    Example:
        >>> look_subject("evening", datetime(2026, 3, 2, 17, 5, 20, tzinfo=UTC))
        'evening/20260302T170520'
    """
    return f"{event_id}/{due_at:{_EXACTLY_AT if due_at.microsecond else _AT}}"


def event_of_look(subject: str) -> str:
    """Return the event that a look is at."""
    return of_look(subject)[0]


def of_look(subject: str) -> tuple[str, datetime]:
    """Return the event that a look is at, and when it falls due.

    Example:
        >>> of_look("evening/20260302T170520.250000")[1].isoformat()
        '2026-03-02T17:05:20.250000+00:00'
    """
    event_id, _, text = subject.rpartition("/")
    return event_id, datetime.strptime(text, _EXACTLY_AT if "." in text else _AT).replace(tzinfo=UTC)


def owe_first_look(
    uow: UnitOfWork, event: Event, instructions: Sequence[Instruction], rules: MarketRules
) -> None:
    """Owe an event's first look, in the transaction that tells its sites; the caller commits.

    Args:
        uow: The transaction.
        event: The event.
        instructions: What its sites are told.
        rules: The hub's rules.
    """
    if rules.tracking is None or not _is_followed(uow, event):
        return
    sites = uow.sites.get_all(sorted({each.site_id for each in instructions}))
    interval = interval_of([each.value for each in sites.values()], rules.tracking)
    since = max(event.delivery.start - rules.tracking.ahead, uow.now - interval)
    first = look_after(event, rules.tracking, since, interval, instructions)
    if first is not None:
        uow.due.add(first)


def _is_followed(uow: UnitOfWork, event: Event) -> bool:
    """Tell whether an event's sites are asked for anything that a look could find missing."""
    product = product_of(uow, event.product_id, event.product_version)
    return product.call.is_instructed or not event.purpose.is_paid


def look_after(
    event: Event,
    rules: TrackingRules,
    since: datetime,
    interval: timedelta,
    instructions: Iterable[Instruction],
) -> Due | None:
    """Return the first look after an instant, on the grid of readings; None after the last site is let go.

    Args:
        event: The event.
        rules: How closely it is followed.
        since: The instant.
        interval: How often it is looked at.
        instructions: The newest ones of its sites.
    """
    origin = event.delivery.start + rules.reading_allowance
    due_at = origin + ((since - origin) // interval + 1) * interval
    longest = max((each.release_offset for each in instructions), default=timedelta(0))
    if due_at - interval >= event.delivery.end + rules.reading_allowance + longest:
        return None
    return Due(DueKind.TRACKING, look_subject(event.event_id, due_at), due_at)


def interval_of(sites: Iterable[Site], rules: TrackingRules) -> timedelta:
    """Return how often an event at some sites is looked at."""
    if rules.interval is not None:
        return rules.interval
    return max(SHORTEST_INTERVAL, min((site.metering_interval for site in sites), default=SHORTEST_INTERVAL))


def looks_owed(uow: UnitOfWork, stored: Stored[Event], rules: MarketRules) -> list[Due]:
    """Return the look that an event must have to come, given what is stored; none if it is not followed.

    It follows from the newest look, or without one from the start of delivery. So it can be owed again at
    any time, by whoever finds that it is missing.
    """
    event = stored.value
    if rules.tracking is None or event.state not in UNDER_WAY or not _is_followed(uow, event):
        return []
    instructions = [each.value for each in instructions_of(uow, event.event_id)]
    sites = uow.sites.get_all(sorted({each.site_id for each in instructions}))
    interval = interval_of([each.value for each in sites.values()], rules.tracking)
    newest = uow.tracking.newest(event.event_id)
    since = event.delivery.start - rules.tracking.ahead if newest is None else newest.due_at
    due = look_after(event, rules.tracking, max(since, uow.now - interval), interval, instructions)
    return [] if due is None else [due]
