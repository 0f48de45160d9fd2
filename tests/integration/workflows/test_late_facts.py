"""What arrives late, on a real database: answers, starts, changes and cancels."""

from datetime import datetime, timedelta

import pytest
from support.market import EVENING, GATE, OPERATOR, RULES, Market, agent_of

from vpp.dispatch.award import AwardState
from vpp.dispatch.event import EventState
from vpp.dispatch.instruction import Instruction, InstructionState, RefusalReason
from vpp.dispatch.late_answer import ANSWER_GRACE
from vpp.foundation.errors import StaleWrite, WrongState
from vpp.foundation.interval import Interval
from vpp.workflows.award_states import award_states
from vpp.workflows.delivery_contents import CancellationContent, InstructionContent
from vpp.workflows.modifying import cancel_event, update_event
from vpp.workflows.reporting import InstructionReport
from vpp.workflows.responding import open_deliveries, record_status
from vpp.workflows.running import end_event, start_event

SECOND = timedelta(seconds=1)
STATE = InstructionState


@pytest.fixture
def cleared(market: Market) -> Market:
    """An evening of 150 kW bought from two sites: 100 and 50 kW."""
    market.open_auction(150.0)
    market.bid("north-1", 100.0, "60")
    market.bid("north-2", 100.0, "90")
    market.advance(GATE + timedelta(minutes=1))
    return market


def say(market: Market, instruction: Instruction, state: InstructionState, at: datetime) -> None:
    report = InstructionReport(instruction.instruction_id, state, RefusalReason.UNSPECIFIED, "", 0.0, at)
    record_status(market.units, agent_of(instruction.site_id), instruction.site_id, report)


def states(market: Market, modification: int = 0) -> dict[str, InstructionState]:
    return {
        item.site_id: item.state for item in market.instructions() if item.modification_number == modification
    }


def modify(market: Market, kw: float, *, etag: str = "") -> None:
    update_event(
        market.units,
        OPERATOR,
        "evening",
        target_reduction_kw=(kw,) * 8,
        delivery=None,
        etag=etag,
        request_id="",
    )


def awards(market: Market) -> dict[str, AwardState]:
    with market.units(write=False) as uow:
        records = [stored.value for stored in uow.awards.page()]
    found = award_states(market.units, records)
    return {each.site_id: found[each.award_id] for each in records}


def test_an_answer_under_way_at_the_start_counts_when_it_arrives(cleared: Market) -> None:
    first, second = cleared.instructions()
    cleared.advance(EVENING.start + 3 * SECOND)
    assert states(cleared) == {"north-1": STATE.EXPIRED, "north-2": STATE.EXPIRED}
    assert awards(cleared) == {"north-1": AwardState.LAPSED, "north-2": AwardState.LAPSED}
    say(cleared, first, STATE.ACCEPTED, EVENING.start - SECOND)
    say(cleared, first, STATE.STARTED, EVENING.start)
    say(cleared, second, STATE.ACCEPTED, EVENING.start + SECOND)
    assert states(cleared) == {"north-1": STATE.STARTED, "north-2": STATE.EXPIRED}
    assert awards(cleared) == {"north-1": AwardState.DELIVERING, "north-2": AwardState.LAPSED}
    assert {item.site_id: item.answer for item in cleared.instructions()} == {
        "north-1": STATE.STARTED,
        "north-2": STATE.ACCEPTED,  # known, and of no effect
    }
    with cleared.units(write=False) as uow:
        booked = [(record.action, record.detail.get("was")) for record in uow.audit.page()]
    assert ("report_instruction", "EXPIRED") in booked
    assert ("late_answer", "EXPIRED") in booked


def test_a_hub_that_was_down_over_the_start_still_takes_the_answers_given_before(cleared: Market) -> None:
    first, second = cleared.instructions()
    cleared.clock.advance_to(EVENING.start + timedelta(minutes=40))
    start_event(cleared.units, "evening")
    say(cleared, first, STATE.ACCEPTED, EVENING.start - SECOND)
    cleared.clock.advance_to(EVENING.start + timedelta(minutes=40) + ANSWER_GRACE)
    say(cleared, second, STATE.ACCEPTED, EVENING.start - SECOND)
    assert states(cleared) == {"north-1": STATE.ACCEPTED, "north-2": STATE.EXPIRED}


def test_a_cancel_keeps_every_answer_and_hears_later_ones(cleared: Market) -> None:
    first, second = cleared.instructions()
    say(cleared, first, STATE.ACCEPTED, cleared.clock.now())
    cancel_event(cleared.units, OPERATOR, "evening", etag="", request_id="")
    say(cleared, second, STATE.PARTIAL, cleared.clock.now())
    say(cleared, second, STATE.PARTIAL, cleared.clock.now())
    found = {item.site_id: (item.state, item.answer) for item in cleared.instructions()}
    assert found == {
        "north-1": (STATE.SUPERSEDED, STATE.ACCEPTED),
        "north-2": (STATE.SUPERSEDED, STATE.PARTIAL),
    }
    assert cleared.event().state is EventState.CANCELLED
    assert set(awards(cleared).values()) == {AwardState.CANCELLED}
    with cleared.units(write=False) as uow:
        assert sum(record.action == "late_answer" for record in uow.audit.page()) == 1


def test_who_did_not_answer_in_time_is_told_of_changes_all_the_same(cleared: Market) -> None:
    """It may have agreed and be cut off since."""
    cleared.advance(EVENING.start + SECOND)
    modify(cleared, 75.0)
    assert states(cleared) == {"north-1": STATE.SUPERSEDED, "north-2": STATE.SUPERSEDED}
    assert states(cleared, 1) == {"north-1": STATE.CREATED, "north-2": STATE.CREATED}
    # The old one is over for good: an answer to it would be an answer to what nobody asks any more.
    first = cleared.instructions()[0]
    say(cleared, first, STATE.ACCEPTED, EVENING.start - SECOND)
    assert states(cleared)[first.site_id] is STATE.SUPERSEDED
    cancel_event(cleared.units, OPERATOR, "evening", etag="", request_id="")
    for site_id in ("north-1", "north-2"):
        last = open_deliveries(cleared.units, site_id)[-1]
        assert isinstance(last.content, CancellationContent)


def test_a_cancel_reaches_who_did_not_answer_in_time(cleared: Market) -> None:
    cleared.advance(EVENING.start + SECOND)
    cancel_event(cleared.units, OPERATOR, "evening", etag="", request_id="")
    assert isinstance(open_deliveries(cleared.units, "north-1")[-1].content, CancellationContent)


def test_a_lower_target_is_lower_for_the_site_that_refused_too(cleared: Market) -> None:
    """Nobody is held to what is not asked for any more; and nobody who said no is asked again."""
    first, second = cleared.instructions()
    say(cleared, first, STATE.REFUSED, cleared.clock.now())
    say(cleared, second, STATE.ACCEPTED, cleared.clock.now())
    before = len(open_deliveries(cleared.units, "north-1"))
    modify(cleared, 75.0)
    newest = {item.site_id: item for item in cleared.instructions() if item.modification_number == 1}
    assert newest["north-1"].target_reduction_kw == pytest.approx((50.0,) * 8)
    assert (newest["north-1"].state, newest["north-1"].answer) == (STATE.REFUSED, STATE.REFUSED)
    assert newest["north-2"].state is STATE.CREATED
    assert len(open_deliveries(cleared.units, "north-1")) == before
    assert isinstance(open_deliveries(cleared.units, "north-2")[-1].content, InstructionContent)
    assert awards(cleared) == {"north-1": AwardState.REFUSED, "north-2": AwardState.OFFERED}
    say(cleared, newest["north-2"], STATE.ACCEPTED, cleared.clock.now())
    assert cleared.event().state is EventState.SCHEDULED


def test_what_was_ordered_in_the_course_and_never_answered_expires_at_the_end(cleared: Market) -> None:
    for item in cleared.instructions():
        say(cleared, item, STATE.ACCEPTED, cleared.clock.now())
    cleared.advance(EVENING.start + timedelta(minutes=20))
    modify(cleared, 75.0)
    newest = [item for item in cleared.instructions() if item.modification_number == 1]
    say(cleared, newest[0], STATE.ACCEPTED, cleared.clock.now())
    cleared.clock.advance_to(EVENING.end)
    end_event(cleared.units, RULES, "evening")
    assert states(cleared, 1) == {"north-1": STATE.ACCEPTED, "north-2": STATE.EXPIRED}
    end_event(cleared.units, RULES, "evening")  # once more changes nothing
    assert cleared.event().state is EventState.ENDED
    say(cleared, newest[0], STATE.STARTED, EVENING.end - SECOND)  # it was cut off, and tells afterwards
    say(cleared, newest[0], STATE.COMPLETED, EVENING.end)
    assert awards(cleared) == {"north-1": AwardState.DELIVERED, "north-2": AwardState.LAPSED}


def test_changes_after_the_end_are_refused_even_if_the_hub_has_not_taken_note_of_it(cleared: Market) -> None:
    cleared.advance(EVENING.start + SECOND)
    cleared.clock.advance_to(EVENING.end)
    before = cleared.event(), cleared.instructions()
    assert before[0].state is EventState.ACTIVE
    with pytest.raises(WrongState, match="no longer be cancelled"):
        cancel_event(cleared.units, OPERATOR, "evening", etag="", request_id="")
    with pytest.raises(WrongState, match="no longer be modified"):
        modify(cleared, 75.0)
    assert (cleared.event(), cleared.instructions()) == before
    end_event(cleared.units, RULES, "evening")
    with pytest.raises(WrongState, match="is ENDED, cannot become CANCELLED"):
        cancel_event(cleared.units, OPERATOR, "evening", etag="", request_id="")


def test_a_change_prepared_on_an_older_copy_is_refused(cleared: Market) -> None:
    with cleared.units(write=False) as uow:
        stored = uow.events.get("evening")
        assert stored is not None
    modify(cleared, 120.0, etag=str(stored.revision))
    before = cleared.event(), cleared.instructions()
    with pytest.raises(StaleWrite, match="read again"):
        modify(cleared, 75.0, etag=str(stored.revision))
    with pytest.raises(StaleWrite, match="read again"):
        cancel_event(cleared.units, OPERATOR, "evening", etag=str(stored.revision), request_id="")
    assert (cleared.event(), cleared.instructions()) == before


def test_a_start_that_comes_after_the_end_ends_at_once(cleared: Market) -> None:
    for item in cleared.instructions():
        say(cleared, item, STATE.ACCEPTED, cleared.clock.now())
    cleared.clock.advance_to(EVENING.end + timedelta(hours=1))
    cleared.advance(EVENING.end + timedelta(hours=1))
    assert cleared.event().state in {EventState.ENDED, EventState.MEASURED, EventState.SETTLED}
    assert set(states(cleared).values()) == {STATE.ACCEPTED}


def test_a_change_just_before_the_start_may_be_answered_after_it(cleared: Market) -> None:
    first, _ = cleared.instructions()
    say(cleared, first, STATE.ACCEPTED, cleared.clock.now())
    cleared.advance(EVENING.start - SECOND)
    modify(cleared, 120.0)
    cleared.advance(EVENING.start + 3 * SECOND)
    assert cleared.event().state is EventState.ACTIVE
    # Who had agreed delivers on, and says so in a moment; who never answered is written off.
    assert states(cleared, 1) == {"north-1": STATE.CREATED, "north-2": STATE.EXPIRED}
    changed = next(
        each for each in cleared.instructions() if (each.site_id, each.modification_number) == ("north-1", 1)
    )
    say(cleared, changed, STATE.ACCEPTED, EVENING.start + 3 * SECOND)
    say(cleared, changed, STATE.STARTED, EVENING.start + 3 * SECOND)
    assert awards(cleared) == {"north-1": AwardState.DELIVERING, "north-2": AwardState.LAPSED}


def test_a_shortened_event_ends_earlier(cleared: Market) -> None:
    cleared.advance(EVENING.start + timedelta(minutes=5))
    end = EVENING.start + timedelta(minutes=30)
    update_event(
        cleared.units,
        OPERATOR,
        "evening",
        target_reduction_kw=None,
        delivery=Interval(EVENING.start, end),
        etag="",
        request_id="",
    )
    cleared.advance(end)
    assert cleared.event().state is EventState.ENDED
