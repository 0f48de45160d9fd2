"""The upload of readings from before the agent's first session."""

from datetime import datetime, timedelta

from vpp.agent.driver import SiteDriver
from vpp.agent.memory import AgentMemory
from vpp.agent.outbox import cut_batches
from vpp.agent.settings import AgentSettings, floor_to_grid
from vpp.v1 import telemetry_pb2

MOST_READINGS = 2016
"""Readings per batch: a week of five minutes."""
MOST_BATCHES = 25
"""Batches per request."""
RESENT_SPAN = timedelta(days=1)
"""Readings sent again when the hub knows more of this site than the agent's journal does."""


class History:
    """Uploads a site's history once.

    Attributes:
        until: Where the upload ends, UTC.
        requests: What is to be sent, in order; nothing if the history has been uploaded.
    """

    def __init__(
        self, settings: AgentSettings, driver: SiteDriver, memory: AgentMemory, now: datetime
    ) -> None:
        """Cut the history up to now into requests."""
        step = settings.site.metering_interval
        self.until = floor_to_grid(now, step)
        self.requests: list[telemetry_pb2.BackfillReadingsRequest] = []
        self._memory = memory
        self._last_sequence = 0
        if memory.is_backfilled or settings.telemetry.history_days == 0:
            return
        wanted = self.until - timedelta(days=settings.telemetry.history_days)
        since = max(wanted, driver.meter_begins_at)
        batches = cut_batches(since, step, driver.meter(since, self.until), 1, MOST_READINGS)
        self._last_sequence = len(batches)
        for first in range(0, len(batches), MOST_BATCHES):
            chunk = batches[first : first + MOST_BATCHES]
            self.requests.append(
                telemetry_pb2.BackfillReadingsRequest(
                    site=settings.site_name, batches=[batch.message() for batch in chunk]
                )
            )

    def uploaded(self, held_sequence: int) -> None:
        """Take note that the hub holds all of it.

        Args:
            held_sequence: Highest sequence that the hub holds of the site. Above the upload's
                own it shows that the journal was lost and the hub's data were not; then the
                last day is sent again, since some of it may never have been sent.
        """
        is_ahead = held_sequence > self._last_sequence
        metered_until = self.until - RESENT_SPAN if is_ahead else self.until
        self._memory.record(
            {
                **self._memory.position(),
                "is_backfilled": True,
                "batch_sequence": held_sequence,
                "metered_until": metered_until.isoformat(),
            }
        )
        self._memory.journal.sync()
