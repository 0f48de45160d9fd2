"""What a hub says about itself over HTTP, and that gRPC's probes are told the same."""

import asyncio
import socket
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from http.client import HTTPConnection
from pathlib import Path

import pytest
from grpc_health.v1 import health_pb2
from grpc_health.v1.health_pb2_grpc import HealthStub
from support.certificates import TestAuthority, now, read_lists
from support.market import GATE, Market, make_market
from support.serving import Served, served

from vpp.foundation.errors import InvalidInput
from vpp.hub.caretaker import Caretaker
from vpp.hub.metrics_server import MetricsServer
from vpp.hub.observability_settings import MetricsSettings
from vpp.hub.readiness import ReadinessLimits
from vpp.rpc.standing import Trust
from vpp.v1.event_pb2 import GetEventRequest
from vpp.v1.event_pb2_grpc import EventServiceStub
from vpp.v1.portfolio_pb2 import ListSitesRequest
from vpp.v1.portfolio_pb2_grpc import PortfolioServiceStub

LIMITS = ReadinessLimits(
    probe_deadline=timedelta(milliseconds=300),
    max_loop_lag=timedelta(seconds=0.5),
    max_backlog_age=timedelta(minutes=2),
    max_stuck_ratio=0.1,
    max_deadline_delay=timedelta(minutes=2),
)
block_s = time.sleep  # noqa: TID251  holds up the event loop on purpose


@pytest.fixture
def market(tmp_path: Path) -> Market:
    market = make_market(tmp_path)
    market.enrol("a", days=1)
    market.enrol("b", days=1)
    return market


@asynccontextmanager
async def watched(market: Market, folder: Path) -> AsyncIterator[tuple[Served, Caretaker, MetricsServer]]:
    """Serve a hub whose metrics listen, with short limits."""
    async with served(market, folder) as serving:
        hub = serving.hub
        caretaker = Caretaker(
            market.units,
            market.clock,
            registry=hub.registry,
            status=hub.health,
            limits=LIMITS,
            interval=timedelta(seconds=1),
            loop_lag_s=lambda: hub.loop_watch.lag_s,
        )
        server = MetricsServer(MetricsSettings(port=0), hub.prepared.metrics, caretaker.readiness)
        server.start()
        watching = asyncio.create_task(hub.loop_watch.run())
        try:
            yield serving, caretaker, server
        finally:
            watching.cancel()
            server.close()
            caretaker.close()


def asked(server: MetricsServer, path: str, method: str = "GET") -> tuple[int, str]:
    connection = HTTPConnection("127.0.0.1", server.port, timeout=20)
    connection.request(method, path)
    response = connection.getresponse()
    content = response.read().decode()
    connection.close()
    return response.status, content


async def probed(serving: Served) -> int:
    answer = await HealthStub(serving.channel).Check(health_pb2.HealthCheckRequest(), timeout=20)
    return int(answer.status)


async def test_ready_means_that_the_database_takes_a_write(market: Market, tmp_path: Path) -> None:
    async with watched(market, tmp_path) as (serving, caretaker, server):
        assert await asyncio.to_thread(asked, server, "/healthz") == (200, "ok\n")
        assert await asyncio.to_thread(asked, server, "/readyz") == (503, "the hub is starting\n")
        await caretaker.look()
        assert await asyncio.to_thread(asked, server, "/readyz") == (200, "ready\n")
        assert await probed(serving) == health_pb2.HealthCheckResponse.SERVING
        with market.units():  # somebody holds the write lock and does not let go
            await caretaker.look()
            status, content = await asyncio.to_thread(asked, server, "/readyz")
            assert (status, content) == (503, "the database takes no write: no answer within 0.3 s\n")
            assert await probed(serving) == health_pb2.HealthCheckResponse.NOT_SERVING
        await caretaker.look()
        assert await asyncio.to_thread(asked, server, "/readyz") == (200, "ready\n")
        assert await probed(serving) == health_pb2.HealthCheckResponse.SERVING


async def test_a_hub_that_refuses_everybody_is_not_ready(market: Market, tmp_path: Path) -> None:
    async with served(market, tmp_path) as serving:
        caretaker, standing = serving.hub.caretaker, serving.hub.access.standing
        await caretaker.look()
        assert caretaker.readiness.is_ready
        authority = TestAuthority()
        long_past = now() - timedelta(days=400)
        pem = authority.revocation_list(issued=long_past, next_at=long_past + timedelta(days=1))
        standing.set_trust(Trust((authority.certificate,), read_lists(pem, [authority.certificate])))
        await caretaker.look()
        (reason,) = caretaker.readiness.reasons
        assert "everybody is refused" in reason
        assert await probed(serving) == health_pb2.HealthCheckResponse.NOT_SERVING
        (remark,) = caretaker.readiness.remarks
        assert "should have been renewed" in remark


async def test_agents_that_do_not_acknowledge_make_it_unready(market: Market, tmp_path: Path) -> None:
    async with watched(market, tmp_path) as (serving, caretaker, _):
        agent = serving.agent("agent-a")
        await agent.hello(market, "a")
        market.open_auction()  # an invitation is owed from now on
        await caretaker.look()
        assert caretaker.readiness.reasons == []
        assert (GATE - market.clock.now()) > timedelta(minutes=3)
        market.clock.advance_to(market.clock.now() + timedelta(minutes=3))
        await caretaker.look()
        (reason,) = caretaker.readiness.reasons
        assert reason.startswith("1 of 1 connected sites are owed something")
        await agent.next()
        agent.call.cancel()


async def test_a_deadline_that_nobody_takes_up_makes_it_unready(market: Market, tmp_path: Path) -> None:
    async with watched(market, tmp_path) as (_, caretaker, _):
        market.open_auction()
        market.clock.advance_to(GATE + timedelta(minutes=3))  # and nothing ticks
        await caretaker.look()
        (reason,) = caretaker.readiness.reasons
        assert reason.startswith("a deadline has been waiting for 0:03:00")


async def test_a_part_that_died_is_named(market: Market, tmp_path: Path) -> None:
    async with watched(market, tmp_path) as (_, caretaker, _):

        async def dies() -> None:
            pass

        task = asyncio.create_task(dies())
        caretaker.watch({"courier": task})
        await task
        await caretaker.look()
        assert caretaker.readiness.reasons == ["the courier has stopped"]


async def test_an_event_loop_that_hangs_is_told_by_http(market: Market, tmp_path: Path) -> None:
    async with watched(market, tmp_path) as (_, caretaker, server):
        await caretaker.look()
        answers: list[tuple[int, str]] = []
        asker = threading.Thread(target=lambda: (block_s(0.9), answers.append(asked(server, "/readyz"))))
        asker.start()
        block_s(1.2)
        asker.join()
        ((status, content),) = answers
        assert status == 503
        assert content.startswith("the event loop is ")


async def test_metrics_count_calls_and_name_nobody(market: Market, tmp_path: Path) -> None:
    async with watched(market, tmp_path) as (serving, _, server):
        await serving.call("owner-a", PortfolioServiceStub, "ListSites", ListSitesRequest())
        await serving.refused("owner-a", EventServiceStub, "GetEvent", GetEventRequest(name="events/none"))
        await serving.refused(None, PortfolioServiceStub, "ListSites", ListSitesRequest())
        agent = serving.agent("agent-a")
        await agent.hello(market, "a")
        status, content = await asyncio.to_thread(asked, server, "/metrics")
        assert status == 200
        agent.call.cancel()
    lines = content.splitlines()
    count = "vpp_hub_rpc_seconds_count"
    assert f'{count}{{code="OK",method="/vpp.v1.PortfolioService/ListSites"}} 1.0' in lines
    assert f'{count}{{code="NOT_FOUND",method="/vpp.v1.EventService/GetEvent"}} 1.0' in lines
    assert f'{count}{{code="UNAUTHENTICATED",method="/vpp.v1.PortfolioService/ListSites"}} 1.0' in lines
    assert "vpp_hub_sessions_open 1.0" in lines
    assert "vpp_hub_sessions_opened_total 1.0" in lines
    for name in ("owner-a", "agent-a", "sites/", '="a"'):
        assert name not in content


async def test_other_requests_are_refused_and_a_silent_client_holds_nobody_up(
    market: Market, tmp_path: Path
) -> None:
    async with watched(market, tmp_path) as (_, _, server):
        with socket.create_connection(("127.0.0.1", server.port)) as silent:
            silent.sendall(b"GET /metrics HT")
            assert (await asyncio.to_thread(asked, server, "/metrics", "POST"))[0] == 405
            assert (await asyncio.to_thread(asked, server, "/etc/passwd"))[0] == 404
            assert await asyncio.to_thread(asked, server, "/metrics", "HEAD") == (200, "")


async def test_a_port_that_is_taken_is_said(market: Market, tmp_path: Path) -> None:
    async with watched(market, tmp_path) as (serving, caretaker, server):
        taken = MetricsSettings(port=server.port)
        with pytest.raises(InvalidInput, match=f"cannot listen on 127.0.0.1:{server.port} for metrics"):
            MetricsServer(taken, serving.hub.prepared.metrics, caretaker.readiness)
