"""Bids are unreadable at rest and for everybody but their own site until their gate closes."""

import base64
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, select, update
from support.market import EVENING, GATE, NOON, OPERATOR, Market, agent_of, market_on, step_bid

from vpp.auction.bid import StepOffer
from vpp.auction.tender import TenderState
from vpp.foundation.errors import AlreadyExists
from vpp.foundation.interval import Interval
from vpp.foundation.sealing_keys import new_sealing_keys
from vpp.storage.bid_sealing import BidSealing
from vpp.storage.tables import METADATA
from vpp.storage.tables.auction import BIDS
from vpp.storage.unit_of_work import SqlUnitOfWorkFactory
from vpp.workflows.acting import acting_as
from vpp.workflows.auctions import cancel_auction
from vpp.workflows.bidding import withdraw_bid
from vpp.workflows.emergencies import create_emergency_event
from vpp.workflows.identity import Principal, Role
from vpp.workflows.records import AuditRecord, BidRecord, BidState
from vpp.workflows.sealing import SEAL_BROKEN, content_of, fault_of, seal_older_bids
from vpp.workflows.viewing import get_bid, list_bids
from vpp.workflows.visibility import PageRequest

CANARIES = ("137.0", "1234.56", "141.0", "1618.03", "canary-group")
"""Power, prices and a group that occur nowhere else."""
AUDITOR = Principal("auditor", "hub", None, frozenset({Role.AUDITOR}))


@pytest.fixture
def both(engine: Engine) -> Market:
    """Two enrolled sites, on either database."""
    market = market_on(engine)
    market.enrol("north-1", days=1)
    market.enrol("north-2", days=1)
    return market


def enter_canaries(market: Market) -> None:
    """Bid for the evening, standing, and once withdrawn; each with figures of its own."""
    market.open_auction()
    grouped = replace(step_bid("north-1", 137.0, "1234.56"), exclusive_group="canary-group")
    market.bid("north-1", 0.0, "0", bid=grouped, request_id="11111111-1111-4111-8111-111111111111")
    standing = step_bid("north-2", 141.0, "1618.03", intervals=1)
    market.bid("north-2", 0.0, "0", bid=standing, auction_id=None, product_id="example-emergency")
    taken_back = market.bid("north-2", 137.0, "1234.56").value.bid.bid_id
    withdraw_bid(market.units, agent_of("north-2"), taken_back, request_id="")


def stored_text(engine: Engine) -> str:
    """Return everything that the database holds, as text."""
    with engine.connect() as connection:
        return "\n".join(
            str([bytes(cell) if isinstance(cell, memoryview) else cell for cell in row])
            for table in METADATA.sorted_tables
            for row in connection.execute(select(table))
        )


def hits(text: str) -> list[str]:
    return [canary for canary in CANARIES if canary in text]


def test_nothing_that_is_stored_says_what_was_bid_until_the_gate_closes(
    both: Market, engine: Engine, tmp_path: Path
) -> None:
    enter_canaries(both)
    assert hits(stored_text(engine)) == []
    files = [path.read_bytes().decode("latin-1") for path in tmp_path.glob("*.sqlite*")]
    assert [hits(text) for text in files] == [[] for _ in files]
    assert bool(files) is (engine.dialect.name == "sqlite")  # its pages and its log, whatever is in no row
    both.advance(GATE + timedelta(seconds=1))
    assert hits(stored_text(engine)) == ["137.0", "1234.56", "canary-group"]  # the standing bid stands


def test_nothing_is_logged_of_what_was_bid(market: Market, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        enter_canaries(market)
    assert "create_bid" in caplog.text
    assert hits(caplog.text + str([record.__dict__ for record in caplog.records])) == []


@contextmanager
def shown(market: Market, caller: Principal | None) -> Iterator[list[BidRecord]]:
    """Read every stored bid as a workflow without a check of its own would, for a caller."""
    with acting_as(caller), market.units(write=False) as uow:
        yield [stored.value for stored in uow.bids.page()]


@pytest.mark.parametrize("caller", [OPERATOR, AUDITOR], ids=["buyer", "auditor"])
def test_no_workflow_can_show_staff_a_bid_before_its_gate(market: Market, caller: Principal) -> None:
    enter_canaries(market)
    with shown(market, caller) as records:
        assert records
        assert hits(str(records)) == []
        assert {record.bid.offer for record in records} == {StepOffer(())}
    with acting_as(caller):
        assert not list_bids(market.units, caller, PageRequest()).items
    market.advance(GATE + timedelta(seconds=1))
    with shown(market, caller) as records:
        assert hits(str(records)) == ["137.0", "1234.56", "canary-group"]
        withdrawn = [record for record in records if record.state is BidState.WITHDRAWN]
        assert [record.covered is not None for record in withdrawn] == [True]


def test_a_site_sees_its_own_bid_and_can_prove_it(market: Market) -> None:
    enter_canaries(market)
    agent = agent_of("north-1")
    with acting_as(agent):
        (mine,) = list_bids(market.units, agent, PageRequest()).items
    assert mine.value.seal is not None
    assert "1234.56" in content_of(mine.value)
    assert fault_of(mine.value) is None
    with acting_as(owner := replace(agent, site_id=None, roles=frozenset({Role.SITE_OWNER}))):
        assert get_bid(market.units, owner, mine.value.bid.bid_id).value == mine.value
    market.advance(GATE + timedelta(seconds=1))
    after = get_bid(market.units, agent, mine.value.bid.bid_id).value
    assert after.seal is not None
    assert (after.seal.commitment, after.seal.is_open) == (mine.value.seal.commitment, True)
    assert content_of(after) == content_of(mine.value)


def test_the_commitment_is_recorded_and_the_content_is_not(market: Market) -> None:
    market.open_auction()
    seals = [market.bid("north-1", 100.0, "60").value.seal for _ in range(2)]  # the same offer twice
    with market.units(write=False) as uow:
        details = [one.detail for one in uow.audit.page() if one.action == "create_bid"]
    assert [detail["commitment"] for detail in details] == [seal.commitment for seal in seals if seal]
    assert len({detail["commitment"] for detail in details}) == 2
    assert {key for detail in details for key in detail} == {"site", "commitment"}


REQUEST_ID = "22222222-2222-4222-8222-222222222222"


def test_a_repeat_has_no_second_effect_and_other_content_is_refused(market: Market) -> None:
    market.open_auction()
    first = market.bid("north-1", 100.0, "60", request_id=REQUEST_ID)
    market.clock.advance_to(NOON + timedelta(minutes=1))
    assert market.bid("north-1", 100.0, "60", request_id=REQUEST_ID) == first
    for changes in ({"reduction_kw": 100.5}, {"price": "60.01"}):
        with pytest.raises(AlreadyExists, match="was used for another request"):
            market.bid("north-1", **({"reduction_kw": 100.0, "price": "60"} | changes), request_id=REQUEST_ID)  # type: ignore[arg-type]  # as its signature
    with pytest.raises(AlreadyExists, match="was used for another request"):
        market.bid("north-1", 100.0, "60", request_id=REQUEST_ID, currency="EUR")
    market.advance(GATE + timedelta(minutes=1))  # the bid's content is in the clear now
    assert market.bid("north-1", 100.0, "60", request_id=REQUEST_ID).value.bid == first.value.bid


def engine_of(market: Market) -> Engine:
    """Return the database of a market, to read and change it around the hub."""
    return market.units._engine  # noqa: SLF001  as an intruder does


def change(engine: Engine, bid_id: str, **values: Any) -> None:  # noqa: ANN401  cells of a row
    with engine.begin() as connection:
        connection.execute(update(BIDS).where(BIDS.c.bid_id == bid_id).values(**values))


def sealed_text(engine: Engine, bid_id: str) -> str:
    with engine.connect() as connection:
        return str(connection.execute(select(BIDS.c.sealed).where(BIDS.c.bid_id == bid_id)).scalar_one())


def flipped(text: str) -> str:
    content = bytearray(base64.b64decode(text))
    content[-20] ^= 1
    return base64.b64encode(content).decode()


def actions(market: Market, name: str) -> list[AuditRecord]:
    with market.units(write=False) as uow:
        return [one for one in uow.audit.page(limit=100_000) if one.action == name]


@pytest.mark.parametrize("attack", ["flip", "swap", "commitment", "other site", "clear text", "no seal"])
def test_a_bid_that_was_changed_takes_no_part_and_is_told(
    market: Market, attack: str, caplog: pytest.LogCaptureFixture
) -> None:
    engine = engine_of(market)
    market.open_auction()
    good = market.bid("north-1", 100.0, "60").value.bid.bid_id
    bad = market.bid("north-2", 90.0, "50").value.bid.bid_id
    market.bid("north-2", 80.0, "55")
    changes: dict[str, dict[str, Any]] = {
        "flip": {"sealed": flipped(sealed_text(engine, bad))},
        "swap": {"sealed": sealed_text(engine, good)},
        "commitment": {"commitment": "0" * 64},
        "other site": {"site_id": "north-1"},
        # Whoever writes rows can put an offer of their own in the place of the sealed one; it does not give
        # the commitment, without whose nonce none can be made that does.
        "clear text": {
            "sealed": None,
            "sealing_key": None,
            "offer": {"kind": "block", "profile_kw": [90.0] * 8, "price_per_mwh": "1", "fixed_cost": "0"}
            | {"min_acceptance_ratio": 1.0},
            "delivery_ratio": 1.0,
        },
    }
    changes["no seal"] = changes["clear text"] | {"commitment": None, "currency": None}
    change(engine, bad, **changes[attack])
    market.advance(GATE + timedelta(minutes=1))
    with market.units(write=False) as uow:
        stored = uow.bids.get(bad)
        cleared = uow.bids.get(good)
        awards = [award.value.bid_id for award in uow.awards.page(where={"event_id": "evening"})]
        tender = uow.auctions.get("evening")
    assert stored is not None
    assert (stored.value.state, stored.value.reason) == (BidState.REJECTED, SEAL_BROKEN)
    assert cleared is not None
    assert cleared.value.state is BidState.AWARDED
    assert bad not in awards
    assert tender is not None
    assert tender.value.state is TenderState.CLEARED
    assert [one.subject for one in actions(market, "refuse_bid")] == [f"bids/{bad}"]
    (opened,) = actions(market, "open_book")
    assert (opened.detail["bids"], opened.detail["broken"]) == ("2", "1")
    assert f"bids/{bad} takes no part in auctions/evening" in caplog.text


def test_a_cancelled_auction_never_opens_its_bids(market: Market) -> None:
    market.open_auction()
    market.bid("north-1", 100.0, "60")
    cancel_auction(market.units, OPERATOR, "evening", etag="", request_id="")
    market.advance(EVENING.end)
    with shown(market, OPERATOR) as records:
        assert [record.covered is not None for record in records] == [True]
    assert actions(market, "open_book") == []


def emergency(market: Market) -> list[str]:
    """Call an emergency; returns the sites that serve it."""
    create_emergency_event(
        market.units,
        OPERATOR,
        market.pool,
        market.rules,
        event_id="now",
        product_id="example-emergency",
        zone="north",
        delivery=EVENING,
        target_reduction_kw=(150.0,) * 8,
        price_cap_per_mwh=Decimal(2000),
        currency="GBP",
        request_id="",
    )
    with market.units(write=False) as uow:
        return [award.value.site_id for award in uow.awards.page(where={"event_id": "now"})]


def test_an_emergency_opens_standing_bids_in_memory_alone(both: Market, engine: Engine) -> None:
    for site_id in ("north-1", "north-2"):
        bid = step_bid(site_id, 141.0, "1618.03", intervals=1)
        both.bid(site_id, 0.0, "0", bid=bid, auction_id=None, product_id="example-emergency")
    both.clock.advance_to(EVENING.start - timedelta(minutes=30))
    with acting_as(OPERATOR):
        assert emergency(both) == ["north-1", "north-2"]
    with shown(both, OPERATOR) as records:
        assert [record.covered is not None for record in records] == [True, True]
    with engine.connect() as connection:
        rows = connection.execute(select(BIDS)).mappings().all()
    assert hits(str(rows)) == []  # the clearing holds what was called, the bids still stand sealed
    assert {(row["reason"], row["reason_detail"]) for row in rows} == {("", "")}  # it says what was offered
    for site_id in ("north-1", "north-2"):
        with acting_as(agent_of(site_id)):
            (own,) = list_bids(both.units, agent_of(site_id), PageRequest()).items
        assert own.value.reason.startswith("ACCEPTED_IN_")
        assert "of 1128 kW" in own.value.reason_detail
    assert [one.detail["bids"] for one in actions(both, "open_standing_bids")] == ["2"]


@pytest.mark.parametrize("attack", ["flip", "clear text"])
def test_a_standing_bid_that_was_changed_is_left_out(market: Market, attack: str) -> None:
    engine, ids = engine_of(market), {}
    for site_id in ("north-1", "north-2"):
        bid = step_bid(site_id, 100.0, "60", intervals=1)
        stored = market.bid(site_id, 0.0, "0", bid=bid, auction_id=None, product_id="example-emergency")
        ids[site_id] = stored.value.bid.bid_id
    steps = [[[100.0, "1"]]]
    clear_text = {"sealed": None, "sealing_key": None, "commitment": None, "delivery_ratio": 1.0}
    changes: dict[str, dict[str, Any]] = {
        "flip": {"sealed": flipped(sealed_text(engine, ids["north-1"]))},
        "clear text": clear_text | {"offer": {"kind": "steps", "steps": steps}},
    }
    change(engine, ids["north-1"], **changes[attack])
    market.clock.advance_to(EVENING.start - timedelta(minutes=30))
    assert emergency(market) == ["north-2"]
    with market.units(write=False) as uow:
        stored = uow.bids.get(ids["north-1"])
    assert stored is not None
    assert (stored.value.state, stored.value.reason) == (BidState.SUBMITTED, "REJECTED_NOT_ELIGIBLE")
    assert "its seal is broken" in stored.value.reason_detail


def test_bids_that_an_older_hub_left_open_are_sealed(market: Market) -> None:
    engine = engine_of(market)
    enter_canaries(market)
    with market.units() as uow:  # as an older hub has them
        for stored in uow.bids.page():
            if stored.value.state is BidState.SUBMITTED:
                older = replace(stored.value, seal=None)
                uow.bids.update(older.bid.bid_id, older, revision=stored.revision)
        uow.commit()
    assert set(hits(stored_text(engine))) == set(CANARIES)
    with market.units() as uow:
        assert seal_older_bids(uow) == 2
        uow.commit()
    with engine.connect() as connection:
        assert hits(str(connection.execute(select(BIDS)).mappings().all())) == []
    with market.units() as uow:
        assert seal_older_bids(uow) == 0
    market.advance(GATE + timedelta(minutes=1))
    assert market.event().awarded_reduction_kw[0] == pytest.approx(137.0)


def test_a_hub_with_another_key_opens_nothing_and_loses_nothing(market: Market) -> None:
    market.open_auction()
    bid_id = market.bid("north-1", 100.0, "60").value.bid.bid_id
    engine = engine_of(market)
    other = SqlUnitOfWorkFactory(engine, market.clock, sealing=BidSealing(new_sealing_keys()))
    with other() as uow:
        stored = uow.bids.get(bid_id)
        assert stored is not None
        assert stored.value.covered is not None
        assert "not among this hub's keys" in stored.value.covered.fault
        uow.bids.update(bid_id, stored.value, revision=stored.revision)
        uow.commit()
    with market.units(write=False) as uow:
        kept = uow.bids.get(bid_id)
    assert kept is not None
    assert fault_of(kept.value) is None


def test_ids_that_the_hub_chooses_count_within_one_market_alone(market: Market) -> None:
    market.open_auction()
    first, second = (market.bid("north-1", 100.0, "60").value.bid.bid_id for _ in range(2))
    assert (first[:-1], first[-1], second) == (f"{first[:-1]}", "1", f"{first[:-1]}2")
    later = Interval(EVENING.start + timedelta(days=1), EVENING.end + timedelta(days=1))
    market.open_auction(auction_id="other", delivery=later)
    assert market.bid("north-1", 100.0, "60", auction_id="other").value.bid.bid_id.endswith("-1")
