"""What callers read back of portfolio and market: one function per get and list of the wire."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import TypeVar

from vpp.auction.buyer import ANY_TERMS
from vpp.auction.tender import Tender
from vpp.dispatch.event import Event
from vpp.dispatch.instruction import Instruction
from vpp.foundation.errors import NotFound
from vpp.portfolio.enrolment import Enrolment
from vpp.portfolio.party import Party
from vpp.portfolio.product import ProductProfile
from vpp.portfolio.resource import Resource
from vpp.portfolio.site import Site
from vpp.workflows.awarding import NOT_ELIGIBLE
from vpp.workflows.buyer_terms import shown_to_sites
from vpp.workflows.identity import Principal
from vpp.workflows.ports import Repository, Stored, UnitOfWork, UnitOfWorkFactory
from vpp.workflows.recording import found, product_of, promised
from vpp.workflows.records import AwardRecord, BidRecord
from vpp.workflows.visibility import (
    MAX_PAGE_SIZE,
    Page,
    PageRequest,
    SeenParts,
    is_open_to_staff,
    own_site_ids,
    page_by_id,
    page_of,
    page_of_parts,
    page_of_sites,
    seen_markets,
    seen_parties,
    seen_sites,
    sees_bid,
    sees_load,
    sees_site,
    sees_whole,
    with_own_sites,
)

T = TypeVar("T")


def visible(stored: Stored[T] | None, full_name: str, is_visible: Callable[[T], bool]) -> Stored[T]:
    """Return what the caller may see.

    Raises:
        NotFound: It does not exist, or is not the caller's to see; the text is the same.
    """
    if stored is None or not is_visible(stored.value):
        raise NotFound(f"{full_name} does not exist", name=full_name)
    return stored


def get_party(units: UnitOfWorkFactory, principal: Principal, party_id: str) -> Stored[Party]:
    """Return one party: one's own; to operators also the owners of sites that they can call."""
    with units(write=False) as uow:
        is_seen = seen_parties(uow, principal)
        return visible(
            uow.parties.get(party_id), f"parties/{party_id}", lambda party: is_seen(party.party_id)
        )


def list_parties(units: UnitOfWorkFactory, principal: Principal, request: PageRequest) -> Page[Stored[Party]]:
    """List parties by id, as `get_party` would return them."""
    with units(write=False) as uow:
        is_seen = seen_parties(uow, principal)
        return page_by_id(
            uow.parties,
            request,
            lambda party: party.party_id,
            lambda stored: is_seen(stored.value.party_id),
        )


def get_site(units: UnitOfWorkFactory, principal: Principal, site_id: str) -> Stored[Site]:
    """Return one site: one's own; to operators every one that they can call."""
    with units(write=False) as uow:
        return visible_site(uow, principal, site_id)


def visible_site(uow: UnitOfWork, principal: Principal, site_id: str) -> Stored[Site]:
    """Return a site inside a transaction.

    Raises:
        NotFound: It does not exist, or is not the caller's to see.
    """
    is_seen = sees_site(uow, principal, site_id)
    return visible(uow.sites.get(site_id), f"sites/{site_id}", lambda _: is_seen)


def site_with_load(uow: UnitOfWork, principal: Principal, site_id: str) -> Stored[Site]:
    """Return a site whose readings the caller may see, inside a transaction.

    Raises:
        NotFound: It does not exist, or its readings are not the caller's to see.
    """
    is_seen = sees_load(uow, principal, site_id)
    return visible(uow.sites.get(site_id), f"sites/{site_id}", lambda _: is_seen)


def list_sites(units: UnitOfWorkFactory, principal: Principal, request: PageRequest) -> Page[Stored[Site]]:
    """List sites by id, as `get_site` would return them."""
    with units(write=False) as uow:
        is_seen = seen_sites(uow, principal)
        return page_by_id(
            uow.sites, request, lambda site: site.site_id, lambda stored: is_seen(stored.value.site_id)
        )


def get_resource(
    units: UnitOfWorkFactory, principal: Principal, site_id: str, resource_id: str
) -> Stored[Resource]:
    """Return one flexible resource of a site that the caller may see."""
    with units(write=False) as uow:
        return visible(
            uow.resources.get(f"{site_id}/{resource_id}"),
            f"sites/{site_id}/resources/{resource_id}",
            lambda _: sees_site(uow, principal, site_id),
        )


def list_resources(
    units: UnitOfWorkFactory, principal: Principal, site_id: str, request: PageRequest
) -> Page[Stored[Resource]]:
    """List the flexible resources of a site that the caller may see, by id."""
    with units(write=False) as uow:
        visible_site(uow, principal, site_id)
        return page_by_id(
            uow.resources,
            request,
            lambda resource: f"{resource.site_id}/{resource.resource_id}",
            lambda _: True,
            {"site_id": site_id},
        )


def get_product(units: UnitOfWorkFactory, product_id: str) -> ProductProfile:
    """Return the newest version of a product; products are public."""
    with units(write=False) as uow:
        profile = uow.products.latest(product_id)
    if profile is None:
        raise NotFound(f"products/{product_id} does not exist", name=f"products/{product_id}")
    return profile


def list_products(units: UnitOfWorkFactory, request: PageRequest) -> Page[ProductProfile]:
    """List the newest version of every product, by id."""
    with units(write=False) as uow:
        following = [
            profile for profile in uow.products.all_latest() if profile.product_id > request.page_token
        ]
    items = tuple(following[: request.limit])
    return Page(items, items[-1].product_id if len(following) > len(items) else "")


def get_enrolment(units: UnitOfWorkFactory, principal: Principal, enrolment_id: str) -> Stored[Enrolment]:
    """Return the enrolment of a site that the caller may see."""
    with units(write=False) as uow:
        stored = uow.enrolments.get(enrolment_id)
        is_seen = sees_site(uow, principal, "" if stored is None else stored.value.site_id)
        return visible(stored, f"enrolments/{enrolment_id}", lambda _: is_seen)


def list_enrolments(
    units: UnitOfWorkFactory, principal: Principal, request: PageRequest, *, site_id: str = ""
) -> Page[Stored[Enrolment]]:
    """List the enrolments of sites that the caller may see, by id."""
    with units(write=False) as uow:
        is_seen = seen_sites(uow, principal)
        return page_by_id(
            uow.enrolments,
            request,
            lambda enrolment: enrolment.enrolment_id,
            lambda stored: is_seen(stored.value.site_id),
            {"site_id": site_id} if site_id else None,
        )


def get_auction(units: UnitOfWorkFactory, principal: Principal, auction_id: str) -> Stored[Tender]:
    """Return one auction: its buyer sees it, and sites enrolled in its product in its zone."""
    with units(write=False) as uow:
        stored = visible(uow.auctions.get(auction_id), f"auctions/{auction_id}", seen_markets(uow, principal))
        return _shown(uow, principal, stored)


def _shown(uow: UnitOfWork, principal: Principal, stored: Stored[Tender]) -> Stored[Tender]:
    if sees_whole(principal, stored.value) or stored.value.terms == ANY_TERMS:
        return stored
    return shown_to_sites(stored, own_site_ids(uow, principal))


def list_auctions(
    units: UnitOfWorkFactory, principal: Principal, request: PageRequest
) -> Page[Stored[Tender]]:
    """List auctions, latest delivery first; visibility as for one."""
    with units(write=False) as uow:
        page = _latest_delivery_first(
            uow.auctions, request, lambda tender: tender.auction_id, seen_markets(uow, principal)
        )
        return Page(tuple(_shown(uow, principal, stored) for stored in page.items), page.next_page_token)


def get_event(units: UnitOfWorkFactory, principal: Principal, event_id: str) -> Stored[Event]:
    """Return one event: its buyer sees it, and sites enrolled in its product in its zone."""
    with units(write=False) as uow:
        return with_own_sites(uow, principal, visible_event(uow, principal, event_id))


def visible_event(uow: UnitOfWork, principal: Principal, event_id: str) -> Stored[Event]:
    """Return an event inside a transaction.

    Raises:
        NotFound: It does not exist, or is not the caller's to see.
    """
    return visible(uow.events.get(event_id), f"events/{event_id}", seen_markets(uow, principal))


def list_events(units: UnitOfWorkFactory, principal: Principal, request: PageRequest) -> Page[Stored[Event]]:
    """List events, latest delivery first; visibility as for one."""
    with units(write=False) as uow:
        page = _latest_delivery_first(
            uow.events, request, lambda event: event.event_id, seen_markets(uow, principal)
        )
        items = tuple(with_own_sites(uow, principal, stored) for stored in page.items)
        return Page(items, page.next_page_token)


Market = TypeVar("Market", Tender, Event)


def _latest_delivery_first(
    repository: Repository[Market],
    request: PageRequest,
    key: Callable[[Market], str],
    is_visible: Callable[[Tender | Event], bool],
) -> Page[Stored[Market]]:
    every: list[Stored[Market]] = []
    while batch := repository.page(after=key(every[-1].value) if every else "", limit=MAX_PAGE_SIZE):
        every.extend(batch)
    seen = [stored for stored in every if is_visible(stored.value)]
    seen.sort(key=lambda stored: (-stored.value.delivery.start.timestamp(), key(stored.value)))
    return page_of(seen, request, key)


def get_bid(units: UnitOfWorkFactory, principal: Principal, bid_id: str) -> Stored[BidRecord]:
    """Return one bid; it is sealed to everybody but its site until the gate closes."""
    with units(write=False) as uow:
        stored = uow.bids.get(bid_id)
        is_seen = sees_bid(uow, principal, None if stored is None else stored.value)
        seen = visible(stored, f"bids/{bid_id}", lambda _: is_seen)
        return _told(principal, own_site_ids(uow, principal), seen)


def _told(principal: Principal, own: frozenset[str], stored: Stored[BidRecord]) -> Stored[BidRecord]:
    """Leave out of a bid what others have bought of its site, which is why some are not eligible."""
    record = stored.value
    if principal.sees_everything or record.bid.site_id in own or record.reason != NOT_ELIGIBLE:
        return stored
    return replace(stored, value=replace(record, reason_detail=""))


def list_bids(
    units: UnitOfWorkFactory,
    principal: Principal,
    request: PageRequest,
    *,
    auction_id: str = "",
    site_id: str = "",
) -> Page[Stored[BidRecord]]:
    """List bids by id; each is sealed as if asked for alone.

    Who may see nothing but its own has its own looked up and nothing else: how long the answer takes does
    not tell how many others there are.
    """
    where = {key: value for key, value in (("auction_id", auction_id), ("site_id", site_id)) if value}
    with units(write=False) as uow:
        own = own_site_ids(uow, principal)
        tender = uow.auctions.get(auction_id)
        is_sealed = bool(auction_id) and (tender is None or not is_open_to_staff(principal, tender.value))
        if is_sealed or not (principal.sees_everything or principal.buys):
            sites = own & {site_id} if site_id else own
            return page_of_sites(uow.bids, request, lambda record: record.bid.bid_id, sites, where)
        page = page_by_id(
            uow.bids,
            request,
            lambda record: record.bid.bid_id,
            lambda stored: sees_bid(uow, principal, stored.value),
            where or None,
        )
        return Page(tuple(_told(principal, own, stored) for stored in page.items), page.next_page_token)


def list_awards(
    units: UnitOfWorkFactory, principal: Principal, request: PageRequest, *, event_id: str = ""
) -> Page[Stored[AwardRecord]]:
    """List the awards of the caller's own sites, or of what its own party buys, by id."""
    with units(write=False) as uow:
        parts = SeenParts(uow, principal)
        if event_id:
            return page_of_parts(uow.awards, request, lambda award: award.award_id, parts, event_id)
        return page_by_id(
            uow.awards,
            request,
            lambda award: award.award_id,
            lambda stored: parts(stored.value.event_id, stored.value.site_id),
        )


def list_instructions(
    units: UnitOfWorkFactory, principal: Principal, event_id: str, request: PageRequest
) -> Page[Stored[Instruction]]:
    """List an event's instructions, by id: to its buyer all of them, to others those to their own sites."""
    with units(write=False) as uow:
        visible_event(uow, principal, event_id)
        parts = SeenParts(uow, principal)
        return page_of_parts(uow.instructions, request, lambda one: one.instruction_id, parts, event_id)


def currency_of_product(units: UnitOfWorkFactory, product_id: str) -> str:
    """Return the currency of a product's prices."""
    return get_product(units, product_id).money.currency


def currency_of_event(units: UnitOfWorkFactory, event_id: str) -> str:
    """Return the currency of an event's prices."""
    with units(write=False) as uow:
        product_id = promised(uow.events.get(event_id), f"events/{event_id}").value.product_id
    return currency_of_product(units, product_id)


def interval_of_product(units: UnitOfWorkFactory, product_id: str) -> timedelta:
    """Return the length of a product's delivery intervals."""
    return get_product(units, product_id).settlement_interval


def interval_of_auction(units: UnitOfWorkFactory, auction_id: str) -> timedelta:
    """Return the length of an auction's delivery intervals.

    Raises:
        NotFound: There is no such auction.
    """
    with units(write=False) as uow:
        tender = found(uow.auctions.get(auction_id), f"auctions/{auction_id}").value
        return product_of(uow, tender.product_id, tender.product_version).settlement_interval
