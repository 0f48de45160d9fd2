"""Who sees what, and lists in pages.

What a caller may not see answers exactly as what does not exist: the same error, the same text.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Generic, Protocol, TypeVar

from vpp.auction.tender import TenderState
from vpp.dispatch.event import Event
from vpp.workflows.identity import Principal, owns
from vpp.workflows.ports import Repository, Stored, UnitOfWork
from vpp.workflows.records import BidRecord, BidState

T = TypeVar("T")
DEFAULT_PAGE_SIZE = 50
MAX_PAGE_SIZE = 1000
_AFTER_GATE = frozenset({TenderState.GATE_CLOSED, TenderState.CLEARED})


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """A part of a list.

    Attributes:
        items: The part.
        next_page_token: Asks for what follows; empty if nothing does.
    """

    items: tuple[T, ...]
    next_page_token: str


@dataclass(frozen=True, slots=True)
class PageRequest:
    """Which part of a list is wanted.

    Attributes:
        page_size: Most items; 0 means 50, more than 1000 is treated as 1000.
        page_token: The previous page's token; empty for the first page.
    """

    page_size: int = 0
    page_token: str = ""

    @property
    def limit(self) -> int:
        """Most items of the page."""
        return min(self.page_size or DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE)


def page_by_id(
    repository: Repository[T],
    request: PageRequest,
    key: Callable[[T], str],
    is_visible: Callable[[Stored[T]], bool],
    where: Mapping[str, str] | None = None,
) -> Page[Stored[T]]:
    """List what a caller may see, in order of id.

    Args:
        repository: Where the values are.
        request: Which page.
        key: Id of a value in the repository.
        is_visible: Whether the caller may see a value.
        where: Indexed columns to compare for equality.
    """
    return page_by_reader(repository.page, request, key, is_visible, where)


class PageReader(Protocol[T]):
    """Reads a part of what is stored, as `Repository.page` does."""

    def __call__(
        self, *, after: str = "", limit: int = 1000, where: Mapping[str, str] | None = None
    ) -> list[Stored[T]]:
        """List values in order of id, after one id; `where` compares indexed columns for equality."""
        ...


def page_by_reader(
    read: PageReader[T],
    request: PageRequest,
    key: Callable[[T], str],
    is_visible: Callable[[Stored[T]], bool],
    where: Mapping[str, str] | None = None,
) -> Page[Stored[T]]:
    """List what a caller may see, in order of id, from what reads a part of it; else as `page_by_id`."""
    limit, after = request.limit, request.page_token
    items: list[Stored[T]] = []
    while True:
        batch = read(after=after, limit=MAX_PAGE_SIZE, where=where)
        for stored in batch:
            if not is_visible(stored):
                continue
            if len(items) == limit:
                return Page(tuple(items), key(items[-1].value))
            items.append(stored)
        if len(batch) < MAX_PAGE_SIZE:
            return Page(tuple(items), "")
        after = key(batch[-1].value)


def page_of(values: list[Stored[T]], request: PageRequest, key: Callable[[T], str]) -> Page[Stored[T]]:
    """Cut a page out of a list that is in an order of its own; an unknown token begins it again."""
    ids = [key(stored.value) for stored in values]
    first = ids.index(request.page_token) + 1 if request.page_token in ids else 0
    items = values[first : first + request.limit]
    last = first + len(items)
    return Page(tuple(items), ids[last - 1] if items and last < len(ids) else "")


def own_site_ids(uow: UnitOfWork, principal: Principal) -> frozenset[str]:
    """Return the ids of the caller's sites."""
    if principal.site_id is not None:
        return frozenset({principal.site_id})
    ids: list[str] = []
    while True:
        batch = uow.sites.page(
            after=ids[-1] if ids else "", limit=MAX_PAGE_SIZE, where={"party_id": principal.party_id}
        )
        ids.extend(stored.value.site_id for stored in batch)
        if len(batch) < MAX_PAGE_SIZE:
            return frozenset(ids)


def sees_site(uow: UnitOfWork, principal: Principal, site_id: str) -> bool:
    """Tell whether the caller may see a site and what belongs to it."""
    if principal.sees_every_site:
        return True
    stored = uow.sites.get(site_id)
    return stored is not None and owns(principal, site_id=site_id, party_id=stored.value.party_id)


def with_own_sites(uow: UnitOfWork, principal: Principal, stored: Stored[Event]) -> Stored[Event]:
    """Leave out of the sites that an event names those that are not the caller's to see."""
    named = stored.value.site_ids
    if principal.sees_every_site or not named:
        return stored
    own = own_site_ids(uow, principal)
    return replace(stored, value=replace(stored.value, site_ids=tuple(each for each in named if each in own)))


def sees_party(principal: Principal, party_id: str) -> bool:
    """Tell whether the caller may see a party, its statements and its disputes."""
    return principal.sees_every_party or principal.party_id == party_id


def own_markets(uow: UnitOfWork, principal: Principal) -> frozenset[tuple[str, str]]:
    """Return the (product, zone) pairs that the caller's sites are enrolled in."""
    markets = set()
    for site_id in sorted(own_site_ids(uow, principal)):
        site = uow.sites.get(site_id)
        for enrolment in uow.enrolments.page(where={"site_id": site_id}, limit=MAX_PAGE_SIZE):
            if site is not None:
                markets.add((enrolment.value.product_id, site.value.zone))
    return frozenset(markets)


def sees_bid(uow: UnitOfWork, principal: Principal, record: BidRecord) -> bool:
    """Tell whether the caller may see a bid.

    Bids are sealed. Its own site sees it; the hub's staff see it once the auction's gate has
    closed. A standing bid has no gate: staff see it when it no longer stands.
    """
    site = uow.sites.get(record.bid.site_id)
    if site is not None and owns(principal, site_id=record.bid.site_id, party_id=site.value.party_id):
        return True
    if not principal.sees_every_site:
        return False
    if record.auction_id is None:
        return record.state is not BidState.SUBMITTED
    tender = uow.auctions.get(record.auction_id)
    return tender is not None and tender.value.state in _AFTER_GATE
