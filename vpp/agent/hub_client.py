"""The agent's calls to the hub: one channel, four services, the site's identity."""

import ipaddress
from types import TracebackType
from typing import Self

import grpc
import grpc.aio

from vpp.agent.settings import AgentSettings
from vpp.foundation.errors import InvalidInput
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
    """

    def __init__(self, settings: AgentSettings) -> None:
        """Prepare the channel; nothing is sent yet.

        Raises:
            InvalidInput: Token or certificate cannot be read, or a token would travel in the clear
                to another machine.
        """
        token = settings.token()
        hub = settings.hub
        if hub.tls is None:
            if token is not None and not is_local(hub.address):
                raise InvalidInput(
                    f"hub.address is {hub.address}, expected this machine, or hub.tls to protect the token",
                    address=hub.address,
                )
            self._channel = grpc.aio.insecure_channel(hub.address, options=CHANNEL_OPTIONS)
        else:
            self._channel = grpc.aio.secure_channel(
                hub.address, _credentials(settings), options=CHANNEL_OPTIONS
            )
        self.metadata: tuple[tuple[str, str], ...] = ()
        if token is not None:
            self.metadata = (("authorization", f"Bearer {token.get_secret_value()}"),)
        self.portfolio = PortfolioServiceStub(self._channel)
        self.telemetry = TelemetryServiceStub(self._channel)
        self.auction = AuctionServiceStub(self._channel)
        self.session = SessionServiceStub(self._channel)

    async def __aenter__(self) -> Self:
        """Return the client."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the channel."""
        await self._channel.close()


def is_local(address: str) -> bool:
    """Tell whether an address is on this machine.

    Example:
        >>> is_local("127.0.0.1:50051"), is_local("[::1]:50051"), is_local("hub.example:443")
        (True, True, False)
    """
    if address.startswith("unix:"):
        return True
    host = address.rpartition(":")[0].strip("[]")
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _credentials(settings: AgentSettings) -> grpc.ChannelCredentials:
    tls = settings.hub.tls
    if tls is None:
        raise InvalidInput("hub.tls is missing")
    try:
        authority = (settings.folder / tls.authority_file).read_bytes()
        certificate = key = None
        if tls.certificate_file is not None and tls.key_file is not None:
            certificate = (settings.folder / tls.certificate_file).read_bytes()
            key = (settings.folder / tls.key_file).read_bytes()
    except OSError as error:
        raise InvalidInput(f"hub.tls: {error}") from error
    return grpc.ssl_channel_credentials(authority, key, certificate)
