"""Who sees what, and lists in pages.

What a caller may not see answers exactly as what does not exist: the same error, the same text.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Generic, Protocol, TypeVar

from vpp.auction.tender import Tender, TenderState
from vpp.dispatch.event import Event
from vpp.portfolio.enrolment import EnrolmentState
from vpp.workflows.identity import Principal, bought_by, owns
from vpp.workflows.ports import Repository, Stored, UnitOfWork
from vpp.workflows.records import BidRecord, BidState

T = TypeVar("T")
DEFAULT_PAGE_SIZE = 50
MAX_PAGE_SIZE = 1000
_LEFT = frozenset({EnrolmentState.SUSPENDED, EnrolmentState.WITHDRAWN})
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


def enrolled_site_ids(uow: UnitOfWork) -> frozenset[str]:
    """Return the ids of all sites that are or were enrolled in a product: those that operators can call."""
    ids: set[str] = set()
    after = ""
    while True:
        batch = uow.enrolments.page(after=after, limit=MAX_PAGE_SIZE)
        ids.update(stored.value.site_id for stored in batch)
        if len(batch) < MAX_PAGE_SIZE:
            return frozenset(ids)
        after = batch[-1].value.enrolment_id


def sees_site(uow: UnitOfWork, principal: Principal, site_id: str) -> bool:
    """Tell whether the caller may see a site: its own, or to an operator's people one that can be called.

    What is asked of the database is the same whether or not the site exists.
    """
    if principal.sees_every_site:
        return True
    stored = uow.sites.get(site_id)
    can_be_called = principal.buys and bool(uow.enrolments.page(where={"site_id": site_id}, limit=1))
    if stored is None:
        return False
    return can_be_called or owns(principal, site_id=site_id, party_id=stored.value.party_id)


def seen_sites(uow: UnitOfWork, principal: Principal) -> Callable[[str], bool]:
    """Make the test of `sees_site` for many sites; what it has to know is looked up once."""
    if principal.sees_every_site:
        return lambda _: True
    seen = own_site_ids(uow, principal)
    if principal.buys:
        seen |= enrolled_site_ids(uow)
    return lambda site_id: site_id in seen


def sees_load(uow: UnitOfWork, principal: Principal, site_id: str) -> bool:
    """Tell whether the caller may see a site's readings: to an operator's people, once it was called by them.

    A load curve shows whatever was bought of a site, by whomever. So it is not for every operator; nor for
    one that has only ordered a dry run, which costs it nothing and moves nobody.
    """
    if principal.sees_every_site:
        return True
    stored = uow.sites.get(site_id)
    has_called = principal.buys and _has_called(uow, principal.party_id, site_id)
    if stored is None:
        return False
    return has_called or owns(principal, site_id=site_id, party_id=stored.value.party_id)


def _has_called(uow: UnitOfWork, party_id: str, site_id: str) -> bool:
    after = ""
    while True:
        batch = uow.instructions.page(after=after, limit=MAX_PAGE_SIZE, where={"site_id": site_id})
        events = uow.events.get_all({stored.value.event_id for stored in batch} or {""})
        called_by = {
            each.value.operator_party_id for each in events.values() if each.value.purpose.moves_devices
        }
        if party_id in called_by:
            return True
        if len(batch) < MAX_PAGE_SIZE:
            return False
        after = batch[-1].value.instruction_id


def sees_whole(principal: Principal, value: Tender | Event) -> bool:
    """Tell whether the caller may see all of an auction or event: who buys, and who settles or audits."""
    return principal.sees_everything or bought_by(principal, value.operator_party_id)


def seen_markets(uow: UnitOfWork, principal: Principal) -> Callable[[Tender | Event], bool]:
    """Make the test whether the caller may see an auction or event.

    Its buyer does, whoever settles or audits does, and sites that take part in its product in its zone do. A
    site that does not do so any more sees those that it has bid in or was called by, and one that waits for
    approval none.
    """
    if principal.sees_everything:
        return lambda _: True
    own = own_markets(uow, principal)
    return lambda value: (
        bought_by(principal, value.operator_party_id)
        or (value.product_id, value.zone) in own.open
        or _id_of(value) in own.past
    )


def _id_of(value: Tender | Event) -> str:
    """Return the id under which an auction and its event are kept: it is the same."""
    return value.auction_id if isinstance(value, Tender) else value.event_id


class SeenParts:
    """Whether the caller may see what an event means for a site: its award, instruction, baseline, score.

    Its own site's, whatever its own party buys, or everything.

    Attributes:
        own: Ids of the caller's own sites.
    """

    def __init__(self, uow: UnitOfWork, principal: Principal) -> None:
        """Look up the caller's sites."""
        self._uow, self._principal = uow, principal
        self.own = frozenset() if principal.sees_everything else own_site_ids(uow, principal)
        self._is_bought: dict[str, bool] = {}

    def __call__(self, event_id: str, site_id: str) -> bool:
        """Tell whether the caller may see an event's part at a site."""
        return site_id in self.own or self.sees_event(event_id)

    def sees_event(self, event_id: str) -> bool:
        """Tell whether the caller may see an event's part at every site."""
        return self._principal.sees_everything or (self._principal.buys and self._buys(event_id))

    def _buys(self, event_id: str) -> bool:
        if event_id not in self._is_bought:
            stored = self._uow.events.get(event_id)
            self._is_bought[event_id] = stored is not None and bought_by(
                self._principal, stored.value.operator_party_id
            )
        return self._is_bought[event_id]


def page_of_parts(
    repository: Repository[T],
    request: PageRequest,
    key: Callable[[T], str],
    parts: SeenParts,
    event_id: str,
) -> Page[Stored[T]]:
    """List what an event means for the sites that the caller may see, in order of id.

    Who does not see all of it has its own sites' part looked up and nothing else: how long the answer takes
    does not tell how many others there are.
    """
    where = {"event_id": event_id}
    if parts.sees_event(event_id):
        return page_by_id(repository, request, key, lambda _: True, where)
    return page_of_sites(repository, request, key, parts.own, where)


def page_of_sites(
    repository: Repository[T],
    request: PageRequest,
    key: Callable[[T], str],
    site_ids: Iterable[str],
    where: Mapping[str, str],
) -> Page[Stored[T]]:
    """List what belongs to some sites, in order of id, reading nothing of other sites."""
    found: list[Stored[T]] = []
    for site_id in site_ids:
        after = request.page_token
        while True:
            batch = repository.page(after=after, limit=MAX_PAGE_SIZE, where={**where, "site_id": site_id})
            found += batch
            if len(batch) < MAX_PAGE_SIZE or len(found) > request.limit + MAX_PAGE_SIZE:
                break
            after = key(batch[-1].value)
    found.sort(key=lambda stored: key(stored.value))
    items = tuple(found[: request.limit])
    return Page(items, key(items[-1].value) if len(found) > request.limit else "")


def with_own_sites(uow: UnitOfWork, principal: Principal, stored: Stored[Event]) -> Stored[Event]:
    """Leave out of an event what is not a site's to see: other sites, and what all of them are awarded.

    Of two sites that are awarded something, each could take its own part off the sum.
    """
    event = stored.value
    if sees_whole(principal, event):
        return stored
    named = event.site_ids
    own = own_site_ids(uow, principal) if named else frozenset()
    shown = tuple(each for each in named if each in own)
    return replace(stored, value=replace(event, site_ids=shown, awarded_reduction_kw=()))


def sees_party(principal: Principal, party_id: str) -> bool:
    """Tell whether the caller may see what a party is paid: its statements, disputes and balances."""
    return principal.sees_everything or principal.party_id == party_id


def seen_parties(uow: UnitOfWork, principal: Principal) -> Callable[[str], bool]:
    """Make the test whether the caller may see a party: its own; an operator also the owners of sites."""
    if principal.sees_everything:
        return lambda _: True
    seen = {principal.party_id}
    if principal.buys:
        sites = uow.sites.get_all(enrolled_site_ids(uow))
        seen.update(stored.value.party_id for stored in sites.values())
    return lambda party_id: party_id in seen


@dataclass(frozen=True, slots=True)
class OwnMarkets:
    """Which auctions and events concern a caller's sites.

    Attributes:
        open: (product, zone) pairs in which they take part: all of these.
        past: Ids of those that sites which take part no longer have bid in or were called by.
    """

    open: frozenset[tuple[str, str]]
    past: frozenset[str]


def own_markets(uow: UnitOfWork, principal: Principal) -> OwnMarkets:
    """Return which auctions and events concern the caller's sites."""
    markets, past = set(), set()
    for site_id in sorted(own_site_ids(uow, principal)):
        site = uow.sites.get(site_id)
        enrolments = uow.enrolments.page(where={"site_id": site_id}, limit=MAX_PAGE_SIZE)
        for enrolment in enrolments:
            if site is not None and enrolment.value.state is EnrolmentState.ACTIVE:
                markets.add((enrolment.value.product_id, site.value.zone))
        if any(enrolment.value.state in _LEFT for enrolment in enrolments):
            past |= _taken_part(uow, site_id)
    return OwnMarkets(frozenset(markets), frozenset(past))


def _taken_part(uow: UnitOfWork, site_id: str) -> set[str]:
    """Return the ids of auctions and events that a site has bid in or was called by."""
    where, after = {"site_id": site_id}, ""
    ids: set[str] = set()
    while bids := uow.bids.page(after=after, limit=MAX_PAGE_SIZE, where=where):
        ids.update(stored.value.auction_id for stored in bids if stored.value.auction_id is not None)
        after = bids[-1].value.bid.bid_id
    after = ""
    while told := uow.instructions.page(after=after, limit=MAX_PAGE_SIZE, where=where):
        ids.update(stored.value.event_id for stored in told)
        after = told[-1].value.instruction_id
    return ids


def is_open_to_staff(principal: Principal, tender: Tender) -> bool:
    """Tell whether the caller may see others' bids in an auction: once its gate has closed, if all of it."""
    return tender.state in _AFTER_GATE and sees_whole(principal, tender)


def sees_bid(uow: UnitOfWork, principal: Principal, record: BidRecord | None) -> bool:
    """Tell whether the caller may see a bid.

    Bids are sealed. Its own site sees it; who buys in its auction, settles or audits sees it once the gate
    has closed. A standing bid has no gate: they see it when it no longer stands, and who buys only if it has
    bought of it. What is asked of the database is the same whether or not there is a bid.
    """
    is_own = _is_own_bid(uow, principal, record)
    if not (principal.sees_everything or principal.buys):
        return is_own
    auction_id = "" if record is None else record.auction_id or ""
    tender = uow.auctions.get(auction_id)
    has_bought = _has_bought(uow, principal, "" if record is None else record.bid.bid_id)
    if is_own or record is None:
        return is_own
    if record.auction_id is None:
        return record.state is not BidState.SUBMITTED and (principal.sees_everything or has_bought)
    return tender is not None and is_open_to_staff(principal, tender.value)


def _is_own_bid(uow: UnitOfWork, principal: Principal, record: BidRecord | None) -> bool:
    site_id = "" if record is None else record.bid.site_id
    site = uow.sites.get(site_id)
    return site is not None and owns(principal, site_id=site_id, party_id=site.value.party_id)


def _has_bought(uow: UnitOfWork, principal: Principal, bid_id: str) -> bool:
    awards = uow.awards.page(where={"bid_id": bid_id}, limit=MAX_PAGE_SIZE)
    events = uow.events.get_all({stored.value.event_id for stored in awards} or {""})
    return any(bought_by(principal, stored.value.operator_party_id) for stored in events.values())
