"""Imports of revenue meters on the wire."""

import numpy as np

from vpp.foundation.errors import InvalidInput
from vpp.foundation.names import name, resource_ids, resource_name
from vpp.rpc.wire.time_fields import duration, instant, interval_message, span, timestamp
from vpp.telemetry.quality import MeterQuality
from vpp.v1 import telemetry_pb2 as pb
from vpp.workflows.importing_meters import ImportOutcome
from vpp.workflows.revenue_checks import MeterRun
from vpp.workflows.revenue_records import NO_DEVICE, RevenueImport


def meter_runs(request: pb.ImportReadingsRequest) -> list[MeterRun]:
    """Read the readings of a request; the schema has been checked."""
    return [
        MeterRun(
            start_at=instant(run.power_series.start_time, f"runs[{n}].power_series.start_time"),
            step=span(run.power_series.sample_interval, f"runs[{n}].power_series.sample_interval"),
            power_kw=np.array(run.power_series.net_power_kw, dtype=np.float64),
            quality=MeterQuality(run.quality),
        )
        for n, run in enumerate(request.runs)
    ]


def device_of(request: pb.ImportReadingsRequest, site_id: str) -> str:
    """Return the device's id of a request, which must be one of the site's; empty for none.

    Raises:
        InvalidInput: It is another site's.
    """
    if not request.device:
        return NO_DEVICE
    owner_id, resource_id = resource_ids(request.device)
    if owner_id != site_id:
        raise InvalidInput(
            f"device is {request.device}, expected one of sites/{site_id}", device=request.device
        )
    return resource_id


def outcome_message(outcome: ImportOutcome) -> pb.ImportReadingsResponse:
    """Write what became of an import."""
    return pb.ImportReadingsResponse(
        reading_import=import_message(outcome.revenue_import),
        new=outcome.is_new,
        notes=outcome.notes,
    )


def import_message(one: RevenueImport) -> pb.ReadingImport:
    """Write an import."""
    return pb.ReadingImport(
        site=name("sites", one.site_id),
        device=resource_name(one.site_id, one.device_id) if one.device_id != NO_DEVICE else "",
        version_number=one.version,
        interval=interval_message(one.span),
        sample_interval=duration(one.step),
        reading_count=one.reading_count,
        source_name=one.source_name,
        sha256=one.sha256,
        imported_by=one.imported_by,
        import_time=timestamp(one.imported_at),
    )
