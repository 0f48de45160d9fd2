"""Start and end of events, as the clock brings them."""

from dataclasses import replace

from vpp.dispatch.event import EventState
from vpp.dispatch.instruction import InstructionState
from vpp.workflows.market_rules import MarketRules
from vpp.workflows.ports import Due, DueKind, UnitOfWorkFactory
from vpp.workflows.recording import HUB, audit, move_event, promised
from vpp.workflows.responding import instructions_of

UNANSWERED = frozenset({InstructionState.CREATED, InstructionState.DELIVERED})
BEFORE_START = frozenset({EventState.OFFERED, EventState.SCHEDULED})


def start_event(units: UnitOfWorkFactory, event_id: str) -> None:
    """Begin delivery; what no site has answered by now expires. Does nothing if it has begun."""
    with units() as uow:
        stored = promised(uow.events.get(event_id), f"events/{event_id}")
        if stored.value.state not in BEFORE_START or uow.now < stored.value.delivery.start:
            return
        for instruction in instructions_of(uow, event_id):
            if instruction.value.state in UNANSWERED:
                expired = replace(instruction.value, state=InstructionState.EXPIRED)
                uow.instructions.update(expired.instruction_id, expired, revision=instruction.revision)
                audit(uow, HUB, "expire_instruction", f"instructions/{expired.instruction_id}")
        move_event(uow, stored, replace(stored.value, state=EventState.ACTIVE), HUB)
        uow.due.add(Due(DueKind.EVENT_END, event_id, stored.value.delivery.end))
        uow.commit()


def end_event(units: UnitOfWorkFactory, rules: MarketRules, event_id: str) -> None:
    """End delivery and owe its measurement. Does nothing unless the event is under way and over."""
    with units() as uow:
        stored = promised(uow.events.get(event_id), f"events/{event_id}")
        if stored.value.state is not EventState.ACTIVE or uow.now < stored.value.delivery.end:
            return
        move_event(uow, stored, replace(stored.value, state=EventState.ENDED), HUB)
        measure_at = stored.value.delivery.end + rules.measurement_allowance
        uow.due.add(Due(DueKind.MEASUREMENT, event_id, measure_at))
        uow.commit()
