"""Baselines and forecasts on the wire."""

from datetime import datetime, timedelta

from vpp.foundation.names import name
from vpp.rpc.wire.telemetry import plain_series
from vpp.rpc.wire.time_fields import timestamp
from vpp.v1 import baseline_pb2 as pb
from vpp.workflows.ports import Stored
from vpp.workflows.records import BaselineRecord, ForecastRecord


def baseline_message(stored: Stored[BaselineRecord]) -> pb.Baseline:
    """Write what a site is measured against in an event."""
    record = stored.value
    step = record.delivery.duration / max(1, len(record.adjusted_kw))
    return pb.Baseline(
        event=name("events", record.event_id),
        site=name("sites", record.site_id),
        method=record.method,
        days_used=[day.isoformat() for day in record.days_used],
        raw=plain_series(record.raw_kw, record.delivery.start, step),
        adjustment_kw=record.adjustment_kw,
        adjusted=record.adjusted,
        adjusted_series=plain_series(record.adjusted_kw, record.delivery.start, step),
        freeze_time=timestamp(stored.created_at),
    )


def forecast_message(record: ForecastRecord) -> pb.Forecast:
    """Write a day-ahead load forecast."""
    start: datetime = record.horizon.start
    step = timedelta(seconds=record.step_s)
    return pb.Forecast(
        site=name("sites", record.site_id),
        create_time=timestamp(record.made_at),
        method=record.method,
        p10=plain_series(record.p10_kw, start, step),
        p50=plain_series(record.p50_kw, start, step),
        p90=plain_series(record.p90_kw, start, step),
    )
