"""What a bid must keep to when it is entered: of the auction or the product, and of its resource."""

from datetime import datetime

from vpp.auction.bid import Bid, BlockOffer, StepOffer
from vpp.auction.book import Book, EntryRules
from vpp.auction.buyer import ANY_TERMS, BuyerTerms
from vpp.auction.entry import check_bid
from vpp.auction.tender import Tender, TenderState
from vpp.foundation.errors import InvalidInput, WrongState
from vpp.portfolio.enrolment import EnrolmentState
from vpp.portfolio.product import ProductProfile
from vpp.portfolio.resource import Resource
from vpp.portfolio.site import Site
from vpp.workflows.booking import (
    EVERYTHING,
    claimed_resources,
    empty_book,
    over_every_interval,
    recovery_interval_count,
)
from vpp.workflows.call_limits import check_not_spent
from vpp.workflows.fine_metering import check_metering
from vpp.workflows.one_direction import moved_otherwise
from vpp.workflows.ports import UnitOfWork
from vpp.workflows.recording import found, overlaps, product_of, promised
from vpp.workflows.records import BidState
from vpp.workflows.screening import check_alone
from vpp.workflows.stacking import check_not_booked

MOST_BIDS = EntryRules().max_bids_per_party
"""Most bids of one site in one auction."""


def check_open(tender: Tender, now: datetime) -> None:
    """Refuse a change to a book that is sealed.

    Raises:
        WrongState: The gate is closed.
    """
    if tender.state is not TenderState.OPEN or now >= tender.gate_closes_at:
        raise WrongState(
            f"the gate closed at {tender.gate_closes_at.isoformat()}; bids are taken before it",
            gate_closure_time=tender.gate_closes_at.isoformat(),
        )


def check_for_auction(
    uow: UnitOfWork, bid: Bid, auction_id: str, resource: Resource, site: Site
) -> ProductProfile:
    """Refuse a bid that may not enter an auction.

    Returns:
        The auction's product.

    Raises:
        NotFound: There is no such auction, or none that the site is invited to.
        WrongState: The gate is closed, the resource is claimed or bid elsewhere at the time, or the site has
            served the product as often as it may be called, or serves one that it excludes.
        InvalidInput: The offer breaks the product's or the buyer's rules or the resource's envelope,
            or is more than the hub can settle, or the site belongs to the buyer.
    """
    tender = invited(uow, auction_id, site)
    check_open(tender, uow.now)
    if site.party_id == tender.operator_party_id:
        raise InvalidInput(
            f"sites/{bid.site_id} belongs to parties/{site.party_id}, who buys in auctions/{auction_id}, "
            "expected a site of another owner: nobody is paid by itself",
            site=bid.site_id,
        )
    product = product_of(uow, tender.product_id, tender.product_version)
    _check_settled(bid, site, tender.terms, product)
    enrolled_kw = resource.envelope.most_kw(bid.direction)
    interval_count = len(tender.target_reduction_kw)
    check_bid(bid, product.bid, interval_count=interval_count, enrolled_reduction_kw=enrolled_kw)
    check_alone(empty_book(tender, product), bid)
    claimed = claimed_resources(uow, tender.delivery, product.call.recovery_window)
    claiming_event = claimed.get((bid.site_id, bid.resource_id))
    if claiming_event is not None:
        raise WrongState(
            f"resource {bid.resource_id} of sites/{bid.site_id} is awarded to events/{claiming_event} then; "
            "the same kilowatt cannot be sold twice",
            event=f"events/{claiming_event}",
        )
    opposed = moved_otherwise(uow, tender.delivery, product, site_id=bid.site_id).get(bid.site_id)
    if opposed is not None:
        raise WrongState(
            f"events/{opposed} moves sites/{bid.site_id} the other way then; a site cannot deliver both",
            event=f"events/{opposed}",
        )
    _check_rivals(uow, bid, tender)
    check_not_booked(uow, tender.delivery, product, bid.site_id)
    check_not_spent(uow, product, tender.delivery, bid.site_id)
    return product


def invited(uow: UnitOfWork, auction_id: str, site: Site) -> Tender:
    """Return an auction of the site's zone, or one whose terms name the zone, of a product that it serves.

    Raises:
        NotFound: There is no such auction, or the site is not invited to it: it has not enrolled, or waits
            for approval.
    """
    full_name = f"auctions/{auction_id}"
    tender = found(uow.auctions.get(auction_id), full_name).value
    zones = {tender.zone, *(limit.zone for limit in tender.terms.zones)}
    enrolment = uow.enrolments.get(f"{site.site_id}-{tender.product_id}")
    is_let_in = enrolment is not None and enrolment.value.state is not EnrolmentState.PENDING
    if site.zone not in zones or not is_let_in:
        found(None, full_name)
    return tender


def _check_rivals(uow: UnitOfWork, bid: Bid, tender: Tender) -> None:
    entered = 0
    for stored in uow.bids.page(where={"site_id": bid.site_id}, limit=EVERYTHING):
        other = stored.value
        if other.state is not BidState.SUBMITTED:
            continue
        entered += other.auction_id == tender.auction_id
        is_same = other.bid.resource_id == bid.resource_id
        is_opposed = other.bid.direction is not bid.direction
        if (is_same or is_opposed) and other.auction_id not in {None, tender.auction_id}:
            rival = promised(uow.auctions.get(str(other.auction_id)), f"auctions/{other.auction_id}").value
            if rival.state in {TenderState.OPEN, TenderState.GATE_CLOSED} and overlaps(
                rival.delivery, tender.delivery
            ):
                raise WrongState(
                    f"resource {other.bid.resource_id} of sites/{bid.site_id} is bid in "
                    f"auctions/{other.auction_id} for an overlapping time"
                    f"{', the other way' if is_opposed else ''}; withdraw that bid first",
                    auction=f"auctions/{other.auction_id}",
                )
    if entered >= MOST_BIDS:
        raise WrongState(
            f"sites/{bid.site_id} has {entered} bids in auctions/{tender.auction_id}, expected at most "
            f"{MOST_BIDS}; withdraw one first",
            count=str(entered),
        )


def check_standing(  # noqa: PLR0913, PLR0917  what the bid is, whose, and for what
    uow: UnitOfWork, bid: Bid, product_id: str, resource: Resource, site: Site, expires_at: datetime | None
) -> ProductProfile:
    """Refuse a standing bid that could never be called.

    Emergencies are cleared from standing bids alone; in events of every product they are the reserve
    from which a shortage is made good in the course of delivery.

    Returns:
        The product.

    Raises:
        InvalidInput: There is no such product, the bid has expired, or the offer is no standing
            one, breaks the product's rules or the resource's envelope, or is more than the hub can
            settle.
    """
    product = uow.products.latest(product_id)
    if product is None:
        raise InvalidInput(
            f"product is {product_id!r}, expected the id of a known product", product=product_id
        )
    if isinstance(bid.offer, BlockOffer):
        raise InvalidInput(
            "a standing bid offers steps or a store; a block needs an auction's intervals",
            offer="block_offer",
        )
    if isinstance(bid.offer, StepOffer) and len(bid.offer.steps) != 1:
        raise InvalidInput(
            f"step_offer.intervals has {len(bid.offer.steps)} entries, expected 1 in a standing bid",
            count=str(len(bid.offer.steps)),
        )
    if expires_at is not None and expires_at <= uow.now:
        raise InvalidInput(f"expire_time is {expires_at.isoformat()}, expected a future instant")
    _check_settled(bid, site, ANY_TERMS, product)
    # Checked against the longest call there can be; for a shorter one it is checked again.
    interval_count = product.call.max_duration // product.settlement_interval
    repeated = over_every_interval(bid, interval_count)
    enrolled_kw = resource.envelope.most_kw(bid.direction)
    check_bid(repeated, product.bid, interval_count=interval_count, enrolled_reduction_kw=enrolled_kw)
    longest = Book(
        auction_id=product.product_id,
        start=uow.now,
        step=product.settlement_interval,
        target_kw=(0.0,) * interval_count,
        recovery_interval_count=recovery_interval_count(product),
        price_cap_per_mwh=product.bid.price_cap_per_mwh,
        rebound_headroom_kw=None,
        bids=(),
        direction=product.call.direction,
    )
    check_alone(longest, repeated)
    return product


def _check_settled(bid: Bid, site: Site, terms: BuyerTerms, product: ProductProfile) -> None:
    """Refuse what no statement could pay for, or no instruction could bring about."""
    asked = product.call.direction
    if bid.direction is not asked:
        raise InvalidInput(
            f"bid.direction is {bid.direction.name}, expected {asked.name}, which products/"
            f"{product.product_id} asks for",
            direction=bid.direction.name,
        )
    if bid.availability_price_per_kw_h:
        raise InvalidInput(
            "bid.availability_price_per_kw_h is given, expected it to be absent: availability is paid by "
            "the product",
            field="availability_price_per_kw_h",
        )
    if bid.migration is None:
        return
    zones = {site.zone, *(limit.zone for limit in terms.zones)}
    if bid.migration.receiving_zone not in zones:
        raise InvalidInput(
            f"bid.migration_leg.receiving_zone is {bid.migration.receiving_zone!r}, expected one of "
            f"{', '.join(sorted(zones))}, which the buyer's terms name",
            receiving_zone=bid.migration.receiving_zone,
        )


def check_enrolled(uow: UnitOfWork, site: Site, product: ProductProfile) -> None:
    """Refuse a bid of a site that may not serve the product.

    Raises:
        InvalidInput: Its meter is too coarse for this version of the product.
        WrongState: Its enrolment is absent or not active.
    """
    enrolment = uow.enrolments.get(f"{site.site_id}-{product.product_id}")
    if enrolment is None or enrolment.value.state is not EnrolmentState.ACTIVE:
        state = "absent" if enrolment is None else enrolment.value.state.name
        raise WrongState(
            f"enrolment of sites/{site.site_id} in products/{product.product_id} is {state}, expected ACTIVE",
            state=state,
        )
    check_metering(product, site)


def check_parent(uow: UnitOfWork, bid: Bid, auction_id: str | None) -> None:
    """Refuse a parent that the clearing could not honour.

    Raises:
        InvalidInput: It is no block of the same site in the same auction.
    """
    if bid.parent_bid_id is None:
        return
    parent = uow.bids.get(bid.parent_bid_id)
    is_good = (
        parent is not None
        and parent.value.auction_id == auction_id
        and parent.value.bid.site_id == bid.site_id
        and isinstance(parent.value.bid.offer, BlockOffer)
    )
    if not is_good:
        raise InvalidInput(
            f"parent_bid is bids/{bid.parent_bid_id}, expected a block of the same site in the same auction",
            parent_bid=f"bids/{bid.parent_bid_id}",
        )
