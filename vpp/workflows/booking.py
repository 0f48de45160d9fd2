"""From stored bids to a book, and from a clearing to awards, instructions and what is owed."""

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

from vpp.auction.bid import Bid, StepOffer
from vpp.auction.book import Book
from vpp.auction.clearing_json import clearing_to_document
from vpp.auction.result import Clearing
from vpp.auction.rules import ClearingRules
from vpp.auction.tender import Tender
from vpp.dispatch.allocation import AwardedReduction, allocate, net_reduction
from vpp.dispatch.event import Event, EventState
from vpp.foundation.interval import Interval
from vpp.foundation.series import starts
from vpp.portfolio.enrolment import EnrolmentState
from vpp.portfolio.product import ProductProfile
from vpp.workflows.market_rules import MarketRules
from vpp.workflows.ports import Due, DueKind, MessageKind, Stored, UnitOfWork
from vpp.workflows.recording import CLAIMING_STATES, HUB, audit, move_event, overlaps, product_of
from vpp.workflows.records import AwardRecord, BidRecord, BidState, ClearingRecord

CLEARING_ATTEMPTS = 5
"""How often an event is cleared again when another claims its resources while the solver runs."""
EVERYTHING = 1_000_000
"""Page limit of a listing that must be complete; far above any book."""


def clearing_rules(product: ProductProfile, rules: MarketRules) -> ClearingRules:
    """Join what the product and what the hub's owner decide about clearing."""
    return ClearingRules(
        pay_rule=product.money.pay_rule,
        fixed_price_per_mwh=product.money.fixed_price_per_mwh,
        solver=rules.solver,
        time_limit=rules.time_limit,
        relative_gap=rules.relative_gap,
    )


def _book(  # noqa: PLR0913  one argument per part of the book
    uow: UnitOfWork,
    product: ProductProfile,
    bids: list[Bid],
    *,
    event_id: str,
    delivery: Interval,
    target_reduction_kw: tuple[float, ...],
    price_cap_per_mwh: Decimal,
    rebound_headroom_kw: float | None,
) -> Book:
    limits = {}
    for bid in bids:
        resource = uow.resources.get(f"{bid.site_id}/{bid.resource_id}")
        if resource is not None:
            limits[bid.site_id, bid.resource_id] = resource.value.envelope.max_reduction_kw
    return Book(
        auction_id=event_id,
        start=delivery.start,
        step=product.settlement_interval,
        target_kw=target_reduction_kw,
        recovery_interval_count=recovery_interval_count(product),
        price_cap_per_mwh=price_cap_per_mwh,
        rebound_headroom_kw=rebound_headroom_kw,
        bids=tuple(bids),
        resource_limit_kw=limits,
    )


def recovery_interval_count(product: ProductProfile) -> int:
    """Count the intervals after delivery in which a rebound is watched."""
    return -(-product.call.recovery_window // product.settlement_interval)


def auction_book(uow: UnitOfWork, tender: Tender, product: ProductProfile) -> Book:
    """Collect the sealed bids of an auction.

    Left out, because they may not be awarded: bids of sites whose enrolment is no longer active, and
    of resources that an emergency has claimed for the time since they were bid.
    """
    active = active_sites(uow, tender.product_id, tender.zone)
    claimed = claimed_resources(uow, tender.delivery, product.call.recovery_window)
    records = uow.bids.page(where={"auction_id": tender.auction_id}, limit=EVERYTHING)
    bids = [
        stored.value.bid
        for stored in records
        if stored.value.state is BidState.SUBMITTED
        and stored.value.bid.site_id in active
        and (stored.value.bid.site_id, stored.value.bid.resource_id) not in claimed
    ]
    return _book(
        uow,
        product,
        bids,
        event_id=tender.auction_id,
        delivery=tender.delivery,
        target_reduction_kw=tender.target_reduction_kw,
        price_cap_per_mwh=tender.price_cap_per_mwh,
        rebound_headroom_kw=tender.rebound_headroom_kw,
    )


def standing_book(uow: UnitOfWork, event: Event, product: ProductProfile) -> Book:
    """Collect the standing bids that an emergency event can call on.

    Left out: expired ones, sites that are not active or have served the product's most events of
    the day, and resources that another event claims at the time, recovery included.
    """
    active = active_sites(uow, event.product_id, event.zone)
    claimed = claimed_resources(uow, event.delivery, product.call.recovery_window)
    served = _served_today(uow, event.delivery.start)
    interval_count = len(starts(event.delivery, product.settlement_interval))
    bids = []
    for stored in uow.bids.page(where={"product_id": event.product_id}, limit=EVERYTHING):
        record = stored.value
        if record.auction_id is not None or record.state is not BidState.SUBMITTED:
            continue
        is_expired = record.expires_at is not None and record.expires_at <= event.delivery.start
        key = (record.bid.site_id, record.bid.resource_id)
        is_spent = served.get(record.bid.site_id, 0) >= product.call.max_events_per_day
        if is_expired or is_spent or key in claimed or record.bid.site_id not in active:
            continue
        bids.append(_over_every_interval(record.bid, interval_count))
    return _book(
        uow,
        product,
        bids,
        event_id=event.event_id,
        delivery=event.delivery,
        target_reduction_kw=event.target_reduction_kw,
        price_cap_per_mwh=event.price_cap_per_mwh,
        rebound_headroom_kw=None,
    )


def _over_every_interval(bid: Bid, interval_count: int) -> Bid:
    if isinstance(bid.offer, StepOffer) and len(bid.offer.steps) == 1:
        return replace(bid, offer=StepOffer(steps=bid.offer.steps * interval_count))
    return bid


def active_sites(uow: UnitOfWork, product_id: str, zone: str) -> frozenset[str]:
    """Return the sites of a zone that may serve a product."""
    sites = set()
    for enrolment in uow.enrolments.page(where={"product_id": product_id}, limit=EVERYTHING):
        site = uow.sites.get(enrolment.value.site_id)
        is_active = enrolment.value.state is EnrolmentState.ACTIVE
        if is_active and site is not None and site.value.zone == zone:
            sites.add(enrolment.value.site_id)
    return frozenset(sites)


def claimed_resources(uow: UnitOfWork, delivery: Interval, recovery: timedelta) -> dict[tuple[str, str], str]:
    """Return the resources that live events claim at a time, each with the event's id.

    A resource is claimed from its event's start to the end of the recovery window.
    """
    span = Interval(delivery.start, delivery.end + recovery)
    claimed = {}
    for state in sorted(CLAIMING_STATES, key=lambda state: state.value):
        for stored in uow.events.page(where={"state": state.value}, limit=EVERYTHING):
            event = stored.value
            own = product_of(uow, event.product_id, event.product_version).call.recovery_window
            if not overlaps(span, Interval(event.delivery.start, event.delivery.end + own)):
                continue
            for award in uow.awards.page(where={"event_id": event.event_id}, limit=EVERYTHING):
                claimed[award.value.site_id, award.value.resource_id] = event.event_id
    return claimed


def _served_today(uow: UnitOfWork, instant: datetime) -> dict[str, int]:
    served: dict[str, int] = {}
    for stored in uow.events.page(limit=EVERYTHING):
        event = stored.value
        if event.delivery.start.date() != instant.date() or event.state in {
            EventState.CANCELLED,
            EventState.FAILED,
        }:
            continue
        sites = {
            award.value.site_id
            for award in uow.awards.page(where={"event_id": event.event_id}, limit=EVERYTHING)
        }
        for site_id in sites:
            served[site_id] = served.get(site_id, 0) + 1
    return served


def conflicts(uow: UnitOfWork, event: Event, clearing: Clearing, product: ProductProfile) -> bool:
    """Tell whether another event has claimed a resource that this clearing awards.

    Asked in the transaction that would commit the awards: the book was read before the solver ran.
    """
    claimed = claimed_resources(uow, event.delivery, product.call.recovery_window)
    return any(
        any(award.reduction_kw) and (award.site_id, award.resource_id) in claimed for award in clearing.awards
    )


def commit_clearing(
    uow: UnitOfWork, stored: Stored[Event], clearing: Clearing, product: ProductProfile, rules: MarketRules
) -> Stored[Event]:
    """Write a clearing: awards, a reason for every bid, instructions, notices and deadlines.

    Args:
        uow: The transaction; the caller commits.
        stored: The event, GATE_CLOSED or (emergency) DRAFT.
        clearing: What `auction.clear` returned for its book.
        product: The event's product.
        rules: The hub's rules.

    Returns:
        The event, OFFERED if anything was awarded, FAILED with NO_AWARDS otherwise.
    """
    event_id = stored.value.event_id
    uow.clearings.add(event_id, ClearingRecord(event_id, clearing_to_document(clearing)))
    awarded_kw = [0.0] * len(stored.value.target_reduction_kw)
    awards: list[AwardRecord] = []
    notified: dict[str, None] = {}
    for award in clearing.awards:
        is_accepted = any(award.reduction_kw)
        notified[award.site_id] = None
        _record_outcome(
            uow, award.bid_id, is_accepted=is_accepted, reason=award.reason.name, detail=award.detail
        )
        if not is_accepted:
            continue
        record = AwardRecord(
            award_id=f"{event_id}-{award.bid_id}",
            event_id=event_id,
            bid_id=award.bid_id,
            site_id=award.site_id,
            resource_id=award.resource_id,
            delivery=stored.value.delivery,
            reduction_kw=award.reduction_kw,
            rebound_kw=award.rebound_kw,
            price_per_mwh=award.price_per_mwh,
            make_whole=award.make_whole,
            reason=award.reason.name,
        )
        uow.awards.add(record.award_id, record)
        awards.append(record)
        net_kw = net_reduction(award.reduction_kw, award.rebound_kw)
        awarded_kw = [total + kw for total, kw in zip(awarded_kw, net_kw, strict=True)]
    for site_id in _reject_the_rest(uow, event_id):
        notified[site_id] = None
    for site_id in sorted(notified):
        uow.outbox.append(site_id, MessageKind.AWARD_NOTICE, event_id)
    cleared = replace(
        stored.value, state=EventState.CLEARED, awarded_reduction_kw=tuple(max(0.0, kw) for kw in awarded_kw)
    )
    written = move_event(uow, stored, cleared, HUB)
    audit(
        uow,
        HUB,
        "clear",
        f"events/{event_id}",
        bids=len(clearing.awards),
        awards=len(awards),
        status=clearing.status.name,
        input_hash=clearing.input_hash,
    )
    if not awards:
        failed = replace(cleared, state=EventState.FAILED, failure_reason="NO_AWARDS")
        return move_event(uow, written, failed, HUB)
    return _dispatch(uow, written, awards, product, rules)


def _reject_the_rest(uow: UnitOfWork, auction_id: str) -> list[str]:
    """Give a reason to the bids that never came into the book; returns their sites."""
    left_out = []
    for stored in uow.bids.page(where={"auction_id": auction_id}, limit=EVERYTHING):
        if stored.value.state is BidState.SUBMITTED:
            rejected = replace(
                stored.value,
                state=BidState.REJECTED,
                reason="REJECTED_NOT_ELIGIBLE",
                reason_detail="another event claims the resource at the time, or the enrolment is not active",
            )
            uow.bids.update(stored.value.bid.bid_id, rejected, revision=stored.revision)
            left_out.append(stored.value.bid.site_id)
    return left_out


def _record_outcome(uow: UnitOfWork, bid_id: str, *, is_accepted: bool, reason: str, detail: str) -> None:
    stored = uow.bids.get(bid_id)
    if stored is None:
        return
    record: BidRecord = stored.value
    if record.auction_id is None:  # a standing bid stays open for the next call
        state = record.state
    else:
        state = BidState.AWARDED if is_accepted else BidState.REJECTED
    uow.bids.update(
        bid_id, replace(record, state=state, reason=reason, reason_detail=detail), revision=stored.revision
    )


def _dispatch(
    uow: UnitOfWork,
    stored: Stored[Event],
    awards: list[AwardRecord],
    product: ProductProfile,
    rules: MarketRules,
) -> Stored[Event]:
    event = stored.value
    parts = [
        AwardedReduction(
            award.site_id, award.resource_id, net_reduction(award.reduction_kw, award.rebound_kw)
        )
        for award in awards
    ]
    instructions = allocate(event, parts, product.settlement_interval)
    for instruction in instructions:
        uow.instructions.add(instruction.instruction_id, instruction)
        uow.outbox.append(instruction.site_id, MessageKind.INSTRUCTION, instruction.instruction_id)
    freeze_at = event.delivery.start - product.baseline.adjustment_end + rules.telemetry_allowance
    uow.due.add(Due(DueKind.BASELINE_FREEZE, event.event_id, max(uow.now, freeze_at)))
    uow.due.add(Due(DueKind.EVENT_START, event.event_id, event.delivery.start))
    audit(uow, HUB, "dispatch", f"events/{event.event_id}", instructions=len(instructions))
    return move_event(uow, stored, replace(event, state=EventState.OFFERED), HUB)
