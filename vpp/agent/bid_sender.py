"""Sends decided bids until each is answered or its gate has closed."""

import logging
from datetime import datetime, timedelta

import grpc
import grpc.aio

from vpp.agent.core import SiteAgent
from vpp.agent.hub_client import CALL_DEADLINE_S, HubClient
from vpp.foundation.clock import Clock

LONGEST_DOUBLING = 6
FINAL = frozenset(
    {
        grpc.StatusCode.ALREADY_EXISTS,
        grpc.StatusCode.INVALID_ARGUMENT,
        grpc.StatusCode.NOT_FOUND,
        grpc.StatusCode.OUT_OF_RANGE,
        grpc.StatusCode.PERMISSION_DENIED,
        grpc.StatusCode.UNIMPLEMENTED,
    }
)
"""Answers that no repeat can change."""
RETRIED = frozenset({grpc.StatusCode.FAILED_PRECONDITION, grpc.StatusCode.RESOURCE_EXHAUSTED})
"""Answers that time can change: an enrolment is approved, another auction is cleared."""
log = logging.getLogger(__name__)


class BidSender:
    """Sends one agent's bids."""

    def __init__(self, agent: SiteAgent, clock: Clock) -> None:
        """Begin with nothing tried."""
        self._agent = agent
        self._clock = clock
        self._tries: dict[str, tuple[int, datetime]] = {}

    async def send_due(self, client: HubClient) -> None:
        """Send what is due, once.

        A bid that the hub cannot take yet is tried again after one metering interval, then two,
        then four, always with the same request id and content.

        Raises:
            grpc.aio.AioRpcError: The link has failed.
        """
        step = self._agent.settings.site.metering_interval
        for request in self._agent.due_bids(self._clock.now()):
            count, not_before = self._tries.get(request.request_id, (0, self._clock.now()))
            if self._clock.now() < not_before:
                continue
            wait = step * 2 ** min(count, LONGEST_DOUBLING)
            self._tries[request.request_id] = (count + 1, self._clock.now() + wait)
            subject = f"{request.bid.auction or request.bid.product} {request.bid.resource}"
            try:
                bid = await client.auction.CreateBid(
                    request, metadata=client.metadata, timeout=CALL_DEADLINE_S
                )
            except grpc.aio.AioRpcError as error:
                log.warning("bid for %s: %s %s", subject, error.code().name, error.details())
                if error.code() in FINAL:
                    answer = f"{error.code().name} {error.details()}"
                    self._agent.bid_answered(request.request_id, answer, accepted=False)
                elif error.code() not in RETRIED:
                    raise
            else:
                self._agent.bid_answered(request.request_id, bid.name, accepted=True)
        self._forget(timedelta(days=1))

    def _forget(self, age: timedelta) -> None:
        """Drop what nobody will try again."""
        limit = self._clock.now() - age
        self._tries = {key: tried for key, tried in self._tries.items() if tried[1] > limit}
