"""Events and instructions."""

from datetime import timedelta

from sqlalchemy import RowMapping as Row

from vpp.dispatch.event import Event, EventState
from vpp.dispatch.instruction import Instruction, InstructionState, RefusalReason, ResourceTarget
from vpp.dispatch.purpose import EventPurpose
from vpp.storage.repository import TableMapping, Values
from vpp.storage.rows.delivery import delivery_columns, delivery_of
from vpp.storage.rows.direction import direction_column, direction_of
from vpp.storage.tables.dispatch import EVENTS, INSTRUCTIONS


def purpose_column(purpose: EventPurpose) -> str | None:
    """Return what is stored of a purpose: nothing for the usual one, as in rows older than the column."""
    return None if purpose is EventPurpose.MARKET else purpose.value


def _event_row(event: Event) -> Values:
    return {
        "event_id": event.event_id,
        "product_id": event.product_id,
        "product_version": event.product_version,
        "zone": event.zone,
        **delivery_columns(event.delivery),
        "target_reduction_kw": event.target_reduction_kw,
        "awarded_reduction_kw": event.awarded_reduction_kw,
        "price_cap_per_mwh": event.price_cap_per_mwh,
        "operator_party_id": event.operator_party_id,
        "auction_id": event.auction_id,
        "state": event.state.value,
        "failure_reason": event.failure_reason,
        "modification_number": event.modification_number,
        "cancelled_at": event.cancelled_at,
        "purpose": purpose_column(event.purpose),
        "site_ids": list(event.site_ids) or None,
        "direction": direction_column(event.direction),
    }


def _event(row: Row) -> Event:
    return Event(
        event_id=row["event_id"],
        product_id=row["product_id"],
        product_version=row["product_version"],
        zone=row["zone"],
        delivery=delivery_of(row),
        target_reduction_kw=row["target_reduction_kw"],
        awarded_reduction_kw=row["awarded_reduction_kw"],
        price_cap_per_mwh=row["price_cap_per_mwh"],
        operator_party_id=row["operator_party_id"],
        auction_id=row["auction_id"],
        state=EventState(row["state"]),
        failure_reason=row["failure_reason"],
        modification_number=row["modification_number"],
        cancelled_at=row["cancelled_at"],
        purpose=EventPurpose(row["purpose"] or EventPurpose.MARKET.value),
        site_ids=tuple(row["site_ids"] or ()),
        direction=direction_of(row["direction"]),
    )


def _instruction_row(instruction: Instruction) -> Values:
    return {
        "instruction_id": instruction.instruction_id,
        "event_id": instruction.event_id,
        "site_id": instruction.site_id,
        "modification_number": instruction.modification_number,
        **delivery_columns(instruction.delivery),
        "interval_s": instruction.interval,
        "target_reduction_kw": instruction.target_reduction_kw,
        "resource_targets": [
            {"resource_id": part.resource_id, "reduction_kw": list(part.reduction_kw)}
            for part in instruction.resource_targets
        ],
        "expires_at": instruction.expires_at,
        "state": instruction.state.value,
        "reason": instruction.reason.value,
        "reason_detail": instruction.reason_detail,
        "accepted_reduction_kw": instruction.accepted_reduction_kw,
        "purpose": purpose_column(instruction.purpose),
        "start_offset_s": instruction.start_offset or None,
        "release_offset_s": instruction.release_offset or None,
        "answer": None if instruction.answer is None else instruction.answer.value,
        "direction": direction_column(instruction.direction),
    }


def _instruction(row: Row) -> Instruction:
    return Instruction(
        instruction_id=row["instruction_id"],
        event_id=row["event_id"],
        site_id=row["site_id"],
        modification_number=row["modification_number"],
        delivery=delivery_of(row),
        interval=row["interval_s"],
        target_reduction_kw=row["target_reduction_kw"],
        resource_targets=tuple(
            ResourceTarget(part["resource_id"], tuple(part["reduction_kw"]))
            for part in row["resource_targets"]
        ),
        expires_at=row["expires_at"],
        state=InstructionState(row["state"]),
        reason=RefusalReason(row["reason"]),
        reason_detail=row["reason_detail"],
        accepted_reduction_kw=row["accepted_reduction_kw"],
        purpose=EventPurpose(row["purpose"] or EventPurpose.MARKET.value),
        start_offset=row["start_offset_s"] or timedelta(0),
        release_offset=row["release_offset_s"] or timedelta(0),
        answer=None if row["answer"] is None else InstructionState(row["answer"]),
        direction=direction_of(row["direction"]),
    )


EVENT_MAPPING = TableMapping(
    EVENTS, _event_row, _event, frozenset({"state", "product_id", "zone", "operator_party_id", "auction_id"})
)
INSTRUCTION_MAPPING = TableMapping(
    INSTRUCTIONS, _instruction_row, _instruction, frozenset({"event_id", "site_id", "state"})
)
