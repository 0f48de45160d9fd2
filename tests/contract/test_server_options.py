"""The shipped server options are those that the hub was designed with, and close the traps they are for."""

from pathlib import Path

from vpp.agent.hub_client import CHANNEL_OPTIONS
from vpp.hub.composition import transport_of
from vpp.hub.load_settings import load_settings
from vpp.hub.settings import ServerSettings

CONFIG = Path(__file__).parents[2] / "configs/hub.toml"
AGENT_PING_INTERVAL_MS = 10_000

DESIGNED = {
    "grpc.so_reuseport": 0,
    "grpc.max_metadata_size": 8192,
    "grpc.server_handshake_timeout_ms": 3000,
    "grpc.keepalive_time_ms": 10_000,
    "grpc.keepalive_timeout_ms": 5000,
    "grpc.http2.ping_timeout_ms": 5000,
    "grpc.keepalive_permit_without_calls": 1,
    "grpc.http2.min_ping_interval_without_data_ms": 5000,
    # A backlog of readings is up to 3,600 values a batch, and a history comes in one call.
    "grpc.max_receive_message_length": 4 * 1024 * 1024,
    # An agent needs one or two; a gateway may carry many. The streams of a caller are counted over all
    # its connections, which this option cannot do.
    "grpc.max_concurrent_streams": 100,
    # Whoever holds connections has to use them.
    "grpc.max_connection_idle_ms": 300_000,
    # Twice the agents the hub is meant for: all may come back before their old connections are noticed.
    "grpc.max_allowed_incoming_connections": 1200,
}


def test_the_defaults_are_the_design() -> None:
    assert dict(transport_of(ServerSettings(), 1200).options()) == DESIGNED


def test_the_shipped_settings_are_the_design() -> None:
    settings = load_settings(CONFIG)
    assert dict(transport_of(settings.server, settings.max_connections).options()) == DESIGNED


def test_the_options_go_together() -> None:
    options = dict(transport_of(ServerSettings(), 1200).options())
    # An agent that pings more often than this is sent away.
    assert options["grpc.http2.min_ping_interval_without_data_ms"] < AGENT_PING_INTERVAL_MS
    # A half-open link is noticed by the hub within a quarter of a minute.
    assert options["grpc.keepalive_time_ms"] + options["grpc.keepalive_timeout_ms"] <= 15_000
    # The age of a connection would need its grace as well; it counts calls, and so would one party's
    # streams lock out another's.
    assert not {"grpc.max_connection_age_ms", "grpc.maximum_concurrent_rpcs"} & options.keys()


def test_agents_ping_as_the_hub_expects() -> None:
    options = dict(CHANNEL_OPTIONS)
    assert options["grpc.keepalive_time_ms"] == AGENT_PING_INTERVAL_MS
    assert options["grpc.keepalive_timeout_ms"] == 5000
    assert options["grpc.keepalive_permit_without_calls"] == 1
    assert options["grpc.http2.max_pings_without_data"] == 0
