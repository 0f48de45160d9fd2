"""A session driven by hand: no event loop, no threads, one transaction for each message."""

from dataclasses import dataclass
from datetime import timedelta

from protovalidate import Validator

from vpp.foundation.clock import Clock
from vpp.rpc.currencies import Currencies
from vpp.rpc.delivery_window import ResendRules
from vpp.rpc.hub_metrics import HubMetrics
from vpp.rpc.session import SessionParts, SessionRules, SiteSession
from vpp.rpc.wire.session import telemetry_acknowledgement
from vpp.v1.session_pb2 import ConnectRequest, ConnectResponse
from vpp.workflows.identity import Principal
from vpp.workflows.ingesting import keep_batches
from vpp.workflows.owed_deliveries import close_over, open_messages, read_owed
from vpp.workflows.ports import UnitOfWorkFactory
from vpp.workflows.session_batches import apply_items

RESEND = ResendRules(timedelta(seconds=30), timedelta(minutes=5), window_size=64)
RULES = SessionRules(timedelta(seconds=15), timedelta(seconds=2), RESEND)


def session_parts(
    units: UnitOfWorkFactory, clock: Clock, rules: SessionRules = RULES, validator: Validator | None = None
) -> SessionParts:
    """What the sessions of a test share; nothing is signed."""
    return SessionParts(
        clock, validator or Validator(), Currencies(units), rules, signer=None, metrics=HubMetrics()
    )


@dataclass
class DrivenSession:
    """The hub's side of a session, with everything that its stream, writer and courier do for it.

    Attributes:
        units: Makes transactions.
        session: The session.
    """

    units: UnitOfWorkFactory
    session: SiteSession

    @classmethod
    def begin(cls, units: UnitOfWorkFactory, principal: Principal, parts: SessionParts) -> "DrivenSession":
        """Begin before the Hello."""
        return cls(units, SiteSession(principal, parts))

    def handle(self, request: ConnectRequest) -> list[ConnectResponse]:
        """Do what one message asks for and return what is to be sent; raises what would end the stream."""
        kind = request.WhichOneof("message")
        if kind == "telemetry" and self.session.site is not None:
            batch = self.session.checked_batch(request.telemetry)
            keep_batches(self.units, [batch])
            return [telemetry_acknowledgement(batch.sequence)]
        item = self.session.read(request, kind)
        if isinstance(item, list):
            return item
        (outcome,) = apply_items(self.units, [item])
        return self.session.booked(item, outcome)

    def due_deliveries(self) -> list[ConnectResponse]:
        """Return what is to be sent: again, or for the first time on this session."""
        if self.session.site is None:
            return []
        over = [delivery.message for delivery in self.session.over()]
        again = self.session.repeat()
        window = self.session.window
        messages = open_messages(self.units, {self.session.site_id: window.taken_sequence})
        owed = read_owed(self.units, messages[: window.room])
        if over or owed.over:
            close_over(self.units, [*over, *owed.over])
        return [*again, *self.session.deliver(owed.deliveries)]
