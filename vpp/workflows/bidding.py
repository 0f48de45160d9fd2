"""Bids: entered sealed, taken back before the gate closes."""

from dataclasses import replace
from datetime import UTC, datetime

from vpp.auction.bid import Bid
from vpp.foundation.errors import InvalidInput, NotFound, NotPermitted, WrongState
from vpp.foundation.names import checked_id
from vpp.portfolio.site import Site
from vpp.workflows.admission import (
    check_enrolled,
    check_for_auction,
    check_open,
    check_parent,
    check_standing,
)
from vpp.workflows.booking import EVERYTHING
from vpp.workflows.identity import Principal, check_owner
from vpp.workflows.ports import Stored, UnitOfWork, UnitOfWorkFactory
from vpp.workflows.recording import audit, found, promised
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
            product = check_for_auction(uow, bid, auction_id, resource, site)
        else:
            product = check_standing(uow, bid, str(product_id), resource, site, expires_at)
        check_currency(product, currency, "price_per_mwh")
        check_enrolled(uow, site, product)
        bid_id = bid.bid_id or _default_id(uow, bid, auction_id)
        checked_id(bid_id, "bid_id")
        entered = replace(bid, bid_id=bid_id, zone=site.zone, submitted_at=uow.now)
        check_parent(uow, entered, auction_id)
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
            check_open(tender.value, uow.now)
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


def _default_id(uow: UnitOfWork, bid: Bid, auction_id: str | None) -> str:
    taken = sum(1 for _ in uow.bids.page(where={"site_id": bid.site_id}, limit=EVERYTHING))
    scope = "standing" if auction_id is None else "bid"
    return f"{bid.site_id[:24].rstrip('-')}-{bid.resource_id[:20].rstrip('-')}-{scope}-{taken + 1}"
