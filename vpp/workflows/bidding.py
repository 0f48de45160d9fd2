"""Bids: entered sealed, taken back before the gate closes."""

from dataclasses import replace
from datetime import UTC, datetime

from vpp.auction.bid import Bid, BlockOffer
from vpp.auction.entry import check_bid
from vpp.auction.tender import TenderState
from vpp.foundation.errors import InvalidInput, NotFound, NotPermitted, WrongState
from vpp.foundation.names import checked_id
from vpp.foundation.series import starts
from vpp.portfolio.enrolment import EnrolmentState
from vpp.portfolio.product import ProductProfile, Trigger
from vpp.portfolio.resource import Resource
from vpp.portfolio.site import Site
from vpp.workflows.booking import EVERYTHING, claimed_resources
from vpp.workflows.identity import Principal, check_owner
from vpp.workflows.ports import Stored, UnitOfWork, UnitOfWorkFactory
from vpp.workflows.recording import audit, found, overlaps, product_of, promised
from vpp.workflows.records import BidRecord, BidState
from vpp.workflows.requesting import fingerprint, remember, replayed
from vpp.workflows.tendering import check_currency

UNTIMED = datetime(1970, 1, 1, tzinfo=UTC)
"""Stands for the submission time where content is compared: a repeat comes at another time."""


def create_bid(  # noqa: PLR0913  one argument per field of the request
    units: UnitOfWorkFactory,
    principal: Principal,
    *,
    bid: Bid,
    auction_id: str | None,
    product_id: str | None,
    currency: str,
    expires_at: datetime | None,
    request_id: str,
) -> Stored[BidRecord]:
    """Enter a bid in an auction, or a standing bid for emergencies.

    Args:
        units: Makes the transaction.
        principal: The site's agent or owner.
        bid: The offer. Zone and submission time are set here; an empty id is chosen here.
        auction_id: The auction it is for; None for a standing bid.
        product_id: The product of a standing bid; None with an auction.
        currency: Currency of the bid's prices.
        expires_at: Standing bids: valid until this instant.
        request_id: Makes repeats harmless; empty if not given.

    Returns:
        The sealed bid.

    Raises:
        NotPermitted: The site is another's.
        NotFound: There is no such auction, or the site has no such resource.
        WrongState: The gate is closed, the enrolment is not active, or another auction or event
            claims the resource at the time.
        InvalidInput: The offer breaks the product's rules or the resource's envelope.
    """
    digest = fingerprint(replace(bid, submitted_at=UNTIMED), auction_id, product_id, currency, expires_at)
    with units() as uow:
        site = _own_site(uow, principal, bid.site_id)
        known = replayed(uow, principal, "create_bid", request_id, digest)
        if known is not None:
            return promised(uow.bids.get(known), f"bids/{known}")
        resource = found(
            uow.resources.get(f"{bid.site_id}/{bid.resource_id}"),
            f"sites/{bid.site_id}/resources/{bid.resource_id}",
        ).value
        if (auction_id is None) == (product_id is None):
            raise InvalidInput(
                "a bid names either an auction or, standing, a product; expected exactly one of them"
            )
        if auction_id is not None:
            product = _check_auction(uow, bid, auction_id, resource)
        else:
            product = _check_standing(uow, bid, str(product_id), resource, expires_at)
        check_currency(product, currency, "price_per_mwh")
        _check_enrolled(uow, site, product.product_id)
        bid_id = bid.bid_id or _default_id(uow, bid, auction_id)
        checked_id(bid_id, "bid_id")
        entered = replace(bid, bid_id=bid_id, zone=site.zone, submitted_at=uow.now)
        _check_parent(uow, entered, auction_id)
        record = BidRecord(
            bid=entered,
            auction_id=auction_id,
            product_id=product.product_id,
            expires_at=expires_at,
            state=BidState.SUBMITTED,
        )
        stored = uow.bids.add(bid_id, record)
        audit(uow, principal.principal_id, "create_bid", f"bids/{bid_id}", site=bid.site_id, content=digest)
        remember(uow, principal, "create_bid", request_id, digest, bid_id)
        uow.commit()
        return stored


def withdraw_bid(
    units: UnitOfWorkFactory, principal: Principal, bid_id: str, *, request_id: str
) -> Stored[BidRecord]:
    """Take a bid back.

    Raises:
        NotFound: The caller has no such bid.
        WrongState: The gate is closed, or the bid is no longer open.
    """
    digest = fingerprint(bid_id)
    with units() as uow:
        stored = uow.bids.get(bid_id)
        if stored is None:
            raise NotFound(f"bids/{bid_id} does not exist", name=f"bids/{bid_id}")
        try:
            _own_site(uow, principal, stored.value.bid.site_id)
        except NotPermitted as refusal:
            raise NotFound(f"bids/{bid_id} does not exist", name=f"bids/{bid_id}") from refusal
        if replayed(uow, principal, "withdraw_bid", request_id, digest) is not None:
            return stored
        if stored.value.state is not BidState.SUBMITTED:
            raise WrongState(
                f"bid is {stored.value.state.name}, expected SUBMITTED", state=stored.value.state.name
            )
        if stored.value.auction_id is not None:
            tender = promised(
                uow.auctions.get(stored.value.auction_id), f"auctions/{stored.value.auction_id}"
            )
            _check_open(tender.value.state, tender.value.gate_closes_at, uow.now)
        written = uow.bids.update(
            bid_id, replace(stored.value, state=BidState.WITHDRAWN), revision=stored.revision
        )
        audit(uow, principal.principal_id, "withdraw_bid", f"bids/{bid_id}")
        remember(uow, principal, "withdraw_bid", request_id, digest, bid_id)
        uow.commit()
        return written


def _own_site(uow: UnitOfWork, principal: Principal, site_id: str) -> Site:
    stored = uow.sites.get(site_id)
    check_owner(principal, site_id=site_id, party_id="" if stored is None else stored.value.party_id)
    return found(stored, f"sites/{site_id}").value


def _check_open(state: TenderState, gate_closes_at: datetime, now: datetime) -> None:
    if state is not TenderState.OPEN or now >= gate_closes_at:
        raise WrongState(
            f"the gate closed at {gate_closes_at.isoformat()}; bids are taken before it",
            gate_closure_time=gate_closes_at.isoformat(),
        )


def _check_auction(uow: UnitOfWork, bid: Bid, auction_id: str, resource: Resource) -> ProductProfile:
    tender = found(uow.auctions.get(auction_id), f"auctions/{auction_id}").value
    _check_open(tender.state, tender.gate_closes_at, uow.now)
    product = product_of(uow, tender.product_id, tender.product_version)
    check_bid(
        bid,
        product.bid,
        interval_count=len(starts(tender.delivery, product.settlement_interval)),
        enrolled_reduction_kw=resource.envelope.max_reduction_kw,
    )
    claimed = claimed_resources(uow, tender.delivery, product.call.recovery_window)
    claiming_event = claimed.get((bid.site_id, bid.resource_id))
    if claiming_event is not None:
        raise WrongState(
            f"resource {bid.resource_id} of sites/{bid.site_id} is awarded to events/{claiming_event} then; "
            "the same kilowatt cannot be sold twice",
            event=f"events/{claiming_event}",
        )
    for stored in uow.bids.page(where={"site_id": bid.site_id}, limit=EVERYTHING):
        other = stored.value
        is_rival = (
            other.bid.resource_id == bid.resource_id
            and other.state is BidState.SUBMITTED
            and other.auction_id not in {None, auction_id}
        )
        if is_rival:
            rival = promised(uow.auctions.get(str(other.auction_id)), f"auctions/{other.auction_id}").value
            if rival.state in {TenderState.OPEN, TenderState.GATE_CLOSED} and overlaps(
                rival.delivery, tender.delivery
            ):
                raise WrongState(
                    f"resource {bid.resource_id} of sites/{bid.site_id} is bid in "
                    f"auctions/{other.auction_id} for an overlapping time; withdraw that bid first",
                    auction=f"auctions/{other.auction_id}",
                )
    return product


def _check_standing(
    uow: UnitOfWork, bid: Bid, product_id: str, resource: Resource, expires_at: datetime | None
) -> ProductProfile:
    product = uow.products.latest(product_id)
    if product is None or product.call.trigger is not Trigger.EMERGENCY:
        raise InvalidInput(
            f"product is {product_id!r}, expected one that emergencies set in motion", product=product_id
        )
    if isinstance(bid.offer, BlockOffer):
        raise InvalidInput(
            "a standing bid offers steps; a block needs an auction's intervals", offer="block_offer"
        )
    if len(bid.offer.steps) != 1:
        raise InvalidInput(
            f"step_offer.intervals has {len(bid.offer.steps)} entries, expected 1 in a standing bid",
            count=str(len(bid.offer.steps)),
        )
    if expires_at is not None and expires_at <= uow.now:
        raise InvalidInput(f"expire_time is {expires_at.isoformat()}, expected a future instant")
    check_bid(bid, product.bid, interval_count=1, enrolled_reduction_kw=resource.envelope.max_reduction_kw)
    return product


def _check_enrolled(uow: UnitOfWork, site: Site, product_id: str) -> None:
    enrolment = uow.enrolments.get(f"{site.site_id}-{product_id}")
    if enrolment is None or enrolment.value.state is not EnrolmentState.ACTIVE:
        state = "absent" if enrolment is None else enrolment.value.state.name
        raise WrongState(
            f"enrolment of sites/{site.site_id} in products/{product_id} is {state}, expected ACTIVE",
            state=state,
        )


def _check_parent(uow: UnitOfWork, bid: Bid, auction_id: str | None) -> None:
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


def _default_id(uow: UnitOfWork, bid: Bid, auction_id: str | None) -> str:
    taken = sum(1 for _ in uow.bids.page(where={"site_id": bid.site_id}, limit=EVERYTHING))
    scope = "standing" if auction_id is None else "bid"
    return f"{bid.site_id[:24].rstrip('-')}-{bid.resource_id[:20].rstrip('-')}-{scope}-{taken + 1}"
