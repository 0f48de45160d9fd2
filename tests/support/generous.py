"""Quotas for a hub whose callers live faster than the machine's clock, or ask thousands of things of it."""

from vpp.hub.quota_settings import QuotaSettings

NO_RATES = QuotaSettings(
    max_requests_per_second=1_000_000,
    max_running_requests=64,
    max_messages_per_second=1_000_000,
    max_bytes_per_second=1024 * 1024 * 1024,
)
