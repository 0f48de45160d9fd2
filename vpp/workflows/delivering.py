"""What each site delivered in one event, ready for settlement."""

from decimal import Decimal

from vpp.dispatch.event import Event
from vpp.foundation.series import hours
from vpp.settlement.delivery import MeasuredInterval
from vpp.settlement.evidence_delivery import delivery_of
from vpp.settlement.site_delivery import SiteDelivery
from vpp.workflows.market_rules import MarketRules
from vpp.workflows.ports import UnitOfWork
from vpp.workflows.recording import product_of
from vpp.workflows.settlement_evidence import gather_events


def site_deliveries(uow: UnitOfWork, event: Event, rules: MarketRules) -> list[SiteDelivery]:
    """Measure an event at every instructed site, by all that is known.

    Args:
        uow: The transaction.
        event: An event whose delivery is over, or that was cancelled in its course.
        rules: The hub's rules.

    Returns:
        One delivery per site, by site id, in exact energy; empty if nothing is to be measured.
    """
    product = product_of(uow, event.product_id, event.product_version)
    evidence = gather_events(uow, [event], rules)[event.event_id]
    return [delivery_of(one, product) for one in evidence]


def delivered_totals_kwh(deliveries: list[SiteDelivery]) -> tuple[Decimal, Decimal]:
    """Sum target and delivered energy over the intervals that were metered, kWh."""
    target = delivered = Decimal(0)
    for delivery in deliveries:
        for interval in delivery.intervals:
            if interval.delivered_kwh is not None:
                delivered += interval.delivered_kwh
                target += _target_kwh(interval)
    return target, delivered


def _target_kwh(interval: MeasuredInterval) -> Decimal:
    return interval.target_kw * Decimal(repr(hours(interval.interval.duration)))
