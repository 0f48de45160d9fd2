"""Cuts what the meter showed into batches for the hub: each reading once, in order."""

import logging
from datetime import datetime

from vpp.agent.memory import AgentMemory, batch_entry
from vpp.agent.outbox import cut_batches
from vpp.agent.pacing import Pacing
from vpp.agent.settings import AgentSettings
from vpp.agent.steering import Steering
from vpp.v1 import session_pb2

MOST_READINGS = 2000
"""Readings per batch at most: a week of five minutes, 16 kB."""
log = logging.getLogger(__name__)


class ReadingsDesk:
    """The readings that one site owes."""

    def __init__(
        self, settings: AgentSettings, memory: AgentMemory, steering: Steering, pacing: Pacing
    ) -> None:
        """Take the site's memory, its meter, and when the hub wants no readings."""
        self._site_name = settings.site_name
        self._step = settings.site.metering_interval
        self._memory = memory
        self._steering = steering
        self._pacing = pacing

    def due(self, machine_now: datetime, *, least: int) -> list[session_pb2.ConnectRequest]:
        """Put readings that have not been sent into batches, and return what is to be sent.

        Args:
            machine_now: Present instant by the machine's clock, UTC.
            least: Fewest readings that are worth a batch.
        """
        if self._pacing.holds(machine_now):
            return []
        requests = []
        if self._pacing.is_over(machine_now):
            unheld = self._memory.outbox.batches.values()
            requests += [session_pb2.ConnectRequest(telemetry=batch.message()) for batch in unheld]
        since = self._memory.metered_until
        if since is not None and since < self._steering.meter.begin:
            self._steering.reach_back(since)  # the hub wants more than was looked at
        meter = self._steering.meter
        start = meter.begin if since is None else max(since, meter.begin)
        readings = meter.since(start)
        if len(readings) < least:
            return requests
        first_sequence = self._memory.outbox.batch_sequence + 1
        for batch in cut_batches(start, self._step, readings, first_sequence, MOST_READINGS):
            try:
                self._memory.record(batch_entry(batch))
            except OSError:
                log.exception("%s: readings are left to the meter", self._site_name)
                break
            requests.append(session_pb2.ConnectRequest(telemetry=batch.message()))
        return requests
