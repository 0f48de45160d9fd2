"""Serves SettlementService: statements and disputes."""
# ruff: noqa: ARG002, N802  names and signatures are the wire's

from collections.abc import AsyncIterator

from vpp.foundation.names import identifier
from vpp.rpc.identity_interceptor import caller
from vpp.rpc.servicers.servicing import Servicing, page_request
from vpp.rpc.wire import settlement as wire
from vpp.v1 import settlement_pb2 as pb
from vpp.v1.settlement_pb2_grpc import SettlementServiceServicer
from vpp.workflows import viewing_results
from vpp.workflows.disputing import create_dispute


class SettlementServicer(Servicing, SettlementServiceServicer):
    """What was delivered, what is paid, and how to object."""

    async def GetStatement(self, request: pb.GetStatementRequest, context: object) -> pb.Statement:
        """Return one statement without its lines."""
        stored = await self._read(
            viewing_results.get_statement, caller(), identifier(request.name, "statements")
        )
        return wire.statement_message(stored)

    async def ListStatements(
        self, request: pb.ListStatementsRequest, context: object
    ) -> pb.ListStatementsResponse:
        """List statements."""
        page = await self._read(
            viewing_results.list_statements,
            caller(),
            page_request(request.page_size, request.page_token),
            party_id=identifier(request.party, "parties") if request.party else "",
        )
        statements = [wire.statement_message(stored) for stored in page.items]
        return pb.ListStatementsResponse(statements=statements, next_page_token=page.next_page_token)

    async def DownloadStatement(
        self, request: pb.DownloadStatementRequest, context: object
    ) -> AsyncIterator[pb.DownloadStatementResponse]:
        """Return a statement's files byte for byte."""
        files = await self._read(
            viewing_results.statement_files, caller(), identifier(request.name, "statements")
        )
        for piece in wire.pieces(files):
            yield piece

    async def CreateDispute(self, request: pb.CreateDisputeRequest, context: object) -> pb.Dispute:
        """Object to lines of a statement."""
        stored = await self._change(
            create_dispute,
            caller(),
            statement_id=identifier(request.dispute.statement, "statements"),
            line_numbers=tuple(request.dispute.line_number),
            description=request.dispute.description,
            request_id=request.request_id,
        )
        return wire.dispute_message(stored)

    async def GetDispute(self, request: pb.GetDisputeRequest, context: object) -> pb.Dispute:
        """Return one dispute."""
        stored = await self._read(viewing_results.get_dispute, caller(), identifier(request.name, "disputes"))
        return wire.dispute_message(stored)

    async def ListDisputes(self, request: pb.ListDisputesRequest, context: object) -> pb.ListDisputesResponse:
        """List disputes."""
        page = await self._read(
            viewing_results.list_disputes, caller(), page_request(request.page_size, request.page_token)
        )
        disputes = [wire.dispute_message(stored) for stored in page.items]
        return pb.ListDisputesResponse(disputes=disputes, next_page_token=page.next_page_token)
