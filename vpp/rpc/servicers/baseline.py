"""Serves BaselineService: baselines and forecasts."""
# ruff: noqa: ARG002, N802  names and signatures are the wire's

from vpp.foundation.names import identifier
from vpp.rpc.identity_interceptor import caller
from vpp.rpc.servicers.servicing import Servicing, page_request
from vpp.rpc.wire import baseline as wire
from vpp.rpc.wire.time_fields import instant
from vpp.v1 import baseline_pb2 as pb
from vpp.v1.baseline_pb2_grpc import BaselineServiceServicer
from vpp.workflows import viewing_results


class BaselineServicer(Servicing, BaselineServiceServicer):
    """What sites would have used, and are expected to use."""

    async def GetBaseline(self, request: pb.GetBaselineRequest, context: object) -> pb.Baseline:
        """Return the baseline of an event at one site."""
        stored = await self._read(
            viewing_results.get_baseline,
            caller(),
            identifier(request.event, "events"),
            identifier(request.site, "sites"),
        )
        return wire.baseline_message(stored)

    async def ListBaselines(
        self, request: pb.ListBaselinesRequest, context: object
    ) -> pb.ListBaselinesResponse:
        """List an event's baselines."""
        page = await self._read(
            viewing_results.list_baselines,
            caller(),
            identifier(request.event, "events"),
            page_request(request.page_size, request.page_token),
        )
        baselines = [wire.baseline_message(stored) for stored in page.items]
        return pb.ListBaselinesResponse(baselines=baselines, next_page_token=page.next_page_token)

    async def GetForecast(self, request: pb.GetForecastRequest, context: object) -> pb.Forecast:
        """Return a site's newest forecast that covers an instant."""
        covered = instant(request.covered_time, "covered_time") if request.HasField("covered_time") else None
        record = await self._read(
            viewing_results.get_forecast, caller(), identifier(request.site, "sites"), covered
        )
        return wire.forecast_message(record)
