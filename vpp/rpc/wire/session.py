"""The session's messages on the wire."""

from datetime import datetime, timedelta

from vpp.foundation.errors import VppError
from vpp.foundation.names import identifier, name
from vpp.rpc.currencies import Currencies
from vpp.rpc.wire.auction import auction_message, award_message
from vpp.rpc.wire.bid import bid_message
from vpp.rpc.wire.event import instruction_message, instruction_state, refusal_reason
from vpp.rpc.wire.time_fields import clock_reading, duration, interval_message, timestamp
from vpp.v1 import auction_pb2
from vpp.v1 import session_pb2 as pb
from vpp.workflows import responding
from vpp.workflows.ports import Stored
from vpp.workflows.records import BidRecord
from vpp.workflows.responding import InstructionReport, OpenDelivery


def welcome(facts: responding.SessionFacts, heartbeat_interval: timedelta) -> pb.ConnectResponse:
    """Answer a Hello."""
    return pb.ConnectResponse(
        welcome=pb.Welcome(
            hub_time=timestamp(facts.hub_time),
            telemetry_sequence=facts.telemetry_sequence,
            heartbeat_interval=duration(heartbeat_interval),
        )
    )


def heartbeat(at: datetime) -> pb.ConnectResponse:
    """Answer a heartbeat with the time that the agent's clock showed."""
    return pb.ConnectResponse(heartbeat=pb.Heartbeat(agent_time=timestamp(at)))


def telemetry_acknowledgement(held_sequence: int) -> pb.ConnectResponse:
    """Confirm that readings are held durably."""
    return pb.ConnectResponse(
        telemetry_acknowledgement=pb.TelemetryAcknowledgement(held_sequence=held_sequence)
    )


def refusal(refused_message: str, error: VppError, telemetry_sequence: int = 0) -> pb.ConnectResponse:
    """Refuse one message; the session goes on."""
    return pb.ConnectResponse(
        refusal=pb.Refusal(
            refused_message=refused_message,
            telemetry_sequence=telemetry_sequence,
            reason=error.reason,
            detail=str(error),
        )
    )


def report(message: pb.InstructionStatus) -> InstructionReport:
    """Read what a site says about an instruction."""
    return InstructionReport(
        instruction_id=identifier(message.instruction, "instructions"),
        state=instruction_state(message.state, "instruction_status.state"),
        reason=refusal_reason(message.reason, "instruction_status.reason"),
        reason_detail=message.reason_detail,
        accepted_reduction_kw=message.accepted_reduction_kw,
        status_at=clock_reading(message.status_time, "instruction_status.status_time"),
    )


def delivery(owed: OpenDelivery, currencies: Currencies) -> pb.ConnectResponse:
    """Write something that a site must hold."""
    message = pb.Delivery(sequence=owed.sequence)
    content = owed.content
    match content:
        case responding.InvitationContent():
            currency = currencies.of_product(content.tender.value.product_id)
            message.invitation.auction.CopyFrom(auction_message(content.tender, currency))
            message.invitation.settlement_interval.CopyFrom(duration(content.interval))
            message.invitation.recovery_interval_count = content.recovery_interval_count
            message.invitation.sheddable_load_kw.extend(content.sheddable_load_kw)
        case responding.AwardNoticeContent():
            message.award_notice.CopyFrom(_award_notice(content, currencies))
        case responding.InstructionContent():
            message.instruction.CopyFrom(instruction_message(content.instruction, content.baseline_kw))
        case responding.BaselineContent():
            baseline = content.baseline
            message.baseline_notice.event = name("events", baseline.event_id)
            message.baseline_notice.delivery_interval.CopyFrom(interval_message(baseline.delivery))
            message.baseline_notice.baseline_kw.extend(baseline.adjusted_kw)
            message.baseline_notice.method = baseline.method
        case responding.CancellationContent():
            message.cancellation.instruction = name("instructions", content.instruction_id)
            message.cancellation.event = name("events", content.event_id)
            message.cancellation.modification_number = content.modification_number
    return pb.ConnectResponse(delivery=message)


def _award_notice(content: responding.AwardNoticeContent, currencies: Currencies) -> pb.AwardNotice:
    currency = currencies.of_event(content.event_id)

    def rejected(stored: Stored[BidRecord]) -> auction_pb2.Bid:
        record = stored.value
        return bid_message(stored, currency, currencies.interval_of(record.auction_id, record.product_id))

    return pb.AwardNotice(
        event=name("events", content.event_id),
        awards=[award_message(award, currency) for award in content.awards],
        rejected_bids=[rejected(stored) for stored in content.rejected],
    )
