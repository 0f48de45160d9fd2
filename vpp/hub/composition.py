"""Builds the serving hub once, from prepared parts: nothing else in the project builds these."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

import grpc
from grpc_health.v1 import health

from vpp.hub.preparation import Prepared
from vpp.hub.session_settings import SessionSettings
from vpp.hub.settings import ServerSettings
from vpp.jobs.ticker import Ticker
from vpp.rpc.courier import Courier
from vpp.rpc.currencies import Currencies
from vpp.rpc.denials import write_down_denial
from vpp.rpc.effects import Effects
from vpp.rpc.error_interceptor import ErrorInterceptor
from vpp.rpc.identity_interceptor import Authenticator, IdentityInterceptor
from vpp.rpc.role_interceptor import RoleInterceptor
from vpp.rpc.roles import ALLOWED
from vpp.rpc.server import Servicers, Transport, make_server
from vpp.rpc.servicers.auction import AuctionServicer
from vpp.rpc.servicers.baseline import BaselineServicer
from vpp.rpc.servicers.event import EventServicer
from vpp.rpc.servicers.portfolio import PortfolioServicer
from vpp.rpc.servicers.session import SessionServicer
from vpp.rpc.servicers.settlement import SettlementServicer
from vpp.rpc.servicers.telemetry import TelemetryServicer
from vpp.rpc.session import SessionRules, SiteSession
from vpp.rpc.session_registry import SessionRegistry
from vpp.rpc.session_stream import StreamLimits, StreamSurroundings
from vpp.rpc.telemetry_writer import TelemetryWriter
from vpp.rpc.validation import ValidationInterceptor
from vpp.rpc.workflow_calls import WorkflowCalls
from vpp.workflows.due_work import BACKGROUND, MARKET, next_due_at, run_due
from vpp.workflows.identity import Principal
from vpp.workflows.ports import DueKind, WorkerPool


@dataclass(frozen=True, slots=True)
class Hub:
    """A composed hub; `main` starts and stops its parts.

    Attributes:
        prepared: What it stands on.
        server: The gRPC server, listening nowhere yet.
        health: Tells probes whether it serves.
        registry: The open sessions.
        telemetry: Keeps readings; a long-lived task.
        courier: Wakes sessions that are owed something; a long-lived task.
        ticker: Asks what is due and has to be on time.
        background_ticker: Asks which forecasts and scores are due; long work that holds up nothing else.
        rpc_threads: Where workflows run that a caller waits for.
        due_threads: Where workflows run that fell due.
        background_threads: Where long work runs that fell due.
    """

    prepared: Prepared
    server: grpc.aio.Server
    health: health.aio.HealthServicer
    registry: SessionRegistry
    telemetry: TelemetryWriter
    courier: Courier
    ticker: Ticker
    background_ticker: Ticker
    rpc_threads: ThreadPoolExecutor
    due_threads: ThreadPoolExecutor
    background_threads: ThreadPoolExecutor


def compose(prepared: Prepared) -> Hub:
    """Build the hub; call it on the event loop that will run it."""
    settings, units = prepared.settings, prepared.units
    rpc_threads = ThreadPoolExecutor(settings.work.rpc_threads, thread_name_prefix="vpp-rpc")
    due_threads = ThreadPoolExecutor(1, thread_name_prefix="vpp-due")
    background_threads = ThreadPoolExecutor(1, thread_name_prefix="vpp-behind")
    effects, news = Effects(), Effects()
    effects.listen(news.ring)
    calls = WorkflowCalls(rpc_threads, effects)
    currencies = Currencies(units)
    registry = SessionRegistry()
    telemetry = TelemetryWriter(
        units,
        calls,
        max_queued_batches=settings.telemetry.max_queued_batches,
        max_commit_batches=settings.telemetry.max_commit_batches,
    )
    courier = Courier(units, calls, effects, registry, settings.session.courier_interval)

    def ticker_of(kinds: frozenset[DueKind], pool: WorkerPool, threads: ThreadPoolExecutor) -> Ticker:
        ticker = Ticker(
            clock=prepared.clock,
            run_due=partial(run_due, units, pool, prepared.rules, kinds=kinds),
            next_due_at=partial(next_due_at, units, kinds),
            after_run=effects.ring,
            threads=threads,
            longest_wait=settings.jobs.longest_wait,
            retry_wait=settings.jobs.retry_wait,
        )
        effects.listen(ticker.poke)
        return ticker

    ticker = ticker_of(MARKET, prepared.pool, due_threads)
    background_ticker = ticker_of(BACKGROUND, prepared.background_pool, background_threads)
    surroundings = StreamSurroundings(calls, news, registry, telemetry, _limits(settings.session))
    servicers = Servicers(
        portfolio=PortfolioServicer(
            units,
            calls,
            currencies,
            sessions=registry,
            automatic_approval=settings.market.automatic_approval,
        ),
        telemetry=TelemetryServicer(units, calls, currencies),
        baseline=BaselineServicer(
            units, calls, currencies, forecast_pool=prepared.background_pool, rules=prepared.rules
        ),
        auction=AuctionServicer(units, calls, currencies, rules=prepared.rules),
        event=EventServicer(
            units,
            calls,
            currencies,
            pool=prepared.pool,
            rules=prepared.rules,
            news=news,
            watch_interval=settings.session.watch_interval,
        ),
        session=SessionServicer(partial(_begin_session, prepared, currencies), surroundings),
        settlement=SettlementServicer(units, calls, currencies),
    )

    async def write_down(principal: Principal, method: str) -> None:
        await calls.read(write_down_denial, units, principal, method)

    interceptors = [
        ErrorInterceptor(),
        IdentityInterceptor(Authenticator(prepared.principals)),
        RoleInterceptor(ALLOWED, write_down),
        ValidationInterceptor(prepared.validator),
    ]
    server, status = make_server(
        servicers, interceptors, _transport(settings.server), with_reflection=settings.server.reflection
    )
    return Hub(
        prepared,
        server,
        status,
        registry,
        telemetry,
        courier,
        ticker,
        background_ticker,
        rpc_threads,
        due_threads,
        background_threads,
    )


def _begin_session(prepared: Prepared, currencies: Currencies, principal: Principal) -> SiteSession:
    session = prepared.settings.session
    return SiteSession(
        prepared.units,
        principal,
        clock=prepared.clock,
        validator=prepared.validator,
        currencies=currencies,
        rules=SessionRules(session.heartbeat_interval, session.resend_interval, session.max_clock_skew),
    )


def _limits(settings: SessionSettings) -> StreamLimits:
    return StreamLimits(
        max_pending_messages=settings.max_pending_messages,
        max_pending_bytes=settings.max_pending_bytes,
        hello_deadline=settings.hello_deadline,
        silence_deadline=settings.silence_deadline,
        write_deadline=settings.write_deadline,
    )


def _transport(settings: ServerSettings) -> Transport:
    return Transport(
        keepalive_interval=settings.keepalive_interval,
        keepalive_deadline=settings.keepalive_deadline,
        min_ping_interval=settings.min_ping_interval,
        handshake_deadline=settings.handshake_deadline,
        max_message_bytes=settings.max_message_bytes,
        max_metadata_bytes=settings.max_metadata_bytes,
        max_concurrent_streams=settings.max_concurrent_streams,
    )
