"""Baselines on the wire."""

from vpp.foundation.names import name
from vpp.rpc.wire.rule_choice import score_message
from vpp.rpc.wire.telemetry import plain_series
from vpp.rpc.wire.time_fields import timestamp
from vpp.v1 import baseline_pb2 as pb
from vpp.workflows.baseline_records import BaselineProvenance
from vpp.workflows.ports import Stored
from vpp.workflows.records import BaselineRecord


def baseline_message(stored: Stored[BaselineRecord]) -> pb.Baseline:
    """Write what a site is measured against in an event."""
    record = stored.value
    step = record.delivery.duration / max(1, len(record.adjusted_kw))
    message = pb.Baseline(
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
    if record.provenance is not None:
        _add_provenance(message, record.provenance)
    return message


def _add_provenance(message: pb.Baseline, provenance: BaselineProvenance) -> None:
    message.baseline_id = provenance.rule_id
    message.version_number = provenance.rule_version
    message.rule_digest = provenance.rule_digest
    message.engine_version = provenance.engine_version
    message.data_version = provenance.data_version
    message.adjustment_ratio = provenance.adjustment_ratio
    message.capped = provenance.capped
    message.notes.extend(provenance.notes)
    message.flags.extend(
        pb.BaselineFlag(kind=flag["kind"], reason=flag["reason"]) for flag in provenance.flags
    )
    if provenance.score is not None:
        message.score.CopyFrom(score_message(provenance.score))
