"""What the hub's owner sets about readings."""

from pydantic import Field

from vpp.hub.setting_types import Group


class TelemetrySettings(Group):
    """How readings are kept.

    Attributes:
        max_queued_batches: Batches of all sessions that may wait to be written.
        max_commit_batches: Most batches of one transaction.
    """

    max_queued_batches: int = Field(default=2000, ge=1, le=100_000)
    max_commit_batches: int = Field(default=500, ge=1, le=10_000)
