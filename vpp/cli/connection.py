"""A connection to the hub: address, certificate or token, retries that cannot do anything twice."""

import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import grpc
import typer
from google.protobuf.message import Message

from vpp.foundation.clock import SystemClock
from vpp.foundation.errors import InvalidInput
from vpp.foundation.hub_address import is_local, proxy_options
from vpp.v1.access_pb2_grpc import AccessServiceStub
from vpp.v1.auction_pb2_grpc import AuctionServiceStub
from vpp.v1.audit_pb2_grpc import AuditServiceStub
from vpp.v1.baseline_pb2_grpc import BaselineServiceStub
from vpp.v1.event_pb2_grpc import EventServiceStub
from vpp.v1.green_certificate_pb2_grpc import GreenCertificateServiceStub
from vpp.v1.portfolio_pb2_grpc import PortfolioServiceStub
from vpp.v1.product_change_pb2_grpc import ProductChangeServiceStub
from vpp.v1.settlement_pb2_grpc import SettlementServiceStub
from vpp.v1.telemetry_pb2_grpc import TelemetryServiceStub

Reply = TypeVar("Reply", bound=Message)
Request = TypeVar("Request", bound=Message)

_CALL_TIMEOUT_S = 30.0
_PAGE_SIZE = 1000
_LARGEST_ANSWER_BYTES = 64 * 1024 * 1024  # a clearing of tens of thousands of bids; gRPC's own bound is 4 MiB
# Only UNAVAILABLE is tried again: the hub never saw the request, or it carries a request_id.
_SERVICE_CONFIG = json.dumps(
    {
        "methodConfig": [
            {
                "name": [{}],
                "waitForReady": False,
                "retryPolicy": {
                    "maxAttempts": 5,
                    "initialBackoff": "0.2s",
                    "maxBackoff": "2s",
                    "backoffMultiplier": 2,
                    "retryableStatusCodes": ["UNAVAILABLE"],
                },
            }
        ]
    }
)


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """Files of mutual TLS, as `vpp certs` writes them.

    Attributes:
        authority: PEM certificate of the authority that signed the hub's.
        certificate: PEM certificate of the caller.
        key: Its private key.
    """

    authority: Path
    certificate: Path
    key: Path


@dataclass(frozen=True, slots=True)
class HubAddress:
    """Where the hub is and who calls.

    Attributes:
        target: Host and port.
        token: Bearer token, sent with every call; None where the certificate alone says who calls.
        tls: Files of mutual TLS; None talks in the clear, on this machine alone.
        trace_endpoint: Where spans are sent, OTLP over gRPC; None for no traces.
    """

    target: str
    token: str | None
    tls: TlsFiles | None = None
    trace_endpoint: str | None = None


class HubConnection:
    """One channel to the hub with the stubs of its services, used by one caller."""

    def __init__(
        self, channel: grpc.Channel, token: str | None, trace_parent: Callable[[], str] | None = None
    ) -> None:
        """Keep the channel.

        Args:
            channel: To the hub.
            token: Sent with every call; None for none.
            trace_parent: Returns the trace context that is sent with every call; None for none.
        """
        self._channel = channel
        self._token = token
        self._trace_parent = trace_parent
        self.portfolio = PortfolioServiceStub(channel)
        self.access = AccessServiceStub(channel)
        self.product_change = ProductChangeServiceStub(channel)
        self.telemetry = TelemetryServiceStub(channel)
        self.baseline = BaselineServiceStub(channel)
        self.auction = AuctionServiceStub(channel)
        self.event = EventServiceStub(channel)
        self.settlement = SettlementServiceStub(channel)
        self.green_certificate = GreenCertificateServiceStub(channel)
        self.audit = AuditServiceStub(channel)

    @property
    def _metadata(self) -> tuple[tuple[str, str], ...]:
        token = () if self._token is None else (("authorization", f"Bearer {self._token}"),)
        return token if self._trace_parent is None else (*token, ("traceparent", self._trace_parent()))

    def call(self, method: Callable[..., Reply], request: Message) -> Reply:
        """Make one call and return its answer.

        Raises:
            RpcError: The hub refused, or none answered.
        """
        return method(request, metadata=self._metadata, timeout=_CALL_TIMEOUT_S)

    def stream(
        self, method: "grpc.UnaryStreamMultiCallable[Any, Reply]", request: Message
    ) -> "grpc._CallIterator[Reply]":
        """Open a stream of answers; it lasts until the hub or the caller ends it."""
        return method(request, metadata=self._metadata)

    def every(self, method: Callable[..., Any], request: Message, field: str) -> list[Any]:
        """List everything that a paged method has.

        Args:
            method: A list method of a stub.
            request: Its request; page size and token are set here.
            field: The repeated field of the answer.
        """
        request = type(request).FromString(request.SerializeToString())
        request.page_size = _PAGE_SIZE  # type: ignore[attr-defined]  # every list request has one
        items: list[Any] = []
        while True:
            page = self.call(method, request)
            items.extend(getattr(page, field))
            if not page.next_page_token:
                return items
            request.page_token = page.next_page_token  # type: ignore[attr-defined]  # as above

    def close(self) -> None:
        """Close the channel."""
        self._channel.close()


def connect(address: HubAddress, trace_parent: Callable[[], str] | None = None) -> HubConnection:
    """Prepare a connection; it is made with the first call.

    Args:
        address: Where the hub is and who calls.
        trace_parent: Returns the trace context that is sent with every call; None for none.

    Raises:
        InvalidInput: The hub is elsewhere and there is no TLS, the certificate and its key do not fit, or it
            has ended.
        BadParameter: A file of TLS cannot be read.
    """
    options = [
        ("grpc.service_config", _SERVICE_CONFIG),
        ("grpc.enable_retries", 1),
        ("grpc.max_receive_message_length", _LARGEST_ANSWER_BYTES),
        *proxy_options(address.target),
    ]
    if address.tls is None:
        if not is_local(address.target):
            raise InvalidInput(
                f"hub {address.target} is not this machine, expected mutual TLS", hub=address.target
            )
        channel = grpc.insecure_channel(address.target, options=options)
        return HubConnection(channel, address.token, trace_parent)
    from vpp.foundation.certificate_pair import read_pair  # noqa: PLC0415  no hub, no cryptography: starts faster

    pair = read_pair(address.tls.certificate, address.tls.key)
    if pair.not_after <= SystemClock().now():  # the hub would say no more than that the handshake failed
        raise InvalidInput(
            f"{address.tls.certificate} ended at {pair.not_after:%Y-%m-%dT%H:%MZ}; "
            "renew it with `vpp certs rotate`",
            certificate=str(address.tls.certificate),
        )
    credentials = grpc.ssl_channel_credentials(
        read_file(address.tls.authority, "--ca-file"), pair.key_pem, pair.certificate_pem
    )
    channel = grpc.secure_channel(address.target, credentials, options=options)
    return HubConnection(channel, address.token, trace_parent)


def read_file(path: Path, option: str) -> bytes:
    """Read a file that an option names.

    Raises:
        BadParameter: It cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise typer.BadParameter(f"{option} {path} cannot be read: {error.strerror}") from None


def new_request_id() -> str:
    """Make a UUID under which a repeated request has one effect."""
    return str(uuid.uuid4())


def read_token(path: Path | None) -> str:
    """Read a token file.

    Raises:
        BadParameter: There is no such file, or nothing in it.
    """
    if path is None:
        raise typer.BadParameter("no token file, expected --token-file FILE or VPP_TOKEN_FILE")
    token = read_file(path, "--token-file").decode("utf-8", errors="replace").strip()
    if not token:
        raise typer.BadParameter(f"--token-file {path} is empty, expected one token")
    return token


def connection_of(context: typer.Context) -> HubConnection:
    """Connect to the hub that `vpp operator`'s options name; closed with the command."""
    address: HubAddress = context.obj()
    connection = connect(address, _traced(context, address.trace_endpoint))
    context.call_on_close(connection.close)
    return connection


def _traced(context: typer.Context, endpoint: str | None) -> Callable[[], str] | None:
    """Make the command a trace, if traces are sent; returns what names it to the hub."""
    if endpoint is None:
        return None
    from vpp.foundation.tracing import follow_traces, span, trace_parent  # noqa: PLC0415  slow, and seldom used

    context.call_on_close(follow_traces("vpp-operator", endpoint))
    context.with_resource(span(context.command_path))
    return trace_parent
