"""One site's session without any I/O of its own: messages in, messages out, workflows in between."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from protovalidate import Validator

from vpp.foundation.clock import Clock
from vpp.foundation.errors import BrokenPromise, InvalidInput, Overloaded, StaleWrite, VppError
from vpp.foundation.names import identifier
from vpp.portfolio.site import Site
from vpp.rpc.currencies import Currencies
from vpp.rpc.errors import broken_rule, is_callers
from vpp.rpc.wire import session as wire
from vpp.rpc.wire.event import refusal_reason
from vpp.rpc.wire.telemetry import batch as read_batch
from vpp.rpc.wire.time_fields import clock_reading
from vpp.telemetry.batch import TelemetryBatch
from vpp.v1.session_pb2 import ConnectRequest, ConnectResponse, Hello, OptOut
from vpp.v1.telemetry_pb2 import TelemetryBatch as TelemetryBatchMessage
from vpp.workflows import responding
from vpp.workflows.identity import Principal
from vpp.workflows.ingesting import check_live_batch, keep_batches
from vpp.workflows.ports import UnitOfWorkFactory

_log = logging.getLogger(__name__)
_ATTEMPT_COUNT = 3


@dataclass(frozen=True, slots=True)
class SessionRules:
    """How the hub holds a session.

    Attributes:
        heartbeat_interval: How often the agent sends a heartbeat.
        resend_interval: When a delivery that is not acknowledged is sent again, machine's time.
        max_clock_skew: Above this difference between the two clocks a warning is logged.
    """

    heartbeat_interval: timedelta
    resend_interval: timedelta
    max_clock_skew: timedelta


class SiteSession:
    """The hub's side of one site's session.

    Synchronous: a simulation calls it as it is, `SessionStream` calls it in a thread, one call at a
    time.

    Attributes:
        site: The site, from the Hello on.
        clock_skew: Hub's clock less agent's clock, at the newest message that told the agent's.
    """

    def __init__(  # noqa: PLR0913  one argument per thing it needs
        self,
        units: UnitOfWorkFactory,
        principal: Principal,
        *,
        clock: Clock,
        validator: Validator,
        currencies: Currencies,
        rules: SessionRules,
    ) -> None:
        """Begin before the Hello.

        Args:
            units: Makes transactions.
            principal: Whose session it is.
            clock: The hub's clock.
            validator: Checks messages against their schema's rules.
            currencies: In which currency stored prices are.
            rules: How the hub holds a session.
        """
        self._units = units
        self._principal = principal
        self._clock = clock
        self._validator = validator
        self._currencies = currencies
        self._rules = rules
        self._sent_at: dict[int, datetime] = {}
        self.site: Site | None = None
        self.clock_skew = timedelta(0)

    def handle(self, request: ConnectRequest) -> list[ConnectResponse]:
        """Do what one message asks for and return what is to be sent.

        Args:
            request: The agent's message.

        Returns:
            The answers, in order. A message that cannot be accepted is answered with a Refusal.

        Raises:
            InvalidInput: The first message is not a Hello, or breaks the schema's rules.
            NotPermitted: The Hello is for a site that is not the caller's.
            NotFound: The site has not been enrolled.
        """
        kind = request.WhichOneof("message") or "message"
        if self.site is None:
            return self._begin(request, kind)
        try:
            return self._dispatch(request, kind)
        except VppError as error:
            # What may go through later must not be refused for good: the stream ends, the agent
            # comes back and says it again.
            if not is_callers(error) or isinstance(error, (StaleWrite, Overloaded)):
                raise
            return [wire.refusal(kind, error, request.telemetry.sequence if kind == "telemetry" else 0)]

    def _begin(self, request: ConnectRequest, kind: str) -> list[ConnectResponse]:
        if kind != "hello":
            raise InvalidInput(f"the first message is {kind}, expected hello", first_message=kind)
        self._validate(request)
        hello: Hello = request.hello
        self._notice_clock(clock_reading(hello.agent_time, "hello.agent_time"))
        site_id = identifier(hello.site, "sites")
        facts = responding.welcome(
            self._units, self._principal, site_id, resume_sequence=hello.resume_sequence
        )
        self.site = facts.site
        return [wire.welcome(facts, self._rules.heartbeat_interval)]

    def _dispatch(self, request: ConnectRequest, kind: str) -> list[ConnectResponse]:
        if kind == "telemetry":
            batch = self.checked_batch(request.telemetry)
            keep_batches(self._units, [batch])
            return [wire.telemetry_acknowledgement(batch.sequence)]
        self._validate(request)
        site_id = self.site_id
        if kind == "acknowledgement":
            held = request.acknowledgement.held_sequence
            _retried(lambda: responding.acknowledge(self._units, self._principal, site_id, held))
            self._sent_at = {sequence: at for sequence, at in self._sent_at.items() if sequence > held}
        elif kind == "instruction_status":
            report = wire.report(request.instruction_status)
            _retried(lambda: responding.record_status(self._units, self._principal, site_id, report))
        elif kind == "opt_out":
            self._opt_out(request.opt_out)
        elif kind == "heartbeat":
            at = clock_reading(request.heartbeat.agent_time, "heartbeat.agent_time")
            self._notice_clock(at)
            return [wire.heartbeat(at)]
        elif kind == "hello":
            raise InvalidInput("hello comes a second time, expected it only as the first message")
        return []

    def _opt_out(self, message: OptOut) -> None:
        event_id = identifier(message.event, "events")
        reason = refusal_reason(message.reason, "opt_out.reason")
        _retried(
            lambda: responding.opt_out(
                self._units, self._principal, self.site_id, event_id, reason, message.reason_detail
            )
        )

    @property
    def patience(self) -> timedelta:
        """How long the agent may say nothing: three heartbeats, in the machine's time."""
        now = self._clock.now()
        latest = now + 3 * self._rules.heartbeat_interval
        return self._clock.machine_time(latest) - self._clock.machine_time(now)

    @property
    def site_id(self) -> str:
        """The site's id; only from the Hello on."""
        if self.site is None:
            raise BrokenPromise("a session was used before its Hello")
        return self.site.site_id

    def checked_batch(self, message: TelemetryBatchMessage) -> TelemetryBatch:
        """Read a batch and check it; nothing is stored.

        Raises:
            InvalidInput: It breaks a rule of the schema, or cannot be what the site's meter showed.
        """
        batch = read_batch(message, self.site_id)
        if self.site is not None:
            check_live_batch(batch, self.site, self._clock.now())
        return batch

    def due_deliveries(self) -> list[ConnectResponse]:
        """Return what the site is owed and has not been sent on this stream, or not acknowledged for long."""
        if self.site is None:
            return []
        now = self._clock.machine_time(self._clock.now())
        due = []
        for owed in responding.open_deliveries(self._units, self.site_id):
            sent_at = self._sent_at.get(owed.sequence)
            if sent_at is None or now - sent_at >= self._rules.resend_interval:
                self._sent_at[owed.sequence] = now
                due.append(wire.delivery(owed, self._currencies))
        return due

    def _validate(self, request: ConnectRequest) -> None:
        violations = self._validator.collect_violations(request)
        if violations:
            raise broken_rule(violations)

    def _notice_clock(self, agent_time: datetime) -> None:
        self.clock_skew = self._clock.now() - agent_time
        if abs(self.clock_skew) > self._rules.max_clock_skew:
            _log.warning(
                "clock of %s differs by %.1f s", self._principal.principal_id, self.clock_skew.total_seconds()
            )


def _retried(change: Callable[[], None]) -> None:
    """Try again when another transaction came first: the agent sent no etag that could be outdated."""
    for attempt in range(_ATTEMPT_COUNT):
        try:
            return change()
        except StaleWrite:
            if attempt == _ATTEMPT_COUNT - 1:
                raise
    return None
