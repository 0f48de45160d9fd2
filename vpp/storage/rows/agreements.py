"""Adjustments, and corrections of the rules that events are settled under."""

from sqlalchemy import RowMapping as Row

from vpp.settlement.adjustment import Adjustment, AdjustmentState
from vpp.settlement.rule_correction import RuleCorrection
from vpp.storage.repository import TableMapping, Values
from vpp.storage.tables.ledger import ADJUSTMENTS, RULE_CORRECTIONS


def _adjustment_row(adjustment: Adjustment) -> Values:
    return {
        "adjustment_id": adjustment.adjustment_id,
        "period": adjustment.period,
        "payer_party_id": adjustment.payer_party_id,
        "payee_party_id": adjustment.payee_party_id,
        "amount": adjustment.amount,
        "currency": adjustment.currency,
        "reason": adjustment.reason,
        "event_id": adjustment.event_id,
        "site_id": adjustment.site_id,
        "dispute_id": adjustment.dispute_id,
        "state": adjustment.state.value,
        "proposed_by": adjustment.proposed_by,
        "decided_by": adjustment.decided_by,
        "decided_at": adjustment.decided_at,
        "proposed_person": adjustment.proposed_person or None,
    }


def _adjustment(row: Row) -> Adjustment:
    return Adjustment(
        adjustment_id=row["adjustment_id"],
        period=row["period"],
        payer_party_id=row["payer_party_id"],
        payee_party_id=row["payee_party_id"],
        amount=row["amount"],
        currency=row["currency"],
        reason=row["reason"],
        event_id=row["event_id"],
        site_id=row["site_id"],
        dispute_id=row["dispute_id"],
        state=AdjustmentState(row["state"]),
        proposed_by=row["proposed_by"],
        decided_by=row["decided_by"],
        decided_at=row["decided_at"],
        proposed_person=row["proposed_person"] or "",
    )


def _correction_row(correction: RuleCorrection) -> Values:
    return {
        "correction_id": correction.correction_id,
        "event_id": correction.event_id,
        "product_id": correction.product_id,
        "from_version": correction.from_version,
        "to_version": correction.to_version,
        "reason": correction.reason,
        "state": correction.state.value,
        "proposed_by": correction.proposed_by,
        "decided_by": correction.decided_by,
        "decided_at": correction.decided_at,
        "proposed_person": correction.proposed_person or None,
    }


def _correction(row: Row) -> RuleCorrection:
    return RuleCorrection(
        correction_id=row["correction_id"],
        event_id=row["event_id"],
        product_id=row["product_id"],
        from_version=row["from_version"],
        to_version=row["to_version"],
        reason=row["reason"],
        state=AdjustmentState(row["state"]),
        proposed_by=row["proposed_by"],
        decided_by=row["decided_by"],
        decided_at=row["decided_at"],
        proposed_person=row["proposed_person"] or "",
    )


ADJUSTMENT_MAPPING = TableMapping(
    ADJUSTMENTS,
    _adjustment_row,
    _adjustment,
    frozenset({"period", "state", "dispute_id", "payer_party_id", "payee_party_id"}),
)
CORRECTION_MAPPING = TableMapping(
    RULE_CORRECTIONS, _correction_row, _correction, frozenset({"event_id", "state"})
)
