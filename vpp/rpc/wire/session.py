"""The session's messages on the wire."""

from datetime import datetime, timedelta

from vpp.foundation.errors import VppError
from vpp.foundation.names import name
from vpp.rpc.currencies import Currencies
from vpp.rpc.signing import DeliverySigner
from vpp.rpc.wire.auction import auction_message, award_message
from vpp.rpc.wire.audit import head_message
from vpp.rpc.wire.bid import bid_message
from vpp.rpc.wire.direction_field import direction_value
from vpp.rpc.wire.event import write_instruction
from vpp.rpc.wire.time_fields import duration, interval_message, timestamp
from vpp.v1 import auction_pb2
from vpp.v1 import session_pb2 as pb
from vpp.workflows import delivery_contents as contents
from vpp.workflows.ports import Stored
from vpp.workflows.records import BidRecord
from vpp.workflows.session_items import SessionFacts


def welcome(facts: SessionFacts, heartbeat_interval: timedelta) -> pb.ConnectResponse:
    """Answer a Hello."""
    return pb.ConnectResponse(
        welcome=pb.Welcome(
            hub_time=timestamp(facts.hub_time),
            telemetry_sequence=facts.telemetry_sequence,
            heartbeat_interval=duration(heartbeat_interval),
            audit_head=None if facts.signed_head is None else head_message(facts.signed_head),
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


def look_up(owed: contents.OpenDelivery, currencies: Currencies) -> None:
    """Ask for the currencies and intervals that `delivery` needs, so that they are known by then."""
    content = owed.content
    match content:
        case contents.InvitationContent():
            currencies.of_product(content.tender.value.product_id)
        case contents.AwardNoticeContent():
            currencies.of_event(content.event_id)
            for stored in content.rejected:
                currencies.interval_of(stored.value.auction_id, stored.value.product_id)
        case _:
            pass


def delivery(
    owed: contents.OpenDelivery,
    currencies: Currencies,
    *,
    site_id: str,
    issued_at: datetime,
    signer: DeliverySigner | None = None,
) -> pb.ConnectResponse:
    """Write something that a site must hold.

    Args:
        owed: What it is.
        currencies: In which currency stored prices are.
        site_id: Who it is for.
        issued_at: The present instant. An agent refuses what was signed long ago, so what is sent again
            is written again.
        signer: Signs it; None leaves it unsigned.
    """
    response = pb.ConnectResponse()
    message = response.delivery if signer is None else pb.Delivery()
    message.sequence = owed.sequence
    message.site = name("sites", site_id)
    message.issue_time.CopyFrom(timestamp(issued_at))
    message.trace_parent = owed.message.trace_parent
    content = owed.content
    match content:
        case contents.InvitationContent():
            currency = currencies.of_product(content.tender.value.product_id)
            message.invitation.auction.CopyFrom(auction_message(content.tender, currency))
            message.invitation.settlement_interval.CopyFrom(duration(content.interval))
            message.invitation.recovery_interval_count = content.recovery_interval_count
            message.invitation.sheddable_load_kw.extend(content.sheddable_load_kw)
        case contents.AwardNoticeContent():
            message.award_notice.CopyFrom(_award_notice(content, currencies))
        case contents.InstructionContent():
            write_instruction(message.instruction, content.instruction, content.baseline_kw)
        case contents.BaselineContent():
            baseline = content.baseline
            message.baseline_notice.event = name("events", baseline.event_id)
            message.baseline_notice.delivery_interval.CopyFrom(interval_message(baseline.delivery))
            message.baseline_notice.baseline_kw.extend(baseline.adjusted_kw)
            message.baseline_notice.method = baseline.method
        case contents.CancellationContent():
            message.cancellation.instruction = name("instructions", content.instruction_id)
            message.cancellation.event = name("events", content.event_id)
            message.cancellation.modification_number = content.modification_number
    if signer is not None:
        response.delivery.CopyFrom(signer.signed(message))
    return response


def _award_notice(content: contents.AwardNoticeContent, currencies: Currencies) -> pb.AwardNotice:
    currency = currencies.of_event(content.event_id)

    def rejected(stored: Stored[BidRecord]) -> auction_pb2.Bid:
        record = stored.value
        return bid_message(stored, currency, currencies.interval_of(record.auction_id, record.product_id))

    return pb.AwardNotice(
        event=name("events", content.event_id),
        awards=[award_message(award, currency) for award in content.awards],
        rejected_bids=[rejected(stored) for stored in content.rejected],
        direction=direction_value(content.direction),
    )
