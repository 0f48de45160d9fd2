"""The agent's calls to the hub: one channel, four services, the site's identity."""

from types import TracebackType
from typing import Self

import grpc
import grpc.aio

from vpp.agent.hub_credentials import read_tls
from vpp.agent.settings import AgentSettings
from vpp.foundation.hub_address import proxy_options
from vpp.v1 import portfolio_pb2
from vpp.v1.auction_pb2_grpc import AuctionServiceStub
from vpp.v1.portfolio_pb2_grpc import PortfolioServiceStub
from vpp.v1.session_pb2_grpc import SessionServiceStub
from vpp.v1.telemetry_pb2_grpc import TelemetryServiceStub

CHANNEL_OPTIONS = (
    ("grpc.keepalive_time_ms", 10_000),
    ("grpc.keepalive_timeout_ms", 5_000),
    ("grpc.http2.ping_timeout_ms", 5_000),  # without it a silent hub is noticed after a minute
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.max_pings_without_data", 0),
    # Agents of one process must not share a connection: the hub bounds the streams of each.
    ("grpc.use_local_subchannel_pool", 1),
)
CALL_DEADLINE_S = 30.0


class HubClient:
    """A connection to the hub, opened anew for every session.

    A new channel takes up renewed certificates and tokens, which an old one cannot.

    Attributes:
        tls: What the connection is protected with; None on plaintext.
        metadata: Sent with every call.
    """

    def __init__(self, settings: AgentSettings) -> None:
        """Prepare the channel; nothing is sent yet.

        Raises:
            InvalidInput: Token or certificate cannot be read, or the certificate is another site's.
        """
        token = settings.token()
        self.tls = read_tls(settings)
        address = settings.hub.address
        options = (*CHANNEL_OPTIONS, *proxy_options(address))
        if self.tls is None:
            self._channel = grpc.aio.insecure_channel(address, options=options)
        else:
            credentials = grpc.ssl_channel_credentials(
                self.tls.authority_pem, self.tls.pair.key_pem, self.tls.pair.certificate_pem
            )
            self._channel = grpc.aio.secure_channel(address, credentials, options=options)
        self.metadata: tuple[tuple[str, str], ...] = ()
        if token is not None:
            self.metadata = (("authorization", f"Bearer {token.get_secret_value()}"),)
        self.portfolio = PortfolioServiceStub(self._channel)
        self.telemetry = TelemetryServiceStub(self._channel)
        self.auction = AuctionServiceStub(self._channel)
        self.session = SessionServiceStub(self._channel)

    async def prove(self, site_name: str) -> None:
        """Ask the hub for the site, which it shows to nobody whom it does not know.

        Raises:
            AioRpcError: The hub cannot be reached, or does not accept who calls.
        """
        request = portfolio_pb2.GetSiteRequest(name=site_name)
        await self.portfolio.GetSite(request, metadata=self.metadata, timeout=CALL_DEADLINE_S)

    async def close(self) -> None:
        """Close the channel."""
        await self._channel.close()

    async def __aenter__(self) -> Self:
        """Return the client."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the channel."""
        await self.close()
