"""When it is too late to clear an event, and what becomes of it then."""

from dataclasses import replace
from datetime import datetime

from vpp.auction.tender import TenderState
from vpp.dispatch.event import Event, EventState
from vpp.foundation.interval import Interval
from vpp.portfolio.product import ProductProfile
from vpp.workflows.booking import EVERYTHING
from vpp.workflows.market_rules import MarketRules
from vpp.workflows.outbox_ports import MessageKind, Owed
from vpp.workflows.ports import DueKind, Stored, UnitOfWork, UnitOfWorkFactory
from vpp.workflows.recording import HUB, audit, move_event, product_of, promised
from vpp.workflows.records import BidState

MISSED_DEADLINE = "MISSED_DEADLINE"
"""Why an event failed whose sites could not have been told in time."""
REJECTED = "REJECTED_MISSED_DEADLINE"
"""Reason of a bid in an auction that was never cleared."""
CLEARED_LATER = frozenset({EventState.DRAFT, EventState.OPEN, EventState.GATE_CLOSED})
"""States of an event that waits for its clearing."""


def is_too_late(now: datetime, delivery: Interval, product: ProductProfile, rules: MarketRules) -> bool:
    """Tell whether sites that were told now would be told too late to be held to it.

    A product promises its notice to the sites. A clearing takes a while, and may take
    `clearing_allowance` of that notice, but never outlast the start of delivery.

    Args:
        now: The present instant.
        delivery: When delivery takes place.
        product: The product, with its notice.
        rules: The hub's rules, with the allowance.
    """
    latest = delivery.start - product.call.notice_min + rules.clearing_allowance
    return now > latest or now >= delivery.start


def refuse_if_too_late(units: UnitOfWorkFactory, rules: MarketRules, event_id: str) -> bool:
    """End an event whose clearing was missed, and tell whether it was.

    Nothing is changed if there is still time, or if the event does not wait for its clearing.
    """
    with units() as uow:
        stored = promised(uow.events.get(event_id), f"events/{event_id}")
        event = stored.value
        product = product_of(uow, event.product_id, event.product_version)
        if event.state not in CLEARED_LATER or not is_too_late(uow.now, event.delivery, product, rules):
            return False
        refuse(uow, stored, product)
        uow.commit()
        return True


def refuse(uow: UnitOfWork, stored: Stored[Event], product: ProductProfile) -> Stored[Event]:
    """End an event that was not cleared in time; its bidders are told, and nothing is bought.

    Args:
        uow: The transaction; the caller commits.
        stored: The event, waiting for its clearing.
        product: Its product.

    Returns:
        The event, FAILED with MISSED_DEADLINE.
    """
    event = stored.value
    latest = event.delivery.start - product.call.notice_min
    audit(
        uow,
        HUB,
        "missed_deadline",
        f"events/{event.event_id}",
        was=event.state.name,
        latest=latest.isoformat(),
        late_by=uow.now - latest,
    )
    bidders = _reject_bids(uow, event, latest)
    uow.outbox.append_all([Owed(site_id, MessageKind.AWARD_NOTICE, event.event_id) for site_id in bidders])
    _withdraw_tender(uow, event)
    for kind in (DueKind.GATE_CLOSURE, DueKind.CLEARING, DueKind.EMERGENCY):
        uow.due.cancel(kind, event.event_id)
    failed = replace(event, state=EventState.FAILED, failure_reason=MISSED_DEADLINE)
    return move_event(uow, stored, failed, HUB)


def _reject_bids(uow: UnitOfWork, event: Event, latest: datetime) -> list[str]:
    """Give a reason to every bid of the auction; returns their sites in order. Standing bids stay."""
    if event.auction_id is None:
        return []
    detail = f"the auction was not cleared by {latest.isoformat()}, so that sites could be told in time"
    bids = [
        stored
        for stored in uow.bids.page(where={"auction_id": event.auction_id}, limit=EVERYTHING)
        if stored.value.state is BidState.SUBMITTED
    ]
    uow.bids.update_all(
        {
            stored.value.bid.bid_id: (
                replace(stored.value, state=BidState.REJECTED, reason=REJECTED, reason_detail=detail),
                stored.revision,
            )
            for stored in bids
        }
    )
    return sorted({stored.value.bid.site_id for stored in bids})


def _withdraw_tender(uow: UnitOfWork, event: Event) -> None:
    if event.auction_id is None:
        return
    tender = promised(uow.auctions.get(event.auction_id), f"auctions/{event.auction_id}")
    if tender.value.state in {TenderState.OPEN, TenderState.GATE_CLOSED}:
        withdrawn = replace(tender.value, state=TenderState.CANCELLED)
        uow.auctions.update(event.auction_id, withdrawn, revision=tender.revision)
