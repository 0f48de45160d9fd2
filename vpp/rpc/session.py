"""One site's session without any I/O of its own: messages in, messages out, workflows in between."""

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from protovalidate import Validator

from vpp.foundation.clock import Clock
from vpp.foundation.direction import Direction
from vpp.foundation.errors import BrokenPromise, InvalidInput, Overloaded, StaleWrite, VppError
from vpp.foundation.names import identifier
from vpp.foundation.tracing import past_span
from vpp.portfolio.site import Site
from vpp.rpc.currencies import Currencies
from vpp.rpc.delivery_window import DeliveryWindow, ResendRules
from vpp.rpc.errors import broken_rule, is_callers
from vpp.rpc.hub_metrics import HubMetrics
from vpp.rpc.signing import DeliverySigner
from vpp.rpc.wire import session as wire
from vpp.rpc.wire import session_requests
from vpp.rpc.wire.event import refusal_reason
from vpp.rpc.wire.telemetry import batch as read_batch
from vpp.rpc.wire.time_fields import clock_reading
from vpp.telemetry.batch import TelemetryBatch
from vpp.v1.session_pb2 import ConnectRequest, ConnectResponse
from vpp.v1.telemetry_pb2 import TelemetryBatch as TelemetryBatchMessage
from vpp.workflows.delivery_contents import InstructionContent, OpenDelivery
from vpp.workflows.identity import Principal
from vpp.workflows.ingesting import check_live_batch
from vpp.workflows.session_items import (
    Answer,
    Greeting,
    Holding,
    OptingOut,
    Outcome,
    SessionFacts,
    SessionItem,
)

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SessionRules:
    """How the hub holds a session.

    Attributes:
        heartbeat_interval: How often the agent sends a heartbeat.
        max_clock_skew: Above this difference between the two clocks a warning is logged.
        resend: When deliveries that are not acknowledged are sent again.
    """

    heartbeat_interval: timedelta
    max_clock_skew: timedelta
    resend: ResendRules


@dataclass(frozen=True, slots=True)
class SessionParts:
    """What all sessions share.

    Attributes:
        clock: The hub's clock.
        validator: Checks messages against their schema's rules.
        currencies: In which currency stored prices are.
        rules: How the hub holds a session.
        signer: Signs deliveries; None leaves them unsigned.
        metrics: What sessions count.
    """

    clock: Clock
    validator: Validator
    currencies: Currencies
    rules: SessionRules
    signer: DeliverySigner | None
    metrics: HubMetrics


class SiteSession:
    """The hub's side of one site's session.

    It decides and remembers; it neither waits nor writes. What the agent says is read into items
    that somebody else books in a transaction, and comes back with what became of it.

    Attributes:
        site: The site, from the Hello on.
        clock_skew: Hub's clock less agent's clock, at the newest message that told the agent's.
        window: What is on its way to the site, from the Hello on.
    """

    __slots__ = ("_parts", "_principal", "_reads_direction", "_withheld", "clock_skew", "site", "window")

    def __init__(self, principal: Principal, parts: SessionParts) -> None:
        """Begin before the Hello.

        Args:
            principal: Whose session it is.
            parts: What all sessions share.
        """
        self._principal = principal
        self._parts = parts
        self.site: Site | None = None
        self.window = DeliveryWindow(parts.rules.resend, principal.principal_id)
        self.clock_skew = timedelta(0)
        self._reads_direction = False
        self._withheld: list[OpenDelivery] = []

    @property
    def site_id(self) -> str:
        """The site's id; only from the Hello on."""
        if self.site is None:
            raise BrokenPromise("a session was used before its Hello")
        return self.site.site_id

    @property
    def patience(self) -> timedelta:
        """How long the agent may say nothing: three heartbeats, in the machine's time."""
        clock = self._parts.clock
        now = clock.now()
        latest = now + 3 * self._parts.rules.heartbeat_interval
        return clock.machine_time(latest) - clock.machine_time(now)

    def read(self, request: ConnectRequest, kind: str | None) -> SessionItem | list[ConnectResponse]:
        """Read one message other than readings.

        Args:
            request: The agent's message.
            kind: Which of its fields is set.

        Returns:
            What is to be booked, or the answers where nothing is: a message that cannot be accepted
            is answered with a Refusal.

        Raises:
            InvalidInput: The first message is not a Hello, or breaks the schema's rules.
        """
        if self.site is None:
            return self._greeting(request, kind or "message")
        try:
            return self._item(request, kind)
        except VppError as error:
            return [self.refusal(kind or "message", error)]

    def _greeting(self, request: ConnectRequest, kind: str) -> Greeting:
        if kind != "hello":
            raise InvalidInput(f"the first message is {kind}, expected hello", first_message=kind)
        self._validate(request)
        hello = request.hello
        self._notice_clock(clock_reading(hello.agent_time, "hello.agent_time"))
        self._reads_direction = hello.reads_direction
        return Greeting(self._principal, identifier(hello.site, "sites"), hello.resume_sequence)

    def _item(self, request: ConnectRequest, kind: str | None) -> SessionItem | list[ConnectResponse]:
        if kind == "acknowledgement":
            held = session_requests.held_sequence(request.acknowledgement)
            return Holding(self._principal, self.site_id, held)
        if kind == "instruction_status":
            report = session_requests.report(request.instruction_status)
            return Answer(self._principal, self.site_id, report)
        if kind == "heartbeat":
            at = session_requests.heartbeat_at(request.heartbeat)
            self._notice_clock(at)
            return [wire.heartbeat(at)]
        self._validate(request)
        if kind == "hello":
            raise InvalidInput("hello comes a second time, expected it only as the first message")
        message = request.opt_out
        return OptingOut(
            self._principal,
            self.site_id,
            identifier(message.event, "events"),
            refusal_reason(message.reason, "opt_out.reason"),
            message.reason_detail,
        )

    def booked(self, item: SessionItem, outcome: Outcome) -> list[ConnectResponse]:
        """Take note of what became of an item.

        Returns:
            The answers, in order: a welcome, a Refusal, or nothing.

        Raises:
            Exception: What ends the session: a Hello that was refused, a defect, or something that
                may go through later and so must not be refused for good. The agent comes back and
                says it again.
        """
        if isinstance(outcome, Exception):
            is_final = is_callers(outcome) and not isinstance(outcome, (StaleWrite, Overloaded))
            if isinstance(item, Greeting) or not is_final or not isinstance(outcome, VppError):
                raise outcome
            return [self.refusal(_KINDS[type(item)], outcome)]
        if isinstance(outcome, SessionFacts):
            return [self._begin(item, outcome)]
        if isinstance(item, Holding):
            self._acknowledged(item.held_sequence)
        return []

    def _begin(self, item: SessionItem, facts: SessionFacts) -> ConnectResponse:
        if not isinstance(item, Greeting):
            raise BrokenPromise("something else than a Hello was answered with the facts of a session")
        rules = self._parts.rules
        self.site = facts.site
        self.window = DeliveryWindow(rules.resend, facts.site.site_id, item.resume_sequence)
        return wire.welcome(facts, rules.heartbeat_interval)

    def _acknowledged(self, held_sequence: int) -> None:
        now = self._machine_now()
        for delivery in self.window.acknowledge(held_sequence, now):
            message = delivery.message
            committed_at = self._parts.clock.machine_time(message.created_at)
            kind = message.kind.value
            self._parts.metrics.delivery_acknowledged(kind, (now - committed_at).total_seconds())
            if message.trace_parent:
                past_span(
                    f"deliver/{kind}", message.trace_parent, committed_at, now, subject=message.subject_id
                )

    def checked_batch(self, message: TelemetryBatchMessage) -> TelemetryBatch:
        """Read a batch and check it; nothing is stored.

        Raises:
            InvalidInput: It breaks a rule of the schema, or cannot be what the site's meter showed.
        """
        clock, metrics = self._parts.clock, self._parts.metrics
        try:
            batch = read_batch(message, self.site_id)
            if self.site is not None:
                check_live_batch(batch, self.site, clock.now())
        except VppError as error:
            field = error.metadata.get("field", error.reason).partition("[")[0]
            metrics.readings_refused(len(message.power_series.net_power_kw), field)
            raise
        metrics.agent_lag((self._machine_now() - clock.machine_time(batch.end_at)).total_seconds())
        return batch

    def deliver(self, deliveries: Iterable[OpenDelivery]) -> list[ConnectResponse]:
        """Take in what the site is owed; returns what is to be sent now.

        What its agent would take for the opposite is none of it.
        """
        fresh = self.window.take(deliveries, self._machine_now())
        withheld = [] if self._reads_direction else [each for each in fresh if _raises_load(each)]
        if withheld:
            _log.warning("the agent of %s reads no direction; it is not told to raise load", self.site_id)
            self._withheld += withheld
            self.window.drop(each.sequence for each in withheld)
            fresh = [each for each in fresh if not _raises_load(each)]
        return self._written(fresh, again=False)

    def repeat(self) -> list[ConnectResponse]:
        """Return what has not been acknowledged for too long, to be sent again."""
        return self._written(self.window.due(self._machine_now()), again=True)

    def over(self) -> list[OpenDelivery]:
        """Forget, and return, what must not be sent again: its time is over, or it was withheld."""
        over = self.window.over(self._parts.clock.now())
        self.window.drop(delivery.sequence for delivery in over)
        withheld, self._withheld = self._withheld, []
        return over + withheld

    def _written(self, deliveries: Iterable[OpenDelivery], *, again: bool) -> list[ConnectResponse]:
        parts = self._parts
        responses = []
        for delivery in deliveries:
            responses.append(
                wire.delivery(
                    delivery,
                    parts.currencies,
                    site_id=self.site_id,
                    issued_at=parts.clock.now(),
                    signer=parts.signer,
                )
            )
            parts.metrics.delivery_sent(delivery.message.kind.value, again=again)
        return responses

    def refusal(self, kind: str, error: VppError, telemetry_sequence: int = 0) -> ConnectResponse:
        """Refuse one message; the session goes on."""
        self._parts.metrics.message_refused(kind, error.reason)
        return wire.refusal(kind, error, telemetry_sequence)

    def _machine_now(self) -> datetime:
        return self._parts.clock.machine_time(self._parts.clock.now())

    def _validate(self, request: ConnectRequest) -> None:
        violations = self._parts.validator.collect_violations(request)
        if violations:
            raise broken_rule(violations)

    def _notice_clock(self, agent_time: datetime) -> None:
        self.clock_skew = self._parts.clock.now() - agent_time
        self._parts.metrics.agent_clock(self.clock_skew.total_seconds())
        if abs(self.clock_skew) > self._parts.rules.max_clock_skew:
            _log.warning(
                "clock of %s differs by %.1f s", self._principal.principal_id, self.clock_skew.total_seconds()
            )


def _raises_load(delivery: OpenDelivery) -> bool:
    content = delivery.content
    if not isinstance(content, InstructionContent):
        return False
    return content.instruction.value.direction is Direction.LOAD_UP


_KINDS = {
    Greeting: "hello",
    Holding: "acknowledgement",
    Answer: "instruction_status",
    OptingOut: "opt_out",
}
"""What the wire calls each kind of item."""
