"""Builds the serving hub once, from prepared parts: nothing else in the project builds these."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

import grpc
from grpc_health.v1 import health

from vpp.hub.access_composition import Access, compose_access
from vpp.hub.caretaker import Caretaker
from vpp.hub.counting import counted, show_sizes
from vpp.hub.enrolment_party import enrolment_party
from vpp.hub.head_signer import HeadSigner
from vpp.hub.loop_watch import LoopWatch
from vpp.hub.oauth_composition import compose_oauth, compose_token_endpoint
from vpp.hub.observability_settings import ReadinessSettings
from vpp.hub.preparation import Prepared
from vpp.hub.product_files import read_product_text
from vpp.hub.quota_composition import compose_quotas
from vpp.hub.readiness import ReadinessLimits
from vpp.hub.session_composition import compose_sessions
from vpp.hub.settings import ServerSettings
from vpp.hub.telemetry_settings import TelemetrySettings
from vpp.jobs.lane_tickers import LaneTickers
from vpp.jobs.ticker import Ticker
from vpp.rpc.caller_lanes import CallerLanes
from vpp.rpc.courier import Courier
from vpp.rpc.currencies import Currencies
from vpp.rpc.denials import Denial, DenialBook, write_down_denials
from vpp.rpc.effects import Effects
from vpp.rpc.error_interceptor import ErrorInterceptor
from vpp.rpc.field_interceptor import FieldInterceptor
from vpp.rpc.metrics_interceptor import MetricsInterceptor
from vpp.rpc.role_interceptor import RoleInterceptor
from vpp.rpc.roles import ALLOWED
from vpp.rpc.server import Servicers, Transport, make_server
from vpp.rpc.servicers.access import AccessServicer
from vpp.rpc.servicers.auction import AuctionServicer
from vpp.rpc.servicers.audit import AuditServicer
from vpp.rpc.servicers.baseline import BaselineServicer
from vpp.rpc.servicers.event import EventServicer
from vpp.rpc.servicers.green_certificate import GreenCertificateServicer
from vpp.rpc.servicers.portfolio import PortfolioServicer
from vpp.rpc.servicers.product_change import ProductChangeServicer
from vpp.rpc.servicers.settlement import SettlementServicer
from vpp.rpc.servicers.telemetry import TelemetryServicer
from vpp.rpc.session_registry import SessionRegistry
from vpp.rpc.session_writer import SessionWriter
from vpp.rpc.telemetry_writer import TelemetryLimits, TelemetryWriter
from vpp.rpc.tracing_interceptor import TracingInterceptor
from vpp.rpc.validation import ValidationInterceptor
from vpp.rpc.workflow_calls import WorkflowCalls
from vpp.workflows.due_lanes import MARKET_LANES
from vpp.workflows.due_work import BACKGROUND, next_due_at, run_due
from vpp.workflows.ports import DueKind, WorkerPool
from vpp.workflows.signing_heads import sign_heads

if TYPE_CHECKING:  # aiohttp comes with the extra `oauth`
    from vpp.hub.token_endpoint import TokenEndpoint

ServerFactory = Callable[..., tuple[grpc.aio.Server, health.aio.HealthServicer]]
"""Called as `server.make_server` is."""


@dataclass(frozen=True, slots=True)
class Hub:
    """A composed hub; `main` starts and stops its parts.

    Attributes:
        prepared: What it stands on.
        server: The gRPC server, listening nowhere yet.
        health: Tells probes whether it serves.
        registry: The open sessions.
        telemetry: Keeps readings; a long-lived task.
        sessions: Books what agents say; a long-lived task.
        courier: Brings sites what they are owed; a long-lived task.
        ticker: Asks what is due and has to be on time, lane by lane.
        background_ticker: Asks which forecasts and scores are due; long work that holds up nothing else.
        loop_watch: Measures how far behind the event loop is; a long-lived task.
        caretaker: Sees whether the hub is ready, and tells probes; a long-lived task.
        access: Finds out who is calling; its watch is a long-lived task.
        head_signer: Signs where the audit record ends; a long-lived task.
        rpc_threads: Where workflows run that a caller waits for.
        due_threads: Where workflows run that fell due.
        background_threads: Where long work runs that fell due.
        token_endpoint: Gives out access tokens; None if the hub gives out none.
    """

    prepared: Prepared
    server: grpc.aio.Server
    health: health.aio.HealthServicer
    registry: SessionRegistry
    telemetry: TelemetryWriter
    sessions: SessionWriter
    courier: Courier
    ticker: LaneTickers
    background_ticker: Ticker
    loop_watch: LoopWatch
    caretaker: Caretaker
    access: Access
    head_signer: HeadSigner
    rpc_threads: ThreadPoolExecutor
    due_threads: ThreadPoolExecutor
    background_threads: ThreadPoolExecutor
    token_endpoint: "TokenEndpoint | None" = None


def compose(prepared: Prepared, make_server: ServerFactory = make_server) -> Hub:
    """Build the hub; call it on the event loop that will run it.

    Args:
        prepared: What it stands on.
        make_server: Puts servicers and interceptors on a transport; a simulation brings its own.
    """
    settings, units = prepared.settings, prepared.units
    rpc_threads = ThreadPoolExecutor(settings.work.rpc_threads, thread_name_prefix="vpp-rpc")
    due_threads = ThreadPoolExecutor(len(MARKET_LANES) + 1, thread_name_prefix="vpp-due")
    background_threads = ThreadPoolExecutor(1, thread_name_prefix="vpp-behind")
    effects, news = Effects(), Effects()
    effects.listen(news.ring)
    calls = WorkflowCalls(rpc_threads, effects, CallerLanes(settings.work.rpc_threads))
    currencies = Currencies(units)
    telemetry = TelemetryWriter(
        units.behind(), calls, _telemetry_limits(settings.telemetry), prepared.metrics
    )
    quotas = compose_quotas(settings.quotas, prepared.metrics)
    sessions = compose_sessions(prepared, calls, effects, news, currencies, telemetry, quotas)

    def ticker_of(
        kinds: frozenset[DueKind],
        pool: WorkerPool,
        threads: ThreadPoolExecutor,
        at_once: int = 1,
        lease: timedelta | None = None,
    ) -> Ticker:
        own = units.behind() if kinds <= BACKGROUND else units
        ticker = Ticker(
            clock=prepared.clock,
            run_due=counted(
                partial(run_due, own, pool, prepared.rules, kinds=kinds, at_once=at_once, lease=lease),
                prepared.metrics,
                prepared.clock,
            ),
            next_due_at=partial(next_due_at, units, kinds),
            after_run=effects.ring,
            threads=threads,
            longest_wait=settings.jobs.longest_wait,
            retry_wait=settings.jobs.retry_wait,
        )
        effects.listen(ticker.poke)
        return ticker

    ticker = LaneTickers(
        [
            ticker_of(
                lane.kinds,
                prepared.emergency_pool if lane.is_urgent else prepared.pool,
                due_threads,
                lane.at_once,
                prepared.rules.claim_lease / lane.lease_divisor,
            )
            for lane in MARKET_LANES
        ]
    )
    background_ticker = ticker_of(BACKGROUND, prepared.background_pool, background_threads)

    async def write_down(denied: Sequence[Denial]) -> None:
        await calls.read(write_down_denials, units, denied)

    denials = DenialBook(write_down)
    oauth = compose_oauth(settings, prepared.known)
    access = compose_access(prepared, denials.flush, oauth.tokens if oauth else None)
    servicers = Servicers(
        portfolio=PortfolioServicer(
            units,
            calls,
            currencies,
            sessions=sessions.registry,
            automatic_approval=settings.market.automatic_approval,
            enrolment_party_id=enrolment_party(settings.market, prepared.known.values()),
        ),
        product_change=ProductChangeServicer(
            units, calls, currencies, read_product=partial(read_product_text, prepared.baseline_rules)
        ),
        telemetry=TelemetryServicer(
            units.behind(),
            calls,
            currencies,
            writer=telemetry,
            max_backfills=settings.telemetry.max_backfills,
            rules=prepared.rules.telemetry,
            metrics=prepared.metrics,
        ),
        baseline=BaselineServicer(
            units, calls, currencies, forecast_pool=prepared.background_pool, rules=prepared.rules
        ),
        auction=AuctionServicer(units, calls, currencies, rules=prepared.rules),
        event=EventServicer(
            units,
            calls,
            currencies,
            pool=prepared.emergency_pool,
            rules=prepared.rules,
            news=news,
            watch_interval=settings.session.watch_interval,
        ),
        session=sessions.servicer,
        settlement=SettlementServicer(units, calls, currencies, rules=prepared.rules),
        green_certificate=GreenCertificateServicer(units, calls, currencies),
        audit=AuditServicer(units, calls, currencies),
        access=AccessServicer(
            units,
            calls,
            currencies,
            known=prepared.known,
            live_calls=access.live_calls,
            look=access.watch.look,
        ),
    )

    interceptors = [
        MetricsInterceptor(prepared.metrics),
        ErrorInterceptor(),
        access.interceptor,
        quotas.interceptor,
        RoleInterceptor(ALLOWED, denials.note),
        TracingInterceptor(),
        ValidationInterceptor(prepared.validator),
        quotas.transfer,
        FieldInterceptor(ALLOWED),
    ]
    server, status = make_server(
        servicers,
        interceptors,
        transport_of(settings.server, settings.max_connections),
        with_reflection=settings.server.reflection,
    )
    loop_watch = LoopWatch(prepared.metrics)
    caretaker = Caretaker(
        units,
        prepared.clock,
        registry=sessions.registry,
        status=status,
        limits=_readiness_limits(settings.readiness),
        interval=settings.readiness.check_interval,
        loop_lag_s=lambda: loop_watch.lag_s,
        remarks=access.warnings,
        objections=access.objections,
    )
    caretaker.show(prepared.metrics)
    show_sizes(
        prepared.metrics,
        sessions.registry,
        telemetry,
        sessions.writer,
        {"rpc_threads": rpc_threads, "due_threads": due_threads},
    )
    return Hub(
        prepared,
        server,
        status,
        sessions.registry,
        telemetry,
        sessions.writer,
        sessions.courier,
        ticker,
        background_ticker,
        loop_watch,
        caretaker,
        access,
        HeadSigner(
            partial(sign_heads, units, prepared.signing_key),
            background_threads,
            settings.signing.head_interval,
        ),
        rpc_threads,
        due_threads,
        background_threads,
        compose_token_endpoint(settings, oauth, access.authenticator),
    )


def _readiness_limits(settings: ReadinessSettings) -> ReadinessLimits:
    return ReadinessLimits(
        probe_deadline=settings.probe_deadline,
        max_loop_lag=settings.max_loop_lag,
        max_backlog_age=settings.max_backlog_age,
        max_stuck_ratio=settings.max_stuck_ratio,
        max_deadline_delay=settings.max_deadline_delay,
    )


def _telemetry_limits(settings: TelemetrySettings) -> TelemetryLimits:
    return TelemetryLimits(
        max_queued_batches=settings.max_queued_batches,
        max_queued_bytes=settings.max_queued_bytes,
        max_commit_batches=settings.max_commit_batches,
        max_commit_bytes=settings.max_commit_bytes,
        max_wait=settings.max_wait,
        retry_delay=settings.retry_delay,
    )


def transport_of(settings: ServerSettings, max_connections: int) -> Transport:
    """Return what connections may cost."""
    return Transport(
        keepalive_interval=settings.keepalive_interval,
        keepalive_deadline=settings.keepalive_deadline,
        min_ping_interval=settings.min_ping_interval,
        handshake_deadline=settings.handshake_deadline,
        max_message_bytes=settings.max_message_bytes,
        max_metadata_bytes=settings.max_metadata_bytes,
        max_concurrent_streams=settings.max_concurrent_streams,
        max_idle=settings.max_idle,
        max_connections=max_connections,
    )
