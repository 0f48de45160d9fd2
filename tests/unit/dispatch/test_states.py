"""The tables of lives are complete, and their ends are ends."""

import enum
from collections.abc import Callable, Mapping

import pytest

from vpp.auction.tender import TENDER_TRANSITIONS, TenderState, check_tender_transition
from vpp.dispatch.award import AWARD_TRANSITIONS, AwardState
from vpp.dispatch.event import EVENT_TRANSITIONS, EventState, check_event_transition
from vpp.dispatch.instruction import (
    INSTRUCTION_TRANSITIONS,
    OPEN_STATES,
    InstructionState,
    check_instruction_transition,
)
from vpp.foundation.errors import WrongState
from vpp.portfolio.enrolment import ENROLMENT_TRANSITIONS, EnrolmentState, check_enrolment_transition

Table = Mapping[enum.Enum, frozenset[enum.Enum]]


def check_award_transition(current: AwardState, wanted: AwardState) -> None:
    """An award has no step of its own to check; its table is read as the others are."""
    if wanted not in AWARD_TRANSITIONS[current]:
        raise WrongState(f"award is {current.name}, cannot become {wanted.name}", state=current.name)


LIVES = [
    pytest.param(AwardState, AWARD_TRANSITIONS, check_award_transition, AwardState.AWARDED, id="award"),
    pytest.param(TenderState, TENDER_TRANSITIONS, check_tender_transition, TenderState.OPEN, id="tender"),
    pytest.param(EventState, EVENT_TRANSITIONS, check_event_transition, EventState.DRAFT, id="event"),
    pytest.param(
        InstructionState,
        INSTRUCTION_TRANSITIONS,
        check_instruction_transition,
        InstructionState.CREATED,
        id="instruction",
    ),
    pytest.param(
        EnrolmentState,
        ENROLMENT_TRANSITIONS,
        check_enrolment_transition,
        EnrolmentState.PENDING,
        id="enrolment",
    ),
]


@pytest.mark.parametrize(("states", "table", "check", "first"), LIVES)
def test_every_state_has_a_row_and_is_reached(
    states: type[enum.Enum], table: Table, check: Callable[..., None], first: enum.Enum
) -> None:
    del check
    assert set(table) == set(states)
    reached, frontier = {first}, [first]
    while frontier:
        for following in table[frontier.pop()] - reached:
            reached.add(following)
            frontier.append(following)
    assert reached == set(states)


@pytest.mark.parametrize(("states", "table", "check", "first"), LIVES)
def test_exactly_the_table_is_allowed(
    states: type[enum.Enum], table: Table, check: Callable[..., None], first: enum.Enum
) -> None:
    del first
    for current in states:
        for wanted in states:
            if wanted in table[current]:
                check(current, wanted)
            else:
                with pytest.raises(WrongState, match=f"is {current.name}, cannot become {wanted.name}"):
                    check(current, wanted)


def test_an_instruction_that_is_over_binds_nobody() -> None:
    over = {state for state, following in INSTRUCTION_TRANSITIONS.items() if not following}
    assert over.isdisjoint(OPEN_STATES)
    # What expired binds nobody either, though an answer given in time may bring it back.
    assert over | OPEN_STATES | {InstructionState.EXPIRED} == set(InstructionState)
    assert InstructionState.EXPIRED not in OPEN_STATES


def test_what_was_agreed_never_expires() -> None:
    agreed = (InstructionState.ACCEPTED, InstructionState.PARTIAL, InstructionState.STARTED)
    assert all(InstructionState.EXPIRED not in INSTRUCTION_TRANSITIONS[state] for state in agreed)


def test_what_is_over_cannot_be_called_off() -> None:
    over = (EventState.ENDED, EventState.MEASURED, EventState.SETTLED, EventState.FAILED)
    assert all(EventState.CANCELLED not in EVENT_TRANSITIONS[state] for state in over)
