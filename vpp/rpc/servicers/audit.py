"""Serves AuditService: the record of what was done, for whoever wants to keep or check it."""
# ruff: noqa: ARG002, N802  names and signatures are the wire's

from collections.abc import AsyncIterator, Iterator

from vpp.foundation.audit_chain import MARKET
from vpp.rpc.identity_interceptor import caller
from vpp.rpc.servicers.servicing import Servicing, page_request
from vpp.rpc.wire import audit as wire
from vpp.v1 import audit_pb2 as pb
from vpp.v1.audit_pb2_grpc import AuditServiceServicer
from vpp.workflows import viewing_audit
from vpp.workflows.exporting_audit import export_lines

CHUNK_BYTES = 256 * 1024
"""An answer of the export is about as large: well below what a client takes by default."""


class AuditServicer(Servicing, AuditServiceServicer):
    """Signed heads, and the chains themselves."""

    async def GetAuditHead(self, request: pb.GetAuditHeadRequest, context: object) -> pb.AuditHead:
        """Return the newest signed head of a chain."""
        chain = wire.chain_named(request.name) or MARKET
        return wire.head_message(await self._read(viewing_audit.newest_head, caller(), chain))

    async def ListAuditHeads(
        self, request: pb.ListAuditHeadsRequest, context: object
    ) -> pb.ListAuditHeadsResponse:
        """List the signed heads of a chain, the newest first."""
        chain = wire.chain_named(request.parent) or MARKET
        wanted = page_request(request.page_size, request.page_token)
        page = await self._read(viewing_audit.list_heads, caller(), chain, wanted)
        return pb.ListAuditHeadsResponse(
            audit_heads=[wire.head_message(signed) for signed in page.items],
            next_page_token=page.next_page_token,
        )

    async def ExportAuditChain(
        self, request: pb.ExportAuditChainRequest, context: object
    ) -> AsyncIterator[pb.ExportAuditChainResponse]:
        """Send a chain, or all of them, some entries at a time."""
        chain = wire.chain_named(request.name)
        heads = await self._read(viewing_audit.chains_for, caller(), chain)
        lines = export_lines(self._units, heads, with_clearings=chain is None)
        while content := await self._calls.read(_next_chunk, lines):
            for start in range(0, len(content), CHUNK_BYTES):  # one entry can be larger than an answer may be
                yield pb.ExportAuditChainResponse(content=content[start : start + CHUNK_BYTES])


def _next_chunk(lines: Iterator[bytes]) -> bytes:
    """Return the next lines, as many as make an answer; empty at the end."""
    chunk = bytearray()
    for line in lines:
        chunk += line
        if len(chunk) >= CHUNK_BYTES:
            break
    return bytes(chunk)
