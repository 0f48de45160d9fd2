"""Who sees what, for every caller of the populated hub and everything in it, against a table of its own."""

from dataclasses import replace
from pathlib import Path

import pytest
from support.market import FIVE, Market
from support.populated_hub import AUCTIONS, CALLERS, OPEN, PEAK, SETTLED, SITES, populated_market

from vpp.dispatch.purpose import EventPurpose
from vpp.foundation.errors import NotFound
from vpp.portfolio.enrolment import EnrolmentState
from vpp.portfolio.party import Party, PartyKind
from vpp.portfolio.site import Site
from vpp.workflows import viewing
from vpp.workflows.admission import invited
from vpp.workflows.awarding import NOT_ELIGIBLE
from vpp.workflows.enrolling import create_party, create_site
from vpp.workflows.identity import Principal, Role
from vpp.workflows.ports import UnitOfWork
from vpp.workflows.records import BidRecord, BidState
from vpp.workflows.visibility import (
    PageRequest,
    SeenParts,
    page_of_parts,
    page_of_sites,
    seen_markets,
    seen_parties,
    seen_sites,
    sees_bid,
    sees_load,
    sees_party,
    sees_site,
    sees_whole,
    with_own_sites,
)

SETTLING = {"settlement-a", "settlement-b", "auditor"}
GRID = {"grid-operator", "grid-dispatcher", "grid-both"}
RIVAL = {"rival-operator", "rival-dispatcher"}
ABSENT = "nowhere"
ELM = Principal("owner-elm", "owner-elm", None, frozenset({Role.SITE_OWNER}))
PEOPLE = pytest.mark.parametrize("name", sorted(CALLERS))


def people_of(*site_ids: str) -> set[str]:
    return {f"{kind}-{site_id}" for site_id in site_ids for kind in ("owner", "agent")}


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Market:
    """The populated hub, with a hall that nobody has enrolled, and one that an operator owns."""
    folder: Path = tmp_path_factory.mktemp("populated")
    market = populated_market(folder)
    elm = Party("owner-elm", "Owners of the elm hall", PartyKind.SITE_OWNER)
    create_party(market.units, CALLERS["grid-operator"], elm, request_id="")
    for owner, site_id in ((ELM, "elm"), (replace(ELM, party_id="grid"), "fir")):
        site = Site(site_id, owner.party_id, site_id, "north", "Europe/London", 100.0, FIVE)
        create_site(market.units, owner, site, request_id="")
    return market


@PEOPLE
@pytest.mark.parametrize("site_id", [*SITES, ABSENT])
def test_sites(market: Market, name: str, site_id: str) -> None:
    caller = CALLERS[name]
    sees_all = name in SETTLING | {"meter-data"}
    expected = sees_all or (site_id in SITES and name in people_of(site_id) | GRID | RIVAL)
    with market.units(write=False) as uow:
        assert sees_site(uow, caller, site_id) is expected
        assert seen_sites(uow, caller)(site_id) is expected
        called_by = RIVAL if site_id == "cedar" else GRID | RIVAL
        has_load = sees_all or (site_id in SITES and name in people_of(site_id) | called_by)
        assert sees_load(uow, caller, site_id) is has_load


@PEOPLE
def test_parties(market: Market, name: str) -> None:
    caller = CALLERS[name]
    with market.units(write=False) as uow:
        is_seen = seen_parties(uow, caller)
        for party_id in ("grid", "rival", "hub", "owner-alder", "owner-cedar", ABSENT):
            is_own = caller.party_id == party_id
            is_paid = name in SETTLING or is_own
            assert sees_party(caller, party_id) is is_paid, party_id
            owns_called = party_id.startswith("owner-") and name in GRID | RIVAL
            assert is_seen(party_id) is (is_paid or owns_called), party_id


@PEOPLE
@pytest.mark.parametrize("auction_id", AUCTIONS)
def test_auctions_and_events(market: Market, name: str, auction_id: str) -> None:
    caller, made = CALLERS[name], AUCTIONS[auction_id]
    buyers = GRID if made.buyer == "grid-operator" else RIVAL
    whole = name in SETTLING | buyers
    invited = people_of(*(site.site_id for site in SITES.values() if site.zone == made.zone))
    with market.units(write=False) as uow:
        tender, event = uow.auctions.get(auction_id), uow.events.get(auction_id)
        assert tender is not None
        assert event is not None
        assert sees_whole(caller, tender.value) is whole
        assert sees_whole(caller, event.value) is whole
        assert seen_markets(uow, caller)(event.value) is (whole or name in invited)
        shown = with_own_sites(uow, caller, event).value
        assert shown.awarded_reduction_kw == (event.value.awarded_reduction_kw if whole else ())
        parts = SeenParts(uow, caller)
        assert parts.sees_event(auction_id) is whole
        for site_id in SITES:
            assert parts(auction_id, site_id) is (whole or name in people_of(site_id))
        awards = page_of_parts(uow.awards, PageRequest(), lambda award: award.award_id, parts, auction_id)
        sites = {stored.value.site_id for stored in awards.items}
        sold = set(made.site_ids) if auction_id in SETTLED else set()
        assert sites == {one for one in sold if whole or name in people_of(one)}


@PEOPLE
def test_bids(market: Market, name: str) -> None:
    caller = CALLERS[name]
    with market.units(write=False) as uow:
        seen = {stored.value.bid.bid_id: stored.value for stored in uow.bids.page(limit=1000)}
        for record in seen.values():
            assert sees_bid(uow, caller, record) is expects_bid(name, record), record
        assert not sees_bid(uow, caller, None)
    listed: list[BidRecord] = []
    for where in (*({"auction_id": one} for one in AUCTIONS), {}):
        page = viewing.list_bids(market.units, caller, PageRequest(1000), **where)
        if where:
            listed += [stored.value for stored in page.items]
        else:
            everything = [stored.value.bid.bid_id for stored in page.items]
    expected = sorted(bid_id for bid_id, record in seen.items() if expects_bid(name, record))
    assert everything == expected
    assert sorted(one.bid.bid_id for one in listed) == [
        bid_id for bid_id in expected if seen[bid_id].auction_id is not None
    ]


def expects_bid(name: str, record: BidRecord) -> bool:
    if name in people_of(record.bid.site_id):
        return True
    if record.auction_id is None or record.auction_id in OPEN:
        return False
    return name in SETTLING | (GRID if AUCTIONS[record.auction_id].buyer == "grid-operator" else RIVAL)


def test_a_standing_bid_that_no_longer_stands_is_for_who_bought_of_it(market: Market) -> None:
    with market.units(write=False) as uow:
        [standing] = [
            stored.value
            for stored in uow.bids.page(where={"site_id": "cedar"}, limit=100)
            if stored.value.auction_id is None
        ]
        [sold] = uow.awards.page(where={"site_id": "cedar"})
        gone = changed(standing, sold.value.bid_id)  # one that an event of the rival's has bought of
        assert {name for name in CALLERS if sees_bid(uow, CALLERS[name], gone)} == (
            SETTLING | RIVAL | people_of("cedar")
        )
        unsold = changed(standing, standing.bid.bid_id)
        assert {name for name in CALLERS if sees_bid(uow, CALLERS[name], unsold)} == (
            SETTLING | people_of("cedar")
        )


def changed(record: BidRecord, bid_id: str) -> BidRecord:
    """Return a bid under another id that has been taken back."""
    return replace(record, state=BidState.WITHDRAWN, bid=replace(record.bid, bid_id=bid_id))


def test_sites_that_an_event_names_are_shown_to_their_own(market: Market) -> None:
    with market.units(write=False) as uow:
        stored = uow.events.get("grid-evening")
        assert stored is not None
        named = replace(stored, value=replace(stored.value, site_ids=("alder", "birch")))

        def shown_to(name: str) -> tuple[str, ...]:
            return with_own_sites(uow, CALLERS[name], named).value.site_ids

        assert shown_to("grid-operator") == shown_to("auditor") == ("alder", "birch")
        assert shown_to("agent-alder") == shown_to("owner-alder") == ("alder",)
        assert shown_to("owner-cedar") == shown_to("rival-operator") == ()


def test_a_site_that_nobody_can_call_is_its_owners_alone(market: Market) -> None:
    with market.units(write=False) as uow:
        for site_id, own in (("elm", set()), ("fir", GRID)):
            expected = SETTLING | {"meter-data"} | own
            assert {name for name, one in CALLERS.items() if sees_site(uow, one, site_id)} == expected
            assert {name for name, one in CALLERS.items() if seen_sites(uow, one)(site_id)} == expected
        assert sees_site(uow, ELM, "elm")
        assert not seen_parties(uow, CALLERS["grid-operator"])("owner-elm")
        event = uow.events.get("grid-evening")
        assert event is not None
        assert not seen_markets(uow, ELM)(event.value)  # in the zone, and enrolled in nothing


def test_a_site_that_takes_part_no_longer_sees_what_it_took_part_in(market: Market) -> None:
    owner = CALLERS["owner-alder"]
    for state in EnrolmentState:
        with market.units() as uow:  # and takes it back
            enrolment, event = uow.enrolments.get(f"alder-{PEAK}"), uow.events.get("grid-evening")
            tender = uow.auctions.get("grid-open")
            assert enrolment is not None
            assert event is not None
            assert tender is not None
            changed = replace(enrolment.value, state=state)
            uow.enrolments.update(f"alder-{PEAK}", changed, revision=enrolment.revision)
            told = uow.instructions.page(where={"site_id": "alder", "event_id": "grid-evening"})[0].value
            uow.events.add("ordered", replace(event.value, event_id="ordered"))
            uow.instructions.add("ordered", replace(told, instruction_id="ordered", event_id="ordered"))
            is_seen = seen_markets(uow, owner)
            took_part = state is not EnrolmentState.PENDING
            assert is_seen(event.value) is took_part  # it was awarded
            assert (
                is_seen(replace(event.value, event_id="ordered")) is took_part
            )  # it was called without a bid
            assert is_seen(tender.value) is took_part  # it has a bid
            is_active = state is EnrolmentState.ACTIVE
            assert is_seen(replace(event.value, event_id="another")) is is_active
            assert is_seen(replace(tender.value, auction_id="another")) is is_active
            site = uow.sites.get("alder")
            assert site is not None
            if took_part:
                assert invited(uow, "grid-open", site.value) == tender.value
            else:
                with pytest.raises(NotFound, match=r"^auctions/grid-open does not exist$"):
                    invited(uow, "grid-open", site.value)


def test_what_others_bought_of_a_site_is_no_reason_that_a_buyer_reads(market: Market) -> None:
    with market.units() as uow:
        [stored] = [
            one for one in uow.bids.page(where={"site_id": "alder"}) if one.value.auction_id == "grid-evening"
        ]
        bid_id, why = stored.value.bid.bid_id, "sites/alder serves events/rival-night then"
        changed = replace(stored.value, reason=NOT_ELIGIBLE, reason_detail=why)
        uow.bids.update(bid_id, changed, revision=stored.revision)
        uow.commit()
    told = {"grid-operator": "", "grid-dispatcher": "", "owner-alder": why, "auditor": why}
    for name, expected in told.items():
        page = viewing.list_bids(market.units, CALLERS[name], PageRequest(), auction_id="grid-evening")
        [listed] = [one.value for one in page.items if one.value.bid.bid_id == bid_id]
        read = viewing.get_bid(market.units, CALLERS[name], bid_id).value
        assert listed == read
        assert (read.reason, read.reason_detail) == (NOT_ELIGIBLE, expected)


@pytest.mark.parametrize("purpose", EventPurpose)
def test_a_dry_run_shows_nobody_s_load(market: Market, purpose: EventPurpose) -> None:
    with market.units() as uow:  # and takes it back
        event, [told] = uow.events.get("rival-south"), uow.instructions.page(where={"site_id": "cedar"})
        assert event is not None
        called = replace(event.value, event_id="ours", operator_party_id="grid", purpose=purpose)
        uow.events.add("ours", called)
        uow.instructions.add("ours", replace(told.value, instruction_id="ours", event_id="ours"))
        is_called = purpose is not EventPurpose.DRY_RUN
        assert sees_load(uow, CALLERS["grid-operator"], "cedar") is is_called


def test_who_buys_and_owns_sees_both(market: Market) -> None:
    both = Principal("both", "owner-alder", None, frozenset({Role.SITE_OWNER, Role.MARKET_OPERATOR}))
    with market.units(write=False) as uow:
        assert SeenParts(uow, both)("grid-evening", "alder")
        assert not SeenParts(uow, both)("grid-evening", "birch")
        event = uow.events.get("grid-evening")
        assert event is not None
        assert seen_markets(uow, both)(event.value)
        assert not sees_whole(both, event.value)


@pytest.mark.parametrize("size", [1, 2, 3, 100])
def test_pages_of_sites_hold_each_value_once(market: Market, size: int) -> None:
    with market.units(write=False) as uow:

        def pages(uow: UnitOfWork) -> list[str]:
            token, found = "", []
            while True:
                request = PageRequest(size, token)
                page = page_of_sites(uow.bids, request, lambda one: one.bid.bid_id, ("birch", "alder"), {})
                assert len(page.items) <= size
                found += [stored.value.bid.bid_id for stored in page.items]
                token = page.next_page_token
                if not token:
                    return found

        expected = [
            stored.value.bid.bid_id
            for stored in uow.bids.page(limit=1000)
            if stored.value.bid.site_id in {"alder", "birch"}
        ]
        assert pages(uow) == expected
        whole = PageRequest(len(expected))
        page = page_of_sites(uow.bids, whole, lambda one: one.bid.bid_id, ("birch", "alder"), {})
        assert page.next_page_token == ""
