"""The part of BaselineService that is about forecasts."""
# ruff: noqa: ARG002, N802  names and signatures are the wire's

from vpp.foundation.names import identifier
from vpp.rpc.currencies import Currencies
from vpp.rpc.identity_interceptor import caller
from vpp.rpc.servicers.servicing import Servicing, page_request
from vpp.rpc.wire import forecast as wire
from vpp.rpc.wire.time_fields import instant, interval, span
from vpp.rpc.workflow_calls import WorkflowCalls
from vpp.v1 import baseline_pb2 as pb
from vpp.workflows import viewing_forecasts
from vpp.workflows.market_rules import MarketRules
from vpp.workflows.portfolio_forecasting import get_portfolio_forecast
from vpp.workflows.ports import UnitOfWorkFactory, WorkerPool
from vpp.workflows.requesting_forecasts import create_forecast, create_load_plan


class ForecastServing(Servicing):
    """What sites are expected to use."""

    def __init__(
        self,
        units: UnitOfWorkFactory,
        calls: WorkflowCalls,
        currencies: Currencies,
        *,
        forecast_pool: WorkerPool,
        rules: MarketRules,
    ) -> None:
        """Keep what workflows need.

        Args:
            units: Makes transactions.
            calls: Runs workflows off the event loop.
            currencies: In which currency stored prices are.
            forecast_pool: Runs the models, apart from what clears markets.
            rules: The hub's rules.
        """
        super().__init__(units, calls, currencies)
        self._forecast_pool = forecast_pool
        self._rules = rules

    async def GetForecast(self, request: pb.GetForecastRequest, context: object) -> pb.Forecast:
        """Return a site's newest forecast that covers an instant."""
        covered = instant(request.covered_time, "covered_time") if request.HasField("covered_time") else None
        record = await self._read(
            viewing_forecasts.get_forecast,
            caller(),
            identifier(request.site, "sites"),
            covered,
            wire.forecast_kind(request.kind),
        )
        return wire.forecast_message(record)

    async def ListForecasts(
        self, request: pb.ListForecastsRequest, context: object
    ) -> pb.ListForecastsResponse:
        """List a site's forecasts as they were made, the newest first."""
        page = await self._read(
            viewing_forecasts.list_forecasts,
            caller(),
            identifier(request.site, "sites"),
            page_request(request.page_size, request.page_token),
            wire.forecast_kind(request.kind),
        )
        forecasts = [wire.forecast_message(record) for record in page.items]
        return pb.ListForecastsResponse(forecasts=forecasts, next_page_token=page.next_page_token)

    async def CreateForecast(self, request: pb.CreateForecastRequest, context: object) -> pb.Forecast:
        """Forecast a site's load now."""
        has_span = request.HasField("horizon_interval")
        record = await self._change(
            create_forecast,
            caller(),
            self._forecast_pool,
            self._rules,
            site_id=identifier(request.site, "sites"),
            horizon=interval(request.horizon_interval, "horizon_interval") if has_span else None,
            request_id=request.request_id,
        )
        return wire.forecast_message(record)

    async def GetPortfolioForecast(
        self, request: pb.GetPortfolioForecastRequest, context: object
    ) -> pb.PortfolioForecast:
        """Return what several sites together are expected to use."""
        has_span = request.HasField("horizon_interval")
        view = await self._read(
            get_portfolio_forecast,
            caller(),
            self._rules,
            site_ids=[identifier(site, "sites") for site in request.sites],
            zone=request.zone,
            horizon=interval(request.horizon_interval, "horizon_interval") if has_span else None,
        )
        return wire.portfolio_message(view)

    async def CreateLoadPlan(self, request: pb.CreateLoadPlanRequest, context: object) -> pb.LoadPlan:
        """Keep what load a site plans."""
        plan = request.load_plan.plan
        record = await self._change(
            create_load_plan,
            caller(),
            site_id=identifier(request.load_plan.site, "sites"),
            start_at=instant(plan.start_time, "load_plan.plan.start_time"),
            step=span(plan.sample_interval, "load_plan.plan.sample_interval"),
            plan_kw=tuple(plan.net_power_kw),
            request_id=request.request_id,
        )
        return wire.plan_message(record)
