"""Forecasts over the wire: made, listed, added up; plans taken in; forecasts hold up no clearing."""

import asyncio
import threading
import uuid
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import ParamSpec, TypeVar

import grpc
import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from support.market import FIVE, NOON, Market
from support.serving import Served, served

from vpp.foundation.interval import Interval
from vpp.hub.composition import compose
from vpp.jobs.ticker import Ticker
from vpp.rpc.wire.time_fields import duration, interval_message, timestamp
from vpp.v1 import baseline_pb2 as pb
from vpp.v1 import portfolio_pb2
from vpp.v1.baseline_pb2_grpc import BaselineServiceStub
from vpp.v1.portfolio_pb2_grpc import PortfolioServiceStub
from vpp.v1.telemetry_pb2 import PowerSeries
from vpp.workflows.due_work import DueResult
from vpp.workflows.forecasting import owe_forecast

P = ParamSpec("P")
T = TypeVar("T")
HOUR = timedelta(hours=1)
ONE = HOUR  # past the forecast hour


async def forecast_all(hub: Served) -> None:
    """Let the daily round fall due and run it."""
    owe_forecast(hub.market.units, hub.hub.prepared.rules)
    hub.market.clock.advance_to(NOON + ONE)
    outcomes = await hub.hub.background_ticker.tick()
    assert [outcome.result for outcome in outcomes] == [DueResult.DONE]


async def test_a_forecast_is_made_once_however_often_it_is_asked_for(hub: Served) -> None:
    request = pb.CreateForecastRequest(site="sites/a", request_id=str(uuid.uuid4()))
    first = await hub.call("dispatcher", BaselineServiceStub, "CreateForecast", request)
    assert first.kind == pb.Forecast.KIND_ON_REQUEST
    assert first.p50.start_time == timestamp(NOON)
    assert first.p50.sample_interval == duration(timedelta(minutes=15))
    assert len(first.p10.net_power_kw) == len(first.p50.net_power_kw) == 96
    hub.market.clock.advance_to(NOON + timedelta(minutes=30))
    assert await hub.call("dispatcher", BaselineServiceStub, "CreateForecast", request) == first
    spanned = pb.CreateForecastRequest(
        site="sites/a", horizon_interval=interval_message(Interval(NOON + 2 * HOUR, NOON + 3 * HOUR))
    )
    second = await hub.call("agent-a", BaselineServiceStub, "CreateForecast", spanned)
    assert len(second.p50.net_power_kw) == 4
    got = await hub.call(
        "owner-a",
        BaselineServiceStub,
        "GetForecast",
        pb.GetForecastRequest(site="sites/a", covered_time=timestamp(NOON + 2 * HOUR)),
    )
    assert got == second


async def test_forecasts_are_listed_by_kind_and_page(hub: Served) -> None:
    await forecast_all(hub)
    await hub.call(
        "operator", BaselineServiceStub, "CreateForecast", pb.CreateForecastRequest(site="sites/a")
    )
    request = pb.ListForecastsRequest(site="sites/a", page_size=1)
    page = await hub.call("auditor", BaselineServiceStub, "ListForecasts", request)
    request.page_token = page.next_page_token
    rest = await hub.call("auditor", BaselineServiceStub, "ListForecasts", request)
    kinds = [forecast.kind for forecast in (*page.forecasts, *rest.forecasts)]
    assert sorted(kinds) == [pb.Forecast.KIND_DAY_AHEAD, pb.Forecast.KIND_ON_REQUEST]
    assert rest.next_page_token == ""
    only = pb.ListForecastsRequest(site="sites/a", kind=pb.Forecast.KIND_DAY_AHEAD)
    answer = await hub.call("auditor", BaselineServiceStub, "ListForecasts", only)
    assert [forecast.kind for forecast in answer.forecasts] == [pb.Forecast.KIND_DAY_AHEAD]
    code, *_ = await hub.refused(
        "owner-b", BaselineServiceStub, "ListForecasts", pb.ListForecastsRequest(site="sites/a")
    )
    assert code is grpc.StatusCode.NOT_FOUND


async def test_sites_are_added_up(hub: Served) -> None:
    await forecast_all(hub)
    request = pb.GetPortfolioForecastRequest(zone="north")
    both = await hub.call("operator", BaselineServiceStub, "GetPortfolioForecast", request)
    assert list(both.sites) == ["sites/a", "sites/b"]
    assert list(both.p50.net_power_kw) == pytest.approx([2000.0] * 96)
    assert both.error_day_count == 0
    assert "14 days" in both.notes[0]
    own = await hub.call("owner-b", BaselineServiceStub, "GetPortfolioForecast", request)
    assert list(own.sites) == ["sites/b"]
    span = interval_message(Interval(NOON + 14 * HOUR, NOON + 15 * HOUR))
    named = pb.GetPortfolioForecastRequest(sites=["sites/a"], horizon_interval=span)
    hour = await hub.call("operator", BaselineServiceStub, "GetPortfolioForecast", named)
    assert list(hour.p50.net_power_kw) == pytest.approx([1000.0] * 4)


async def test_a_site_says_what_it_plans(hub: Served) -> None:
    plan = PowerSeries(
        start_time=timestamp(NOON), sample_interval=duration(HOUR), net_power_kw=[500.0, -20.5]
    )
    request = pb.CreateLoadPlanRequest(load_plan=pb.LoadPlan(site="sites/a", plan=plan))
    stored = await hub.call("agent-a", BaselineServiceStub, "CreateLoadPlan", request)
    assert (stored.site, stored.plan, stored.create_time) == ("sites/a", plan, timestamp(NOON))
    for token in ("agent-b", "operator"):
        code, *_ = await hub.refused(token, BaselineServiceStub, "CreateLoadPlan", request)
        assert code is grpc.StatusCode.PERMISSION_DENIED


async def test_a_sites_minimum_load_is_set_and_shown(hub: Served) -> None:
    ask = portfolio_pb2.GetSiteRequest(name="sites/a")
    site = await hub.call("agent-a", PortfolioServiceStub, "GetSite", ask)
    assert site.minimum_load_kw == 0.0
    site.minimum_load_kw = -15.5
    request = portfolio_pb2.UpdateSiteRequest(site=site, update_mask=FieldMask(paths=["minimum_load_kw"]))
    changed = await hub.call("agent-a", PortfolioServiceStub, "UpdateSite", request)
    assert (changed.minimum_load_kw, changed.import_limit_kw) == (-15.5, site.import_limit_kw)
    got = await hub.call("auditor", PortfolioServiceStub, "GetSite", ask)
    assert got.minimum_load_kw == -15.5
    got = await hub.call("operator", PortfolioServiceStub, "GetSite", ask)
    assert got.minimum_load_kw == 0.0  # it is of no use to who buys


class HeldUp:
    """A pool whose calls wait until they are let go."""

    def __init__(self) -> None:
        self.may_go, self.is_running = threading.Event(), threading.Event()

    def run(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        self.is_running.set()
        assert self.may_go.wait(20)
        return function(*args, **kwargs)

    def run_all(self, calls: Sequence[Callable[[], T]]) -> list[T]:
        return [self.run(call) for call in calls]


async def test_a_round_of_forecasts_holds_up_no_deadline_of_the_market(
    two_sites: Market, tmp_path: Path
) -> None:
    async with served(two_sites, tmp_path) as serving:
        pool = HeldUp()
        hub = compose(replace(serving.hub.prepared, background_pool=pool))  # type: ignore[arg-type]  # as a pool is called
        two_sites.open_auction()
        two_sites.bid("a", 200.0, "50")
        owe_forecast(two_sites.units, hub.prepared.rules)
        two_sites.clock.advance_to(NOON + 2 * HOUR + FIVE)
        forecasting = asyncio.create_task(hub.background_ticker.tick())
        await asyncio.to_thread(pool.is_running.wait, 20)
        outcomes = await _ticked(hub.ticker)
        assert outcomes == ["gate_closure", "clearing"]
        assert not forecasting.done()
        pool.may_go.set()
        assert [outcome.due.kind.value for outcome in await forecasting] == ["forecast"]
        for threads in (hub.rpc_threads, hub.due_threads, hub.background_threads):
            threads.shutdown()


async def _ticked(ticker: Ticker) -> list[str]:
    async with asyncio.timeout(20):
        return [outcome.due.kind.value for outcome in await ticker.tick()]
