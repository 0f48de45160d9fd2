"""An evening followed in its course, through the real workflows on SQLite and a manual clock."""

import shutil
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import numpy as np
from support.market import EVENING, FIVE, GATE, NOON, RULES, Market, agent_of, make_market, step_bid
from support.products import product_for

from vpp.dispatch.instruction import Instruction, InstructionState
from vpp.dispatch.tracking.rules import TrackingRules
from vpp.foundation.clock import ManualClock
from vpp.foundation.direction import Direction
from vpp.hub.inline_pool import InlinePool
from vpp.storage.engine import make_engine
from vpp.storage.unit_of_work import SqlUnitOfWorkFactory
from vpp.workflows.bidding import create_bid
from vpp.workflows.due_work import DueResult, next_due_at, run_due
from vpp.workflows.market_rules import MarketRules
from vpp.workflows.newest_instructions import newest_instructions
from vpp.workflows.tracking_records import ActionKind, TrackingTick

SITES = ("north-1", "north-2", "north-3")
FOLLOWED = replace(RULES, tracking=TrackingRules())


@dataclass
class Course:
    """An evening of which one site sold 100 kW and another 50 kW; a third stands by with 100 kW."""

    market: Market
    sequence: int = 1000
    rules: MarketRules = FOLLOWED
    direction: Direction = Direction.LOAD_DOWN

    def due(self, to: object) -> None:
        market = self.market
        while (due_at := next_due_at(market.units)) is not None and due_at <= to:
            market.clock.advance_to(max(due_at, market.clock.now()))
            for outcome in run_due(market.units, market.pool, self.rules):
                assert outcome.result is DueResult.DONE, outcome
        market.clock.advance_to(max(to, market.clock.now()))

    def stand_by(self, site_id: str, kw: float, price: str) -> None:
        create_bid(
            self.market.units,
            agent_of(site_id),
            bid=step_bid(site_id, kw, price, intervals=1, direction=self.direction),
            auction_id=None,
            product_id=product_for(self.direction).product_id,
            currency="GBP",
            expires_at=None,
            request_id="",
        )

    def newest(self, event_id: str = "evening") -> dict[str, Instruction]:
        return {each.site_id: each for each in newest_instructions(self.market.instructions(event_id))}

    def answer(self, *, refusing: frozenset[str] = frozenset(), event_id: str = "evening") -> None:
        for site_id, instruction in self.newest(event_id).items():
            if instruction.state is InstructionState.CREATED:
                state = InstructionState.REFUSED if site_id in refusing else InstructionState.ACCEPTED
                self.market.report(instruction, state)

    def deliver(
        self, minutes: int, reduction_kw: dict[str, float], silent: frozenset[str] = frozenset()
    ) -> None:
        """Let so much time pass from wherever the clock's interval is, metering the flat load so moved."""
        for _ in range(minutes // 5):
            now = self.market.clock.now()
            start = now - (now - NOON) % FIVE
            self.due(start + FIVE)
            self.sequence += 1
            for site_id in SITES:
                if site_id not in silent:
                    load_kw = self.direction.level(1000.0, reduction_kw.get(site_id, 0.0))
                    self.market.meter(site_id, self.sequence, start, [load_kw])
            self.due(start + FIVE + timedelta(seconds=30))
            self.answer()

    def ticks(self, event_id: str = "evening") -> list[TrackingTick]:
        with self.market.units(write=False) as uow:
            return uow.tracking.page(event_id)

    def actions(self) -> list[ActionKind]:
        return [action.kind for tick in self.ticks() for action in tick.actions]

    def audited(self, action: str) -> list[dict[str, str]]:
        with self.market.units(write=False) as uow:
            return [dict(one.detail) for one in uow.audit.page(limit=100_000) if one.action == action]


def begin(course: Course, *, refusing: frozenset[str] = frozenset()) -> None:
    """Meter up to the start, and begin."""
    course.answer(refusing=refusing)
    market = course.market
    first = NOON.replace(hour=0)
    course.due(EVENING.start - timedelta(minutes=20))
    for site_id in SITES:
        values = np.full((EVENING.start - timedelta(minutes=20) - first) // FIVE, 1000.0)
        market.meter(site_id, 500, first, values)
    course.deliver(20, {})


def make_cleared(folder: Path, direction: Direction = Direction.LOAD_DOWN) -> Path:
    """Make the database of the evening as it is once cleared, to be copied."""
    market = make_market(folder)
    clear_evening(market, direction)
    market.units.close()
    return folder / "hub.sqlite"


def clear_evening(market: Market, direction: Direction) -> Course:
    """Enrol the sites, sell the evening, and clear it."""
    product_id = product_for(direction).product_id
    products = tuple(dict.fromkeys(("example-peak-shaving", "example-emergency", product_id)))
    for site_id in SITES:
        market.enrol(site_id, products=products)
    course = Course(market, direction=direction)
    market.open_auction(150.0, product_id=product_id)
    for site_id, kw, price in (("north-1", 100.0, "50"), ("north-2", 50.0, "60")):
        market.bid(site_id, kw, price, bid=step_bid(site_id, kw, price, direction=direction))
    course.stand_by("north-3", 100.0, "90")
    course.due(GATE + timedelta(minutes=1))
    return course


def make_begun(cleared: Path, folder: Path, direction: Direction = Direction.LOAD_DOWN) -> Path:
    """Make the database of the evening at its start, to be copied: both sites have agreed."""
    course = course_from(cleared, folder, direction=direction)
    begin(course)
    course.market.units.close()
    return folder / "hub.sqlite"


def course_from(
    database: Path, folder: Path, *, is_begun: bool = False, direction: Direction = Direction.LOAD_DOWN
) -> Course:
    """Copy the evening, and go on from there."""
    shutil.copy(database, folder / "hub.sqlite")
    clock = ManualClock(EVENING.start + timedelta(seconds=30) if is_begun else GATE + timedelta(minutes=1))
    units = SqlUnitOfWorkFactory(make_engine(f"sqlite:///{folder / 'hub.sqlite'}"), clock)
    sequence = 2000 if is_begun else 1000
    return Course(Market(units, clock, InlinePool()), sequence=sequence, direction=direction)
