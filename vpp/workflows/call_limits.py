"""How often and how long a site has served a product: the counts that its rules limit.

    for every site, product and civil day d and year y of the product's time zone:
        |{e in E(d)}| <= max_events_per_day,   |{e in E(y)}| <= max_events_per_year,
        sum of hours(e) over E(y) <= max_hours_per_year

with E the product's paid events, of whatever version, that bought something of the site and begin in the
day or year: those to come as well as those that were called. One that was cancelled before its start, or
failed, was not called; one that was cancelled in its course counts as long as it lasted.
"""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime, timedelta

from vpp.baseline.civil_clock import CivilClock
from vpp.dispatch.event import Event, EventState
from vpp.foundation.errors import WrongState
from vpp.foundation.interval import Interval
from vpp.portfolio.call_rules import CallRules
from vpp.portfolio.product import ProductProfile
from vpp.workflows.ports import UnitOfWork

_HOUR = timedelta(hours=1)


def spent_sites(
    uow: UnitOfWork, product: ProductProfile, delivery: Interval, *, except_event: str = ""
) -> dict[str, str]:
    """Return the sites that could not serve one more event of a product, each with the reason.

    Args:
        uow: The transaction.
        product: The product, whose rules count.
        delivery: When the one more event would take place.
        except_event: The event itself, which does not count.
    """
    clock, rules = CivilClock(product.time_zone), product.call
    day = clock.civil_date(delivery.start)
    first, last = day, day
    if rules.max_events_per_year is not None or rules.max_hours_per_year is not None:
        first, last = date(day.year, 1, 1), date(day.year, 12, 31)
    span = Interval(clock.day(first).start, clock.day(last).end)
    called = {
        event.event_id: event
        for event in uow.claims.events_during(span)
        if event.product_id == product.product_id
        and event.event_id != except_event
        and span.start <= event.delivery.start < span.end
        and _called_for(event)
    }
    served: dict[str, set[str]] = defaultdict(set)
    for claim in uow.claims.claims_of(called):
        served[claim.site_id].add(claim.event_id)
    today = clock.day(day)
    reasons = {}
    for site_id, event_ids in sorted(served.items()):
        reason = _reason([called[event_id] for event_id in sorted(event_ids)], rules, today, delivery)
        if reason is not None:
            reasons[site_id] = f"sites/{site_id} has served products/{product.product_id} {reason}"
    return reasons


def check_not_spent(uow: UnitOfWork, product: ProductProfile, delivery: Interval, site_id: str) -> None:
    """Refuse a site that could not serve one more event of a product.

    Raises:
        WrongState: The message names the limit and what stands against it.
    """
    reason = spent_sites(uow, product, delivery).get(site_id)
    if reason is not None:
        raise WrongState(reason, site=f"sites/{site_id}")


def _called_for(event: Event) -> timedelta:
    """Return how long an event called its sites, or will; zero if it did not."""
    if not event.purpose.is_paid or event.state is EventState.FAILED:
        return timedelta(0)
    if event.state is not EventState.CANCELLED:
        return event.delivery.duration
    until: datetime = event.delivery.start if event.cancelled_at is None else event.cancelled_at
    return max(timedelta(0), min(until, event.delivery.end) - event.delivery.start)


def _reason(events: Iterable[Event], rules: CallRules, today: Interval, delivery: Interval) -> str | None:
    lengths = {event.event_id: (event, _called_for(event)) for event in events}
    on_day = sum(today.start <= event.delivery.start < today.end for event, _ in lengths.values())
    if on_day >= rules.max_events_per_day:
        return f"{on_day} times that day, expected at most {rules.max_events_per_day} with one more"
    if rules.max_events_per_year is not None and len(lengths) >= rules.max_events_per_year:
        return f"{len(lengths)} times that year, expected at most {rules.max_events_per_year} with one more"
    if rules.max_hours_per_year is not None:
        hours = sum((length for _, length in lengths.values()), timedelta(0)) / _HOUR
        if hours + delivery.duration / _HOUR > rules.max_hours_per_year:
            return (
                f"{hours:g} h that year, expected at most {rules.max_hours_per_year:g} with the "
                f"{delivery.duration / _HOUR:g} h of one more"
            )
    return None
