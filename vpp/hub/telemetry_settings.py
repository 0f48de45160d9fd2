"""What the hub's owner sets about readings."""

from datetime import timedelta
from typing import Self

from pydantic import Field, model_validator

from vpp.hub.setting_types import Group, Span, Wait
from vpp.workflows.telemetry_rules import TelemetryRules

ONE_DAY = timedelta(days=1)


class TelemetrySettings(Group):
    """How readings are kept.

    Attributes:
        max_queued_batches: Batches of all sessions that may wait to be written.
        max_queued_bytes: The same in bytes of readings.
        max_commit_batches: Most batches of one transaction.
        max_commit_bytes: The same in bytes of readings.
        max_wait: How long a session may wait for room in a full queue, in the machine's time; then
            its readings are refused for now.
        retry_delay: When the agent is to send them again, in the machine's time.
        max_backfills: Uploads of history that are checked and written at once; more are refused for now.
        keep_raw_days: Readings are kept this long; older ones are refused, and forgotten.
        keep_roll_up_days: Means over roll-up intervals are kept this long.
        roll_up_interval: Length of those intervals, dividing a day.
        upkeep_delay: How long after a day's end (UTC) it is summed up.
    """

    max_queued_batches: int = Field(default=2000, ge=1, le=100_000)
    max_queued_bytes: int = Field(default=32 * 1024 * 1024, ge=65536, le=4 * 1024**3)
    max_commit_batches: int = Field(default=500, ge=1, le=10_000)
    max_commit_bytes: int = Field(default=4 * 1024 * 1024, ge=65536, le=1024**3)
    max_wait: Wait = timedelta(seconds=2)
    retry_delay: Wait = timedelta(seconds=15)
    max_backfills: int = Field(default=4, ge=1, le=1000)
    keep_raw_days: int = Field(default=400, ge=100, le=100_000)
    keep_roll_up_days: int = Field(default=3653, ge=100, le=100_000)
    roll_up_interval: Span = timedelta(minutes=15)
    upkeep_delay: Span = timedelta(hours=2)

    @model_validator(mode="after")
    def _fits(self) -> Self:
        interval = self.roll_up_interval
        if not timedelta(0) < interval <= ONE_DAY or ONE_DAY % interval:
            raise ValueError(f"roll_up_interval is {interval}, expected a span that divides a day")
        if self.keep_roll_up_days < self.keep_raw_days:
            raise ValueError(
                f"keep_roll_up_days is {self.keep_roll_up_days}, expected at least keep_raw_days, "
                f"{self.keep_raw_days}"
            )
        return self

    def rules(self) -> TelemetryRules:
        """Turn settings into what workflows take."""
        return TelemetryRules(
            keep_raw=timedelta(days=self.keep_raw_days),
            keep_roll_ups=timedelta(days=self.keep_roll_up_days),
            roll_up_interval=self.roll_up_interval,
            upkeep_delay=self.upkeep_delay,
        )
