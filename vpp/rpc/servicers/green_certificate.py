"""Serves GreenCertificateService: green certificates and how green sites' consumption was."""
# ruff: noqa: ARG002, N802  names and signatures are the wire's

from decimal import Decimal

from vpp.foundation.names import identifier
from vpp.rpc.identity_interceptor import caller
from vpp.rpc.servicers.servicing import Servicing, page_request
from vpp.rpc.wire import green_certificate as wire
from vpp.v1 import green_certificate_pb2 as pb
from vpp.v1.green_certificate_pb2_grpc import GreenCertificateServiceServicer
from vpp.workflows import green_certificates, green_shares


class GreenCertificateServicer(Servicing, GreenCertificateServiceServicer):
    """Certificates of one megawatt hour, each used once."""

    async def ImportGreenCertificates(
        self, request: pb.ImportGreenCertificatesRequest, context: object
    ) -> pb.ImportGreenCertificatesResponse:
        """Enter certificates that a party holds."""
        party_id = identifier(request.party, "parties")
        entered = [wire.certificate_of(one, party_id) for one in request.green_certificates]
        count = await self._change(
            green_certificates.import_certificates, caller(), entered, request_id=request.request_id
        )
        return pb.ImportGreenCertificatesResponse(certificate_count=count)

    async def WithdrawGreenCertificates(
        self, request: pb.WithdrawGreenCertificatesRequest, context: object
    ) -> pb.WithdrawGreenCertificatesResponse:
        """Take certificates out."""
        count = await self._change(
            green_certificates.withdraw_certificates,
            caller(),
            [identifier(name, "greenCertificates") for name in request.names],
            reason=request.reason,
            request_id=request.request_id,
        )
        return pb.WithdrawGreenCertificatesResponse(certificate_count=count)

    async def GetGreenCertificate(
        self, request: pb.GetGreenCertificateRequest, context: object
    ) -> pb.GreenCertificate:
        """Return one certificate."""
        stored = await self._read(
            green_shares.get_certificate, caller(), identifier(request.name, "greenCertificates")
        )
        return wire.certificate_message(stored.value)

    async def ListGreenCertificates(
        self, request: pb.ListGreenCertificatesRequest, context: object
    ) -> pb.ListGreenCertificatesResponse:
        """List certificates."""
        page = await self._read(
            green_shares.list_certificates,
            caller(),
            page_request(request.page_size, request.page_token),
            where=wire.listing(request),
        )
        return pb.ListGreenCertificatesResponse(
            green_certificates=[wire.certificate_message(stored.value) for stored in page.items],
            next_page_token=page.next_page_token,
        )

    async def AllocateGreenCertificates(
        self, request: pb.AllocateGreenCertificatesRequest, context: object
    ) -> pb.AllocateGreenCertificatesResponse:
        """Set certificates aside for what a site used in a month."""
        wants_share = request.WhichOneof("wanted") == "share_ratio"
        share = await self._change(
            green_certificates.allocate_certificates,
            caller(),
            site_id=identifier(request.site, "sites"),
            period=request.settlement_period,
            count=None if wants_share else request.certificate_count,
            share_ratio=Decimal(repr(request.share_ratio)) if wants_share else None,
            request_id=request.request_id,
        )
        return pb.AllocateGreenCertificatesResponse(green_share=wire.share_message(share))

    async def ReleaseGreenCertificates(
        self, request: pb.ReleaseGreenCertificatesRequest, context: object
    ) -> pb.ReleaseGreenCertificatesResponse:
        """Take back what was set aside."""
        share = await self._change(
            green_certificates.release_certificates,
            caller(),
            site_id=identifier(request.site, "sites"),
            period=request.settlement_period,
            request_id=request.request_id,
        )
        return pb.ReleaseGreenCertificatesResponse(green_share=wire.share_message(share))

    async def RetireGreenCertificates(
        self, request: pb.RetireGreenCertificatesRequest, context: object
    ) -> pb.RetireGreenCertificatesResponse:
        """Use up what was set aside."""
        share = await self._change(
            green_certificates.retire_certificates,
            caller(),
            site_id=identifier(request.site, "sites"),
            period=request.settlement_period,
            request_id=request.request_id,
        )
        return pb.RetireGreenCertificatesResponse(green_share=wire.share_message(share))

    async def GetGreenShare(self, request: pb.GetGreenShareRequest, context: object) -> pb.GreenShare:
        """Return how green a site's consumption in a month was."""
        share = await self._read(
            green_shares.get_green_share,
            caller(),
            identifier(request.site, "sites"),
            request.settlement_period,
        )
        return wire.share_message(share)

    async def ListGreenShares(
        self, request: pb.ListGreenSharesRequest, context: object
    ) -> pb.ListGreenSharesResponse:
        """List how green sites' consumption in a month was."""
        page = await self._read(
            green_shares.list_green_shares,
            caller(),
            request.settlement_period,
            page_request(request.page_size, request.page_token),
        )
        return pb.ListGreenSharesResponse(
            green_shares=[wire.share_message(share) for share in page.items],
            next_page_token=page.next_page_token,
        )
