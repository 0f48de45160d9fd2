"""Serves TelemetryService: history in, metered load out."""
# ruff: noqa: ARG002, N802  names and signatures are the wire's

from vpp.foundation.names import identifier
from vpp.rpc.identity_interceptor import caller
from vpp.rpc.servicers.servicing import Servicing
from vpp.rpc.wire import telemetry as wire
from vpp.rpc.wire.time_fields import interval, span
from vpp.v1 import telemetry_pb2 as pb
from vpp.v1.telemetry_pb2_grpc import TelemetryServiceServicer
from vpp.workflows.ingesting import backfill
from vpp.workflows.viewing_results import query_readings


class TelemetryServicer(Servicing, TelemetryServiceServicer):
    """Metering of sites; live readings travel on the session stream."""

    async def BackfillReadings(
        self, request: pb.BackfillReadingsRequest, context: object
    ) -> pb.BackfillReadingsResponse:
        """Keep readings of the past."""
        site_id = identifier(request.site, "sites")
        batches = [wire.batch(message, site_id) for message in request.batches]
        new_count, held_sequence = await self._change(backfill, caller(), site_id, batches)
        return pb.BackfillReadingsResponse(new_sample_count=new_count, held_sequence=held_sequence)

    async def QueryReadings(
        self, request: pb.QueryReadingsRequest, context: object
    ) -> pb.QueryReadingsResponse:
        """Return a site's metered load."""
        load = await self._read(
            query_readings,
            caller(),
            identifier(request.site, "sites"),
            interval(request.interval, "interval"),
            span(request.sample_interval, "sample_interval") if request.HasField("sample_interval") else None,
        )
        return pb.QueryReadingsResponse(power_series=wire.series_messages(load.load_kw, load.step))
