"""Start and end of events, as the clock brings them."""

from collections.abc import Sequence
from dataclasses import replace

from vpp.dispatch.event import EventState
from vpp.dispatch.instruction import UNANSWERED, Instruction, InstructionState, asked_from
from vpp.workflows.market_rules import MarketRules
from vpp.workflows.ports import Due, DueKind, Stored, UnitOfWork, UnitOfWorkFactory
from vpp.workflows.recording import HUB, audit_all, move_event, promised
from vpp.workflows.reporting import instructions_of
from vpp.workflows.scoring_sites import owe_scores

AGREED = frozenset({InstructionState.ACCEPTED, InstructionState.PARTIAL, InstructionState.STARTED})
"""Answers of a site that is ready to deliver, or delivers."""
BEFORE_START = frozenset({EventState.OFFERED, EventState.SCHEDULED})


def start_event(units: UnitOfWorkFactory, event_id: str) -> None:
    """Begin delivery; what no site has answered by now expires. Does nothing if it has begun.

    What changes an instruction that its site had agreed to, and what asks for nothing yet, may be answered
    in the event's course: a change just before the start must not make a site that delivers a silent one.
    An answer that was given before the start and is still on its way is booked when it comes: see
    `dispatch.late_answer`.
    """
    with units() as uow:
        stored = promised(uow.events.get(event_id), f"events/{event_id}")
        if stored.value.state not in BEFORE_START or uow.now < stored.value.delivery.start:
            return
        every = instructions_of(uow, event_id)
        had_agreed = {each.value.site_id for each in every if each.value.answer in AGREED}
        _expire_unanswered(
            uow,
            [
                each
                for each in every
                if each.value.site_id not in had_agreed and asked_from(each.value) <= uow.now
            ],
        )
        move_event(uow, stored, replace(stored.value, state=EventState.ACTIVE), HUB)
        uow.due.add(Due(DueKind.EVENT_END, event_id, stored.value.delivery.end))
        uow.commit()


def end_event(units: UnitOfWorkFactory, rules: MarketRules, event_id: str) -> None:
    """End delivery and owe its measurement. Does nothing unless the event is under way and over.

    What was ordered in the event's course and never answered expires: nothing of it can be done any
    more.
    """
    with units() as uow:
        stored = promised(uow.events.get(event_id), f"events/{event_id}")
        if stored.value.state is not EventState.ACTIVE or uow.now < stored.value.delivery.end:
            return
        _expire_unanswered(uow, instructions_of(uow, event_id))
        move_event(uow, stored, replace(stored.value, state=EventState.ENDED), HUB)
        measure_at = stored.value.delivery.end + rules.measurement_allowance
        uow.due.add(Due(DueKind.MEASUREMENT, event_id, measure_at))
        owe_scores(uow, stored.value, rules)
        uow.commit()


def _expire_unanswered(uow: UnitOfWork, instructions: Sequence[Stored[Instruction]]) -> None:
    waiting = [stored for stored in instructions if stored.value.state in UNANSWERED]
    uow.instructions.update_all(
        {
            stored.value.instruction_id: (
                replace(stored.value, state=InstructionState.EXPIRED),
                stored.revision,
            )
            for stored in waiting
        }
    )
    audit_all(
        uow,
        HUB,
        "expire_instruction",
        {
            f"instructions/{stored.value.instruction_id}": {"was": stored.value.state.name}
            for stored in waiting
        },
    )
