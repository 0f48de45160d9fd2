"""Serves the disputes of SettlementService: raised by parties, decided by settlement staff."""
# ruff: noqa: ARG002, N802  names and signatures are the wire's

from vpp.foundation.names import identifier
from vpp.rpc.identity_interceptor import caller
from vpp.rpc.servicers.servicing import RuledServicing, page_request
from vpp.rpc.wire.dispute import dispute_message, dispute_state
from vpp.v1 import settlement_pb2 as pb
from vpp.workflows import deciding_disputes, viewing_disputes
from vpp.workflows.disputing import create_dispute
from vpp.workflows.ports import Stored
from vpp.workflows.records import DisputeRecord


class DisputingServicer(RuledServicing):
    """Objections to lines of statements, and what becomes of them."""

    async def CreateDispute(self, request: pb.CreateDisputeRequest, context: object) -> pb.Dispute:
        """Object to lines of a statement."""
        stored = await self._change(
            create_dispute,
            self._rules,
            caller(),
            statement_id=identifier(request.dispute.statement, "statements"),
            line_numbers=tuple(request.dispute.line_number),
            description=request.dispute.description,
            request_id=request.request_id,
        )
        return await self._dispute(stored)

    async def UpholdDispute(self, request: pb.UpholdDisputeRequest, context: object) -> pb.Dispute:
        """Accept a dispute."""
        stored = await self._change(
            deciding_disputes.uphold_dispute,
            caller(),
            identifier(request.name, "disputes"),
            resolution=request.resolution,
            measure_again=request.measure_again,
        )
        return await self._dispute(stored)

    async def RejectDispute(self, request: pb.RejectDisputeRequest, context: object) -> pb.Dispute:
        """Reject a dispute with a reason."""
        stored = await self._change(
            deciding_disputes.reject_dispute,
            caller(),
            identifier(request.name, "disputes"),
            resolution=request.resolution,
        )
        return await self._dispute(stored)

    async def WithdrawDispute(self, request: pb.WithdrawDisputeRequest, context: object) -> pb.Dispute:
        """Take one's own dispute back."""
        stored = await self._change(
            deciding_disputes.withdraw_dispute, caller(), identifier(request.name, "disputes")
        )
        return await self._dispute(stored)

    async def GetDispute(self, request: pb.GetDisputeRequest, context: object) -> pb.Dispute:
        """Return one dispute."""
        seen = await self._read(viewing_disputes.get_dispute, caller(), identifier(request.name, "disputes"))
        return dispute_message(seen)

    async def ListDisputes(self, request: pb.ListDisputesRequest, context: object) -> pb.ListDisputesResponse:
        """List disputes."""
        page = await self._read(
            viewing_disputes.list_disputes,
            caller(),
            page_request(request.page_size, request.page_token),
            period=request.settlement_period,
            state=dispute_state(request.state),
        )
        disputes = [dispute_message(seen) for seen in page.items]
        return pb.ListDisputesResponse(disputes=disputes, next_page_token=page.next_page_token)

    async def _dispute(self, stored: Stored[DisputeRecord]) -> pb.Dispute:
        seen = await self._read(viewing_disputes.get_dispute, caller(), stored.value.dispute_id)
        return dispute_message(seen)
