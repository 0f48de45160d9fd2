"""How much one caller may ask of the hub."""

from dataclasses import dataclass
from datetime import timedelta

UNREAD = "unread"
"""Which bound a caller is beyond that does not read what it is sent."""


@dataclass(frozen=True, slots=True)
class QuotaLimits:
    """Bounds for one caller over all its connections, and one for all callers.

    Attributes:
        max_requests_per_second: Calls that may begin, on average over `rate_window`.
        max_running_requests: Calls that are worked on side by side; the others wait for their turn.
        max_unfinished_requests: Those and the waiting ones.
        max_open_streams: Streams of answers, sessions aside.
        max_connections: Connections with calls or streams on them.
        max_messages_per_second: Messages of its sessions, on average over `rate_window`.
        max_bytes_per_second: Bytes of its requests and messages, the same.
        rate_window: Over which rates are averaged, in the machine's time.
        refusal_delay: A call beyond a bound is refused this much later, in the machine's time.
        max_unfinished_requests_of_all: Calls and streams of everybody, sessions aside.
    """

    max_requests_per_second: int = 100
    max_running_requests: int = 3
    max_unfinished_requests: int = 200
    max_open_streams: int = 64
    max_connections: int = 32
    max_messages_per_second: int = 1000
    max_bytes_per_second: int = 4 * 1024 * 1024
    rate_window: timedelta = timedelta(seconds=10)
    refusal_delay: timedelta = timedelta(milliseconds=500)
    max_unfinished_requests_of_all: int = 2000
