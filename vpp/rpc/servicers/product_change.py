"""Serves ProductChangeService: versions of products that one person proposes and another puts in force."""
# ruff: noqa: ARG002, N802  names and signatures are the wire's

from collections.abc import Callable

from vpp.foundation.names import identifier
from vpp.portfolio.product import ProductProfile
from vpp.portfolio.product_change import ProductChange, ProductChangeState
from vpp.rpc.currencies import Currencies
from vpp.rpc.identity_interceptor import caller
from vpp.rpc.servicers.servicing import Servicing, page_request
from vpp.rpc.wire.product_change import change_message
from vpp.rpc.workflow_calls import WorkflowCalls
from vpp.v1 import product_change_pb2 as pb
from vpp.v1.product_change_pb2_grpc import ProductChangeServiceServicer
from vpp.workflows import product_changes, viewing_product_changes
from vpp.workflows.ports import Stored, UnitOfWorkFactory


class ProductChangeServicer(Servicing, ProductChangeServiceServicer):
    """Changes of products by two people."""

    def __init__(
        self,
        units: UnitOfWorkFactory,
        calls: WorkflowCalls,
        currencies: Currencies,
        *,
        read_product: Callable[[str], ProductProfile],
    ) -> None:
        """Keep what workflows need.

        Args:
            units: Makes transactions.
            calls: Runs workflows off the event loop.
            currencies: In which currency stored prices are.
            read_product: Reads a product's file by its text, with the hub's baseline rules.
        """
        super().__init__(units, calls, currencies)
        self._read_product = read_product

    async def CreateProductChange(
        self, request: pb.CreateProductChangeRequest, context: object
    ) -> pb.ProductChange:
        """Propose a version of a product."""
        asked = request.product_change
        profile = await self._calls.read(self._read_product, asked.document)
        stored = await self._change(
            product_changes.propose_change,
            caller(),
            profile,
            reason=asked.reason,
            request_id=request.request_id,
        )
        return await self._answer(stored)

    async def GetProductChange(
        self, request: pb.GetProductChangeRequest, context: object
    ) -> pb.ProductChange:
        """Return one change."""
        change_id = identifier(request.name, "productChanges")
        return change_message(await self._read(viewing_product_changes.get_change, change_id))

    async def ListProductChanges(
        self, request: pb.ListProductChangesRequest, context: object
    ) -> pb.ListProductChangesResponse:
        """List changes."""
        page = await self._read(
            viewing_product_changes.list_changes,
            page_request(request.page_size, request.page_token),
            product_id=identifier(request.product, "products") if request.product else "",
        )
        changes = await self._calls.read(lambda: [change_message(shown) for shown in page.items])
        return pb.ListProductChangesResponse(product_changes=changes, next_page_token=page.next_page_token)

    async def AdoptProductChange(
        self, request: pb.AdoptProductChangeRequest, context: object
    ) -> pb.ProductChange:
        """Answer for a change that was found in a file."""
        change_id = identifier(request.name, "productChanges")
        stored = await self._change(product_changes.adopt_change, caller(), change_id, reason=request.reason)
        return await self._answer(stored)

    async def ApproveProductChange(
        self, request: pb.ApproveProductChangeRequest, context: object
    ) -> pb.ProductChange:
        """Put a version in force that another person proposed."""
        return await self._decided(request.name, ProductChangeState.APPROVED)

    async def RejectProductChange(
        self, request: pb.RejectProductChangeRequest, context: object
    ) -> pb.ProductChange:
        """Refuse a change that another person proposed."""
        return await self._decided(request.name, ProductChangeState.REJECTED)

    async def WithdrawProductChange(
        self, request: pb.WithdrawProductChangeRequest, context: object
    ) -> pb.ProductChange:
        """Take one's own change back."""
        return await self._decided(request.name, ProductChangeState.WITHDRAWN)

    async def _decided(self, full_name: str, wanted: ProductChangeState) -> pb.ProductChange:
        change_id = identifier(full_name, "productChanges")
        stored = await self._change(product_changes.decide_change, caller(), change_id, wanted)
        return await self._answer(stored)

    async def _answer(self, stored: Stored[ProductChange]) -> pb.ProductChange:
        shown = await self._read(viewing_product_changes.get_change, stored.value.change_id)
        return change_message(shown)
