"""What the hub's owner sets about metrics, readiness, traces and logs."""

import ipaddress
from datetime import timedelta

from pydantic import Field, field_validator

from vpp.foundation.log_format import LogFormat
from vpp.hub.setting_types import Group, Wait


class MetricsSettings(Group):
    """Where the hub says how it does: `/metrics`, `/healthz` and `/readyz` over HTTP.

    Attributes:
        listen_address: Address of a network interface; whoever can connect can read, so it is this
            machine's own unless set otherwise.
        port: TCP port; 0 lets the system choose, absent opens none.
    """

    listen_address: str = "127.0.0.1"
    port: int | None = Field(default=None, ge=0, le=65535)

    @field_validator("listen_address")
    @classmethod
    def _is_address(cls, value: str) -> str:
        if value != "localhost":
            ipaddress.ip_address(value)
        return value


class ReadinessSettings(Group):
    """When the hub says that it is ready. Spans are in the machine's time.

    Attributes:
        check_interval: How often it looks.
        probe_deadline: The database takes a small write within this time.
        max_loop_lag: The event loop is no further behind than this.
        max_backlog_age: What connected sites are owed is not older than this...
        max_stuck_ratio: ...at more than this share of them, and at more than one unless all are: one silent
            agent is not the hub's fault.
        max_deadline_delay: No deadline waits longer than this for its work to begin.
    """

    check_interval: Wait = timedelta(seconds=5)
    probe_deadline: Wait = timedelta(seconds=3)
    max_loop_lag: Wait = timedelta(seconds=1)
    max_backlog_age: Wait = timedelta(minutes=2)
    max_stuck_ratio: float = Field(default=0.1, ge=0, lt=1)
    max_deadline_delay: Wait = timedelta(minutes=2)


class TracingSettings(Group):
    """Where spans are sent. Needs the extra: pip install vpp[tracing].

    Attributes:
        endpoint: A collector's address for OTLP over gRPC, such as http://127.0.0.1:4317; absent
            records nothing.
    """

    endpoint: str | None = Field(default=None, pattern=r"^https?://[^\s/]+$")


class LogSettings(Group):
    """How the hub logs.

    Attributes:
        format: Lines for people, or one JSON object per line with the fields site, event, instruction,
            auction and deadline where a line is about one.
    """

    format: LogFormat = "text"
