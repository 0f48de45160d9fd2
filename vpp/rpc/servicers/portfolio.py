"""Serves PortfolioService: parties, sites, flexible resources, products, enrolments."""
# ruff: noqa: ARG002, N802  names and signatures are the wire's

from vpp.foundation.names import checked_id, identifier, resource_ids
from vpp.portfolio.enrolment import EnrolmentState
from vpp.rpc.currencies import Currencies
from vpp.rpc.identity_interceptor import caller
from vpp.rpc.servicers.servicing import Servicing, page_request
from vpp.rpc.session_registry import SessionRegistry
from vpp.rpc.wire import portfolio as wire
from vpp.rpc.wire.field_masks import masked_fields
from vpp.rpc.wire.site_score import score_message
from vpp.rpc.workflow_calls import WorkflowCalls
from vpp.v1 import portfolio_pb2 as pb
from vpp.v1.portfolio_pb2_grpc import PortfolioServiceServicer
from vpp.workflows import enrolling, viewing
from vpp.workflows.ports import UnitOfWorkFactory
from vpp.workflows.viewing_scores import list_site_scores


class PortfolioServicer(Servicing, PortfolioServiceServicer):
    """Who takes part, with which flexible resources, in which products."""

    def __init__(  # noqa: PLR0913  one argument per thing it needs
        self,
        units: UnitOfWorkFactory,
        calls: WorkflowCalls,
        currencies: Currencies,
        *,
        sessions: SessionRegistry,
        automatic_approval: bool,
        enrolment_party_id: str,
    ) -> None:
        """Keep what workflows need, the sessions to tell of changed sites, and the rules of enrolment."""
        super().__init__(units, calls, currencies)
        self._sessions = sessions
        self._automatic_approval = automatic_approval
        self._enrolment_party_id = enrolment_party_id

    async def CreateParty(self, request: pb.CreatePartyRequest, context: object) -> pb.Party:
        """Create a party."""
        party = wire.party(request.party, checked_id(request.party_id, "party_id"))
        stored = await self._change(enrolling.create_party, caller(), party, request_id=request.request_id)
        return wire.party_message(stored)

    async def GetParty(self, request: pb.GetPartyRequest, context: object) -> pb.Party:
        """Return one party."""
        stored = await self._read(viewing.get_party, caller(), identifier(request.name, "parties"))
        return wire.party_message(stored)

    async def ListParties(self, request: pb.ListPartiesRequest, context: object) -> pb.ListPartiesResponse:
        """List parties."""
        wanted = page_request(request.page_size, request.page_token)
        page = await self._read(viewing.list_parties, caller(), wanted)
        parties = [wire.party_message(stored) for stored in page.items]
        return pb.ListPartiesResponse(parties=parties, next_page_token=page.next_page_token)

    async def CreateSite(self, request: pb.CreateSiteRequest, context: object) -> pb.Site:
        """Enrol a site of the caller's party."""
        site = wire.site(request.site, checked_id(request.site_id, "site_id"), caller().party_id)
        stored = await self._change(enrolling.create_site, caller(), site, request_id=request.request_id)
        return wire.site_message(stored)

    async def GetSite(self, request: pb.GetSiteRequest, context: object) -> pb.Site:
        """Return one site."""
        stored = await self._read(viewing.get_site, caller(), identifier(request.name, "sites"))
        return wire.site_message(stored)

    async def ListSites(self, request: pb.ListSitesRequest, context: object) -> pb.ListSitesResponse:
        """List sites."""
        wanted = page_request(request.page_size, request.page_token)
        page = await self._read(viewing.list_sites, caller(), wanted)
        sites = [wire.site_message(stored) for stored in page.items]
        return pb.ListSitesResponse(sites=sites, next_page_token=page.next_page_token)

    async def UpdateSite(self, request: pb.UpdateSiteRequest, context: object) -> pb.Site:
        """Change a site's name for people, its import limit or its minimum load."""
        fields = masked_fields(request.update_mask, ("display_name", "import_limit_kw", "minimum_load_kw"))
        stored = await self._change(
            enrolling.update_site,
            caller(),
            identifier(request.site.name, "sites"),
            display_name=request.site.display_name if "display_name" in fields else None,
            import_limit_kw=request.site.import_limit_kw if "import_limit_kw" in fields else None,
            minimum_load_kw=request.site.minimum_load_kw if "minimum_load_kw" in fields else None,
            etag=request.site.etag,
            request_id=request.request_id,
        )
        self._sessions.site_changed(stored.value)
        return wire.site_message(stored)

    async def CreateResource(self, request: pb.CreateResourceRequest, context: object) -> pb.Resource:
        """Enrol a flexible resource."""
        resource_id = checked_id(request.resource_id, "resource_id")
        resource = wire.resource(request.resource, request.parent, resource_id)
        stored = await self._change(
            enrolling.create_resource, caller(), resource, request_id=request.request_id
        )
        return wire.resource_message(stored)

    async def GetResource(self, request: pb.GetResourceRequest, context: object) -> pb.Resource:
        """Return one flexible resource."""
        site_id, resource_id = resource_ids(request.name)
        stored = await self._read(viewing.get_resource, caller(), site_id, resource_id)
        return wire.resource_message(stored)

    async def ListResources(
        self, request: pb.ListResourcesRequest, context: object
    ) -> pb.ListResourcesResponse:
        """List a site's flexible resources."""
        wanted = page_request(request.page_size, request.page_token)
        page = await self._read(viewing.list_resources, caller(), identifier(request.parent, "sites"), wanted)
        resources = [wire.resource_message(stored) for stored in page.items]
        return pb.ListResourcesResponse(resources=resources, next_page_token=page.next_page_token)

    async def UpdateResource(self, request: pb.UpdateResourceRequest, context: object) -> pb.Resource:
        """Change a flexible resource's envelope."""
        masked_fields(request.update_mask, ("envelope",))
        site_id, resource_id = resource_ids(request.resource.name)
        stored = await self._change(
            enrolling.update_resource,
            caller(),
            site_id,
            resource_id,
            envelope=wire.envelope(request.resource.envelope, "resource.envelope"),
            etag=request.resource.etag,
            request_id=request.request_id,
        )
        return wire.resource_message(stored)

    async def ListSiteScores(
        self, request: pb.ListSiteScoresRequest, context: object
    ) -> pb.ListSiteScoresResponse:
        """List what sites have shown in events."""
        page = await self._read(
            list_site_scores,
            caller(),
            identifier(request.site, "sites") if request.site else None,
            page_request(request.page_size, request.page_token),
        )
        scores = [score_message(score) for score in page.items]
        return pb.ListSiteScoresResponse(scores=scores, next_page_token=page.next_page_token)

    async def GetProduct(self, request: pb.GetProductRequest, context: object) -> pb.Product:
        """Return the newest version of a product."""
        profile = await self._read(viewing.get_product, identifier(request.name, "products"))
        return wire.product_message(profile)

    async def ListProducts(self, request: pb.ListProductsRequest, context: object) -> pb.ListProductsResponse:
        """List the newest version of every product."""
        wanted = page_request(request.page_size, request.page_token)
        page = await self._read(viewing.list_products, wanted)
        products = [wire.product_message(profile) for profile in page.items]
        return pb.ListProductsResponse(products=products, next_page_token=page.next_page_token)

    async def CreateEnrolment(self, request: pb.CreateEnrolmentRequest, context: object) -> pb.Enrolment:
        """Enrol a site in a product."""
        stored = await self._change(
            enrolling.create_enrolment,
            caller(),
            identifier(request.enrolment.site, "sites"),
            identifier(request.enrolment.product, "products"),
            request_id=request.request_id,
            automatic_approval=self._automatic_approval,
        )
        return wire.enrolment_message(stored)

    async def GetEnrolment(self, request: pb.GetEnrolmentRequest, context: object) -> pb.Enrolment:
        """Return one enrolment."""
        stored = await self._read(viewing.get_enrolment, caller(), identifier(request.name, "enrolments"))
        return wire.enrolment_message(stored)

    async def ListEnrolments(
        self, request: pb.ListEnrolmentsRequest, context: object
    ) -> pb.ListEnrolmentsResponse:
        """List enrolments."""
        page = await self._read(
            viewing.list_enrolments,
            caller(),
            page_request(request.page_size, request.page_token),
            site_id=identifier(request.site, "sites") if request.site else "",
        )
        enrolments = [wire.enrolment_message(stored) for stored in page.items]
        return pb.ListEnrolmentsResponse(enrolments=enrolments, next_page_token=page.next_page_token)

    async def ApproveEnrolment(self, request: pb.ApproveEnrolmentRequest, context: object) -> pb.Enrolment:
        """Let an enrolment take part."""
        return await self._change_enrolment(request, EnrolmentState.ACTIVE)

    async def SuspendEnrolment(self, request: pb.SuspendEnrolmentRequest, context: object) -> pb.Enrolment:
        """Keep an enrolment from bidding."""
        return await self._change_enrolment(request, EnrolmentState.SUSPENDED)

    async def WithdrawEnrolment(self, request: pb.WithdrawEnrolmentRequest, context: object) -> pb.Enrolment:
        """End an enrolment for good."""
        return await self._change_enrolment(request, EnrolmentState.WITHDRAWN)

    async def _change_enrolment(
        self,
        request: pb.ApproveEnrolmentRequest | pb.SuspendEnrolmentRequest | pb.WithdrawEnrolmentRequest,
        wanted: EnrolmentState,
    ) -> pb.Enrolment:
        stored = await self._change(
            enrolling.change_enrolment,
            caller(),
            identifier(request.name, "enrolments"),
            wanted,
            deciding_party_id=self._enrolment_party_id,
            etag=request.etag,
            request_id=request.request_id,
        )
        return wire.enrolment_message(stored)
