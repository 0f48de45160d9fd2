"""What the hub's owner sets about sessions."""

from datetime import timedelta

from pydantic import Field

from vpp.hub.setting_types import Group, Span, Wait


class SessionSettings(Group):
    """How sessions are held. Spans are in the machine's time, but for the heartbeat's.

    Attributes:
        heartbeat_interval: How often agents send a heartbeat.
        resend_interval: When a delivery that is not acknowledged is sent again; doubles each time.
        longest_resend_interval: It never takes longer than this, a quarter aside.
        window_size: Deliveries that may be on their way to one agent; the others wait in the database.
        courier_interval: How often the hub looks for what is owed even if nothing happened.
        watch_interval: How often a watched event's status is sent even if nothing happened.
        max_clock_skew: Above this difference of clocks a warning is logged.
        hello_deadline: An agent says Hello within this time.
        silence_deadline: An agent says something within this time, or within three heartbeats if
            that is longer.
        write_deadline: An agent takes one message within this time.
        max_pending_messages: Messages that wait for one agent; beyond, its stream is cut.
        max_pending_bytes: The same in bytes.
        max_unbooked_items: What one agent said that is not booked yet; beyond, the hub stops reading it.
        max_queued_items: The same of all agents together, Hellos aside.
        max_commit_items: What agents said that is booked in one transaction.
        max_commit_greetings: Hellos among them, so that a storm of agents delays no live dispatch.
        gathering_time: How long what is to be booked waits for company.
        retry_wait: When a transaction that the database did not take is tried again.
        chunk_size: Deliveries that are read and written at a time; between two, others get their turn.
        max_streams_per_principal: Streams that one caller may have open, over all its connections.
    """

    heartbeat_interval: Wait = timedelta(seconds=15)
    resend_interval: Wait = timedelta(seconds=30)
    longest_resend_interval: Wait = timedelta(minutes=5)
    window_size: int = Field(default=64, ge=1, le=1000)
    courier_interval: Wait = timedelta(seconds=5)
    watch_interval: Wait = timedelta(seconds=2)
    max_clock_skew: Wait = timedelta(seconds=2)
    hello_deadline: Wait = timedelta(seconds=10)
    silence_deadline: Wait = timedelta(minutes=2)
    write_deadline: Wait = timedelta(seconds=20)
    max_pending_messages: int = Field(default=1000, ge=10, le=100_000)
    max_pending_bytes: int = Field(default=4 * 1024 * 1024, ge=65536, le=256 * 1024 * 1024)
    max_unbooked_items: int = Field(default=32, ge=1, le=1000)
    max_queued_items: int = Field(default=20_000, ge=10, le=1_000_000)
    max_commit_items: int = Field(default=2000, ge=1, le=100_000)
    max_commit_greetings: int = Field(default=200, ge=1, le=10_000)
    gathering_time: Span = timedelta(milliseconds=5)
    retry_wait: Wait = timedelta(seconds=1)
    chunk_size: int = Field(default=200, ge=1, le=10_000)
    max_streams_per_principal: int = Field(default=4, ge=2, le=1000)
