"""Any sequence of orders, answers, changes, cancels and clock moves leaves legal states behind."""

import shutil
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from datetime import timedelta
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import TypeVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from support.market import NOON, OPERATOR, RULES, Market, agent_of, make_market, step_bid

from vpp.dispatch.award import AWARD_TRANSITIONS, AwardState
from vpp.dispatch.event import EVENT_TRANSITIONS, EventState
from vpp.dispatch.instruction import INSTRUCTION_TRANSITIONS, OPEN_STATES, Instruction, InstructionState
from vpp.dispatch.instruction import RefusalReason as Reason
from vpp.dispatch.purpose import EventPurpose
from vpp.foundation.clock import ManualClock
from vpp.foundation.errors import VppError
from vpp.foundation.interval import Interval
from vpp.hub.inline_pool import InlinePool
from vpp.storage.engine import make_engine
from vpp.storage.unit_of_work import SqlUnitOfWorkFactory
from vpp.workflows.award_states import award_states
from vpp.workflows.bidding import create_bid
from vpp.workflows.emergencies import create_emergency_event
from vpp.workflows.modifying import cancel_event, update_event
from vpp.workflows.ordering import OrderedCall, create_ordered_event
from vpp.workflows.reporting import SITE_REPORTS, InstructionReport
from vpp.workflows.responding import acknowledge, opt_out, record_status
from vpp.workflows.running import end_event, start_event

QUARTER = timedelta(minutes=15)
SITES = ("north-1", "north-2")
NEXT = {
    InstructionState.CREATED: InstructionState.ACCEPTED,
    InstructionState.DELIVERED: InstructionState.ACCEPTED,
    InstructionState.ACCEPTED: InstructionState.STARTED,
    InstructionState.PARTIAL: InstructionState.STARTED,
    InstructionState.STARTED: InstructionState.COMPLETED,
}
FINAL = {EventState.SETTLED, EventState.CANCELLED, EventState.FAILED}


class Life(RuleBasedStateMachine):
    """Two sites and an operator who do whatever comes to their minds, against the real workflows."""

    template: Path
    folder: Path
    counter = count()

    def __init__(self) -> None:
        super().__init__()
        file = self.folder / f"{next(self.counter)}.sqlite"
        shutil.copy(self.template, file)
        self.engine = make_engine(f"sqlite:///{file}")
        clock = ManualClock(NOON)
        self.market = Market(SqlUnitOfWorkFactory(self.engine, clock), clock, InlinePool())
        self.event_ids: list[str] = []
        self.awards: dict[str, AwardState] = {}
        self.told: dict[str, InstructionState] = {}
        self.audited = 0

    def teardown(self) -> None:
        self.engine.dispose()

    @contextmanager
    def refused_or_done(self) -> Iterator[None]:
        """A refusal is as good as an effect, if it changes nothing."""
        before = self.snapshot()
        try:
            yield
        except VppError:
            assert self.snapshot() == before

    def snapshot(self) -> list[object]:
        return [
            (self.market.event(event_id), self.market.instructions(event_id)) for event_id in self.event_ids
        ]

    def pick(self, event: int, number: int) -> Instruction | None:
        every = self.market.instructions(self.event_ids[event % len(self.event_ids)])
        return every[number % len(every)] if every else None

    @initialize(purpose=st.sampled_from(EventPurpose), quarters=st.integers(2, 3))
    def begin(self, purpose: EventPurpose, quarters: int) -> None:
        self.call(purpose, quarters, 1, 40.0)

    @rule(
        purpose=st.sampled_from(EventPurpose),
        quarters=st.integers(1, 3),
        ahead=st.integers(1, 2),
        kw=st.sampled_from([40.0, 300.0]),
    )
    def call_more(self, purpose: EventPurpose, quarters: int, ahead: int, kw: float) -> None:
        self.call(purpose, quarters, ahead, kw)

    def call(self, purpose: EventPurpose, quarters: int, ahead: int, kw: float) -> None:
        if len(self.event_ids) >= 4:
            return
        now = self.market.clock.now()
        start = now - (now - NOON) % QUARTER + (ahead + 1) * QUARTER
        event_id, delivery = f"event-{len(self.event_ids)}", Interval(start, start + quarters * QUARTER)
        target_kw = (kw,) * quarters
        if purpose.is_ordered:
            call = OrderedCall(purpose, "example-emergency", "north", delivery, target_kw)
            create_ordered_event(self.market.units, OPERATOR, RULES, call, event_id=event_id, request_id="")
        else:
            with suppress(VppError):
                create_emergency_event(
                    self.market.units,
                    OPERATOR,
                    self.market.pool,
                    RULES,
                    event_id=event_id,
                    product_id="example-emergency",
                    zone="north",
                    delivery=delivery,
                    target_reduction_kw=target_kw,
                    price_cap_per_mwh=Decimal(2000),
                    currency="GBP",
                    request_id="",
                )
        with self.market.units(write=False) as uow:
            if uow.events.get(event_id) is not None:
                self.event_ids.append(event_id)

    @precondition(lambda self: self.event_ids)
    @rule(
        event=st.integers(0, 3),
        number=st.integers(0, 9),
        state=st.sampled_from(sorted(InstructionState, key=lambda state: state.value)),
        ago=st.sampled_from([timedelta(0), timedelta(minutes=1), QUARTER]),
    )
    def report(self, event: int, number: int, state: InstructionState, ago: timedelta) -> None:
        instruction = self.pick(event, number)
        if instruction is None:
            return
        said_at = self.market.clock.now() - ago
        report = InstructionReport(instruction.instruction_id, state, Reason.UNSPECIFIED, "", 20.0, said_at)
        site_id = instruction.site_id
        with self.refused_or_done():
            record_status(self.market.units, agent_of(site_id), site_id, report)
            assert state in SITE_REPORTS

    @precondition(lambda self: self.event_ids)
    @rule(event=st.integers(0, 3), everybody=st.booleans())
    def proceed(self, event: int, everybody: bool) -> None:  # noqa: FBT001  hypothesis draws it
        """What agents usually do, so that lives get beyond their beginnings."""
        event_id = self.event_ids[event % len(self.event_ids)]
        for instruction in self.market.instructions(event_id):
            following = NEXT.get(instruction.state)
            if following is not None and (everybody or instruction.site_id == SITES[0]):
                self.market.report(instruction, following)

    @rule(site=st.sampled_from(SITES), sequence=st.integers(0, 6))
    def hold(self, site: str, sequence: int) -> None:
        with self.refused_or_done():
            acknowledge(self.market.units, agent_of(site), site, sequence)

    @precondition(lambda self: self.event_ids)
    @rule(event=st.integers(0, 3), site=st.sampled_from(SITES))
    def leave(self, event: int, site: str) -> None:
        event_id = self.event_ids[event % len(self.event_ids)]
        with self.refused_or_done():
            opt_out(self.market.units, agent_of(site), site, event_id, Reason.MAINTENANCE, "")

    @precondition(lambda self: self.event_ids)
    @rule(event=st.integers(0, 3), kw=st.sampled_from([10.0, 20.0, 40.0, 400.0]), shorten=st.booleans())
    def modify(self, event: int, kw: float, shorten: bool) -> None:  # noqa: FBT001  hypothesis draws it
        event_id = self.event_ids[event % len(self.event_ids)]
        known = self.market.event(event_id)
        span = known.delivery
        if shorten and span.duration > QUARTER:
            span = Interval(span.start, span.end - QUARTER)
        with self.refused_or_done():
            update_event(
                self.market.units,
                OPERATOR,
                event_id,
                target_reduction_kw=(kw,) * (span.duration // QUARTER),
                delivery=span,
                etag="",
                request_id="",
            )

    @precondition(lambda self: self.event_ids)
    @rule(event=st.integers(0, 3))
    def cancel(self, event: int) -> None:
        event_id = self.event_ids[event % len(self.event_ids)]
        with self.refused_or_done():
            cancel_event(self.market.units, OPERATOR, event_id, etag="", request_id="")

    @precondition(lambda self: self.event_ids)
    @rule(event=st.integers(0, 3), ends=st.booleans())
    def hurry(self, event: int, ends: bool) -> None:  # noqa: FBT001  hypothesis draws it
        """A deadline's work at any time, as a hub would do it whose clock is wrong."""
        event_id = self.event_ids[event % len(self.event_ids)]
        if ends:
            end_event(self.market.units, RULES, event_id)
        else:
            start_event(self.market.units, event_id)

    @rule(minutes=st.sampled_from([1, 10, 20, 45]), sleeps=st.booleans())
    def wait(self, minutes: int, sleeps: bool) -> None:  # noqa: FBT001  hypothesis draws it
        """Time passes; the hub may sleep through it and wake up late."""
        until = self.market.clock.now() + timedelta(minutes=minutes)
        if sleeps:
            self.market.clock.advance_to(until)
        self.market.advance(until)

    @invariant()
    def every_recorded_step_is_in_the_tables(self) -> None:
        with self.market.units(write=False) as uow:
            records = uow.audit.page(limit=100_000)
        for record in records[self.audited :]:
            if record.action == "move_event":
                before, after = EventState[record.before["state"]], EventState[record.after["state"]]
                assert after is before or after in EVENT_TRANSITIONS[before]
            elif record.action in {"supersede", "expire_instruction"}:
                was = InstructionState[record.detail["was"]]
                wanted = "SUPERSEDED" if record.action == "supersede" else "EXPIRED"
                assert InstructionState[wanted] in INSTRUCTION_TRANSITIONS[was]
        self.audited = len(records)

    @invariant()
    def a_site_has_one_open_instruction_per_event_and_it_is_the_newest(self) -> None:
        for event_id in self.event_ids:
            newest: dict[str, Instruction] = {}
            for item in sorted(self.market.instructions(event_id), key=lambda one: one.modification_number):
                if item.site_id in newest:
                    assert newest[item.site_id].state not in OPEN_STATES
                newest[item.site_id] = item
            if self.market.event(event_id).state in FINAL - {EventState.SETTLED}:
                assert all(item.state not in OPEN_STATES for item in newest.values())

    @invariant()
    def awards_take_legal_ways(self) -> None:
        with self.market.units(write=False) as uow:
            records = [stored.value for stored in uow.awards.page()]
        now = award_states(self.market.units, records)
        for award_id, state in now.items():
            assert state in _reach(AWARD_TRANSITIONS, self.awards.get(award_id, AwardState.AWARDED))
        self.awards = now

    @invariant()
    def instructions_take_legal_ways(self) -> None:
        for event_id in self.event_ids:
            for item in self.market.instructions(event_id):
                before = self.told.get(item.instruction_id)
                assert before is None or item.state in _reach(INSTRUCTION_TRANSITIONS, before)
                self.told[item.instruction_id] = item.state


State = TypeVar("State")


def _reach(table: Mapping[State, frozenset[State]], first: State) -> set[State]:
    reached, frontier = {first}, [first]
    while frontier:
        for following in table[frontier.pop()] - reached:
            reached.add(following)
            frontier.append(following)
    return reached


@pytest.fixture
def machine(tmp_path: Path) -> type[Life]:
    market = make_market(tmp_path)
    for site_id in SITES:
        market.enrol(site_id, days=1)
        create_bid(
            market.units,
            agent_of(site_id),
            bid=step_bid(site_id, 100.0, "60", intervals=1),
            auction_id=None,
            product_id="example-emergency",
            currency="GBP",
            expires_at=None,
            request_id="",
        )
    template = tmp_path / "template.sqlite"
    with closing(sqlite3.connect(tmp_path / "hub.sqlite")) as connection:
        connection.execute("VACUUM INTO ?", (str(template),))
    return type("LifeHere", (Life,), {"template": template, "folder": tmp_path})


def test_whatever_comes_leaves_legal_states(machine: type[Life]) -> None:
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=10,
            stateful_step_count=30,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
