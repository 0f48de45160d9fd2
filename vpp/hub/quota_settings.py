"""What the hub's owner sets about how much one caller may ask of the hub."""

from datetime import timedelta

from pydantic import Field

from vpp.hub.setting_types import Group, Wait
from vpp.rpc.quota_limits import QuotaLimits


class QuotaSettings(Group):
    """How much one caller may ask, over all its connections. Spans are in the machine's time.

    Attributes:
        max_requests_per_second: Calls that may begin, on average over `rate_window`; streams count once.
        max_running_requests: Calls that are worked on side by side; the others of the caller wait. Far
            fewer than `work.rpc_threads`: each thread more delays everybody, as one works at a time.
        max_unfinished_requests: Those and the waiting ones; beyond, RESOURCE_EXHAUSTED.
        max_open_streams: Streams of answers, sessions aside: watched events, downloads, settlement runs.
        max_connections: Connections with calls or streams on them.
        max_messages_per_second: What an agent says in its session, on average over `rate_window`; beyond,
            the hub reads more slowly.
        max_bytes_per_second: The same in bytes, requests included.
        rate_window: Over which rates are averaged; what was saved up in it may come at once.
        refusal_delay: A call beyond the rate is answered this much later, so that a caller who asks again
            at once costs the hub little.
        max_unfinished_requests_of_all: Calls and streams of all callers together, sessions aside; a quarter
            is for those who run the market.
        request_deadline: A request has arrived this much after its call began.
        write_deadline: One answer is taken within this time, streams of answers included.
    """

    max_requests_per_second: int = Field(default=100, ge=1, le=1_000_000)
    max_running_requests: int = Field(default=3, ge=1, le=1000)
    max_unfinished_requests: int = Field(default=200, ge=1, le=100_000)
    max_open_streams: int = Field(default=64, ge=1, le=100_000)
    max_connections: int = Field(default=32, ge=1, le=100_000)
    max_messages_per_second: int = Field(default=1000, ge=10, le=1_000_000)
    max_bytes_per_second: int = Field(default=4 * 1024 * 1024, ge=65536, le=1024 * 1024 * 1024)
    rate_window: Wait = timedelta(seconds=10)
    refusal_delay: Wait = timedelta(milliseconds=500)
    max_unfinished_requests_of_all: int = Field(default=2000, ge=10, le=1_000_000)
    request_deadline: Wait = timedelta(seconds=10)
    write_deadline: Wait = timedelta(seconds=20)

    def limits(self) -> QuotaLimits:
        """Return what the interceptors take."""
        return QuotaLimits(
            max_requests_per_second=self.max_requests_per_second,
            max_running_requests=self.max_running_requests,
            max_unfinished_requests=self.max_unfinished_requests,
            max_open_streams=self.max_open_streams,
            max_connections=self.max_connections,
            max_messages_per_second=self.max_messages_per_second,
            max_bytes_per_second=self.max_bytes_per_second,
            rate_window=self.rate_window,
            refusal_delay=self.refusal_delay,
            max_unfinished_requests_of_all=self.max_unfinished_requests_of_all,
        )
