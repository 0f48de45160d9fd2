"""Serves TelemetryService: history in, metered load out."""
# ruff: noqa: ARG002, N802  names and signatures are the wire's

import asyncio
from datetime import timedelta

from vpp.foundation.errors import Overloaded
from vpp.foundation.names import identifier
from vpp.rpc.currencies import Currencies
from vpp.rpc.hub_metrics import HubMetrics
from vpp.rpc.identity_interceptor import caller
from vpp.rpc.servicers.servicing import Servicing
from vpp.rpc.telemetry_writer import TelemetryWriter
from vpp.rpc.wire import telemetry as wire
from vpp.rpc.wire.meter_import import device_of, import_message, meter_runs, outcome_message
from vpp.rpc.wire.time_fields import interval, span
from vpp.rpc.workflow_calls import WorkflowCalls
from vpp.telemetry.batch import TelemetryBatch
from vpp.v1 import telemetry_pb2 as pb
from vpp.v1.telemetry_pb2_grpc import TelemetryServiceServicer
from vpp.workflows.identity import Principal
from vpp.workflows.importing_meters import import_readings, list_imports
from vpp.workflows.ingesting import backfill
from vpp.workflows.ports import UnitOfWorkFactory
from vpp.workflows.telemetry_rules import TelemetryRules
from vpp.workflows.viewing_results import Load, query_readings


class TelemetryServicer(Servicing, TelemetryServiceServicer):
    """Metering of sites; live readings travel on the session stream."""

    def __init__(  # noqa: PLR0913  what every servicer has, and what bounds an upload
        self,
        units: UnitOfWorkFactory,
        calls: WorkflowCalls,
        currencies: Currencies,
        *,
        writer: TelemetryWriter,
        rules: TelemetryRules,
        max_backfills: int,
        metrics: HubMetrics | None = None,
    ) -> None:
        """Keep what workflows need.

        Args:
            units: Makes transactions.
            calls: Runs workflows off the event loop.
            currencies: In which currency stored prices are.
            writer: Keeps live readings, which go before uploads of history.
            rules: How long readings are kept.
            max_backfills: Uploads that are checked and written at once.
            metrics: Counts.
        """
        super().__init__(units, calls, currencies)
        self._writer = writer
        self._max_age: timedelta = rules.backfill_max_age
        self._max_backfills = max_backfills
        self._backfills = 0
        self._metrics = metrics or HubMetrics()

    async def BackfillReadings(
        self, request: pb.BackfillReadingsRequest, context: object
    ) -> pb.BackfillReadingsResponse:
        """Keep readings of the past, unless too many are kept at once or live ones wait already."""
        site_id = identifier(request.site, "sites")
        if self._writer.is_overloaded or self._backfills >= self._max_backfills:
            count = sum(len(batch.power_series.net_power_kw) for batch in request.batches)
            self._metrics.readings_refused(count, Overloaded.reason)
            raise Overloaded(
                f"{self._backfills} uploads are under way, and live readings go first; try again later"
            )
        self._backfills += 1
        keeping = asyncio.ensure_future(self._kept(request, caller(), site_id))
        keeping.add_done_callback(self._ended)
        # It cannot be called back: a caller that hangs up must not make room for its next upload.
        new_count, held_sequence = await asyncio.shield(keeping)
        return pb.BackfillReadingsResponse(new_sample_count=new_count, held_sequence=held_sequence)

    async def _kept(
        self, request: pb.BackfillReadingsRequest, principal: Principal, site_id: str
    ) -> tuple[int, int]:
        batches = await self._calls.read(_batches, request, site_id)
        kept = await self._change(backfill, principal, site_id, batches, max_age=self._max_age)
        self._metrics.readings_kept(kept[0])
        return kept

    def _ended(self, keeping: asyncio.Future[tuple[int, int]]) -> None:
        self._backfills -= 1
        if not keeping.cancelled():
            keeping.exception()  # looked at, also where the caller that it is for has gone

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
        return await self._calls.read(_readings_response, load)

    async def ImportReadings(
        self, request: pb.ImportReadingsRequest, context: object
    ) -> pb.ImportReadingsResponse:
        """Keep what a revenue meter showed, all of it or nothing."""
        site_id = identifier(request.site, "sites")
        outcome = await self._change(
            import_readings,
            caller(),
            site_id,
            await self._calls.read(meter_runs, request),
            device_id=device_of(request, site_id),
            source_name=request.source_name,
            accept_difference=request.accept_difference,
        )
        return outcome_message(outcome)

    async def ListReadingImports(
        self, request: pb.ListReadingImportsRequest, context: object
    ) -> pb.ListReadingImportsResponse:
        """List what was imported of a site's revenue meters."""
        imports = await self._read(list_imports, caller(), identifier(request.site, "sites"))
        return pb.ListReadingImportsResponse(reading_imports=[import_message(one) for one in imports])


def _readings_response(load: Load) -> pb.QueryReadingsResponse:
    return pb.QueryReadingsResponse(power_series=wire.series_messages(load.load_kw, load.step))


def _batches(request: pb.BackfillReadingsRequest, site_id: str) -> list[TelemetryBatch]:
    return [wire.batch(message, site_id) for message in request.batches]
