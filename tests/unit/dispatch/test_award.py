"""An award's state is a function of its event's and its site's newest instruction's."""

from vpp.dispatch.award import AWARD_STATES, AWARD_TRANSITIONS, AwardState, award_state
from vpp.dispatch.event import EVENT_TRANSITIONS, EventState
from vpp.dispatch.instruction import INSTRUCTION_TRANSITIONS, InstructionState

Pair = tuple[EventState, InstructionState | None]
IN_ITS_COURSE = {EventState.OFFERED, EventState.SCHEDULED, EventState.ACTIVE}


def following(pair: Pair) -> list[Pair]:
    """List what an event and its site's newest instruction can become in one step."""
    event, instruction = pair
    steps: list[Pair] = [(later, instruction) for later in EVENT_TRANSITIONS[event]]
    if instruction is not None:
        steps += [(event, later) for later in INSTRUCTION_TRANSITIONS[instruction]]
    if event in IN_ITS_COURSE:  # the first instruction, a modification, a top-up
        steps.append((event, InstructionState.CREATED))
    return steps


def reachable() -> list[tuple[Pair, Pair]]:
    """List every step of every pair that can follow a clearing."""
    first: Pair = (EventState.CLEARED, None)
    seen, frontier, steps = {first}, [first], []
    while frontier:
        pair = frontier.pop()
        for later in following(pair):
            steps.append((pair, later))
            if later not in seen:
                seen.add(later)
                frontier.append(later)
    return steps


def test_every_pair_has_an_entry() -> None:
    assert set(AWARD_STATES) == {
        (event, instruction) for event in EventState for instruction in (None, *InstructionState)
    }


def test_there_is_no_award_before_the_clearing_and_always_one_after() -> None:
    before = {EventState.DRAFT, EventState.OPEN, EventState.GATE_CLOSED}
    for (event, _), state in AWARD_STATES.items():
        assert (state is None) == (event in before)


def test_along_every_legal_path_the_award_makes_only_legal_steps() -> None:
    steps = reachable()
    assert len({pair for pair, _ in steps}) > 60
    for before, after in steps:
        old, new = award_state(*before), award_state(*after)
        assert old is not None
        assert new is not None
        assert new is old or new in AWARD_TRANSITIONS[old], (before, after)


def test_every_step_of_the_table_is_made_on_some_path() -> None:
    made = {(award_state(*before), award_state(*after)) for before, after in reachable()}
    for old, allowed in AWARD_TRANSITIONS.items():
        for new in allowed:
            assert (old, new) in made


def test_what_the_event_settles_no_answer_changes() -> None:
    for instruction in (None, *InstructionState):
        assert award_state(EventState.CANCELLED, instruction) is AwardState.CANCELLED
        assert award_state(EventState.SETTLED, instruction) is AwardState.SETTLED
