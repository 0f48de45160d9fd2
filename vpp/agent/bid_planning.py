"""Decides the bids of invitations that wait for the planner, while nobody waits for it."""

import logging
from datetime import datetime, timedelta

from vpp.agent.core import SiteAgent
from vpp.agent.memory import PendingBid, bid_entry
from vpp.agent.planned_bidding import BidTask
from vpp.agent.planner_room import PlannerRoom
from vpp.agent.wire import instant
from vpp.foundation.clock import Clock
from vpp.foundation.errors import InvalidInput
from vpp.v1 import session_pb2

KEPT_FOR_SENDING = timedelta(seconds=10)
"""Of the machine's time, before the gate."""
LEAST_TIME_S = 0.5
log = logging.getLogger(__name__)


class BidPlanning:
    """The bids of one agent."""

    def __init__(self, agent: SiteAgent, planner: PlannerRoom, clock: Clock) -> None:
        """Take the agent, the planner and the site's clock."""
        self._agent = agent
        self._planner = planner
        self._clock = clock

    async def make_bids(self) -> int:
        """Decide the bids of every invitation that waits; return of how many.

        Whatever the planner says or fails to say, an invitation gets its bids once: those of the
        resources one by one where there is nothing better in time.
        """
        waiting = list(self._agent.memory.invitations.values())
        for invitation in waiting:
            found = await self._planned(invitation)
            now = self._clock.now()
            if found is None:
                found = self._agent.greedy_bids(invitation, now)
            decided = {
                "kind": "bids_decided",
                "auction": invitation.auction.name,
                "gate_closes_at": instant(invitation.auction.gate_closure_time).isoformat(),
            }
            memory = self._agent.memory
            memory.record_together([decided, *(bid_entry(bid) for bid in found)])
            memory.settle(now)
        return len(waiting)

    def _time_s(self, invitation: session_pb2.Invitation, now: datetime) -> float:
        gate = instant(invitation.auction.gate_closure_time)
        left = self._clock.machine_time(gate) - self._clock.machine_time(now) - KEPT_FOR_SENDING
        return min(self._agent.settings.planning.bid_time_limit_s, left.total_seconds())

    async def _planned(self, invitation: session_pb2.Invitation) -> list[PendingBid] | None:
        """Return the planner's bids; None where there are none, or the site has changed meanwhile."""
        agent, now = self._agent, self._clock.now()
        time_s = self._time_s(invitation, now)
        if time_s < LEAST_TIME_S:
            return None
        try:
            asked = self._asked(invitation, now)
            if asked is None:
                return None
            answer = await self._planner.bids(asked.site, asked.window, asked.sold_kw, time_s)
            again = self._asked(invitation, self._clock.now())
            if answer is None or again is None or again.sold_kw != asked.sold_kw:
                return None
            plan, open_bids = agent.memory.plan, list(agent.memory.bids.values())
            return agent.bidder.written(answer, invitation, agent.units, plan, open_bids)
        except InvalidInput:
            log.exception("%s: no planned bid for %s", agent.settings.site_name, invitation.auction.name)
            return None

    def _asked(self, invitation: session_pb2.Invitation, now: datetime) -> BidTask | None:
        agent = self._agent
        return agent.bidder.task(
            invitation,
            agent.units,
            agent.memory.plan,
            list(agent.memory.bids.values()),
            agent.steering.situation(now).load_kw,
            now,
        )
