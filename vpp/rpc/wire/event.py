"""Events, instructions and their status on the wire."""

from collections.abc import Mapping

from vpp.dispatch.event import Event
from vpp.dispatch.instruction import Instruction, InstructionState, RefusalReason
from vpp.foundation.names import name, resource_name
from vpp.rpc.wire.enum_fields import member
from vpp.rpc.wire.money_fields import money
from vpp.rpc.wire.time_fields import duration, interval_message, timestamp
from vpp.v1 import event_pb2 as pb
from vpp.workflows.ports import Stored
from vpp.workflows.watching import EventStatus


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
    )


def instruction_message(stored: Stored[Instruction], baseline_kw: tuple[float, ...] = ()) -> pb.Instruction:
    """Write an instruction.

    Args:
        stored: The instruction.
        baseline_kw: Baseline per delivery interval, kW; empty if it is not known yet.
    """
    instruction = stored.value
    return pb.Instruction(
        name=name("instructions", instruction.instruction_id),
        event=name("events", instruction.event_id),
        site=name("sites", instruction.site_id),
        delivery_interval=interval_message(instruction.delivery),
        settlement_interval=duration(instruction.interval),
        target_reduction_kw=instruction.target_reduction_kw,
        resource_targets=[
            pb.ResourceTarget(
                resource=resource_name(instruction.site_id, target.resource_id),
                reduction_kw=target.reduction_kw,
            )
            for target in instruction.resource_targets
        ],
        baseline_kw=baseline_kw,
        modification_number=instruction.modification_number,
        expire_time=timestamp(instruction.expires_at),
        state=pb.Instruction.State.Value(f"STATE_{instruction.state.name}"),
        reason=pb.Instruction.Reason.Value(f"REASON_{instruction.reason.name}"),
        reason_detail=instruction.reason_detail,
        accepted_reduction_kw=instruction.accepted_reduction_kw or 0.0,
        create_time=timestamp(stored.created_at),
        update_time=timestamp(stored.updated_at),
        purpose=pb.Event.Purpose.Value(f"PURPOSE_{instruction.purpose.name}"),
        start_offset=duration(instruction.start_offset) if instruction.start_offset else None,
        release_offset=duration(instruction.release_offset) if instruction.release_offset else None,
    )


def instruction_state(number: pb.Instruction.State.ValueType, field: str) -> InstructionState:
    """Read the state of an instruction."""
    return member(InstructionState, pb.Instruction.State.Name(number), "STATE_", field)


def refusal_reason(number: pb.Instruction.Reason.ValueType, field: str) -> RefusalReason:
    """Read why a site refuses, delivers less or stops."""
    return member(RefusalReason, pb.Instruction.Reason.Name(number), "REASON_", field)


def status_message(status: EventStatus, currency: str) -> pb.WatchEventResponse:
    """Write the status of an event at one instant."""
    return pb.WatchEventResponse(
        event=event_message(status.event, currency),
        instruction_counts=_counts(status.instruction_counts),
        present_target_kw=status.present_target_kw,
        present_delivered_kw=status.present_delivered_kw,
        target_energy_kwh=status.target_energy_kwh,
        delivered_energy_kwh=status.delivered_energy_kwh,
        status_time=timestamp(status.status_at),
    )


def _counts(counts: Mapping[InstructionState, int]) -> list[pb.InstructionCount]:
    return [
        pb.InstructionCount(
            state=pb.Instruction.State.Value(f"STATE_{state.name}"), instruction_count=counts[state]
        )
        for state in InstructionState
        if counts.get(state)
    ]
