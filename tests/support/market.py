"""A small market on a real database and a manual clock, for tests of workflows and scenarios."""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from sqlite3 import connect
from tempfile import TemporaryDirectory

import numpy as np
from sqlalchemy import Engine
from support.products import product_for, shipped_products

from vpp.auction.bid import Bid, PriceStep, StepOffer
from vpp.auction.tender import Tender
from vpp.dispatch.event import Event
from vpp.dispatch.instruction import Instruction, InstructionState, RefusalReason
from vpp.foundation.clock import ManualClock
from vpp.foundation.direction import Direction
from vpp.foundation.interval import Interval
from vpp.hub.inline_pool import InlinePool
from vpp.portfolio.party import Party, PartyKind
from vpp.portfolio.resource import FlexibilityEnvelope, Resource, ResourceKind
from vpp.portfolio.site import Site
from vpp.solver.report import SolverName
from vpp.storage.engine import make_engine
from vpp.storage.migrate import migrate
from vpp.storage.unit_of_work import SqlUnitOfWorkFactory
from vpp.telemetry.batch import TelemetryBatch
from vpp.telemetry.quality import MeterQuality
from vpp.workflows.auctions import create_auction
from vpp.workflows.bidding import create_bid
from vpp.workflows.due_work import DueOutcome, next_due_at, run_due
from vpp.workflows.emergencies import create_emergency_event
from vpp.workflows.enrolling import create_enrolment, create_party, create_resource, create_site
from vpp.workflows.identity import Principal, Role
from vpp.workflows.ingesting import backfill
from vpp.workflows.market_rules import MarketRules
from vpp.workflows.ports import Stored
from vpp.workflows.records import BidRecord
from vpp.workflows.reporting import InstructionReport, instructions_of
from vpp.workflows.responding import record_status

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)  # a Wednesday
FIVE = timedelta(minutes=5)
QUARTER = timedelta(minutes=15)
EVENING = Interval(NOON + timedelta(days=1, hours=5), NOON + timedelta(days=1, hours=7))
GATE = NOON + timedelta(hours=2)
OPERATOR = Principal("operator", "grid", None, frozenset({Role.MARKET_OPERATOR, Role.DISPATCHER}))
RULES = MarketRules(
    solver=SolverName.GLPK,
    time_limit=timedelta(seconds=20),
    relative_gap=0.0,
    aggregator_party_id="hub",
    holidays=frozenset(),
    code_version="test",
    forecast_hour_utc=13,
    claim_lease=timedelta(minutes=5),
)


def agent_of(site_id: str) -> Principal:
    return Principal(f"agent-{site_id}", f"owner-{site_id}", site_id, frozenset({Role.SITE_AGENT}))


@dataclass
class Market:
    units: SqlUnitOfWorkFactory
    clock: ManualClock
    pool: InlinePool
    rules: MarketRules = RULES

    def enrol(
        self,
        site_id: str,
        load_kw: float = 1000.0,
        *,
        days: int = 15,
        products: Sequence[str] = ("example-peak-shaving", "example-emergency"),
    ) -> None:
        """Enrol a site with a flat load of history and a battery of 200 kW either way."""
        agent = agent_of(site_id)
        create_party(
            self.units,
            OPERATOR,
            Party(agent.party_id, f"Owner of {site_id}", PartyKind.SITE_OWNER),
            request_id="",
        )
        site = Site(site_id, agent.party_id, site_id, "north", "Europe/London", 3000.0, FIVE)
        create_site(self.units, agent, site, request_id="")
        hour = timedelta(hours=1)
        envelope = FlexibilityEnvelope(
            200.0, 0.0, FIVE, timedelta(0), 4 * hour, 800.0, 1.0, 2 * hour, max_increase_kw=200.0
        )
        create_resource(
            self.units, agent, Resource(site_id, "battery", ResourceKind.BATTERY, envelope), request_id=""
        )
        for product_id in products:
            create_enrolment(self.units, agent, site_id, product_id, request_id="", automatic_approval=True)
        first = NOON.replace(hour=0) - timedelta(days=days)
        self.meter(site_id, 1, first, np.full(int((NOON - first) / FIVE), load_kw))

    def enrol_in(self, product_id: str, *site_ids: str) -> None:
        """Let enrolled sites serve one more product."""
        for site_id in site_ids:
            agent = agent_of(site_id)
            create_enrolment(self.units, agent, site_id, product_id, request_id="", automatic_approval=True)

    def meter(self, site_id: str, sequence: int, start: datetime, values_kw: object) -> None:
        """Upload readings in pieces of a day; the sequence counts on."""
        values = np.asarray(values_kw, dtype=np.float64)
        pieces = [values[n : n + 288] for n in range(0, len(values), 288)]
        batches = [
            TelemetryBatch(site_id, sequence + n, start + n * 288 * FIVE, FIVE, piece, MeterQuality.OK)
            for n, piece in enumerate(pieces)
        ]
        backfill(self.units, agent_of(site_id), site_id, batches)

    def open_auction(self, target_kw: float = 150.0, **changes: object) -> Stored[Tender]:
        """Open the evening's auction, or one that differs from it."""
        request: dict[str, object] = {
            "auction_id": "evening",
            "product_id": "example-peak-shaving",
            "zone": "north",
            "delivery": EVENING,
            "target_reduction_kw": (target_kw,) * 8,
            "price_cap_per_mwh": Decimal(2000),
            "currency": "GBP",
            "gate_closes_at": GATE,
            "rebound_headroom_kw": None,
            "request_id": "",
        } | changes
        return create_auction(self.units, OPERATOR, **request)  # type: ignore[arg-type]  # as its signature

    def bid(self, site_id: str, reduction_kw: float, price: str, **changes: object) -> Stored[BidRecord]:
        """Bid a battery's step in every interval of the evening's auction."""
        request: dict[str, object] = {
            "bid": step_bid(site_id, reduction_kw, price),
            "auction_id": "evening",
            "product_id": None,
            "currency": "GBP",
            "expires_at": None,
            "request_id": "",
        } | changes
        return create_bid(self.units, agent_of(site_id), **request)  # type: ignore[arg-type]  # as its signature

    def standing_bid(self, site_id: str, reduction_kw: float, price: str) -> Stored[BidRecord]:
        """Let a battery stand by for emergencies."""
        standing = step_bid(site_id, reduction_kw, price, intervals=1)
        return self.bid(
            site_id, reduction_kw, price, bid=standing, auction_id=None, product_id="example-emergency"
        )

    def call_emergency(self, target_kw: float, delivery: Interval, **changes: object) -> Stored[Event]:
        """Call the standing bids of a zone as `storm`, or an event that differs from it."""
        request: dict[str, object] = {
            "event_id": "storm",
            "product_id": "example-emergency",
            "zone": "north",
            "delivery": delivery,
            "target_reduction_kw": (target_kw,) * 4,
            "price_cap_per_mwh": Decimal(2000),
            "currency": "GBP",
            "request_id": "",
        } | changes
        return create_emergency_event(self.units, OPERATOR, self.pool, self.rules, **request)  # type: ignore[arg-type]  # as its signature

    def advance(self, to: datetime) -> list[DueOutcome]:
        """Move the clock from deadline to deadline, running each."""
        outcomes = []
        while (due_at := next_due_at(self.units)) is not None and due_at <= to:
            self.clock.advance_to(max(due_at, self.clock.now()))
            outcomes += run_due(self.units, self.pool, self.rules)
        self.clock.advance_to(to)
        return outcomes

    def report(self, instruction: Instruction, state: InstructionState, **changes: object) -> None:
        """Let the site say something about its instruction."""
        report = InstructionReport(
            instruction.instruction_id,
            state,
            changes.get("reason", RefusalReason.UNSPECIFIED),  # type: ignore[arg-type]  # a reason
            "",
            float(str(changes.get("accepted_kw", 0.0))),
            self.clock.now(),
        )
        record_status(self.units, agent_of(instruction.site_id), instruction.site_id, report)

    def event(self, event_id: str = "evening") -> Event:
        with self.units(write=False) as uow:
            stored = uow.events.get(event_id)
            assert stored is not None
            return stored.value

    def instructions(self, event_id: str = "evening") -> list[Instruction]:
        with self.units(write=False) as uow:
            return [stored.value for stored in instructions_of(uow, event_id)]


def step_bid(
    site_id: str,
    reduction_kw: float,
    price: str,
    *,
    intervals: int = 8,
    direction: Direction = Direction.LOAD_DOWN,
) -> Bid:
    return Bid(
        bid_id="",
        site_id=site_id,
        resource_id="battery",
        zone="",
        submitted_at=NOON,
        delivery_ratio=1.0,
        offer=StepOffer(steps=((PriceStep(reduction_kw, Decimal(price)),),) * intervals),
        energy_limit_kwh=None,
        rebound=None,
        exclusive_group=None,
        parent_bid_id=None,
        direction=direction,
    )


def make_market(folder: Path, now: datetime = NOON) -> Market:
    """Begin a market in a folder; its file is a copy of one that is migrated once."""
    return market_copied(folder, _new_file(now), now)


def make_enrolled_market(folder: Path) -> Market:
    """Begin a market of two enrolled sites with two weeks of flat history."""
    return market_copied(folder, _enrolled_file(), NOON)


def content_of(folder: Path) -> bytes:
    """Return the content of the market in a folder, to go on with it in others."""
    with closing(connect(folder / "hub.sqlite")) as connection:
        return connection.serialize()


def market_copied(folder: Path, content: bytes, now: datetime) -> Market:
    """Go on in another folder with a market as `content_of` found it."""
    path = folder / "hub.sqlite"
    path.write_bytes(content)
    clock = ManualClock(now)
    return Market(SqlUnitOfWorkFactory(make_engine(f"sqlite:///{path}"), clock), clock, InlinePool())


@cache
def _new_file(now: datetime) -> bytes:
    with TemporaryDirectory() as folder:
        engine = make_engine(f"sqlite:///{folder}/hub.sqlite")
        migrate(engine)
        market_on(engine, now)
        engine.dispose()
        return content_of(Path(folder))


@cache
def _enrolled_file() -> bytes:
    with TemporaryDirectory() as folder:
        market = make_market(Path(folder))
        market.enrol("north-1")
        market.enrol("north-2")
        market.units.close()
        return content_of(Path(folder))


def market_on(engine: Engine, now: datetime = NOON) -> Market:
    """Begin a market on a migrated database in which there is nothing."""
    clock = ManualClock(now)
    units = SqlUnitOfWorkFactory(engine, clock)
    with units() as uow:
        for product in (*shipped_products().values(), product_for(Direction.LOAD_UP)):
            uow.products.add(product)
        uow.commit()
    for party in (
        Party("grid", "Grid operator", PartyKind.OPERATOR),
        Party("hub", "Aggregator", PartyKind.AGGREGATOR),
    ):
        create_party(units, OPERATOR, party, request_id="")
    return Market(units, clock, InlinePool())
