"""Serves SettlementService: statements, and with its bases what leads to them and from them."""
# ruff: noqa: ARG002, N802  names and signatures are the wire's

from collections.abc import AsyncIterator

from vpp.foundation.names import identifier
from vpp.rpc.identity_interceptor import caller
from vpp.rpc.servicers.adjustments import AdjustingServicer
from vpp.rpc.servicers.disputes import DisputingServicer
from vpp.rpc.servicers.servicing import page_request
from vpp.rpc.servicers.settlement_runs import SettlementRunsServicer
from vpp.rpc.wire import settlement as wire
from vpp.rpc.wire.time_fields import instant
from vpp.settlement.version_calendar import dispute_deadline
from vpp.v1 import settlement_pb2 as pb
from vpp.v1.settlement_pb2_grpc import SettlementServiceServicer
from vpp.workflows import viewing_results
from vpp.workflows.ports import Stored
from vpp.workflows.records import StatementRecord


class SettlementServicer(
    DisputingServicer, AdjustingServicer, SettlementRunsServicer, SettlementServiceServicer
):
    """What was delivered, what is paid, and how to object."""

    async def GetStatement(self, request: pb.GetStatementRequest, context: object) -> pb.Statement:
        """Return one statement without its lines."""
        stored = await self._read(
            viewing_results.get_statement, caller(), identifier(request.name, "statements")
        )
        return self._statement(stored)

    async def ListStatements(
        self, request: pb.ListStatementsRequest, context: object
    ) -> pb.ListStatementsResponse:
        """List statements."""
        page = await self._read(
            viewing_results.list_statements,
            caller(),
            page_request(request.page_size, request.page_token),
            party_id=identifier(request.party, "parties") if request.party else "",
            period=request.settlement_period,
            as_of=instant(request.as_of_time, "as_of_time") if request.HasField("as_of_time") else None,
        )
        statements = [self._statement(stored) for stored in page.items]
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

    def _statement(self, stored: Stored[StatementRecord]) -> pb.Statement:
        calendar = self._rules.settlement.calendar
        return wire.statement_message(stored, dispute_deadline(stored.created_at, calendar))
