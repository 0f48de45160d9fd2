"""Serves what SettlementService leaves to two people: adjustments and rule corrections."""
# ruff: noqa: ARG002, N802  names and signatures are the wire's

from vpp.foundation.names import identifier
from vpp.rpc.identity_interceptor import caller
from vpp.rpc.servicers.servicing import RuledServicing, page_request
from vpp.rpc.wire.adjustment import adjustment_message, adjustment_proposal, correction_message
from vpp.settlement.adjustment import AdjustmentState
from vpp.v1 import settlement_pb2 as pb
from vpp.workflows import adjusting, rule_corrections, viewing_disputes


class AdjustingServicer(RuledServicing):
    """What one person proposes and another decides."""

    async def CreateAdjustment(self, request: pb.CreateAdjustmentRequest, context: object) -> pb.Adjustment:
        """Propose an amount that no rule gives."""
        stored = await self._change(
            adjusting.propose_adjustment,
            self._rules,
            caller(),
            adjustment_proposal(request.adjustment),
            request_id=request.request_id,
        )
        return adjustment_message(stored)

    async def ApproveAdjustment(self, request: pb.ApproveAdjustmentRequest, context: object) -> pb.Adjustment:
        """Agree to an adjustment that another person proposed."""
        return await self._adjustment(request.name, AdjustmentState.APPROVED)

    async def RejectAdjustment(self, request: pb.RejectAdjustmentRequest, context: object) -> pb.Adjustment:
        """Refuse an adjustment that another person proposed."""
        return await self._adjustment(request.name, AdjustmentState.REJECTED)

    async def WithdrawAdjustment(
        self, request: pb.WithdrawAdjustmentRequest, context: object
    ) -> pb.Adjustment:
        """Take one's own adjustment back."""
        return await self._adjustment(request.name, AdjustmentState.WITHDRAWN)

    async def GetAdjustment(self, request: pb.GetAdjustmentRequest, context: object) -> pb.Adjustment:
        """Return one adjustment."""
        stored = await self._read(
            viewing_disputes.get_adjustment, caller(), identifier(request.name, "adjustments")
        )
        return adjustment_message(stored)

    async def ListAdjustments(
        self, request: pb.ListAdjustmentsRequest, context: object
    ) -> pb.ListAdjustmentsResponse:
        """List adjustments."""
        page = await self._read(
            viewing_disputes.list_adjustments,
            caller(),
            page_request(request.page_size, request.page_token),
            period=request.settlement_period,
        )
        adjustments = [adjustment_message(stored) for stored in page.items]
        return pb.ListAdjustmentsResponse(adjustments=adjustments, next_page_token=page.next_page_token)

    async def CreateRuleCorrection(
        self, request: pb.CreateRuleCorrectionRequest, context: object
    ) -> pb.RuleCorrection:
        """Propose that an event is settled under another version of its product."""
        stored = await self._change(
            rule_corrections.propose_correction,
            caller(),
            event_id=identifier(request.rule_correction.event, "events"),
            to_version=request.rule_correction.to_version_number,
            reason=request.rule_correction.reason,
            request_id=request.request_id,
        )
        return correction_message(stored)

    async def ApproveRuleCorrection(
        self, request: pb.ApproveRuleCorrectionRequest, context: object
    ) -> pb.RuleCorrection:
        """Agree to a rule correction that another person proposed."""
        return await self._correction(request.name, AdjustmentState.APPROVED)

    async def RejectRuleCorrection(
        self, request: pb.RejectRuleCorrectionRequest, context: object
    ) -> pb.RuleCorrection:
        """Refuse a rule correction that another person proposed."""
        return await self._correction(request.name, AdjustmentState.REJECTED)

    async def WithdrawRuleCorrection(
        self, request: pb.WithdrawRuleCorrectionRequest, context: object
    ) -> pb.RuleCorrection:
        """Take one's own rule correction back."""
        return await self._correction(request.name, AdjustmentState.WITHDRAWN)

    async def GetRuleCorrection(
        self, request: pb.GetRuleCorrectionRequest, context: object
    ) -> pb.RuleCorrection:
        """Return one rule correction."""
        stored = await self._read(
            viewing_disputes.get_correction, caller(), identifier(request.name, "ruleCorrections")
        )
        return correction_message(stored)

    async def ListRuleCorrections(
        self, request: pb.ListRuleCorrectionsRequest, context: object
    ) -> pb.ListRuleCorrectionsResponse:
        """List rule corrections."""
        page = await self._read(
            viewing_disputes.list_corrections,
            caller(),
            page_request(request.page_size, request.page_token),
            event_id=identifier(request.event, "events") if request.event else "",
        )
        corrections = [correction_message(stored) for stored in page.items]
        return pb.ListRuleCorrectionsResponse(
            rule_corrections=corrections, next_page_token=page.next_page_token
        )

    async def _adjustment(self, name: str, wanted: AdjustmentState) -> pb.Adjustment:
        adjustment_id = identifier(name, "adjustments")
        stored = await self._change(adjusting.decide_adjustment, caller(), adjustment_id, wanted)
        return adjustment_message(stored)

    async def _correction(self, name: str, wanted: AdjustmentState) -> pb.RuleCorrection:
        correction_id = identifier(name, "ruleCorrections")
        stored = await self._change(rule_corrections.decide_correction, caller(), correction_id, wanted)
        return correction_message(stored)
