"""What agents say often, checked by hand: the schema's own rules cost ten times as much per message.

The rules are those of `session.proto`; a contract test gives both the same messages.
"""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType

from google.protobuf.timestamp_pb2 import Timestamp

from vpp.dispatch.instruction import InstructionState, RefusalReason
from vpp.foundation.errors import InvalidInput
from vpp.foundation.names import identifier
from vpp.rpc.wire.time_fields import clock_reading
from vpp.v1 import event_pb2
from vpp.v1 import session_pb2 as pb
from vpp.workflows.reporting import InstructionReport

MAX_DETAIL_LENGTH = 1000
MAX_REDUCTION_KW = 10_000_000.0

_STATES: Mapping[int, InstructionState] = MappingProxyType(
    {
        event_pb2.Instruction.State.Value(f"STATE_{state.name}"): state
        for state in InstructionState
        if f"STATE_{state.name}" in event_pb2.Instruction.State.keys()  # noqa: SIM118  a wrapper, not a dict
    }
)
_REASONS: Mapping[int, RefusalReason] = MappingProxyType(
    {event_pb2.Instruction.Reason.Value(f"REASON_{reason.name}"): reason for reason in RefusalReason}
)


def held_sequence(message: pb.Acknowledgement) -> int:
    """Read up to where a site holds its deliveries.

    Raises:
        InvalidInput: It is below 1.
    """
    if message.held_sequence < 1:
        raise InvalidInput(
            f"acknowledgement.held_sequence is {message.held_sequence}, expected at least 1",
            field="acknowledgement.held_sequence",
        )
    return message.held_sequence


def heartbeat_at(message: pb.Heartbeat) -> datetime:
    """Read what the agent's clock shows.

    Raises:
        InvalidInput: It is missing, or outside the years 1 to 9999.
    """
    return _required_time(message, "agent_time", "heartbeat.agent_time")


def report(message: pb.InstructionStatus) -> InstructionReport:
    """Read what a site says about an instruction.

    Raises:
        InvalidInput: A field is missing or out of range.
    """
    state = _STATES.get(message.state)
    if state is None:
        raise InvalidInput(
            f"instruction_status.state is {message.state}, expected one of "
            f"{', '.join(known.name for known in _STATES.values())}",
            field="instruction_status.state",
        )
    reason = _REASONS.get(message.reason)
    if reason is None:
        raise InvalidInput(
            f"instruction_status.reason is {message.reason}, expected one of "
            f"{', '.join(known.name for known in _REASONS.values())}",
            field="instruction_status.reason",
        )
    if len(message.reason_detail) > MAX_DETAIL_LENGTH:
        raise InvalidInput(
            f"instruction_status.reason_detail has {len(message.reason_detail)} characters, expected at "
            f"most {MAX_DETAIL_LENGTH}",
            field="instruction_status.reason_detail",
        )
    if not 0 <= message.accepted_reduction_kw <= MAX_REDUCTION_KW:
        raise InvalidInput(
            f"instruction_status.accepted_reduction_kw is {message.accepted_reduction_kw}, expected 0 to "
            f"{MAX_REDUCTION_KW:.0f}",
            field="instruction_status.accepted_reduction_kw",
        )
    return InstructionReport(
        instruction_id=identifier(message.instruction, "instructions"),
        state=state,
        reason=reason,
        reason_detail=message.reason_detail,
        accepted_reduction_kw=message.accepted_reduction_kw,
        status_at=_required_time(message, "status_time", "instruction_status.status_time"),
    )


def _required_time(message: pb.Heartbeat | pb.InstructionStatus, name: str, field: str) -> datetime:
    if not message.HasField(name):  # type: ignore[arg-type]  # one of both messages' fields
        raise InvalidInput(f"{field} is missing, expected an instant", field=field)
    value: Timestamp = getattr(message, name)
    return clock_reading(value, field)
