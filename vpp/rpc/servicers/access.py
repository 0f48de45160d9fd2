"""Serves AccessService: who may call, and who no more."""
# ruff: noqa: ARG002, N802  names and signatures are the wire's

from collections.abc import Callable

from vpp.foundation.errors import InvalidInput
from vpp.foundation.names import identifier
from vpp.rpc.currencies import Currencies
from vpp.rpc.identity_interceptor import caller
from vpp.rpc.live_calls import LiveCalls
from vpp.rpc.servicers.servicing import Servicing, page_request
from vpp.rpc.wire import access as wire
from vpp.rpc.workflow_calls import WorkflowCalls
from vpp.v1 import access_pb2 as pb
from vpp.v1.access_pb2_grpc import AccessServiceServicer
from vpp.workflows import access
from vpp.workflows.ports import UnitOfWorkFactory


class AccessServicer(Servicing, AccessServiceServicer):
    """Principals, certificates that were revoked here, and open streams."""

    def __init__(  # noqa: PLR0913  one argument per thing it needs
        self,
        units: UnitOfWorkFactory,
        calls: WorkflowCalls,
        currencies: Currencies,
        *,
        known: access.Known,
        live_calls: LiveCalls,
        look: Callable[[], None],
    ) -> None:
        """Keep what workflows need.

        Args:
            units: Makes transactions.
            calls: Runs workflows off the event loop.
            currencies: As every servicer has.
            known: The principals that the settings name, by id.
            live_calls: The open streams.
            look: Has this hub look at once who is refused; the others look within a second.
        """
        super().__init__(units, calls, currencies)
        self._known = known
        self._live_calls = live_calls
        self._look = look

    async def GetPrincipal(self, request: pb.GetPrincipalRequest, context: object) -> pb.Principal:
        """Return one principal."""
        view = await self._read(access.get_principal, self._known, identifier(request.name, "principals"))
        return wire.principal_message(view)

    async def ListPrincipals(
        self, request: pb.ListPrincipalsRequest, context: object
    ) -> pb.ListPrincipalsResponse:
        """List the principals."""
        wanted = page_request(request.page_size, request.page_token)
        page = await self._read(access.list_principals, self._known, wanted)
        return pb.ListPrincipalsResponse(
            principals=[wire.principal_message(view) for view in page.items],
            next_page_token=page.next_page_token,
        )

    async def SuspendPrincipal(self, request: pb.SuspendPrincipalRequest, context: object) -> pb.Principal:
        """Refuse a principal from now on."""
        view = await self._change(
            access.suspend_principal,
            caller(),
            self._known,
            identifier(request.name, "principals"),
            reason=request.reason,
        )
        self._look()
        return wire.principal_message(view)

    async def RestorePrincipal(self, request: pb.RestorePrincipalRequest, context: object) -> pb.Principal:
        """Let a principal call again."""
        view = await self._change(
            access.restore_principal,
            caller(),
            self._known,
            identifier(request.name, "principals"),
            reason=request.reason,
        )
        self._look()
        return wire.principal_message(view)

    async def RevokeCertificate(
        self, request: pb.RevokeCertificateRequest, context: object
    ) -> pb.RevokedCertificate:
        """Refuse a certificate for good."""
        stored = await self._change(
            access.revoke_certificate, caller(), request.certificate_serial, reason=request.reason
        )
        self._look()
        return wire.revocation_message(stored)

    async def ListRevokedCertificates(
        self, request: pb.ListRevokedCertificatesRequest, context: object
    ) -> pb.ListRevokedCertificatesResponse:
        """List the certificates that were revoked here."""
        wanted = page_request(request.page_size, request.page_token)
        page = await self._read(access.list_revocations, wanted)
        return pb.ListRevokedCertificatesResponse(
            revoked_certificates=[wire.revocation_message(stored) for stored in page.items],
            next_page_token=page.next_page_token,
        )

    async def ListSessions(self, request: pb.ListSessionsRequest, context: object) -> pb.ListSessionsResponse:
        """List the open streams, the oldest first; the token is the number of the last one shown."""
        wanted = page_request(request.page_size, request.page_token)
        if not (wanted.page_token or "0").isdecimal():
            raise InvalidInput("page_token is none that was given out", field="page_token")
        after = int(wanted.page_token or "0")
        later = [call for call in self._live_calls.all() if call.number > after]
        shown = later[: wanted.limit]
        return pb.ListSessionsResponse(
            sessions=[wire.session_message(call) for call in shown],
            next_page_token=str(shown[-1].number) if len(later) > len(shown) else "",
        )
