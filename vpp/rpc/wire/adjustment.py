"""Adjustments and rule corrections on the wire: what one person proposes and another decides."""

from vpp.foundation.names import identifier, name
from vpp.rpc.wire.money_fields import amount, money
from vpp.rpc.wire.time_fields import timestamp
from vpp.settlement.adjustment import Adjustment, AdjustmentState
from vpp.settlement.rule_correction import RuleCorrection
from vpp.v1 import settlement_pb2 as pb
from vpp.workflows.adjustment_checks import AdjustmentProposal
from vpp.workflows.ports import Stored


def adjustment_proposal(message: pb.Adjustment) -> AdjustmentProposal:
    """Read what somebody proposes; what the hub says of it is ignored.

    Raises:
        InvalidInput: The amount is malformed.
    """
    return AdjustmentProposal(
        period=message.settlement_period,
        payer_party_id=identifier(message.payer, "parties"),
        payee_party_id=identifier(message.payee, "parties"),
        amount=amount(message.adjustment_amount, "adjustment.adjustment_amount"),
        currency=message.adjustment_amount.currency_code,
        reason=message.reason,
        event_id=_optional(message.event, "events"),
        site_id=_optional(message.site, "sites"),
        dispute_id=_optional(message.dispute, "disputes"),
    )


def adjustment_message(stored: Stored[Adjustment]) -> pb.Adjustment:
    """Write an adjustment."""
    adjustment = stored.value
    return pb.Adjustment(
        name=name("adjustments", adjustment.adjustment_id),
        settlement_period=adjustment.period,
        payer=name("parties", adjustment.payer_party_id),
        payee=name("parties", adjustment.payee_party_id),
        adjustment_amount=money(adjustment.amount, adjustment.currency),
        reason=adjustment.reason,
        event=name("events", adjustment.event_id) if adjustment.event_id else "",
        site=name("sites", adjustment.site_id) if adjustment.site_id else "",
        dispute=name("disputes", adjustment.dispute_id) if adjustment.dispute_id else "",
        state=_state(adjustment.state),
        proposed_by=adjustment.proposed_by,
        decided_by=adjustment.decided_by,
        create_time=timestamp(stored.created_at),
        decide_time=None if adjustment.decided_at is None else timestamp(adjustment.decided_at),
    )


def correction_message(stored: Stored[RuleCorrection]) -> pb.RuleCorrection:
    """Write a rule correction."""
    correction = stored.value
    return pb.RuleCorrection(
        name=name("ruleCorrections", correction.correction_id),
        event=name("events", correction.event_id),
        product=name("products", correction.product_id),
        from_version_number=correction.from_version,
        to_version_number=correction.to_version,
        reason=correction.reason,
        state=_state(correction.state),
        proposed_by=correction.proposed_by,
        decided_by=correction.decided_by,
        create_time=timestamp(stored.created_at),
        decide_time=None if correction.decided_at is None else timestamp(correction.decided_at),
    )


def _state(state: AdjustmentState) -> pb.Adjustment.State.ValueType:
    return pb.Adjustment.State.Value(f"STATE_{state.name}")


def _optional(full_name: str, collection: str) -> str:
    return identifier(full_name, collection) if full_name else ""
