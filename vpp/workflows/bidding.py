"""Bids: entered sealed, taken back before the gate closes."""

import hashlib
from dataclasses import replace
from datetime import datetime, timedelta

from vpp.auction.bid import Bid
from vpp.foundation.errors import InvalidInput, WrongState
from vpp.portfolio.site import Site
from vpp.workflows.admission import (
    check_enrolled,
    check_for_auction,
    check_open,
    check_parent,
    check_standing,
    invited,
)
from vpp.workflows.booking import EVERYTHING
from vpp.workflows.given_ids import chosen_id
from vpp.workflows.identity import Principal, check_owner, owns
from vpp.workflows.ports import Stored, UnitOfWork, UnitOfWorkFactory
from vpp.workflows.recording import audit, found, product_of, promised
from vpp.workflows.records import BidRecord, BidState
from vpp.workflows.requesting import earlier, fingerprint, remember, replayed, used_otherwise
from vpp.workflows.sealing import is_same_offer, promised_seal, sealed
from vpp.workflows.tendering import check_currency

_SHORT = 24
_DIGEST_LENGTH = 10


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
    with units() as uow:
        site = _own_site(uow, principal, bid.site_id)
        known = earlier(uow, principal, "create_bid", request_id)
        if known is not None:
            earlier_bid = promised(uow.bids.get(known), f"bids/{known}")
            offered = _record(bid, auction_id, str(product_id), expires_at)
            if not is_same_offer(earlier_bid.value, offered, currency):
                raise used_otherwise(request_id)
            return earlier_bid
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
        bid_id = bid.bid_id or _default_id(uow, bid, auction_id, product.product_id)
        if bid.bid_id:
            chosen_id(bid_id, "bid_id")
        entered = replace(bid, bid_id=bid_id, zone=site.zone, submitted_at=uow.now)
        check_parent(uow, entered, auction_id)
        offered = _record(entered, auction_id, product.product_id, expires_at)
        record = sealed(offered, currency, uow.random_source)
        stored = uow.bids.add(bid_id, record)
        commitment = promised_seal(record).commitment
        audit(
            uow,
            principal.principal_id,
            "create_bid",
            f"bids/{bid_id}",
            after=record.state.name,
            site=bid.site_id,
            commitment=commitment,
        )
        remember(uow, principal, "create_bid", request_id, commitment, bid_id)
        uow.commit()
        return stored


def interval_offered(
    units: UnitOfWorkFactory, principal: Principal, *, site_id: str, auction_id: str
) -> timedelta:
    """Return the length of a delivery interval of an auction that a site of the caller's may bid in.

    Raises:
        NotPermitted: The site is another's.
        NotFound: There is no such auction, or the site is not invited to it.
    """
    with units(write=False) as uow:
        tender = invited(uow, auction_id, _own_site(uow, principal, site_id))
        return product_of(uow, tender.product_id, tender.product_version).settlement_interval


def _record(bid: Bid, auction_id: str | None, product_id: str, expires_at: datetime | None) -> BidRecord:
    return BidRecord(
        bid=bid,
        auction_id=auction_id,
        product_id=product_id,
        expires_at=expires_at,
        state=BidState.SUBMITTED,
    )


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
        stored = _own_bid(uow, principal, bid_id)
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
        audit(
            uow,
            principal.principal_id,
            "withdraw_bid",
            f"bids/{bid_id}",
            before=stored.value.state.name,
            after=written.value.state.name,
        )
        remember(uow, principal, "withdraw_bid", request_id, digest, bid_id)
        uow.commit()
        return written


def _own_bid(uow: UnitOfWork, principal: Principal, bid_id: str) -> Stored[BidRecord]:
    """Return a bid of the caller's; what is asked of the database is the same whether or not there is one."""
    known = uow.bids.get(bid_id)
    site_id = "" if known is None else known.value.bid.site_id
    site = uow.sites.get(site_id)
    is_own = site is not None and owns(principal, site_id=site_id, party_id=site.value.party_id)
    return found(known if is_own else None, f"bids/{bid_id}")


def _own_site(uow: UnitOfWork, principal: Principal, site_id: str) -> Site:
    stored = uow.sites.get(site_id)
    check_owner(principal, site_id=site_id, party_id="" if stored is None else stored.value.party_id)
    return found(stored, f"sites/{site_id}").value


def _default_id(uow: UnitOfWork, bid: Bid, auction_id: str | None, product_id: str) -> str:
    """Choose an id that tells nothing but how many bids of the site the same market has."""
    scope = f"standing/{product_id}" if auction_id is None else f"auctions/{auction_id}"
    where = hashlib.sha256(f"{bid.site_id}/{bid.resource_id}/{scope}".encode()).hexdigest()[:_DIGEST_LENGTH]
    taken = sum(
        1
        for stored in uow.bids.page(where={"site_id": bid.site_id}, limit=EVERYTHING)
        if stored.value.auction_id == auction_id and stored.value.product_id == product_id
    )
    kind = "standing" if auction_id is None else "bid"
    return f"{bid.site_id[:_SHORT].rstrip('-')}-{kind}-{where}-{taken + 1}"
