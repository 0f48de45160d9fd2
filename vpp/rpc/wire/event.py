"""Events, instructions and their status on the wire."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import lru_cache
from types import MappingProxyType

from vpp.dispatch.event import Event
from vpp.dispatch.instruction import Instruction, InstructionState, RefusalReason
from vpp.dispatch.purpose import EventPurpose
from vpp.foundation.direction import Direction
from vpp.foundation.interval import Interval
from vpp.foundation.names import checked_id, name
from vpp.rpc.wire.direction_field import direction_value
from vpp.rpc.wire.enum_fields import member
from vpp.rpc.wire.money_fields import money
from vpp.rpc.wire.time_fields import duration, interval_message, timestamp
from vpp.v1 import event_pb2 as pb
from vpp.workflows.ports import Stored

_STATES: Mapping[InstructionState, pb.Instruction.State.ValueType] = MappingProxyType(
    {state: pb.Instruction.State.Value(f"STATE_{state.name}") for state in InstructionState}
)
_REASONS: Mapping[RefusalReason, pb.Instruction.Reason.ValueType] = MappingProxyType(
    {reason: pb.Instruction.Reason.Value(f"REASON_{reason.name}") for reason in RefusalReason}
)


def event_message(stored: Stored[Event], currency: str) -> pb.Event:
    """Write an event; its price is in the product's currency."""
    event = stored.value
    return pb.Event(
        name=name("events", event.event_id),
        product=name("products", event.product_id),
        zone=event.zone,
        delivery_interval=interval_message(event.delivery),
        target_reduction_kw=event.target_reduction_kw,
        cap_price_per_mwh=money(event.price_cap_per_mwh, currency),
        auction="" if event.auction_id is None else name("auctions", event.auction_id),
        awarded_reduction_kw=event.awarded_reduction_kw,
        state=pb.Event.State.Value(f"STATE_{event.state.name}"),
        failure_reason=event.failure_reason,
        modification_number=event.modification_number,
        create_time=timestamp(stored.created_at),
        update_time=timestamp(stored.updated_at),
        etag=str(stored.revision),
        purpose=pb.Event.Purpose.Value(f"PURPOSE_{event.purpose.name}"),
        sites=[name("sites", site_id) for site_id in event.site_ids],
        direction=direction_value(event.direction),
    )


def instruction_message(stored: Stored[Instruction], baseline_kw: tuple[float, ...] = ()) -> pb.Instruction:
    """Write an instruction.

    Args:
        stored: The instruction.
        baseline_kw: Baseline per delivery interval, kW; empty if it is not known yet.
    """
    message = pb.Instruction()
    write_instruction(message, stored, baseline_kw)
    return message


def write_instruction(
    message: pb.Instruction, stored: Stored[Instruction], baseline_kw: tuple[float, ...]
) -> None:
    """Write an instruction into an empty message; the arguments are those of `instruction_message`."""
    instruction = stored.value
    delivery = instruction.delivery
    message.MergeFrom(
        _shared_part(
            instruction.event_id,
            instruction.modification_number,
            delivery.start,
            delivery.end,
            instruction.interval,
            instruction.expires_at,
            instruction.purpose,
            instruction.direction,
            stored.created_at,
            stored.updated_at,
        )
    )
    message.name = name("instructions", instruction.instruction_id)
    message.site = site = name("sites", instruction.site_id)
    message.target_reduction_kw.extend(instruction.target_reduction_kw)
    for target in instruction.resource_targets:
        message.resource_targets.add(
            resource=f"{site}/resources/{checked_id(target.resource_id, 'resources')}",
            reduction_kw=target.reduction_kw,
        )
    if baseline_kw:
        message.baseline_kw.extend(baseline_kw)
    message.state = _STATES[instruction.state]
    message.reason = _REASONS[instruction.reason]
    if instruction.reason_detail:
        message.reason_detail = instruction.reason_detail
    if instruction.accepted_reduction_kw:
        message.accepted_reduction_kw = instruction.accepted_reduction_kw
    if instruction.start_offset:
        message.start_offset.FromTimedelta(instruction.start_offset)
    if instruction.release_offset:
        message.release_offset.FromTimedelta(instruction.release_offset)
    if instruction.answer is not None:
        message.answer = _STATES[instruction.answer]


@lru_cache(256)
def _shared_part(  # noqa: PLR0913, PLR0917  what the instructions of one event have in common
    event_id: str,
    modification_number: int,
    start: datetime,
    end: datetime,
    step: timedelta,
    expires_at: datetime,
    purpose: EventPurpose,
    direction: Direction,
    created_at: datetime,
    updated_at: datetime,
) -> pb.Instruction:
    """Write it once for thousands of sites; whoever gets it merges it and changes nothing."""
    return pb.Instruction(
        event=name("events", event_id),
        delivery_interval=interval_message(Interval(start, end)),
        settlement_interval=duration(step),
        modification_number=modification_number,
        expire_time=timestamp(expires_at),
        create_time=timestamp(created_at),
        update_time=timestamp(updated_at),
        purpose=pb.Event.Purpose.Value(f"PURPOSE_{purpose.name}"),
        direction=direction_value(direction),
    )


def event_purpose(number: pb.Event.Purpose.ValueType, field: str) -> EventPurpose:
    """Read why an event calls sites; an unspecified purpose is a market's."""
    if number == pb.Event.PURPOSE_UNSPECIFIED:
        return EventPurpose.MARKET
    return member(EventPurpose, pb.Event.Purpose.Name(number), "PURPOSE_", field)


def refusal_reason(number: pb.Instruction.Reason.ValueType, field: str) -> RefusalReason:
    """Read why a site refuses, delivers less or stops."""
    return member(RefusalReason, pb.Instruction.Reason.Name(number), "REASON_", field)
