"""Two hubs on one PostgreSQL share what is due: one runs each deadline, and one that stalls is relieved."""

import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import Engine
from support.market import EVENING, GATE, NOON, OPERATOR, RULES, Market
from support.products import shipped_products

from vpp.dispatch.event import EventState
from vpp.foundation.clock import ManualClock
from vpp.hub.inline_pool import InlinePool
from vpp.portfolio.party import Party, PartyKind
from vpp.storage.engine import make_engine
from vpp.storage.unit_of_work import SqlUnitOfWorkFactory
from vpp.workflows.auctions import close_gate, create_auction
from vpp.workflows.due_lanes import MARKET_LANES, PUNCTUAL
from vpp.workflows.due_work import DueOutcome, DueResult, run_due
from vpp.workflows.enrolling import create_party
from vpp.workflows.ports import DueKind

AUCTIONS = 24


@pytest.fixture
def hubs(postgresql_engine: Engine) -> Iterator[tuple[Market, Market]]:
    """Two hubs with a pool of connections each, and one clock."""
    clock = ManualClock(NOON)
    url = postgresql_engine.url.render_as_string(hide_password=False)
    engines = [make_engine(url, pool_size=4) for _ in range(2)]
    first, second = (Market(SqlUnitOfWorkFactory(engine, clock), clock, InlinePool()) for engine in engines)
    with first.units() as uow:
        for product in shipped_products().values():
            uow.products.add(product)
        uow.commit()
    create_party(first.units, OPERATOR, Party("grid", "Grid operator", PartyKind.OPERATOR), request_id="")
    yield first, second
    for engine in engines:
        engine.dispose()


def open_auctions(market: Market) -> list[str]:
    names = [f"auction-{n:02}" for n in range(AUCTIONS)]
    for name in names:
        create_auction(
            market.units,
            OPERATOR,
            auction_id=name,
            product_id="example-peak-shaving",
            zone="north",
            delivery=EVENING,
            target_reduction_kw=(10.0,) * 8,
            price_cap_per_mwh=Decimal(2000),
            currency="GBP",
            gate_closes_at=GATE,
            rebound_headroom_kw=None,
            request_id="",
        )
    return names


def test_what_is_due_at_one_instant_is_shared(hubs: tuple[Market, Market]) -> None:
    names = open_auctions(hubs[0])
    hubs[0].clock.advance_to(GATE)
    together = threading.Barrier(2 * len(MARKET_LANES))

    def lane_of(hub: Market, at_once: int, kinds: frozenset[DueKind]) -> list[DueOutcome]:
        outcomes: list[DueOutcome] = []
        together.wait()
        for _ in range(20):  # what one lane makes due comes while the other looks
            outcomes += run_due(hub.units, hub.pool, RULES, kinds=kinds, at_once=at_once)
        return outcomes

    with ThreadPoolExecutor(2 * len(MARKET_LANES)) as threads:
        running = [
            threads.submit(lane_of, hub, min(lane.at_once, 4), lane.kinds)
            for hub in hubs
            for lane in MARKET_LANES
        ]
        outcomes = [outcome for future in running for outcome in future.result(timeout=50)]
    for hub in hubs:  # what came after the last look
        outcomes += run_due(hub.units, hub.pool, RULES, limit=1000)
    ran = Counter((outcome.due.kind, outcome.due.subject_id) for outcome in outcomes)
    assert {outcome.result for outcome in outcomes} == {DueResult.DONE}
    assert ran == Counter((kind, name) for name in names for kind in (DueKind.GATE_CLOSURE, DueKind.CLEARING))
    with hubs[1].units(write=False) as uow:
        assert uow.due.open() == []
        cleared = Counter(
            record.subject for record in uow.audit.page(limit=10_000) if record.action == "clear"
        )
        assert cleared == Counter(f"events/{name}" for name in names)
        states = {stored.value.state for stored in uow.events.page()}
        assert states == {EventState.FAILED}  # nobody bid


def test_a_hub_that_stalls_after_its_claim_is_relieved_and_then_changes_nothing(
    hubs: tuple[Market, Market],
) -> None:
    open_auctions(hubs[0])
    stalled, other = hubs
    stalled.clock.advance_to(GATE)
    with stalled.units() as uow:
        claimed = uow.due.claim(uow.now, RULES.claim_lease, PUNCTUAL.at_once, PUNCTUAL.kinds)
        uow.commit()
    assert len(claimed) == AUCTIONS
    assert run_due(other.units, other.pool, RULES, kinds=PUNCTUAL.kinds) == []
    stalled.clock.advance_to(GATE + RULES.claim_lease)
    relieved = run_due(other.units, other.pool, RULES, kinds=PUNCTUAL.kinds, at_once=PUNCTUAL.at_once)
    assert len(relieved) == AUCTIONS
    assert {outcome.late_by for outcome in relieved} == {RULES.claim_lease}
    before = _steps(other)
    for due in claimed:  # it wakes up and does what it claimed
        close_gate(stalled.units, due.subject_id)
    with stalled.units() as uow:
        uow.due.done_all(claimed)
        uow.due.release(claimed[0], uow.now - timedelta(seconds=1))
        uow.commit()
    assert _steps(other) == before
    with other.units(write=False) as uow:
        assert {due.kind for due in uow.due.open()} == {DueKind.CLEARING}


def _steps(market: Market) -> int:
    with market.units(write=False) as uow:
        return len([record for record in uow.audit.page(limit=10_000) if record.action == "move_event"])
