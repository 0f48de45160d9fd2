"""The site agent without a wire or a clock: messages and instants in, messages and commands out.

A scenario can run it on a manual clock; the runner connects it to the hub and to real time.
"""

import base64
import logging
from collections import deque
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from vpp.agent.bidder import Bidder
from vpp.agent.bidding import Enrolled, ProductRules
from vpp.agent.delivered import delivered
from vpp.agent.driver import SiteDriver
from vpp.agent.instruction_desk import InstructionDesk
from vpp.agent.journal import Journal
from vpp.agent.kept_heads import KeptHeads
from vpp.agent.memory import AgentMemory, PendingBid, bid_entry
from vpp.agent.outbox import Status
from vpp.agent.pacing import Pacing
from vpp.agent.plan import SitePlan
from vpp.agent.planner_room import PlannerRoom
from vpp.agent.readings_desk import ReadingsDesk
from vpp.agent.settings import AgentSettings, floor_to_grid
from vpp.agent.steering import Steering, steerable
from vpp.agent.unit import Unit
from vpp.agent.unit_tables import units_of
from vpp.agent.verification import verification_of
from vpp.agent.wire import instant, timestamp
from vpp.foundation.errors import InvalidInput, NotAuthenticated
from vpp.foundation.tracing import span
from vpp.v1 import auction_pb2, session_pb2

AGENT_VERSION = "vpp-agent/1"
log = logging.getLogger(__name__)


class SiteAgent:
    """One site's agent."""

    def __init__(  # noqa: PLR0913, PLR0917  a site's agent is made of these
        self,
        settings: AgentSettings,
        driver: SiteDriver,
        journal: Journal,
        now: datetime,
        machine_time: Callable[[datetime], datetime],
        planner: PlannerRoom | None = None,
        *,
        moves_devices: bool = True,
    ) -> None:
        """Take up what the journal holds.

        Args:
            settings: The site's configuration.
            driver: The site's meter and devices.
            journal: The agent's durable memory.
            now: Present instant, UTC.
            machine_time: Turns the clock's instants into the machine's; skew is judged there.
            planner: Plans bids and splits; None for the cheapest first.
            moves_devices: Whether devices are commanded; otherwise the agent agrees to nothing either.
        """
        self.written = steerable(settings, driver)
        self.memory = AgentMemory(journal)
        self.memory.recover(now)
        self.settings = self.memory.local.orders.effective(self.written)
        self.units: dict[str, Unit[Any]] = {
            unit.resource_id: unit
            for unit in units_of(settings.resources, settings.bidding.displaced_value_per_kwh)
        }
        self.is_welcomed = False
        self.welcome_count = 0
        self.heard_at: datetime | None = None
        self.heartbeat_interval = timedelta(seconds=30)
        self.moves_devices = moves_devices
        self.kept_heads: KeptHeads | None = None
        self.planner = planner
        if planner is not None:
            planner.learned = self.memory.local.learned
        self._machine_time = machine_time
        self._verification = verification_of(settings, machine_time)
        self._step = settings.site.metering_interval
        self.bidder = Bidder(self.settings, self.memory.local)
        self.desk = InstructionDesk(self.settings, self.memory, self.units, moves_devices=moves_devices)
        self._first_of_session = False
        self.has_unsaid = False
        self._pacing = Pacing()
        self._is_time_doubtful = self._went_back(now)
        self._hello_at = now
        self._heartbeats: deque[tuple[datetime, int]] = deque()
        self.steering = Steering(
            self.settings,
            driver,
            self.memory,
            self.units,
            now,
            planner=planner,
            moves_devices=moves_devices,
        )
        self._readings = ReadingsDesk(self.settings, self.memory, self.steering, self._pacing)
        self._look(floor_to_grid(now, self.control_step))
        self.desk.price(now)

    @property
    def control_step(self) -> timedelta:
        """How often the site is steered."""
        return self.steering.step

    @property
    def is_time_doubtful(self) -> bool:
        """Whether nothing is delivered until the hub's time agrees with the site's."""
        return self._is_time_doubtful

    def follow_orders(self) -> None:
        """Let the orders that stand take effect."""
        self.settings = self.memory.local.orders.effective(self.written)
        self.desk.settings = self.bidder.settings = self.steering.settings = self.settings

    def _went_back(self, now: datetime) -> bool:
        """Whether the clock shows less than the journal has seen: it was set while the agent was down."""
        latest = self.memory.latest_at
        if latest is None:
            return False
        gap = self._machine_time(latest) - self._machine_time(now)
        if gap <= self.settings.limits.max_clock_skew:
            return False
        log.error(
            "%s: the clock shows %s and has shown %s before; nothing is delivered until the hub's agrees",
            self.settings.site_name,
            now.isoformat(),
            latest.isoformat(),
        )
        return True

    def set_back(self, now: datetime) -> None:
        """Go on from an earlier time, the hub's; what was metered under later ones is metered again."""
        at = floor_to_grid(now, self._step)
        try:
            self.memory.record({"kind": "set_back", "at": now.isoformat(), "metered_until": at.isoformat()})
        except OSError:
            log.exception("%s: that the clock was set back cannot be kept", self.settings.site_name)
        self.steering.set_back(now)

    def enrolled(
        self,
        rules: Mapping[str, ProductRules],
        envelopes: Mapping[str, Enrolled],
        now: datetime,
    ) -> None:
        """Take note of the products' rules and of what the hub was told of the resources."""
        self.bidder.rules, self.bidder.envelopes = dict(rules), dict(envelopes)
        for bid in self.bidder.standing_bids(self.units, set(self.memory.bids), now):
            self.memory.record(bid_entry(bid))
        self.memory.journal.sync()

    def due_bids(self, now: datetime) -> list[auction_pb2.CreateBidRequest]:
        """Return the bids that have been decided and not answered, while their gates are open."""
        if not self.moves_devices:
            return []
        return [
            bid.request
            for bid in self.memory.bids.values()
            if bid.answer is None
            and (bid.gate_closes_at is None or now < bid.gate_closes_at)
            and not self.is_bid_held(bid)
        ]

    def is_bid_held(self, bid: PendingBid) -> bool:
        """Tell whether a bid waits for a person, or a person has said no to it."""
        decision = self.memory.local.orders.decision_on((bid.auction or bid.request.bid.product,), None)
        if decision is not None:
            return not decision.is_yes
        return self.settings.operation.mode.asks_for_bids

    def bid_answered(self, request_id: str, answer: str, *, accepted: bool) -> None:
        """Take note of a bid's name, or of why it was refused."""
        entry = {"kind": "bid_answered", "request_id": request_id, "answer": answer, "accepted": accepted}
        self.memory.record(entry)

    def hello(self, now: datetime) -> session_pb2.ConnectRequest:
        """Open a session.

        Raises:
            OSError: What the journal holds is not on the disk, so the hub must not be told that it is.
        """
        self.memory.settle(now)
        self.is_welcomed = False
        self._hello_at = now
        self._heartbeats.clear()
        hello = session_pb2.Hello(
            site=self.settings.site_name,
            resume_sequence=self.memory.deliveries.held,
            agent_version=AGENT_VERSION,
            agent_time=timestamp(now),
            reads_direction=True,
        )
        return session_pb2.ConnectRequest(hello=hello)

    def heartbeat(self, now: datetime) -> session_pb2.ConnectRequest:
        """Prove that the agent is alive; the answer proves what was sent before it."""
        self._heartbeats.append((now, self.memory.outbox.status_count))
        return session_pb2.ConnectRequest(heartbeat=session_pb2.Heartbeat(agent_time=timestamp(now)))

    def lost(self) -> None:
        """Take note that the session has ended; the plan goes on."""
        self.is_welcomed = False

    def receive(
        self, message: session_pb2.ConnectResponse, now: datetime
    ) -> list[session_pb2.ConnectRequest]:
        """Do what a message asks for, durably, and return what is to be answered.

        Raises:
            OSError: It could not be kept, and has had no effect; the session must end, and the hub
                says it again in a later one.
        """
        self.heard_at = now
        match message.WhichOneof("message"):
            case "welcome":
                return self._welcomed(message.welcome, now)
            case "delivery":
                return self._delivered(message.delivery, now)
            case "telemetry_acknowledgement":
                held = message.telemetry_acknowledgement.held_sequence
                self.memory.record({"kind": "batches_held", "sequence": held})
            case "heartbeat":
                self._heartbeat_answered(instant(message.heartbeat.agent_time))
            case "refusal":
                refusal = message.refusal
                self._pacing.refused(refusal, self._machine_time(now))
                said = f"{refusal.refused_message}: {refusal.reason} {refusal.detail}"
                log.warning("%s: the hub refused %s", self.settings.site_name, said)
            case _:
                pass  # a newer hub may say more than this agent understands
        return []

    def _welcomed(self, welcome: session_pb2.Welcome, now: datetime) -> list[session_pb2.ConnectRequest]:
        self.is_welcomed, self._first_of_session = True, True
        self._pacing.reset()
        self.welcome_count += 1
        self.desk.clock_skew = self._skew(instant(welcome.hub_time), now)
        if abs(self.desk.clock_skew) <= self.settings.limits.max_clock_skew:
            self._is_time_doubtful = False
        if welcome.HasField("heartbeat_interval"):
            self.heartbeat_interval = welcome.heartbeat_interval.ToTimedelta()
        if self.kept_heads is not None and (fault := self.kept_heads.take(welcome.audit_head)):
            log.warning("%s: %s", self.settings.site_name, fault)
        self.memory.record({"kind": "batches_held", "sequence": welcome.telemetry_sequence})
        outbox = self.memory.outbox
        owed = [status.request() for status in outbox.statuses.values()]
        owed += [session_pb2.ConnectRequest(telemetry=batch.message()) for batch in outbox.batches.values()]
        answers = self._sendable(self.desk.answers(now))
        self.memory.settle(now)  # an answer that was given must be the answer after a power cut too
        return [*owed, *answers, *self._due_readings(now, least=1)]

    def _skew(self, hub_time: datetime, now: datetime) -> timedelta:
        """Return how far the hub's clock is outside of what the Hello's round trip can explain."""
        asked_at, answered_at = self._machine_time(self._hello_at), self._machine_time(now)
        told = self._machine_time(hub_time)
        return max(told - answered_at, timedelta(0)) + min(told - asked_at, timedelta(0))

    def _heartbeat_answered(self, agent_time: datetime) -> None:
        while self._heartbeats and self._heartbeats[0][0] <= agent_time:
            _, number = self._heartbeats.popleft()
            if self.memory.outbox.statuses and min(self.memory.outbox.statuses) <= number:
                self.memory.record({"kind": "statuses_held", "number": number})

    def _delivered(self, delivery: session_pb2.Delivery, now: datetime) -> list[session_pb2.ConnectRequest]:
        deliveries = self.memory.deliveries
        # One that is refused proves nothing of what is open below it, nor does the one after it.
        first, self._first_of_session = self._first_of_session, False
        try:
            delivery = self._verification.opened(delivery, now)
        except NotAuthenticated as error:
            deliveries.refuse(delivery.sequence)
            log.warning("%s: refused, and not held: %s", self.settings.site_name, error)
            return []
        is_known = delivery.sequence <= deliveries.held or delivery.sequence in deliveries.above
        answers = []
        with span("agent.apply", delivery.trace_parent, site=self.settings.site_name):
            if is_known:
                held_before = deliveries.held
                deliveries.admit(delivery.sequence, first_of_session=first)
                if deliveries.held != held_before:
                    self.memory.record(self.memory.position())
            else:
                answers = self._apply(delivery, now, first_of_session=first)
            self.memory.settle(now)  # held durably before the hub is told so
        return [*self._acknowledgement(), *answers]

    def _apply(
        self, delivery: session_pb2.Delivery, now: datetime, *, first_of_session: bool
    ) -> list[session_pb2.ConnectRequest]:
        try:
            delivered(delivery)  # before it is kept: a journal with nonsense in it could not be read again
        except InvalidInput as error:
            return self._skip(delivery, str(error), now, first_of_session=first_of_session)
        entry = {
            "kind": "delivery",
            "content": base64.b64encode(delivery.SerializeToString()).decode(),
            "first_of_session": first_of_session,
            "at": now.isoformat(),
        }
        bids = []
        is_invitation = delivery.WhichOneof("content") == "invitation"
        if is_invitation and self.planner is not None:
            entry["bids_wait"] = True  # decided by `planning.make_bids`, with an entry of their own
        elif is_invitation:
            bids = [bid_entry(bid) for bid in self.greedy_bids(delivery.invitation, now)]
        # An invitation that is held comes never again, so its bids are held with it or not at all.
        self.memory.record_together([entry, *bids])
        answers = self._sendable(self.desk.answers(now))
        self.steering.foresee(now, self.memory.plan, self.desk.price_per_mwh)
        return answers

    def _skip(
        self, delivery: session_pb2.Delivery, reason: str, now: datetime, *, first_of_session: bool
    ) -> list[session_pb2.ConnectRequest]:
        """Hold a delivery that makes no sense as dealt with, so that it does not come for ever."""
        log.error("%s: delivery %d makes no sense: %s", self.settings.site_name, delivery.sequence, reason)
        name = delivery.instruction.name
        # The answer first: killed in between, the agent refuses once more, which changes nothing.
        statuses = [self.desk.report(name, "REFUSED", now, "SITE_LIMIT", reason)] if name else []
        self.memory.record(
            {"kind": "skipped", "sequence": delivery.sequence, "first_of_session": first_of_session}
        )
        return self._sendable(statuses)

    def _sendable(self, statuses: list[Status]) -> list[session_pb2.ConnectRequest]:
        """Return statuses as messages, if a session can take them; the next one takes them otherwise."""
        return [status.request() for status in statuses] if self.is_welcomed else []

    def _acknowledgement(self) -> list[session_pb2.ConnectRequest]:
        held = self.memory.deliveries.held
        if held < 1:
            return []
        return [session_pb2.ConnectRequest(acknowledgement=session_pb2.Acknowledgement(held_sequence=held))]

    def greedy_bids(self, invitation: session_pb2.Invitation, now: datetime) -> list[PendingBid]:
        """Return bids of the resources one by one; none if something about them makes no sense."""
        open_bids = list(self.memory.bids.values())
        try:
            return self.bidder.bids(invitation, self.units, self.memory.plan, open_bids, now)
        except InvalidInput:
            log.exception("%s: no bid for %s", self.settings.site_name, invitation.auction.name)
            return []

    def control(self, at: datetime) -> list[session_pb2.ConnectRequest]:
        """Carry the site into the control interval that begins now.

        Args:
            at: Start of the interval, UTC, on the control grid; the same again after a local order or
                a fault, which need not wait for the next.

        Returns:
            What is to be sent, if a session is open; otherwise it is sent when one is.
        """
        self._look(at)
        # How long the agent was down is not known, so an instruction may long be over.
        plan = SitePlan() if self._is_time_doubtful else self.memory.plan
        statuses = [] if self._is_time_doubtful else self._advanced(at)
        plan.note_begun(at)
        self.steering.steer(at, plan, self.desk.price_per_mwh)
        try:
            self.memory.tidy(at)
        except OSError:
            log.exception("%s: the journal could not be shortened", self.settings.site_name)
        return [
            *self._sendable(statuses),
            *self._due_readings(at, least=self.settings.telemetry.batch_interval_count),
        ]

    def _advanced(self, at: datetime) -> list[Status]:
        """Take every instruction on; on a full disk, nothing but what was agreed before goes on.

        What was agreed is on the disk and is delivered between its own start and end whether or not
        they can be written down; they are as soon as they can, and a new instruction is answered then.
        """
        try:
            statuses = self.desk.advance(at)
            if statuses:
                self.memory.settle(at)
        except OSError:
            log.exception("%s: statuses cannot be kept", self.settings.site_name)
            self.has_unsaid = True
            return []
        if self.has_unsaid:  # some may have been kept before it failed
            self.has_unsaid = False
            return list(self.memory.outbox.statuses.values())
        return statuses

    def _look(self, at: datetime) -> None:
        """Read the meter and the devices."""
        self.steering.look(at)
        self.desk.situation = self.steering.situation(at)

    def _due_readings(self, now: datetime, *, least: int) -> list[session_pb2.ConnectRequest]:
        return self._readings.due(self._machine_time(now), least=least) if self.is_welcomed else []
