"""Which live events lay claim to what they call at a time, recovery included."""

from collections.abc import Callable
from datetime import timedelta

from vpp.dispatch.event import Event
from vpp.foundation.interval import Interval
from vpp.workflows.ports import UnitOfWork
from vpp.workflows.recording import CLAIMING_STATES, overlaps, product_of

LONGEST_RECOVERY = timedelta(days=7)
"""No product's recovery window is near as long."""


def claiming_events(
    uow: UnitOfWork,
    delivery: Interval,
    recovery: timedelta,
    *,
    concerns: Callable[[Event], bool] = lambda _: True,
) -> list[Event]:
    """Return the events that claim what they call at a time: from their start to the end of their recovery.

    Args:
        uow: The transaction.
        delivery: When something would be called.
        recovery: How long it recovers afterwards.
        concerns: Which events are asked about.
    """
    span = Interval(delivery.start, delivery.end + recovery)
    around = Interval(span.start - LONGEST_RECOVERY, span.end)
    events = [event for event in uow.claims.events_during(around, CLAIMING_STATES) if concerns(event)]
    products = {(event.product_id, event.product_version) for event in events}
    recovery_of = {key: product_of(uow, *key).call.recovery_window for key in products}

    def claims(event: Event) -> bool:
        own = recovery_of[event.product_id, event.product_version]
        return overlaps(span, Interval(event.delivery.start, event.delivery.end + own))

    return [event for event in events if claims(event)]
