"""What the hub's owner sets about sessions."""

from datetime import timedelta

from pydantic import Field

from vpp.hub.setting_types import Group, Wait


class SessionSettings(Group):
    """How sessions are held. Spans are in the machine's time, but for the heartbeat's.

    Attributes:
        heartbeat_interval: How often agents send a heartbeat.
        resend_interval: When a delivery that is not acknowledged is sent again.
        courier_interval: How often the hub looks for what is owed even if nothing happened.
        watch_interval: How often a watched event's status is sent even if nothing happened.
        max_clock_skew: Above this difference of clocks a warning is logged.
        hello_deadline: An agent says Hello within this time.
        silence_deadline: An agent says something within this time, or within three heartbeats if
            that is longer.
        write_deadline: An agent takes one message within this time.
        max_pending_messages: Messages that wait for one agent; beyond, its stream is cut.
        max_pending_bytes: The same in bytes.
    """

    heartbeat_interval: Wait = timedelta(seconds=15)
    resend_interval: Wait = timedelta(seconds=30)
    courier_interval: Wait = timedelta(seconds=5)
    watch_interval: Wait = timedelta(seconds=2)
    max_clock_skew: Wait = timedelta(seconds=2)
    hello_deadline: Wait = timedelta(seconds=10)
    silence_deadline: Wait = timedelta(minutes=2)
    write_deadline: Wait = timedelta(seconds=20)
    max_pending_messages: int = Field(default=1000, ge=10, le=100_000)
    max_pending_bytes: int = Field(default=4 * 1024 * 1024, ge=65536, le=256 * 1024 * 1024)
