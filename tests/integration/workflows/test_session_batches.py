"""What many sites said, in one transaction: each item has its own outcome, and none spoils another."""

from dataclasses import replace
from datetime import timedelta

import pytest
from support.market import EVENING, GATE, NOON, OPERATOR, Market, agent_of

from vpp.dispatch.event import EventState
from vpp.dispatch.instruction import InstructionState, RefusalReason
from vpp.foundation.errors import BrokenPromise, InvalidInput, NotFound, NotPermitted, Overloaded, WrongState
from vpp.workflows.owed_deliveries import close_over, open_messages, read_owed
from vpp.workflows.ports import UnitOfWork
from vpp.workflows.reporting import InstructionReport
from vpp.workflows.session_batches import apply_item, apply_items
from vpp.workflows.session_items import Answer, Greeting, Holding, OptingOut, SessionFacts, SessionItem

ACCEPTED = InstructionState.ACCEPTED


@pytest.fixture
def instructed(market: Market) -> Market:
    """Sites a and b have an invitation, an award notice and an instruction each."""
    market.enrol("a", days=1)
    market.enrol("b", days=1)
    market.open_auction(300.0)
    market.bid("a", 150.0, "50")
    market.bid("b", 150.0, "60")
    market.advance(GATE)
    return market


def answer(site_id: str, state: InstructionState = ACCEPTED, *, of: str | None = None) -> Answer:
    report = InstructionReport(f"evening-m0-{of or site_id}", state, RefusalReason.UNSPECIFIED, "", 0.0, GATE)
    return Answer(agent_of(site_id), site_id, report)


def holding(site_id: str, sequence: int) -> Holding:
    return Holding(agent_of(site_id), site_id, sequence)


def greeting(site_id: str, sequence: int = 0) -> Greeting:
    return Greeting(agent_of(site_id), site_id, sequence)


def states(market: Market) -> dict[str, InstructionState]:
    return {instruction.site_id: instruction.state for instruction in market.instructions()}


def actions(market: Market, since: int) -> list[tuple[str, str]]:
    with market.units(write=False) as uow:
        return [(record.actor, record.action) for record in uow.audit.page(after=since)]


def record_count(market: Market) -> int:
    with market.units(write=False) as uow:
        return len(uow.audit.page(limit=10_000))


def test_everything_that_was_said_is_booked_together(instructed: Market) -> None:
    before = record_count(instructed)
    outcomes = apply_items(
        instructed.units,
        [greeting("a", 1), holding("b", 2), holding("b", 3), answer("b"), answer("a"), holding("a", 3)],
    )
    assert isinstance(outcomes[0], SessionFacts)
    assert (outcomes[0].site.site_id, outcomes[0].hub_time) == ("a", GATE)
    assert outcomes[1:] == [None] * 5
    assert states(instructed) == {"a": ACCEPTED, "b": ACCEPTED}
    assert instructed.event().state is EventState.SCHEDULED
    with instructed.units(write=False) as uow:
        assert uow.outbox.open_all(["a", "b"]) == []
    # Delivered before it is answered, each exactly once; the buyer's chain says when the event moved on.
    done = actions(instructed, before)
    assert len(done) == 7
    for who, what in (
        ("sites/a", ["deliver", "report_instruction"]),
        ("sites/b", ["deliver", "report_instruction"]),
        ("hub", ["move_event", "move_event"]),
        ("agent-a", ["welcome"]),
    ):
        assert [action for actor, action in done if actor == who] == what
    with instructed.units(write=False) as uow:
        told = {
            one.subject: (one.person, one.roles)
            for one in uow.audit.page(after=before)
            if one.action == "deliver"
        }
    assert told == {
        f"instructions/evening-m0-{site}": (agent_of(site).person, ("site_agent",)) for site in ("a", "b")
    }


def test_a_site_may_say_several_things_about_one_instruction(instructed: Market) -> None:
    apply_items(instructed.units, [answer("a"), answer("b")])
    instructed.advance(EVENING.start)
    before = record_count(instructed)
    said = [InstructionState.STARTED, InstructionState.STARTED, InstructionState.COMPLETED]
    outcomes = apply_items(instructed.units, [answer("a", state) for state in said])
    assert outcomes == [None, None, None]
    assert states(instructed)["a"] is InstructionState.COMPLETED
    assert actions(instructed, before) == [("sites/a", "report_instruction")] * 2


BAD: list[tuple[SessionItem, type[Exception], str]] = [
    (holding("a", 4), InvalidInput, "held_sequence is 4, expected at most 3"),
    (holding("a", 2**63 - 1), InvalidInput, "expected at most 3"),
    (greeting("a", 99), InvalidInput, "resume_sequence is 99, expected at most 3"),
    (greeting("zzz"), NotFound, "sites/zzz does not exist"),
    (Greeting(agent_of("b"), "a", 0), NotPermitted, "sites/a is not yours"),
    (Holding(agent_of("b"), "a", 1), NotPermitted, "sites/a is not yours"),
    (replace(answer("a"), principal=agent_of("b")), NotPermitted, "sites/a is not yours"),
    (answer("a", of="b"), NotFound, "instructions/evening-m0-b does not exist"),
    (answer("a", of="nothing"), NotFound, "instructions/evening-m0-nothing does not exist"),
    (answer("a", InstructionState.DELIVERED), InvalidInput, "state is DELIVERED"),
    (answer("a", InstructionState.COMPLETED), WrongState, "cannot become COMPLETED"),
    (OptingOut(agent_of("a"), "a", "nothing", RefusalReason.MAINTENANCE, ""), NotFound, "events/nothing"),
]


@pytest.mark.parametrize(("bad", "kind", "text"), BAD, ids=[text for _, _, text in BAD])
def test_what_cannot_be_booked_keeps_nothing_else_from_it(
    instructed: Market, bad: SessionItem, kind: type[Exception], text: str
) -> None:
    before = record_count(instructed)
    outcomes = apply_items(instructed.units, [holding("b", 3), bad, answer("b")])
    assert (outcomes[0], outcomes[2]) == (None, None)
    assert isinstance(outcomes[1], kind)
    assert text in str(outcomes[1])
    assert states(instructed) == {"a": InstructionState.CREATED, "b": ACCEPTED}
    assert actions(instructed, before) == [("sites/b", "deliver"), ("sites/b", "report_instruction")]
    with pytest.raises(kind, match="is"):
        raise outcomes[1]


def test_who_speaks_for_a_party_is_asked_whose_site_it_is(instructed: Market) -> None:
    owner = replace(agent_of("a"), site_id=None)
    outcomes = apply_items(instructed.units, [Holding(owner, "a", 1), Holding(owner, "b", 1)])
    assert outcomes[0] is None
    assert isinstance(outcomes[1], NotPermitted)


def test_a_defect_in_one_item_is_found_alone(instructed: Market) -> None:
    """An event that an instruction refers to has gone: the transaction of all fails, each is tried alone."""

    class Broken:
        """Units whose instructions cannot be answered once b's is among them."""

        def __call__(self, *, write: bool = True) -> UnitOfWork:
            uow = instructed.units(write=write)
            enter = uow.__enter__

            class Guarded(type(uow)):  # type: ignore[misc]  # a class made for one object
                def __enter__(self) -> UnitOfWork:
                    enter()
                    write_answers = self.instructions.answer_all

                    def answer_all(changes: dict[str, object]) -> None:
                        if "evening-m0-b" in changes:
                            raise BrokenPromise("evening-m0-b cannot be written")
                        write_answers(changes)

                    self.instructions.answer_all = answer_all
                    return self

            uow.__class__ = Guarded
            return uow

    outcomes = apply_items(Broken(), [holding("b", 3), answer("a"), answer("b"), holding("a", 3)])
    assert [type(outcome) for outcome in outcomes] == [type(None), type(None), BrokenPromise, type(None)]
    assert states(instructed) == {"a": ACCEPTED, "b": InstructionState.DELIVERED}
    with pytest.raises(BrokenPromise):
        apply_item(Broken(), answer("b"))


def test_a_database_that_takes_nothing_is_not_the_items_fault() -> None:
    def busy(*, write: bool = True) -> UnitOfWork:
        del write
        raise Overloaded("the database takes no work now")

    with pytest.raises(Overloaded):
        apply_items(busy, [holding("a", 1), holding("b", 1)])


def test_opting_out_follows_what_the_site_said_before(instructed: Market) -> None:
    leaving = OptingOut(agent_of("a"), "a", "evening", RefusalReason.MAINTENANCE, "pump")
    outcomes = apply_items(instructed.units, [answer("a"), leaving, leaving])
    assert outcomes[:2] == [None, None]
    assert isinstance(outcomes[2], NotFound)
    assert states(instructed)["a"] is InstructionState.REFUSED
    instructed.advance(EVENING.start)
    (outcome,) = apply_items(
        instructed.units, [OptingOut(agent_of("b"), "b", "evening", RefusalReason.MAINTENANCE, "")]
    )
    assert isinstance(outcome, WrongState)


def test_an_instruction_that_came_too_late_is_closed_and_not_sent(instructed: Market) -> None:
    messages = open_messages(instructed.units, {"a": 0, "b": 2})
    assert [(message.site_id, message.sequence) for message in messages] == [
        ("a", 1),
        ("a", 2),
        ("a", 3),
        ("b", 3),
    ]
    owed = read_owed(instructed.units, messages)
    assert ([each.message for each in owed.deliveries], owed.over) == (messages, [])
    instructed.clock.advance_to(EVENING.end)
    owed = read_owed(instructed.units, messages)
    assert [(each.message.site_id, each.sequence) for each in owed.deliveries] == [("a", 1), ("a", 2)]
    assert owed.over == messages[2:]
    before = record_count(instructed)
    close_over(instructed.units, owed.over)
    close_over(instructed.units, owed.over)
    assert states(instructed) == dict.fromkeys("ab", InstructionState.EXPIRED)
    done = [action for _, action in actions(instructed, before)]
    assert sorted(done[:4]) == ["close_unsent", "close_unsent", "expire_instruction", "expire_instruction"]
    assert done[4:] == ["close_unsent", "close_unsent"]
    with instructed.units(write=False) as uow:
        assert [message.sequence for message in uow.outbox.open("a")] == [1, 2]


def test_the_owner_of_a_site_without_a_session_is_nobody(instructed: Market) -> None:
    """A buyer may not say a word for a site."""
    (outcome,) = apply_items(instructed.units, [Holding(OPERATOR, "a", 1)])
    assert isinstance(outcome, NotPermitted)
    assert NOON + timedelta(hours=2) == GATE
