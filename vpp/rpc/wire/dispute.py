"""Disputes on the wire."""

from vpp.foundation.names import name
from vpp.rpc.wire.time_fields import timestamp
from vpp.v1 import settlement_pb2 as pb
from vpp.workflows.records import DisputeState
from vpp.workflows.viewing_disputes import SeenDispute


def dispute_message(seen: SeenDispute) -> pb.Dispute:
    """Write a dispute with what answers it."""
    record = seen.stored.value
    return pb.Dispute(
        name=name("disputes", record.dispute_id),
        statement=name("statements", record.statement_id),
        line_number=record.line_numbers,
        description=record.description,
        state=pb.Dispute.State.Value(f"STATE_{record.state.name}"),
        resolution=record.resolution,
        create_time=timestamp(seen.stored.created_at),
        decided_by=record.decided_by,
        decide_time=None if record.decided_at is None else timestamp(record.decided_at),
        adjustments=[name("adjustments", one) for one in seen.adjustment_ids],
        settlement_period=record.period,
        party=name("parties", record.party_id),
        raised_by=record.raised_by,
        measure_again=record.measure_again,
    )


def dispute_state(value: pb.Dispute.State.ValueType) -> DisputeState | None:
    """Read the state that a list is limited to; None for every state.

    Example:
        >>> dispute_state(pb.Dispute.STATE_OPEN), dispute_state(pb.Dispute.STATE_UNSPECIFIED)
        (<DisputeState.OPEN: 'open'>, None)
    """
    if value == pb.Dispute.STATE_UNSPECIFIED:
        return None
    return DisputeState[pb.Dispute.State.Name(value).removeprefix("STATE_")]
