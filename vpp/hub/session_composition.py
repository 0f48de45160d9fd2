"""Builds what serves sessions: registry, writer, courier and servicer."""

from dataclasses import dataclass

from vpp.hub.preparation import Prepared
from vpp.hub.quota_composition import Quotas
from vpp.hub.session_settings import SessionSettings
from vpp.rpc.courier import Courier, CourierRules
from vpp.rpc.currencies import Currencies
from vpp.rpc.delivery_window import ResendRules
from vpp.rpc.effects import Effects
from vpp.rpc.servicers.session import SessionServicer
from vpp.rpc.session import SessionParts, SessionRules, SiteSession
from vpp.rpc.session_registry import SessionRegistry
from vpp.rpc.session_stream import StreamLimits, StreamSurroundings
from vpp.rpc.session_writer import SessionWriter, WriterLimits
from vpp.rpc.stream_quota import StreamQuota
from vpp.rpc.telemetry_writer import TelemetryWriter
from vpp.rpc.workflow_calls import WorkflowCalls
from vpp.workflows.identity import Principal


@dataclass(frozen=True, slots=True)
class Sessions:
    """What serves sessions.

    Attributes:
        registry: The open sessions.
        writer: Books what agents say; a long-lived task.
        courier: Brings sites what they are owed; a long-lived task.
        servicer: Serves the streams.
    """

    registry: SessionRegistry
    writer: SessionWriter
    courier: Courier
    servicer: SessionServicer


def compose_sessions(  # noqa: PLR0913, PLR0917  one argument per thing it needs
    prepared: Prepared,
    calls: WorkflowCalls,
    effects: Effects,
    news: Effects,
    currencies: Currencies,
    telemetry: TelemetryWriter,
    quotas: Quotas,
) -> Sessions:
    """Build them.

    Args:
        prepared: What the hub stands on.
        calls: Runs workflows off the event loop.
        effects: Rung when something may be owed to sites.
        news: Rung when watchers of events may see something new.
        currencies: In which currency stored prices are.
        telemetry: Keeps readings.
        quotas: What bounds callers.
    """
    settings, metrics = prepared.settings.session, prepared.metrics
    registry = SessionRegistry()
    writer = SessionWriter(prepared.units, calls, _writer_limits(settings), news, metrics)
    courier = Courier(
        prepared.units,
        calls,
        effects,
        registry,
        currencies,
        CourierRules(settings.courier_interval, settings.chunk_size),
        metrics,
    )
    prepared.units.owed.listen(courier.hear)
    parts = SessionParts(
        clock=prepared.clock,
        validator=prepared.validator,
        currencies=currencies,
        rules=_session_rules(settings),
        signer=prepared.signer,
        metrics=metrics,
    )

    def begin(principal: Principal) -> SiteSession:
        return SiteSession(principal, parts)

    surroundings = StreamSurroundings(registry, writer, telemetry, _stream_limits(settings), metrics)
    servicer = SessionServicer(
        begin, surroundings, StreamQuota(settings.max_streams_per_principal), quotas.rates, quotas.unread
    )
    return Sessions(registry, writer, courier, servicer)


def _session_rules(settings: SessionSettings) -> SessionRules:
    resend = ResendRules(settings.resend_interval, settings.longest_resend_interval, settings.window_size)
    return SessionRules(settings.heartbeat_interval, settings.max_clock_skew, resend)


def _stream_limits(settings: SessionSettings) -> StreamLimits:
    return StreamLimits(
        max_pending_messages=settings.max_pending_messages,
        max_pending_bytes=settings.max_pending_bytes,
        max_unbooked_items=settings.max_unbooked_items,
        hello_deadline=settings.hello_deadline,
        silence_deadline=settings.silence_deadline,
        write_deadline=settings.write_deadline,
    )


def _writer_limits(settings: SessionSettings) -> WriterLimits:
    return WriterLimits(
        max_queued_items=settings.max_queued_items,
        max_commit_items=settings.max_commit_items,
        max_commit_greetings=settings.max_commit_greetings,
        gathering_time=settings.gathering_time,
        retry_wait=settings.retry_wait,
    )
