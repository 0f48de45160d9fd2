"""The gRPC server and the options that close its measured traps."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

import grpc
from google.protobuf import descriptor_pool
from google.protobuf.message_factory import GetMessageClass
from grpc_health.v1 import health, health_pb2
from grpc_health.v1.health_pb2_grpc import add_HealthServicer_to_server
from grpc_reflection.v1alpha import reflection
from protovalidate import Validator

from vpp.rpc.servicers.access import AccessServicer
from vpp.rpc.servicers.auction import AuctionServicer
from vpp.rpc.servicers.audit import AuditServicer
from vpp.rpc.servicers.baseline import BaselineServicer
from vpp.rpc.servicers.event import EventServicer
from vpp.rpc.servicers.green_certificate import GreenCertificateServicer
from vpp.rpc.servicers.portfolio import PortfolioServicer
from vpp.rpc.servicers.product_change import ProductChangeServicer
from vpp.rpc.servicers.session import SessionServicer
from vpp.rpc.servicers.settlement import SettlementServicer
from vpp.rpc.servicers.telemetry import TelemetryServicer
from vpp.v1.access_pb2_grpc import add_AccessServiceServicer_to_server
from vpp.v1.auction_pb2_grpc import add_AuctionServiceServicer_to_server
from vpp.v1.audit_pb2_grpc import add_AuditServiceServicer_to_server
from vpp.v1.baseline_pb2_grpc import add_BaselineServiceServicer_to_server
from vpp.v1.event_pb2_grpc import add_EventServiceServicer_to_server
from vpp.v1.green_certificate_pb2_grpc import add_GreenCertificateServiceServicer_to_server
from vpp.v1.portfolio_pb2_grpc import add_PortfolioServiceServicer_to_server
from vpp.v1.product_change_pb2_grpc import add_ProductChangeServiceServicer_to_server
from vpp.v1.session_pb2_grpc import add_SessionServiceServicer_to_server
from vpp.v1.settlement_pb2_grpc import add_SettlementServiceServicer_to_server
from vpp.v1.telemetry_pb2_grpc import add_TelemetryServiceServicer_to_server

SERVICE_NAMES = tuple(
    f"vpp.v1.{part}Service"
    for part in (
        "Access",
        "Audit",
        "Auction",
        "Baseline",
        "GreenCertificate",
        "Event",
        "Portfolio",
        "ProductChange",
        "Session",
        "Settlement",
        "Telemetry",
    )
)


@dataclass(frozen=True, slots=True)
class Servicers:
    """One servicer per service."""

    portfolio: PortfolioServicer
    product_change: ProductChangeServicer
    telemetry: TelemetryServicer
    baseline: BaselineServicer
    auction: AuctionServicer
    event: EventServicer
    session: SessionServicer
    settlement: SettlementServicer
    green_certificate: GreenCertificateServicer
    access: AccessServicer
    audit: AuditServicer


@dataclass(frozen=True, slots=True)
class Transport:
    """What connections may cost.

    Attributes:
        keepalive_interval: How often an idle peer is asked whether it is there.
        keepalive_deadline: How long it has to answer.
        min_ping_interval: Peers that ping more often are cut; below the agents' own interval.
        handshake_deadline: A connection that has not shaken hands by then is cut.
        max_message_bytes: Largest message taken.
        max_metadata_bytes: Largest metadata taken.
        max_concurrent_streams: Most calls of one connection at a time.
        max_idle: A connection without calls is closed after this.
        max_connections: Most connections, those among them that have not shaken hands yet; more are cut.
    """

    keepalive_interval: timedelta
    keepalive_deadline: timedelta
    min_ping_interval: timedelta
    handshake_deadline: timedelta
    max_message_bytes: int
    max_metadata_bytes: int
    max_concurrent_streams: int
    max_idle: timedelta
    max_connections: int

    def options(self) -> list[tuple[str, int]]:
        """Return the options as gRPC wants them."""
        return [
            ("grpc.so_reuseport", 0),  # a second hub on the same port must fail, not share it silently
            ("grpc.keepalive_time_ms", _ms(self.keepalive_interval)),
            ("grpc.keepalive_timeout_ms", _ms(self.keepalive_deadline)),
            # Without it a frozen peer is noticed after a minute, whatever the keepalive timeout.
            ("grpc.http2.ping_timeout_ms", _ms(self.keepalive_deadline)),
            ("grpc.keepalive_permit_without_calls", 1),
            ("grpc.http2.min_ping_interval_without_data_ms", _ms(self.min_ping_interval)),
            ("grpc.server_handshake_timeout_ms", _ms(self.handshake_deadline)),
            ("grpc.max_receive_message_length", self.max_message_bytes),
            ("grpc.max_metadata_size", self.max_metadata_bytes),
            ("grpc.max_concurrent_streams", self.max_concurrent_streams),
            ("grpc.max_connection_idle_ms", _ms(self.max_idle)),
            ("grpc.max_allowed_incoming_connections", self.max_connections),
        ]


def _ms(span: timedelta) -> int:
    return span // timedelta(milliseconds=1)


def make_server(
    servicers: Servicers,
    interceptors: Sequence[grpc.aio.ServerInterceptor],
    transport: Transport,
    *,
    with_reflection: bool,
) -> tuple[grpc.aio.Server, health.aio.HealthServicer]:
    """Build a server that listens nowhere yet and says of itself that it is not serving.

    Args:
        servicers: One per service.
        interceptors: Outermost first: errors, identity, role, validation.
        transport: What connections may cost.
        with_reflection: Whether anybody may read the schema.

    Returns:
        The server, and the servicer to tell when it serves.
    """
    server = grpc.aio.server(interceptors=interceptors, options=transport.options())
    add_PortfolioServiceServicer_to_server(servicers.portfolio, server)
    add_ProductChangeServiceServicer_to_server(servicers.product_change, server)
    add_TelemetryServiceServicer_to_server(servicers.telemetry, server)
    add_BaselineServiceServicer_to_server(servicers.baseline, server)
    add_AuctionServiceServicer_to_server(servicers.auction, server)
    add_EventServiceServicer_to_server(servicers.event, server)
    add_SessionServiceServicer_to_server(servicers.session, server)
    add_SettlementServiceServicer_to_server(servicers.settlement, server)
    add_GreenCertificateServiceServicer_to_server(servicers.green_certificate, server)
    add_AccessServiceServicer_to_server(servicers.access, server)
    add_AuditServiceServicer_to_server(servicers.audit, server)
    status = health.aio.HealthServicer()
    add_HealthServicer_to_server(status, server)
    if with_reflection:
        names = [*SERVICE_NAMES, health.SERVICE_NAME, reflection.SERVICE_NAME]
        reflection.enable_server_reflection(names, server)
    return server, status


async def tell_health(status: health.aio.HealthServicer, *, serves: bool) -> None:
    """Tell probes whether the hub serves, as a whole and per service."""
    answer = health_pb2.HealthCheckResponse.SERVING if serves else health_pb2.HealthCheckResponse.NOT_SERVING
    for name in ("", *SERVICE_NAMES):
        await status.set(name, answer)


def warm_up(validator: Validator, services: Iterable[str] = SERVICE_NAMES) -> int:
    """Compile the rules of every request, which takes up to 20 ms each; returns how many there are."""
    pool = descriptor_pool.Default()
    requests = [method.input_type for name in services for method in pool.FindServiceByName(name).methods]
    for request in requests:
        validator.collect_violations(GetMessageClass(request)())
    return len(requests)
