"""From stored bids to a sealed book, and to the rules that it is cleared by."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal

from vpp.auction.bid import Bid, StepOffer
from vpp.auction.book import Book
from vpp.auction.result import Clearing
from vpp.auction.rules import ClearingRules, TieRule, UniformPrice
from vpp.auction.tender import Tender
from vpp.dispatch.event import Event
from vpp.dispatch.reliability import ReliabilityChoices
from vpp.foundation.interval import Interval
from vpp.foundation.series import starts
from vpp.portfolio.enrolment import EnrolmentState
from vpp.portfolio.product import ProductProfile
from vpp.workflows.call_limits import spent_sites
from vpp.workflows.claiming_events import claiming_events
from vpp.workflows.derating import derated
from vpp.workflows.import_limits import within_import_limits
from vpp.workflows.load_limits import beyond_connections, within_forecast_load
from vpp.workflows.market_rules import MarketRules
from vpp.workflows.one_direction import moved_otherwise
from vpp.workflows.outdated_bids import outdated_bids
from vpp.workflows.ports import UnitOfWork
from vpp.workflows.records import BidRecord, BidState
from vpp.workflows.screening import screened
from vpp.workflows.stacking import booked_sites
from vpp.workflows.standing_seals import standing_fault

CLEARING_ATTEMPTS = 5
"""How often an event is cleared again when another claims its resources while the solver runs."""
EVERYTHING = 1_000_000
"""Page limit of a listing that must be complete; far above any book."""


@dataclass(frozen=True, slots=True)
class CollectedBook:
    """A book, and what did not come into it.

    Attributes:
        book: The book; every bid of it can stand.
        left_out: Why other bids cannot, by bid id.
        records: The bids as they are stored, by bid id: all of an auction, those that an emergency calls.
    """

    book: Book
    left_out: Mapping[str, str]
    records: Mapping[str, BidRecord] = field(default_factory=dict)


def clearing_rules(
    product: ProductProfile, rules: MarketRules, tender: Tender | None = None
) -> ClearingRules:
    """Join what the product, the hub's owner and, in an auction, the buyer decide about clearing.

    Without a tender, standing bids are cleared while everybody waits: the search is cut short.
    """
    time_limit = rules.time_limit if tender else min(rules.time_limit, rules.emergency_time_limit)
    uniform_price: UniformPrice = rules.uniform_price if tender is None else tender.uniform_price
    tie_rule: TieRule = rules.tie_rule if tender is None else tender.tie_rule
    return ClearingRules(
        pay_rule=product.money.pay_rule,
        fixed_price_per_mwh=product.money.fixed_price_per_mwh,
        solver=rules.solver,
        time_limit=time_limit,
        relative_gap=rules.relative_gap,
        uniform_price=uniform_price,
        tie_rule=tie_rule,
    )


def empty_book(tender: Tender, product: ProductProfile) -> Book:
    """Return the book of an auction before any bid has been entered."""
    return Book(
        auction_id=tender.auction_id,
        start=tender.delivery.start,
        step=product.settlement_interval,
        target_kw=tender.target_reduction_kw,
        recovery_interval_count=recovery_interval_count(product),
        price_cap_per_mwh=tender.price_cap_per_mwh,
        rebound_headroom_kw=tender.rebound_headroom_kw,
        bids=(),
        terms=tender.terms,
        currency=product.money.currency,
        direction=tender.direction,
    )


def _filled(
    uow: UnitOfWork, book: Book, bids: list[Bid], reliability: ReliabilityChoices | None
) -> CollectedBook:
    if reliability is not None:
        bids = derated(uow, bids, reliability)
    keys = sorted({f"{bid.site_id}/{bid.resource_id}" for bid in bids})
    resources = [stored.value for stored in uow.resources.get_all(keys).values()]
    limits = {(each.site_id, each.resource_id): each.envelope.most_kw(book.direction) for each in resources}
    filled = replace(book, bids=tuple(bids), resource_limit_kw=limits)
    return CollectedBook(*screened(within_forecast_load(uow, within_import_limits(uow, filled))))


def recovery_interval_count(product: ProductProfile) -> int:
    """Count the intervals after delivery in which a rebound is watched."""
    return -(-product.call.recovery_window // product.settlement_interval)


def auction_book(
    uow: UnitOfWork,
    tender: Tender,
    product: ProductProfile,
    reliability: ReliabilityChoices | None = None,
) -> CollectedBook:
    """Collect the sealed bids of an auction.

    Left out, because they may not be awarded: bids of sites whose enrolment is no longer active, or that
    another event moves the other way at the time, that have served the product as often as it may be called
    or serve one that it excludes, of resources that an emergency has claimed for the time since they were
    bid, and children of these.

    Args:
        uow: The transaction.
        tender: The auction.
        product: Its product.
        reliability: How much what sites have shown counts; None takes every bid at its word.
    """
    active = active_sites(uow, tender.product_id, tender.zone)
    active = active.difference(moved_otherwise(uow, tender.delivery, product))
    claimed = claimed_resources(uow, tender.delivery, product.call.recovery_window)
    records = uow.bids.page(where={"auction_id": tender.auction_id}, limit=EVERYTHING)
    bids = [
        stored.value.bid
        for stored in records
        if stored.value.state is BidState.SUBMITTED
        and stored.value.covered is None
        and stored.value.bid.site_id in active
        and (stored.value.bid.site_id, stored.value.bid.resource_id) not in claimed
    ]
    barred = barred_sites(uow, product, tender.delivery)
    collected = _filled(
        uow, empty_book(tender, product), [bid for bid in bids if bid.site_id not in barred], reliability
    )
    left_out = {bid.bid_id: barred[bid.site_id] for bid in bids if bid.site_id in barred}
    return replace(
        collected,
        left_out={**collected.left_out, **left_out},
        records={stored.value.bid.bid_id: stored.value for stored in records},
    )


def barred_sites(
    uow: UnitOfWork, product: ProductProfile, delivery: Interval, *, except_event: str = ""
) -> dict[str, str]:
    """Return the sites that a product's own limits keep from one more event, each with the reason.

    They have served it as often or as long as it may be called, or serve a product then that it excludes.
    """
    booked = booked_sites(uow, delivery, product, except_event=except_event)
    reasons = {
        site_id: f"sites/{site_id} serves events/{event_id} then, of a product that products/"
        f"{product.product_id} may not be served beside"
        for site_id, event_id in booked.items()
    }
    return reasons | spent_sites(uow, product, delivery, except_event=except_event)


def standing_book(
    uow: UnitOfWork, event: Event, product: ProductProfile, reliability: ReliabilityChoices | None = None
) -> CollectedBook:
    """Collect the standing bids that an emergency event can call on.

    Left out: expired ones, those that an older version of the product took and this one does not, sites that
    are not active, have served the product as often as it may be called, serve one that it excludes or are
    moved the other way at the time, and resources that another event claims at the time, recovery included.
    Steps above the event's price cap are not called.

    Args:
        uow: The transaction.
        event: The event.
        product: Its product.
        reliability: How much what sites have shown counts; None takes every bid at its word.
    """
    active = active_sites(uow, event.product_id, event.zone)
    active = active.difference(moved_otherwise(uow, event.delivery, product, except_event=event.event_id))
    claimed = claimed_resources(uow, event.delivery, product.call.recovery_window)
    barred = barred_sites(uow, product, event.delivery, except_event=event.event_id)
    interval_count = len(starts(event.delivery, product.settlement_interval))
    bids, closed, records = [], {}, {}
    uow.bids.uncover()
    for stored in uow.bids.page(where={"product_id": event.product_id}, limit=EVERYTHING):
        record = stored.value
        if record.auction_id is not None or record.state is not BidState.SUBMITTED:
            continue
        fault = standing_fault(record)
        if fault is not None:
            closed[record.bid.bid_id] = f"its seal is broken: {fault}"
            continue
        if record.bid.direction is not event.direction:
            continue
        is_expired = record.expires_at is not None and record.expires_at <= event.delivery.start
        key = (record.bid.site_id, record.bid.resource_id)
        if is_expired or record.bid.site_id in barred or key in claimed or record.bid.site_id not in active:
            continue
        bids.append(record.bid)
        records[record.bid.bid_id] = record
    left_out = outdated_bids(uow, product, bids) | closed
    called = [
        _within_cap(over_every_interval(bid, interval_count), event.price_cap_per_mwh)
        for bid in bids
        if bid.bid_id not in left_out
    ]
    book = Book(
        auction_id=event.event_id,
        start=event.delivery.start,
        step=product.settlement_interval,
        target_kw=event.target_reduction_kw,
        recovery_interval_count=recovery_interval_count(product),
        price_cap_per_mwh=event.price_cap_per_mwh,
        rebound_headroom_kw=None,
        bids=(),
        currency=product.money.currency,
        direction=event.direction,
    )
    collected = _filled(uow, book, called, reliability)
    called_from = {bid.bid_id: records[bid.bid_id] for bid in collected.book.bids}
    return replace(collected, left_out={**collected.left_out, **left_out}, records=called_from)


def over_every_interval(bid: Bid, interval_count: int) -> Bid:
    """Repeat a standing bid's steps over every delivery interval."""
    if isinstance(bid.offer, StepOffer) and len(bid.offer.steps) == 1:
        return replace(bid, offer=StepOffer(steps=bid.offer.steps * interval_count))
    return bid


def _within_cap(bid: Bid, price_cap_per_mwh: Decimal) -> Bid:
    # A standing bid is older than the cap; what is above it would not be bought, and is no fault.
    if not isinstance(bid.offer, StepOffer) or all(
        step.price_per_mwh <= price_cap_per_mwh for steps in bid.offer.steps for step in steps
    ):
        return bid
    kept = tuple(
        tuple(step for step in steps if step.price_per_mwh <= price_cap_per_mwh) for steps in bid.offer.steps
    )
    return replace(bid, offer=StepOffer(steps=kept)) if any(kept) else bid


def active_sites(uow: UnitOfWork, product_id: str, zone: str) -> frozenset[str]:
    """Return the sites of a zone that may serve a product."""
    enrolments = uow.enrolments.page(where={"product_id": product_id}, limit=EVERYTHING)
    active = [each.value.site_id for each in enrolments if each.value.state is EnrolmentState.ACTIVE]
    sites = uow.sites.get_all(active)
    return frozenset(site_id for site_id, stored in sites.items() if stored.value.zone == zone)


def claimed_resources(uow: UnitOfWork, delivery: Interval, recovery: timedelta) -> dict[tuple[str, str], str]:
    """Return the resources that live events claim at a time, each with the event's id.

    A resource is claimed from its event's start to the end of the recovery window.
    """
    claiming = [event.event_id for event in claiming_events(uow, delivery, recovery)]
    return {(each.site_id, each.resource_id): each.event_id for each in uow.claims.claims_of(claiming)}


def conflicts(uow: UnitOfWork, event: Event, clearing: Clearing, product: ProductProfile) -> bool:
    """Tell whether another event has claimed a resource that this clearing awards, or moves its site back.

    Or has used up what the product may ask of the site, or sold what its connection bears of increases.

    Asked in the transaction that would commit the awards: the book was read before the solver ran.
    """
    claimed = claimed_resources(uow, event.delivery, product.call.recovery_window)
    kept_out = moved_otherwise(uow, event.delivery, product, except_event=event.event_id)
    kept_out |= barred_sites(uow, product, event.delivery, except_event=event.event_id)
    return any(
        any(award.reduction_kw)
        and ((award.site_id, award.resource_id) in claimed or award.site_id in kept_out)
        for award in clearing.awards
    ) or beyond_connections(uow, clearing)
