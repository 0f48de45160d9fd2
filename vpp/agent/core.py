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
from vpp.agent.controller import Controller, Readings
from vpp.agent.delivered import delivered
from vpp.agent.driver import SiteDriver
from vpp.agent.instruction_desk import InstructionDesk
from vpp.agent.journal import Journal
from vpp.agent.memory import AgentMemory, PendingBid, batch_entry, bid_entry
from vpp.agent.meter_log import MeterLog
from vpp.agent.outbox import Status, cut_batches
from vpp.agent.pacing import Pacing
from vpp.agent.plan import SitePlan
from vpp.agent.settings import AgentSettings, floor_to_grid
from vpp.agent.unit import Unit
from vpp.agent.unit_tables import units_of
from vpp.agent.verification import verification_of
from vpp.agent.wire import instant, timestamp
from vpp.foundation.errors import InvalidInput, NotAuthenticated
from vpp.foundation.tracing import span
from vpp.v1 import auction_pb2, session_pb2

AGENT_VERSION = "vpp-agent/1"
MOST_READINGS = 2000
"""Readings per batch at most: a week of five minutes, 16 kB."""
log = logging.getLogger(__name__)


class SiteAgent:
    """One site's agent."""

    def __init__(
        self,
        settings: AgentSettings,
        driver: SiteDriver,
        journal: Journal,
        now: datetime,
        machine_time: Callable[[datetime], datetime],
    ) -> None:
        """Take up what the journal holds.

        Args:
            settings: The site's configuration.
            driver: The site's meter and devices.
            journal: The agent's durable memory.
            now: Present instant, UTC.
            machine_time: Turns the clock's instants into the machine's; skew is judged there.
        """
        self.settings = settings
        self.memory = AgentMemory(journal)
        self.memory.recover(now)
        self.units: dict[str, Unit[Any]] = {
            unit.resource_id: unit
            for unit in units_of(settings.resources, settings.bidding.displaced_value_per_kwh)
        }
        self.is_welcomed = False
        self.welcome_count = 0
        self.heartbeat_interval = timedelta(seconds=30)
        self._driver = driver
        self._machine_time = machine_time
        self._verification = verification_of(settings, machine_time)
        self._step = settings.site.metering_interval
        self._controller = Controller(settings)
        self._bidder = Bidder(settings)
        self._desk = InstructionDesk(settings, self.memory, self.units)
        self._first_of_session = False
        self._has_unsaid = False
        self._pacing = Pacing()
        self._is_time_doubtful = self._went_back(now)
        self._hello_at = now
        self._heartbeats: deque[tuple[datetime, int]] = deque()
        at = floor_to_grid(now, self._step)
        self._meter = MeterLog(driver, self._step, max(driver.meter_begins_at, self._meter_start(at)))
        self._look(at)
        self._desk.price()

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
        start = min(at, max(self._driver.meter_begins_at, self._meter_start(at)))
        self._meter = MeterLog(self._driver, self._step, start)

    def _meter_start(self, at: datetime) -> datetime:
        unsent_since = self.memory.metered_until
        start = at - timedelta(hours=6)
        return start if unsent_since is None else max(min(start, unsent_since), at - timedelta(days=30))

    def enrolled(
        self,
        rules: Mapping[str, ProductRules],
        envelopes: Mapping[str, Enrolled],
        now: datetime,
    ) -> None:
        """Take note of the products' rules and of what the hub was told of the resources."""
        self._bidder.rules, self._bidder.envelopes = dict(rules), dict(envelopes)
        for bid in self._bidder.standing_bids(self.units, set(self.memory.bids), now):
            self.memory.record(bid_entry(bid))
        self.memory.journal.sync()

    def due_bids(self, now: datetime) -> list[auction_pb2.CreateBidRequest]:
        """Return the bids that have been decided and not answered, while their gates are open."""
        return [
            bid.request
            for bid in self.memory.bids.values()
            if bid.answer is None and (bid.gate_closes_at is None or now < bid.gate_closes_at)
        ]

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
        return session_pb2.ConnectRequest(
            hello=session_pb2.Hello(
                site=self.settings.site_name,
                resume_sequence=self.memory.deliveries.held,
                agent_version=AGENT_VERSION,
                agent_time=timestamp(now),
            )
        )

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
                log.warning(
                    "%s: the hub refused %s: %s %s",
                    self.settings.site_name,
                    refusal.refused_message,
                    refusal.reason,
                    refusal.detail,
                )
            case _:
                pass  # a newer hub may say more than this agent understands
        return []

    def _welcomed(self, welcome: session_pb2.Welcome, now: datetime) -> list[session_pb2.ConnectRequest]:
        self.is_welcomed, self._first_of_session = True, True
        self._pacing.reset()
        self.welcome_count += 1
        self._desk.clock_skew = self._skew(instant(welcome.hub_time), now)
        if abs(self._desk.clock_skew) <= self.settings.limits.max_clock_skew:
            self._is_time_doubtful = False
        if welcome.HasField("heartbeat_interval"):
            self.heartbeat_interval = welcome.heartbeat_interval.ToTimedelta()
        self.memory.record({"kind": "batches_held", "sequence": welcome.telemetry_sequence})
        outbox = self.memory.outbox
        owed = [status.request() for status in outbox.statuses.values()]
        owed += [session_pb2.ConnectRequest(telemetry=batch.message()) for batch in outbox.batches.values()]
        answers = self._sendable(self._desk.answers(now))
        self.memory.settle(now)  # an answer that was given must be the answer after a power cut too
        return [*owed, *answers, *self._telemetry(now, least=1)]

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
        if delivery.WhichOneof("content") == "invitation":
            bids = [bid_entry(bid) for bid in self._bids(delivery.invitation, now)]
        # An invitation that is held comes never again, so its bids are held with it or not at all.
        self.memory.record_together([entry, *bids])
        return self._sendable(self._desk.answers(now))

    def _skip(
        self, delivery: session_pb2.Delivery, reason: str, now: datetime, *, first_of_session: bool
    ) -> list[session_pb2.ConnectRequest]:
        """Hold a delivery that makes no sense as dealt with, so that it does not come for ever."""
        log.error("%s: delivery %d makes no sense: %s", self.settings.site_name, delivery.sequence, reason)
        name = delivery.instruction.name
        # The answer first: killed in between, the agent refuses once more, which changes nothing.
        statuses = [self._desk.report(name, "REFUSED", now, "SITE_LIMIT", reason)] if name else []
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

    def _bids(self, invitation: session_pb2.Invitation, now: datetime) -> list[PendingBid]:
        open_bids = list(self.memory.bids.values())
        try:
            return self._bidder.bids(invitation, self.units, self.memory.plan, open_bids, now)
        except InvalidInput:
            log.exception("%s: no bid for %s", self.settings.site_name, invitation.auction.name)
            return []

    def control(self, at: datetime) -> list[session_pb2.ConnectRequest]:
        """Carry the site into the metering interval that begins now.

        Args:
            at: Start of the interval, UTC, on the metering grid.

        Returns:
            What is to be sent, if a session is open; otherwise it is sent when one is.
        """
        self._look(at)
        # How long the agent was down is not known, so an instruction may long be over.
        plan = SitePlan() if self._is_time_doubtful else self.memory.plan
        statuses = [] if self._is_time_doubtful else self._advanced(at)
        plan.note_begun(at)
        delivery = plan.settlement_interval(at)
        readings = Readings(
            newest_kw=self._meter.newest_kw(),
            in_interval_kw=[] if delivery is None else self._meter.since(delivery.start).tolist(),
        )
        usable = [
            unit
            for unit in self.units.values()
            if unit.state is not None and unit.resource_id not in self.settings.limits.vetoed_resources
        ]
        commands = self._controller.commands(plan, usable, readings, self._desk.price_per_mwh, at)
        self._driver.command(at, commands.setpoints())
        try:
            self.memory.tidy(at)
        except OSError:
            log.exception("%s: the journal could not be shortened", self.settings.site_name)
        return [
            *self._sendable(statuses),
            *self._telemetry(at, least=self.settings.telemetry.batch_interval_count),
        ]

    def _advanced(self, at: datetime) -> list[Status]:
        """Take every instruction on; on a full disk, nothing but what was agreed before goes on.

        What was agreed is on the disk and is delivered between its own start and end whether or not
        they can be written down; they are as soon as they can, and a new instruction is answered then.
        """
        try:
            statuses = self._desk.advance(at)
            if statuses:
                self.memory.settle(at)
        except OSError:
            log.exception("%s: statuses cannot be kept", self.settings.site_name)
            self._has_unsaid = True
            return []
        if self._has_unsaid:  # some may have been kept before it failed
            self._has_unsaid = False
            return list(self.memory.outbox.statuses.values())
        return statuses

    def _look(self, at: datetime) -> None:
        """Read the meter and the devices."""
        self._meter.read(at, self.memory.metered_until)
        for unit in self.units.values():
            try:
                unit.observe(self._driver.state(unit.resource_id, at))
            except InvalidInput:
                log.exception("%s/%s cannot be read", self.settings.site_name, unit.resource_id)
                unit.is_available = False

    def _telemetry(self, now: datetime, *, least: int) -> list[session_pb2.ConnectRequest]:
        """Put readings that have not been sent into batches, if a session can take them."""
        machine_now = self._machine_time(now)
        if not self.is_welcomed or self._pacing.holds(machine_now):
            return []
        requests = []
        if self._pacing.is_over(machine_now):
            unheld = self.memory.outbox.batches.values()
            requests += [session_pb2.ConnectRequest(telemetry=batch.message()) for batch in unheld]
        since = self.memory.metered_until
        if since is not None and since < self._meter.begin:  # the hub wants more than was looked at
            until = self._meter.until
            self._meter = MeterLog(self._driver, self._step, max(since, self._driver.meter_begins_at))
            self._meter.read(until, since)
        start = self._meter.begin if since is None else max(since, self._meter.begin)
        readings = self._meter.since(start)
        if len(readings) < least:
            return requests
        first_sequence = self.memory.outbox.batch_sequence + 1
        for batch in cut_batches(start, self._step, readings, first_sequence, MOST_READINGS):
            try:
                self.memory.record(batch_entry(batch))
            except OSError:
                log.exception("%s: readings are left to the meter", self.settings.site_name)
                break
            requests.append(session_pb2.ConnectRequest(telemetry=batch.message()))
        return requests
